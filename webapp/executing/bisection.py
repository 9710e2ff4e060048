"""Bisection: around the rows of a batch that the database will never take, down to each of them.

Each half is tried under a savepoint of the batch's own transaction, so the neighbours of a bad row
are imported in the same batch as without it.
"""

import psycopg

from webapp.deciding.duplicates import Decided, DuplicateHandler
from webapp.imports.faults import Fault, classify, first_line
from webapp.vocabulary.outcomes import STORED_OUTCOMES


class Bisection:
    """Takes ranges of rows as the handler does; one that cannot be stored is `failed`, with the database's message."""

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
        """Write the valid rows of a range into the ledger as failed; rows already judged keep their judgement."""
        found = self.conn.execute(
            _FAIL_AGAIN if self.handler.rules.only_failed else _FAIL,
            {
                "import_id": self.handler.import_id,
                "after": after,
                "limit": limit,
                "code": code,
                "message": message,
            },
        ).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always answers
        counts = {outcome: int(found.get(outcome.value) or 0) for outcome in STORED_OUTCOMES}

        return Decided(int(found["rows"]), int(found["last_row"]), counts)


_NOTHING = Decided(0, 0, dict.fromkeys(STORED_OUTCOMES, 0))


def _joined(left: Decided, right: Decided) -> Decided:
    counts = {
        outcome: left.counts[outcome] + right.counts[outcome] for outcome in STORED_OUTCOMES
    }
    return Decided(left.rows + right.rows, max(left.last_row, right.last_row), counts)


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
