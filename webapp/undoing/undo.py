"""The undo of an import, in resumable batches of one transaction each.

First the contacts go that the import created and no one else changed, and those that earlier undos
left due and this import alone kept: that frees their keys. Then the changed fields come back,
newest change first, and each entry says that it is undone. At last the keys are settled that are
due. `undo_rules` judges, `undo_writing` writes. Undos run one after another.

Contacts are nothing to one another while they go or their fields come back, but for their keys. So
two lanes (`undo_lanes`) can take a half of the contacts each; a key that another contact holds is
due then too, as it is when that contact comes in a later batch.

A contact that the database will not change, for a constraint or a trigger from outside, stays alone
and is listed with the reason; its entries still stand.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
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
from webapp.undoing import undo_keys, undo_lanes, undo_rules, undo_writing
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
STRIPE = 1024  # contacts that follow one another and are of the same half
LEAST_BATCHES = 10  # fewer are done before a second session knows the statements
# A lane that waits for its checkpoint holds contacts: in place of a longer wait both end.
CHECKPOINT_TIMEOUT = "2s"
# "rowcall undo": held while an undo begins, and by each of its batches.
ONE_AT_A_TIME = 7_665_106


# Numbers of rows, contacts and entries are greater: behind this place there is nothing.
END = 0
APART = {"created", "changed"}  # phases in which one contact is nothing to another
FOLLOWING = {
    "created": "due_contacts",
    "due_contacts": "changed",
    "changed": "due_keys",
    "due_keys": "done",
}


@dataclass(frozen=True)
class Undone:
    """How far an undo is.

    `at` is the number of the row, contact or journal entry last dealt with in the phase. Where two
    lanes worked it is that of the first half of the contacts, and `at_second` that of the second.
    """

    phase: str = "created"  # created | due_contacts | changed | due_keys | done
    at: int | None = None
    at_second: int | None = None
    removed: int = 0
    restored: int = 0
    kept: int = 0
    total: int = 0  # rows and journal entries to go through
    through: int = 0

    @property
    def half(self) -> int | None:
        """The half of the contacts that one stream takes next, the one that is behind; None where
        neither is, and it takes both.
        """
        if self.at == self.at_second:
            return None

        first, second = (inf if at is None else at for at in (self.at, self.at_second))
        return int(second > first)

    def place(self, half: int | None) -> int | None:
        """Where a half stands."""
        return self.at_second if half == 1 else self.at

    def after(self, batch: "Batch") -> "Undone":
        """How far it is with one more batch."""
        moved = replace(
            self,
            at=self.at if batch.half == 1 else batch.last,
            at_second=self.at_second if batch.half == 0 else batch.last,
            removed=self.removed + batch.removed,
            restored=self.restored + batch.restored,
            through=self.through + batch.through,
        )
        if moved.at != END or moved.at_second != END:
            return moved

        phase = FOLLOWING[self.phase]
        through = self.total if phase == "done" else moved.through
        return replace(moved, phase=phase, at=None, at_second=None, through=through)


@dataclass
class Batch:
    """What a batch begins with, and what it comes to."""

    at: int | None  # where its half of the contacts stands
    half: int | None = None  # None for all contacts
    beside: bool = False  # another lane works too
    last: int = END  # where it stands afterwards
    removed: int = 0
    restored: int = 0
    through: int = 0


def undo_slice(
    conn: Connection,
    lease: Lease,
    should_yield: Callable[[], bool],
    second_lane: undo_lanes.SecondLane = lambda: None,
) -> bool:
    """Undo batch by batch from where the last slice stopped, in two lanes where `second_lane`
    says that a core is free for it; True when the import is rolled back.

    Raises Fenced when the lease has passed on, and Paused while another undo is under way.
    """
    undo_lanes.prepare(conn)
    work = _Work(lease, _begin(conn, lease))
    lanes = undo_lanes.Lanes(conn, lease.import_id, second_lane)

    try:
        while work.undone.phase != "done":
            if work.is_for_lanes() and lanes.opened():
                makes_room = lanes.run(work.run_beside, should_yield)
                work.undone = _begin(conn, lease)  # A lane that failed may have committed.
            else:
                work.run(conn)
                makes_room = work.undone.phase != "done" and should_yield()
            if makes_room:
                return False
    finally:
        lanes.close()

    return True


class _Work:
    """The batches of an undo, in one stream or two lanes."""

    def __init__(self, lease: Lease, undone: Undone) -> None:
        self.lease, self.undone = lease, undone
        self.checkpoint = threading.Lock()  # So that what is written is what is committed.

    def is_for_lanes(self) -> bool:
        """Whether both halves have enough to do."""
        undone = self.undone
        at_end = END in {undone.at, undone.at_second}
        left = undone.total - undone.through
        return undone.phase in APART and not at_end and left >= LEAST_BATCHES * BATCH

    def run(self, conn: Connection) -> None:
        """The next batch, and commit."""
        half = self.undone.half
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        self._run(conn, Batch(self.undone.place(half), half))

    def run_beside(self, conn: Connection, half: int) -> bool:
        """The next batch of a half, and commit, while the other half is worked on too; false where
        there is none.
        """
        with self.checkpoint:
            undone = self.undone
        at = undone.place(half)
        if undone.phase not in APART or at == END:
            return False

        conn.execute("SELECT pg_advisory_xact_lock_shared(%s)", (ONE_AT_A_TIME,))
        self._run(conn, Batch(at, half, beside=True))
        return True

    def _run(self, conn: Connection, batch: Batch) -> None:
        began, phase = time.monotonic(), self.undone.phase
        # So that they speak up where the contact at fault can be told.
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        PHASES[phase](conn, self.lease.import_id, batch)
        _log_batch(conn, self.lease.import_id, batch.through, time.monotonic() - began)

        if batch.beside:
            conn.execute(SQL.wait_briefly, {"timeout": CHECKPOINT_TIMEOUT})
        with self.checkpoint:
            undone = _checkpoint(conn, self.lease, self.undone.after(batch))
            conn.commit()
            self.undone = undone


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
        return Undone(**{"at_second": begun.get("at"), **begun})

    conn.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))

    if _one(conn, SQL.another, id=lease.import_id)["under_way"]:
        conn.rollback()
        raise Paused("undo", "another import is being rolled back")

    total = _one(conn, SQL.to_go_through, id=lease.import_id)["entries"]
    undone = _checkpoint(conn, lease, Undone(total=total))
    conn.commit()

    return undone


def _one(conn: Connection, query: str, **parameters: object) -> dict[str, Any]:
    (row,) = undo_keys.rows(conn, query, parameters)
    return row


def _checkpoint(conn: Connection, lease: Lease, undone: Undone) -> Undone:
    """Write how far it is, under the lease's token: what was written. With the last batch the
    import is rolled back.
    """
    done = undone.phase == "done"
    if done:
        kept = _one(conn, SQL.count_kept, id=lease.import_id)["contacts"]
        undone = replace(undone, kept=kept)
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

    return undone


def _remove_created(conn: Connection, import_id: UUID, batch: Batch) -> None:
    """Remove the next contacts that this import created, last row first."""
    created = _next(conn, SQL.next_created, import_id, batch)
    batch.removed = _remove(conn, import_id, created, new=True)
    batch.through = len(created)
    batch.last = created[-1]["row"] if created else END


def _remove_due(conn: Connection, import_id: UUID, batch: Batch) -> None:
    """Remove the next contacts that an undone import created, and that nothing but this import's
    changes still kept.
    """
    due = _next(conn, SQL.next_due, import_id, batch)
    batch.removed = _remove(conn, import_id, due, new=False)
    batch.last = due[-1]["contact_id"] if due else END


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


def _restore_changed(conn: Connection, import_id: UUID, batch: Batch) -> None:
    """Bring back the fields of the next changes, newest first, and of the same import's others on
    their contacts.
    """
    changes = _next(conn, SQL.next_changes, import_id, batch)
    numbers = [change["id"] for change in changes]
    unit = undo_writing.of_import(import_id)

    whole = _restore_whole(conn, unit, numbers, look=batch.beside) if changes else set()
    batch.restored = len(whole)
    batch.through = len(changes)
    batch.last = numbers[-1] if numbers else END
    if left := [change for change in changes if change["id"] not in whole]:
        undo_writing.lock(conn, [change["contact_id"] for change in left])
        marked = _restore_locked(conn, unit, left, batch)
        batch.through += len(marked - set(numbers))


def _restore_whole(
    conn: Connection, unit: undo_writing.Unit, numbers: list[int], *, look: bool
) -> set[int]:
    """Undo the plain ones of these changes: which they are. Who holds their keys is looked up where
    one is taken, or first of all, so that two lanes do not wait for one another.
    """
    for looks in (True,) if look else (False, True):
        act = partial(undo_writing.restore_whole, conn, unit, numbers, look=looks)
        whole = _attempted(conn, act)
        if whole is not None:
            return whole

    return set()


def _restore_locked(
    conn: Connection, unit: undo_writing.Unit, changes: Sequence[Row], batch: Batch
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
            batch.restored += len(written.restored)
            return set(written.marked)

    if len(contacts) == 1:
        _list_refused(conn, unit["import_id"], changes[0], refusal)
        return set()

    first = set(sorted(contacts)[: len(contacts) // 2])
    parts = [
        [change for change in changes if (change["contact_id"] in first) is part]
        for part in (True, False)
    ]

    return set().union(*(_restore_locked(conn, unit, part, batch) for part in parts))


def _settle_due(conn: Connection, import_id: UUID, batch: Batch) -> None:
    """Give back the keys that are due, all that can be; what cannot is listed."""
    settled = undo_keys.settle(conn, undo_writing.of_import(import_id))
    batch.restored = settled.restored
    undo_writing.list_kept(conn, import_id, settled.blocked)


PHASES = {
    "created": _remove_created,
    "due_contacts": _remove_due,
    "changed": _restore_changed,
    "due_keys": _settle_due,
}


def _next(conn: Connection, query: str, import_id: UUID, batch: Batch) -> list[Row]:
    asked = {"import_id": import_id, "at": batch.at, "half": batch.half, "stripe": STRIPE}
    return undo_keys.rows(conn, query, {**asked, "batch": BATCH})


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
