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

from webapp import db
from webapp.db import Connection

POISONED_AFTER = 3  # work-horses lost at one checkpoint before its batch is given up


@dataclass(frozen=True)
class Lease:
    """A claim on one import.

    `deaths` counts the work-horses lost since the checkpoint last moved.
    """

    import_id: UUID
    token: int
    deaths: int


def claim(conn: Connection, import_id: UUID, lease_seconds: float) -> Lease | None:
    """Take the import if it is free or the holder's heartbeat is older than `lease_seconds`; else None.

    A holder that is late is fenced first: its database session is ended, then the token moves on, so what
    it had in flight is rolled back before the new holder reads the checkpoint.
    """
    held = _lock_if_free(conn, import_id, lease_seconds)
    if held is None:
        conn.rollback()
        return None

    if held["backend_pid"]:
        _end_backend(conn, held["backend_pid"], held["backend_start"])

    # Where the work stands is read behind the old session: a lost work-horse's batches may have
    # gone on for a moment.
    token, place = _move_token(conn, import_id)
    deaths = _deaths(held, place)
    _record_holder(conn, import_id, token, deaths, place)
    if (
        held["died"] and deaths <= POISONED_AFTER
    ):  # From then on it is the same, every few seconds.
        _log_resumed(conn, import_id, held["worker"])

    conn.commit()

    return Lease(import_id, token, deaths)


# Where the work stands, as one number that moves with it: deaths count against the work only while
# it stands still.
PLACE = """CASE i.state
    WHEN 'checking' THEN COALESCE((i.read_position ->> 'rows')::bigint, 0)
    WHEN 'ready' THEN -10 - COALESCE((i.correcting ->> 'after')::bigint * 10, 0)
      - (SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id)
    WHEN 'rolling_back' THEN -100 - COALESCE((i.rollback ->> 'through')::bigint, 0)
    ELSE i.last_row END"""

# A heartbeat from before the database's own start tells of the database's stop, not of the worker's
# death.
_DIED = (
    "COALESCE(l.heartbeat_at = 'epoch' OR l.heartbeat_at > pg_postmaster_start_time(), false)"
)


def _lock_if_free(
    conn: Connection, import_id: UUID, lease_seconds: float
) -> dict[str, Any] | None:
    return conn.execute(
        f"""SELECT l.backend_pid, l.backend_start, l.worker, l.deaths, l.deaths_at_row,
             {_DIED} AS died
           FROM contact_import_leases l
           WHERE l.import_id = %s AND (l.heartbeat_at IS NULL
             OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %s))
           FOR UPDATE OF l SKIP LOCKED""",
        (import_id, lease_seconds),
    ).fetchone()


def _end_backend(conn: Connection, pid: object, started: object) -> None:
    """End the late holder's session.

    The start time is compared too: the pid may belong to another process by now.
    """
    conn.execute(
        """SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
           WHERE pid = %s AND backend_start = %s AND pid <> pg_backend_pid() AND application_name = 'rowcall-job'""",
        (pid, started),
    )


def _deaths(held: dict[str, Any], place: int) -> int:
    before = int(held["deaths"]) if held["deaths_at_row"] == place else 0
    return before + int(held["died"])


def _log_resumed(conn: Connection, import_id: UUID, worker: str | None) -> None:
    conn.execute(
        "INSERT INTO contact_import_logs (import_id, event, category, message) VALUES (%s, 'resumed', 'system', %s)",
        (import_id, f"The work of {worker or 'a worker'} was taken over"),
    )


def _move_token(conn: Connection, import_id: UUID) -> tuple[int, int]:
    """The new token, and where the work stands."""
    moved = conn.execute(
        f"""UPDATE contact_imports i SET lease_token = lease_token + 1 WHERE id = %s
            RETURNING lease_token, {PLACE} AS place""",
        (import_id,),
    ).fetchone()
    assert moved is not None  # noqa: S101 - the lease row references the import

    return int(moved["lease_token"]), int(moved["place"])


def worker_name(pid: int) -> str:
    """How a process is named in the lease: host and process id."""
    return f"{socket.gethostname()}:{pid}"


def _record_holder(
    conn: Connection, import_id: UUID, token: int, deaths: int, place: int
) -> None:
    conn.execute(
        """UPDATE contact_import_leases SET token = %s, worker = %s, heartbeat_at = clock_timestamp(),
             backend_pid = pg_backend_pid(),
             backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
             waiting_for = NULL, deaths = %s, deaths_at_row = %s
           WHERE import_id = %s""",
        (token, worker_name(os.getpid()), deaths, place, import_id),
    )


def release(conn: Connection, lease: Lease, *, waiting_for: str | None = None) -> None:
    """Let the import go, so that any worker may claim it at once.

    Does nothing when the lease has passed on.

    From here on a worker is wanted again, which `enqueued_at` says.
    """
    conn.execute(
        """UPDATE contact_import_leases
           SET heartbeat_at = NULL, backend_pid = NULL, worker = NULL, enqueued_at = clock_timestamp(), waiting_for = %s
           WHERE import_id = %s AND token = %s""",
        (waiting_for, lease.import_id, lease.token),
    )
    conn.commit()


def abandon(conn: Connection, lease: Lease, message: str) -> None:
    """Let the import go because the work on it broke; it counts as a death at this place.

    `message` is for the log, in which it stands once where it is the same again and again.
    """
    conn.execute(
        """WITH ended AS (
             UPDATE contact_import_leases
             SET heartbeat_at = 'epoch', backend_pid = NULL, enqueued_at = clock_timestamp()
             WHERE import_id = %(id)s AND token = %(token)s RETURNING import_id)
           INSERT INTO contact_import_logs (import_id, event, category, message)
           SELECT import_id, 'broken_off', 'system', %(message)s FROM ended
           WHERE %(deaths)s < %(poisoned)s OR %(message)s IS DISTINCT FROM (
             SELECT message FROM contact_import_logs
             WHERE import_id = %(id)s AND event = 'broken_off' ORDER BY id DESC LIMIT 1)""",
        {
            "id": lease.import_id,
            "token": lease.token,
            "message": message,
            "deaths": lease.deaths,
            "poisoned": POISONED_AFTER,
        },
    )
    conn.commit()


def expire(conn: Connection, import_id: UUID, worker: str) -> None:
    """End the lease of a work-horse that is known to be dead, rather than wait for it to run out."""
    conn.execute(
        """UPDATE contact_import_leases SET heartbeat_at = 'epoch', enqueued_at = clock_timestamp()
           WHERE import_id = %s AND heartbeat_at IS NOT NULL AND worker = %s""",
        (import_id, worker),
    )
    conn.commit()


def silent_workers(conn: Connection, lease_seconds: float) -> list[str]:
    """The names of lease holders whose heartbeat is late although the database was there to take it."""
    rows = conn.execute(
        """SELECT worker FROM contact_import_leases WHERE worker IS NOT NULL
             AND heartbeat_at > pg_postmaster_start_time()
             AND heartbeat_at < clock_timestamp() - make_interval(secs => %s)""",
        (lease_seconds,),
    ).fetchall()
    conn.rollback()

    return [row["worker"] for row in rows]


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
               WHERE import_id = %s AND token = %s AND heartbeat_at > 'epoch'""",  # never after it was let go
            (lease.import_id, lease.token),
        )
        conn.commit()
        if stop.wait(every):
            return
