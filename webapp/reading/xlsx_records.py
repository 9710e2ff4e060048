"""Excel workbooks (.xlsx), read as a stream: rows are pulled from the sheet's XML one block
after the other.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Final, cast

from webapp.limits import (
    LOOK_BYTES,
    LOOK_ROWS,
    SHEETS_LOOKED_AT,
    SNIFFED_RECORDS,
    TEXT_BYTES,
    TEXT_RATIO,
)
from webapp.reading import headers
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.reading.records import Sheet as Named
from webapp.reading.xlsx_cells import Rows
from webapp.reading.xlsx_merges import Merges, merges_of, rows_with_text
from webapp.reading.xlsx_package import Package, Sheet, readable
from webapp.reading.xlsx_pieces import Pieces
from webapp.reading.xlsx_strings import SharedStrings
from webapp.reading.xlsx_xml import Element
from webapp.vocabulary.refusals import Refusal

# How a look at a head ends: what it has found by then is enough.
LOOKED_ENOUGH = {"no_rows_at_the_top", "workbook_too_large"}
NAME: Final = "xlsx"


def recognises(head: bytes, _filename: str) -> bool:
    """Whether it is a zip, as workbooks are; `Package` refuses other ones."""
    return head.startswith(b"PK\x03\x04")


def inspect(source: Source, _head: bytes, chosen: Choices, limits: Limits) -> Head:
    """What a workbook tells: its sheets, and header and first rows of the chosen one.

    Unless the person chose, that is the first one that is not hidden and looks like a table of
    contacts, or has rows at all.
    """
    with _workbook(source) as book:
        look = _Look()
        first = _first_rows(book, _candidates(book, chosen.sheet), source.size, limits, look)
        if chosen.sheet is not None and chosen.sheet not in first:
            raise Refusal("empty_file")
        names = [sheet.name for sheet in book.sheets]
        best = headers.likeliest(list(first.values())) if chosen.sheet is None else 0
        name = list(first)[best]

        dialect = Dialect(NAME, None, None, name, 0)
        found = headers.head_of(first[name], dialect, chosen.header_row, limits, certain=True)
        counts = {
            sheet.name: _count(book, sheet, first.get(sheet.name), look)
            for sheet in book.sheets
        }
        return replace(found, sheets=[Named(name, counts[name]) for name in names])


def _candidates(book: Package, name: str | None) -> list[Sheet]:
    """The sheets to look at, those first that are shown, and before all others the chosen one."""
    found = sorted(book.sheets, key=lambda sheet: sheet.hidden)[:SHEETS_LOOKED_AT]
    if name is None:
        return found

    chosen = _sheet(book, name)
    return [chosen, *(sheet for sheet in found if sheet is not chosen)]


def _first_rows(
    book: Package, sheets: list[Sheet], file_size: int, limits: Limits, look: "_Look"
) -> dict[str, list[Record]]:
    """The first rows of each sheet that has some. Raises Refusal where the first has none."""
    found: dict[str, list[Record]] = {}
    refused: Refusal | None = None

    for sheet in sheets:
        rows = _rows(book, sheet, file_size, 0, limits, look=look)
        first: list[Record] = []
        try:
            first.extend(itertools.islice(rows, SNIFFED_RECORDS))
        except Refusal as refusal:
            refused = refused or refusal
            if refusal.code not in LOOKED_ENOUGH:
                continue
        if first:
            found[sheet.name] = first

    if not found:
        raise refused or Refusal("empty_file")

    return found


def _count(
    book: Package, sheet: Sheet, first: list[Record] | None, look: "_Look"
) -> int | None:
    """How many rows a sheet has below its header, as far as a look tells."""
    with readable(), book.open(sheet.path) as stream:
        rows = rows_with_text(stream, max(look.bytes, 0))

    look.bytes -= min(book.size(sheet.path), max(look.bytes, 0))
    return rows and max(rows - headers.rows_above(first or []), 0)


def _sheet(book: Package, name: str) -> Sheet:
    for found in book.sheets:
        if found.name == name:
            return found
    raise Refusal("unknown_sheet", at="/sheet", sheet=name[:60])


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """Every row of the sheet after `start`, but for rows without any text."""
    with _workbook(source) as book:
        sheet = _sheet(book, dialect.sheet) if dialect.sheet else book.sheets[0]
        yield from _rows(book, sheet, source.size, start.row if start else 0, limits)


@contextmanager
def _workbook(source: Source) -> Iterator[Package]:
    with tempfile.TemporaryFile() as file:
        for block in source.blocks(0):
            file.write(block)

        with readable():
            book = Package(file)

        try:
            yield book
        finally:
            book.close()


class _Look:
    """How far a look at a workbook's head may go, over all sheets; a person waits for it."""

    def __init__(self) -> None:
        self.rows, self.bytes = LOOK_ROWS, LOOK_BYTES

    def over(self, stream: IO[bytes]) -> IO[bytes]:
        """The stream, of which no more is read than the look may take."""
        return cast("IO[bytes]", _Metered(stream, self))

    def take(self, *, rows: int = 0, size: int = 0) -> None:
        """Count what was read. Raises Refusal where that is too much."""
        self.rows -= rows
        self.bytes -= size
        if self.rows < 0:
            raise Refusal("no_rows_at_the_top", looked_at=f"{LOOK_ROWS:,}")
        if self.bytes < 0:
            raise Refusal("workbook_too_large")


