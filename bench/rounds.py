"""The interleaved rounds: each does everything once, so that what slows the machine slows all
alike.
"""

import statistics
import time
from collections import defaultdict
from pathlib import Path
from uuid import UUID

from bench import book
from bench.house import House

COPY = "COPY of the finished columns"
COPY_OTHERS = "COPY, beside a million others"
OTHERS = 1_000_000
BESIDE = ", beside a million others"
BY_EMAIL = ", e-mail the only key"
EMPTY_NEARBY = "skip, empty book, before and after them"
STRATEGIES = ("skip", "update", "merge")
BATCH_SIZES = (10, 1000, "auto")
# What the fields hold in the book beforehand, so that the strategy has something to write.
BEFORE = {
    "skip": {},
    "update": dict.fromkeys(book.CHANGED, "'before'"),
    "merge": dict.fromkeys(book.CHANGED, "NULL"),
}


class Rounds:
    """Rows per second of each measure, round by round."""

    def __init__(self, house: House, file: Path, rows: int) -> None:
        self.house, self.conn, self.file, self.rows = house, house.conn, file, rows
        self.rounds: list[
            dict[str, list[float]]
        ] = []  # for each round: measure → rows per second, each time
        self.notes: dict[str, str] = {}
        self.import_id = self._first()
        self.data = book.copied(self.conn)

    def _first(self) -> UUID:
        """One run to warm up, which yields the finished columns for COPY."""
        import_id = self.house.checked(self.file)
        self.house.execute(import_id, "skip")
        self.house.wait(import_id, "completed")
        self.house.wait_until_let_go(import_id)
        book.keep(self.conn)
        return import_id

    def begin(self) -> None:
        self.rounds.append(defaultdict(list))

    def note(self, measure: str, rows: float, seconds: float) -> None:
        self.rounds[-1][measure].append(rows / seconds)

    def run(self) -> None:
        """One round on a book that holds nobody, or just the people of the file."""
        self.begin()
        self.copy()
        for strategy in STRATEGIES:
            book.empty(self.conn)
            self.execution(strategy, f"{strategy}, empty book")
        self.rollback("rollback of created contacts")
        self.copy()
        for strategy in STRATEGIES:
            book.known(self.conn, **BEFORE[strategy])
            self.execution(strategy, f"{strategy}, all known")
            if strategy == "update":
                self.rollback("rollback of updated contacts")
        for size in BATCH_SIZES:
            book.empty(self.conn)
            self.execution("skip", f"skip, empty book, batch size {size}", size)
        self.copy()
        self.whole_way()

    def run_by_email(self) -> None:
        """One round on a file without IDs."""
        self.begin()
        self.copy()
        book.empty(self.conn)
        self.execution("skip", f"skip, empty book{BY_EMAIL}")
        for strategy in STRATEGIES:
            book.known(self.conn, **BEFORE[strategy])
            self.execution(strategy, f"{strategy}, all known{BY_EMAIL}")

    def beside_others(self, times: int) -> None:
        """So many rounds on a book of a million others, who stay, between two on an empty one."""
        self.begin()
        self.empty_book()
        book.others(self.conn, OTHERS)
        for _ in range(times):
            self.run_beside_others()
        self.begin()
        self.empty_book()

    def empty_book(self) -> None:
        """What stands beside the others, before and after them; each time twice, since it is
        short.
        """
        for _ in range(2):
            book.empty(self.conn)
            self.execution("skip", EMPTY_NEARBY)

    def run_beside_others(self) -> None:
        """One round on a book of a million others; they stay from round to round."""
        self.begin()
        self.copy(COPY_OTHERS)
        for strategy in STRATEGIES:
            self.execution(strategy, f"{strategy}{BESIDE}")
            book.forget(self.conn, self.import_id)

    def copy(self, measure: str = COPY) -> None:
        """The baseline: one COPY into the same table with the same indexes."""
        if measure == COPY:
            book.empty(self.conn)
        self.conn.execute("CHECKPOINT")
        started = time.monotonic()
        rows = book.copy_in(self.conn, self.data)
        self.note(measure, rows, time.monotonic() - started)
        if measure != COPY:
            book.forget(self.conn, self.import_id)

    def execution(self, strategy: str, measure: str, batch_size: int | str = 100) -> None:
        self.prepare(strategy)
        self.run_prepared(strategy, measure, batch_size)

    def prepare(self, strategy: str) -> None:
        """The import as its person has it on the review page: checked, and previewed on the
        book as it is now.
        """
        book.reset(self.conn, self.import_id)
        self.house.preview(self.import_id, strategy)
        self.house.wait_until_let_go(self.import_id)
        self.conn.execute("CHECKPOINT")

    def run_prepared(self, strategy: str, measure: str, batch_size: int | str = 100) -> None:
        self.house.execute(self.import_id, strategy, batch_size)
        self.house.wait(self.import_id, "completed")
        self.note(
            measure, self.rows, self.house.seconds(self.import_id, "started", "completed")
        )
        if batch_size == "auto":
            self.notes[measure] = self._batches()
        self.house.wait_until_let_go(self.import_id)

    def _batches(self) -> str:
        found = self.conn.execute(
            "SELECT min(rows), max(rows) FROM contact_import_logs WHERE import_id = %s AND event = 'batch'",
            (self.import_id,),
        ).fetchone()
        return f"{found['min']} to {found['max']} rows a batch"

    def rollback(self, measure: str) -> None:
        self.conn.execute("CHECKPOINT")
        self.house.roll_back(self.import_id)
        self.house.wait(self.import_id, "rolled_back")
        self.note(
            measure,
            self.rows,
            self.house.seconds(self.import_id, "rollback_started", "rolled_back"),
        )
        self.house.wait_until_let_go(self.import_id)

    def check(self) -> None:
        """The check alone, from its start to its end."""
        import_id = self.house.upload(self.file)
        self.house.wait(import_id, "ready")
        self.note(
            "check", self.rows, self.house.seconds(import_id, "check_started", "checked")
        )
        self.house.wait_until_let_go(import_id)
        book.drop(self.conn, import_id)

    def whole_way(self) -> None:
        """Over the API, from the last byte sent to completed, as a program drives it; and the
        check within it.
        """
        book.empty(self.conn)
        self.conn.execute("CHECKPOINT")
        name, sent = self.house.wire.upload(self.file)
        import_id = UUID(name)
        self.house.wait(import_id, "ready")
        self.house.wire.execute(name)
        self.house.wait(import_id, "completed")
        self.note("whole way", self.rows, time.monotonic() - sent)
        self.note(
            "check", self.rows, self.house.seconds(import_id, "check_started", "checked")
        )
        self.house.wait_until_let_go(import_id)
        book.drop(self.conn, import_id)

    def speed(self, measure: str) -> float:
        """The median of all rounds, in rows per second."""
        return statistics.median(
            figure for found in self.rounds for figure in found.get(measure, ())
        )

    def ratio(self, measure: str, base: str) -> float:
        """How many times as fast one measure is as the other: the median of the ratios within
        each round.
        """
        both = [found for found in self.rounds if measure in found and base in found]
        return statistics.median(
            statistics.mean(found[measure]) / statistics.mean(found[base]) for found in both
        )

    def figures(self) -> list[dict[str, object]]:
        """Every measure, with its ratio to the COPY of the same round."""
        names = dict.fromkeys(
            name for found in self.rounds for name in found if name != EMPTY_NEARBY
        )
        return [self._figure(measure) for measure in names]

    def _figure(self, measure: str) -> dict[str, object]:
        rounds = [found for found in self.rounds if measure in found]
        base = COPY if COPY in rounds[0] else COPY_OTHERS
        return {
            "measure": measure,
            "rows": self.rows,
            "rows_per_second": round(self.speed(measure)),
            "ratio": round(self.ratio(measure, base), 3),
            "rounds": len(rounds),
            "note": self.notes.get(measure, ""),
        }
