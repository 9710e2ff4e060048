"""Corrections: what a person changes on the review page, or after the import has run, kept for the
next check and judged at once. Each is an act, which can be undone: `acts.py`.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import delete, func, update
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.cleaning import is_same_text, line_feeds
from webapp.db import Connection, driver
from webapp.imports import deadlines, import_commands, locks, reruns
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.limits import SHOWN_CELL_CHARS
from webapp.models import (
    ContactImport,
    ImportLease,
    ImportPreview,
    ImportRow,
)
from webapp.staging import acts, file_rows, judging, problem_list, reopening
from webapp.staging.acts import Made, Undone
from webapp.staging.problem_list import IN_ORDER
from webapp.staging.staged_rows import BLOCK_ROWS
from webapp.vocabulary.outcomes import OPEN, sql_list
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import RUN_ENDED, Command, allowing

__all__ = ["BLOCK_ROWS", "Made", "Undone"]

SQL = queries.load("corrections", open=sql_list(OPEN))

AT_ONCE = 0.5  # seconds; what a request leaves over goes on in a job


def correct(
    session: Session,
    import_id: UUID,
    row: int,
    values: Mapping[int, str],
    *,
    by: int | None = None,
    seen: Mapping[int, str] | None = None,
) -> Made:
    """Replace cells of one row (column from 0 → text) and judge it again. After the import has run,
    a second run takes the row.

    `seen` is what the person saw in the cells: where another act stands there by now, the answer
    says so. The last one wins. The caller commits and wakes a worker.

    Raises Refusal: wrong_state unless the import is ready or has run, row_unknown for a row that
    the file has not, row_is_in for one of which the outcome is final.
    """
    import_ = open_for_corrections(session, import_id)
    staged = _staged(session, import_, row)
    changed = _changed(staged, values)
    overwrote = None
    cells = list(staged.record or [])
    unseen = [
        column
        for column, text in (seen or {}).items()
        if not is_same_text(shown_of(_cell(cells, column)), shown_of(text))
    ]
    if unseen:
        overwrote = acts.overwritten(driver(session), import_id, row, unseen)
    if not changed:
        return Made(0, acts.CELL, 0, 0, overwrote)

    work = {"where": {"values": {str(row): {str(c): text for c, text in changed.items()}}}}
    return _do(session, import_, acts.CELL, by, work, row=row)._replace(overwrote=overwrote)


def _cell(cells: list[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _changed(row: Any, values: Mapping[int, str]) -> dict[int, str]:
    """What the person changed of the cells that they were shown.

    Of a row that could not be read as a whole, the cells that they left alone are confirmed, to the
    letter.
    """
    record = judging.record_of(row)
    changed = {}

    for column, typed in values.items():
        shown = _cell(record.cells, column)
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
    session: Session,
    import_id: UUID,
    row: int,
    column: int,
    replacement: str,
    *,
    by: int | None = None,
) -> Made:
    """Replace one cell in this row and in every listed row that holds the same there.

    What takes longer than AT_ONCE goes on in a job after the commit: `correcting` says so, and how
    far it is.
    """
    import_ = open_for_corrections(session, import_id)
    value = judging.record_of(_staged(session, import_, row)).cells[column : column + 1]
    if not value:
        return Made(0, acts.SET, 0, 0)

    work = {
        "column": column,
        "value": line_feeds(replacement),
        "where": {"alike": value[0]},
    }
    return _do(session, import_, acts.SET, by, work, row=row)


def leave_out(
    session: Session, import_id: UUID, row: int, *, out: bool, by: int | None = None
) -> Made:
    """Leave a row out of the import, or take it back in.

    Where the line's text was joined to the row above, the file is checked again: that row does
    without it.
    """
    import_ = open_for_corrections(session, import_id)
    staged = _staged(session, import_, row)
    # What has run is not checked again: there the row above keeps the text.
    joined = not out and import_.state not in RUN_ENDED and _is_joined(session, staged)
    kind = acts.LEAVE_OUT if out else acts.INCLUDE
    made = _do(session, import_, kind, by, {"where": {"rows": [row]}}, row=row)
    if joined:
        import_commands.check_again(session, import_id)

    return made


def fix(
    session: Session,
    import_id: UUID,
    kind: str,
    where: dict[str, Any],
    *,
    by: int | None = None,
    **asked: Any,
) -> Made:
    """Change many rows alike: `where` is {"rows": [...]}, {"filter": {...}} as of `Filter`,
    {"values": {row: {column: text}}} or {"everything": true}. `asked` are column, value, find,
    replace_with and match_case.

    Raises Refusal as `correct` does, and no_rows where nothing changes.
    """
    import_ = open_for_corrections(session, import_id)
    if "filter" in where:
        problem_list.make(session, import_)

    made = _do(session, import_, kind, by, {"where": where, **asked})
    if not made.rows and made.total == 0:
        raise Refusal("no_rows")

    return made


class Replaced(NamedTuple):
    """A cell in which a text would be replaced."""

    row: int
    column: int
    before: str
    after: str


class Replacing(NamedTuple):
    """What a find and replace would do: in how many rows, whether all were looked at, and the first
    cells.
    """

    rows: int
    complete: bool
    first: list[Replaced]


def replacements(
    session: Session, import_id: UUID, where: dict[str, Any], **asked: Any
) -> Replacing:
    """What a find and replace would do. One that takes too long is not complete."""
    run = session.get_one(ContactImport, import_id)
    if "filter" in where:
        problem_list.make(session, run)

    import_, conn = file_rows.facts_of(run), driver(session)
    work = {"kind": acts.REPLACE, "after": 0, "where": where, **asked}
    until = time.monotonic() + AT_ONCE * 4
    rows = 0
    first: list[Replaced] = []

    with db.planned(session, **IN_ORDER):
        while block := acts.next_rows(conn, import_, work):
            for one in block:
                found = acts.replaced_in(list(one.record or []), work)
                rows += bool(found)
                if len(first) < SHOWN_REPLACEMENTS:
                    first += [Replaced(one.row, c, one.record[c], t) for c, t in found.items()]

            work["after"] = block[-1].row
            if time.monotonic() > until:
                return Replacing(rows, False, first[:SHOWN_REPLACEMENTS])

    return Replacing(rows, True, first[:SHOWN_REPLACEMENTS])


SHOWN_REPLACEMENTS = 50


def undo(
    session: Session, import_id: UUID, number: int | None = None, *, by: int | None = None
) -> Undone:
    """Undo an act, or all of them. Cells on which a later act stands keep what that one says.

    Raises Refusal: act_unknown, act_undone, act_too_old for what was corrected before acts were
    kept once the import has run, and as `correct` does.
    """
    import_ = open_for_corrections(session, import_id)
    if number is not None:
        found = acts.one(session, import_id, number)
        if found is None:
            raise Refusal("act_unknown")
        if found.undone_at is not None:
            raise Refusal("act_undone")

    asked = {"import_id": import_id, "act": number, "by": by}
    conn = driver(session)
    gone = conn.cursor().execute(SQL.undo_acts, asked).fetchall()
    numbers = sorted(int(one[0]) for one in gone)
    if import_.state in RUN_ENDED and acts.EARLIER in {one[1] for one in gone}:
        raise Refusal("act_too_old")
    if not numbers:
        return Undone(number, 0, 0)

    work: dict[str, Any] = {"acts": numbers, "after": 0, "rows": 0, "cells": 0, "stayed": 0}
    # Where only the file knows what rows say, it is checked again.
    again = import_.state not in RUN_ENDED and acts.needs_check(conn, import_id, numbers)
    work |= {"kind": "undo", "unstaged": again}
    _go(session, import_, work, 0)
    if again:
        import_commands.check_again(session, import_id)

    return Undone(number, work["cells"], work["stayed"])


def _do(
    session: Session,
    import_: ContactImport,
    kind: str,
    by: int | None,
    asked: dict[str, Any],
    *,
    row: int = 0,
) -> Made:
    """Begin an act and go on with it for AT_ONCE. One that changes nothing leaves no entry."""
    conn = driver(session)
    work = acts.begin(conn, import_.id, kind, by, asked)
    _go(session, import_, work, row)
    if not work["rows"] and not import_.correcting:
        conn.execute(SQL.forget_act, {"import_id": import_.id, "act": work["act"]})

    total = int(work.get("total", work["rows"]))
    return Made(int(work["act"]), kind, int(work["rows"]), total)


def _go(session: Session, import_: ContactImport, work: dict[str, Any], row: int) -> None:
    """Change the rows that an act or an undo is about; what is left over is a worker's."""
    conn, until = driver(session), time.monotonic() + AT_ONCE
    facts = file_rows.facts_of(import_)
    judge = judging.judge_of(facts)
    changes: Counter[judging.Kind] = Counter()

    # A scan of all rows for each block would take the square of their number.
    with db.planned(session, **IN_ORDER):
        while block := acts.some(conn, facts, judge, work, changes):
            if work.get("unstaged"):
                continue
            if block >= BLOCK_ROWS and time.monotonic() > until:
                left = acts.count_left(conn, facts, work)
                if left:
                    work["total"] = work["rows"] + left
                    import_.correcting = work
                break

    if import_.state not in RUN_ENDED:
        import_.check_summary = judging.recounted(import_.check_summary, changes, row)

    # What the session holds of the rows is not what is staged now.
    session.flush()
    session.expire_all()
    import_ = session.get_one(ContactImport, import_.id)
    rows_changed(session, import_)


