"""BatchProcessor: one transaction for each batch, retried up to three times, isolated from the others.

A batch's transaction holds everything that must agree: contacts, journal, ledger, counters, checkpoint and log.
So a crash at any moment leaves a batch whole or absent, and the next claim goes on after the checkpoint.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg

from webapp.engine.duplicates import Connection, Decided, DuplicateHandler, LostRace, Rules
from webapp.engine.faults import Category, Fault, Fenced, Paused, classify, first_line
from webapp.engine.leases import POISONED_AFTER, Lease
from webapp.engine.states import FAILURES, STORED_OUTCOMES, Outcome, Strategy

ATTEMPTS = 3
BACK_OFF_SECONDS = (0.1, 0.5)
AUTO_START, AUTO_MOST = 100, 1000
AUTO_AIM_SECONDS = (0.1, 0.25)


class Turn(StrEnum):
    """What follows a batch."""

    GO_ON = "go on"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by the first bad row, as asked


@dataclass(frozen=True)
class Run:
    """The facts of an execution, read once for each claim. `batch_size` 0 means: find it by measuring."""

    import_id: UUID
    rules: Rules
    skip_errors: bool
    batch_size: int
    last_row: int


def load_run(conn: Connection, import_id: UUID) -> Run:
    """Read what the person chose and where the checkpoint stands."""
    row = conn.execute(
        """SELECT duplicate_strategy, match_keys, retrying, skip_errors, batch_size, last_row
           FROM contact_imports WHERE id = %s""",
        (import_id,),
    ).fetchone()
    conn.rollback()
    assert row is not None  # noqa: S101 - the caller holds its lease
    rules = Rules(Strategy(str(row["duplicate_strategy"])), tuple(row["match_keys"]), bool(row["retrying"]))
    return Run(
        import_id,
        rules,
        bool(row["skip_errors"]),
        int(row["batch_size"]),
        int(row["last_row"]),
    )


class BatchProcessor:
    """Executes an import batch by batch under a lease, until it ends or `should_yield` says to make room."""

    def __init__(self, conn: Connection, lease: Lease, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.conn = conn
        self.lease = lease
        self.sleep = sleep
        self.run = load_run(conn, lease.import_id)
        self.handler = DuplicateHandler(conn, lease.import_id, self.run.rules)
        self.size = self.run.batch_size or AUTO_START

    def work(self, should_yield: Callable[[], bool]) -> Turn:
        """Commit batches until the import ends (its Turn) or room must be made (GO_ON).

        Raises Fenced when the lease has passed on and Paused when the database is out of reach or full.
        """
        if self.lease.deaths >= POISONED_AFTER:
            turn = self._give_up(f"This batch ended {self.lease.deaths} workers", Category.SYSTEM)
            if turn is not Turn.GO_ON:
                return turn
        while (turn := self.one_batch()) is Turn.GO_ON and not should_yield():
            pass
        return turn

    def decide_ahead(self, after: int, limit: int) -> Decided:
        """Decide and write the rows after `after`, uncommitted, before it is this batch's turn; see `lanes`."""
        self.go_on_after(after)
        return self.handler.take(after, limit)

    def settle(self, decided: Decided, started: float) -> Turn:
        """Checkpoint and commit what was decided ahead, now that everything before it is committed."""
        cancelled = self._checkpoint(decided, started, _Logged(1, "done"))
        self._commit(decided.last_row)
        return Turn.CANCELLED if cancelled else Turn.GO_ON

    def go_on_after(self, last_row: int) -> None:
        """Everything up to this row is committed, or will be before this goes on."""
        self.run = replace(self.run, last_row=last_row)

    def one_batch(self, failed: Exception | None = None) -> Turn:
        """The next batch, with all its attempts; `failed` says how the first one went. Raises Fenced and Paused."""
        narrow = failed is not None and self._failed(1, failed, 0.0)
        for attempt in range(1 if failed is None else 2, ATTEMPTS + 1):
            started = time.monotonic()
            try:
                turn = self._attempt(attempt, narrow, started)
            except (psycopg.Error, LostRace) as error:
                narrow = self._failed(attempt, error, time.monotonic() - started) or narrow
                failed = error
            else:
                self.tune(time.monotonic() - started)
                return turn
        assert failed is not None  # noqa: S101 - an attempt returns or fails
        return self._give_up(first_line(failed), Category.DATABASE)

    def _failed(self, attempt: int, error: Exception, seconds: float) -> bool:
        """Undo and log an attempt, and wait a moment. Whether the next one should look for a row at fault."""
        fault = self._roll_back(error)
        self._log_retry(attempt, error, seconds)
        # A lost race looks like a row that cannot be stored, so it is first tried again as it is.
        narrow = fault is Fault.DATA or (fault is Fault.RACE and attempt > 1)
        if attempt < ATTEMPTS and not narrow:
            self.sleep(BACK_OFF_SECONDS[attempt - 1])
        return narrow

    def _attempt(self, attempt: int, narrow: bool, started: float) -> Turn:
        """One transaction: decide and write, then move the checkpoint, then commit."""
        decided = self._decide(self.size, narrow=narrow)
        if decided.rows == 0:
            self.conn.rollback()
            return Turn.DONE
        stop = not self.run.skip_errors and any(decided.counts[bad] for bad in FAILURES)
        if stop:
            decided = self._up_to_first_failure()
        cancelled = self._checkpoint(decided, started, _Logged(attempt, "done"))
        self._commit(decided.last_row)
        return Turn.STOPPED if stop else Turn.CANCELLED if cancelled else Turn.GO_ON

    def _decide(self, size: int, *, narrow: bool) -> Decided:
        """The batch as a whole, or, when it is known to hold a row that cannot be stored, around that row."""
        if not narrow:
            return self.handler.take(self.run.last_row, size)
        # Opens the transaction, so that the parts below become savepoints in it, and has deferred constraints speak
        # up within their part, rather than at the commit about everybody.
        self.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return self._part(self.run.last_row, size)

    def _bisect(self, after: int, limit: int, error: Exception) -> Decided:
        if limit == 1:
            return self._fail_rows(after, 1, first_line(error), "database_error")
        half = limit // 2
        left = self._part(after, half)
        right = self._part(left.last_row, limit - half) if left.rows == half else _NOTHING
        return _joined(left, right)

    def _part(self, after: int, limit: int) -> Decided:
        try:
            with self.conn.transaction():
                return self.handler.take(after, limit)
        except (psycopg.Error, LostRace) as error:
            if classify(error, self.conn) not in {Fault.DATA, Fault.RACE}:
                raise
            return self._bisect(after, limit, error)

    def _fail_rows(self, after: int, limit: int, message: str, code: str) -> Decided:
        """Write the valid rows of a range into the ledger as failed; rows already judged keep their judgement."""
        found = self.conn.execute(
            _FAIL_AGAIN if self.run.rules.only_failed else _FAIL,
            {"import_id": self.lease.import_id, "after": after, "limit": limit, "code": code, "message": message},
        ).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always answers
        counts = {outcome: int(found.get(outcome.value) or 0) for outcome in STORED_OUTCOMES}
        return Decided(int(found["rows"]), int(found["last_row"]), counts)

    def _up_to_first_failure(self) -> Decided:
        """Take the batch back and do it again up to and with the first row that failed or conflicted."""
        first: Any = self.conn.execute(
            """SELECT count(*) AS rows FROM contact_import_rows
               WHERE import_id = %(import_id)s AND row > %(after)s AND row <= (
                 SELECT min(row) FROM contact_import_results
                 WHERE import_id = %(import_id)s AND row > %(after)s AND outcome IN ('failed', 'conflict'))""",
            {"import_id": self.lease.import_id, "after": self.run.last_row},
        ).fetchone()
        self.conn.rollback()
        return self._decide(int(first["rows"]), narrow=True)

    def _checkpoint(self, decided: Decided, started: float, logged: "_Logged") -> bool:
        """Move the checkpoint under the lease's token; true when somebody asked to stop."""
        moved = self.conn.execute(
            _CHECKPOINT,
            {
                "import_id": self.lease.import_id,
                "token": self.lease.token,
                "after": self.run.last_row,
                "last_row": decided.last_row,
                "rows": decided.rows,
                "seconds": time.monotonic() - started,
                "again": decided.rows if self.run.rules.only_failed else 0,
                "attempt": logged.attempt,
                "result": logged.result,
                "category": logged.category,
                "message": logged.message,
                **{outcome.value: decided.counts[outcome] for outcome in STORED_OUTCOMES},
            },
            prepare=True,
        ).fetchone()
        if moved is None:
            self.conn.rollback()
            raise Fenced
        return bool(moved["cancelled"])

    def _commit(self, last_row: int) -> None:
        self.conn.commit()
        self.go_on_after(last_row)

    def _give_up(self, message: str, category: Category) -> Turn:
        """A batch that failed for good: its rows are failed, one by one in the ledger, and the next one runs."""
        try:
            decided = self._fail_rows(self.run.last_row, self.size, message, "batch_failed")
            if decided.rows == 0:  # Every row has its outcome: the workers were lost on the way to the end.
                self.conn.rollback()
                return Turn.DONE
            logged = _Logged(ATTEMPTS, "failed", category, message)
            cancelled = self._checkpoint(decided, time.monotonic(), logged)
            self._commit(decided.last_row)
        except psycopg.Error as error:
            self._roll_back(error)
            raise Paused("database", first_line(error)) from error
        if not self.run.skip_errors and decided.counts[Outcome.FAILED]:
            return Turn.STOPPED
        return Turn.CANCELLED if cancelled else Turn.GO_ON

    def _roll_back(self, error: Exception) -> Fault:
        """Undo the attempt; an outage ends the slice here, since nothing is wrong with the batch."""
        fault = classify(error, self.conn)
        if fault is Fault.OUTAGE:
            raise Paused("database", first_line(error)) from error
        try:
            self.conn.rollback()
        except psycopg.Error as trouble:
            raise Paused("database", first_line(trouble)) from trouble
        return fault

    def _log_retry(self, attempt: int, error: Exception, seconds: float) -> None:
        try:
            self.conn.execute(
                """INSERT INTO contact_import_logs
                     (import_id, event, batch, attempt, first_row, duration_ms, result, category, message)
                   SELECT id, 'batch', batches_done + 1, %s, last_row + 1, %s, 'retried', %s, %s
                   FROM contact_imports WHERE id = %s""",
                (attempt, seconds * 1000, Category.DATABASE, first_line(error), self.lease.import_id),
            )
            self.conn.commit()
        except psycopg.Error as trouble:
            raise Paused("database", first_line(trouble)) from trouble

    def tune(self, seconds: float) -> bool:
        """Grow or shrink the batch towards the aimed time, where the person left the size to us; true if it did."""
        if self.run.batch_size:
            return False
        before, (shortest, longest) = self.size, AUTO_AIM_SECONDS
        if seconds < shortest:
            self.size = min(self.size * 2, AUTO_MOST)
        elif seconds > longest:
            self.size = max(self.size // 2, 1)
        return self.size != before


@dataclass(frozen=True)
class _Logged:
    """What the log says of the attempt that settled a batch."""

    attempt: int
    result: str  # done | failed
    category: Category | None = None
    message: str | None = None


_NOTHING = Decided(0, 0, dict.fromkeys(STORED_OUTCOMES, 0))


def _joined(left: Decided, right: Decided) -> Decided:
    counts = {outcome: left.counts[outcome] + right.counts[outcome] for outcome in STORED_OUTCOMES}
    return Decided(left.rows + right.rows, max(left.last_row, right.last_row), counts)


_COUNTERS = ", ".join(f"{outcome} = {outcome} + %({outcome})s" for outcome in STORED_OUTCOMES if outcome != "failed")

# One round trip: checkpoint and counters under the token, the log, and the question whether to stop. A run over
# failed rows takes each row's old outcome off the counter before it adds the new one.
_CHECKPOINT = f"""
    WITH moved AS (
      UPDATE contact_imports SET {_COUNTERS}, failed = failed + %(failed)s - %(again)s,
        last_row = %(last_row)s, batches_done = batches_done + 1, busy_seconds = busy_seconds + %(seconds)s
      WHERE id = %(import_id)s AND lease_token = %(token)s AND last_row = %(after)s
      RETURNING batches_done),
    logged AS (
      INSERT INTO contact_import_logs
        (import_id, event, batch, attempt, first_row, last_row, rows, duration_ms, result, category, message)
      SELECT %(import_id)s, 'batch', batches_done, %(attempt)s, %(after)s + 1, %(last_row)s, %(rows)s,
        %(seconds)s::float8 * 1000, %(result)s, %(category)s, %(message)s FROM moved)
    SELECT EXISTS (SELECT FROM contact_import_leases l
      WHERE l.import_id = %(import_id)s AND l.cancel_requested_at IS NOT NULL) AS cancelled
    FROM moved"""

_FAIL_TOTALS = """
    SELECT count(*) AS rows, COALESCE(max(row), 0) AS last_row,
      count(*) FILTER (WHERE status = 'valid') AS failed,
      count(*) FILTER (WHERE status = 'invalid') AS invalid,
      count(*) FILTER (WHERE status = 'left_out') AS left_out
    FROM batch"""

_FAIL = f"""
    WITH batch AS MATERIALIZED (
      SELECT row, status, problems FROM contact_import_rows
      WHERE import_id = %(import_id)s AND row > %(after)s ORDER BY row LIMIT %(limit)s),
    ledger AS (
      INSERT INTO contact_import_results (import_id, row, outcome, code, detail)
      SELECT %(import_id)s, row, (CASE status WHEN 'valid' THEN 'failed' ELSE status END)::outcome,
        CASE status WHEN 'valid' THEN %(code)s WHEN 'left_out' THEN 'left_out' ELSE
          jsonb_path_query_first(problems, '$[*] ? (@.severity == "error").code') #>> '{{}}' END,
        CASE status WHEN 'valid' THEN jsonb_build_object('message', %(message)s::text) END
      FROM batch)
    {_FAIL_TOTALS}"""

_FAIL_AGAIN = f"""
    WITH batch AS MATERIALIZED (
      SELECT r.row, r.status FROM contact_import_rows r
      WHERE r.import_id = %(import_id)s AND r.row > %(after)s
        AND EXISTS (SELECT FROM contact_import_results f
          WHERE f.import_id = r.import_id AND f.row = r.row AND f.outcome = 'failed')
      ORDER BY r.row LIMIT %(limit)s),
    ledger AS (
      UPDATE contact_import_results l
      SET code = %(code)s, detail = jsonb_build_object('message', %(message)s::text)
      FROM batch b WHERE l.import_id = %(import_id)s AND l.row = b.row)
    {_FAIL_TOTALS}"""
