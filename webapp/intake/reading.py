"""Bytes → records: which format, which encoding, which delimiter; then one record after the other.

Everything streams: the head is read to find out what the file is, the rest only when records are asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from webapp.intake import refusals
from webapp.intake.refusals import Unreadable

__all__ = [
    "BytesSource", "Dialect", "Head", "Limits", "Position", "Record", "Source", "Unreadable", "column_names",
    "inspect", "records",
]  # fmt: skip

HEAD_BYTES = 256 * 1024
BLOCK_BYTES = 1024 * 1024
SAMPLE_ROWS = 8


class Source(Protocol):
    """Bytes that can be read from any offset on."""

    size: int

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end, in blocks of any size."""
        ...


class BytesSource:
    """A source over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def blocks(self, offset: int) -> Iterator[bytes]:
        for begin in range(offset, self.size, BLOCK_BYTES):
            yield self.data[begin : begin + BLOCK_BYTES]


@dataclass(frozen=True)
class Limits:
    """The administrator's limits: rows, columns, characters in a cell."""

    max_rows: int = 2_000_000
    max_columns: int = 256
    max_cell_chars: int = 131_072


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read. `header_row` as the spreadsheet counts, 0 where there is no header."""

    format: str  # csv | xlsx
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int


class Position(NamedTuple):
    """Where reading goes on: a byte offset and the number of the last row read.

    For a workbook the row alone counts; its offset is an estimate of how much of the file is read.
    """

    offset: int
    row: int

    def as_json(self) -> dict[str, int]:
        return {"offset": self.offset, "row": self.row}

    @classmethod
    def from_json(cls, value: dict[str, int]) -> "Position":
        return cls(value["offset"], value["row"])


class Record(NamedTuple):
    """One row of the file. `problem` is a code where the row could be read only in part."""

    row: int
    cells: list[str]
    problem: str | None
    position: Position


@dataclass(frozen=True)
class Head:
    """What the beginning of a file tells. `sample` holds the first records as lists of cells."""

    dialect: Dialect
    columns: list[str]
    sample: list[list[str]]
    sheets: list[str]
    encoding_certain: bool


def inspect(
    source: Source,
    filename: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    limits: Limits | None = None,
) -> Head:
    """Read the head: format by content, encoding, delimiter, header and first records. Raises Unreadable.

    What is given is the person's word; the rest is found out. `header_row` 0 says that no row names the columns.
    """
    from webapp.intake import csv_records, xlsx_records  # noqa: PLC0415 - they build on this module

    limits = limits or Limits()
    head = beginning(source, HEAD_BYTES)
    refusals.by_content(head)
    refusals.by_name(filename)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("empty_file")
    if head.startswith(b"PK\x03\x04"):
        found = xlsx_records.inspect(source, sheet, header_row, limits)
    else:
        found = csv_records.inspect(source, head, (encoding, delimiter, header_row), limits)
    if not found.sample:
        raise Unreadable("only_header")
    return found


def records(
    source: Source, dialect: Dialect, *, start: Position | None = None, limits: Limits | None = None
) -> Iterator[Record]:
    """The rows below the header, in file order, from `start` on. Blank rows count and yield nothing.

    A row with more cells than a file may have columns keeps the first of them. Raises Unreadable when the file turns
    out to be longer than the limits.
    """
    from webapp.intake import csv_records, xlsx_records  # noqa: PLC0415 - they build on this module

    limits = limits or Limits()
    room = xlsx_records if dialect.format == "xlsx" else csv_records
    last = dialect.header_row + limits.max_rows
    for record in room.records(source, dialect, start, limits):
        row, cells, _, position = record
        if row <= dialect.header_row or not any(map(str.strip, cells)):
            continue
        if row > last:
            raise Unreadable("too_many_rows", limit=f"{limits.max_rows:,}")
        if len(cells) > limits.max_columns and any(map(str.strip, cells[limits.max_columns :])):
            record = Record(row, cells[: limits.max_columns], "too_many_cells", position)  # noqa: PLW2901
        yield record


def beginning(source: Source, size: int) -> bytes:
    """The first `size` bytes, fewer where the file ends before."""
    head = b""
    for block in source.blocks(0):
        head += block
        if len(head) >= size:
            break
    return head[:size]


def column_names(count: int) -> list[str]:
    """Labels for a file without a header: Column A, Column B, …, Column AA."""
    return [f"Column {_letters(index)}" for index in range(count)]


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
