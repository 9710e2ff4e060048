"""Where the time goes: for each stage, time on a processor by process, and PostgreSQL's by statement.

The sessions of the jobs are looked at every few milliseconds; the share of the looks that found a statement at work
is its share of PostgreSQL's time.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Self
from uuid import UUID

import psycopg

from bench import book
from bench.processes import processor_seconds
from bench.rounds import BEFORE, Rounds

EVERY = 0.004  # seconds between two looks
STATEMENTS = {
    "WITH looked": "decide and write a batch",
    "WITH moved": "checkpoint, counters, log",
    "WITH ahead": "look ahead for shared keys",
    "COMMIT": "commit",
    "COPY contact_import_rows": "COPY into the staging table",
    "UPDATE contact_imports SET read_position": "checkpoint of the check",
    "SELECT substr(content": "read the file",
    "WITH made": "delete what was created",
    "WITH changes": "bring fields back",
    "DECLARE": "digest of the ledger",
    "FETCH": "digest of the ledger",
}
LOOK = """
    SELECT state, wait_event_type, ltrim(query, E' \\n') AS query FROM pg_stat_activity
    WHERE application_name LIKE 'rowcall-%' AND query <> '' AND query NOT LIKE '%contact_import_leases%'"""


class Sampler:
    """Counts, while it is open, what the jobs' sessions are at."""

    def __init__(self, url: str) -> None:
        self.seen: Counter[str] = Counter()
        self.on = True
        self.conn = psycopg.connect(url, autocommit=True)
        self.thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.on = False
        self.thread.join()
        self.conn.close()

    def _look(self) -> None:
        while self.on:
            for state, wait, query in self.conn.execute(LOOK, prepare=True).fetchall():
                self.seen[_doing(state, wait, query)] += 1
            time.sleep(EVERY)


def _doing(state: str, wait: str | None, query: str) -> str:
    if state != "active" or wait == "Client":
        return "between two statements"
    name = next((name for start, name in STATEMENTS.items() if query.startswith(start)), "other statements")
    return f"waiting for {wait.lower()}" if wait else name


def stages(rounds: Rounds) -> list[dict[str, object]]:
    """The check, the execution under each strategy, and the undo, each once under observation."""
    conn = rounds.conn
    found = [_stage(rounds, "check", partial(_check, rounds))]
    for strategy, before in BEFORE.items():
        book.known(conn, **before) if before else book.empty(conn)
        name = "create" if strategy == "skip" else strategy
        found.append(_stage(rounds, name, partial(rounds.execution, strategy, name)))
        if strategy != "merge":
            found.append(_stage(rounds, f"undo of {name}", partial(rounds.rollback, "undo")))
    book.known(conn)
    return [*found, _stage(rounds, "skip, all known", partial(rounds.execution, "skip", "skip"))]


def _check(rounds: Rounds) -> None:
    name, _sent = rounds.house.wire.upload(rounds.file)
    rounds.house.wait(UUID(name), "ready")
    rounds.conn.execute("DELETE FROM contact_imports WHERE id = %s", (name,))


def _stage(rounds: Rounds, name: str, run: Callable[[], None]) -> dict[str, object]:
    house = rounds.house
    rounds.begin()  # What is noted under observation is dropped with its round.
    pids = [worker.pid for worker in house.workers]
    before = sum(map(processor_seconds, pids)), processor_seconds(house.postgres), time.monotonic()
    with Sampler(house.settings.database_url) as sampler:
        run()
    after = sum(map(processor_seconds, pids)), processor_seconds(house.postgres), time.monotonic()
    rounds.rounds.pop()
    python, postgres, wall = ((b - a) / rounds.rows * 1e6 for a, b in zip(before, after, strict=True))
    return {
        "stage": name,
        "microseconds_a_row": {"wall": round(wall, 1), "Python": round(python, 1), "PostgreSQL": round(postgres, 1)},
        "sessions": {doing: round(n / sampler.seen.total(), 3) for doing, n in sampler.seen.most_common(8)},
    }
