"""One slice of an execution: from the claim to the end of the import, or until others need the
worker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp import queries
from webapp.checking.rules import RULES
from webapp.db import Connection
from webapp.deciding import ledger_digest, people_counts, person_keys, plan_differences
from webapp.executing.batches import BatchProcessor, Turn
from webapp.imports import transitions
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.staging import judging
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import State

SQL = queries.load("executing")
ENDS = {
    Turn.DONE: State.COMPLETED,
    Turn.CANCELLED: State.CANCELLED,
    Turn.STOPPED: State.FAILED,
}
REASONS = {State.FAILED: "stopped_at_first_error"}


def execute_slice(
    conn: Connection,
    lease: Lease,
    connect: Callable[[], Connection],
    should_yield: Callable[[], bool],
    lanes_beside: Callable[[], int] = lambda: 0,
) -> State | None:
    """Run batches under the lease, in more lanes than one where `lanes_beside` says that there
    may be some.

    The state that the import ended in, or None when there is more to do.

    `connect` opens one more connection: for each lane, and for the ledger to be read on for the
    digest while the batches go on.
    """
    mark_running(conn, lease)
    ledger = ledger_digest.Ledger(lease.import_id)
    if stop_requested(conn, lease.import_id):
        return finish(conn, lease, Turn.CANCELLED, ledger)

    processor = BatchProcessor(conn, lease, connect, lanes_beside)
    if processor.run.options.keyless and not person_keys.renew(conn, should_yield):
        return None

    with ledger_digest.ReadBehind(
        ledger, connect, goes_on=processor.run.last_row > 0
    ) as committed:
        turn = processor.process_batches(should_yield, committed)

    return None if turn is Turn.GO_ON else finish(conn, lease, turn, ledger)


def mark_running(conn: Connection, lease: Lease) -> None:
    """Move a claimed import to `running`, and note when it was started first."""
    transitions.move(
        conn,
        lease.import_id,
        State.RUNNING,
        token=lease.token,
        also="started_at = COALESCE(started_at, clock_timestamp())",
    )
    conn.commit()


def stop_requested(conn: Connection, import_id: UUID) -> bool:
    """Whether a person asked the import to stop."""
    asked = conn.execute(SQL.stop_requested, {"import_id": import_id}).fetchone()
    conn.rollback()
    return asked is not None


def finish(conn: Connection, lease: Lease, turn: Turn, ledger: ledger_digest.Ledger) -> State:
    """Write the end of the import: state, digest of the ledger and what the check of sums found.

    `ledger` was read as far as it went. This commit is synchronous, and with it all batches before
    it are safe on disk.
    """
    end, second = ENDS[turn], _second_run(conn, lease)
    conn.execute("SET LOCAL synchronous_commit = on")
    ledger.read(conn)
    planned = None
    if second.begun_in:
        judging.recount(conn, lease.import_id)
    if not second.rerun.amends:
        planned = plan_differences.compare(conn, lease.import_id, ledger.last_row)

    state = second.state_after(end, ledger)
    ended = transitions.move(
        conn,
        lease.import_id,
        state,
        sources=(State.RUNNING, State.CANCELLING),
        token=lease.token,
        also=SQL.ended,
        event=None,
        digest=ledger.digest,
        plan=planned,
        people=Jsonb(people_counts.of_ledger(conn, lease.import_id, ledger.counts())),
        reason=REASONS.get(state),
    )

    if not ended:
        conn.rollback()
        raise Fenced

    conn.execute(SQL.keys_fall_behind, {"import_id": lease.import_id, "rules": RULES})
    _log_end(conn, lease.import_id, end, ledger)
    conn.commit()

    return state


@dataclass(frozen=True)
class _SecondRun:
    """Which rows were run, and the state that a second run began in, None for a first one."""

    rerun: Rerun
    begun_in: State | None
    total: int

    def state_after(self, end: State, ledger: ledger_digest.Ledger) -> State:
        """A second run that is stopped by a person, or leaves rows without an outcome, leads back
        to where it began.
        """
        left = end is State.COMPLETED and ledger.counts().total() < self.total
        return self.begun_in if self.begun_in and (left or end is State.CANCELLED) else end


def _second_run(conn: Connection, lease: Lease) -> _SecondRun:
    row = conn.execute(SQL.second_run, {"import_id": lease.import_id}).fetchone()
    if row is None:
        conn.rollback()
        raise Fenced  # discarded meanwhile

    begun_in = State(row["rerun_from"]) if row["rerun_from"] else None
    return _SecondRun(Rerun(row["rerun"]), begun_in, row["total"] or 0)


def _log_end(
    conn: Connection, import_id: UUID, end: State, ledger: ledger_digest.Ledger
) -> None:
    violations = ledger_digest.check_sums(conn, import_id, ledger)
    conn.execute(
        SQL.log_end,
        {
            "import_id": import_id,
            "event": end,
            "result": "failed" if violations else "done",
            "category": "system" if violations else None,
            "message": "; ".join(violations) or None,
        },
    )
