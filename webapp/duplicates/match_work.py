"""What a worker does to find the contacts that an import's new rows look like.

The plan tells which rows become contacts. They and the book are compared as a search of the whole
book does it, so that the review shows what that would show after the import. The book is read page
by page, nothing of it is locked, and what was found is written in one transaction at the end.

Anything else that wants the worker comes first: the search makes room, and is done anew later.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

from psycopg.rows import tuple_row

from webapp import db, queries
from webapp.deciding import plan
from webapp.duplicates.finding import Pair, RowSearch
from webapp.duplicates.possible_matches import MOST_ROWS, PARTS
from webapp.imports.faults import Fenced
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import PREVIEWED, WORKED_ON

SQL = queries.load("possible_matches", **PARTS)
A_PAGE = 2_000  # contacts that are read at once
GIVE_UP_AFTER = 3  # attempts of which none came to its end
PATIENCE = 1.0  # seconds that another import may wait for a worker that is free
_PREVIEWED = [state.value for state in PREVIEWED]
_WORKED_ON = [state.value for state in WORKED_ON]


def wanted(conn: db.Connection, lease_seconds: float) -> UUID | None:
    """The import of which the new rows are to be compared next; None where there is none."""
    asked = {"lease_seconds": lease_seconds, "previewed": _PREVIEWED}
    row = conn.execute(SQL.wanted, asked).fetchone()
    conn.rollback()
    return row["id"] if row else None


def search(conn: db.Connection, lease_seconds: float, should_stop: Callable[[], bool]) -> bool:
    """Do the search that is wanted next; whether one was done.

    False where there is none, rows or the import's state changed, or it made room. Raises
    psycopg.Error.
    """
    import_id = wanted(conn, lease_seconds)
    if import_id is None:
        return False

    asked = {"import_id": import_id, "previewed": _PREVIEWED, "lease_seconds": lease_seconds}
    claim = conn.execute(SQL.claim, asked).fetchone()
    conn.commit()
    if claim is None:  # another worker was faster
        return False

    work = _Work(conn, import_id, claim["claims"], should_stop)
    try:
        if claim["attempts"] > GIVE_UP_AFTER:
            work.tell(SQL.give_up)
            return False
        work.do()
    except Fenced:
        conn.rollback()
        return False

    return True


class _Work:
    """One worker's work on a search."""

    def __init__(
        self,
        conn: db.Connection,
        import_id: UUID,
        claims: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self.conn = conn
        self.own: dict[str, Any] = {"import_id": import_id, "claims": claims}
        self.should_stop = should_stop
        self.waits_since: float | None = None

    def do(self) -> None:
        with closing(RowSearch()) as of_rows:
            for rows in self._new_rows():
                for values in rows:
                    of_rows.add_row(values)

            if of_rows.rows:
                for values in self._contacts():
                    of_rows.add(values)

            self._keep(of_rows.rows, of_rows.pairs(lambda _share: self._beat()))

    def tell(self, statement: str, **more: Any) -> None:
        """Write to the own search. Raises Fenced where it is the own no more."""
        if not self.conn.execute(statement, {**self.own, **more}).rowcount:
            raise Fenced
        self.conn.commit()

    def _new_rows(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that become contacts, block by block of the plan."""
        block, room = plan.HEADER, MOST_ROWS
        while room and (found := self._block(block)):
            block = found["block"]
            rows = list(_created(found["lines"]))[:room]
            room -= len(rows)
            yield self._read(SQL.rows, rows=rows)
            self._beat()

    def _block(self, after: int) -> Any:
        return self.conn.execute(SQL.blocks, {**self.own, "after": after}).fetchone()

    def _contacts(self) -> Iterator[tuple[Any, ...]]:
        after = 0
        while page := self._read(SQL.contacts, after=after, limit=A_PAGE):
            yield from page
            after = page[-1][0]
            self._beat()

    def _read(self, statement: str, **asked: Any) -> list[tuple[Any, ...]]:
        """All rows at once: no transaction is held while they are worked on."""
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(statement, {**self.own, **asked}).fetchall()
        self.conn.commit()

        return found

    def _beat(self) -> None:
        """Say that the work goes on. Raises Fenced where it does not, or is to make room."""
        if self.should_stop() or self._is_in_the_way():
            self.tell(SQL.release)
            raise Fenced
        self.tell(SQL.heartbeat, previewed=_PREVIEWED)

    def _is_in_the_way(self) -> bool:
        """Whether another import has waited for a worker longer than a free one would take."""
        found: Any = self.conn.execute(SQL.others_wait, {"states": _WORKED_ON}).fetchone()
        if not found["wait"]:
            self.waits_since = None
            return False

        self.waits_since = self.waits_since or time.monotonic()
        return time.monotonic() - self.waits_since > PATIENCE

    def _keep(self, rows: int, found: Sequence[Pair]) -> None:
        if not self.conn.execute(SQL.finish, {**self.own, "rows": rows}).rowcount:
            raise Fenced

        self.conn.execute(SQL.make_found)
        with self.conn.cursor() as cursor, cursor.copy(SQL.copy_found) as copy:
            for pair in found:
                copy.write_row((pair.low, pair.high, pair.score, list(pair.evidence)))
        for statement in (SQL.drop_earlier, SQL.keep_found):
            self.conn.execute(statement, self.own)
        self.conn.commit()


def _created(lines: str) -> Iterator[int]:
    """The rows that become contacts, of a block's lines."""
    for text in filter(None, lines.split("\n")):
        if text.split(",", 2)[1] == Outcome.CREATED:
            yield plan.row_of(text)
