"""Bytes → records: which format, which encoding, which delimiter; then one record after the other.

Everything streams: the head is read to find out what the file is, the rest only when records are
asked for.
"""

from collections.abc import Iterator
from dataclasses import replace

from webapp.limits import HEAD_BYTES, SHEETS_LOOKED_AT
from webapp.reading import (
    containers,
    csv_records,
    file_kinds,
    headers,
    html_records,
    ods_records,
    old_workbooks,
    plain_lists,
    spoilt,
    spreadsheetml_records,
    vcard_records,
    xlsx_records,
)
from webapp.reading.lines import SPOILT
from webapp.reading.records import (
    BytesSource,
    Choices,
    Dialect,
    Format,
    Head,
    Limits,
    Position,
    Record,
    Sheet,
    Source,
    beginning,
)
from webapp.vocabulary.refusals import Refusal

__all__ = [
    "BytesSource", "Dialect", "Head", "Limits", "Position", "Record", "Source", "inspect", "records",
]  # fmt: skip

# In the order in which they are asked whether a file is theirs: text may be anything.
FORMATS: tuple[Format, ...] = (
    vcard_records,
    ods_records,
    old_workbooks,
    xlsx_records,
    spreadsheetml_records,
    html_records,
    csv_records,
)


def inspect(
    source: Source,
    filename: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    repair: bool | None = None,
    limits: Limits | None = None,
) -> Head:
    """Read the head: format by content, encoding, delimiter, header and first records.

    Raises Refusal.

    What is given is the person's word; the rest is found out. `header_row` 0 says that no row names
    the columns. `repair` says whether text is repaired that another program spoilt: HTML is unless
    it is false, misread letters only where it is true.
    """
    limits = limits or Limits()
    chosen = Choices(encoding, delimiter, sheet, header_row, repair)
    if containers.is_container(beginning(source, HEAD_BYTES)):
        file_kinds.by_name(filename)
        return _inside(source, filename, chosen, limits)

    return _inspected(source, filename, chosen, limits)


def _inspected(source: Source, filename: str, chosen: Choices, limits: Limits) -> Head:
    """The head of a file that is not packed."""
    head = beginning(source, HEAD_BYTES)
    file_kinds.by_content(head)
    file_kinds.by_name(filename)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refusal("empty_file")
    if containers.is_container(head):
        raise Refusal("is_archive")

    room = next(room for room in FORMATS if room.recognises(head, filename))
    found = room.inspect(source, head, chosen, limits)

    if not found.sample:
        raise Refusal("only_header")

    return _repaired(found, head, chosen.repair)


def _repaired(found: Head, head: bytes, repair: bool | None) -> Head:
    """The head as it reads when what is spoilt is repaired."""
    cells = [*found.columns, *(cell for row in found.sample for cell in row)]
    is_spoilt = found.is_spoilt or any(map(spoilt.is_spoilt, cells))
    looked_at = [head.decode("latin-1")] if found.dialect.format == "csv" else []
    layout = () if repair is False else spoilt.html_in([*cells, *looked_at])
    if repair and is_spoilt:
        layout += (spoilt.MISREAD,)
    if not layout:
        return replace(found, is_spoilt=is_spoilt)

    columns = headers.labels_of(spoilt.repaired(found.columns, layout), len(found.columns))
    return replace(
        found,
        dialect=replace(found.dialect, layout=found.dialect.layout + layout),
        columns=columns,
        sample=[spoilt.repaired(row, layout) for row in found.sample],
        is_spoilt=is_spoilt,
    )


def _inside(source: Source, filename: str, chosen: Choices, limits: Limits) -> Head:
    """The head of the chosen table in a container, else of the first one that can be read."""
    with containers.opened(source, file_kinds.EXTENSIONS) as tables:
        table, sheet = containers.parted(chosen.sheet, tables)
        chosen = replace(chosen, sheet=sheet)
        refused: Refusal | None = None

        for name in [table] if table is not None else list(tables)[:SHEETS_LOOKED_AT]:
            try:
                found = _inspected(tables[name], name or filename, chosen, limits)
            except Refusal as refusal:
                refused = refused or refusal
            else:
                return _told(found, name, list(tables))

    raise refused or Refusal("is_archive")


def _told(head: Head, table: str, tables: list[str]) -> Head:
    """A head with the names by which the tables of a container are chosen."""
    if not table:
        return head

    inner = f"{table}{containers.APART}{head.dialect.sheet}" if len(head.sheets) > 1 else table
    own = (
        [Sheet(f"{table}{containers.APART}{found.name}", found.rows) for found in head.sheets]
        if len(head.sheets) > 1
        else [Sheet(table)]
    )
    sheets = [*own, *(Sheet(name) for name in tables if name != table)]

    return replace(head, dialect=replace(head.dialect, sheet=inner), sheets=sheets)


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
    last = dialect.header_row + limits.max_rows
    repairing = tuple(name for name in dialect.layout if name in spoilt.REPAIRABLE)

    for record in _records(source, dialect, start, limits):
        row, cells, _, position, size = record
        if row <= dialect.header_row or not any(map(str.strip, cells)):
            continue
        if cells[0][:1] in RULED and plain_lists.is_rule(cells):
            continue
        if row > last:
            raise Refusal("too_many_rows", limit=f"{limits.max_rows:,}")

        if len(cells) > limits.max_columns and any(
            map(str.strip, cells[limits.max_columns :])
        ):
            record = Record(row, cells[: limits.max_columns], "too_many_cells", position, size)  # noqa: PLW2901

        yield _repaired_record(record, repairing) if repairing else record


def _records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    room = next(room for room in FORMATS if dialect.format == room.NAME)
    if not containers.is_container(beginning(source, HEAD_BYTES)):
        yield from room.records(source, dialect, start, limits)
        return

    with containers.opened(source, file_kinds.EXTENSIONS) as tables:
        table, sheet = containers.parted(dialect.sheet, tables)
        inside = tables[table or next(iter(tables))]
        yield from room.records(inside, replace(dialect, sheet=sheet), start, limits)


# With which a line may begin that a program drew between rows; "" is the edge of a box.
RULED = {"", *"-=_+|*~ \u2500\u250c\u251c\u2514\u2550\u2554\u2560\u255a"}


def _repaired_record(record: Record, repairing: tuple[str, ...]) -> Record:
    cells = spoilt.repaired(record.cells, repairing)
    problem = record.problem
    if problem == SPOILT and not any(map(spoilt.is_spoilt, cells)):
        problem = None

    return record._replace(cells=cells, problem=problem)
