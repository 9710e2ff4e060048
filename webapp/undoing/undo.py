"""The undo of an import, in resumable batches of one transaction each.

First the contacts go that the import created and no one else changed, and those that earlier undos
left due and this import alone kept: that frees their keys. Then the changed fields come back,
newest change first, and each entry says that it is undone. At last the keys are settled that are
due. `undo_rules` judges, `undo_writing` writes. Undos run one after another.

A contact that the database will not change, for a constraint or a trigger from outside, stays alone
and is listed with the reason; its entries still stand.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import Connection
from webapp.imports import transitions
from webapp.imports.faults import Fault, Fenced, Paused, classify, first_line, is_refusal
from webapp.imports.leases import Lease
from webapp.models import UndoKept
from webapp.undoing import undo_keys, undo_rules, undo_writing
from webapp.undoing.undo_keys import Row
from webapp.vocabulary.states import State

SQL = queries.load(
    "undo",
    standing_change=undo_rules.standing_change(
        "d.contact_id",
        undo_rules.undone_import("d.import_id"),
        queries.fill(undo_rules.OF_IMPORT, h="h"),
    ),
    undone_import=undo_rules.undone_import("d.import_id"),
    undone_alone=undo_rules.UNDONE_ALONE,
)

Result = TypeVar("Result")
BATCH = 1000
# "rowcall undo": held while an undo begins, and by each of its batches.
ONE_AT_A_TIME = 7_665_102


@dataclass
class Undone:
    """How far an undo is.

    `at` is the number of the row, contact or journal entry last dealt with in the phase.
    """

    phase: str = "created"  # created | due_contacts | changed | due_keys | done
    at: int | None = None
    removed: int = 0
    restored: int = 0
    kept: int = 0
    total: int = 0  # rows and journal entries to go through
    through: int = 0


def undo_slice(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Undo batch by batch from where the last slice stopped; True when the import is rolled back.

    Raises Fenced when the lease has passed on, and Paused while another undo is under way.
    """
    # Look-ups of contacts are lateral here too; joins among a batch's own parts are better hashed.
    conn.execute("SET enable_hashjoin = on")
    undone = _begin(conn, lease)

    while undone.phase != "done":
        began, before = time.monotonic(), undone.through
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        conn.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # so that they speak up where the contact at fault can be told
        PHASES[undone.phase](conn, lease.import_id, undone)
        _log_batch(conn, lease.import_id, undone.through - before, time.monotonic() - began)
        _checkpoint(conn, lease, undone)
        conn.commit()
        if undone.phase != "done" and should_yield():
            return False

    return True


def _log_batch(conn: Connection, import_id: UUID, entries: int, seconds: float) -> None:
    """For the throughput that the progress page shows."""
    if entries:
        conn.execute(
            SQL.log_batch,
            {"id": import_id, "entries": entries, "ms": seconds * 1000},
            prepare=True,
        )


def _begin(conn: Connection, lease: Lease) -> Undone:
    """How far the undo is; one that has not begun waits until no other is under way."""
    begun = _one(conn, SQL.how_far, id=lease.import_id)["rollback"]
    if begun:
        conn.commit()
        return Undone(**begun)

    conn.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))

    if _one(conn, SQL.another, id=lease.import_id)["under_way"]:
        conn.rollback()
        raise Paused("undo", "another import is being rolled back")

    undone = Undone(total=_one(conn, SQL.to_go_through, id=lease.import_id)["entries"])
    _checkpoint(conn, lease, undone)
    conn.commit()

    return undone


def _one(conn: Connection, query: str, **parameters: object) -> dict[str, Any]:
    (row,) = undo_keys.rows(conn, query, parameters)
    return row


def _checkpoint(conn: Connection, lease: Lease, undone: Undone) -> None:
    """Write how far it is, under the lease's token; with the last batch the import is
    rolled back.
    """
    done = undone.phase == "done"
    if done:
        undone.kept = _one(conn, SQL.count_kept, id=lease.import_id)["contacts"]
        conn.execute("SET LOCAL synchronous_commit = on")

    moved = conn.execute(
        SQL.checkpoint,
        {"undone": Jsonb(asdict(undone)), "id": lease.import_id, "token": lease.token},
    ).fetchone()

    if moved is None:
        conn.rollback()
        raise Fenced

    if done:
        also = "rolled_back_at = clock_timestamp()"
        transitions.move(
            conn, lease.import_id, State.ROLLED_BACK, token=lease.token, also=also
        )


