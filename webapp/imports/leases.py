"""Leases: at most one worker executes an import, and a stale one can do no harm.

The token stands in `contact_imports` and is counted up by every claim. A batch moves its checkpoint
by an UPDATE that names the token, so a worker that was frozen, orphaned or thought dead finds no
row and rolls back.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import Connection
from webapp.models import ImportLease

SQL = queries.load("leases")
PLACE = SQL.place
END_MILLISECONDS = 2000  # that a session which is told to end may take
GIVE_UP_AFTER = 3  # work-horses lost at one checkpoint before its batch is given up


@dataclass(frozen=True)
class Lease:
    """A claim on one import.

    `deaths` counts the work-horses lost since the checkpoint last moved.
    """

    import_id: UUID
    token: int
    deaths: int


def given_up(session: Session, import_id: UUID) -> bool:
    """Whether the previews of an import ended too many work-horses. Then no worker computes them
    again. The import, or its rows, can be run all the same.
    """
    lease = session.get(ImportLease, import_id, populate_existing=True)
    return lease is not None and lease.deaths >= GIVE_UP_AFTER


def claim(conn: Connection, import_id: UUID, lease_seconds: float) -> Lease | None:
    """Take the import if it is free or the holder's heartbeat is older than `lease_seconds`; else
    None.

    A holder that is late is fenced first: its database sessions are ended, then the token moves on,
    so what it had in flight is rolled back before the new holder reads the checkpoint. None, too,
    where one of them does not end.
    """
    held = _lock_if_free(conn, import_id, lease_seconds)
    if held is None or not _end_sessions(conn, import_id, held):
        conn.rollback()
        return None

    # Where the work stands is read behind the old session: a lost work-horse's batches may have
    # gone on for a moment.
    token, place = _move_token(conn, import_id)
    deaths = _deaths(held, place)
    _record_holder(conn, import_id, token, deaths, place)
    if (
        held["died"] and deaths <= GIVE_UP_AFTER
    ):  # From then on it is the same, every few seconds.
        _log_resumed(conn, import_id, held["worker"])

    conn.commit()

    return Lease(import_id, token, deaths)


def _lock_if_free(
    conn: Connection, import_id: UUID, lease_seconds: float
) -> dict[str, Any] | None:
    parameters = {"import_id": import_id, "lease_seconds": lease_seconds}
    return conn.execute(SQL.lock_if_free, parameters).fetchone()


def _end_sessions(conn: Connection, import_id: UUID, held: dict[str, Any]) -> bool:
    """End the sessions of the late holder; false where one is still there after a while: it may
    hold locks, and go on with its batch.
    """
    return _are_ended(conn, import_id, held["backend_pid"], held["backend_start"])


def name_lane(conn: Connection, import_id: UUID) -> None:
    """Name the session of a further lane, of an execution or an undo, so that the worker that takes
    the import over can end it.
    """
    conn.execute(SQL.name_lane, {"import_id": str(import_id)})
    conn.commit()


def end_lanes(conn: Connection, import_id: UUID) -> bool:
    """End the sessions of further lanes; false where one is still there after a while. Ends the
    transaction.
    """
    ended = _are_ended(conn, import_id, None, None)
    conn.rollback()
    return ended


def _are_ended(conn: Connection, import_id: UUID, pid: object, started: object) -> bool:
    asked = {"import_id": import_id, "pid": pid, "started": started}
    if not conn.execute(SQL.end_sessions, {**asked, "most": END_MILLISECONDS}).fetchall():
        return True

    conn.execute(SQL.look_anew)  # Else a transaction sees the sessions as it first saw them.
    return not conn.execute(SQL.sessions, asked).fetchall()


def _deaths(held: dict[str, Any], place: int) -> int:
    before = int(held["deaths"]) if held["deaths_at_row"] == place else 0
    return before + int(held["died"])


def _log_resumed(conn: Connection, import_id: UUID, worker: str | None) -> None:
    message = f"The work of {worker or 'a worker'} was taken over"
    conn.execute(SQL.log_resumed, {"import_id": import_id, "message": message})


def _move_token(conn: Connection, import_id: UUID) -> tuple[int, int]:
    """The new token, and where the work stands."""
    moved = conn.execute(SQL.move_token, {"import_id": import_id}).fetchone()
    assert moved is not None  # noqa: S101 - the lease row references the import

    return int(moved["lease_token"]), int(moved["place"])


def worker_name(pid: int) -> str:
    """How a process is named in the lease: host and process id."""
    return f"{socket.gethostname()}:{pid}"


def _record_holder(
    conn: Connection, import_id: UUID, token: int, deaths: int, place: int
) -> None:
    conn.execute(
        SQL.record_holder,
        {
            "import_id": import_id,
            "token": token,
            "worker": worker_name(os.getpid()),
            "deaths": deaths,
            "place": place,
        },
    )


def release(conn: Connection, lease: Lease, *, waiting_for: str | None = None) -> None:
    """Let the import go, so that any worker may claim it at once.

    Does nothing when the lease has passed on.

    From here on a worker is wanted again, which `enqueued_at` says.
    """
    conn.execute(
        SQL.release,
        {"import_id": lease.import_id, "token": lease.token, "waiting_for": waiting_for},
    )
    conn.commit()


def abandon(conn: Connection, lease: Lease, message: str) -> None:
    """Let the import go because the work on it broke; it counts as a death at this place.

    `message` is for the log, in which it stands once where it is the same again and again.
    """
    conn.execute(
        SQL.abandon,
        {
            "import_id": lease.import_id,
            "token": lease.token,
            "message": message,
            "deaths": lease.deaths,
            "give_up_after": GIVE_UP_AFTER,
        },
    )
    conn.commit()


def expire(conn: Connection, import_id: UUID, worker: str) -> None:
    """End the lease of a work-horse that is known to be dead, rather than wait for it to run
    out.
    """
    conn.execute(SQL.expire, {"import_id": import_id, "worker": worker})
    conn.commit()


def is_any_held(conn: Connection, states: list[str], lease_seconds: float) -> bool:
    """Whether a worker that is not late works on an import in one of these states. Ends the
    transaction.
    """
    parameters = {"states": states, "lease_seconds": lease_seconds}
    row = conn.execute(SQL.is_any_held, parameters).fetchone()
    conn.rollback()

    return row is not None and bool(row["held"])


def silent_workers(conn: Connection, lease_seconds: float) -> list[str]:
    """The names of lease holders whose heartbeat is late although the database was there to take
    it.
    """
    rows = conn.execute(SQL.silent_workers, {"lease_seconds": lease_seconds}).fetchall()
    conn.rollback()

    return [row["worker"] for row in rows]


@contextmanager
def heartbeat(url: str, lease: Lease, every: float) -> Iterator[None]:
    """Renew the lease every `every` seconds from a thread and a connection of its own while the
    block runs.
    """
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(url, lease, every, stop), daemon=True)
    thread.start()

    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=every)


def _beat(url: str, lease: Lease, every: float, stop: threading.Event) -> None:
    while not stop.wait(every):
        try:
            with db.connect_job(url) as conn:
                _renew_until(stop, every, conn, lease)
        except psycopg.Error:
            continue  # The batch engine meets the same outage and speaks about it.


def _renew_until(stop: threading.Event, every: float, conn: Connection, lease: Lease) -> None:
    while True:
        conn.execute(SQL.renew, {"import_id": lease.import_id, "token": lease.token})
        conn.commit()
        if stop.wait(every):
            return
