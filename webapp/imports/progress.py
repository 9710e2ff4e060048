"""ProgressTracker: committed counters → percent, speed and time left."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.imports.leases import GIVE_UP_AFTER, PLACE
from webapp.imports.throughput import Throughput, throughput
from webapp.limits import LARGEST_BATCH
from webapp.models import ContactImport, ImportLease
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome, sums
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import WORKED_ON, State

SQL = queries.load("progress", place_of=PLACE)

LATE_WORKER = timedelta(
    seconds=5
)  # queued for longer than this without a worker is worth a word
SILENCE = timedelta(seconds=10)  # a worker not heard of for longer is not counted on
TRIED_AGAIN = timedelta(
    seconds=30
)  # what broke off and was not tried again for longer has no worker


@dataclass(frozen=True)
class Work:
    """How far the step at hand is: the check, the run, a second run over rows that have an
    outcome, or the rollback.

    `total` is null while it is unknown.
    """

    progress: float
    processed: int
    total: int | None


@dataclass(frozen=True)
class ImportProgress:
    """Where an import is. `progress` in percent with one decimal, `eta_seconds` null while unknown.

    success + failed + skipped = processed; duplicates overlap with them. These tell of the import's
    rows alone, so they stand still while a file is checked or an import is rolled back; `work`,
    time left, speed and `points` (rows per minute at each of the last seconds) tell of the step at
    hand. `obstacle` is why it waits for help, where known.
    """

    progress: float
    processed: int
    total: int
    success: int
    failed: int
    skipped: int
    duplicates: int
    current_batch: int
    total_batches: int
    eta_seconds: int | None
    speed_per_minute: int
    state: str
    outcomes: dict[str, int]
    waiting_for: str | None
    obstacle: str | None
    work: Work
    points: tuple[int, ...]


def outcomes_of(session: ContactImport) -> dict[str, int]:
    """All outcomes from the committed counters; what is not processed is derived."""
    counts = {outcome.value: getattr(session, outcome.value) for outcome in STORED_OUTCOMES}
    return {
        **counts,
        Outcome.NOT_PROCESSED.value: max((session.total or 0) - sum(counts.values()), 0),
    }


def percent(processed: int, total: int) -> float:
    """Processed of total in percent, rounded down to one decimal: 100 only when every row was
    processed.
    """
    return 100.0 if processed >= total else processed * 1000 // total / 10


class ProgressTracker:
    """Follows one import by what its batches committed; the batches' checkpoint moves the
    counters.
    """

    def __init__(self, session: Session, import_id: UUID) -> None:
        self.session = session
        self.import_id = import_id

    def progress(self) -> ImportProgress:
        """Where the import is, from committed rows alone."""
        run = self.session.get_one(ContactImport, self.import_id, populate_existing=True)
        outcomes = outcomes_of(run)
        counts = sums(outcomes)
        work, waits = self._work(run, counts["processed"]), self.waiting_for()

        step = State(run.state).work if run.state != State.QUEUED and not waits else None
        moving = throughput(self.session, run.id, step.value) if step else Throughput(0.0)

        return ImportProgress(
            progress=0.0 if run.total is None else percent(counts["processed"], run.total),
            total=run.total or 0,
            current_batch=min(run.batches_done + 1, _total_batches(run, counts["processed"])),
            total_batches=_total_batches(run, counts["processed"]),
            eta_seconds=calculate_eta(work, moving.rows_per_second),
            speed_per_minute=round(moving.rows_per_second * 60),
            state=run.state,
            outcomes=outcomes,
            waiting_for=waits,
            obstacle=self._obstacle() if waits == "help" else None,
            work=work,
            points=moving.points,
            **counts,
        )

    def waiting_for(self) -> str | None:
        """Why nothing moves, if so: what the last worker left word of, `worker` when none came in
        time, or `help`.

        Help is wanted where attempt after attempt breaks off at the same place, though workers are
        there.
        """
        lease = self.session.get(ImportLease, self.import_id, populate_existing=True)
        state = self.session.scalar(
            select(ContactImport.state).where(ContactImport.id == self.import_id)
        )
        now = self.session.scalar(select(func.clock_timestamp()))
        if lease is None or now is None or state not in WORKED_ON:
            return None

        alive = lease.heartbeat_at is not None and now - lease.heartbeat_at < SILENCE
        if lease.waiting_for and not alive:
            return lease.waiting_for

        unattended = (
            timedelta()
            if alive
            else now - lease.enqueued_at
            if lease.enqueued_at
            else timedelta.max
        )

        if unattended < TRIED_AGAIN and self._stands_still(lease):
            return "help"

        return "worker" if unattended > LATE_WORKER else None

    def _work(self, run: ContactImport, processed: int) -> Work:
        if run.state == State.CHECKING:
            return _checked(run)

        if run.state == State.ROLLING_BACK:
            undone = run.rollback or {}
            through, total = undone.get("through", 0), undone.get("total")
            return Work(percent(through, total) if total else 0.0, through, total)

        if Rerun(run.rerun).amends:
            return self._run_again()

        return Work(
            0.0 if run.total is None else percent(processed, run.total),
            processed,
            run.total,
        )

    def _run_again(self) -> Work:
        """A second run over rows that have an outcome, and have one all the while: it counts its
        own.
        """
        done, left = self._one(SQL.second_run)
        return Work(percent(done, done + left), int(done), int(done + left))

    def _stands_still(self, lease: ImportLease) -> bool:
        """Whether workers were lost again and again at the very place where the work still is."""
        if lease.deaths < GIVE_UP_AFTER:
            return False
        return bool(self._one(SQL.place) == (lease.deaths_at_row,))

    def _obstacle(self) -> str | None:
        """What the last attempt of this step broke off with; None where its workers were lost
        without a word.
        """
        (message,) = self._one(SQL.last_word) or (None,)
        return message

    def _one(self, statement: str) -> Any:
        """The row that a statement on this import gives, as a tuple; None where it gives none."""
        return db.execute(self.session, statement, {"import_id": self.import_id}).first()


def calculate_eta(work: Work, rows_per_second: float) -> int | None:
    """Seconds that are left at the present throughput; None while one of the two is unknown."""
    if not rows_per_second or not work.progress:
        return None
    total = work.total if work.total is not None else work.processed / work.progress * 100
    return round((total - work.processed) / rows_per_second)


def _checked(run: ContactImport) -> Work:
    """The check counts bytes: how many rows a file holds is known only at its end."""
    share = run.read_bytes / run.size_bytes if run.size_bytes else 1.0
    return Work(
        min(int(share * 1000) / 10, 99.9), (run.read_position or {}).get("rows", 0), None
    )


def _total_batches(run: ContactImport, processed: int) -> int:
    """Batches done plus those still needed at the present size; an estimate where the size is found
    by measuring.
    """
    rest = max((run.total or 0) - processed, 0)
    return run.batches_done + -(-rest // (run.batch_size or LARGEST_BATCH))
