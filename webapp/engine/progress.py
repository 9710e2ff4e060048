"""ProgressTracker: committed counters → percent, speed and time left."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.engine.batches import AUTO_MOST
from webapp.engine.states import (
    DUPLICATES,
    FAILURES,
    SKIPPED,
    STORED_OUTCOMES,
    SUCCESS,
    WORKED_ON,
    Outcome,
    State,
)
from webapp.models import ContactImport, ImportLease, ImportLog

WINDOW = timedelta(seconds=10)  # speed is measured over this much of the newest past
NEWEST_BATCHES = 1000
LATE_WORKER = timedelta(seconds=5)  # queued for longer than this without a worker is worth a word
SILENCE = timedelta(seconds=10)  # a worker not heard of for longer is not counted on


@dataclass(frozen=True)
class ImportProgress:
    """Where an import is. `progress` in percent with one decimal, `eta_seconds` null while unknown.

    success + failed + skipped = processed; duplicates overlap with them.
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
    waiting_for: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outcomes_of(session: ContactImport) -> dict[str, int]:
    """All ten outcomes from the committed counters; what is not processed is derived."""
    counts = {outcome.value: getattr(session, outcome.value) for outcome in STORED_OUTCOMES}
    return {**counts, Outcome.NOT_PROCESSED.value: max((session.total or 0) - sum(counts.values()), 0)}


def sums(outcomes: dict[str, int]) -> dict[str, int]:
    """The public counters, each a sum of outcomes."""
    return {
        "success": _sum(outcomes, SUCCESS),
        "failed": _sum(outcomes, FAILURES),
        "skipped": _sum(outcomes, SKIPPED),
        "duplicates": _sum(outcomes, DUPLICATES),
        "processed": _sum(outcomes, STORED_OUTCOMES),
    }


def _sum(outcomes: dict[str, int], kinds: tuple[Outcome, ...]) -> int:
    return sum(outcomes.get(kind.value, 0) for kind in kinds)


def percent(processed: int, total: int) -> float:
    """Processed of total in percent, rounded down to one decimal: 100 only when every row was processed."""
    return 100.0 if processed >= total else processed * 1000 // total / 10


def progress(session: Session, import_id: UUID) -> ImportProgress:
    """The progress of an import's execution, from committed rows alone."""
    found = session.get_one(ContactImport, import_id, populate_existing=True)
    if found.state == State.CHECKING:
        return _check_progress(session, found)
    return _run_progress(session, found)


def _run_progress(session: Session, found: ContactImport) -> ImportProgress:
    outcomes, total = outcomes_of(found), found.total or 0
    counts = sums(outcomes)
    speed = _rows_per_second(session, found.id) if found.state in {State.RUNNING, State.CANCELLING} else 0.0
    return ImportProgress(
        progress=0.0 if found.total is None else percent(counts["processed"], total),
        total=total,
        current_batch=min(found.batches_done + 1, _total_batches(found, counts["processed"])),
        total_batches=_total_batches(found, counts["processed"]),
        eta_seconds=round((total - counts["processed"]) / speed) if speed else None,
        speed_per_minute=round(speed * 60),
        state=found.state,
        outcomes=outcomes,
        waiting_for=waiting_for(session, found.id),
        **counts,
    )


def _total_batches(found: ContactImport, processed: int) -> int:
    """Batches done plus those still needed at the present size; an estimate where the size is found by measuring."""
    rest = max((found.total or 0) - processed, 0)
    return found.batches_done + -(-rest // (found.batch_size or AUTO_MOST))


def _check_progress(session: Session, found: ContactImport) -> ImportProgress:
    """The check counts bytes: how many rows a file holds is known only at its end."""
    started = session.scalar(
        select(func.max(ImportLog.at)).where(ImportLog.import_id == found.id, ImportLog.event == "check_started")
    )
    now = session.scalar(select(func.clock_timestamp()))
    seconds = (now - started).total_seconds() if started and now else 0.0
    share = found.read_bytes / found.size_bytes if found.size_bytes else 1.0
    rows = (found.read_position or {}).get("rows", 0)
    return ImportProgress(
        progress=min(int(share * 1000) / 10, 99.9),
        processed=rows,
        total=0,
        success=0,
        failed=0,
        skipped=0,
        duplicates=0,
        current_batch=0,
        total_batches=0,
        eta_seconds=round(seconds / share * (1 - share)) if share > 0 and seconds else None,
        speed_per_minute=round(rows / seconds * 60) if seconds else 0,
        state=found.state,
        outcomes=outcomes_of(found),
        waiting_for=waiting_for(session, found.id),
    )


def _rows_per_second(session: Session, import_id: UUID) -> float:
    """A moving average over the newest batches; it needs no memory, so it survives a resume."""
    newest = (
        select(ImportLog.at, ImportLog.rows, ImportLog.duration_ms)
        .where(ImportLog.import_id == import_id, ImportLog.event == "batch", ImportLog.rows.is_not(None))
        .order_by(ImportLog.id.desc())
        .limit(NEWEST_BATCHES)
    )
    batches = session.execute(newest).all()
    if not batches:
        return 0.0
    recent = [batch for batch in batches if batch.at > batches[0].at - WINDOW]
    span = _seconds(recent[-1].at, recent[0].at) + (recent[-1].duration_ms or 0) / 1000
    return sum(batch.rows for batch in recent) / span if span > 0 else 0.0


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def waiting_for(session: Session, import_id: UUID) -> str | None:
    """Why nothing moves, if so: what the last worker left word of, or `worker` when none came in time."""
    lease = session.get(ImportLease, import_id, populate_existing=True)
    state = session.scalar(select(ContactImport.state).where(ContactImport.id == import_id))
    now = session.scalar(select(func.clock_timestamp()))
    if lease is None or now is None or state not in WORKED_ON:
        return None
    if lease.heartbeat_at and now - lease.heartbeat_at < SILENCE:
        return None
    if lease.waiting_for:
        return lease.waiting_for
    late = lease.enqueued_at is None or now - lease.enqueued_at > LATE_WORKER
    return "worker" if late else None
