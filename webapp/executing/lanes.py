"""Two lanes: one execution in two sessions of the database, where a core is free.

Rows that share a key or a contact with no other row of the file come to the same in any order; the
plan knows them. They are dealt to both lanes, list by list. All others are taken by the first lane
alone, in the order of the file. Each batch is a transaction under the one lease, as ever.

Lanes know only batches that succeed. Any other case ends both, and leaves rows without an
entry between rows with one, never further apart than `LOOK_AHEAD`; one stream goes on there
(`batches`), and takes what has no entry.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg

from webapp import queries
from webapp.db import Connection
from webapp.deciding import plan, version
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.executing import batch_loop
from webapp.imports import leases
from webapp.imports.leases import Lease
from webapp.imports.reruns import LOOK_AHEAD
from webapp.vocabulary.reruns import Rerun

LIST_ROWS = 1000  # dealt at a time; larger batches are too few to be dealt
LOADED_ROWS = 4 * plan.BLOCK_ROWS  # row numbers whose rows are looked up at a time
LIST_SECONDS = 0.1  # a list that takes longer is dealt again, what is left of it
STRETCH_SECONDS = 2.0  # then it is asked anew whether two lanes may be
LEAST_BATCHES = 20  # fewer are done before a second session knows the statement
MOST_SHARED = 0.5  # of the rows; the first lane would be the last
WAIT_SECONDS = 0.1  # for the other lane, before it is asked whether to make room

SQL = queries.load("lanes", block_rows=str(plan.BLOCK_ROWS))

Connect = Callable[[], Connection]


def are_possible(options: Options, *, skip_errors: bool) -> bool:
    """Whether rows of such a run come to the same in any order, but for those that share something.

    A phone is no unique key, and neither is what a person is called; the first bad row ends a run
    that skips none; a second run's rows are few.
    """
    first_run = options.rerun is Rerun.NONE
    return first_run and skip_errors and not options.keyless and "phone" not in options.enabled


@dataclass(frozen=True)
class Planned:
    """What the plan of an execution tells of its rows, and the book that it knows."""

    variant: dict[str, Any]
    last_row: int
    last_change: int
    last_contact: int


def find_plan(conn: Connection, import_id: UUID) -> Planned | None:
    """The plan of exactly what is executed; None where there is none of today's decision, or where
    too many rows share something.
    """
    asked = {"import_id": import_id, "version": version.current()}
    found = conn.execute(SQL.plan, asked).fetchone()
    conn.rollback()
    if found is None or found["shared"] > found["last_row"] * MOST_SHARED:
        return None

    names = ("strategy", "create_new", "hold_other_names")
    variant = {name: found[name] for name in names}
    return Planned(variant, found["last_row"], found["last_change"], found["last_contact"])


def still_holds(conn: Connection, import_id: UUID, planned: Planned) -> Planned | None:
    """The plan, as of now, where no one else wrote to the book since: what was written could make two
    rows meet that share nothing.
    """
    asked = {
        "import_id": import_id,
        "last_change": planned.last_change,
        "last_contact": planned.last_contact,
    }
    found: Any = conn.execute(SQL.changed_by_others, asked).fetchone()
    conn.rollback()
    if found.pop("changed"):
        return None

    return replace(planned, **found)


def furthest(conn: Connection, import_id: UUID) -> int:
    """The number of the last row that has an entry."""
    found: Any = conn.execute(SQL.furthest, {"import_id": import_id}).fetchone()
    conn.rollback()
    return int(found["row"])


def move_checkpoint(conn: Connection, lease: Lease, through: int) -> None:
    """All rows up to this one are through. Does nothing when the lease has passed on."""
    asked = {"import_id": lease.import_id, "token": lease.token, "through": through}
    conn.execute(SQL.move_checkpoint, asked)
    conn.commit()


class Rows:
    """The rows behind one row of the file, dealt to both lanes as lists of their numbers.

    `turn` says why no more are dealt, once that is so: `go on` when all that were loaded shall still
    be done, or what stopped a lane.
    """

    def __init__(self, import_id: UUID, planned: Planned, after: int, size: int) -> None:
        self.import_id, self.planned, self.size = import_id, planned, size
        self.loaded = after  # up to this row they are listed
        self.shared: deque[list[int]] = deque()
        self.free: deque[list[int]] = deque()
        self.left: list[list[int]] = []  # lists that are not through, dealt or not
        self.turn: str | None = None
        self.changed = threading.Condition(threading.RLock())

    @property
    def through(self) -> int:
        """Up to this row all have their entries."""
        with self.changed:
            return min((rows[0] for rows in self.left), default=self.loaded + 1) - 1

    def stop(self, turn: str) -> None:
        """Deal nothing more but, for `go on`, what was loaded. The first word counts, unless it was
        that.
        """
        with self.changed:
            if self.turn in {None, "go on"}:
                self.turn = turn
            if turn != "go on":
                self.shared.clear()
                self.free.clear()
            self.changed.notify_all()

    def next_list(
        self, conn: Connection, *, first_lane: bool, waiting: Callable[[], object]
    ) -> list[int] | None:
        """The next list for a lane; None at the end. `waiting` is called while the other lane is too
        far behind.
        """
        with self.changed:
            while True:
                if first_lane and self.shared:
                    return self.shared.popleft()
                if self.free:
                    return self.free.popleft()
                if self.turn or self.loaded >= self.planned.last_row:
                    return None
                if self.loaded + LOADED_ROWS - self.through <= LOOK_AHEAD:
                    self._load(conn)
                else:
                    self.changed.wait(WAIT_SECONDS)
                    waiting()

    def done(self, rows: list[int], count: int) -> None:
        """So many rows of a list are committed; what is left of it is dealt again by the one who has
        it.
        """
        with self.changed:
            self.left.remove(rows)
            if rest := rows[count:]:
                self.left.append(rest)
            self.changed.notify_all()

    def _load(self, conn: Connection) -> None:
        last = min(self.loaded + LOADED_ROWS, self.planned.last_row)
        asked = {
            "import_id": self.import_id,
            **self.planned.variant,
            "after": self.loaded,
            "last": last,
        }
        found: Any = conn.execute(SQL.rows_between, asked, prepare=True).fetchone()
        if {row // plan.BLOCK_ROWS for row in found["rows"]} - set(found["blocks"]):
            self.stop("go on")  # The plan is gone.
            return

        shared = set(found["shared"])
        self._add(self.shared, [row for row in found["rows"] if row in shared])
        self._add(self.free, [row for row in found["rows"] if row not in shared])
        self.loaded = last

    def _add(self, dealt: deque[list[int]], rows: list[int]) -> None:
        most = LIST_ROWS // self.size * self.size
        lists = [rows[start : start + most] for start in range(0, len(rows), most)]
        dealt.extend(lists)
        self.left.extend(lists)


class Lanes:
    """Both lanes of an execution: the first one in the session of the lease, the second one in one of
    its own, which stays open until the block ends.
    """

    def __init__(self, conn: Connection, lease: Lease, options: Options) -> None:
        self.conn, self.lease, self.options = conn, lease, options
        self.second: Connection | None = None

    def close(self) -> None:
        """Let the second session go."""
        if self.second:
            self.second.close()
            self.second = None

    def opened(self, connect: Connect) -> bool:
        """Open the second session; false where the database has none to spare."""
        if self.second:
            return True

        try:
            second = connect()
        except psycopg.OperationalError:
            return False

        try:
            leases.name_second_lane(second, self.lease.import_id)
            DuplicateHandler(second, self.lease.import_id, self.options)
            batch_loop.define(second)
            second.commit()
            second.autocommit = True
        except psycopg.Error:
            second.close()
            return False

        self.second = second
        return True

    def run(self, rows: Rows, told: Callable[[], object]) -> psycopg.Error | None:
        """Work on the rows until none is dealt any more; `told` is called now and then, and may stop
        it. `rows.turn` and `rows.through` say what came of it.

        The error that stopped the first lane; one of the second lane is told by the turn `failure`.
        """
        assert self.second is not None  # noqa: S101 - the caller opened it
        self.conn.autocommit = True

        with ThreadPoolExecutor(1) as threads:
            beside = threads.submit(self._run_second, self.second, rows)
            try:
                self._run_lane(self.conn, rows, told, first_lane=True)
            except psycopg.Error as error:
                rows.stop("failure")
                return error
            except BaseException:
                rows.stop("failure")
                raise
            finally:
                self._join(beside)

        return None

    def _join(self, beside: "Future[bool]") -> None:
        """Wait for the second lane's batch. Where its session is lost, what may go on in it is ended."""
        if not beside.result():
            self.close()
            if not self.conn.closed:
                leases.end_second_lane(self.conn, self.lease.import_id)

        if not self.conn.closed:
            self.conn.autocommit = False

    def _run_second(self, conn: Connection, rows: Rows) -> bool:
        try:
            self._run_lane(conn, rows, lambda: None, first_lane=False)
        except psycopg.Error:
            rows.stop("failure")
            return False
        except BaseException:
            rows.stop("failure")
            raise

        return True

    def _run_lane(
        self, conn: Connection, rows: Rows, told: Callable[[], object], *, first_lane: bool
    ) -> None:
        while listed := rows.next_list(conn, first_lane=first_lane, waiting=told):
            while listed and rows.turn in {None, "go on"}:
                ran = batch_loop.run_listed(
                    conn, self.lease, listed, rows.size, LIST_SECONDS, through=rows.through
                )
                rows.done(listed, ran.done)
                listed = listed[ran.done :]
                if ran.turn != "go on":
                    rows.stop(ran.turn)
                told()
