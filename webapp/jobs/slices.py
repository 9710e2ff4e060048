"""One job's work on an import: claim it, do what its state calls for, for one slice, and let
it go.
"""

import logging
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from webapp import db, queries
from webapp.config import Settings
from webapp.contacts import book_keys
from webapp.deciding import person_keys, preview, rerun_preview
from webapp.executing import execution
from webapp.imports import leases, uploads
from webapp.imports.faults import Fault, Fenced, Paused, classify, first_line
from webapp.jobs import queueing, report_jobs, sweeping, work_horses
from webapp.staging import check, corrections, second_process
from webapp.undoing import undo, undo_preview
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import (
    ENDED,
    RUN_ENDED,
    WORKED_ON,
    Command,
    State,
    allowing,
)

logger = logging.getLogger(__name__)

SQL = queries.load("jobs")

# Seconds that a work-horse waits for a lost database before it leaves that to the sweep.
LONGEST_OUTAGE = 600
# Imports that match by phone, or hold rows without any key, run one at a time.
UNGUARDED_LOCK = 7_665_101


def work(import_id: str) -> None:
    """Claim the import and do what its state calls for, for one slice; then let it go.

    With the database out of reach there is nothing to be done or said: the sweep enqueues again
    when it is back.
    """
    settings = Settings()
    work_horses.die_with_parent()

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
    """One slice of work under the lease.

    Whether the import came to an end in it; None when it broke off.
    """
    try:
        ended = _work_on(conn, lease, settings, _Fairness(lease, settings))
        leases.release(conn, lease)
    except Fenced:
        logger.info("%s: another worker carries on", lease.import_id)
        _let_go(settings, lambda own: leases.release(own, lease))
    except Paused as pause:
        _wait_and_release(settings, lease, pause.reason)
        return None
    except queueing.BaseTimeoutException:
        raise  # RQ's own, an ordinary Exception: swallowed, it would never end.
    except Exception as error:  # noqa: BLE001 - for every error, the lease must be let go and the death be counted
        _break_off(conn, lease, settings, error)
        return None
    else:
        return ended

    return False


def _break_off(conn: Any, lease: leases.Lease, settings: Settings, error: Exception) -> None:
    """Let go after an error that the engine does not settle itself.

    The sweep enqueues it again later.
    """
    if isinstance(error, psycopg.Error) and classify(error, conn) is Fault.OUTAGE:
        _wait_and_release(settings, lease, "database")
        return

    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__  # Not its text, which may quote a contact.
    logger.error(
        "%s: broke off with %s at %s:%s", lease.import_id, kind, place.filename, place.lineno
    )
    message = (
        first_line(error) if isinstance(error, psycopg.Error) else f"{kind} in {place.name}"
    )
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
    """Say what the import waits for, as soon as the database can be told: an outage is no
    death of the worker.
    """
    logger.warning("%s waits for %s", lease.import_id, reason)
    until = time.monotonic() + LONGEST_OUTAGE

    while not _let_go(settings, lambda own: leases.release(own, lease, waiting_for=reason)):
        if work_horses.stop_request.told or time.monotonic() > until:
            return
        time.sleep(1)


def _work_on(
    conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]
) -> bool:
    state = _state(conn, lease.import_id)
    given_up = lease.deaths >= leases.GIVE_UP_AFTER

    if state == State.CHECKING and given_up:
        check.refuse(conn, lease, Refusal("check_broken_off"))
    elif state == State.CHECKING:
        _check(conn, lease, settings, should_yield)
    elif state in allowing(Command.CORRECT) and given_up:
        corrections.give_up(conn, lease)
    elif state in allowing(Command.CORRECT):
        corrected = corrections.correct_slice(conn, lease, should_yield)
        stopped = partial(getattr, work_horses.stop_request, "told")
        if corrected and state in RUN_ENDED:
            rerun_preview.compute_missing(conn, lease, should_yield, stopped)
        elif corrected:
            connect = _where_a_core_is_free(conn, lease, settings)
            if preview.compute_missing(conn, lease, should_yield, stopped, connect):
                queueing.request_possible_matches(settings)
    elif state in {State.QUEUED, State.RUNNING, State.CANCELLING}:
        return _execute(conn, lease, settings, should_yield)
    elif state == State.ROLLING_BACK:
        second_lane = partial(_second_lane, conn, lease, settings)
        return undo.undo_slice(conn, lease, should_yield, second_lane)

    return False


def _check(
    conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]
) -> None:
    try:
        check.check_slice(
            conn,
            lease,
            uploads.limits(settings),
            should_yield,
            second=_where_a_core_is_free(conn, lease, settings),
        )
    except Refusal as refusal:
        conn.rollback()
        check.refuse(conn, lease, refusal)


def _where_a_core_is_free(
    conn: Any, lease: leases.Lease, settings: Settings
) -> second_process.Connect | None:
    """How the second process of a check, or the second session of previews, connects, where a core
    of this machine is free for it: each other import that is worked on, or waits for a worker,
    takes one.
    """
    others = _others_at_work(conn, lease, settings)
    if second_process.cores() - others["imports"] < 2:  # noqa: PLR2004 - two processes
        return None

    return partial(db.connect_job, settings.database_url)


def _lanes_beside(conn: Any, lease: leases.Lease, settings: Settings) -> int:
    """How many lanes of an execution or an undo may work beside the first one: as many as cores of
    this machine are free, or as workers are idle, wherever they are. A lane is work for the
    database, and there are as many workers as it shall have streams of work.
    """
    others = _others_at_work(conn, lease, settings)
    most = max(int(second_process.cores()), others["workers"])
    return max(most - 1 - others["imports"], 0)