class _Metered:
    """A stream that a look pays for."""

    def __init__(self, stream: IO[bytes], look: _Look) -> None:
        self.stream, self.look = stream, look

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.look.take(size=len(data))
        return data


def _rows(
    book: Package,
    sheet: Sheet,
    file_size: int,
    after: int,
    limits: Limits,
    *,
    look: _Look | None = None,
) -> Iterator[Record]:
    """The rows with text after row `after`.

    Raises Refusal where they hold more text than a file of this size may.

    `look` bounds how far it goes for a first row.
    """
    text_left = TEXT_BYTES + TEXT_RATIO * file_size
    metered = look.over if look else _as_it_is

    with readable():
        merges = _merges(book, sheet, limits, look)
        shared = book.shared_strings()
        strings = SharedStrings(metered(shared) if shared else None, limits.max_cell_chars)
        share = file_size / max(book.size(sheet.path), 1)
        rows = Rows(book.formats, strings, merges, after, limits, from_1904=book.from_1904)

        try:
            with book.open(sheet.path) as stream:
                pieces = Pieces(metered(stream), "sheetData", "row")

                for batch, read in pieces:
                    offset = min(int(read * share), file_size)
                    if look:
                        look.take(rows=_rows_in(batch))

                    for piece in batch:
                        for row, cells, problem, size in (
                            rows.of_piece(piece, pieces)
                            if isinstance(piece, str)
                            else rows.of_element(piece)
                        ):
                            text_left -= size
                            if text_left < 0:
                                raise Refusal("workbook_too_large")
                            if row > after and (problem or any(map(str.strip, cells))):
                                yield Record(row, cells, problem, Position(offset, row), size)
        finally:
            strings.close()


def _merges(book: Package, sheet: Sheet, limits: Limits, look: _Look | None) -> Merges:
    """The merged cells; a look at a large sheet does without those, as far as it is from
    its end.
    """
    if look and book.size(sheet.path) > look.bytes // 4:
        return Merges([])
    with book.open(sheet.path) as stream:
        return merges_of(look.over(stream) if look else stream, limits.max_columns)


def _rows_in(batch: Sequence[str | Element]) -> int:
    return sum(piece.count("<row") if isinstance(piece, str) else 1 for piece in batch)


def _as_it_is(stream: IO[bytes]) -> IO[bytes]:
    return stream
