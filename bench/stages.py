"""Where the time goes: for each stage, time on a processor by process, and PostgreSQL's by
statement.

The sessions of the jobs are looked at every few milliseconds; the share of the looks that
found a statement at work is its share of PostgreSQL's time. What happens within the loop over
batches, PostgreSQL's own clock of functions tells.
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
from webapp import db
from webapp.deciding import ledger_digest
from webapp.executing import execution
from webapp.executing.batches import BatchProcessor, Turn
from webapp.imports import import_commands, leases
from webapp.vocabulary.strategies import Strategy

EVERY = 0.004  # seconds between two looks
STATEMENTS = {
    "CALL pg_temp.run_batches": "batches: decide, write, checkpoint, commit",
    "COPY contact_import_rows": "COPY into the staging table",
    "UPDATE contact_imports SET read_position": "checkpoint of the check",
    "SELECT substr(content": "read the file",
    "WITH judged": "delete what was created",
    "WITH found": "bring fields back",
    "SELECT 1 FROM contacts": "lock what is taken back",
    "SELECT max(row) AS last_row, string_agg": "digest of the ledger",
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
    name = next(
        (name for start, name in STATEMENTS.items() if query.startswith(start)),
        "other statements",
    )
    return f"waiting for {wait.lower()}" if wait else name


def stages(rounds: Rounds) -> list[dict[str, object]]:
    """The check, the execution under each strategy, and the undo, each once under observation."""
    conn = rounds.conn
    found = [_stage(rounds, "check", partial(_check, rounds))]
    for strategy, before in BEFORE.items():
        _book(conn, before)
        name = "create" if strategy == "skip" else strategy
        rounds.prepare(strategy)
        found.append(_stage(rounds, name, partial(rounds.run_prepared, strategy, name)))
        if strategy != "merge":
            found.append(_stage(rounds, f"undo of {name}", partial(rounds.rollback, "undo")))
    book.known(conn)
    rounds.prepare("skip")
    return [
        *found,
        _stage(rounds, "skip, all known", partial(rounds.run_prepared, "skip", "skip")),
    ]


def _book(conn: book.Conn, before: dict[str, str]) -> None:
    book.known(conn, **before) if before else book.empty(conn)


def inside(rounds: Rounds) -> list[dict[str, object]]:
    """What each step of a batch takes, microseconds a row, by PostgreSQL's clock of functions;
    once a strategy.
    """
    found = []
    for strategy, before in BEFORE.items():
        _book(rounds.conn, before)
        book.reset(rounds.conn, rounds.import_id)
        with (
            rounds.house.session() as session
        ):  # No worker is told; this process takes it before one looks.
            import_commands.execute(session, rounds.import_id, strategy=Strategy(strategy))
            session.commit()
        with db.connect_job(rounds.house.settings.database_url) as conn:
            lease = leases.claim(conn, rounds.import_id, 15)
            execution.mark_running(conn, lease)
            conn.execute("SET track_functions = 'pl'")
            conn.commit()
            BatchProcessor(conn, lease).process_batches(lambda: False)
            conn.execute("SELECT pg_stat_force_next_flush()")
            conn.commit()
            rows = conn.execute(
                "SELECT funcname AS name, calls, self_time FROM pg_stat_user_functions"
            ).fetchall()
            execution.finish(conn, lease, Turn.DONE, ledger_digest.Ledger(rounds.import_id))
            leases.release(conn, lease)
        times = {row["name"]: round(row["self_time"] * 1000 / rounds.rows, 2) for row in rows}
        found.append(
            {
                "strategy": "create" if strategy == "skip" else strategy,
                "microseconds_a_row": times,
            }
        )
    return found


def _check(rounds: Rounds) -> None:
    name, _sent = rounds.house.wire.upload(rounds.file)
    rounds.house.wait(UUID(name), "ready")
    book.drop(rounds.conn, UUID(name))


def _stage(rounds: Rounds, name: str, run: Callable[[], None]) -> dict[str, object]:
    house = rounds.house
    rounds.begin()  # What is noted under observation is dropped with its round.
    pids = [worker.pid for worker in house.workers]
    before = (
        sum(map(processor_seconds, pids)),
        processor_seconds(house.postgres),
        time.monotonic(),
    )
    with Sampler(house.settings.database_url) as sampler:
        run()
    after = (
        sum(map(processor_seconds, pids)),
        processor_seconds(house.postgres),
        time.monotonic(),
    )
    rounds.rounds.pop()
    python, postgres, wall = (
        (b - a) / rounds.rows * 1e6 for a, b in zip(before, after, strict=True)
    )
    return {
        "stage": name,
        "microseconds_a_row": {
            "wall": round(wall, 1),
            "Python": round(python, 1),
            "PostgreSQL": round(postgres, 1),
        },
        "sessions": {
            doing: round(n / sampler.seen.total(), 3)
            for doing, n in sampler.seen.most_common(8)
        },
    }
