"""Bisection: around the rows of a batch that the database will never take, down to each of them.

Each half is tried under a savepoint of the batch's own transaction, so the neighbours of a bad row
are imported in the same batch as without it.
"""

import psycopg

from webapp import queries
from webapp.deciding.duplicates import Decided, DuplicateHandler
from webapp.imports import reruns
from webapp.imports.faults import Fault, classify, first_line
from webapp.queries import fill
from webapp.vocabulary.outcomes import STORED_OUTCOMES

SQL = queries.load("executing")
_COUNTS = ",\n".join(fill(SQL.failed_count, outcome=outcome) for outcome in STORED_OUTCOMES)


class Bisection:
    """Takes ranges of rows as the handler does; one that cannot be stored is `failed`, with the
    database's message.
    """

    def __init__(self, handler: DuplicateHandler) -> None:
        self.handler = handler
        self.conn = handler.conn

    def handle_duplicates(self, after: int, limit: int) -> Decided:
        """The next `limit` rows after row number `after`.

        Raises psycopg.Error where no row is to blame.
        """
        # Opens the transaction, so that the parts below become savepoints in it, and has deferred
        # constraints speak up within their part, rather than at the commit about everybody.
        self.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return self._part(after, limit)

    def _bisect(self, after: int, limit: int, error: Exception) -> Decided:
        if limit == 1:
            return self.fail_rows(after, 1, first_line(error), "database_error")

        half = limit // 2
        left = self._part(after, half)
        right = self._part(left.last_row, limit - half) if left.rows == half else _NOTHING
        return _joined(left, right)

    def _part(self, after: int, limit: int) -> Decided:
        try:
            with self.conn.transaction():
                return self.handler.handle_duplicates(after, limit)
        except psycopg.Error as error:
            if classify(error, self.conn) not in {Fault.DATA, Fault.RACE}:
                raise
            return self._bisect(after, limit, error)

    def fail_rows(self, after: int, limit: int, message: str, code: str) -> Decided:
        """Write the valid rows of a range into the ledger as failed; rows already judged keep their
        judgement.
        """
        rerun = self.handler.options.rerun
        statement = fill(
            SQL.fail_rows,
            rows=reruns.rows(rerun),
            written=SQL.written_again if rerun.amends else SQL.written_first,
            counts=_COUNTS,
        )
        found = self.conn.execute(
            statement,
            {
                "import_id": self.handler.import_id,
                "after": after,
                "limit": limit,
                "code": code,
                "message": message,
            },
        ).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always answers
        counts = {outcome: int(found[outcome.value]) for outcome in STORED_OUTCOMES}

        return Decided(
            int(found["rows"]),
            int(found["last_row"]),
            counts,
            int(found["first_failure"] or 0),
        )


_NOTHING = Decided(0, 0, dict.fromkeys(STORED_OUTCOMES, 0))


def _joined(left: Decided, right: Decided) -> Decided:
    counts = {
        outcome: left.counts[outcome] + right.counts[outcome] for outcome in STORED_OUTCOMES
    }
    failures = filter(None, (left.first_failure, right.first_failure))

    return Decided(
        left.rows + right.rows,
        max(left.last_row, right.last_row),
        counts,
        min(failures, default=0),
    )
