"""What the readers of every format take and give: bytes, limits, and the rows and head made of
them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from webapp.limits import CELL_CHARS, COLUMNS, MEBIBYTE, ROWS


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
        for begin in range(offset, self.size, MEBIBYTE):
            yield self.data[begin : begin + MEBIBYTE]


@dataclass(frozen=True)
class Limits:
    """The administrator's limits: rows, columns, characters in a cell."""

    max_rows: int = ROWS
    max_columns: int = COLUMNS
    max_cell_chars: int = CELL_CHARS


@dataclass(frozen=True)
class Choices:
    """What a person said of how a file is read; None is found out.

    `header_row` 0 says that no row names the columns.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    repair: bool | None = None  # text that another program spoilt


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read.

    `header_row` as the spreadsheet counts, 0 where there is no header. `layout` names what else
    sets the text apart, as `quotes`, `lines`, `spoilt` and `layouts` have it; `width` is how
    many columns the head told of, 0 while that is not known.
    """

    format: str  # csv | xlsx
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    layout: tuple[str, ...] = ()
    width: int = 0


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
    """One row of the file. `problem` is a code where the row could be read only in part.

    `size` is how much text it was, in bytes or characters: the measure for keeping several rows in
    memory.
    """

    row: int
    cells: list[str]
    problem: str | None
    position: Position
    size: int = 0


class Sheet(NamedTuple):
    """One of the tables in a file, and how many of its rows hold text, where that was counted."""

    name: str
    rows: int | None = None


@dataclass(frozen=True)
class Head:
    """What the beginning of a file tells. `sample` holds the first records as lists of cells."""

    dialect: Dialect
    columns: list[str]
    sample: list[list[str]]
    sheets: list[Sheet]
    encoding_certain: bool
    is_spoilt: bool = False  # letters look as if UTF-8 had been read as a code page


class Format(Protocol):
    """A module that reads files of one format; `readers.FORMATS` lists them.

    `NAME` is what a `Dialect` calls the format.
    """

    NAME: Final[str]  # type: ignore[misc]

    def recognises(self, head: bytes, filename: str) -> bool:
        """Whether a file that begins like this is one of these."""
        ...

    def inspect(self, source: Source, head: bytes, chosen: Choices, limits: Limits) -> Head:
        """What the beginning of the file tells, in a bounded look. Raises Refusal."""
        ...

    def records(
        self, source: Source, dialect: Dialect, start: Position | None, limits: Limits
    ) -> Iterator[Record]:
        """Every row after `start`, read as a stream. Raises Refusal."""
        ...


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
