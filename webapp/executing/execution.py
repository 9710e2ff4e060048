"""One slice of an execution: from the claim to the end of the import, or until others need the
worker.
"""

from collections.abc import Callable
from uuid import UUID

from webapp import queries
from webapp.checking.rules import RULES
from webapp.db import Connection
from webapp.deciding import ledger_digest, preview_differences
from webapp.executing.batches import BatchProcessor, Turn
from webapp.imports import transitions
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.vocabulary.states import State

SQL = queries.load("executing")
ENDS = {
    Turn.DONE: State.COMPLETED,
    Turn.CANCELLED: State.CANCELLED,
    Turn.STOPPED: State.FAILED,
}
REASONS = {Turn.STOPPED: "stopped_at_first_error"}


def execute_slice(
    conn: Connection,
    lease: Lease,
    connect: Callable[[], Connection],
    should_yield: Callable[[], bool],
) -> State | None:
    """Run batches under the lease.

    The state that the import ended in, or None when there is more to do.

    `connect` opens one more connection, on which the ledger is read for the digest while the batches
    go on.
    """
    mark_running(conn, lease)
    ledger = ledger_digest.Ledger(lease.import_id)
    if stop_requested(conn, lease.import_id):
        return finish(conn, lease, Turn.CANCELLED, ledger)

    processor = BatchProcessor(conn, lease)

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
    end = ENDS[turn]
    conn.execute("SET LOCAL synchronous_commit = on")
    ledger.read(conn)
    preview_differences.note_differences(conn, lease.import_id, ledger.letters)
    ended = transitions.move(
        conn,
        lease.import_id,
        State.COMPLETED if end is State.CANCELLED and _is_second_run(conn, lease) else end,
        sources=(State.RUNNING, State.CANCELLING),
        token=lease.token,
        also=SQL.ended,
        event=None,
        digest=ledger.digest,
        reason=REASONS.get(turn),
    )

    if not ended:
        conn.rollback()
        raise Fenced

    conn.execute(SQL.keys_fall_behind, {"import_id": lease.import_id, "rules": RULES})
    _log_end(conn, lease.import_id, end, ledger)
    conn.commit()

    return end


def _is_second_run(conn: Connection, lease: Lease) -> bool:
    """Whether the rows that failed were run again: such an import was completed before."""
    row = conn.execute(SQL.retrying, {"import_id": lease.import_id}).fetchone()
    return row is not None and bool(row["retrying"])


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
