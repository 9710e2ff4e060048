"""Corrections: what a person changes on the review page, kept for the next check and judged at
once.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import namedtuple_row, tuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.cleaning import is_same_text, line_feeds
from webapp.checking.validation import Checker
from webapp.db import Connection, driver
from webapp.imports import import_commands, locks
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.limits import BLOCK_BYTES, SHOWN_CELL_CHARS
from webapp.models import (
    ContactImport,
    ImportCorrection,
    ImportLease,
    ImportPreview,
    ImportRow,
)
from webapp.staging import judging
from webapp.staging.problem_list import IN_ORDER
from webapp.staging.staged_rows import BLOCK_ROWS, copy_rows, take_back
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command

SQL = queries.load("staging")
AT_ONCE = 0.5  # seconds; what a request leaves over goes on in a job


def correct(session: Session, import_id: UUID, row: int, values: Mapping[int, str]) -> None:
    """Replace cells of one row (column from 0 → text) and judge it again.

    The caller commits and wakes a worker.

    Raises Refusal: wrong_state unless the import is ready, row_unknown for a row that is not on the
    list.
    """
    import_ = _ready(session, import_id)
    staged = _staged(session, import_id, row)
    _apply(session, import_, [staged], _changed(staged, values))


def _changed(row: ImportRow, values: Mapping[int, str]) -> dict[int, str]:
    """What the person changed of the cells that they were shown.

    Of a row that could not be read as a whole, the cells that they left alone are confirmed, to the
    letter.
    """
    record = judging.record_of(row)
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
    """Replace one cell in this row and in every listed row that holds the same there; how many rows
    that was.

    What takes longer than AT_ONCE goes on in a job after the commit: `correcting` says so, and how
    far it is.
    """
    import_ = _ready(session, import_id)
    value = judging.record_of(_staged(session, import_id, row)).cells[column : column + 1]
    if not value:
        return 0

    asked: dict[str, Any] = {
        "column": column,
        "value": value[0],
        "replacement": line_feeds(replacement),
    }
    asked |= {"after": 0, "rows": 0}
    conn, until = driver(session), time.monotonic() + AT_ONCE
    judge = judging.judge_of(judging.facts_of(import_))
    changes: Counter[judging.Kind] = Counter()

    # A scan of all rows for each block would take the square of their number.
    with db.planned(session, **IN_ORDER):
        while block := _correct_some(conn, import_id, judge, asked, changes):
            if block == BLOCK_ROWS and time.monotonic() > until:
                asked["total"] = asked["rows"] + _count_alike(conn, import_id, asked)
                import_.correcting = asked
                break

    import_.check_summary = judging.recounted(import_.check_summary, changes, row)
    _changed_rows(session, import_)

    return int(asked["rows"])


def correct_slice(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Go on with the correction of many rows that a request left over; true when none is left.

    Each block is a transaction with how far it is. Raises Fenced.
    """
    while True:
        import_ = _held(conn, lease)
        asked = import_["correcting"]

        if asked is None:
            conn.rollback()
            return True

        changes: Counter[judging.Kind] = Counter()
        block = _correct_some(conn, lease.import_id, judging.judge_of(import_), asked, changes)
        summary = judging.recounted(import_["check_summary"], changes, asked["after"])
        conn.execute(
            SQL.corrected_some,
            {
                "import_id": lease.import_id,
                "correcting": Jsonb(asked) if block else None,
                "summary": Jsonb(summary),
            },
        )
        conn.commit()
        if block and should_yield():
            return False


def give_up(conn: Connection, lease: Lease) -> None:
    """Leave the rest of a correction of many rows that ended too many work-horses at one place.

    Raises Fenced.
    """
    _held(conn, lease)
    conn.execute(SQL.give_up_correcting, {"import_id": lease.import_id})
    conn.commit()


def _held(conn: Connection, lease: Lease) -> dict[str, Any]:
    """The import, held until the commit.

    A worker that was thought dead must not touch what another one stages.
    """
    import_ = conn.execute(
        SQL.hold_ready, {"import_id": lease.import_id, "token": lease.token}
    ).fetchone()

    if import_ is None:
        conn.rollback()
        raise Fenced

    return import_


