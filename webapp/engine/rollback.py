"""Undo, from the journal, newest first, in resumable batches of one transaction each.

First go the contacts that the import created and nobody touched since, which frees the keys that they hold; then
the changed fields come back, newest change first; then what imports undone earlier are still owed. `unwinding.py`
says what becomes of each contact and field. Undos run one after another, since one may hand over to the next.

A contact that the database will not take back, for a constraint or a trigger of somebody else's, stays alone and is
listed with the reason.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.engine import taken_keys, unwinding
from webapp.engine.duplicates import Connection
from webapp.engine.faults import Fault, Fenced, Paused, classify, first_line, is_refusal
from webapp.engine.leases import Lease
from webapp.models import UndoKept

BATCH = 1000
ONE_AT_A_TIME = 7_665_102  # "rowcall undo": held while an undo begins


@dataclass
class Undone:
    """How far an undo is. `at` is the number of the row or journal entry last dealt with in the phase."""

    phase: str = "created"  # created | inherited | changed | owed | done
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
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")  # so that they speak up where the contact at fault can be told
        PHASES[undone.phase](conn, lease.import_id, undone)
        _log_batch(conn, lease.import_id, undone.through - before, time.monotonic() - began)
        _checkpoint(conn, lease, undone)
        conn.commit()
        if undone.phase != "done" and should_yield():
            return False
    return True


def _log_batch(conn: Connection, import_id: UUID, entries: int, seconds: float) -> None:
    """For the pace that is shown meanwhile."""
    if entries:
        conn.execute(
            """INSERT INTO contact_import_logs (import_id, event, rows, duration_ms)
               VALUES (%s, 'batch_undone', %s, %s)""",
            (import_id, entries, seconds * 1000),
            prepare=True,
        )


def _begin(conn: Connection, lease: Lease) -> Undone:
    """How far the undo is; one that has not begun waits until no other is under way."""
    found = _one(conn, "SELECT rollback FROM contact_imports WHERE id = %(id)s", id=lease.import_id)
    if found["rollback"]:
        conn.commit()
        return Undone(**found["rollback"])
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
    if _one(conn, _ANOTHER, id=lease.import_id)["under_way"]:
        conn.rollback()
        raise Paused("undo", "another import is being rolled back")
    undone = Undone(total=_one(conn, _ALL, id=lease.import_id)["entries"])
    _checkpoint(conn, lease, undone)
    conn.commit()
    return undone


def _one(conn: Connection, query: str, **parameters: object) -> dict[str, Any]:
    found = conn.execute(query, parameters, prepare=True).fetchone()
    assert found is not None  # noqa: S101 - each of these queries answers with one row
    return found


_ANOTHER = """SELECT EXISTS (SELECT FROM contact_imports
    WHERE state = 'rolling_back' AND rollback IS NOT NULL AND id <> %(id)s) AS under_way"""

_ALL = """SELECT created + (SELECT count(*) FROM contact_changes h
    WHERE h.import_id = i.id AND h.kind IN ('import', 'owed')) AS entries
    FROM contact_imports i WHERE i.id = %(id)s"""


def _checkpoint(conn: Connection, lease: Lease, undone: Undone) -> None:
    """Write how far it is, under the lease's token; with the last batch the import is rolled back."""
    done = undone.phase == "done"
    if done:
        undone.kept = _one(conn, _KEPT, id=lease.import_id)["contacts"]
        undone.restored = _one(conn, _RESTORED, id=lease.import_id)["contacts"]
        conn.execute("SET LOCAL synchronous_commit = on")
        conn.execute(
            "INSERT INTO contact_import_logs (import_id, event) VALUES (%s, 'rolled_back')", (lease.import_id,)
        )
    moved = conn.execute(
        """UPDATE contact_imports SET rollback = %(rollback)s,
             state = CASE WHEN %(done)s THEN 'rolled_back' ELSE state END,
             rolled_back_at = CASE WHEN %(done)s THEN clock_timestamp() END
           WHERE id = %(id)s AND lease_token = %(token)s AND state = 'rolling_back' RETURNING id""",
        {"rollback": Jsonb(asdict(undone)), "done": done, "id": lease.import_id, "token": lease.token},
    ).fetchone()
    if moved is None:
        conn.rollback()
        raise Fenced


_KEPT = """SELECT count(DISTINCT contact_id) AS contacts FROM contact_undo_kept
    WHERE import_id = %(id)s AND code <> 'deleted_meanwhile'"""

# Contacts with at least one field that came back.
_RESTORED = """SELECT count(DISTINCT contact_id) AS contacts FROM contact_changes
    WHERE import_id = %(id)s AND kind = 'undo'"""


