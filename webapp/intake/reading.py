"""Bytes → records: which format, which encoding, which delimiter; then one record after the other.

Everything streams: the head is read to find out what the file is, the rest only when records are asked for.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any, Protocol

from webapp.intake import sentences

HEAD_BYTES = 256 * 1024
SAMPLE_ROWS = 8
EXTENSIONS = {".csv", ".tsv", ".tab", ".txt", ".xlsx"}


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
        yield self.data[offset:]


class Unreadable(Exception):  # noqa: N818 - a refusal with a sentence, told to the person
    """The file cannot be used. `code` is a key of the table of sentences, `facts` fill it in."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in two sentences."""
        return sentences.whole(self.code, **self.facts)


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


@dataclass(frozen=True)
class Position:
    """Where reading goes on: a byte offset (CSV) and the number of the last row read."""

    offset: int
    row: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, int]) -> "Position":
        return cls(value["offset"], value["row"])


@dataclass(frozen=True, slots=True)
class Record:
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
    limits: Limits | None = None,
) -> Head:
    """Read the head: format by content, encoding, delimiter, header and first records. Raises Unreadable."""
    from webapp.intake import csv_records, xlsx_records  # noqa: PLC0415 - they build on this module

    limits = limits or Limits()
    _refuse_by_name(filename)
    head = _first_bytes(source)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("empty_file")
    if head.startswith(b"PK\x03\x04"):
        found = xlsx_records.inspect(source, sheet, limits)
    else:
        _refuse_by_content(head)
        found = csv_records.inspect(source, head, encoding, delimiter, limits)
    if len(found.columns) > limits.max_columns:
        raise Unreadable("too_many_columns", found=len(found.columns), limit=limits.max_columns)
    if not found.sample:
        raise Unreadable("only_header")
    return found


def records(
    source: Source, dialect: Dialect, *, start: Position | None = None, limits: Limits | None = None
) -> Iterator[Record]:
    """The rows below the header, in file order, from `start` on. Blank rows count and yield nothing.

    Raises Unreadable when the file turns out to be longer than the limits.
    """
    from webapp.intake import csv_records, xlsx_records  # noqa: PLC0415 - they build on this module

    limits = limits or Limits()
    room = xlsx_records if dialect.format == "xlsx" else csv_records
    for record in room.records(source, dialect, start, limits):
        if record.row <= dialect.header_row or not any(cell.strip() for cell in record.cells):
            continue
        if record.row - dialect.header_row > limits.max_rows:
            raise Unreadable("too_many_rows", limit=f"{limits.max_rows:,}")
        yield record


def _first_bytes(source: Source) -> bytes:
    head = b""
    for block in source.blocks(0):
        head += block
        if len(head) >= HEAD_BYTES:
            break
    return head[:HEAD_BYTES]


def _refuse_by_name(filename: str) -> None:
    extension = PurePath(filename.replace("\\", "/")).suffix.lower()
    if extension not in EXTENSIONS:
        raise Unreadable("wrong_name", extension=extension or "without an ending")


MAGIC = (
    (b"%PDF", "is_pdf"),
    (b"\xd0\xcf\x11\xe0", "is_old_excel"),
    (b"\x89PNG", "is_image"),
    (b"\xff\xd8\xff", "is_image"),
    (b"GIF8", "is_image"),
    (b"RIFF", "is_image"),
    (b"MZ", "is_program"),
    (b"\x7fELF", "is_program"),
    (b"\x1f\x8b", "is_archive"),
    (b"7z\xbc\xaf", "is_archive"),
    (b"Rar!", "is_archive"),
)
MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<script", b"<svg")


def _refuse_by_content(head: bytes) -> None:
    for magic, code in MAGIC:
        # MZ alone could begin a CSV; a program has zero bytes soon after.
        if head.startswith(magic) and (code != "is_program" or b"\0" in head[:64]):
            raise Unreadable(code)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        raise Unreadable("is_html")


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
