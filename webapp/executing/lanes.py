"""Lanes: one execution in several sessions of the database, where cores or workers are free.

The first lane works in the session of the lease, and alone takes the rows that share something with
others; the rest is dealt to all of them (`dealing`). Each batch is a transaction under the one
lease, as ever.

Lanes know only batches that succeed. Any other case ends all of them, and leaves rows without an
entry between rows with one; one stream goes on there (`batches`), and takes what has no entry.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

import psycopg

from webapp import db
from webapp.db import Connection
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.executing import batch_loop, dealing
from webapp.executing.dealing import Planned, Rows
from webapp.imports import lane_sessions, leases
from webapp.imports.leases import Lease
from webapp.imports.reruns import LOOK_AHEAD
from webapp.vocabulary.reruns import Rerun

LIST_SECONDS = 0.1  # a list that takes longer is dealt again, what is left of it
STRETCH_SECONDS = 2.0  # then it is asked anew whether lanes may be
LEAST_BATCHES = 20  # fewer are done before a second session knows the statement
CONNECT_SECONDS = 60.0  # until the database is asked again for a session that it did not have
LOOK_SECONDS = 0.05  # between two looks at how far the lanes are
# Where no lane has done a batch for so long, the sessions that they wait for count as lost.
SILENT_SECONDS = 20.0
MOST_LANES = 8  # each batch of theirs moves the one row of counters
PAYS = 1.05  # times as fast, at least, with one lane more


class LaneCount:
    """How many lanes pay, found by measuring: nothing tells how many cores the database has, and
    where there are fewer, lanes hold one another up. So one more is tried for a stretch, until
    one does not pay.
    """

    def __init__(self) -> None:
        self.lanes = 2
        self.speed: float | None = None  # rows a second with so many
        self.settled = False

    @property
    def next(self) -> int:
        """How many to work with now."""
        return self.lanes if self.settled or self.speed is None else self.lanes + 1

    def measured(self, lanes: int, speed: float) -> None:
        """A stretch with so many lanes came to so many rows a second."""
        if self.speed is not None and lanes > self.lanes and speed < self.speed * PAYS:
            self.settled = True
        elif lanes >= self.lanes:
            self.lanes, self.speed = lanes, speed


class Lanes:
    """The lanes of an execution: when they may work, and their sessions. Those beside the first
    stay open until `close`.
    """

    def __init__(
        self,
        conn: Connection,
        lease: Lease,
        options: Options,
        planned: Planned,
        *,
        connect: Callable[[], Connection],
        may_be_beside: Callable[[], int],
    ) -> None:
        self.conn, self.lease, self.connect = conn, lease, connect
        self.may_be_beside = may_be_beside  # how many lanes may work beside the first one now
        self.options = replace(options, rerun=Rerun.REMAINING)
        self.planned: Planned | None = planned  # None: lanes may be no more
        # Up to this row rows may have an entry, or one of them ended a worker: one stream takes
        # those that have none.
        self.alone_through = 0
        self.asks_at = 0.0  # when it is asked next how many there may be
        self.count = LaneCount()
        self.connects_at = 0.0  # when it is tried next to open one
        self.beside: list[Connection] = []

    def leave_alone(self, through: int) -> None:
        """Rows up to this one are one stream's."""
        self.alone_through = max(self.alone_through, through)

    def close(self) -> None:
        """Let the sessions beside the first one go."""
        self._keep(0)

    def _keep(self, count: int) -> None:
        for conn in self.beside[count:]:
            conn.close()
        del self.beside[count:]

    def may_open(self, last_row: int, size: int) -> bool:
        """Whether the rows behind this one may be dealt now, in batches of such a size, and all
        sessions are ready for it. Ends the transaction. Raises psycopg.Error.
        """
        if (
            self.planned is None
            or self.planned.last_row - last_row < size * LEAST_BATCHES
            or last_row < self.alone_through
            or time.monotonic() < self.asks_at
        ):
            return False

        self.asks_at = time.monotonic() + STRETCH_SECONDS
        most = min(self.may_be_beside(), self.count.next - 1, MOST_LANES - 1)
        self._keep(most)
        if most:
            self.planned = dealing.still_holds(self.conn, self.lease.import_id, self.planned)
        if self.planned:
            self._open(most)

        return self.planned is not None and bool(self.beside)

    def _open(self, most: int) -> None:
        """Open sessions beside the first one; fewer where the database has none to spare."""
        while len(self.beside) < most and time.monotonic() >= self.connects_at:
            try:
                beside = self.connect()
            except psycopg.OperationalError:  # It can take seconds to be told.
                self.connects_at = time.monotonic() + CONNECT_SECONDS
                return

            self.beside.append(beside)
            try:
                leases.name_lane(beside, self.lease.import_id)
                DuplicateHandler(beside, self.lease.import_id, self.options)
                batch_loop.define(beside)
                beside.commit()
                beside.autocommit = True
            except psycopg.Error:
                self._keep(len(self.beside) - 1)
                return

    def run(self, last_row: int, size: int, told: Callable[[int], str | None]) -> Rows:
        """Work on the rows behind this one for a stretch; what became of them.

        `told` is called now and then with the row up to which all are through, and may say why to
        stop. Raises Paused where a session of the database is lost that the work needs.
        """
        assert self.planned is not None  # noqa: S101 - they may open
        sessions = [self.conn, *self.beside]
        rows = Rows(self.lease.import_id, self.planned, last_row, size, len(sessions))
        self.conn.autocommit = True
        started = time.monotonic()

        with ThreadPoolExecutor(len(sessions)) as threads:
            lanes = {threads.submit(self._run_lane, conn, rows): conn for conn in sessions}
            try:
                _wait(lanes, rows, told)
            except BaseException:
                rows.stop("failure")
                _wait(lanes, rows, lambda _through: None)
                raise
            finally:
                lane_sessions.settle(self.conn, self.lease.import_id, lanes, self.close)

        self._settle(rows, last_row, time.monotonic() - started)
        return rows

    def _run_lane(self, conn: Connection, rows: Rows) -> None:
        try:
            while listed := rows.next_list(conn, first_lane=conn is self.conn):
                while listed and rows.goes_on:
                    ran = batch_loop.run_listed(
                        conn, self.lease, listed, rows.size, LIST_SECONDS, through=rows.through
                    )
                    rows.done(listed, ran.done)
                    listed = listed[ran.done :]
                    if ran.turn != "go on":
                        rows.stop(ran.turn)
        except BaseException:
            rows.stop("failure")
            raise

    def _settle(self, rows: Rows, last_row: int, seconds: float) -> None:
        """What follows for the next stretch."""
        if rows.turn == "go on" and seconds >= STRETCH_SECONDS:
            self.count.measured(rows.lanes, (rows.through - last_row) / seconds)

        self.asks_at = 0.0
        if not rows.goes_on:
            self.leave_alone(rows.through + LOOK_AHEAD)
        elif rows.through == last_row:
            self.planned = None  # The plan is gone.


def _wait(
    lanes: dict["Future[None]", Connection], rows: Rows, told: Callable[[int], str | None]
) -> None:
    """Until all lanes have ended. Sessions that a lane waits for in vain are cut off."""
    until = time.monotonic() + STRETCH_SECONDS

    while waiting := wait(lanes, LOOK_SECONDS).not_done:
        if time.monotonic() > rows.moved_at + SILENT_SECONDS:
            for lane in waiting:
                db.cut(lanes[lane])
            rows.stop("failure")
        elif turn := told(rows.through):
            rows.stop(turn)
        elif time.monotonic() > until:
            rows.stop("go on")
