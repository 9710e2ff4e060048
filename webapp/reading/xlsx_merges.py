"""What of a sheet is known before its rows are read: which cells are merged over several rows, and
how many rows hold text.
"""

import re
from typing import IO, NamedTuple

from webapp.limits import MERGED_CELLS, XML_ELEMENT_BYTES
from webapp.vocabulary.refusals import Refusal

BLOCK_BYTES = 64 * 1024
END = b"sheetData>"
MERGED = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^<>]*?ref=["']([A-Z]{1,3})(\d+):[A-Z]{1,3}(\d+)["']"""
)
ROW_END = re.compile(rb"</(?:\w+:)?row>")
HAS_TEXT = re.compile(rb"<(?:\w+:)?v>[^<\s]|<(?:\w+:)?t(?:\s[^<>]*)?>[^<]")
DIMENSION = re.compile(
    rb"""<(?:\w+:)?dimension\s[^<>]*?ref=["'][A-Z]{1,3}(\d+):[A-Z]{1,3}(\d+)["']"""
)


class Range(NamedTuple):
    """A cell that is merged over the rows `first` to `last`; `column` from 0."""

    column: int
    first: int
    last: int


class Merges:
    """Cells merged over several rows: the value stands in the first one and is meant for each."""

    def __init__(self, ranges: list[Range]) -> None:
        self.beginning: dict[int, list[Range]] = {}
        for found in ranges:
            self.beginning.setdefault(found.first, []).append(found)
        self.open: list[tuple[Range, str]] = []

    def __bool__(self) -> bool:
        return bool(self.beginning)

    def begin_at(self, row: int) -> bool:
        """Whether the row holds the value of a merged cell."""
        return row in self.beginning

    def fill(self, row: int, cells: list[str]) -> None:
        """Give the cells of a row with text the values that were merged over it."""
        if self.open:
            self.open = [(found, text) for found, text in self.open if found.last >= row]
            if any(cells):
                for found, text in self.open:
                    if found.column < len(cells):
                        cells[found.column] = cells[found.column] or text
                    else:
                        cells.extend([""] * (found.column - len(cells)) + [text])

        for found in self.beginning.get(row, ()):
            if found.column < len(cells) and cells[found.column].strip():
                self.open.append((found, cells[found.column]))


def merges_of(stream: IO[bytes], columns: int) -> Merges:
    """The merged cells of a sheet, which stand behind its rows: all of it is unpacked for them.

    Only the first `columns` of a sheet are looked at. Raises Refusal for too many.
    """
    tail = _behind_the_rows(stream)
    read = 0
    ranges: list[Range] = []

    while tail and read < XML_ELEMENT_BYTES:
        last = 0
        for found in MERGED.finditer(tail):
            last = found.end()
            column, first, end = _column(found[1]), int(found[2]), int(found[3])
            if end > first and column < columns:
                ranges.append(Range(column, first, end))

        if len(ranges) > MERGED_CELLS:
            raise Refusal("workbook_too_large")

        block = stream.read(BLOCK_BYTES)
        read += len(block)
        tail = tail[max(last, len(tail) - 200) :] + block if block else b""

    return Merges(ranges)


def _behind_the_rows(stream: IO[bytes]) -> bytes:
    last = b""
    while block := stream.read(BLOCK_BYTES):
        last = last[-40:] + block
        at = last.rfind(END)
        if at > 0 and b"</" in last[max(at - 20, 0) : at]:
            return last[at:]

    return b""


def _column(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index - 1


def rows_with_text(stream: IO[bytes], most: int) -> int | None:
    """How many rows hold text: counted in the first `most` bytes, and beyond these what the sheet
    says of itself; None where it says nothing.
    """
    said = None
    rows = read = 0
    last = b""

    while block := stream.read(BLOCK_BYTES):
        if not read:
            said = DIMENSION.search(block)
        read += len(block)
        if read > most:
            return int(said[2]) - int(said[1]) + 1 if said else None

        *whole, last = ROW_END.split(last + block)
        rows += sum(1 for row in whole if HAS_TEXT.search(row))
        last = last[-XML_ELEMENT_BYTES:]

    return rows
