"""How fast an import moves: a moving average over what was committed in the newest seconds.

It is read from the log alone, so it survives a resume, and any process sees the same. Work on hold
keeps the throughput that it had; the page says that it waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries

SQL = queries.load("throughput")
WINDOW = 3  # seconds: after a change of speed the average has settled this much later
SHOWN = 12  # seconds that the line on the progress page spans
NEWEST_ENTRIES = 5000  # read at most, however fast the batches come


@dataclass(frozen=True)
class Throughput:
    """Rows per second now, and rows per minute at each of the last seconds, oldest first."""

    rows_per_second: float
    points: tuple[int, ...] = ()


@dataclass(frozen=True)
class Second:
    """What was committed within one second of the clock.

    `began` is when the first of it was begun.
    """

    second: int
    rows: int
    began: float
    ended: float


def throughput(session: Session, import_id: UUID, event: str) -> Throughput:
    """The throughput of the log's entries of one kind: `batch`, `block_checked` or
    `batch_undone`.
    """
    parameters = {
        "id": import_id,
        "event": event,
        "most": NEWEST_ENTRIES,
        "span": WINDOW + SHOWN,
    }
    rows = db.execute(session, SQL.seconds, parameters).mappings()
    found = [Second(**row) for row in rows]
    if not found:
        return Throughput(0.0)

    last = found[-1].second
    averages = [_average(found, second) for second in range(last - SHOWN + 1, last + 1)]
    known = [average for average in averages if average is not None]

    return Throughput(known[-1], tuple(round(average * 60) for average in known))


def _average(found: Iterable[Second], until: int) -> float | None:
    """Rows per second over the window that ends with the newest work at `until`; None before the
    first.
    """
    past = [one for one in found if one.second <= until]
    if not past:
        return None

    window = [one for one in past if one.second > past[-1].second - WINDOW]
    seconds = window[-1].ended - min(one.began for one in window)
    return sum(one.rows for one in window) / max(seconds, 0.001)
