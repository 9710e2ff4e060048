"""Enqueue, claim, slice, sweep. Jobs carry ids only and delegate to the rooms; the database says what is to be done.

With worker.py the only importer of rq. The queue is a doorbell: losing it loses no work, since the sweep puts every
import that should be moving back on it.
"""

import ctypes
import logging
import os
import resource
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

import psycopg
import redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException
from sqlalchemy.exc import OperationalError

from webapp import db
from webapp.config import MEBIBYTE, Settings
from webapp.engine import checking, execution, leases, preview, retention, rollback, uploads
from webapp.engine.faults import Fault, Fenced, Paused, classify, first_line
from webapp.engine.states import ENDED, WORKED_ON, State, Strategy
from webapp.intake.reading import Unreadable

logger = logging.getLogger(__name__)

QUEUE = "imports"
SWEPT_STATES = [state.value for state in WORKED_ON]
PR_SET_PDEATHSIG = 1
LOADED_BY = os.getpid()  # the worker, as its work-horses see it
LONGEST_OUTAGE = 600  # seconds that a work-horse waits for a lost database before it leaves that to the sweep
LONGEST_MAIL = 60  # seconds for one try at a mail server that answers, but never to the end
PHONE_LOCK = 7_665_101  # "rowcall phone": imports that match by phone run one at a time


@lru_cache(maxsize=4)
def queue(url: str) -> Queue:
    """The import queue; the JSON serializer keeps pickle out of it."""
    connection = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, default_timeout=-1)


def workers(settings: Settings) -> int:
    """How many workers listen to the queue. Raises redis.RedisError when it is out of reach."""
    return Worker.count(connection=queue(settings.redis_url).connection)


