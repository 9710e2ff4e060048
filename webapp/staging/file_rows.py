"""The cells of any row, read again from the stored file: rows without problems are staged without
them.

The check notes where reading can begin again, every thousand rows or so of a delimited file. Other
files are read from the top, as long as that takes no more than a few seconds.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from psycopg.rows import namedtuple_row
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from webapp import queries
from webapp.db import Connection, driver
from webapp.imports.stored_files import StoredFile
from webapp.limits import BLOCK_BYTES, PAGE_CHARS, ROW_CELLS
from webapp.models import ContactImport
from webapp.reading import readers
from webapp.staging import problem_list
from webapp.staging.problem_list import Line
from webapp.vocabulary.outcomes import OPEN, sql_list
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("file_rows", open=sql_list(OPEN))

SECONDS = 8.0  # that a request reads on to the row that it is about
SEARCH_SECONDS = 2.0  # that it looks for a text
# The check has held the file against the limits; here they would only be in the way.
LIMITS = readers.Limits(max_rows=2**62, max_columns=ROW_CELLS)


class FilePage(NamedTuple):
    """Rows of the file. `next` is the row to go on after, None at the end; `searched_to` the last
    one that was looked at.
    """

    lines: list[Line]
    next: int | None
    searched_to: int


def facts_of(run: ContactImport) -> dict[str, Any]:
    """The import as a job reads it."""
    return {name: getattr(run, name) for name in inspect(ContactImport).columns.keys()}  # noqa: SIM118


def dialect_of(import_: Mapping[str, Any]) -> readers.Dialect:
    """How the file of an import is read."""
    return readers.Dialect(
        import_["format"],
        import_["encoding"],
        import_["delimiter"],
        import_["sheet"],
        import_["header_row"],
        tuple(import_["head"].get("layout", ())),
        len(import_["columns"]),
    )


def records(
    conn: Connection, import_: Mapping[str, Any], after: int, until: float | None = None
) -> Iterator[readers.Record]:
    """The file's rows behind this one.

    Raises Refusal: file_gone; rows_far_down where they are not reached at `until`.
    """
    if import_["file_gone"] or import_["purged_at"]:
        raise Refusal("file_gone")

    found = _rows(conn, SQL.position_before, {"import_id": import_["id"], "row": after})
    start = readers.Position(found[0].byte_offset, found[0].row) if found else None
    file_id = import_["file_of"] or import_["id"]
    source = StoredFile(lambda: conn, file_id, import_["size_bytes"])

    for record in readers.records(source, dialect_of(import_), start=start, limits=LIMITS):
        if record.row > after:
            yield record
        elif until and time.monotonic() > until:
            raise Refusal("rows_far_down", row=f"{after + 1:,}")


def staged_beside(
    conn: Connection,
    import_: Mapping[str, Any],
    after: int,
    limit: int,
    *,
    open_only: bool = False,
    until: float | None = None,
) -> list[Any]:
    """The next rows of the file as they are staged, each with its cells: those of the file where
    none are kept. At most `limit`, and so much text.
    """
    taken: list[readers.Record] = []
    size = 0
    for record in records(conn, import_, after, until):
        taken.append(record)
        size += record.size
        if len(taken) >= limit or size > BLOCK_BYTES:
            break

    if not taken:
        return []

    asked = {"import_id": import_["id"], "first": taken[0].row, "last": taken[-1].row}
    cells = {record.row: record.cells for record in taken}
    found = _rows(conn, SQL.between, asked)
    made = [_with(row, cells.get(row.row)) for row in found if row.is_open or not open_only]

    # So that a caller that goes on behind the last one goes on behind all that were read.
    if not made or made[-1].row < taken[-1].row:
        made.append(SimpleNamespace(row=taken[-1].row, status="", record=[], problems=None))

    return made


def with_cells(conn: Connection, import_: Mapping[str, Any], rows: Sequence[Any]) -> list[Any]:
    """Staged rows, each with its cells: the file's where none are kept."""
    missing = {row.row for row in rows if row.record is None}
    if not missing:
        return list(rows)

    found: dict[int, list[str]] = {}
    after = min(missing) - 1
    while missing - found.keys():
        for record in records(conn, import_, after):
            if record.row in missing:
                found[record.row] = record.cells
            left = missing - found.keys()
            if not left or min(left) > record.row + FAR:
                break
        left = {row for row in missing - found.keys() if row > after}
        if not left or min(left) - 1 <= after:
            break
        after = min(left) - 1

    return [row if row.record is not None else _with(row, found.get(row.row)) for row in rows]


FAR = 3_000  # rows; to one that is further down reading begins anew


def page(
    session: Session, run: ContactImport, after: int = 0, q: str = "", limit: int = 50
) -> FilePage:
    """Rows of the file behind this one, those with a text, as lines of the list.

    Raises Refusal as `records` does. A long search ends early: `searched_to` says where.
    """
    conn, import_ = driver(session), facts_of(run)
    until = time.monotonic() + SECONDS
    look_until = time.monotonic() + SEARCH_SECONDS
    lines: list[Line] = []
    size, text, reached = 0, q.casefold(), after

    while True:
        step = limit + 1 if not q else SEARCHED
        found = staged_beside(conn, import_, reached, step, until=until)
        if not found:
            return FilePage(_told(session, run, lines), None, reached)

        for row in found:
            is_full = len(lines) == limit or size > PAGE_CHARS
            if row.status and (not text or text in "\n".join(row.record).casefold()):
                if is_full:
                    return FilePage(_told(session, run, lines), lines[-1].row, reached)
                lines.append(_line(run, row))
                size += sum(map(len, row.record))
            reached = row.row

        if time.monotonic() > look_until:
            return FilePage(_told(session, run, lines), reached, reached)


SEARCHED = 1_000  # rows that are read at once


def line(session: Session, run: ContactImport, row: int, column: int | None = None) -> Line:
    """One row as a line of the list. Raises Refusal as `records` does, and row_unknown."""
    kept = problem_list.line(session, run, row, column)
    if kept is not None:
        return kept

    until = time.monotonic() + SECONDS
    found = staged_beside(driver(session), facts_of(run), row - 1, 1, until=until)
    if not found or found[0].row != row or not found[0].status:
        raise Refusal("row_unknown")

    return problem_list.with_history(session, run.id, [_line(run, found[0], column)])[0]


def _line(run: ContactImport, row: Any, column: int | None = None) -> Line:
    return problem_list.line_of(
        run, row.row, row.status, list(row.record), row.problems, column=column
    )


def _told(session: Session, run: ContactImport, lines: list[Line]) -> list[Line]:
    return problem_list.with_history(session, run.id, lines)


def _with(row: Any, cells: list[str] | None) -> Any:
    kept = list(row.record) if row.record is not None else cells or []
    return SimpleNamespace(row=row.row, status=row.status, record=kept, problems=row.problems)


def _rows(conn: Connection, statement: str, asked: Mapping[str, Any]) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, asked).fetchall()
