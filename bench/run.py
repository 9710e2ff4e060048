"""Speed and memory, beside PostgreSQL's own COPY and beside what a person would use instead.

    python bench/run.py [--full | --wait] [--rows N] [--rounds N] [--write]

The short run takes about four minutes, the full one about twenty: on a machine so slow that the
rounds take longer, there are fewer of them, and the table says how many. `--wait` measures nothing
but what a person waits for, at 200,000 rows too, in about four minutes. `--write` keeps the figures
in docs/benchmarks.json and docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench import cost, peers, single, waiting  # noqa: E402
from bench.files import by_email, contacts  # noqa: E402
from bench.house import House  # noqa: E402
from bench.report import as_text, write_page  # noqa: E402
from bench.rounds import BESIDE, COPY, EMPTY_NEARBY, Rounds  # noqa: E402
from bench.stages import inside, stages  # noqa: E402

T = TypeVar("T")
ROUNDS = {"short": 5, "full": 7, "wait": 3}
ROWS = {"short": 20_000, "full": 100_000, "wait": 200_000}  # of the rounds
SIZES = {
    "short": (10_000, 50_000),
    "full": (10_000, 100_000, 1_000_000),
}  # of the memory, and of the growth
COST_ROWS, COST_ROUNDS = 100_000, 12
UNDO_ROUNDS = 2
BY_EMAIL_ROUNDS = 3
WAITS = (1_000, 20_000, 200_000, 1_000_000)  # rows of the files for which a person waits
SHORT_WAIT = 20_000  # the most of them in the short run
MINUTES_OF_ROUNDS = {"short": 2.5, "full": 6}  # no further round begins after this long


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything; a JSON-able result."""
    result: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "machine": machine()}
    if not options.wait:
        result |= _work(options, folder)
    return result | _waits(options, folder)


def _work(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """How fast and in how much memory the work is done."""
    result: dict[str, Any] = {}
    length = _length(options)
    until = time.monotonic() + 60 * MINUTES_OF_ROUNDS[length]
    with House(web=True) as house:
        rounds = Rounds(house, contacts(folder, options.rows), options.rows)
        for number in range(options.rounds):
            if number and time.monotonic() > until:
                break
            said(f"round {number + 1} of {options.rounds}", rounds.run)
            said("peers", partial(_peers, rounds))
        result["stages"] = said("where the time goes", partial(stages, rounds))
        result["inside"] = said("inside a batch", partial(inside, rounds))
        if options.full:
            said("a million others", partial(rounds.beside_others, options.rounds))
            result["beside_others"] = rounds.speed("skip" + BESIDE) / rounds.speed(
                EMPTY_NEARBY
            )
        result["speeds"] = [*rounds.figures(), *_by_email(house, options, folder)]
    result["promises"] = said(
        "what the promises cost", partial(cost.ratio, COST_ROWS, COST_ROUNDS)
    )
    sizes = SIZES[length]
    result["memory"] = [
        said(f"{rows:,} rows", partial(single.memory, folder, rows)) for rows in sizes[:2]
    ]
    if options.full:
        found = result["growth"] = said(
            f"{sizes[2]:,} rows", partial(single.growth, folder, sizes[1], sizes[2])
        )
        result["memory"].append({"rows": sizes[2], "megabytes": found["megabytes"]})
        result["undo"] = said("undo", partial(single.undo, folder, sizes[1], UNDO_ROUNDS))
        result["undo_of_many"] = said(
            f"undo of {sizes[2]:,}", partial(single.undo_of_many, folder, sizes[2])
        )
        result["two_imports"] = said(
            "two imports at once",
            partial(single.two_imports, folder, sizes[1], options.rounds),
        )
    return result


def _by_email(
    house: House, options: argparse.Namespace, folder: Path
) -> list[dict[str, object]]:
    """The speeds of a file whose only key is the e-mail, of the COPY of its own columns."""
    rounds = Rounds(house, by_email(folder, options.rows), options.rows)
    for number in range(BY_EMAIL_ROUNDS):
        said(f"by e-mail, round {number + 1} of {BY_EMAIL_ROUNDS}", rounds.run_by_email)
    return [figure for figure in rounds.figures() if figure["measure"] != COPY]


def _waits(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What a person waits for, and, but for the short run, what that is made of."""
    at_size = options.rows if options.wait else ROWS["wait"]
    most = {"short": SHORT_WAIT, "wait": at_size, "full": WAITS[-1]}[_length(options)]
    found: dict[str, Any] = {"waits": []}
    for rows in sorted({*(rows for rows in WAITS if rows <= most), most}):
        wait = partial(waiting.waits, folder, rows, loader=rows == at_size)
        found["waits"] += said(f"waiting for {rows:,} rows", wait)
    if options.full or options.wait:
        parts = partial(
            waiting.parts, folder, at_size, options.rounds if options.wait else ROUNDS["wait"]
        )
        found["parts"] = said("what the waiting is made of", parts)
    return found


def _length(options: argparse.Namespace) -> str:
    return "full" if options.full else "wait" if options.wait else "short"


def _peers(rounds: Rounds) -> None:
    for name, (rows, seconds) in peers.measure(
        rounds.house, rounds.file.parent, rounds.rows
    ).items():
        rounds.note(name, rows, seconds)


def said(what: str, run: Callable[[], T]) -> T:
    """Run it and say on the terminal how long it took."""
    started = time.monotonic()
    found = run()
    print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return found


def machine() -> str:
    with Path("/proc/cpuinfo").open() as lines:
        text = lines.read()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in text.splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    cores = text.count("processor\t")
    load = os.getloadavg()[0]
    return f"{model or platform.machine()}, {cores} cores, Python {platform.python_version()}, load {load:.1f} before"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--full",
        action="store_true",
        help="a million others, a million rows, two imports at once",
    )
    length.add_argument(
        "--wait", action="store_true", help="nothing but what a person waits for"
    )
    parser.add_argument(
        "--rows", type=int, help="of the rounds: 20,000; --full 100,000; --wait 200,000"
    )
    parser.add_argument("--rounds", type=int, help="5; --full 7; --wait 3")
    parser.add_argument("--write", action="store_true", help="keep the figures under docs/")
    options = parser.parse_args()
    options.rows = options.rows or ROWS[_length(options)]
    options.rounds = options.rounds or ROUNDS[_length(options)]
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, Path(folder))
    print(as_text(result))
    if options.write:
        (ROOT / "docs" / "benchmarks.json").write_text(json.dumps(result, indent=2) + "\n")
        write_page(result, ROOT / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