def _remove_created(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Delete the next contacts that this import created, last row first."""
    rows = conn.execute(
        """SELECT row, contact_id FROM contact_import_results
           WHERE import_id = %s AND outcome = 'created' AND contact_id IS NOT NULL
             AND row < COALESCE(%s::bigint, 9223372036854775807) ORDER BY row DESC LIMIT %s""",
        (import_id, undone.at, BATCH),
        prepare=True,
    ).fetchall()
    undone.removed += _remove(conn, import_id, rows) if rows else 0
    _move_on(undone, [row["row"] for row in rows], "inherited")


def _remove_inherited(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Delete the next contacts that an import undone earlier created and handed over to this one."""
    rows = conn.execute(
        f"""SELECT id, row, contact_id FROM contact_changes
           WHERE import_id = %s AND kind = 'import' AND before ? '{unwinding.CREATED}' AND id > COALESCE(%s::bigint, 0)
           ORDER BY id LIMIT %s""",
        (import_id, undone.at, BATCH),
        prepare=True,
    ).fetchall()
    undone.removed += _remove(conn, import_id, rows) if rows else 0
    _move_on(undone, [row["id"] for row in rows], "changed", counted=False)


def _remove(conn: Connection, import_id: UUID, rows: Sequence[dict[str, Any]]) -> int:
    """Delete these contacts all at once, or, where the database refuses, by halves down to those that it keeps."""
    try:
        with conn.transaction():
            return unwinding.remove(conn, import_id, rows)
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        if len(rows) == 1:
            unwinding.keep(conn, import_id, rows[0], first_line(error))
            return 0
    half = len(rows) // 2
    return _remove(conn, import_id, rows[:half]) + _remove(conn, import_id, rows[half:])


def _restore_changed(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Bring back the fields of the next changes, newest first."""
    changes = conn.execute(
        """SELECT id, contact_id, row FROM contact_changes WHERE import_id = %s AND kind = 'import'
             AND id < COALESCE(%s::bigint, 9223372036854775807) ORDER BY id DESC LIMIT %s""",
        (import_id, undone.at, BATCH),
        prepare=True,
    ).fetchall()
    _take_back(conn, import_id, changes)
    _move_on(undone, [change["id"] for change in changes], "owed")


def _restore_owed(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Bring back keys that imports undone earlier could not, as this import held them; in the order of that."""
    changes = conn.execute(
        """SELECT id, contact_id, row FROM contact_changes WHERE import_id = %s AND kind = 'owed'
             AND id > COALESCE(%s::bigint, 0) ORDER BY id LIMIT %s""",
        (import_id, undone.at, BATCH),
        prepare=True,
    ).fetchall()
    _take_back(conn, import_id, changes)
    _move_on(undone, [change["id"] for change in changes], "done")


PHASES = {
    "created": _remove_created,
    "inherited": _remove_inherited,
    "changed": _restore_changed,
    "owed": _restore_owed,
}


def _move_on(undone: Undone, numbers: list[int], following: str, *, counted: bool = True) -> None:
    if numbers:
        undone.at = numbers[-1]
        undone.through += len(numbers) if counted else 0
    else:
        undone.phase, undone.at = following, None


def _take_back(conn: Connection, import_id: UUID, changes: Sequence[dict[str, Any]]) -> None:
    """Take these changes back: at once where nothing else happened to their contacts, else in this order."""
    if changes and not _took_back_whole(conn, import_id, [change["id"] for change in changes]):
        unwinding.lock(conn, [change["contact_id"] for change in changes])
        _take_back_locked(conn, import_id, changes)


def _took_back_whole(conn: Connection, import_id: UUID, changes: list[int]) -> bool:
    """Most batches are like that, and need no locks; of any other nothing is written, and locked it is tried again."""
    try:
        with conn.transaction() as attempt:
            if unwinding.give_back_whole(conn, import_id, changes):
                return True
            raise psycopg.Rollback(attempt)
    except psycopg.Error as error:
        if classify(error, conn) is Fault.OUTAGE:
            raise
    return False


def _take_back_locked(conn: Connection, import_id: UUID, changes: Sequence[dict[str, Any]]) -> None:
    """All at once, or, where a key stands in the way, or the database refuses, by halves down to the change at fault.

    One after the other, each step returns to a state that has existed, so in the end only outsiders hold a key.
    """
    try:
        with conn.transaction():
            for once in _rounds(changes):
                unwinding.unwind(conn, import_id, once)
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        if len(changes) == 1:
            return _take_back_one(conn, import_id, changes[0])
        half = len(changes) // 2
        for part in (changes[:half], changes[half:]):
            _take_back_locked(conn, import_id, part)


def _rounds(changes: Sequence[dict[str, Any]]) -> list[list[int]]:
    """The changes in lists in which each contact occurs once, its first change in the first list."""
    rounds: list[list[int]] = []
    seen: dict[int, int] = {}
    for change in changes:
        turn = seen[change["contact_id"]] = seen.get(change["contact_id"], -1) + 1
        rounds.extend([[]] if turn == len(rounds) else [])
        rounds[turn].append(change["id"])
    return rounds


def _take_back_one(conn: Connection, import_id: UUID, change: dict[str, Any]) -> None:
    """Take one change back. A key that another contact holds by now stays; the other fields come back."""
    try:
        with conn.transaction():
            holders = taken_keys.holders(conn, change["id"])
            for kept in unwinding.unwind(conn, import_id, [change["id"]], keep=list(holders)):
                taken_keys.settle(conn, import_id, kept, holders[kept["field"]])
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        unwinding.keep(conn, import_id, change, first_line(error))


def kept(session: Session, import_id: UUID, *, after: int = 0, limit: int = 100) -> Sequence[Any]:
    """What an undo kept, in the order in which it met it: all of `UndoKept`, with the names of who changed it."""
    return session.execute(text(_LIST), {"id": import_id, "after": after, "limit": limit}).all()


def gone(session: Session, import_id: UUID) -> int:
    """How many of its contacts a person had deleted before the undo came to them."""
    gone = UndoKept.import_id == import_id, UndoKept.code == "deleted_meanwhile"
    return session.scalar(select(func.count()).where(*gone)) or 0


_LIST = """
    SELECT k.*, i.filename AS by_file, COALESCE(NULLIF(u.name, ''), u.email) AS by_person
    FROM contact_undo_kept k LEFT JOIN contact_imports i ON i.id = k.changed_by_import
    LEFT JOIN users u ON u.id = k.changed_by_user
    WHERE k.import_id = :id AND k.id > :after ORDER BY k.id LIMIT :limit"""
