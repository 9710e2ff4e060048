"""The undo of a single row of an import, by the same rules as that of a whole import, in one
transaction.

The unit is what the row did: the contact that it created, or its one journal entry. Other rows of
the same import count as changes by others. So a contact that a later row changed too stays, and is
due: it goes with the undo of that row. The undo of the import takes the rest.
"""

from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import queries
from webapp.imports import deadlines
from webapp.imports.faults import is_refusal
from webapp.imports.locks import locked, refuse_while_correcting
from webapp.models import ContactImport, RowUndo
from webapp.undoing import undo_by_hand, undo_keys, undo_rules, undo_writing
from webapp.undoing.undo_keys import Row, rows
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command, State, Work

SQL = queries.load("undo_by_row")


@dataclass
class RowUndone:
    """What the undo of a row did.

    `there` says whether the contact is in the book afterwards. `restored` names the fields that
    came back; `kept` lists what stays, as the preview of an import's undo does, and with the code
    `changed_by_later_row` what a later row of the same import wrote.
    """

    row: int
    contact_id: int
    removed: bool  # the contact that the row created is deleted
    there: bool = True
    restored: list[str] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)


def undo_row(session: Session, import_id: UUID, row: int, user_id: int) -> RowUndone:
    """Undo what a row did. The caller commits. It cannot be done again.

    Raises Refusal: row_unknown, row_undone, row_changed_nothing, undo_expired, wrong_state while
    the import is at work or undone, undo_under_way while another import is being undone,
    refused_on_undo, or contact_busy while an import holds the contact.
    """
    return undo_by_hand.alone(
        session, lambda conn: _undo(session, conn, import_id, row, user_id)
    )


def preview_row(session: Session, import_id: UUID, row: int) -> RowUndone:
    """What `undo_row` would do and raise now.

    It does it, and takes it back within the transaction.
    """
    return undo_by_hand.taken_back(session, lambda: undo_row(session, import_id, row, 0))


def count(session: Session, import_id: UUID) -> int:
    """How many rows of the import were undone by themselves."""
    undone = select(func.count()).where(RowUndo.import_id == import_id)
    return session.scalar(undone) or 0


def _undo(
    session: Session, conn: undo_by_hand.Connection, import_id: UUID, row: int, user_id: int
) -> RowUndone:
    _possible(session, conn, locked(session, import_id))
    asked = {"import_id": import_id, "row": row}
    contact_id, change = _entry(rows(conn, SQL.entry, asked))

    unit = {"import_id": None, "change": change, "since": None, "user_id": user_id or None}
    before = undo_by_hand.held(conn, contact_id)
    kept = (
        _remove(conn, unit, {**asked, "contact_id": contact_id})
        if change is None
        else undo_by_hand.restore(conn, undo_rules.OF_CHANGE, unit, [change]).kept
    )
    undo_by_hand.remove_if_due(conn, contact_id, unit)
    settled = undo_keys.settle(conn, unit)
    after = undo_by_hand.held(conn, contact_id)

    undone = RowUndone(row, contact_id, change is None and bool(before) and not after)
    undone.there = after is not None
    if before and after:
        undone.restored = undo_by_hand.differing(before, after)
    went = before and not after  # with the contact goes what was to be said of its fields
    listed = [] if went else [_told(one, import_id) for one in (*kept, *settled.blocked)]
    undone.kept = undo_by_hand.named(session, listed)
    noted = {"contact_id": contact_id, "user_id": unit["user_id"], "kept": len(listed)}
    rows(conn, SQL.note, {**asked, **noted})

    return undone


def _possible(session: Session, conn: undo_by_hand.Connection, run: ContactImport) -> None:
    """The import is locked, so that neither a run nor an undo of it begins meanwhile."""
    state = State(run.state)
    if state.work is Work.UNDO or rows(conn, SQL.another, {})[0]["under_way"]:
        raise Refusal("undo_under_way")
    if state.work is Work.EXECUTE:
        raise Refusal("row_undo_while_running")
    if not state.allows(Command.ROLL_BACK):
        raise Refusal("wrong_state", state=run.state)
    if deadlines.is_over(run, deadlines.days(session)):
        raise Refusal("undo_expired", state=run.state)
    refuse_while_correcting(run)


def _entry(found: list[Row]) -> tuple[int, int | None]:
    """The contact of the row, and its journal entry if it changed one that was there."""
    if not found:
        raise Refusal("row_unknown")
    (entry,) = found
    if entry["undone"]:
        raise Refusal("row_undone")

    created = entry["outcome"] == Outcome.CREATED
    if entry["contact_id"] is None or not (created or entry["change"]):
        raise Refusal("row_changed_nothing")

    return entry["contact_id"], None if created else entry["change"]


def _remove(conn: undo_by_hand.Connection, unit: undo_writing.Unit, asked: Row) -> list[Row]:
    """Remove the contact that the row created, unless a change by others stands on it: what
    stays.
    """
    created = {**asked, "creator": asked["import_id"], "undone": None}
    try:
        with conn.transaction():
            return undo_writing.remove(conn, unit, [created], new=True)[1]
    except psycopg.Error as error:
        if is_refusal(error):
            raise Refusal("refused_on_undo") from None
        raise


def _told(kept: Row, import_id: UUID) -> Row:
    """What a later row of the same import wrote is told as such."""
    same = str(kept["by_import"]) == str(import_id)
    return {**kept, "code": "changed_by_later_row"} if same else kept
