"""The loop over batches, run by PostgreSQL itself: a procedure that decides, checkpoints and commits, batch by batch.

Each batch is a transaction of its own, as it would be from outside; what falls away is the way there and back between
two statements, which took longer than most statements do. The procedure is the session's own (`pg_temp`), so its text
stands here, beside the program that it belongs to, and two versions of Rowcall can share a database.

It handles only batches that succeed. Any other case raises or is handed back, and `batches` handles it.
"""

from dataclasses import dataclass

from webapp.db import Connection
from webapp.imports.leases import Lease
from webapp.vocabulary.outcomes import FAILURES, STORED_OUTCOMES, Outcome

# A batch that waits for a lock gives way before the person who holds it does; the next attempt
# waits longer.
LOCK_TIMEOUT = "300ms"
_PLACE = {outcome: place for place, outcome in enumerate(STORED_OUTCOMES, 1)}


@dataclass(frozen=True)
class LoopRun:
    """What one call came to: why it ended, the checkpoint, and how many batches it committed."""

    turn: str  # go on | done | cancelled | fenced | failure, the last one rolled back and not counted
    last_row: int
    batches: int


def define(conn: Connection) -> None:
    """Define the procedure for this session.

    It calls `pg_temp.decide`, which DuplicateHandler defines.
    """
    conn.execute(_CHECKPOINT)
    conn.execute(_RUN)


def run(
    conn: Connection,
    lease: Lease,
    after: int,
    size: int,
    seconds: float,
    *,
    stop_at_failure: bool,
) -> LoopRun:
    """Commit batches of `size` rows from the row after `after` on, the first in any case, for about so many seconds.

    Raises psycopg.Error when a batch fails: it is rolled back, those before it are committed.
    """
    conn.autocommit = True  # A procedure may only commit where no transaction is open.
    try:
        found = conn.execute(
            "CALL pg_temp.run_batches(%s, %s, %s, %s, %s, %s, 0, NULL)",
            (lease.import_id, lease.token, size, seconds, stop_at_failure, after),
            prepare=True,
        ).fetchone()
    finally:
        if not conn.closed:
            conn.autocommit = False

    assert found is not None  # noqa: S101 - a procedure with INOUT parameters always answers

    return LoopRun(found["turn"], found["last_row"], found["batches"])


_COUNTERS = ", ".join(
    f"{outcome} = {outcome} + counts[{place}]"
    for outcome, place in _PLACE.items()
    if outcome is not Outcome.FAILED
)

# Checkpoint and counters under the token, the log, and the question whether to stop; null when the
# lease has passed on. A run over failed rows takes each row's old outcome off the counter before it
# adds the new one.
_CHECKPOINT = f"""
    CREATE OR REPLACE FUNCTION pg_temp.checkpoint(
      p_import_id uuid, p_token bigint, p_after bigint, p_rows bigint, p_last_row bigint, counts bigint[],
      p_seconds float8, p_attempt int, p_result text, p_category text, p_message text) RETURNS boolean
    LANGUAGE plpgsql AS $function$
    DECLARE
      number bigint;
      first_row bigint;
    BEGIN
      UPDATE contact_imports SET {_COUNTERS},
        failed = failed + counts[{_PLACE[Outcome.FAILED]}] - CASE WHEN retrying THEN p_rows ELSE 0 END,
        last_row = p_last_row, batches_done = batches_done + 1, busy_seconds = busy_seconds + p_seconds
      WHERE id = p_import_id AND lease_token = p_token AND last_row = p_after
      RETURNING batches_done, GREATEST(p_after, header_row) + 1 INTO number, first_row;
      IF number IS NULL THEN
        RETURN NULL;
      END IF;
      INSERT INTO contact_import_logs
        (import_id, event, batch, attempt, first_row, last_row, rows, duration_ms, result, category, message)
      VALUES (p_import_id, 'batch', number, p_attempt, first_row, p_last_row, p_rows, p_seconds * 1000,
        p_result, p_category, p_message);
      RETURN EXISTS (SELECT FROM contact_import_leases l
        WHERE l.import_id = p_import_id AND l.cancel_requested_at IS NOT NULL);
    END $function$"""

_FAILED = " + ".join(f"decided.counts[{_PLACE[outcome]}]" for outcome in FAILURES)

_RUN = f"""
    CREATE OR REPLACE PROCEDURE pg_temp.run_batches(
      p_import_id uuid, p_token bigint, p_size bigint, p_seconds float8, p_stop_at_failure boolean,
      INOUT last_row bigint, INOUT batches bigint, INOUT turn text)
    LANGUAGE plpgsql AS $procedure$
    DECLARE
      started timestamptz := clock_timestamp();  -- and a clock that is set back ends the loop too
      until timestamptz := started + make_interval(secs => p_seconds);
      began timestamptz := started;
      decided record;
      cancelled boolean;
    BEGIN
      LOOP
        SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';
        SELECT * INTO decided FROM pg_temp.decide(p_import_id, last_row, p_size);
        turn := CASE WHEN decided.rows = 0 THEN 'done' WHEN p_stop_at_failure AND {_FAILED} > 0 THEN 'failure' END;
        IF turn IS NULL THEN
          cancelled := pg_temp.checkpoint(p_import_id, p_token, last_row, decided.rows, decided.last_row,
            decided.counts, GREATEST(extract(epoch FROM clock_timestamp() - began), 0), 1, 'done', NULL, NULL);
          turn := CASE WHEN cancelled IS NULL THEN 'fenced' END;
        END IF;
        IF turn IS NOT NULL THEN
          ROLLBACK;
          RETURN;
        END IF;
        COMMIT;
        batches := batches + 1;
        last_row := decided.last_row;
        began := clock_timestamp();
        turn := CASE WHEN cancelled THEN 'cancelled' WHEN began >= until OR began < started THEN 'go on' END;
        IF turn IS NOT NULL THEN
          RETURN;
        END IF;
      END LOOP;
    END $procedure$"""
