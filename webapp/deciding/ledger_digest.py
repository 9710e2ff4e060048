"""Proof at the end of an import: sums that must agree, and a digest that anyone can recompute from
the report.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf as NEVER  # noqa: N812 - a time that does not come
from typing import Any, Self
from uuid import UUID

import psycopg

from webapp import queries
from webapp.db import Connection
from webapp.deciding import plan, plan_differences
from webapp.vocabulary.outcomes import LETTERS, STORED_OUTCOMES, Outcome, sql_case

SQL = queries.load(
    "ledger_digest",
    letter=sql_case(LETTERS, "outcome"),
    word=sql_case({outcome: f",{outcome}," for outcome in STORED_OUTCOMES}, "outcome"),
)
BLOCK_ROWS = 10_000  # ledger entries that the database joins to one text at a time
LAST = 2**62
MAY_END_SECONDS = 3.0  # longer than a slice while others wait


class Ledger:
    """The digest of an import's ledger, and how often each outcome stands in it, as far as it was
    read.

    The digest is SHA-256 over one line `row,outcome,contact_id,code` for each entry, in row order;
    what is null is left blank. docs/promises.md says how to recompute it from the report.
    """

    def __init__(self, import_id: UUID) -> None:
        self.import_id = import_id
        self.sha256 = hashlib.sha256()
        self.letters: Counter[str] = Counter()  # how often each outcome's letter came
        self.last_row = 0

    @property
    def digest(self) -> str:
        """Hexadecimal."""
        return self.sha256.hexdigest()

    def counts(self) -> Counter[Outcome]:
        """How often each outcome stands in it."""
        return Counter({outcome: self.letters[letter] for outcome, letter in LETTERS.items()})

    def read(
        self,
        conn: Connection,
        last_row: int = LAST,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Read on up to this row, or until `stopped` says so. Entries up to it have to be final."""
        while not stopped() and (block := self._block(conn, last_row)):
            self.sha256.update(block["lines"].encode())
            self.letters.update(block["letters"])
            self.last_row = block["last_row"]

        return self

    def _block(self, conn: Connection, last_row: int) -> dict[str, Any] | None:
        block = conn.execute(
            SQL.block,
            {
                "import_id": self.import_id,
                "after": self.last_row,
                "last_row": last_row,
                "limit": BLOCK_ROWS,
            },
            prepare=True,
        ).fetchone()
        return block if block and block["last_row"] else None


class ReadBehind:
    """Reads the ledger while batches are committed, on a connection and in a thread of its own:
    holds it against the plan, and takes its digest.

    Called with the row up to which they are. What was not read, for want of a connection or of
    time, is still to be read when the block ends, which waits for one block of entries at most.

    The comparison goes on where it was. A digest cannot be put down and taken up again, so each
    slice begins at the first entry: one that goes on with an import waits a while with it, since
    it may soon make room for others.
    """

    def __init__(
        self, ledger: Ledger, connect: Callable[[], Connection], *, goes_on: bool
    ) -> None:
        self.ledger, self.connect = ledger, connect
        self.begins_at = time.monotonic() + (MAY_END_SECONDS if goes_on else 0)
        self.stop = threading.Event()
        self.pool: ThreadPoolExecutor | None = None
        self.own: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        if self.pool:
            self.pool.shutdown(cancel_futures=True)
        if self.own:
            self.own.close()

    def __call__(self, last_row: int) -> None:
        """Read up to this row, in a moment."""
        if self.begins_at == NEVER:
            return
        self.pool = self.pool or ThreadPoolExecutor(1)
        self.pool.submit(self._read, last_row)

    def _read(self, last_row: int) -> None:
        try:
            self.own = self.own or self._connected()
        except psycopg.OperationalError:  # None to spare.
            self.begins_at = NEVER
            return

        whole = (last_row + 1) // plan.BLOCK_ROWS * plan.BLOCK_ROWS - 1
        plan_differences.compare(self.own, self.ledger.import_id, whole, self.stop.is_set)
        if time.monotonic() >= self.begins_at:
            self.ledger.read(self.own, last_row, self.stop.is_set)

    def _connected(self) -> Connection:
        conn = self.connect()
        conn.autocommit = True
        return conn


def check_sums(conn: Connection, import_id: UUID, ledger: Ledger) -> list[str]:
    """The sums that do not agree, in words; an empty list proves the import."""
    import_ = conn.execute(SQL.counters, {"import_id": import_id}).fetchone()
    assert import_ is not None  # noqa: S101 - the caller names an existing import
    counts = ledger.counts()
    wrong = [
        f"{outcome}: counter {import_[outcome.value]}, ledger {counts[outcome]}"
        for outcome in STORED_OUTCOMES
        if import_[outcome.value] != counts[outcome]
    ]

    if import_["contacts"] != counts[Outcome.CREATED] - _deleted_since(
        conn, import_, counts[Outcome.CREATED]
    ):
        wrong.append(
            f"created: ledger {counts[Outcome.CREATED]}, contacts {import_['contacts']}"
        )
    if import_["state"] == "completed" and counts.total() != import_["total"]:
        wrong.append(f"rows: file {import_['total']}, ledger {counts.total()}")

    return wrong


def _deleted_since(conn: Connection, import_: dict[str, Any], created: int) -> int:
    """How many of the created contacts were deleted by hand; only looked for where some are
    missing.

    Erasing a person takes the journal along, and the import's file: then what is missing may have
    been erased.
    """
    missing = created - int(import_["contacts"])
    if missing <= 0 or import_["file_gone"]:
        return max(missing, 0)

    deleted: Any = conn.execute(SQL.deleted, {"import_id": import_["id"]}).fetchone()
    return int(deleted["contacts"])
