"""Two lanes: one undo in two sessions of the database, where a core is free.

Each lane takes a half of the contacts, batch by batch, under the one lease. A lane that fails, or
is told to stop, ends both, and one stream goes on from where each half stands.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from uuid import UUID

import psycopg

from webapp import db
from webapp.db import Connection
from webapp.imports import lane_sessions, leases

STRETCH_SECONDS = 2.0  # then it is asked anew whether two lanes may be
BACK_OFF_SECONDS = 5.0  # for one stream, after a lane failed
LOOK_SECONDS = 0.05  # between two looks at how far the lanes are
# Where no lane has done a batch for so long, the sessions that they wait for count as lost.
SILENT_SECONDS = 20.0

# How a second lane connects, where a core is free for it now.
SecondLane = Callable[[], Callable[[], Connection] | None]
# The next batch of a half of the contacts (0, 1); false where it is through.
RunBatch = Callable[[Connection, int], bool]


def prepare(conn: Connection) -> None:
    """Settings of a session that undoes."""
    # Look-ups of contacts are lateral here too; joins among a batch's own parts are better hashed.
    conn.execute("SET enable_hashjoin = on")


class Lanes:
    """Both lanes of an undo: the first one in the session of the lease, the second one in one of
    its own.
    """

    def __init__(self, conn: Connection, import_id: UUID, second_lane: SecondLane) -> None:
        self.conn, self.import_id, self.second_lane = conn, import_id, second_lane
        self.second: Connection | None = None
        self.asks_at = 0.0  # when it is asked next whether two lanes may be

    def close(self) -> None:
        """Let the second session go."""
        if self.second:
            self.second.close()
            self.second = None

    def opened(self) -> bool:
        """Whether two lanes may work now, and the second session is there."""
        if time.monotonic() < self.asks_at:
            return False

        self.asks_at = time.monotonic() + STRETCH_SECONDS
        connect = self.second_lane()
        if connect is None:
            self.close()
            return False

        return self.second is not None or self._open(connect)

    def _open(self, connect: Callable[[], Connection]) -> bool:
        try:
            second = connect()
        except psycopg.OperationalError:
            return False

        try:
            leases.name_lane(second, self.import_id)
            prepare(second)
            second.commit()
        except psycopg.Error:
            second.close()
            return False

        self.second = second
        return True

    def run(self, run_batch: RunBatch, should_yield: Callable[[], bool]) -> bool:
        """A stretch of batches in both lanes: whether to make room.

        Raises Fenced, and Paused where a session of the database is lost that the work needs.
        """
        assert self.second is not None  # noqa: S101 - opened before
        stretch = _Stretch(run_batch)

        with ThreadPoolExecutor(2) as threads:
            lanes = {
                threads.submit(stretch.run, conn, half): conn
                for half, conn in enumerate((self.conn, self.second))
            }
            try:
                makes_room = stretch.wait(lanes, should_yield)
            except BaseException:
                stretch.stopped.set()
                raise
            finally:
                stretch.wait(lanes, lambda: False)

        failed = lane_sessions.settle(self.conn, self.import_id, lanes, self.close)
        self.asks_at = time.monotonic() + BACK_OFF_SECONDS if failed else 0.0
        return makes_room


class _Stretch:
    """Some seconds of batches, until one fails, or room must be made."""

    def __init__(self, run_batch: RunBatch) -> None:
        self.run_batch = run_batch
        self.stopped = threading.Event()
        self.moved_at = time.monotonic()

    def run(self, conn: Connection, half: int) -> None:
        """The batches of one lane."""
        try:
            while not self.stopped.is_set() and self.run_batch(conn, half):
                self.moved_at = time.monotonic()
        except BaseException:
            self.stopped.set()
            raise

    def wait(
        self, lanes: dict["Future[None]", Connection], should_yield: Callable[[], bool]
    ) -> bool:
        """Until both lanes have ended: whether to make room. Sessions that a lane waits for in
        vain are cut off.
        """
        makes_room, until = False, time.monotonic() + STRETCH_SECONDS

        while waiting := wait(lanes, LOOK_SECONDS).not_done:
            if time.monotonic() > self.moved_at + SILENT_SECONDS:
                for lane in waiting:
                    db.cut(lanes[lane])
            makes_room = makes_room or should_yield()
            if makes_room or time.monotonic() > until:
                self.stopped.set()

        return makes_room
