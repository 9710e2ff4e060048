"""Corrections: what a person mends on the review page, judged again at once and kept for the next check.

A correction is a fact about the file's cells. It is stored by itself, so that it outlives a change of the columns,
and a rolled-back import can be run again with it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row, namedtuple_row, tuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db
from webapp.checking.cleaning import is_same_text, line_feeds
from webapp.checking.validation import BROKEN, CheckedRow, Checker
from webapp.db import Connection, driver
from webapp.imports import locks
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.limits import BLOCK_BYTES, PAGE_CHARS, SHOWN_CELL_CHARS
from webapp.models import (
    ContactImport,
    ImportCorrection,
    ImportLease,
    ImportPreview,
    ImportProblem,
    ImportRow,
)
from webapp.reading import readers
from webapp.staging.staged_rows import BLOCK_ROWS, copy_rows, take_back
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command

LEFT_OUT = "left_out"
AT_ONCE = 0.5  # seconds; what a request leaves over goes on in a job
Kind = tuple[str, str]  # a problem's code and severity
RECORD_PROBLEMS = BROKEN | {"undecodable"}


def checker(found: Mapping[str, Any], date_order: str | None = None) -> Checker:
    """The judge of one import's rows, as its mapping and choices stand."""
    return Checker(
        found["mapping"],
        default_country=found["default_country"],
        date_order=date_order or found["date_order"],
        clear_token=found["clear_token"],
    )


def corrected(
    conn: Connection, import_id: UUID, records: list[readers.Record], judge: Checker
) -> list[CheckedRow]:
    """Check a block of records with the corrections that a person made to them."""
    made = _corrections(conn, import_id, records[0].row, records[-1].row)
    mended = [_mended(record, made.get(record.row)) for record in records]
    checked = judge.check_block(mended)

    for row, record in zip(checked, mended, strict=True):
        if row.row in made:
            # A corrected row stays on the list, so that it can be corrected again.
            row.record = record.cells
            row.status = LEFT_OUT if made[row.row]["left_out"] else row.status

    return checked


def any_corrections(conn: Connection, import_id: UUID) -> bool:
    """Whether a person corrected anything in this file."""
    question = "SELECT FROM contact_import_corrections WHERE import_id = %s LIMIT 1"
    return conn.execute(question, (import_id,)).fetchone() is not None


def _corrections(
    conn: Connection, import_id: UUID, first: int, last: int
) -> dict[int, dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """SELECT row, cells, left_out FROM contact_import_corrections
               WHERE import_id = %s AND row BETWEEN %s AND %s""",
            (import_id, first, last),
        )
        return {row["row"]: row for row in cursor}


def _mended(record: readers.Record, made: Mapping[str, Any] | None) -> readers.Record:
    if made is None:
        return record

    cells = replaced(
        record.cells, {int(column): value for column, value in made["cells"].items()}
    )

    # What could not be read is settled by what the person typed in its place.
    problem = None if made["cells"] else record.problem
    return readers.Record(record.row, cells, problem, record.position)


def replaced(cells: list[str], values: Mapping[int, str]) -> list[str]:
    """The cells with some of them replaced; short rows are filled up."""
    found = cells + [""] * (max(values, default=-1) + 1 - len(cells))
    for column, value in values.items():
        found[column] = value
    return found


def correct(session: Session, import_id: UUID, row: int, values: Mapping[int, str]) -> None:
    """Replace cells of one row (column from 0 → text) and judge it again.

    The caller commits and wakes a worker.

    Raises Refusal: wrong_state unless the import is ready, row_unknown for a row that is not on the
    list.
    """
    found = _ready(session, import_id)
    staged = _staged(session, import_id, row)
    _apply(session, found, [staged], _changed(staged, values))


def _changed(row: ImportRow, values: Mapping[int, str]) -> dict[int, str]:
    """What the person changed of the cells that they were shown.

    Of a row that could not be read as a whole, the cells that they left alone are confirmed, to the
    letter.
    """
    record = _record(row)
    changed = {}

    for column, typed in values.items():
        shown = record.cells[column] if column < len(record.cells) else ""
        if not is_same_text(shown, typed) and not _is_beginning(shown, typed):
            changed[column] = line_feeds(typed)
        elif record.problem:
            changed[column] = shown

    return changed