def wake(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ring for a worker, after the commit. False when the queue is out of reach: the sweep will ring again."""
    settings = settings or Settings()
    rung = _enqueue("webapp.jobs.work", f"import-{import_id}", str(import_id), settings)
    if not rung:
        with suppress(psycopg.Error), db.connect_job(settings.database_url) as conn:
            _note_queue(conn, [import_id], away=True)
    return rung


def request_pdf(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the PDF report to be rendered and kept."""
    return _enqueue("webapp.jobs.render_pdf", f"pdf-{import_id}", str(import_id), settings or Settings())


def request_notice(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the completion notice to be mailed."""
    name = f"mail-{import_id}"
    return _enqueue("webapp.jobs.notify", name, str(import_id), settings or Settings(), timeout=LONGEST_MAIL)


def _enqueue(function: str, name: str, argument: str, settings: Settings, *, timeout: int = -1) -> bool:
    """Put a job on the queue unless one of that name stands there already. `timeout` in seconds, -1 for none.

    Each ring has an id of its own: RQ deletes a job's record when it ends, and with it that of a namesake which
    was put on the queue meanwhile.
    """
    try:
        imports = queue(settings.redis_url)
        if not any(standing.startswith(name) for standing in imports.job_ids):
            job_id = f"{name}-{secrets.token_hex(4)}"
            kept = {"result_ttl": 0, "failure_ttl": 60, "description": job_id}
            imports.enqueue(function, argument, job_id=job_id, job_timeout=timeout, **kept)
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
        return False
    return True


def _queue_answers(settings: Settings) -> bool:
    try:
        return bool(queue(settings.redis_url).connection.ping())
    except redis.RedisError:
        return False


class StopRequest:
    """Whether this process was told to stop. A work-horse's SIGTERM lands here, and its batch is finished first."""

    told = False

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        self.told = True


stop_request = StopRequest()


def work(import_id: str) -> None:
    """Claim the import and do what its state calls for, for one slice; then let it go.

    With the database out of reach there is nothing to be done or said: the sweep rings again when it is back.
    """
    settings = Settings()
    _die_with_parent()
    try:
        with db.connect_job(settings.database_url) as conn:
            lease = leases.claim(conn, UUID(import_id), settings.lease_seconds)
            if lease is None:
                return  # Another worker has it: a job delivered twice changes nothing.
            with leases.heartbeat(settings.database_url, lease, settings.heartbeat_seconds):
                ended = _slice(conn, lease, settings)
        if ended is not None:
            _afterwards(lease.import_id, settings, ended=ended)
    except psycopg.OperationalError as error:
        logger.warning("database out of reach: %s", type(error).__name__)


def _slice(conn: Any, lease: leases.Lease, settings: Settings) -> bool | None:
    """One slice of work under the lease. Whether the import came to an end in it; None when it broke off."""
    try:
        ended = _work_on(conn, lease, settings, _Fairness(lease, settings))
        leases.release(conn, lease)
    except Fenced:
        logger.info("%s: another worker carries on", lease.import_id)
        _let_go(settings, lambda own: leases.release(own, lease))
    except Paused as pause:
        _wait_and_release(settings, lease, pause.reason)
        return None
    except BaseTimeoutException:
        raise  # RQ's own, an ordinary Exception: whoever swallows it never ends.
    except Exception as error:  # noqa: BLE001 - whatever it is, the lease must be let go and the death be counted
        _break_off(conn, lease, settings, error)
        return None
    else:
        return ended
    return False


def _break_off(conn: Any, lease: leases.Lease, settings: Settings, error: Exception) -> None:
    """Let go after an error that the engine does not settle itself. The sweep rings again, in a while."""
    if isinstance(error, psycopg.Error) and classify(error, conn) is Fault.OUTAGE:
        _wait_and_release(settings, lease, "database")
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__  # Not its text, which may quote a contact.
    logger.error("%s: broke off with %s at %s:%s", lease.import_id, kind, place.filename, place.lineno)
    message = first_line(error) if isinstance(error, psycopg.Error) else f"{kind} in {place.name}"
    _let_go(settings, lambda own: leases.abandon(own, lease, message))


def _let_go(settings: Settings, how: Callable[[Any], None]) -> bool:
    """Write to the lease over a connection of its own; false when the database is out of reach."""
    try:
        with db.connect_job(settings.database_url) as own:
            how(own)
    except psycopg.Error:
        return False
    return True


def _wait_and_release(settings: Settings, lease: leases.Lease, reason: str) -> None:
    """Say what the import waits for, as soon as anybody can be told: an outage is no death of the worker."""
    logger.warning("%s waits for %s", lease.import_id, reason)
    until = time.monotonic() + LONGEST_OUTAGE
    while not _let_go(settings, lambda own: leases.release(own, lease, waiting_for=reason)):
        if stop_request.told or time.monotonic() > until:
            return
        time.sleep(1)


def _work_on(conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]) -> bool:
    state = _state(conn, lease.import_id)
    poisoned = lease.deaths >= leases.POISONED_AFTER
    if state == State.CHECKING and poisoned:
        checking.refuse(conn, lease, "check_broken_off")
    elif state == State.CHECKING:
        _check(conn, lease, settings, should_yield)
    elif state == State.READY and not poisoned:
        preview.compute_missing(conn, lease, should_yield)
    elif state in {State.QUEUED, State.RUNNING, State.CANCELLING}:
        return _execute(conn, lease, settings, should_yield)
    elif state == State.ROLLING_BACK:
        return rollback.undo_slice(conn, lease, should_yield)
    return False


def _check(conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]) -> None:
    try:
        checking.check_slice(conn, lease, uploads.limits(settings), should_yield)
    except Unreadable as unreadable:
        conn.rollback()
        checking.refuse(conn, lease, unreadable.sentence)


def _execute(conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]) -> bool:
    """Imports that match by phone run one at a time: a phone is no unique key, so nothing else would guard it.

    One that was told to stop needs no turn.
    """
    if not execution.stop_requested(conn, lease.import_id) and not _phone_lock(conn, lease.import_id):
        raise Paused("phone", "another import that matches by phone is running")
    connect = partial(db.connect_job, settings.database_url)
    return execution.execute_slice(conn, lease, connect, should_yield) is not None


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
    if row is None:
        raise Fenced  # discarded meanwhile
    return State(row["state"])


