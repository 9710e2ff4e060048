"""What a worker does with a search of the whole book.

The book is read page by page, nothing of it is locked, and what was found is written in one
transaction at the end: a worker that ends before has written nothing, and another one begins
anew. Each claim has a number, so that one that was thought dead writes nothing either.

At 100,000 contacts the work-horse takes at most 244 MB, the worker's own memory among it; it grows
with the book.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from psycopg.rows import tuple_row

from webapp import db, queries
from webapp.duplicates.finding import Pair, Search
from webapp.duplicates.people import COLUMNS
from webapp.imports.faults import Fenced

SQL = queries.load("duplicates", columns=", ".join(COLUMNS))
A_PAGE = 2_000  # contacts that are read at once
READING = 30  # percent of the whole that reading takes
GIVE_UP_AFTER = 3  # workers that were lost with one search


def search(conn: db.Connection, lease_seconds: float, should_stop: Callable[[], bool]) -> bool:
    """Do the search that waits; whether one was done.

    False where there is none, it was cancelled, or the worker was told to stop. Raises
    psycopg.Error.
    """
    claim = conn.execute(SQL.claim, {"lease_seconds": lease_seconds}).fetchone()
    conn.commit()
    if claim is None:
        return False

    work = _Work(conn, claim["id"], claim["claims"], should_stop)
    try:
        if claim["claims"] > GIVE_UP_AFTER:
            work.tell(SQL.give_up)
            return False
        work.do()
    except Fenced:  # cancelled, another worker's, or left to the next
        conn.rollback()
        return False

    return True


class _Work:
    """One worker's work on a search."""

    def __init__(
        self, conn: db.Connection, ident: int, claims: int, should_stop: Callable[[], bool]
    ) -> None:
        self.conn = conn
        self.own: dict[str, Any] = {"id": ident, "claims": claims}
        self.should_stop = should_stop
        self.ids, self.versions = array("Q"), array("Q")

    def do(self) -> None:
        with closing(Search()) as of_book:
            for values in self._contacts():
                self.ids.append(values[0])
                self.versions.append(values[-1])
                of_book.add(values[:-1])

            pairs = of_book.pairs(self._progress)
            self._keep(pairs, of_book.counts.packed())

    def tell(self, statement: str, **more: Any) -> None:
        """Write to the own search. Raises Fenced where it is the own no more."""
        if not self.conn.execute(statement, {**self.own, **more}).rowcount:
            raise Fenced
        self.conn.commit()

    def _contacts(self) -> Iterator[tuple[Any, ...]]:
        after = 0
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            while page := cursor.execute(
                SQL.contacts, {"after": after, "limit": A_PAGE}
            ).fetchall():
                self.conn.commit()
                yield from page
                after = page[-1][0]
                self._tell(0)

    def _progress(self, share: float) -> None:
        self._tell(READING + round(share * (100 - READING)) - 1)

    def _tell(self, percent: int) -> None:
        if self.should_stop():
            self.tell(SQL.release)
            raise Fenced
        self.tell(SQL.heartbeat, contacts=len(self.ids), percent=percent)

    def _keep(self, pairs: Sequence[Pair], counts: bytes) -> None:
        found = {"contacts": len(self.ids), "pairs": len(pairs), "counts": counts}
        if not self.conn.execute(SQL.finish, {**self.own, **found}).rowcount:
            raise Fenced

        self.conn.execute(SQL.make_found)
        with self.conn.cursor() as cursor, cursor.copy(SQL.copy_found) as copy:
            for pair in pairs:
                versions = self._version(pair.low), self._version(pair.high)
                copy.write_row(
                    (pair.low, pair.high, pair.score, list(pair.evidence), *versions)
                )
        for statement in (SQL.drop_lost, SQL.keep_found, SQL.forget_answers):
            self.conn.execute(statement)
        self.conn.execute(SQL.forget_searches, self.own)
        self.conn.commit()

    def _version(self, contact_id: int) -> int:
        return self.versions[bisect_left(self.ids, contact_id)]
