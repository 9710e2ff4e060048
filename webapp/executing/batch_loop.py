"""The loop over batches, run by PostgreSQL itself: a procedure that decides, checkpoints and
commits, batch by batch.

Each batch is a transaction of its own, as it would be from outside; what falls away is the way
there and back between two statements, which took longer than most statements do. The procedure is
the session's own (`pg_temp`), so its text stands here, beside the program that it belongs to, and
two versions of Rowcall can share a database.

It handles only batches that succeed. Any other case raises or is handed back, and `batches` handles
it.
"""

from dataclasses import dataclass

from webapp import queries
from webapp.db import Connection
from webapp.imports.leases import Lease
from webapp.vocabulary.outcomes import STORED_OUTCOMES

# A batch that waits for a lock gives way before the person who holds it does; the next attempt
# waits longer.
LOCK_TIMEOUT = "300ms"

SQL = queries.load(
    "batch_loop",
    counters=",\n".join(
        f"{outcome} = {outcome} + counts[{place}]"
        for place, outcome in enumerate(STORED_OUTCOMES, 1)
    ),
    lock_timeout=LOCK_TIMEOUT,
)


@dataclass(frozen=True)
class LoopRun:
    """What one call came to: why it ended, the checkpoint, and how many batches it committed."""

    # go on | done | cancelled | fenced | failure, the last one rolled back and not counted
    turn: str
    last_row: int
    batches: int


def define(conn: Connection) -> None:
    """Define the procedures for this session.

    It calls `pg_temp.decide`, which DuplicateHandler defines.
    """
    conn.execute(SQL.define_checkpoint)
    conn.execute(SQL.define_run_batches)
    conn.execute(SQL.define_run_listed)


def run(
    conn: Connection,
    lease: Lease,
    after: int,
    size: int,
    seconds: float,
    *,
    stop_at_failure: bool,
) -> LoopRun:
    """Commit batches of `size` rows from the row after `after` on, the first in any case, for about
    so many seconds.

    Raises psycopg.Error when a batch fails: it is rolled back, those before it are committed.
    """
    conn.autocommit = True  # A procedure may only commit where no transaction is open.
    try:
        found = conn.execute(
            SQL.run_batches,
            {
                "import_id": lease.import_id,
                "token": lease.token,
                "size": size,
                "seconds": seconds,
                "stop_at_failure": stop_at_failure,
                "after": after,
            },
            prepare=True,
        ).fetchone()
    finally:
        if not conn.closed:
            conn.autocommit = False

    assert found is not None  # noqa: S101 - a procedure with INOUT parameters always answers

    return LoopRun(found["turn"], found["last_row"], found["batches"])


@dataclass(frozen=True)
class ListRun:
    """What one call on a list came to: why it ended, and how many of its rows are through."""

    turn: str  # go on | cancelled | fenced, the last one rolled back
    done: int


def run_listed(
    conn: Connection,
    lease: Lease,
    rows: list[int],
    size: int,
    seconds: float,
    *,
    through: int,
) -> ListRun:
    """Commit batches of `size` of these rows, in file order, the first in any case, for about so
    many seconds. The checkpoint moves to `through`, a row number.

    `conn` is in autocommit. Raises psycopg.Error when a batch fails: it is rolled back, those
    before it are committed.
    """
    found = conn.execute(
        SQL.run_listed,
        {
            "import_id": lease.import_id,
            "token": lease.token,
            "rows": rows,
            "size": size,
            "seconds": seconds,
            "through": through,
        },
        prepare=True,
    ).fetchone()
    assert found is not None  # noqa: S101 - a procedure with INOUT parameters always answers

    return ListRun(found["turn"], found["done"])
