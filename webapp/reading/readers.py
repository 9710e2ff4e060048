"""Bytes → records: which format, which encoding, which delimiter; then one record after the other.

Everything streams: the head is read to find out what the file is, the rest only when records are
asked for.
"""

from collections.abc import Iterator

from webapp.limits import HEAD_BYTES
from webapp.reading import csv_records, file_kinds, xlsx_records
from webapp.reading.records import (
    BytesSource,
    Choices,
    Dialect,
    Format,
    Head,
    Limits,
    Position,
    Record,
    Source,
    beginning,
)
from webapp.vocabulary.refusals import Refusal

__all__ = [
    "BytesSource", "Dialect", "Head", "Limits", "Position", "Record", "Source", "inspect", "records",
]  # fmt: skip

# In the order in which they are asked whether a file is theirs: text may be anything.
FORMATS: tuple[Format, ...] = (xlsx_records, csv_records)


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
    """Read the head: format by content, encoding, delimiter, header and first records.

    Raises Refusal.

    What is given is the person's word; the rest is found out. `header_row` 0 says that no row names
    the columns.
    """
    limits = limits or Limits()
    head = beginning(source, HEAD_BYTES)
    file_kinds.by_content(head)
    file_kinds.by_name(filename)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refusal("empty_file")

    room = next(room for room in FORMATS if room.recognises(head, filename))
    chosen = Choices(encoding, delimiter, sheet, header_row)
    found = room.inspect(source, head, chosen, limits)

    if not found.sample:
        raise Refusal("only_header")

    return found


def records(
    source: Source,
    dialect: Dialect,
    *,
    start: Position | None = None,
    limits: Limits | None = None,
) -> Iterator[Record]:
    """The rows below the header, in file order, from `start` on.

    Blank rows count and yield nothing.

    A row with more cells than a file may have columns keeps the first of them. Raises Refusal when
    the file turns out to be longer than the limits.
    """
    limits = limits or Limits()
    room = next(room for room in FORMATS if dialect.format == room.NAME)
    last = dialect.header_row + limits.max_rows

    for record in room.records(source, dialect, start, limits):
        row, cells, _, position, size = record
        if row <= dialect.header_row or not any(map(str.strip, cells)):
            continue
        if row > last:
            raise Refusal("too_many_rows", limit=f"{limits.max_rows:,}")

        if len(cells) > limits.max_columns and any(
            map(str.strip, cells[limits.max_columns :])
        ):
            record = Record(row, cells[: limits.max_columns], "too_many_cells", position, size)  # noqa: PLW2901

        yield record
