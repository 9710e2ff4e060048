"""Proof at the end of an import: sums that must agree, and a digest that anyone can recompute from the report."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from webapp.engine.duplicates import Connection
from webapp.engine.states import STORED_OUTCOMES, Outcome

BLOCK_ROWS = 10_000  # ledger entries that the database joins to one text at a time
LAST = 2**62


class Ledger:
    """An import's ledger in short, as far as it was read: its digest, and how often each outcome stands in it.

    The digest is SHA-256 over one line `row,outcome,contact_id,code` for each entry, in row order; what is null is left
    blank. docs/promises.md says how to recompute it from the report.
    """

    def __init__(self, import_id: UUID) -> None:
        self.import_id = import_id
        self.sha256 = hashlib.sha256()
        self.counts = Counter[Outcome]()
        self.last_row = 0

    @property
    def digest(self) -> str:
        """Hexadecimal."""
        return self.sha256.hexdigest()

    def read(self, conn: Connection, last_row: int = LAST) -> "Ledger":
        """Read on up to this row. Entries up to it have to be final."""
        while block := self._block(conn, last_row):
            self.sha256.update(block["lines"].encode())
            self.counts.update({outcome: block[outcome.value] for outcome in STORED_OUTCOMES})
            self.last_row = block["last_row"]
        return self

    def _block(self, conn: Connection, last_row: int) -> dict[str, Any] | None:
        block = conn.execute(_BLOCK, (self.import_id, self.last_row, last_row, BLOCK_ROWS), prepare=True).fetchone()
        return block if block and block["last_row"] else None


@contextmanager
def read_behind(ledger: Ledger, connect: Callable[[], Connection]) -> Iterator[Callable[[int], object]]:
    """Read the ledger while batches are committed, on a connection and in a thread of its own.

    Yields a function to be told up to which row they are. What was not read, for want of a connection or of time, is
    still to be read when the block ends.
    """
    try:
        own = connect()
    except psycopg.OperationalError:  # None to spare.
        yield lambda _last_row: None
        return
    with own, ThreadPoolExecutor(1) as pool:
        own.autocommit = True
        try:
            yield lambda last_row: pool.submit(ledger.read, own, last_row)
        finally:
            pool.shutdown(cancel_futures=True)


def check_sums(conn: Connection, import_id: UUID, ledger: Ledger) -> list[str]:
    """The sums that do not agree, in words; an empty list proves the import."""
    found = conn.execute(_COUNTERS, (import_id,)).fetchone()
    assert found is not None  # noqa: S101 - the caller names an existing import
    counts = ledger.counts
    wrong = [
        f"{outcome}: counter {found[outcome.value]}, ledger {counts[outcome]}"
        for outcome in STORED_OUTCOMES
        if found[outcome.value] != counts[outcome]
    ]
    # A contact that was created and deleted by hand during the import is no contradiction; one too many would be.
    if found["contacts"] > counts[Outcome.CREATED]:
        wrong.append(f"created: ledger {counts[Outcome.CREATED]}, contacts {found['contacts']}")
    if found["state"] == "completed" and counts.total() != found["total"]:
        wrong.append(f"rows: file {found['total']}, ledger {counts.total()}")
    return wrong


_BLOCK = f"""
    SELECT max(row) AS last_row, string_agg(row::text || ',' || outcome::text || ','
        || COALESCE(contact_id::text, '') || COALESCE(',' || code, ',') || E'\\n', '' ORDER BY row) AS lines,
      {", ".join(f"count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}" for outcome in STORED_OUTCOMES)}
    FROM (SELECT row, outcome, contact_id, code FROM contact_import_results
      WHERE import_id = %s AND row > %s AND row <= %s ORDER BY row LIMIT %s) block"""

_COUNTERS = """
    SELECT i.*, (SELECT count(*) FROM contacts c WHERE c.imported_from = i.id) AS contacts
    FROM contact_imports i WHERE i.id = %s"""
