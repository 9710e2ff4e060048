"""What is measured once or a few times, because it is long: growth, memory, paper, undo, two
imports at once, fairness.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from bench import book
from bench.files import contacts
from bench.house import House
from bench.rounds import Rounds
from webapp.undoing import undo_preview
from webapp.vocabulary.strategies import Strategy

SMALL = 100
GROWTH_ROUNDS = 3
SMALL_RUNS = 2  # of the small import, before the large one and after it
SMALL_WAITS_AFTER = 3  # seconds that the large import is under way before the small one comes


def whole(house: House, file: Path) -> tuple[str, float]:
    """A file over the API into an empty book, with its reports: its id, and the seconds that
    the execution took.
    """
    book.empty(house.conn)
    import_id, _sent = house.wire.upload(file)
    house.wait(UUID(import_id), "ready")
    house.wire.execute(import_id)
    house.wait(UUID(import_id), "completed")
    seconds = house.seconds(UUID(import_id), "started", "completed")
    house.wait_until_let_go(UUID(import_id))
    return import_id, seconds


def memory(folder: Path, rows: int) -> dict[str, object]:
    """Peak MB of each process, in a house of its own, from upload to the report; and the
    execution's speed.
    """
    with House(web=True) as house:
        import_id, seconds = whole(house, contacts(folder, rows))
        return {
            "rows": rows,
            "rows_per_second": round(rows / seconds),
            "megabytes": _with_csv(house, import_id),
        }


def _with_csv(house: House, import_id: str) -> dict[str, float]:
    """The peaks, in MB, once the whole ledger was streamed too."""
    house.wire.ask("GET", f"/imports/{import_id}/report.csv", Accept="text/csv")
    return {name: round(peak, 1) for name, peak in house.watch.peaks.items()}


def growth(folder: Path, few: int, many: int) -> dict[str, object]:
    """Rows per second at `many` rows beside `few`, run just before and after; the many on
    paper; 100 rows behind them.

    The many take long enough for the machine to become another one meanwhile, so that is done
    three times.
    """
    with House(web=True) as house:
        small, _seconds = whole(house, contacts(folder, few))
        large, _seconds = whole(house, contacts(folder, many))
        peaks = _with_csv(house, large)
        paper = on_paper(house, large)
        behind = fairness(house, UUID(large), contacts(folder, SMALL))
        speeds = [
            _around(house, (UUID(small), few), (UUID(large), many))
            for _ in range(GROWTH_ROUNDS)
        ]
    return {
        "few": few,
        "many": many,
        "rows_per_second": [
            round(statistics.median(figures)) for figures in zip(*speeds, strict=True)
        ],
        "ratio": round(statistics.median(at_many / at_few for at_few, at_many in speeds), 3),
        "megabytes": peaks,
        "paper": paper,
        "behind": behind,
    }


def _around(
    house: House, small: tuple[UUID, int], large: tuple[UUID, int]
) -> tuple[float, float]:
    """Rows per second of the small import, before and after the large one, and of that; each
    into an empty book.
    """
    before = [_again(house, *small) for _ in range(SMALL_RUNS)]
    many = _again(house, *large)
    return statistics.mean(before + [_again(house, *small) for _ in range(SMALL_RUNS)]), many


def _again(house: House, import_id: UUID, rows: int) -> float:
    """Execute a checked import once more: rows per second."""
    book.empty(house.conn)
    book.reset(house.conn, import_id)
    house.conn.execute("CHECKPOINT")
    house.execute(import_id, "skip")
    house.wait(import_id, "completed")
    house.wait_until_let_go(import_id)
    return rows / house.seconds(import_id, "started", "completed")


def on_paper(house: House, import_id: str) -> dict[str, float]:
    """Seconds from asking for the report as PDF to having it, and the peak MB of the process
    that renders it.
    """
    house.watch.taken()
    started = time.monotonic()
    while not house.wire.ask(
        "GET", f"/imports/{import_id}/report.pdf", Accept="application/pdf"
    ).startswith(b"%PDF"):
        time.sleep(0.1)
    seconds = time.monotonic() - started
    return {
        "seconds": round(seconds, 2),
        "megabytes": round(house.watch.taken()["work-horse"], 1),
    }


def fairness(house: House, large: UUID, small: Path) -> dict[str, object]:
    """The large import again, all known; a small one comes while it runs, with one worker for
    both.
    """
    book.reset(house.conn, large)
    house.execute(large, "skip")
    house.wait(large, "running")
    time.sleep(SMALL_WAITS_AFTER)
    name, sent = house.wire.upload(small)
    house.wait(UUID(name), "ready")
    checked = time.monotonic()
    house.wire.execute(name, "skip")
    house.wait(UUID(name), "completed")
    ended = time.monotonic()
    state = house.conn.execute(
        "SELECT state FROM contact_imports WHERE id = %s", (large,)
    ).fetchone()["state"]
    house.wait(large, "completed")
    house.wait_until_let_go(large)
    seconds = {"check_seconds": checked - sent, "execution_seconds": ended - checked}
    return {**seconds, "large_still_runs": state == "running"}


# What the book holds beforehand: nobody, or the people of the file with another SQL value in some
# fields.
UNDONE = {
    "created": None,
    "updated in three fields": dict.fromkeys(book.CHANGED, "'before'"),
    "updated in their e-mail address": {
        "email": "'old.' || email",
        "email_key": "'old.' || email_key",
    },
}


def undo(folder: Path, rows: int, rounds: int) -> dict[str, object]:
    """Rows per second of an import and of its undo, and the time of the undo in times of the
    import, of each kind.
    """
    with House() as house:
        measured = Rounds(house, contacts(folder, rows), rows)
        for _ in range(rounds):
            measured.begin()
            for kind, before in UNDONE.items():
                if before is None:
                    book.empty(house.conn)
                else:
                    book.known(house.conn, **before)
                measured.execution("skip" if before is None else "update", f"import, {kind}")
                measured.rollback(f"undo, {kind}")
    return {
        "rows": rows,
        "rounds": rounds,
        "kinds": [_undone(measured, kind) for kind in UNDONE],
    }


def _undone(measured: Rounds, kind: str) -> dict[str, object]:
    done, undone = f"import, {kind}", f"undo, {kind}"
    speeds = {
        name: round(measured.speed(measure))
        for name, measure in (("import", done), ("undo", undone))
    }
    return {
        "kind": kind,
        "rows_per_second": speeds,
        "times_the_import": round(measured.ratio(done, undone), 3),
    }


def undo_of_many(folder: Path, rows: int) -> dict[str, object]:
    """The undo of so many updates in three fields: its time in times of the import's, and the
    seconds that its preview takes.
    """
    with House() as house:
        measured = Rounds(house, contacts(folder, rows), rows)
        measured.begin()
        book.known(house.conn, **UNDONE["updated in three fields"])
        measured.execution("update", "import")
        started = time.monotonic()
        with house.session() as session:
            undo_preview.compute_and_keep(session, measured.import_id)
        preview_seconds = time.monotonic() - started
        measured.rollback("undo")
    return {
        "rows": rows,
        "times_the_import": round(measured.ratio("import", "undo"), 3),
        "preview_seconds": round(preview_seconds, 2),
    }


def two_imports(folder: Path, rows: int, rounds: int) -> dict[str, object]:
    """Two imports by two workers: one after the other, each in two lanes, and at once, each in one;
    turn by turn.
    """
    with House(workers=2) as house:
        imports = [house.checked(contacts(folder, rows, first)) for first in (1, rows + 1)]
        pairs = [[_both(house, imports, at_once) for at_once in (1, 2)] for _ in range(rounds)]
    speeds = [[2 * rows / seconds for seconds in pair] for pair in pairs]
    return {
        "rows": rows,
        "rows_per_second": [
            round(statistics.median(figures)) for figures in zip(*speeds, strict=True)
        ],
        "ratio": round(statistics.median(both / alone for alone, both in speeds), 3),
    }


def _both(house: House, imports: list[UUID], at_once: int) -> float:
    """Seconds that two imports into an empty book take, so many at once."""
    book.empty(house.conn)
    for import_id in imports:
        book.reset(house.conn, import_id)
        house.preview(import_id, Strategy.SKIP)
        house.wait_until_let_go(import_id)
    house.conn.execute("CHECKPOINT")
    started = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda import_id: _executed(house, import_id), imports))
    return time.monotonic() - started


def _executed(house: House, import_id: UUID) -> None:
    house.execute(import_id, Strategy.SKIP)
    house.wait(import_id, "completed")
    house.wait_until_let_go(import_id)
