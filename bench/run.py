"""Speed and memory of check, execution and rollback, each beside PostgreSQL's own COPY of the same rows.

    python bench/run.py [--rows 10000 100000] [--rounds 5] [--million] [--json FILE] [--write]

Every round runs everything once, so that what slows the machine slows all alike; the table shows medians, and ratios
within a round. Times come from the import's own log in the database. `--million` adds a book of a million others;
`--write` writes docs/benchmarks.json and docs/benchmarks.md.
"""

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import generate  # noqa: E402

from bench.house import House  # noqa: E402
from bench.table import print_table, write_pages  # noqa: E402

COPIED = (
    "external_id, email, first_name, last_name, phone, company, job_title, street, city, region, postal_code, country,"
    " website, birthday, notes, tags, custom, email_key, phone_key, imported_from, imported_row"
)
BATCH_SIZES = (10, 1000, "auto")


def generated(folder: Path, rows: int, **options: object) -> Path:
    """A file of so many rows: 30 % distinct mail domains, 2 % invalid, 3 % duplicates."""
    file = folder / f"{rows}-{'-'.join(map(str, options.values())) or 'plain'}.csv"
    with file.open("w", newline="") as stream:
        generate.write_csv(stream, rows, **options)
    return file


class Round:
    """One pass over everything for one size; `speeds` collects rows per second by measure."""

    def __init__(self, house: House, rows: int, speeds: dict[str, list[float]]) -> None:
        self.house, self.rows, self.speeds = house, rows, speeds

    def note(self, measure: str, seconds: float) -> None:
        self.speeds[measure].append(self.rows / max(seconds, 1e-6))

    def run(self, file: Path, changed: Path, *, others: bool) -> None:
        where = "a million others" if others else "empty"
        first = self.check(file)
        self.execution(first, "skip", f"execution, skip, {where}")
        if not others:
            self.copy(first)
        for strategy in ("skip", "update", "merge"):
            self.execution(
                self.check(file), strategy, f"execution, {strategy}, all known" + (" of a million" if others else "")
            )
        if others:
            return
        update = self.check(changed)
        self.execution(update, "update", "execution, update, all changed")
        self.rollback(update, "rollback of updates")
        self.rollback(first, "rollback of creates")
        self.empty()
        for size in BATCH_SIZES:
            self.execution(self.check(file), "skip", f"execution, skip, empty, batch size {size}", size)
            self.empty()
        self.whole_way(file)
        self.empty()

    def check(self, file: Path) -> UUID:
        import_id = self.house.upload(file)
        self.house.wait(import_id, "ready")
        self.note("check", self.house.seconds(import_id, "check_started", "checked"))
        self.house.wait_for_previews(import_id)
        return import_id

    def execution(self, import_id: UUID, strategy: str, measure: str, batch_size: int | str = 100) -> None:
        self.house.execute(import_id, strategy, batch_size)
        self.house.wait(import_id, "completed")
        self.note(measure, self.house.seconds(import_id, "started", "completed"))

    def rollback(self, import_id: UUID, measure: str) -> None:
        self.house.roll_back(import_id)
        self.house.wait(import_id, "rolled_back")
        self.note(measure, self.house.seconds(import_id, "rollback_started", "rolled_back"))

    def whole_way(self, file: Path) -> None:
        """From the last byte to completed, previews not waited for: as a program drives it."""
        import_id = self.house.upload(file)
        started = time.monotonic()
        self.house.wait(import_id, "ready")
        self.house.execute(import_id, "skip")
        self.house.wait(import_id, "completed")
        self.note("whole way", time.monotonic() - started)

    def copy(self, import_id: UUID) -> None:
        """The baseline: COPY of the finished columns into the same table with the same indexes."""
        conn = self.house.conn
        with conn.cursor().copy(
            f"COPY (SELECT {COPIED} FROM contacts WHERE imported_from = '{import_id}') TO STDOUT"
        ) as out:
            data = [bytes(block) for block in out]
        ids = conn.execute("SELECT id FROM contacts ORDER BY id").fetchall()
        conn.execute("CREATE TEMP TABLE kept AS SELECT * FROM contacts")
        conn.execute("TRUNCATE contacts")
        started = time.monotonic()
        with conn.cursor().copy(f"COPY contacts ({COPIED}) FROM STDIN") as into:
            for block in data:
                into.write(block)
        self.speeds["COPY"].append(len(ids) / (time.monotonic() - started))
        conn.execute("TRUNCATE contacts")
        conn.execute("INSERT INTO contacts OVERRIDING SYSTEM VALUE SELECT * FROM kept")
        conn.execute("DROP TABLE kept")

    def empty(self) -> None:
        tables = (
            "contacts, contact_changes, contact_import_results, contact_import_rows, contact_undo_kept, contact_imports"
        )
        self.house.conn.execute(f"TRUNCATE {tables} CASCADE")


def fill(house: House, count: int) -> None:
    """Others in the book, none of whom is in the file."""
    house.conn.execute(
        """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company)
           SELECT 'o' || n, 'other' || n || '@example.org', 'other' || n || '@example.org',
             'First' || n, 'Last' || n, 'Co'
           FROM generate_series(1, %s) n""",
        (count,),
    )


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Everything, for every size; a JSON-able result."""
    result: dict[str, object] = {"machine": machine(), "rounds": options.rounds, "sizes": {}}
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            file = generated(Path(folder), rows)
            changed = generated(Path(folder), rows, changed=True)
            speeds: dict[str, list[float]] = defaultdict(list)
            house = House()
            try:
                for number in range(options.rounds):
                    Round(house, rows, speeds).run(file, changed, others=False)
                    print(f"{rows:,} rows, round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
                if options.million:
                    fill(house, 1_000_000)
                    Round(house, rows, speeds).run(file, changed, others=True)
                    Round(house, rows, speeds).empty()
            finally:
                house.end()
            result["sizes"][str(rows)] = {
                "rows_per_second": {name: statistics.median(found) for name, found in speeds.items()},
                "ratio_to_copy": ratios(speeds),
                "peak_megabytes": dict(house.peaks),
            }
            print_table(rows, result["sizes"][str(rows)])
    return result


def ratios(speeds: dict[str, list[float]]) -> dict[str, float]:
    """Medians of the ratios within each round; what was measured several times a round is averaged first."""
    copies = speeds["COPY"]
    found = {}
    for name, values in speeds.items():
        each = max(len(values) // len(copies), 1)
        rounds = [statistics.mean(values[n : n + each]) for n in range(0, len(values), each)]
        found[name] = statistics.median(value / copy for value, copy in zip(rounds, copies, strict=False))
    return found


def machine() -> str:
    with Path("/proc/cpuinfo").open() as lines:
        model = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
        )
        lines.seek(0)
        cores = sum(line.startswith("processor") for line in lines)
    return f"{model}, {cores} cores, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))
    if options.write:
        write_pages(result, ROOT / "docs")


if __name__ == "__main__":
    main()