def _remove_created(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Remove the next contacts that this import created, last row first."""
    created = _next(conn, SQL.next_created, import_id, undone)
    undone.removed += _remove(conn, import_id, created, new=True)
    _move_on(undone, [row["row"] for row in created], "due_contacts")


def _remove_due(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Remove the next contacts that an undone import created, and that nothing but this import's
    changes still kept.
    """
    due = _next(conn, SQL.next_due, import_id, undone)
    undone.removed += _remove(conn, import_id, due, new=False)
    _move_on(undone, [row["contact_id"] for row in due], "changed", counted=False)


def _remove(conn: Connection, import_id: UUID, created: Sequence[Row], *, new: bool) -> int:
    """Remove what can go: at once where nothing else happened to any of these contacts."""
    if not created:
        return 0
    if _attempted(conn, lambda: undo_writing.remove_whole(conn, created) or None):
        return len(created)

    return _remove_locked(conn, undo_writing.of_import(import_id), created, new=new)


def _remove_locked(
    conn: Connection, unit: undo_writing.Unit, created: Sequence[Row], *, new: bool
) -> int:
    """All at once, or, where the database refuses, by halves down to those that it keeps."""
    try:
        with conn.transaction():
            removed, _ = undo_writing.remove(conn, unit, created, new=new)
            return removed
    except psycopg.Error as error:
        if not is_refusal(error):
            raise

        if len(created) == 1:
            _list_refused(conn, unit["import_id"], created[0], error)
            return 0

    half = len(created) // 2

    return sum(
        _remove_locked(conn, unit, part, new=new) for part in (created[:half], created[half:])
    )


def _list_refused(conn: Connection, import_id: UUID, row: Row, error: psycopg.Error) -> None:
    refused = {"contact_id": row["contact_id"], "row": row["row"], "code": "refused_on_undo"}
    undo_writing.list_kept(conn, import_id, [{**refused, "message": first_line(error)}])


def _restore_changed(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Bring back the fields of the next changes, newest first, and of the same import's others on
    their contacts.
    """
    changes = _next(conn, SQL.next_changes, import_id, undone)
    numbers = [change["id"] for change in changes]
    unit = undo_writing.of_import(import_id)

    whole = _restore_whole(conn, unit, numbers) if changes else set()
    undone.restored += len(whole)
    if left := [change for change in changes if change["id"] not in whole]:
        undo_writing.lock(conn, [change["contact_id"] for change in left])
        marked = _restore_locked(conn, unit, left, undone)
        undone.through += len(marked - set(numbers))

    _move_on(undone, numbers, "due_keys")


def _restore_whole(conn: Connection, unit: undo_writing.Unit, numbers: list[int]) -> set[int]:
    """Undo the plain ones of these changes: which they are. Who holds their keys is looked up where
    one is taken.
    """
    for look in (False, True):
        act = partial(undo_writing.restore_whole, conn, unit, numbers, look=look)
        whole = _attempted(conn, act)
        if whole is not None:
            return whole

    return set()


def _restore_locked(
    conn: Connection, unit: undo_writing.Unit, changes: Sequence[Row], undone: Undone
) -> set[int]:
    """All at once, or, where the database refuses, by halves down to the contact at fault: the
    entries marked.
    """
    contacts = {change["contact_id"] for change in changes}
    for claim in (False, True) if len(contacts) == 1 else (False,):
        try:
            with conn.transaction():
                numbers = [change["id"] for change in changes]
                written = undo_writing.restore(
                    conn, undo_rules.OF_IMPORT, unit, numbers, claim=claim
                )
                undo_writing.list_kept(conn, unit["import_id"], written.kept)
        except psycopg.Error as error:
            if not is_refusal(error):
                raise
            refusal = error
        else:
            undone.restored += len(written.restored)
            return set(written.marked)

    if len(contacts) == 1:
        _list_refused(conn, unit["import_id"], changes[0], refusal)
        return set()

    first = set(sorted(contacts)[: len(contacts) // 2])
    parts = [
        [change for change in changes if (change["contact_id"] in first) is part]
        for part in (True, False)
    ]

    return set().union(*(_restore_locked(conn, unit, part, undone) for part in parts))


def _settle_due(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Give back the keys that are due, all that can be; what cannot is listed."""
    settled = undo_keys.settle(conn, undo_writing.of_import(import_id))
    undone.restored += settled.restored
    undo_writing.list_kept(conn, import_id, settled.blocked)
    undone.phase, undone.at, undone.through = "done", None, undone.total


PHASES = {
    "created": _remove_created,
    "due_contacts": _remove_due,
    "changed": _restore_changed,
    "due_keys": _settle_due,
}


def _next(conn: Connection, query: str, import_id: UUID, undone: Undone) -> list[Row]:
    return undo_keys.rows(
        conn, query, {"import_id": import_id, "at": undone.at, "batch": BATCH}
    )


def _attempted(conn: Connection, act: Callable[[], Result | None]) -> Result | None:
    """What the short way came to; None where it did not work.

    Most contacts need no locks; where it did not work nothing is written, and they are locked.
    """
    try:
        with conn.transaction() as attempt:
            if (done := act()) is not None:
                return done
            raise psycopg.Rollback(attempt)
    except psycopg.Error as error:
        if classify(error, conn) is Fault.OUTAGE:
            raise

    return None


def _move_on(
    undone: Undone, numbers: list[int], following: str, *, counted: bool = True
) -> None:
    if numbers:
        undone.at = numbers[-1]
        undone.through += len(numbers) if counted else 0
    else:
        undone.phase, undone.at = following, None


def kept(
    session: Session, import_id: UUID, *, after: int = 0, limit: int = 100
) -> Sequence[Any]:
    """What an undo kept, in the order in which it met it: all of `UndoKept`, with the names of who
    changed it.
    """
    asked = {"id": import_id, "after": after, "limit": limit}
    return db.execute(session, SQL.kept, asked).all()


def gone(session: Session, import_id: UUID) -> int:
    """How many of its contacts a person had deleted before the undo came to them."""
    gone = UndoKept.import_id == import_id, UndoKept.code == "deleted_meanwhile"
    return session.scalar(select(func.count()).where(*gone)) or 0
