"""BatchProcessor: one transaction for each batch, retried up to three times, isolated from the
others.

A batch's transaction holds everything that must agree: contacts, journal, ledger, counters,
checkpoint and log. So a crash at any moment leaves a batch whole or absent, and the next claim goes
on after the checkpoint.

Most batches run in the database's own loop (`batch_loop`), a tenth of a second of them at a time,
or in lanes of it (`lanes`). One that fails there is taken here, attempt by attempt, and the loop
goes on behind it.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from uuid import UUID

import psycopg

from webapp import queries
from webapp.checking import column_rules
from webapp.db import Connection
from webapp.deciding import person_keys
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import Decided, DuplicateHandler
from webapp.executing import batch_loop, dealing
from webapp.executing.bisection import Bisection
from webapp.executing.lanes import LEAST_BATCHES, Lanes
from webapp.imports import reruns
from webapp.imports.faults import Category, Fault, Fenced, Paused, classify, first_line
from webapp.imports.leases import GIVE_UP_AFTER, Lease
from webapp.imports.reruns import LOOK_AHEAD
from webapp.limits import LARGEST_BATCH
from webapp.queries import fill
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.strategies import Strategy

SQL = queries.load("executing")
ATTEMPTS = 3
BACK_OFF_SECONDS = (0.1, 0.5)
# After these the loop comes back to ask whether to make room; a request to stop it sees itself.
LOOP_SECONDS = 0.1
AUTO_START = 100  # rows
AUTO_AIM_SECONDS = (0.1, 0.25)


class Turn(StrEnum):
    """What follows a batch."""

    GO_ON = "go on"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by the first bad row, as asked


@dataclass(frozen=True)
class Run:
    """The facts of an execution, read once for each claim.

    `batch_size` 0 means: find it by measuring.
    """

    import_id: UUID
    options: Options
    skip_errors: bool
    batch_size: int
    last_row: int
    total: int | None  # rows; None where they were staged without a check


def load_run(conn: Connection, import_id: UUID) -> Run:
    """Read what the person chose and where the checkpoint stands."""
    row = conn.execute(SQL.run, {"import_id": import_id}).fetchone()
    assert row is not None  # noqa: S101 - the caller holds its lease
    options = Options(
        Strategy(str(row["duplicate_strategy"])),
        tuple(row["match_keys"]),
        rerun=Rerun(row["rerun"]),
        create_new=bool(row["create_new"]),
        hold_other_names=bool(row["hold_other_names"]),
        chosen=bool(row["chosen"]),
        rules=column_rules.decided(row["column_rules"], row["tag"]),
        keyless=person_keys.has_keyless_rows(conn, import_id),
    )

    conn.rollback()

    return Run(
        import_id,
        options,
        bool(row["skip_errors"]),
        int(row["batch_size"]),
        int(row["last_row"]),
        row["total"],
    )


def _ignore(_last_row: int) -> None:
    """Used where the caller does not follow the batches."""


class BatchProcessor:
    """Executes an import batch by batch under a lease, until it ends or `should_yield` says to make
    room.
    """

    def __init__(
        self,
        conn: Connection,
        lease: Lease,
        connect: Callable[[], Connection] | None = None,
        lanes_beside: Callable[[], int] = lambda: 0,
    ) -> None:
        self.conn = conn
        self.lease = lease
        self.run = load_run(conn, lease.import_id)
        self.size = self.run.batch_size or AUTO_START
        self.sizing = not self.run.batch_size  # still looking for the size: a batch a call
        self.lanes: Lanes | None = None  # None: there is one stream
        if connect and self.run.options.rerun is Rerun.NONE and self._is_long():
            self._prepare_lanes(connect, lanes_beside)

        self._define()

    def _is_long(self) -> bool:
        """Whether lanes are worth looking for the plan, which takes a tenth of a second."""
        total = self.run.total
        return total is None or total >= self.size * LEAST_BATCHES

    def _prepare_lanes(
        self, connect: Callable[[], Connection], beside: Callable[[], int]
    ) -> None:
        """Lanes, where they may be; and one stream that takes what those of before have left."""
        furthest = dealing.furthest(self.conn, self.lease.import_id)
        options = self.run.options
        if dealing.are_possible(options, skip_errors=self.run.skip_errors):
            planned = dealing.find_plan(self.conn, self.lease.import_id)
            if planned:
                self.lanes = Lanes(
                    self.conn,
                    self.lease,
                    options,
                    planned,
                    connect=connect,
                    may_be_beside=beside,
                )
                self.lanes.leave_alone(furthest)
                if self.lease.deaths:
                    self.lanes.leave_alone(self.run.last_row + LOOK_AHEAD)

        if furthest > self.run.last_row:
            self._take_what_remains()

    def _take_what_remains(self) -> None:
        """From now on rows may have an entry already."""
        options = replace(self.run.options, rerun=Rerun.REMAINING)
        self.run = replace(self.run, options=options)

    def _define(self) -> None:
        self.handler = DuplicateHandler(self.conn, self.lease.import_id, self.run.options)
        self.bisection = Bisection(self.handler)
        batch_loop.define(self.conn)
        self.conn.commit()

    def process_batches(
        self, should_yield: Callable[[], bool], committed: Callable[[int], object] = _ignore
    ) -> Turn:
        """Commit batches until the import ends (its Turn) or room must be made (GO_ON).

        `committed` is told the checkpoint's row number, now and then. Raises Fenced when the lease
        has passed on and Paused when the database is out of reach or full.
        """
        if self.lease.deaths >= GIVE_UP_AFTER:
            turn = self._give_up(
                f"This batch ended {self.lease.deaths} workers",
                Category.SYSTEM,
                time.monotonic(),
            )
            if turn is not Turn.GO_ON:
                return turn

        try:
            return self._process(should_yield, committed)
        finally:
            if self.lanes:
                self.lanes.close()

    def _process(
        self, should_yield: Callable[[], bool], committed: Callable[[int], object]
    ) -> Turn:
        turn, makes_room = Turn.GO_ON, False

        while turn is Turn.GO_ON and not makes_room:
            if self.lanes and self._may_open(self.lanes):
                turn, makes_room = self._run_lanes(self.lanes, should_yield, committed)
            else:
                turn = self.run_loop(LOOP_SECONDS)
                makes_room = turn is Turn.GO_ON and should_yield()

            committed(self.run.last_row)

        return turn

    def _may_open(self, lanes: Lanes) -> bool:
        """Whether lanes may work now. Ends the transaction."""
        try:
            return not self.sizing and lanes.may_open(self.run.last_row, self.size)
        except psycopg.Error as error:
            self._roll_back(error)
            return False

    def _run_lanes(
        self,
        lanes: Lanes,
        should_yield: Callable[[], bool],
        committed: Callable[[int], object],
    ) -> tuple[Turn, bool]:
        """A stretch in lanes: what follows, and whether room must be made. Raises Fenced and
        Paused.
        """
        if self.run.options != lanes.options:
            self._take_what_remains()
            self._define()

        def told(through: int) -> str | None:
            committed(through)
            return "make room" if should_yield() else None

        rows = lanes.run(self.run.last_row, self.size, told)
        self._move_checkpoint(rows.through)
        if rows.turn == "fenced":
            raise Fenced

        turn = Turn.CANCELLED if rows.turn == "cancelled" else Turn.GO_ON
        return turn, rows.turn == "make room"

    def _move_checkpoint(self, through: int) -> None:
        """All rows up to this one are through. Does nothing when the lease has passed on."""
        asked = {
            "import_id": self.lease.import_id,
            "token": self.lease.token,
            "through": through,
        }
        try:
            self.conn.execute(SQL.move_checkpoint, asked)
            self.conn.commit()
        except psycopg.Error as error:
            raise Paused("database", first_line(error)) from error

        self._find_checkpoint()

    def run_loop(self, seconds: float) -> Turn:
        """As many batches as fit in so many seconds, one at least. Raises Fenced and Paused."""
        started = time.monotonic()
        try:
            done = batch_loop.run(
                self.conn,
                self.lease,
                self.run.last_row,
                self.size,
                0 if self.sizing else seconds,
                stop_at_failure=not self.run.skip_errors,
            )
        except psycopg.Error as error:
            return self.retry_failed_batch(error, time.monotonic() - started)

        self._go_on_after(done.last_row)
        if done.batches:
            self._tune((time.monotonic() - started) / done.batches)
        if done.turn == "fenced":
            raise Fenced

        return self.retry_failed_batch() if done.turn == "failure" else Turn(done.turn)

    def retry_failed_batch(
        self, failed: psycopg.Error | None = None, seconds: float = 0.0
    ) -> Turn:
        """One batch with all its attempts; `failed` says how the first one went in the loop, and
        after how long.
        """
        narrow = failed is not None and self._failed(1, failed, seconds)
        self._find_checkpoint()

        for attempt in range(1 if failed is None else 2, ATTEMPTS + 1):
            started = time.monotonic()
            try:
                return self.execute_batch(attempt, narrow, started)
            except psycopg.Error as error:
                narrow = self._failed(attempt, error, time.monotonic() - started) or narrow
                failed = error

        assert failed is not None  # noqa: S101 - an attempt returns or fails

        return self._give_up(first_line(failed), Category.DATABASE, started)

    def _find_checkpoint(self) -> None:
        """The loop may have committed batches before the one that failed."""
        try:
            self._go_on_after(load_run(self.conn, self.lease.import_id).last_row)
        except psycopg.Error as error:
            raise Paused("database", first_line(error)) from error

    def _go_on_after(self, last_row: int) -> None:
        self.run = replace(self.run, last_row=last_row)

    def _failed(self, attempt: int, error: Exception, seconds: float) -> bool:
        """Undo an attempt and prepare for the next one.

        Whether that should look for a row at fault.

        After the last attempt the batch is given up, and that is what the log then says of it.
        """
        fault = self._roll_back(error)

        # A lost race looks like a row that cannot be stored, so it is first tried again as it is.
        narrow = fault is Fault.DATA or (fault is Fault.RACE and attempt > 1)

        if attempt < ATTEMPTS:
            self._log_retry(attempt, error, seconds)
            if not narrow:
                time.sleep(BACK_OFF_SECONDS[attempt - 1])

        return narrow

    def execute_batch(self, attempt: int, narrow: bool, started: float) -> Turn:
        """One transaction: decide and write, then move the checkpoint, then commit."""
        decided = self._decide(self.size, narrow=narrow)
        if not self.run.skip_errors:
            decided = self._up_to_first_failure(decided)

        if decided.rows == 0:
            self.conn.rollback()
            return Turn.DONE

        stop = not self.run.skip_errors and decided.first_failure > 0
        cancelled = self._checkpoint(decided, started, _Logged(attempt, "done"))
        self._commit(decided.last_row)

        return Turn.STOPPED if stop else Turn.CANCELLED if cancelled else Turn.GO_ON

    def _decide(self, size: int, *, narrow: bool) -> Decided:
        """The batch as a whole, or, when it is known to hold a row that cannot be stored, around
        that row.
        """
        return (self.bisection if narrow else self.handler).handle_duplicates(
            self.run.last_row, size
        )

    def _up_to_first_failure(self, decided: Decided) -> Decided:
        """While rows follow the first one that failed or conflicted, take all back and decide again
        without them.

        Each decision is made on the book as it then is, so the last one says whether, and where,
        there is a failure.
        """
        while decided.first_failure not in {0, decided.last_row}:
            self.conn.rollback()
            rows = self._rows_up_to(decided.first_failure)
            decided = self._decide(rows, narrow=True)
        return decided

    def _rows_up_to(self, last: int) -> int:
        """How many rows of this run there are behind the checkpoint, up to and with row `last`."""
        found = self.conn.execute(
            fill(SQL.rows_up_to, rows=reruns.rows(self.run.options.rerun)),
            {
                "import_id": self.lease.import_id,
                "after": self.run.last_row,
                "last": last,
            },
        ).fetchone()

        return int(found["rows"]) if found else 0

    def _checkpoint(self, decided: Decided, started: float, logged: "_Logged") -> bool:
        """Move the checkpoint under the lease's token; true when a stop was asked for."""
        found = self.conn.execute(
            SQL.checkpoint,
            {
                "import_id": self.lease.import_id,
                "token": self.lease.token,
                "after": self.run.last_row,
                "rows": decided.rows,
                "last_row": decided.last_row,
                "counts": [decided.counts[outcome] for outcome in STORED_OUTCOMES],
                "seconds": time.monotonic() - started,
                **asdict(logged),
            },
        ).fetchone()
        assert found is not None  # noqa: S101 - a function always answers

        if found["cancelled"] is None:
            self.conn.rollback()
            raise Fenced

        return bool(found["cancelled"])

    def _commit(self, last_row: int) -> None:
        self.conn.commit()
        self._go_on_after(last_row)

    def _give_up(self, message: str, category: Category, started: float) -> Turn:
        """A batch that failed for good: its rows are failed, one by one in the ledger, and the next
        one runs.

        `started` is when its last attempt was.
        """
        try:
            code = "workers_lost" if category is Category.SYSTEM else "batch_failed"
            decided = self.bisection.fail_rows(self.run.last_row, self.size, message, code)

            if (
                decided.rows == 0
            ):  # Every row has its outcome: the workers were lost on the way to the end.
                self.conn.rollback()
                return Turn.DONE

            logged = _Logged(ATTEMPTS, "failed", category, message)
            cancelled = self._checkpoint(decided, started, logged)
            self._commit(decided.last_row)
        except psycopg.Error as error:
            self._roll_back(error)
            raise Paused("database", first_line(error)) from error

        if not self.run.skip_errors and decided.first_failure:
            return Turn.STOPPED

        return Turn.CANCELLED if cancelled else Turn.GO_ON

    def _roll_back(self, error: Exception) -> Fault:
        """Undo the attempt; an outage ends the slice here, since nothing is wrong with the
        batch.
        """
        fault = classify(error, self.conn)
        if fault is Fault.OUTAGE:
            raise Paused("database", first_line(error)) from error

        try:
            self.conn.rollback()
        except psycopg.Error as trouble:
            raise Paused("database", first_line(trouble)) from trouble

        return fault

    def _log_retry(self, attempt: int, error: Exception, seconds: float) -> None:
        rerun = self.run.options.rerun
        try:
            self.conn.execute(
                fill(SQL.log_retry, rows=reruns.rows(rerun, after="i.last_row")),
                {
                    "attempt": attempt,
                    "size": self.size,
                    "took": seconds * 1000,
                    "category": Category.DATABASE,
                    "message": first_line(error),
                    "import_id": self.lease.import_id,
                },
            )
            self.conn.commit()
        except psycopg.Error as trouble:
            raise Paused("database", first_line(trouble)) from trouble

    def _tune(self, seconds: float) -> None:
        """Grow or shrink the batch towards the aimed time, where the person left the size to us."""
        if self.run.batch_size:
            return

        before, (shortest, longest) = self.size, AUTO_AIM_SECONDS

        if seconds < shortest:
            self.size = min(self.size * 2, LARGEST_BATCH)
        elif seconds > longest:
            self.size = max(self.size // 2, 1)

        self.sizing = self.size != before


@dataclass(frozen=True)
class _Logged:
    """What the log says of the attempt that settled a batch."""

    attempt: int
    result: str  # done | failed
    category: Category | None = None
    message: str | None = None