class _Fairness:
    """Whether to make room: told to stop, or the slice is used up and somebody else waits.

    It asks over a connection of its own, so that the question never disturbs the transaction at hand.
    """

    def __init__(self, lease: leases.Lease, settings: Settings) -> None:
        self.lease, self.settings = lease, settings
        self.until = time.monotonic() + settings.slice_seconds

    def __call__(self) -> bool:
        if stop_request.told:
            return True
        if time.monotonic() < self.until:
            return False
        # With the queue away nobody could be called, neither those others nor this import again.
        make_room = self._others_wait() and _queue_answers(self.settings)
        self.until = time.monotonic() + self.settings.slice_seconds
        return make_room

    def _others_wait(self) -> bool:
        waiting: list[bool] = []
        _let_go(self.settings, lambda own: waiting.append(_others_wait(own, self.lease)))
        return any(waiting)


def _others_wait(conn: Any, lease: leases.Lease) -> bool:
    row = conn.execute(
        """SELECT EXISTS (SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
             WHERE l.import_id <> %s AND l.heartbeat_at IS NULL AND i.state = ANY(%s)) AS wait""",
        (lease.import_id, SWEPT_STATES),
    ).fetchone()
    return bool(row["wait"])


def _afterwards(import_id: UUID, settings: Settings, *, ended: bool) -> None:
    """Ring again while there is more to do; at the end, send the notice that was asked for."""
    with db.connect_job(settings.database_url) as conn:
        row: Any = conn.execute(
            """SELECT state, notification_email, l.waiting_for FROM contact_imports i
               JOIN contact_import_leases l ON l.import_id = i.id WHERE i.id = %s""",
            (import_id,),
        ).fetchone()
    if row is None:
        return  # discarded, forgotten or erased with a person meanwhile
    state = State(row["state"])
    if ended and state in ENDED and state != State.ROLLED_BACK and row["notification_email"]:
        request_notice(import_id, settings)
    elif (state in WORKED_ON or state == State.READY) and not row["waiting_for"]:
        _ring_if_unfinished(import_id, settings)


def _ring_if_unfinished(import_id: UUID, settings: Settings) -> None:
    with db.connect_job(settings.database_url) as conn:
        unfinished = import_id in _unattended(conn, settings)
    if unfinished:
        wake(import_id, settings)


def sweep(settings: Settings) -> int:
    """Put every import that should be moving and is not back on the queue; the number of imports so found."""
    with db.connect_job(settings.database_url) as conn:
        found = _unattended(conn, settings)
        rung = all(
            _enqueue("webapp.jobs.work", f"import-{import_id}", str(import_id), settings) for import_id in found
        )
        if found:
            _note_queue(conn, found, away=not rung)
    return len(found)


def forget(settings: Settings) -> bool:
    """Delete a little of what is older than the retention time; true when there is more of it."""
    with db.connect_job(settings.database_url) as conn:
        return retention.forget(conn, settings.retention_days)


def _note_queue(conn: Any, import_ids: list[UUID], *, away: bool) -> None:
    """Have the page say that it is the queue that an import waits for, or no longer."""
    conn.execute(
        """UPDATE contact_import_leases SET waiting_for = %(now)s
           WHERE import_id = ANY(%(ids)s) AND waiting_for IS NOT DISTINCT FROM %(before)s""",
        {"ids": import_ids, "now": "queue" if away else None, "before": None if away else "queue"},
    )
    conn.commit()


