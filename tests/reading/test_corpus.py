"""Every file of tests/corpus is read as its manifest says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus import make
from webapp.checking import mapping
from webapp.reading import readers
from webapp.vocabulary.refusals import Refusal

FOLDER = Path(make.__file__).parent
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
READ = [entry for entry in MANIFEST if "refused" not in entry]
REFUSED = [entry for entry in MANIFEST if "refused" in entry]


class InPieces:
    """The file in blocks of a few bytes, so that characters, line ends and records are cut
    everywhere.
    """

    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.size, self.step = data, len(data), step

    def blocks(self, offset: int) -> Iterator[bytes]:
        for begin in range(offset, self.size, self.step):
            yield self.data[begin : begin + self.step]


def named(entries):
    return pytest.mark.parametrize("entry", entries, ids=[entry["file"] for entry in entries])


def bytes_of(entry) -> bytes:
    return (FOLDER / "files" / entry["file"]).read_bytes()


def rows_of(records) -> list:
    return [[record.row, record.cells] for record in records]


def read_whole(entry) -> list:
    source = readers.BytesSource(bytes_of(entry))
    head = readers.inspect(source, entry["upload_as"], **entry["choose"])
    return rows_of(readers.records(source, head.dialect))


@named(READ)
def test_the_head_tells_what_the_file_is(entry):
    head = readers.inspect(
        readers.BytesSource(bytes_of(entry)), entry["upload_as"], **entry["choose"]
    )
    dialect = head.dialect
    assert (dialect.format, dialect.encoding, dialect.delimiter) == (
        entry["format"], entry["encoding"], entry["delimiter"],
    )  # fmt: skip
    assert (dialect.sheet, dialect.header_row, head.columns) == (
        entry["sheet"],
        entry["header_row"],
        entry["columns"],
    )
    assert head.encoding_certain == entry["certain"]
    for shown, (_, cells) in zip(head.sample, entry["rows"], strict=False):
        assert shown == [cell.replace("\0", "")[:500] for cell in cells[: len(head.columns)]]


@named(READ)
def test_every_row_is_read(entry):
    source = readers.BytesSource(bytes_of(entry))
    head = readers.inspect(source, entry["upload_as"], **entry["choose"])
    found = list(readers.records(source, head.dialect))
    assert rows_of(found) == entry["rows"]
    assert [[record.row, record.problem] for record in found if record.problem] == entry[
        "problems"
    ]


@named(READ)
def test_blocks_of_any_size_and_any_resumption_read_the_same(entry):
    data = bytes_of(entry)
    head = readers.inspect(InPieces(data, 4099), entry["upload_as"], **entry["choose"])
    whole = list(readers.records(readers.BytesSource(data), head.dialect))
    step = 7 if len(data) < 20_000 else 1021
    for index, record in enumerate(readers.records(InPieces(data, step), head.dialect)):
        assert record[:3] == whole[index][:3]
        if index < 20:
            position = readers.Position.from_json(
                json.loads(json.dumps(record.position.as_json()))
            )
            rest = readers.records(InPieces(data, step + 3), head.dialect, start=position)
            assert [found[:3] for found in rest] == [found[:3] for found in whole[index + 1 :]]


@named([entry for entry in READ if entry["mapping"]])
def test_the_mapping_needs_no_work(entry):
    head = readers.inspect(
        readers.BytesSource(bytes_of(entry)), entry["upload_as"], **entry["choose"]
    )
    found = mapping.suggest(head.columns, head.sample)
    assert dict(enumerate(found)) == dict(enumerate(entry["mapping"]))
    mapping.check(found, head.columns)


@named(REFUSED)
def test_what_is_no_table_is_refused(entry):
    with pytest.raises(Refusal) as refusal:
        read_whole(entry)
    assert refusal.value.code == entry["refused"]
    assert "…" not in refusal.value.sentence


def test_the_corpus_is_what_its_script_writes(tmp_path):
    make.write(tmp_path)
    assert (tmp_path / "manifest.json").read_text() == (FOLDER / "manifest.json").read_text()
    written = {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()}
    assert written == {path.name: path.read_bytes() for path in (FOLDER / "files").iterdir()}
    assert len(written) >= 120
