"""DuplicateHandler: the row decision for one import, in one database session.

Rows that interfere with an earlier row of the same range are taken afterwards, through the very
same decision: those that do not interfere among themselves together, and so on until none is left.
Preview, execution and second runs share it, so what the preview promises is what the
execution does.

The statement lives in a function of the session's own, `pg_temp.decide`, so that a batch needs no
round trips, and the loop over batches (`batch_loop`) none between them.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from webapp.db import Connection
from webapp.deciding import column_values, other_names, person_keys
from webapp.deciding.decision import Options, function
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome

# One in so many rows at least; fewer, and taking each by itself costs less.
TAKEN_TOGETHER = 10


@dataclass(frozen=True)
class Decided:
    """What one range of rows came to.

    `counts` adds up to `rows`, and to 0 in a second run, where it is net. `last_row` is 0 for an
    empty range, and `first_failure` where no row failed or is in conflict.
    """

    rows: int
    last_row: int
    counts: dict[Outcome, int]
    first_failure: int = 0


def define_look_up(conn: Connection, options: Options) -> None:
    """Define for this session what the decision's look-up and its new values call."""
    other_names.define(conn)
    if options.keyless:
        person_keys.define(conn)
    if options.rules_of_labels:
        column_values.tell_labels(conn, options.rules)


def definition(options: Options) -> str:
    """The decision for these options, as it is defined in a session."""
    return function(options, TAKEN_TOGETHER)


class DuplicateHandler:
    """Decides and writes ranges of one import's staged rows, inside the caller's transaction.

    Making one defines `pg_temp.decide` for these options, in place of that for others.
    """

    def __init__(self, conn: Connection, import_id: UUID, options: Options) -> None:
        self.conn = conn
        self.import_id = import_id
        self.options = options
        define_look_up(conn, options)
        psycopg.RawCursor(conn).execute(definition(options))

    def handle_duplicates(self, after: int, limit: int) -> Decided:
        """Decide and write the next `limit` rows after `after`, as if one by one in file order."""
        found = self.conn.execute(
            "SELECT * FROM pg_temp.decide(%(import_id)s, %(after)s, %(limit)s)",
            {"import_id": self.import_id, "after": after, "limit": limit},
            prepare=True,
        ).fetchone()
        assert found is not None  # noqa: S101 - a function always answers
        counts = dict(zip(STORED_OUTCOMES, found["counts"], strict=True))
        return Decided(found["rows"], found["last_row"], counts, found["first_failure"] or 0)
