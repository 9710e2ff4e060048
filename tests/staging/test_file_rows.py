"""The cells of rows without problems, read again from the file without reading all of it."""

import io

import pytest

from webapp.imports import import_commands, uploads
from webapp.imports.stored_files import StoredFile
from webapp.models import ContactImport, ReadPosition
from webapp.staging import file_rows
from webapp.vocabulary.refusals import Refusal

ROWS = 12_000
PADDING = "x" * 120


def text(rows: int) -> str:
    """Every seventh row has a line end within quotes, every hundredth a bad address."""
    lines = ["ID;Email;First name;Note"]
    for n in range(1, rows + 1):
        note = f'"{PADDING}\nand ""more"" {n}"' if n % 7 == 0 else PADDING
        address = "nobody" if n % 100 == 0 else f"p{n}@example.com"
        lines.append(f"{n};{address};J\u00fcrgen {n};{note}")
    return "\n".join(lines) + "\n"


def checked(importer, session, data: bytes):
    found = uploads.create(
        session, importer.user_id, "people.csv", io.BytesIO(data), importer.settings
    )
    session.commit()
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    return importer.work(found.id)


@pytest.fixture
def blocks(monkeypatch):
    """The places of the file that are read."""
    read = []
    before = StoredFile._block_at

    def counted(self, offset):
        read.append(offset)
        return before(self, offset)

    monkeypatch.setattr(StoredFile, "_block_at", counted)
    return read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_page_far_down_reads_a_piece_of_the_file(importer, session, blocks, encoding):
    run = checked(importer, session, text(ROWS).encode(encoding))
    assert run.size_bytes > 12 * 128 * 1024
    noted = session.query(ReadPosition).filter_by(import_id=run.id).count()
    assert ROWS // 1_200 <= noted <= ROWS // 900
    blocks.clear()
    page = file_rows.page(session, run, after=9_000)
    assert [line.row for line in page.lines] == list(range(9_001, 9_051))
    assert len(blocks) <= 9 < run.size_bytes / (128 * 1024), (
        "the beginning, to see what it is, and the piece"
    )
    n = 9_002 - 1
    assert page.lines[1].cells[:3] == [str(n), f"p{n}@example.com", f"J\u00fcrgen {n}"]
    seventh = next(line for line in page.lines if int(line.cells[0]) % 7 == 0)
    assert seventh.cells[3] == f'{PADDING}\nand "more" {seventh.cells[0]}'
    assert page.next == 9_050
    bad = next(line for line in page.lines if line.status == "invalid")
    assert bad.faults[1].code == "email_no_at"
    last = file_rows.page(session, run, after=ROWS - 5)
    assert ([line.row for line in last.lines], last.next) == (
        list(range(ROWS - 4, ROWS + 2)),
        None,
    )


def test_a_search_goes_on_where_it_ended(importer, session, monkeypatch):
    run = checked(importer, session, text(3_000).encode())
    page = file_rows.page(session, run, q="j\u00fcrgen 29", limit=5)
    assert [line.row for line in page.lines] == [30, 291, 292, 293, 294]
    assert file_rows.page(session, run, after=294, q="P2999@", limit=5).lines[0].row == 3_000
    monkeypatch.setattr(file_rows, "SEARCH_SECONDS", 0)
    found, after = [], 0
    while after is not None:
        page = file_rows.page(session, run, after, q="P2999@")
        found += [line.row for line in page.lines]
        assert page.next is None or page.next > after
        after = page.next
    assert found == [3_000]


def test_rows_that_cannot_be_read(importer, session, monkeypatch):
    run = checked(importer, session, text(50).encode())
    for row in (0, 1, 52, 10**12):
        with pytest.raises(Refusal, match="row_unknown"):
            file_rows.line(session, run, row)
    assert file_rows.line(session, run, 2).cells[0] == "1"
    monkeypatch.setattr(file_rows, "SECONDS", -1)
    with pytest.raises(Refusal, match="rows_far_down"):
        file_rows.page(session, run, after=40)
    session.get_one(ContactImport, run.id).file_gone = True
    with pytest.raises(Refusal, match="file_gone"):
        file_rows.page(session, run)
    session.rollback()