def shown_of(cell: str) -> str:
    """As much of a cell as a page shows."""
    return cell[:SHOWN_CELL_CHARS]


def _is_beginning(cell: str, typed: str) -> bool:
    """Whether a form returned the part that it showed of a long cell."""
    return len(cell) > SHOWN_CELL_CHARS and is_same_text(shown_of(cell), typed)


def correct_alike(
    session: Session, import_id: UUID, row: int, column: int, replacement: str
) -> int:
    """Replace one cell in this row and in every listed row that holds the same there; how many rows that was.

    What takes longer than AT_ONCE goes on in a job after the commit: `correcting` says so, and how far it is.
    """
    found = _ready(session, import_id)
    value = _record(_staged(session, import_id, row)).cells[column : column + 1]
    if not value:
        return 0

    asked: dict[str, Any] = {
        "column": column,
        "value": value[0],
        "replacement": line_feeds(replacement),
    }
    asked |= {"after": 0, "rows": 0}
    conn, until = driver(session), time.monotonic() + AT_ONCE
    judge = _judge(_facts(found))
    changes: Counter[Kind] = Counter()

    # A scan of all rows for each block would take the square of their number.
    with db.planned(session, **IN_ORDER):
        while block := _correct_some(conn, import_id, judge, asked, changes):
            if block == BLOCK_ROWS and time.monotonic() > until:
                asked["total"] = asked["rows"] + _count_alike(conn, import_id, asked)
                found.correcting = asked
                break

    found.check_summary = _recounted(found.check_summary, changes, row)
    _changed_rows(session, found)

    return int(asked["rows"])


