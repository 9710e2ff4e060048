"""Enqueue, claim, slice, sweep. Jobs carry ids only and delegate to the rooms; the database says what is to be done.

With worker.py the only importer of rq. The queue is a doorbell: losing it loses no work, since the sweep puts every
import that should be moving back on it.
"""

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import FrameType
from typing import Any
from uuid import UUID

import psycopg
import redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from webapp import db
from webapp.config import Settings
from webapp.engine import checking, execution, leases, preview, rollback, sessions
from webapp.engine.faults import Fenced, Paused
from webapp.engine.states import ENDED, WORKED_ON, State, Strategy
from webapp.intake.reading import Unreadable

logger = logging.getLogger(__name__)

QUEUE = "imports"
SWEPT_STATES = [state.value for state in WORKED_ON]
PR_SET_PDEATHSIG = 1
PHONE_LOCK = 7_665_101  # "rowcall phone": imports that match by phone run one at a time


@lru_cache(maxsize=4)
def queue(url: str) -> Queue:
    """The import queue; the JSON serializer keeps pickle out of it."""
    connection = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, default_timeout=-1)


def workers(settings: Settings) -> int:
    """How many workers listen to the queue. Raises redis.RedisError when it is out of reach."""
    return Worker.count(connection=queue(settings.redis_url).connection)


def wake(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ring for a worker, after the commit. False when the queue is out of reach: the sweep will ring again."""
    return _enqueue("webapp.jobs.work", f"import-{import_id}", str(import_id), settings or Settings())


def request_pdf(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the PDF report to be rendered and kept."""
    return _enqueue("webapp.jobs.render_pdf", f"pdf-{import_id}", str(import_id), settings or Settings())


def request_notice(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the completion notice to be mailed."""
    return _enqueue("webapp.jobs.notify", f"mail-{import_id}", str(import_id), settings or Settings())


def _enqueue(function: str, job_id: str, argument: str, settings: Settings) -> bool:
    """Put a job on the queue unless it stands there already; a left-over record of a lost run is no hindrance."""
    try:
        imports = queue(settings.redis_url)
        if imports.get_job_position(job_id) is None:
            imports.enqueue(
                function, argument, job_id=job_id, job_timeout=-1, result_ttl=0, failure_ttl=60, description=job_id
            )
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
        return False
    return True


def work(import_id: str) -> None:
    """Claim the import and do what its state calls for, for one slice; then let it go."""
    settings = Settings()
    _die_with_parent()
    with _connection(settings) as conn:
        lease = leases.claim(conn, UUID(import_id), settings.lease_seconds)
        if lease is None:
            return  # Another worker has it: a job delivered twice changes nothing.
        with leases.heartbeat(settings.database_url, lease, settings.heartbeat_seconds):
            ended = _slice(conn, lease, settings)
    _afterwards(lease.import_id, settings, ended=ended)


@contextmanager
def _connection(settings: Settings) -> Iterator[Any]:
    """A job's connection; an outage ends the job quietly, since the sweep will try again."""
    try:
        with db.connect_job(settings.database_url) as conn:
            yield conn
    except psycopg.OperationalError as error:
        logger.warning("database out of reach: %s", type(error).__name__)
        sys.exit(0)


def _slice(conn: Any, lease: leases.Lease, settings: Settings) -> bool:
    """One slice of work under the lease. True when the import came to an end in it."""
    try:
        with _stop_at_batch_end() as told_to_stop:
            ended = _work_on(conn, lease, settings, _Fairness(lease, settings, told_to_stop))
        leases.release(conn, lease)
    except Fenced:
        logger.info("%s: another worker carries on", lease.import_id)
        return False
    except Paused as pause:
        _release_after_outage(settings, lease, pause)
        return False
    return ended


def _work_on(conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]) -> bool:
    state = _state(conn, lease.import_id)
    if state == State.CHECKING:
        _check(conn, lease, settings, should_yield)
    elif state == State.READY:
        preview.compute_missing(conn, lease, should_yield)
    elif state in {State.QUEUED, State.RUNNING, State.CANCELLING}:
        return _execute(conn, lease, should_yield)
    elif state == State.ROLLING_BACK:
        return rollback.undo_slice(conn, lease, should_yield)
    return False


def _check(conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]) -> None:
    try:
        checking.check_slice(conn, lease, sessions.limits(settings), should_yield)
    except Unreadable as unreadable:
        conn.rollback()
        checking.refuse(conn, lease, unreadable)


def _execute(conn: Any, lease: leases.Lease, should_yield: Callable[[], bool]) -> bool:
    """Imports that match by phone run one at a time: a phone is no unique key, so nothing else would guard it."""
    if not _phone_lock(conn, lease.import_id):
        raise Paused("phone", "another import that matches by phone is running")
    return execution.execute_slice(conn, lease, should_yield) is not None


def _phone_lock(conn: Any, import_id: UUID) -> bool:
    row = conn.execute(
        """SELECT CASE WHEN 'phone' = ANY(match_keys) THEN pg_try_advisory_lock(%s) ELSE true END AS free
           FROM contact_imports WHERE id = %s""",
        (PHONE_LOCK, import_id),
    ).fetchone()
    conn.rollback()
    return bool(row["free"])


def _state(conn: Any, import_id: UUID) -> State:
    row = conn.execute("SELECT state FROM contact_imports WHERE id = %s", (import_id,)).fetchone()
    conn.rollback()
    return State(row["state"])


