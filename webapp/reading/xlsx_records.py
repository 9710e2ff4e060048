"""Excel workbooks (.xlsx), read as a stream: rows are pulled from the sheet's XML one block
after the other.
"""

import itertools
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Final, cast

from webapp.limits import (
    KEPT_CELL_CHARS,
    LOOK_BYTES,
    LOOK_ROWS,
    ROW_BYTES,
    SHEETS_LOOKED_AT,
    SNIFFED_RECORDS,
    TEXT_BYTES,
    TEXT_RATIO,
)
from webapp.reading import headers
from webapp.reading.lines import TOO_LONG
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.reading.records import Sheet as Named
from webapp.reading.xlsx_formats import shown
from webapp.reading.xlsx_package import Package, Sheet, readable
from webapp.reading.xlsx_strings import SharedStrings, text_of, unescaped
from webapp.reading.xlsx_xml import Element, children, local
from webapp.vocabulary.refusals import Refusal

NAME: Final = "xlsx"
LAST_ROW = 1_048_576


def recognises(head: bytes, _filename: str) -> bool:
    """Whether it is a zip, as workbooks are; `Package` refuses other ones."""
    return head.startswith(b"PK\x03\x04")


def inspect(source: Source, _head: bytes, chosen: Choices, limits: Limits) -> Head:
    """What a workbook tells: its sheets, and header and first rows of the chosen one.

    Unless the person chose, that is the first sheet with rows that is not hidden.
    """
    with _workbook(source) as book:
        sheets = [Named(found.name) for found in book.sheets]
        look = _Look()

        for candidate in _candidates(book, chosen.sheet):
            first = list(
                itertools.islice(
                    _rows(book, candidate, source.size, 0, limits, look=look), SNIFFED_RECORDS
                )
            )

            if first:
                dialect = Dialect(NAME, None, None, candidate.name, 0)
                found = headers.head_of(
                    first, dialect, chosen.header_row, limits, certain=True
                )
                return replace(found, sheets=sheets)

    raise Refusal("empty_file")


def _candidates(book: Package, name: str | None) -> list[Sheet]:
    if name is not None:
        return [_sheet(book, name)]
    return sorted(book.sheets, key=lambda found: found.hidden)[:SHEETS_LOOKED_AT]


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
        shared = book.shared_strings()
        strings = SharedStrings(metered(shared) if shared else None, limits.max_cell_chars)
        share = file_size / max(book.size(sheet.path), 1)
        cutter = _Rows(book, strings, after, limits)

        try:
            with book.open(sheet.path) as stream:
                for elements, read in children(metered(stream), "sheetData"):
                    offset = min(int(read * share), file_size)
                    if look:
                        look.take(rows=len(elements))

                    for element in elements:
                        row, cells, problem, size = cutter.row_of(element)
                        text_left -= size
                        if text_left < 0:
                            raise Refusal("workbook_too_large")
                        if row > after and (problem or any(map(str.strip, cells))):
                            yield Record(row, cells, problem, Position(offset, row), size)
        finally:
            strings.close()


def _as_it_is(stream: IO[bytes]) -> IO[bytes]:
    return stream


class _Rows:
    """Elements of a sheet → row number, cells, problem and size in characters."""

    def __init__(
        self, book: Package, strings: SharedStrings, after: int, limits: Limits
    ) -> None:
        self.formats, self.from_1904 = book.formats, book.from_1904
        self.string, self.after = strings.get, after
        self.longest, self.columns = limits.max_cell_chars, limits.max_columns
        self.last = 0
        self.index_of = _Indexes()

    def row_of(self, element: Element) -> tuple[int, list[str], str | None, int]:
        """The cells of a row; of one that is not asked for, only the number."""
        number = element.get("r")
        row = int(number) if number else self.last + 1
        if not self.last < row <= LAST_ROW:
            raise Refusal("workbook_broken")

        self.last = row
        return (row, *self._cells_of(element)) if row > self.after else (row, [], None, 0)

    def _cells_of(self, element: Element) -> tuple[list[str], str | None, int]:
        cells: list[str] = []
        problem, size = None, 0
        value_tag = element.tag[: -len("row")] + "v"

        for cell in element:
            count = len(cell)
            if count == 0:
                continue

            reference = cell.get("r")
            column = self.index_of[reference.rstrip(DIGITS)] if reference else len(cells)

            if count == 1 and cell[0].tag == value_tag:
                text = self._shown(cell[0].text or "", cell.get("t", "n"), cell.get("s"))
            else:
                text, uncomputed = self._apart(cell, value_tag)
                problem = problem or uncomputed

            if len(text) > self.longest:
                text, problem = text[:KEPT_CELL_CHARS], "cell_too_long"

            size += len(text)
            if size > ROW_BYTES:
                text = text[:KEPT_CELL_CHARS]

            if column == len(cells) and column < self.columns:
                cells.append(text)
            elif text:
                self._put(cells, column, text)

        if size > ROW_BYTES:
            return [cell[:KEPT_CELL_CHARS] for cell in cells], TOO_LONG, ROW_BYTES

        return cells, problem, size

    def _put(self, cells: list[str], column: int, text: str) -> None:
        """Set a cell after a gap.

        Of those past the limit one is kept, so that they are seen at all.
        """
        column = min(column, self.columns)
        cells.extend([""] * (column - len(cells) + 1))
        cells[column] = text

    def _apart(self, cell: Element, value_tag: str) -> tuple[str, str | None]:
        """Text and problem of a cell that holds more than a value: a string in place, or a
        formula.
        """
        for part in cell:
            if part.tag == value_tag:
                return self._shown(part.text or "", cell.get("t", "n"), cell.get("s")), None
            if local(part.tag) == "is":
                return text_of(part), None

        computed = all(local(part.tag) != "f" for part in cell)

        return "", None if computed else "formula_without_value"

    def _shown(self, text: str, kind: str, style: str | None) -> str:
        if kind == "s":
            return self.string(int(text))

        if kind == "n":
            index = int(style) if style else 0
            form = self.formats[index] if index < len(self.formats) else None
            return shown(text, form, from_1904=self.from_1904) if text else ""

        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"

        return text.removesuffix("T00:00:00") if kind == "d" else unescaped(text)


DIGITS = "0123456789"
LETTERS = re.compile("[A-Z]{1,3}")


class _Indexes(dict[str, int]):
    """A column's index, from 0, by its letters."""

    def __missing__(self, letters: str) -> int:
        if not LETTERS.fullmatch(letters):
            raise Refusal("workbook_broken")

        index = 0

        for letter in letters:
            index = index * 26 + ord(letter) - ord("A") + 1

        self[letters] = index - 1

        return index - 1
