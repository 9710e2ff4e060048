"""The blocks of a check, and its checkpoint, which moves over them in the order of the file."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp import queries
from webapp.checking.other_lines import LONGEST_RUN, OtherLines
from webapp.checking.seen_columns import Frequent, SeenColumns
from webapp.checking.validation import Checker
from webapp.db import Connection
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.limits import BLOCK_BYTES
from webapp.reading.records import Position, Record
from webapp.staging import judging
from webapp.staging.judging import Told
from webapp.staging.staged_rows import BLOCK_ROWS, copy_rows, take_back

SQL = queries.load("staging")

# Blocks that may wait for one before them to be staged, and their text: all of it is in memory.
MOST_WAITING = 6
MOST_WAITING_BYTES = BLOCK_BYTES


@dataclass
class Block:
    """Records that are staged together. `lines` is what they and those before say of the lines
    behind them, and `frequent` what was known of the columns when they were judged.

    `seen` is what they say of the columns themselves; None until they are staged.
    """

    told: Told
    rows: int
    size: int
    position: Position
    lines: dict[str, Any]
    frequent: Frequent
    seen: SeenColumns | None = None


def cut(records: Iterator[Record], lines: OtherLines) -> Iterator[list[Record]]:
    """Records that are staged together: a bounded number, and a bounded amount of text. A line that
    may belong to the one above it stays with it.
    """
    block: list[Record] = []
    size = 0

    for record in records:
        full = len(block) >= BLOCK_ROWS or size > BLOCK_BYTES
        longest = BLOCK_ROWS + LONGEST_RUN
        if full and (len(block) >= longest or not lines.is_short(record)):
            yield block
            block, size = [], 0

        block.append(record)
        size += record.size

    if block:
        yield block


def stage(conn: Connection, import_id: UUID, told: Told, checker: Checker) -> SeenColumns:
    """Judge a block and stage its rows; what they say of the columns."""
    rows, seen = judging.judged(told, checker)
    copy_rows(conn, import_id, rows)
    return seen


class Checkpoint:
    """Where the check goes on: behind the last block that is staged with all those before it.

    `reached` is that place, and what the rows before it say of the rest; it is stored as the
    import's `read_position`.
    """

    def __init__(
        self, conn: Connection, lease: Lease, checker: Checker, reached: dict[str, Any]
    ) -> None:
        self.conn, self.lease, self.checker = conn, lease, checker
        self.reached = reached
        self.waiting: deque[Block] = deque()  # in the order of the file
        self.passed: list[
            Position
        ] = []  # where reading can begin again, since the last commit
        self.began = time.monotonic()

    def add(self, block: Block) -> None:
        """The next block is on its way."""
        self.waiting.append(block)

    @property
    def is_far_ahead(self) -> bool:
        """Whether no further block should be begun before the first one is staged."""
        return len(self.waiting) > 1 and (
            len(self.waiting) > MOST_WAITING
            or sum(block.size for block in self.waiting) > MOST_WAITING_BYTES
        )

    def commit(self) -> None:
        """Commit what is staged in this transaction, and move behind the blocks that are staged, up
        to the first one that is not. Raises Fenced where the lease has passed on.
        """
        rows = 0

        while self.waiting and (seen := self.waiting[0].seen) is not None:
            block = self.waiting.popleft()
            rows += block.rows
            self._pass(block, seen)

        if rows:
            self._reach(rows)
        else:
            hold(self.conn, self.lease)

        self.conn.commit()

    def _pass(self, block: Block, seen: SeenColumns) -> None:
        checker = self.checker
        if block.frequent != checker.seen.frequent():
            # A block before it showed another frequent value, while it was judged.
            _, seen = checker.judge_block(block.told.records)

        checker.seen.add(seen)
        self.passed.append(block.position)
        self.reached = {
            "position": block.position.as_json(),
            "rows": self.reached["rows"] + block.rows,
            "lines": block.lines,
            **checker.seen.as_json(),
        }

    def _reach(self, rows: int) -> None:
        now = time.monotonic()
        moved = self.conn.execute(
            SQL.reach,
            {
                "import_id": self.lease.import_id,
                "token": self.lease.token,
                "reached": Jsonb(self.reached),
                "offset": self.reached["position"]["offset"],
                "passed_rows": [position.row for position in self.passed],
                "passed_offsets": [position.offset for position in self.passed],
                "rows": rows,
                "took": (now - self.began) * 1000,
            },
        ).fetchone()
        self.began = now
        self.passed.clear()

        if moved is None:
            self.conn.rollback()
            raise Fenced


def hold(conn: Connection, lease: Lease) -> None:
    """Keep the import ours until the commit: a worker that was thought dead must not touch what
    another one stages. Raises Fenced.
    """
    ours = conn.execute(
        SQL.hold_checking, {"import_id": lease.import_id, "token": lease.token}
    ).fetchone()

    if ours is None:
        conn.rollback()
        raise Fenced


def take_back_beyond(conn: Connection, import_id: UUID, row: int) -> None:
    """Take back what was staged behind the checkpoint, which is at `row`. The lease is held: what
    another process staged under it is committed, or never will be.
    """
    beyond = conn.execute(SQL.rows_beyond, {"import_id": import_id, "row": row}).fetchall()
    take_back(conn, import_id, [found["row"] for found in beyond])