def end_silent_horses(settings: Settings, worker_pid: int) -> None:
    """Kill those work-horses of this worker that hold a lease and have long not been heard of.

    A frozen one would keep its worker from all other work; what it had in hand is rolled back and done again.
    """
    with db.connect_job(settings.database_url) as conn:
        silent = set(leases.silent_workers(conn, settings.lease_seconds))
    for pid in _children(worker_pid):
        if leases.worker_name(pid) in silent:
            logger.warning("work-horse %s is silent: it is ended", pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """The processes that this one started. Linux only; elsewhere a silent work-horse is merely fenced."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _unattended(conn: Any, settings: Settings) -> list[UUID]:
    """Imports with work to do that no live worker holds."""
    rows = conn.execute(
        """SELECT i.id FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
           WHERE (i.state = ANY(%(states)s) OR (i.state = 'ready' AND l.deaths < %(poisoned)s AND (
               SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id) < %(strategies)s
               AND (i.mended_at IS NULL OR i.mended_at < clock_timestamp() - interval '2 seconds')))
             AND (l.heartbeat_at IS NULL OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease)s))
           ORDER BY l.enqueued_at NULLS FIRST""",
        {
            "states": SWEPT_STATES,
            "strategies": len(Strategy),
            "lease": settings.lease_seconds,
            "poisoned": leases.POISONED_AFTER,
        },
    ).fetchall()
    conn.rollback()
    return [row["id"] for row in rows]


def horse_died(job: Job, pid: int, _status: int, _usage: object) -> None:
    """The worker lost its work-horse: end the lease that it held and ring again, rather than wait for it to run out."""
    settings = Settings()
    if job.id.startswith("pdf-"):
        _no_pdf(settings, UUID(job.args[0]))
    if not job.id.startswith("import-"):
        return
    import_id = UUID(job.args[0])
    _let_go(settings, lambda own: leases.bury(own, import_id, leases.worker_name(pid)))
    wake(import_id, settings)


def render_pdf(import_id: str) -> None:
    """Render the report and keep it. A report that takes too long or too much memory ends its own process only."""
    from webapp.reports import pdf  # noqa: PLC0415 - WeasyPrint's libraries may be missing, and cost memory

    _die_with_parent()
    settings = Settings()
    if os.environ.get("RQ_WORKER_ID"):
        resource.setrlimit(resource.RLIMIT_AS, (settings.pdf_memory_mb * MEBIBYTE,) * 2)
        # The end of the process, not an exception: WeasyPrint would take that for a broken picture and go on.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(settings.pdf_seconds)
    pdf.render_and_keep(settings, UUID(import_id))


def _no_pdf(settings: Settings, import_id: UUID) -> None:
    from webapp.reports import documents  # noqa: PLC0415 - only where a PDF went wrong

    with suppress(OperationalError), db.session(settings.database_url) as session:
        documents.keep_pdf(session, import_id, message=documents.TOO_MUCH)


def notify(import_id: str) -> None:
    """Mail the notice. Mail trouble is logged and never touches the import."""
    from webapp.reports import mail  # noqa: PLC0415 - only this job needs it

    _die_with_parent()
    settings = Settings()
    try:
        with db.session(settings.database_url) as session:
            mail.send_notice(settings, session, UUID(import_id))
    except BaseTimeoutException:
        with db.session(settings.database_url) as session:
            mail.note_failure(session, UUID(import_id), "timeout")
        raise


def send_notices(settings: Settings) -> int:
    """Ask for the notices that are still to be sent: a first try that got lost, or the next one after a failure."""
    from webapp.reports import mail  # noqa: PLC0415 - see above

    if not settings.smtp_url:
        return 0
    due: list[UUID] = []
    with suppress(OperationalError), db.session(settings.database_url) as session:
        due = mail.due(session)
    for import_id in due:
        request_notice(import_id, settings)
    return len(due)


def _die_with_parent() -> None:
    """A work-horse leaves its worker's process group, so a killed worker would leave it running. Linux only."""
    if sys.platform == "linux" and os.environ.get("RQ_WORKER_ID"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if LOADED_BY not in {os.getpid(), os.getppid()}:
            os._exit(1)  # The worker was gone before the system was told to watch it.