def correct_slice(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Go on with the correction of many rows that a request left over; true when none is left.

    Each block is a transaction with how far it is. Raises Fenced.
    """
    while True:
        import_ = _held(conn, lease)
        work = import_["correcting"]

        if work is None:
            conn.rollback()
            return True

        changes: Counter[judging.Kind] = Counter()
        block = acts.some(conn, import_, judging.judge_of(import_), work, changes)
        summary = import_["check_summary"]
        if import_["state"] not in RUN_ENDED:
            summary = judging.recounted(summary, changes, work["after"])

        conn.execute(
            SQL.corrected_some,
            {
                "import_id": lease.import_id,
                "correcting": Jsonb(work) if block else None,
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
        SQL.hold,
        {
            "import_id": lease.import_id,
            "token": lease.token,
            "states": list(allowing(Command.CORRECT)),
        },
    ).fetchone()

    if import_ is None:
        conn.rollback()
        raise Fenced

    return import_


def _is_joined(session: Session, staged: ImportRow) -> bool:
    """Whether the text of the line was added to the row that it goes on with."""
    parent = next(
        (int(p["value"]) for p in staged.problems or [] if p["code"] == "continues_row"), None
    )
    above = None if parent is None else session.get(ImportRow, (staged.import_id, parent))
    return above is not None and "lines_joined" in {p["code"] for p in above.problems or []}


def open_for_corrections(session: Session, import_id: UUID) -> ContactImport:
    """The import under a row lock, where its rows may be corrected and settled: before it runs, and
    after it has run, as long as its rows are kept.

    Raises Refusal: wrong_state, correction_under_way or file_gone.
    """
    import_ = locks.locked_with_lease(session, import_id)
    locks.require(import_, Command.CORRECT)
    locks.refuse_while_correcting(import_)
    if import_.state in RUN_ENDED and deadlines.is_over(import_, deadlines.days(session)):
        raise Refusal("file_gone")

    return import_


def _staged(session: Session, import_: ContactImport, row: int) -> Any:
    """The row with its cells, which are read from the file where none are kept."""
    staged = session.get(ImportRow, (import_.id, row), populate_existing=True)
    if staged is None:
        raise Refusal("row_unknown")

    reopening.refuse_final(session, import_, row)
    if staged.record is not None:
        return staged

    facts = file_rows.facts_of(import_)
    return file_rows.with_cells(driver(session), facts, [staged])[0]


def rows_changed(session: Session, import_: ContactImport) -> None:
    """What was computed from the rows as they were is forgotten."""
    session.execute(delete(ImportPreview).where(ImportPreview.import_id == import_.id))
    reruns.forget_previews(session, import_.id)
    import_.mended_at = func.clock_timestamp()

    # Previews that were given up may have failed at one of these rows.
    session.execute(
        update(ImportLease).where(ImportLease.import_id == import_.id).values(deaths=0)
    )
    session.flush()
