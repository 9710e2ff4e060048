"""Which encoding a short file is in, where no one says: the figures that are promised, on files on
which no rule was tuned.
"""

from contextlib import suppress
from encodings.aliases import aliases

import pytest

from tests.reading import tuning_files, unnamed_files
from webapp.reading import encodings
from webapp.vocabulary.refusals import Refusal

LEAST_RIGHT = 36  # of forty


def found(data: bytes) -> tuple[str, bool]:
    """The text as it is read, and whether that is said to be certain."""
    encoding, certain, _ = encodings.detect(data, [])
    codec, mark = encodings.resolved(encoding, data)
    return data[mark:].decode(codec, "replace"), certain


def files(of) -> list[tuple[str, bytes]]:
    return [(text, text.encode(codec)) for codec, texts in of.FILES.items() for text in texts]


def test_of_forty_short_files_at_least_thirty_six_are_right():
    given = files(unnamed_files)
    assert len(given) == 40
    assert len(unnamed_files.FILES) == 10
    assert all(30 <= len(data) <= 180 for _, data in given)
    right = sum(found(data)[0] == text for text, data in given)
    assert right >= LEAST_RIGHT


@pytest.mark.parametrize("of", [unnamed_files, tuning_files])
def test_none_is_wrong_and_certain(of):
    for text, data in files(of):
        read, certain = found(data)
        assert read == text or not certain, text


def test_those_on_which_the_rules_were_tuned_are_right():
    wrong = [text for text, data in files(tuning_files) if found(data)[0] != text]
    assert not wrong


def test_utf_8_is_certain_however_short():
    for text in (
        "name\nZoë\n",
        "name\nЖанна\n",  # noqa: RUF001
        "name\n林\n",
        "name\n김\n",
        "name\nAnn 😀\n",
        "a\n…\n",
    ):
        assert found(text.encode()) == (text, True)


def test_an_encoding_that_switches_is_no_ascii():
    text = "氏名,市\n田中,東京\n"
    assert found(text.encode("iso2022_jp")) == (text, False)


def python_has() -> set[str]:
    """Python's own name of each encoding of text."""
    found = set()
    for name in aliases.values():
        with suppress(Refusal):
            found.add(encodings.known(name))
    return found


def test_every_encoding_that_python_has_can_be_chosen():
    assert python_has() - encodings.FAMILIAR.keys() == {*encodings.OTHERS}
    assert list(encodings.OTHERS) == sorted(encodings.OTHERS)
