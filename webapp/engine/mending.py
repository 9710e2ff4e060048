"""Corrections: what a person mends on the review page, judged again at once and kept for the next check.

A correction is a fact about the file's cells. It is stored by itself, so that it outlives a change of the columns,
and a rolled-back import can be run again with it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db
from webapp.engine import sessions
from webapp.engine.duplicates import Connection
from webapp.engine.staging import BLOCK_ROWS, copy_rows, take_back
from webapp.engine.states import State
from webapp.intake import reading
from webapp.intake.cleaning import is_same_text, line_feeds
from webapp.intake.validation import BROKEN, CheckedRow, Checker
from webapp.models import ContactImport, ImportCorrection, ImportLease, ImportPreview, ImportProblem, ImportRow

LEFT_OUT = "left_out"
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
    conn: Connection, import_id: UUID, records: list[reading.Record], judge: Checker
) -> list[CheckedRow]:
    """Check a block of records with the corrections that a person made to them."""
    made = _corrections(conn, import_id, records[0].row, records[-1].row)
    mended = [_mended(record, made.get(record.row)) for record in records]
    checked = judge.check_block(mended)
    for row, record in zip(checked, mended, strict=True):
        if row.row in made:
            row.record = record.cells  # A mended row stays on the list, so that it can be mended again.
            row.status = LEFT_OUT if made[row.row]["left_out"] else row.status
    return checked


def any_corrections(conn: Connection, import_id: UUID) -> bool:
    """Whether a person corrected anything in this file."""
    question = "SELECT FROM contact_import_corrections WHERE import_id = %s LIMIT 1"
    return conn.execute(question, (import_id,)).fetchone() is not None


def _corrections(conn: Connection, import_id: UUID, first: int, last: int) -> dict[int, dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """SELECT row, cells, left_out FROM contact_import_corrections
               WHERE import_id = %s AND row BETWEEN %s AND %s""",
            (import_id, first, last),
        )
        return {row["row"]: row for row in cursor}


def _mended(record: reading.Record, made: Mapping[str, Any] | None) -> reading.Record:
    if made is None:
        return record
    cells = replaced(record.cells, {int(column): value for column, value in made["cells"].items()})
    # What could not be read is settled by what the person typed in its place.
    problem = None if made["cells"] else record.problem
    return reading.Record(record.row, cells, problem, record.position)


def replaced(cells: list[str], values: Mapping[int, str]) -> list[str]:
    """The cells with some of them replaced; short rows are filled up."""
    found = cells + [""] * (max(values, default=-1) + 1 - len(cells))
    for column, value in values.items():
        found[column] = value
    return found


def correct(session: Session, import_id: UUID, row: int, values: Mapping[int, str]) -> None:
    """Replace cells of one row (column from 0 → text) and judge it again. The caller commits and wakes a worker.

    Raises sessions.WrongState unless the import is ready, and KeyError for a row that is not on the list.
    """
    found = _ready(session, import_id)
    staged = _staged(session, import_id, row)
    _apply(session, found, [staged], _changed(staged, values))


def _changed(row: ImportRow, values: Mapping[int, str]) -> dict[int, str]:
    """What the person changed of the cells that they were shown.

    Of a row that could not be read as a whole, the cells that they left alone are confirmed, to the letter.
    """
    record = _record(row)
    changed = {}
    for column, typed in values.items():
        shown = record.cells[column] if column < len(record.cells) else ""
        if not is_same_text(shown, typed):
            changed[column] = line_feeds(typed)
        elif record.problem:
            changed[column] = shown
    return changed


def correct_alike(session: Session, import_id: UUID, row: int, column: int, replacement: str) -> int:
    """Replace one cell in this row and in every listed row that holds the same there; how many rows that was."""
    found = _ready(session, import_id)
    value = _record(_staged(session, import_id, row)).cells[column : column + 1]
    replacement = line_feeds(replacement)
    count, after = 0, 0
    while value and (block := _alike(session, import_id, column, value[0], after)):
        _apply(session, found, block, {column: replacement})
        count, after = count + len(block), block[-1].row
    return count


def leave_out(session: Session, import_id: UUID, row: int, *, out: bool) -> None:
    """Leave a row out of the import, or take it back in."""
    found = _ready(session, import_id)
    _apply(session, found, [_staged(session, import_id, row)], {}, left_out=out)


def problem_rows(session: Session, import_id: UUID, *, code: str | None, after: int, limit: int) -> list[ImportRow]:
    """Rows with a problem, or with this one, by row number after `after`; any page costs the same, however many."""
    with db.planned(session, **IN_ORDER):
        return list(session.scalars(page_of_problems(import_id, code, after).limit(limit)))


# Both indexes have the rows in the order of the list: without statistics PostgreSQL might fetch and sort them all.
WAYS_ROUND = ("enable_sort", "enable_bitmapscan", "enable_seqscan", "enable_hashjoin", "enable_mergejoin")
IN_ORDER = dict.fromkeys(WAYS_ROUND, "off")


def page_of_problems(import_id: UUID, code: str | None, after: int) -> Select[ImportRow]:
    """The question that `problem_rows` asks."""
    if not code:
        return (
            select(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.row > after, ImportRow.problems.is_not(None))
            .order_by(ImportRow.row)
        )
    return (
        select(ImportRow)
        .join(
            ImportProblem, (ImportProblem.import_id == ImportRow.import_id) & (ImportProblem.row == ImportRow.row)
        )
        .where(ImportProblem.import_id == import_id, ImportProblem.code == code, ImportProblem.row > after)
        .order_by(ImportProblem.row)
    )


def _ready(session: Session, import_id: UUID) -> ContactImport:
    found = sessions.locked_with_lease(session, import_id)
    if found.state != State.READY:
        raise sessions.WrongState(found.state)
    return found


def _staged(session: Session, import_id: UUID, row: int) -> ImportRow:
    found = session.get(ImportRow, (import_id, row), populate_existing=True)
    if found is None or found.record is None:
        raise KeyError(row)
    return found


def _alike(session: Session, import_id: UUID, column: int, value: str, after: int) -> list[ImportRow]:
    wanted = select(ImportRow).where(
        ImportRow.import_id == import_id,
        ImportRow.row > after,
        ImportRow.problems.is_not(None),
        ImportRow.record[column + 1] == value,  # PostgreSQL counts from 1
    )
    return list(session.scalars(wanted.order_by(ImportRow.row).limit(BLOCK_ROWS)))


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
    facts = {name: getattr(found, name) for name in ("mapping", "default_country", "date_order", "clear_token")}
    judge = checker(facts, found.date_order or _proven_order(found))
    checked = corrected(sessions.driver(session), found.id, [_record(row) for row in rows], judge)
    _recount(found, rows, checked)
    numbers = [row.row for row in rows]
    for row in rows:
        session.expunge(row)
    take_back(sessions.driver(session), found.id, numbers)
    copy_rows(sessions.driver(session), found.id, checked)
    session.execute(delete(ImportPreview).where(ImportPreview.import_id == found.id))
    found.mended_at = func.clock_timestamp()
    # Previews that were given up may have failed at this very row.
    session.execute(update(ImportLease).where(ImportLease.import_id == found.id).values(deaths=0))
    session.flush()


def _keep(session: Session, rows: list[ImportRow], values: Mapping[int, str], left_out: bool | None) -> None:
    cells = {str(column): value for column, value in values.items()}
    made = [{"import_id": row.import_id, "row": row.row, "cells": cells, "left_out": bool(left_out)} for row in rows]
    new = insert(ImportCorrection).values(made)
    kept: dict[str, Any] = {"cells": ImportCorrection.cells.op("||")(new.excluded.cells)}
    if left_out is not None:
        kept["left_out"] = new.excluded.left_out
    session.execute(new.on_conflict_do_update(index_elements=["import_id", "row"], set_=kept))


def _record(row: ImportRow) -> reading.Record:
    """The staged row as reading gave it: its cells, and what was wrong with it as a whole."""
    whole = {problem["code"] for problem in row.problems or []} & RECORD_PROBLEMS
    return reading.Record(row.row, list(row.record or []), next(iter(whole), None), reading.Position(0, row.row))


def _proven_order(found: ContactImport) -> str | None:
    """The order of day and month that the check found in the column, if it was one."""
    orders = (found.read_position or {}).get("date_orders", [])
    return orders[0] if len(orders) == 1 else None


def _recount(found: ContactImport, before: list[ImportRow], after: list[CheckedRow]) -> None:
    """Take the old problems off the list's counts and add the new ones, without reading all rows again."""
    change = Counter(key for row in after for key in {(p.code, p.severity) for p in row.problems})
    change.subtract(key for row in before for key in {(p["code"], p["severity"]) for p in row.problems or []})
    kept = {(entry["code"], entry["severity"]): entry for entry in found.check_summary.get("problems", [])}
    for (code, severity), rows in change.items():
        new = {"code": code, "severity": severity, "rows": 0, "first_row": before[0].row, "example": None}
        entry = kept.get((code, severity), new)
        kept[code, severity] = {**entry, "rows": entry["rows"] + rows}
    left = [entry for entry in kept.values() if entry["rows"] > 0]
    found.check_summary = {**found.check_summary, "problems": left}
