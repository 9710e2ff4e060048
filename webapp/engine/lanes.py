"""Lanes: two batches in flight on connections of their own, committed strictly in file order.

While one batch commits, the next one is being decided and written. It may run ahead because it cannot notice: it
shares no key with the batch before it (looked up beforehand for a stretch of batches), and it reached no contact that
the batch before it reached (looked at before it commits). Where either is not so, or anything at all goes wrong, what
runs ahead is taken back and the careful way of `BatchProcessor` has its turn. So the result is that of one batch after
the other, and the checkpoint stays a single row number.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from webapp.engine.batches import BatchProcessor, Turn
from webapp.engine.duplicates import Connection, Decided, LostRace
from webapp.engine.faults import Paused
from webapp.engine.leases import Lease, lane_name

LANES = 2
STRETCH = 64  # batches looked at beforehand in one query
# A batch that runs ahead may hold a lock that the one before it needs, and waits for it to commit: neither would move.
LOCK_TIMEOUT = "300ms"


@dataclass(frozen=True)
class Planned:
    """A batch ahead: up to which row it goes, and whether it may run beside the one before it."""

    last_row: int
    beside: bool


@dataclass
class Flight:
    """A batch under way in a lane, up to the row `last_row`; `beside` the one before it, or after that landed."""

    lane: BatchProcessor
    last_row: int
    beside: bool
    started: float
    decided: Future[Decided]


def work(
    conn: Connection, lease: Lease, connect: Callable[[], Connection], should_yield: Callable[[], bool]
) -> Turn:
    """Commit batches until the import ends (its Turn) or room must be made (GO_ON). Raises Fenced and Paused."""
    careful = BatchProcessor(conn, lease)
    run = careful.run
    # Where a worker was lost, it must be plain which batch it was; and stopping in the middle wants one lane.
    if lease.deaths or not run.skip_errors or run.rules.only_failed:
        return careful.work(should_yield)
    with ExitStack() as stack:
        try:
            lanes = [BatchProcessor(stack.enter_context(_connected(lease, connect)), lease) for _ in range(LANES)]
        except psycopg.OperationalError:  # No connections to spare: one lane is enough.
            return careful.work(should_yield)
        pool = stack.enter_context(ThreadPoolExecutor(LANES))
        return _Pipeline(careful, lanes, pool).work(should_yield)


@contextmanager
def _connected(lease: Lease, connect: Callable[[], Connection]) -> Iterator[Connection]:
    with connect() as lane:
        lane.execute(
            "SELECT set_config('lock_timeout', %s, false), set_config('application_name', %s, false)",
            (LOCK_TIMEOUT, lane_name(lease.import_id)),
        )
        lane.commit()
        yield lane


class _Pipeline:
    """Batches in flight, oldest first; the oldest is the only one that may commit."""

    def __init__(self, careful: BatchProcessor, lanes: list[BatchProcessor], pool: ThreadPoolExecutor) -> None:
        self.careful = careful
        self.idle = lanes
        self.pool = pool
        self.flights: deque[Flight] = deque()
        self.planned: deque[Planned] = deque()
        self.reached: frozenset[int] = frozenset()  # contacts of the batch that committed last
        self.landed = 0.0  # when it did

    def work(self, should_yield: Callable[[], bool]) -> Turn:
        try:
            while True:
                self._take_off()
                if not self.flights:
                    return Turn.DONE
                turn = self._land()
                if turn is not Turn.GO_ON or should_yield():
                    return turn
        finally:
            self._take_back()

    def _take_off(self) -> None:
        """Start batches as long as a lane is idle and the next batch may run beside the one under way."""
        while self.idle and (batch := self._next()):
            lane = self.idle.pop()
            after = self.flights[-1].last_row if self.flights else self.careful.run.last_row
            decided = self.pool.submit(lane.decide_ahead, after, self.careful.size)
            self.flights.append(Flight(lane, batch.last_row, bool(self.flights), time.monotonic(), decided))

    def _next(self) -> Planned | None:
        """The next batch, unless there is none or it must wait for the one under way."""
        if not self.planned and not self.flights:
            self.planned.extend(_look_ahead(self.careful))
        if not self.planned or (self.flights and not self.planned[0].beside):
            return None
        return self.planned.popleft()

    def _land(self) -> Turn:
        """Commit the oldest batch; where it cannot be, do it again the careful way with nothing beside it."""
        flight = self.flights[0]
        try:
            decided = flight.decided.result()
            if flight.beside and decided.reached & self.reached:
                return self._land_carefully()
            # Time that two batches share is counted once.
            turn = flight.lane.settle(decided, max(flight.started, self.landed))
        except (psycopg.Error, LostRace) as error:
            return self._land_carefully(error)
        self._landed(self.flights.popleft(), decided)
        return turn

    def _landed(self, flight: Flight, decided: Decided) -> None:
        self.idle.append(flight.lane)
        self.landed, self.reached = time.monotonic(), decided.reached
        self.careful.go_on_after(decided.last_row)
        if self.careful.tune(self.landed - flight.started):
            self.planned.clear()  # The batches ahead are of another size.

    def _land_carefully(self, failed: Exception | None = None) -> Turn:
        self._take_back()
        turn = self.careful.one_batch(failed)
        self.landed, self.reached = time.monotonic(), frozenset()
        return turn

    def _take_back(self) -> None:
        """Undo what is under way and has not committed; the oldest first, since the others may wait for its locks."""
        for flight in self.flights:
            _forget(flight)
            self.idle.append(flight.lane)
        self.flights.clear()
        self.planned.clear()


def _forget(flight: Flight) -> None:
    flight.decided.cancel() or flight.decided.exception()
    try:
        flight.lane.conn.rollback()
    except psycopg.Error as trouble:
        raise Paused("database", "the connection was lost") from trouble


def _look_ahead(careful: BatchProcessor) -> list[Planned]:
    """The next batches, and which of them share a key with the one before."""
    parameters: dict[str, Any] = {
        "import_id": careful.lease.import_id,
        "after": careful.run.last_row,
        "size": careful.size,
        "rows": careful.size * STRETCH,
        "phone": "phone" in careful.run.rules.enabled,
    }
    try:
        rows = careful.conn.execute(_LOOK_AHEAD, parameters, prepare=True).fetchall()
        careful.conn.rollback()
    except psycopg.Error as trouble:
        raise Paused("database", "the connection was lost") from trouble
    return [Planned(row["last_row"], row["beside"]) for row in rows]


# Where more than two rows hold a key, all batches from the first to the last of them are taken to share it in turn.
_LOOK_AHEAD = """
    WITH ahead AS MATERIALIZED (
      SELECT row, (row_number() OVER (ORDER BY row) - 1) / %(size)s AS batch, external_id, email_key,
        CASE WHEN %(phone)s THEN phone_key END AS phone_key
      FROM (SELECT * FROM contact_import_rows WHERE import_id = %(import_id)s AND row > %(after)s
        ORDER BY row LIMIT %(rows)s) r),
    shared AS MATERIALIZED (
      SELECT min(batch) AS first, max(batch) AS last, count(*) AS rows FROM ahead
      GROUP BY external_id HAVING external_id IS NOT NULL AND min(batch) < max(batch)
      UNION ALL
      SELECT min(batch), max(batch), count(*) FROM ahead
      GROUP BY email_key HAVING email_key IS NOT NULL AND min(batch) < max(batch)
      UNION ALL
      SELECT min(batch), max(batch), count(*) FROM ahead WHERE %(phone)s
      GROUP BY phone_key HAVING phone_key IS NOT NULL AND min(batch) < max(batch))
    SELECT batch, max(row) AS last_row, NOT EXISTS (
      SELECT FROM shared WHERE batch > first AND batch <= last AND (rows > 2 OR last = first + 1)) AS beside
    FROM ahead GROUP BY batch ORDER BY batch"""
