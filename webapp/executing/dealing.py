"""The rows of an execution that lanes take in any order, and the lists in which they are dealt.

Rows that share a key or a contact with no other row of the file come to the same in any order; the
plan knows them. They are dealt to all lanes, list by list. All others are taken by the first lane
alone, in the order of the file. No row further than `LOOK_AHEAD` behind the first one without an
entry is dealt.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from webapp import queries
from webapp.db import Connection
from webapp.deciding import plan, version
from webapp.deciding.decision import Options
from webapp.imports.reruns import LOOK_AHEAD
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_COLUMN, UNIQUE_KEYS
from webapp.vocabulary.reruns import Rerun

LIST_ROWS = 1000  # dealt at a time where there are two lanes, else fewer; whole batches
LOADED_ROWS = 4 * plan.BLOCK_ROWS  # row numbers whose rows are looked up at a time
MOST_SHARED = 0.5  # of the rows; the first lane would be the last
WAIT_SECONDS = 0.1  # for other lanes, before it is looked again whether to go on

KEYS = [KEY_COLUMN[key] for key in UNIQUE_KEYS]
FURTHER_KEYS = [FURTHER_COLUMN[key] for key in UNIQUE_KEYS if key in FURTHER_COLUMN]
SQL = queries.load(
    "dealing",
    block_rows=str(plan.BLOCK_ROWS),
    has_key=" OR ".join(f"{column} IS NOT NULL" for column in KEYS),
    keys=", ".join(f"'{column}'" for column in [*KEYS, *FURTHER_KEYS]),
)


def are_possible(options: Options, *, skip_errors: bool) -> bool:
    """Whether rows of such a run come to the same in any order, but for those that share something.

    A phone is no unique key, and neither is what a person is called; the first bad row ends a run
    that skips none; a second run's rows are few.
    """
    first_run = options.rerun is Rerun.NONE
    return first_run and skip_errors and not options.keyless and "phone" not in options.enabled


@dataclass(frozen=True)
class Planned:
    """What the plan of an execution tells of its rows, and the book that it knows."""

    variant: dict[str, Any]
    last_row: int
    last_change: int
    last_contact: int


def find_plan(conn: Connection, import_id: UUID) -> Planned | None:
    """The plan of exactly what is executed; None where there is none of today's decision, or where
    too many rows share something.
    """
    asked = {"import_id": import_id, "version": version.current()}
    found = conn.execute(SQL.plan, asked).fetchone()
    conn.rollback()
    if found is None or found["shared"] > found["last_row"] * MOST_SHARED:
        return None

    names = ("strategy", "create_new", "hold_other_names")
    variant = {name: found[name] for name in names}
    return Planned(variant, found["last_row"], found["last_change"], found["last_contact"])


def still_holds(conn: Connection, import_id: UUID, planned: Planned) -> Planned | None:
    """The plan, as of now, where no one else gave a contact a key since: it could make two rows
    meet that share nothing.
    """
    asked = {
        "import_id": import_id,
        "last_change": planned.last_change,
        "last_contact": planned.last_contact,
    }
    found: Any = conn.execute(SQL.keys_by_others, asked).fetchone()
    conn.rollback()
    if found.pop("given"):
        return None

    return replace(planned, **found)


def furthest(conn: Connection, import_id: UUID) -> int:
    """The number of the last row that has an entry."""
    found: Any = conn.execute(SQL.furthest, {"import_id": import_id}).fetchone()
    conn.rollback()
    return int(found["row"])


class Rows:
    """The rows behind one row of the file, dealt to lanes as lists of their numbers.

    `turn` says why no more are dealt, once that is so: `go on` when all that were loaded shall
    still be done, or what stopped a lane.
    """

    def __init__(
        self, import_id: UUID, planned: Planned, after: int, size: int, lanes: int
    ) -> None:
        self.import_id, self.planned, self.size = import_id, planned, size
        self.lanes = lanes  # how many there are
        self.most = max(2 * LIST_ROWS // lanes // size, 1) * size  # rows of a list
        self.loaded = after  # up to this row they are listed
        self.shared: deque[list[int]] = deque()
        self.free: deque[list[int]] = deque()
        self.left: list[list[int]] = []  # lists that are not through, dealt or not
        self.turn: str | None = None
        self.loading = False
        self.moved_at = time.monotonic()  # when a lane last did a batch
        self.changed = threading.Condition(threading.RLock())

    @property
    def through(self) -> int:
        """Up to this row all have their entries."""
        with self.changed:
            return min((rows[0] for rows in self.left), default=self.loaded + 1) - 1

    @property
    def goes_on(self) -> bool:
        """Whether nothing has stopped a lane: all that was loaded shall be done."""
        return self.turn in {None, "go on"}

    def stop(self, turn: str) -> None:
        """Deal nothing more but, for `go on`, what was loaded. The first word counts, unless it was
        that.
        """
        with self.changed:
            if self.goes_on:
                self.turn = turn
            if turn != "go on":
                self.shared.clear()
                self.free.clear()
            self.changed.notify_all()

    def next_list(self, conn: Connection, *, first_lane: bool) -> list[int] | None:
        """The next list for a lane, as soon as the others are not too far behind; None at the
        end.
        """
        while True:
            with self.changed:
                if first_lane and self.shared:
                    return self.shared.popleft()
                if self.free:
                    return self.free.popleft()
                if self.turn or self.loaded >= self.planned.last_row:
                    return None
                if self.loading or self.loaded + LOADED_ROWS - self.through > LOOK_AHEAD:
                    self.changed.wait(WAIT_SECONDS)
                    continue
                self.loading = True

            self._load(conn)

    def done(self, rows: list[int], count: int) -> None:
        """So many rows of a list are committed; what is left of it is dealt again by the one who
        has it.
        """
        with self.changed:
            self.moved_at = time.monotonic()
            self.left.remove(rows)
            if rest := rows[count:]:
                self.left.append(rest)
            self.changed.notify_all()

    def _load(self, conn: Connection) -> None:
        """Look up which rows come next; nothing is locked meanwhile, for the database may be
        slow.
        """
        last = min(self.loaded + LOADED_ROWS, self.planned.last_row)
        asked = {
            "import_id": self.import_id,
            **self.planned.variant,
            "after": self.loaded,
            "last": last,
        }
        found: Any = conn.execute(SQL.rows_between, asked, prepare=True).fetchone()
        if {row // plan.BLOCK_ROWS for row in found["rows"]} - set(found["blocks"]):
            self.stop("go on")  # The plan is gone.
            return

        shared = set(found["shared"])
        with self.changed:
            self.loading = False
            if self.goes_on:
                self._add(self.shared, [row for row in found["rows"] if row in shared])
                self._add(self.free, [row for row in found["rows"] if row not in shared])
                self.loaded = last
            self.changed.notify_all()

    def _add(self, dealt: deque[list[int]], rows: list[int]) -> None:
        lists = [rows[at : at + self.most] for at in range(0, len(rows), self.most)]
        dealt.extend(lists)
        self.left.extend(lists)