class _Fairness:
    """Whether to make room: told to stop, or the slice is used up and somebody else waits.

    It asks over a connection of its own, so that the question never disturbs the transaction at hand.
    """

    def __init__(self, lease: leases.Lease, settings: Settings, told_to_stop: Callable[[], bool]) -> None:
        self.lease, self.settings, self.told_to_stop = lease, settings, told_to_stop
        self.until = time.monotonic() + settings.slice_seconds

    def __call__(self) -> bool:
        if self.told_to_stop():
            return True
        if time.monotonic() < self.until:
            return False
        self.until = time.monotonic() + self.settings.slice_seconds
        return self._others_wait()

    def _others_wait(self) -> bool:
        with db.connect_job(self.settings.database_url) as conn:
            row = conn.execute(
                """SELECT EXISTS (SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
                     WHERE l.import_id <> %s AND l.heartbeat_at IS NULL AND i.state = ANY(%s)) AS wait""",
                (self.lease.import_id, SWEPT_STATES),
            ).fetchone()
        return bool(row and row["wait"])


@contextmanager
def _stop_at_batch_end() -> Iterator[Callable[[], bool]]:
    """A SIGTERM meant for the whole service lets the batch at hand finish, then the slice ends."""
    told = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    with suppress(ValueError):  # Not in the main thread: tests call the jobs directly.
        signal.signal(signal.SIGTERM, note)
    yield lambda: told


def _release_after_outage(settings: Settings, lease: leases.Lease, pause: Paused) -> None:
    """Say what the import waits for, if anybody can be told. Otherwise the lease runs out and the sweep takes over."""
    logger.warning("%s waits for %s", lease.import_id, pause.reason)
    with suppress(psycopg.Error), db.connect_job(settings.database_url) as conn:
        leases.release(conn, lease, waiting_for=pause.reason)


def _afterwards(import_id: UUID, settings: Settings, *, ended: bool) -> None:
    """Ring again while there is more to do; at the end, send the notice that was asked for."""
    with _connection(settings) as conn:
        row = conn.execute(
            """SELECT state, notification_email, l.waiting_for FROM contact_imports i
               JOIN contact_import_leases l ON l.import_id = i.id WHERE i.id = %s""",
            (import_id,),
        ).fetchone()
    state = State(row["state"])
    if ended and state in ENDED and state != State.ROLLED_BACK and row["notification_email"]:
        request_notice(import_id, settings)
    elif (state in WORKED_ON or state == State.READY) and not row["waiting_for"]:
        _ring_if_unfinished(import_id, settings)


def _ring_if_unfinished(import_id: UUID, settings: Settings) -> None:
    with _connection(settings) as conn:
        if import_id in _unattended(conn, settings):
            wake(import_id, settings)


def sweep(settings: Settings) -> int:
    """Put every import that should be moving and is not back on the queue; the number of imports so found."""
    with db.connect_job(settings.database_url) as conn:
        found = _unattended(conn, settings)
    for import_id in found:
        wake(import_id, settings)
    return len(found)


def _unattended(conn: Any, settings: Settings) -> list[UUID]:
    """Imports with work to do that no live worker holds."""
    rows = conn.execute(
        """SELECT i.id FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
           WHERE (i.state = ANY(%(states)s) OR (i.state = 'ready' AND (
               SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id) < %(strategies)s
               AND (i.mended_at IS NULL OR i.mended_at < clock_timestamp() - interval '2 seconds')))
             AND (l.heartbeat_at IS NULL OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease)s))
           ORDER BY l.enqueued_at NULLS FIRST""",
        {"states": SWEPT_STATES, "strategies": len(Strategy), "lease": settings.lease_seconds},
    ).fetchall()
    conn.rollback()
    return [row["id"] for row in rows]


def horse_died(job: Job, pid: int, _status: int, _usage: object) -> None:
    """The worker lost its work-horse: end the lease that it held and ring again, rather than wait for it to run out."""
    if not job.id.startswith("import-"):
        return
    settings, import_id = Settings(), UUID(job.args[0])
    with suppress(psycopg.Error), db.connect_job(settings.database_url) as conn:
        conn.execute(
            """UPDATE contact_import_leases SET heartbeat_at = '-infinity'
               WHERE import_id = %s AND heartbeat_at IS NOT NULL AND worker = %s""",
            (import_id, leases.worker_name(pid)),
        )
        conn.commit()
    wake(import_id, settings)


def render_pdf(import_id: str) -> None:
    """Render the report and keep it."""
    from webapp.reports import pdf  # noqa: PLC0415 - WeasyPrint's libraries may be missing, and cost memory

    _die_with_parent()
    pdf.render_and_keep(Settings(), UUID(import_id))


def notify(import_id: str) -> None:
    """Mail the notice. Mail trouble is logged and never touches the import."""
    from webapp.reports import mail  # noqa: PLC0415 - only this job needs it

    _die_with_parent()
    settings = Settings()
    with db.session(settings.database_url) as session:
        mail.send_notice(settings, session, UUID(import_id))


def _die_with_parent() -> None:
    """A work-horse leaves its worker's process group, so a killed worker would leave it running. Linux only."""
    if sys.platform == "linux" and os.environ.get("RQ_WORKER_ID"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