def correct_slice(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Go on with the correction of many rows that a request left over; true when none is left.

    Each block is a transaction with how far it is. Raises Fenced.
    """
    while True:
        found = _held(conn, lease)
        asked = found["correcting"]

        if asked is None:
            conn.rollback()
            return True

        changes: Counter[Kind] = Counter()
        block = _correct_some(conn, lease.import_id, _judge(found), asked, changes)
        summary = _recounted(found["check_summary"], changes, asked["after"])
        conn.execute(
            """UPDATE contact_imports SET correcting = %s, check_summary = %s, mended_at = clock_timestamp()
               WHERE id = %s""",
            (Jsonb(asked) if block else None, Jsonb(summary), lease.import_id),
        )
        conn.commit()
        if block and should_yield():
            return False


def give_up(conn: Connection, lease: Lease) -> None:
    """Leave the rest of a correction of many rows that ended too many work-horses at one place.

    Raises Fenced.
    """
    _held(conn, lease)
    conn.execute(
        "UPDATE contact_imports SET correcting = NULL WHERE id = %s", (lease.import_id,)
    )
    conn.commit()


def _held(conn: Connection, lease: Lease) -> dict[str, Any]:
    """The import, held until the commit.

    A worker that was thought dead must not touch what another one stages.
    """
    found = conn.execute(
        "SELECT * FROM contact_imports WHERE id = %s AND lease_token = %s AND state = 'ready' FOR UPDATE",
        (lease.import_id, lease.token),
    ).fetchone()

    if found is None:
        conn.rollback()
        raise Fenced

    return found


def _correct_some(
    conn: Connection,
    import_id: UUID,
    judge: Checker,
    asked: dict[str, Any],
    changes: Counter[Kind],
) -> int:
    """Correct the next block of rows that hold the value; how many it was.

    `asked` and `changes` are counted on.
    """
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(
            _ALIKE, {"id": import_id, "limit": BLOCK_ROWS, **_place(asked)}
        ).fetchall()
        if rows:
            numbers = [row.row for row in rows]
            cells = Jsonb({str(asked["column"]): asked["replacement"]})
            cursor.execute(_KEEP_ALIKE, {"id": import_id, "rows": numbers, "cells": cells})

    if rows:
        checked = corrected(conn, import_id, [_record(row) for row in rows], judge)
        take_back(conn, import_id, numbers)
        copy_rows(conn, import_id, checked)
        changes.update(_kinds(checked))
        changes.subtract(_kinds_before(rows))
        asked["after"], asked["rows"] = rows[-1].row, asked["rows"] + len(rows)

    return len(rows)


def _count_alike(conn: Connection, import_id: UUID, asked: dict[str, Any]) -> int:
    with conn.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(
            f"SELECT count(*) {_SAME}", {"id": import_id, **_place(asked)}
        ).fetchone()

    return int(found[0]) if found else 0


def _place(asked: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL counts columns from 1."""
    return {"column": asked["column"] + 1, "value": asked["value"], "after": asked["after"]}


_SAME = """FROM contact_import_rows
    WHERE import_id = %(id)s AND row > %(after)s AND problems IS NOT NULL AND record[%(column)s::int] = %(value)s"""
# Up to the row with which they hold more text than a block may.
_ALIKE = f"""
    SELECT row, record, problems FROM (
      SELECT row, record, problems, sum(length(record::text)) OVER (
        ORDER BY row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before
      FROM (SELECT row, record, problems {_SAME} ORDER BY row LIMIT %(limit)s) first) bounded
    WHERE COALESCE(chars_before, 0) <= {BLOCK_BYTES} ORDER BY row"""
_KEEP_ALIKE = """
    INSERT INTO contact_import_corrections (import_id, row, cells)
    SELECT %(id)s, row, %(cells)s FROM unnest(%(rows)s::bigint[]) AS t(row)
    ON CONFLICT (import_id, row) DO UPDATE SET cells = contact_import_corrections.cells || excluded.cells"""


def leave_out(session: Session, import_id: UUID, row: int, *, out: bool) -> None:
    """Leave a row out of the import, or take it back in."""
    found = _ready(session, import_id)
    _apply(session, found, [_staged(session, import_id, row)], {}, left_out=out)


def problem_rows(
    session: Session, import_id: UUID, *, code: str | None, after: int, limit: int
) -> list[ImportRow]:
    """Rows with a problem, or with this one, by row number after `after`; any page costs the same, however many."""
    with db.planned(session, **IN_ORDER):
        return _bounded(
            session, page_of_problems(import_id, code, after).limit(limit), PAGE_CHARS
        )


def problem_page(
    session: Session, import_id: UUID, *, code: str | None, after: int, limit: int
) -> tuple[list[ImportRow], bool]:
    """A page of at most `limit` rows and so much text, and whether there are more."""
    rows = problem_rows(session, import_id, code=code, after=after, limit=limit + 1)
    more = len(rows) > limit or (len(rows) > 1 and sum(map(_chars, rows)) > PAGE_CHARS)
    return rows[:-1] if more else rows, more


def _bounded(session: Session, wanted: Select[ImportRow], most: int) -> list[ImportRow]:
    """The first rows, two at least, up to the one with which they hold more than so many characters.

    They come one by one: a row may hold megabytes.
    """
    rows: list[ImportRow] = []
    size = 0

    with session.scalars(wanted, execution_options={"yield_per": 1}) as found:
        for row in found:
            rows.append(row)
            size += _chars(row)
            if size > most and len(rows) > 1:
                break

    return rows


def _chars(row: ImportRow) -> int:
    return sum(map(len, row.record or []))


# Both indexes have the rows in the order of the list: without statistics PostgreSQL might fetch and
# sort them all.
WAYS_ROUND = (
    "enable_sort",
    "enable_bitmapscan",
    "enable_seqscan",
    "enable_hashjoin",
    "enable_mergejoin",
)
IN_ORDER = dict.fromkeys(WAYS_ROUND, "off")


def page_of_problems(import_id: UUID, code: str | None, after: int) -> Select[ImportRow]:
    """The question that `problem_rows` asks."""
    if not code:
        return (
            select(ImportRow)
            .where(
                ImportRow.import_id == import_id,
                ImportRow.row > after,
                ImportRow.problems.is_not(None),
            )
            .order_by(ImportRow.row)
        )

    return (
        select(ImportRow)
        .join(
            ImportProblem,
            (ImportProblem.import_id == ImportRow.import_id)
            & (ImportProblem.row == ImportRow.row),
        )
        .where(
            ImportProblem.import_id == import_id,
            ImportProblem.code == code,
            ImportProblem.row > after,
        )
        .order_by(ImportProblem.row)
    )


def _ready(session: Session, import_id: UUID) -> ContactImport:
    found = locks.locked_with_lease(session, import_id)
    locks.require(found, Command.CORRECT)
    locks.refuse_while_correcting(found)
    return found


def _staged(session: Session, import_id: UUID, row: int) -> ImportRow:
    found = session.get(ImportRow, (import_id, row), populate_existing=True)
    if found is None or found.record is None:
        raise Refusal("row_unknown")
    return found


def _apply(
    session: Session,
    found: ContactImport,
    rows: list[ImportRow],
    values: Mapping[int, str],
    *,
    left_out: bool | None = None,
) -> None:
    """Keep the corrections, judge the rows again, stage them anew, and put the counts right."""
    _keep(session, rows, values, left_out)
    judge = _judge(_facts(found))
    checked = corrected(driver(session), found.id, [_record(row) for row in rows], judge)
    changes = Counter(_kinds(checked))
    changes.subtract(_kinds_before(rows))
    found.check_summary = _recounted(found.check_summary, changes, rows[0].row)
    numbers = [row.row for row in rows]

    for row in rows:
        session.expunge(row)

    take_back(driver(session), found.id, numbers)
    copy_rows(driver(session), found.id, checked)
    _changed_rows(session, found)


def _changed_rows(session: Session, found: ContactImport) -> None:
    """What was computed from the rows as they were is forgotten."""
    session.execute(delete(ImportPreview).where(ImportPreview.import_id == found.id))
    found.mended_at = func.clock_timestamp()

    # Previews that were given up may have failed at one of these rows.
    session.execute(
        update(ImportLease).where(ImportLease.import_id == found.id).values(deaths=0)
    )
    session.flush()


def _keep(
    session: Session, rows: list[ImportRow], values: Mapping[int, str], left_out: bool | None
) -> None:
    cells = {str(column): value for column, value in values.items()}
    made = [
        {
            "import_id": row.import_id,
            "row": row.row,
            "cells": cells,
            "left_out": bool(left_out),
        }
        for row in rows
    ]
    new = insert(ImportCorrection).values(made)
    kept: dict[str, Any] = {"cells": ImportCorrection.cells.op("||")(new.excluded.cells)}
    if left_out is not None:
        kept["left_out"] = new.excluded.left_out

    session.execute(new.on_conflict_do_update(index_elements=["import_id", "row"], set_=kept))


def _record(row: Any) -> readers.Record:
    """The staged row as reading gave it: its cells, and what was wrong with it as a whole."""
    whole = {problem["code"] for problem in row.problems or []} & RECORD_PROBLEMS
    return readers.Record(
        row.row, list(row.record or []), next(iter(whole), None), readers.Position(0, row.row)
    )


def _facts(found: ContactImport) -> dict[str, Any]:
    names = ("mapping", "default_country", "date_order", "clear_token", "read_position")
    return {name: getattr(found, name) for name in names}


def _judge(found: Mapping[str, Any]) -> Checker:
    """The judge of corrected rows: the order of day and month is the one that the check found, if it was one."""
    orders = (found["read_position"] or {}).get("date_orders", [])
    return checker(found, found["date_order"] or (orders[0] if len(orders) == 1 else None))


def _kinds(rows: Iterable[CheckedRow]) -> Iterator[Kind]:
    return (kind for row in rows for kind in {(p.code, p.severity) for p in row.problems})


def _kinds_before(rows: Iterable[Any]) -> Iterator[Kind]:
    return (
        kind
        for row in rows
        for kind in {(p["code"], p["severity"]) for p in row.problems or []}
    )


def _recounted(
    summary: dict[str, Any], changes: Counter[Kind], first_row: int
) -> dict[str, Any]:
    """The check's summary with so many more or fewer rows of each kind of problem, without reading all rows again."""
    kept = {(entry["code"], entry["severity"]): entry for entry in summary.get("problems", [])}
    for (code, severity), rows in changes.items():
        new = {
            "code": code,
            "severity": severity,
            "rows": 0,
            "first_row": first_row,
            "example": None,
        }
        entry = kept.get((code, severity), new)
        kept[code, severity] = {**entry, "rows": entry["rows"] + rows}

    return {**summary, "problems": [entry for entry in kept.values() if entry["rows"] > 0]}
