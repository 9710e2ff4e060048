"""A running import under a hundred pairs of eyes: how soon they see, what it costs the import
and the database.

python bench/live.py [--rows 200000] [--watchers 100]

Half the watchers hold a socket, half poll every two seconds. How soon a batch is seen is the
time from its commit to the first push that shows it. Statements are counted in the server's
own log, in a pass of its own with small batches.
"""

import argparse
import bisect
import itertools
import os
import statistics
import sys
import tempfile
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import generate  # noqa: E402

from bench.house import House  # noqa: E402
from bench.sign_in import cookie_of  # noqa: E402
from bench.watchers import Seen, Watchers  # noqa: E402

COUNTED_ROWS, COUNTED_BATCH = 20_000, 10
FRAGMENT_MS, SEEN_SECONDS, SAME_STATEMENTS = 50.0, 1.0, 0.05


class Bench:
    """One house, and files whose contacts are all new, so that every run does the same work."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder, self.port, self.cookie = (
            house,
            folder,
            house.port,
            cookie_of(house),
        )
        self.files = itertools.count(1)
        house.conn.execute("SET application_name = 'bench'")

    def ready(self, rows: int) -> UUID:
        file = self.folder / f"{next(self.files)}.csv"
        with file.open("w", newline="") as stream:
            generate.write_csv(stream, rows)
        return self.house.checked(file)

    def run(self, rows: int, watchers: int, batch_size: int = 100) -> tuple[UUID, list[Seen]]:
        """An import of contacts that are not there yet, with so many watching."""
        import_id = self.ready(rows)
        self.house.execute(import_id, "skip", batch_size)
        with Watchers(self.port, import_id, self.cookie, watchers) as seen:
            self.house.wait(import_id, "completed")
        return import_id, seen

    def again(self, *arguments: int) -> tuple[UUID, list[Seen]]:
        """A run, and the book emptied after it: the next one begins as this one did."""
        found = self.run(*arguments)
        self.house.conn.execute("TRUNCATE contacts, contact_changes")
        return found

    def speed(self, import_id: UUID, rows: int) -> float:
        return rows / self.house.seconds(import_id, "started", "completed")

    def lags(self, import_id: UUID, seen: list[Seen]) -> list[float]:
        """For each batch and watcher, seconds from the batch's commit until it was on the
        watcher's screen.
        """
        batches = self.house.conn.execute(
            """SELECT extract(epoch FROM at)::float8 AS at, sum(rows) OVER (ORDER BY id)::int AS through
               FROM contact_import_logs WHERE import_id = %s AND event = 'batch' AND result = 'done' ORDER BY id""",
            (import_id,),
        ).fetchall()
        found = []
        for one in seen:
            shown = [processed for _, processed in one.progress]
            for batch in batches:
                place = bisect.bisect_left(shown, batch["through"])
                if one.progress and one.progress[0][0] < batch["at"] and place < len(shown):
                    found.append(one.progress[place][0] - batch["at"])
        return found

    def statements(self, watchers: int) -> dict[str, float]:
        """Statements in the database for each batch: of the worker, and of everybody else."""
        log = Path(self.house.folder.name) / "v" / "postgres.log"
        import_id = self.ready(COUNTED_ROWS)
        self._log_statements("all")
        before = log.stat().st_size
        self.house.execute(import_id, "skip", COUNTED_BATCH)
        with Watchers(self.port, import_id, self.cookie, watchers):
            self.house.wait(import_id, "completed")
        with log.open("rb") as stream:
            stream.seek(before)
            lines = [line for line in stream if line.startswith(b"by ") and b"LOG:" in line]
        self._log_statements("none")
        self.house.conn.execute("TRUNCATE contacts, contact_changes")
        batches = COUNTED_ROWS / COUNTED_BATCH
        worker = sum(line.startswith(b"by rowcall") for line in lines)
        others = sum(line.startswith(b"by web") for line in lines)
        return {"worker": worker / batches, "web": others / batches}

    def _log_statements(self, which: str) -> None:
        self.house.administer(
            f"ALTER SYSTEM SET log_statement = '{which}'",
            "ALTER SYSTEM SET log_line_prefix = 'by %a '",
            "SELECT pg_reload_conf()",
        )


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def told(name: str, value: str, met: bool | None = None) -> None:
    verdict = "" if met is None else "met" if met else "MISSED"
    print(f"{name:<62}{value:>16}  {verdict}", flush=True)


def measure(bench: Bench, rows: int, watchers: int) -> None:
    alone, watched, seen = [], [], []
    for _ in range(2):
        alone.append(bench.speed(bench.again(rows, 0)[0], rows))
        import_id, found = bench.run(rows, watchers)
        watched.append(bench.speed(import_id, rows))
        seen.append((found, bench.lags(import_id, [one for one in found if one.pushed])))
        bench.house.conn.execute("TRUNCATE contacts, contact_changes")
    answers = [answer for found, _ in seen for one in found for answer in one.answers]
    errors = [error for found, _ in seen for one in found for error in one.errors]
    lags = [lag for _, found in seen for lag in found]
    partial, late = quantile(answers, 0.95) * 1000, quantile(lags, 0.99)
    told(
        f"partial, p95 of {len(answers):,} answers (target: under 50 ms)",
        f"{partial:.1f} ms",
        partial < FRAGMENT_MS,
    )
    told("partial, median", f"{statistics.median(answers) * 1000:.1f} ms")
    told("errors (target: none)", str(len(errors)), not errors)
    told(
        f"commit to watcher, p99 of {len(lags):,} (target: under 1 s)",
        f"{late:.2f} s",
        late < SEEN_SECONDS,
    )
    told("commit to watcher, median", f"{statistics.median(lags):.2f} s")
    without, under = statistics.median(alone), statistics.median(watched)
    told("rows a second, unwatched", f"{without:,.0f}")
    told(f"rows a second, {watchers} watching", f"{under:,.0f}")
    told("slowdown", f"{(1 - under / without) * 100:.0f} %")
    for error in sorted(set(errors))[:5]:
        print(error)


def count(bench: Bench, watchers: int) -> None:
    none, one, many = (bench.statements(number) for number in (0, 2, watchers))
    same = many["worker"] - none["worker"] <= SAME_STATEMENTS
    told("statements of the worker for each batch, unwatched", f"{none['worker']:.2f}")
    told(f"the same with {watchers} watching (target: no more)", f"{many['worker']:.2f}", same)
    told("statements of the web process for each batch, 2 watching", f"{one['web']:.2f}")
    told(f"the same with {watchers} watching", f"{many['web']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--watchers", type=int, default=100)
    options = parser.parse_args()
    # The worker names its connections itself; all others but the bench's own are the web process's.
    os.environ.update(STREAMS_PER_USER="1000", PGAPPNAME="web")
    with House(web=True) as house, tempfile.TemporaryDirectory() as folder:
        bench = Bench(house, Path(folder))
        measure(bench, options.rows, options.watchers)
        count(bench, options.watchers)


if __name__ == "__main__":
    main()
