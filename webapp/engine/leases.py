"""Leases: at most one worker executes an import, and a stale one can do no harm.

The token stands in `contact_imports` and is counted up by every claim. A batch moves its checkpoint by an UPDATE
that names the token, so a worker that was frozen, orphaned or thought dead finds no row and rolls back.
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

from webapp import db
from webapp.engine.duplicates import Connection

POISONED_AFTER = 3  # work-horses lost at one checkpoint before its batch is given up


@dataclass(frozen=True)
class Lease:
    """A claim on one import. `deaths` counts the work-horses lost since the checkpoint last moved."""

    import_id: UUID
    token: int
    deaths: int


def claim(conn: Connection, import_id: UUID, lease_seconds: float) -> Lease | None:
    """Take the import if nobody holds it or the holder's heartbeat is older than `lease_seconds`; else None.

    A holder that is late is fenced first: its database session is ended, then the token moves on, so whatever
    it had in flight is rolled back before the new holder reads the checkpoint.
    """
    held = _lock_if_free(conn, import_id, lease_seconds)
    if held is None:
        conn.rollback()
        return None
    if held["backend_pid"]:
        _end_backend(conn, held["backend_pid"], held["backend_start"])
    deaths = _count_death(held) if held["heartbeat_at"] else 0
    token = _move_token(conn, import_id)
    _record_holder(conn, import_id, token, deaths, held["checkpoint"])
    conn.commit()
    return Lease(import_id, token, deaths)


def _lock_if_free(conn: Connection, import_id: UUID, lease_seconds: float) -> dict[str, Any] | None:
    return conn.execute(
        """SELECT l.backend_pid, l.backend_start, l.heartbeat_at, l.deaths, l.deaths_at_row,
             i.last_row AS checkpoint
           FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
           WHERE l.import_id = %s AND (l.heartbeat_at IS NULL
             OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %s))
           FOR UPDATE OF l SKIP LOCKED""",
        (import_id, lease_seconds),
    ).fetchone()


def _end_backend(conn: Connection, pid: object, started: object) -> None:
    """End the late holder's session. Its start time is compared too: the pid may be somebody else's by now."""
    conn.execute(
        """SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
           WHERE pid = %s AND backend_start = %s AND pid <> pg_backend_pid() AND application_name = 'rowcall-job'""",
        (pid, started),
    )


def _count_death(held: dict[str, Any]) -> int:
    same_place = held["deaths_at_row"] == held["checkpoint"]
    return int(held["deaths"]) + 1 if same_place else 1


def _move_token(conn: Connection, import_id: UUID) -> int:
    moved = conn.execute(
        "UPDATE contact_imports SET lease_token = lease_token + 1 WHERE id = %s RETURNING lease_token",
        (import_id,),
    ).fetchone()
    assert moved is not None  # noqa: S101 - the lease row references the import
    return int(moved["lease_token"])


def worker_name(pid: int) -> str:
    """How a process is named in the lease: host and process id."""
    return f"{socket.gethostname()}:{pid}"


def _record_holder(conn: Connection, import_id: UUID, token: int, deaths: int, checkpoint: object) -> None:
    conn.execute(
        """UPDATE contact_import_leases SET token = %s, worker = %s, heartbeat_at = clock_timestamp(),
             backend_pid = pg_backend_pid(),
             backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
             waiting_for = NULL, deaths = %s, deaths_at_row = %s
           WHERE import_id = %s""",
        (token, worker_name(os.getpid()), deaths, checkpoint, import_id),
    )


def release(conn: Connection, lease: Lease, *, waiting_for: str | None = None) -> None:
    """Let the import go, so that any worker may claim it at once. Does nothing when the lease has passed on."""
    conn.execute(
        """UPDATE contact_import_leases
           SET heartbeat_at = NULL, backend_pid = NULL, worker = NULL, enqueued_at = clock_timestamp(), waiting_for = %s
           WHERE import_id = %s AND token = %s""",
        (waiting_for, lease.import_id, lease.token),
    )
    conn.commit()


@contextmanager
def heartbeat(url: str, lease: Lease, every: float) -> Iterator[None]:
    """Renew the lease every `every` seconds from a thread and a connection of its own while the block runs."""
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
        conn.execute(
            """UPDATE contact_import_leases SET heartbeat_at = clock_timestamp()
               WHERE import_id = %s AND token = %s""",
            (lease.import_id, lease.token),
        )
        conn.commit()
        if stop.wait(every):
            return