def _second_lane(
    conn: Any, lease: leases.Lease, settings: Settings
) -> second_process.Connect | None:
    """How the second lane of an undo connects, where it may work now."""
    lanes = _lanes_beside(conn, lease, settings)
    return partial(db.connect_job, settings.database_url) if lanes else None


def _others_at_work(conn: Any, lease: leases.Lease, settings: Settings) -> dict[str, int]:
    asked = {
        "import_id": lease.import_id,
        "states": sweeping.SWEPT_STATES,
        "lease_seconds": settings.lease_seconds,
    }
    found: dict[str, int] = conn.execute(SQL.others_at_work, asked).fetchone()
    conn.rollback()
    return found


def _execute(
    conn: Any, lease: leases.Lease, settings: Settings, should_yield: Callable[[], bool]
) -> bool:
    """Imports that match by phone, or by what a person is called, run one at a time: neither is a
    unique key, so nothing else would guard it.

    One that was told to stop needs no turn.
    """
    if not execution.stop_requested(conn, lease.import_id) and not _unguarded_lock(
        conn, lease.import_id
    ):
        raise Paused("phone", "another import that matches by phone or by name is running")

    connect = partial(db.connect_job, settings.database_url)
    beside = partial(_lanes_beside, conn, lease, settings)
    return execution.execute_slice(conn, lease, connect, should_yield, beside) is not None


def _unguarded_lock(conn: Any, import_id: UUID) -> bool:
    keyless = person_keys.has_keyless_rows(conn, import_id)
    asked = {"lock": UNGUARDED_LOCK, "keyless": keyless, "import_id": import_id}
    row = conn.execute(SQL.lock_unguarded, asked).fetchone()
    conn.rollback()

    return bool(row["free"])


def _state(conn: Any, import_id: UUID) -> State:
    row = conn.execute(SQL.state, {"import_id": import_id}).fetchone()
    conn.rollback()
    if row is None:
        raise Fenced  # discarded meanwhile

    return State(row["state"])


class _Fairness:
    """Whether to make room: told to stop, or the slice is used up and another import waits.

    It asks over a connection of its own, so that the question never disturbs the transaction at
    hand.
    """

    def __init__(self, lease: leases.Lease, settings: Settings) -> None:
        self.lease, self.settings = lease, settings
        self.until = time.monotonic() + settings.slice_seconds

    def __call__(self) -> bool:
        if work_horses.stop_request.told:
            return True
        if time.monotonic() < self.until:
            return False

        # With the queue away nothing could be enqueued, neither those others nor this import again.
        make_room = self._others_wait() and queueing.answers(self.settings)
        self.until = time.monotonic() + self.settings.slice_seconds

        return make_room

    def _others_wait(self) -> bool:
        waiting: list[bool] = []
        _let_go(self.settings, lambda own: waiting.append(_others_wait(own, self.lease)))
        return any(waiting)


def _others_wait(conn: Any, lease: leases.Lease) -> bool:
    row = conn.execute(
        SQL.others_wait, {"import_id": lease.import_id, "states": sweeping.SWEPT_STATES}
    ).fetchone()

    return bool(row["wait"])


def _afterwards(import_id: UUID, settings: Settings, *, ended: bool) -> None:
    """Ring again while there is more to do; at the end, send the notice that was asked for."""
    with db.connect_job(settings.database_url) as conn:
        row: Any = conn.execute(SQL.after_a_slice, {"import_id": import_id}).fetchone()

    if row is None:
        return  # discarded, forgotten or erased with a person meanwhile

    state = State(row["state"])

    if ended and state in ENDED and state != State.ROLLED_BACK and row["notification_email"]:
        queueing.request_notice(import_id, settings)
    elif state in WORKED_ON | allowing(Command.CORRECT) and not row["waiting_for"]:
        _ring_if_unfinished(import_id, settings)


def _ring_if_unfinished(import_id: UUID, settings: Settings) -> None:
    with db.connect_job(settings.database_url) as conn:
        unfinished = import_id in sweeping.unattended(conn, settings)
    if unfinished:
        queueing.wake(import_id, settings)


def preview_undo(import_id: str) -> None:
    """Make the preview of an undo, and keep it. Where it fails, the next request asks again."""
    work_horses.die_with_parent()
    with db.session(Settings().database_url) as session:
        undo_preview.compute_and_keep(session, UUID(import_id))


def renew_keys() -> None:
    """Renew the book's keys under today's rules, for one slice; the next stands behind the imports
    that wait.
    """
    settings = Settings()
    work_horses.die_with_parent()
    until = time.monotonic() + settings.slice_seconds

    with db.connect_job(settings.database_url) as conn:
        done = book_keys.renew_slice(
            conn, lambda: work_horses.stop_request.told or time.monotonic() > until
        )

    if not done:
        queueing.request_key_renewal(settings)


def horse_died(job: Any, pid: int, status: int, _usage: object) -> None:
    """The worker lost its work-horse: end the lease that it held and enqueue again, rather
    than wait for it to run out.

    `status` is that of the wait for the process.
    """
    settings = Settings()
    if job.id.startswith("pdf-"):
        report_jobs.no_pdf(settings, UUID(job.args[0]), pid, status)
    if not job.id.startswith("import-"):
        return

    import_id = UUID(job.args[0])
    _let_go(settings, lambda own: leases.expire(own, import_id, leases.worker_name(pid)))
    queueing.wake(import_id, settings)