def _correct_some(
    conn: Connection,
    import_id: UUID,
    judge: Checker,
    asked: dict[str, Any],
    changes: Counter[judging.Kind],
) -> int:
    """Correct the next block of rows that hold the value; how many it was.

    `asked` and `changes` are counted on.
    """
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(
            SQL.rows_alike,
            {
                "import_id": import_id,
                "limit": BLOCK_ROWS,
                "chars": BLOCK_BYTES,
                **_place(asked),
            },
        ).fetchall()
        if rows:
            numbers = [row.row for row in rows]
            cells = Jsonb({str(asked["column"]): asked["replacement"]})
            cursor.execute(
                SQL.keep_alike, {"import_id": import_id, "rows": numbers, "cells": cells}
            )

    if rows:
        checked = judging.corrected(
            conn, import_id, [judging.record_of(row) for row in rows], judge
        )
        take_back(conn, import_id, numbers)
        copy_rows(conn, import_id, checked)
        changes.update(judging.kinds(checked))
        changes.subtract(judging.kinds_before(rows))
        asked["after"], asked["rows"] = rows[-1].row, asked["rows"] + len(rows)

    return len(rows)


def _count_alike(conn: Connection, import_id: UUID, asked: dict[str, Any]) -> int:
    parameters = {"import_id": import_id, **_place(asked)}
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL.count_alike, parameters).fetchone()

    return int(row[0]) if row else 0


def _place(asked: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL counts columns from 1."""
    return {"column": asked["column"] + 1, "value": asked["value"], "after": asked["after"]}


def leave_out(session: Session, import_id: UUID, row: int, *, out: bool) -> None:
    """Leave a row out of the import, or take it back in.

    Where the line's text was joined to the row above, the file is checked again: that row does
    without it.
    """
    import_ = _ready(session, import_id)
    staged = _staged(session, import_id, row)
    joined = not out and _is_joined(session, staged)
    _apply(session, import_, [staged], {}, left_out=out)
    if joined:
        import_commands.check_again(session, import_id)


def _is_joined(session: Session, staged: ImportRow) -> bool:
    """Whether the text of the line was added to the row that it goes on with."""
    parent = next(
        (int(p["value"]) for p in staged.problems or [] if p["code"] == "continues_row"), None
    )
    above = None if parent is None else session.get(ImportRow, (staged.import_id, parent))
    return above is not None and "lines_joined" in {p["code"] for p in above.problems or []}


def _ready(session: Session, import_id: UUID) -> ContactImport:
    import_ = locks.locked_with_lease(session, import_id)
    locks.require(import_, Command.CORRECT)
    locks.refuse_while_correcting(import_)
    return import_


def _staged(session: Session, import_id: UUID, row: int) -> ImportRow:
    staged = session.get(ImportRow, (import_id, row), populate_existing=True)
    if staged is None or staged.record is None:
        raise Refusal("row_unknown")
    return staged


def _apply(
    session: Session,
    import_: ContactImport,
    rows: list[ImportRow],
    values: Mapping[int, str],
    *,
    left_out: bool | None = None,
) -> None:
    """Keep the corrections, judge the rows again, stage them anew, and put the counts right."""
    _keep(session, rows, values, left_out)
    judge = judging.judge_of(judging.facts_of(import_))
    checked = judging.corrected(
        driver(session), import_.id, [judging.record_of(row) for row in rows], judge
    )
    changes = Counter(judging.kinds(checked))
    changes.subtract(judging.kinds_before(rows))
    import_.check_summary = judging.recounted(import_.check_summary, changes, rows[0].row)
    numbers = [row.row for row in rows]

    for row in rows:
        session.expunge(row)

    take_back(driver(session), import_.id, numbers)
    copy_rows(driver(session), import_.id, checked)
    _changed_rows(session, import_)


def _changed_rows(session: Session, import_: ContactImport) -> None:
    """What was computed from the rows as they were is forgotten."""
    session.execute(delete(ImportPreview).where(ImportPreview.import_id == import_.id))
    import_.mended_at = func.clock_timestamp()

    # Previews that were given up may have failed at one of these rows.
    session.execute(
        update(ImportLease).where(ImportLease.import_id == import_.id).values(deaths=0)
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
