"""The languages: each is one file of this folder, `<code>.po`, a translation of `rowcall.pot`.

A file is read when its language is first asked for, so a process that speaks English alone holds
none.
"""

import struct
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from json import loads
from pathlib import Path

from webapp.vocabulary.languages import pseudo

FOLDER = Path(__file__).parent
PSEUDO = pseudo.CODE
KEYWORDS = ("msgctxt", "msgid_plural", "msgid", "msgstr")
CONTEXT_END, PLURAL_END = "\x04", "\0"  # as gettext joins them
MAGIC = 0x950412DE


@cache
def codes() -> tuple[str, ...]:
    """The languages beside English that there is a file of."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.po")))


def is_one(code: object) -> bool:
    """Whether this is the code of a language."""
    return code in {"en", PSEUDO, *codes()}


@cache
def names() -> dict[str, str]:
    """What each language calls itself, by its code; English first."""
    found = {"en": "English"}
    for code in codes():
        head = next(_entries(FOLDER / f"{code}.po"))[1]
        told = dict(line.split(": ", 1) for line in head.splitlines())
        found[code] = told["X-Language-Name"]

    return found


@cache
def translations(code: str) -> NullTranslations:
    """The texts of a language, for gettext; English ones for a code that there is no file of."""
    if code == PSEUDO:
        return pseudo.Translations()
    if code not in codes():
        return NullTranslations()

    entries = dict(_entries(FOLDER / f"{code}.po"))
    for text, said in list(entries.items()):
        # One that has a plural may be asked for without a count, too.
        one, several = text.partition(PLURAL_END)[::2]
        if several:
            entries.setdefault(one, said.partition(PLURAL_END)[0])

    return GNUTranslations(BytesIO(_compiled(entries)))


def _entries(file: Path) -> Iterator[tuple[str, str]]:
    """Text → translation, as gettext joins context and plurals. Comments, and entries that begin
    with #~, are passed over; untranslated ones too.
    """
    parts: dict[str, str] = {}
    where = ""

    for line in [*file.read_text(encoding="utf-8").splitlines(), ""]:
        if not line.strip():
            if found := _entry(parts):
                yield found
            parts, where = {}, ""
        elif line.startswith('"'):
            parts[where] += loads(line)
        elif not line.startswith("#"):
            where, _, text = line.partition(" ")
            parts[where] = loads(text)


def _entry(parts: dict[str, str]) -> tuple[str, str] | None:
    said = [text for where, text in parts.items() if where.startswith("msgstr")]
    if not all(said) or not said:
        return None

    text = parts["msgid"]
    if "msgctxt" in parts:
        text = f"{parts['msgctxt']}{CONTEXT_END}{text}"
    if "msgid_plural" in parts:
        text = f"{text}{PLURAL_END}{parts['msgid_plural']}"

    return text, PLURAL_END.join(said)


def _compiled(entries: dict[str, str]) -> bytes:
    """The texts as a .mo file, which the standard library reads: a head of seven numbers, two
    tables of length and place, and the texts.
    """
    pairs = sorted((text.encode(), said.encode()) for text, said in entries.items())
    tables = 28
    place = tables + 16 * len(pairs)
    lengths: list[int] = []

    for column in (0, 1):
        for pair in pairs:
            lengths += [len(pair[column]), place]
            place += len(pair[column]) + 1

    head = (MAGIC, 0, len(pairs), tables, tables + 8 * len(pairs), 0, 0)
    numbers = struct.pack(f"<{7 + len(lengths)}I", *head, *lengths)
    texts = [pair[column] + b"\0" for column in (0, 1) for pair in pairs]

    return numbers + b"".join(texts)
