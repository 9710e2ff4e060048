"""DuplicateHandler: the row decision for one import, in one database session.

Rows that interfere with an earlier row of the same range are taken afterwards, through the very
same decision: those that do not interfere among themselves together, and so on until none is left.
Preview, execution and the run over failed rows share it, so what the preview promises is what the
execution does.

The statement lives in a function of the session's own, `pg_temp.decide`, so that a batch needs no
round trips, and the loop over batches (`batch_loop`) none between them.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from webapp.db import Connection
from webapp.deciding.decision import Rules, statement
from webapp.imports.faults import LOST_RACE
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome

TAKEN_TOGETHER = (
    10  # one in so many rows at least; fewer, and taking each by itself costs less
)


@dataclass(frozen=True)
class Decided:
    """What one range of rows came to.

    `counts` adds up to `rows`, `last_row` is 0 for an empty range.
    """

    rows: int
    last_row: int
    counts: dict[Outcome, int]


class DuplicateHandler:
    """Decides and writes ranges of one import's staged rows, inside the caller's transaction.

    Making one defines `pg_temp.decide` for these rules, in place of that for others.
    """

    def __init__(self, conn: Connection, import_id: UUID, rules: Rules) -> None:
        self.conn = conn
        self.import_id = import_id
        self.rules = rules
        psycopg.RawCursor(conn).execute(_function(rules))

    def handle_duplicates(self, after: int, limit: int) -> Decided:
        """Decide and write the next `limit` rows after row number `after`, as if one by one in file order."""
        found = self.conn.execute(
            "SELECT * FROM pg_temp.decide(%s, %s, %s)",
            (self.import_id, after, limit),
            prepare=True,
        ).fetchone()
        assert found is not None  # noqa: S101 - a function always answers
        counts = dict(zip(STORED_OUTCOMES, found["counts"], strict=True))
        return Decided(found["rows"], found["last_row"], counts)


def _function(rules: Rules) -> str:
    """`decide(import, after, limit)`: a Decided, its counts as an array in the order of STORED_OUTCOMES."""
    sums = ", ".join(
        f"counts[{place}] + part.{outcome}" for place, outcome in enumerate(STORED_OUTCOMES, 1)
    )

    return f"""
    CREATE OR REPLACE FUNCTION pg_temp.decide(uuid, bigint, bigint, bigint[] DEFAULT NULL,
      OUT rows bigint, OUT last_row bigint, OUT counts bigint[]) LANGUAGE plpgsql AS $function$
    #variable_conflict use_column
    DECLARE
      part record;
      waiting bigint[] := '{{}}';  -- rows left aside, in file order
      together boolean := true;
    BEGIN
      counts := array_fill(0::bigint, ARRAY[{len(STORED_OUTCOMES)}]);
      LOOP
        IF $4 IS NULL THEN
          {statement(rules)} INTO part;
        ELSE
          {statement(rules, listed=True)} INTO part;
        END IF;
        IF part.to_change <> part.changed THEN
          RAISE 'A contact was changed while the batch was writing to it' USING ERRCODE = '{LOST_RACE}';
        END IF;
        counts := ARRAY[{sums}];
        rows := COALESCE(rows, part.rows);
        last_row := COALESCE(last_row, part.last_row);
        waiting := part.aside || waiting;
        EXIT WHEN waiting = '{{}}';
        $2 := waiting[1] - 1;
        together := together AND (part.rows - cardinality(part.aside)) * {TAKEN_TOGETHER} >= part.rows;
        IF together THEN
          $3 := cardinality(waiting);
          $4 := waiting;
          waiting := '{{}}';
        ELSE
          $3 := 1;
          $4 := NULL;
          waiting := waiting[2:];
        END IF;
      END LOOP;
    END $function$"""
