"""Finding possible duplicates: seconds, memory, comparisons and how they grow, recall and
precision.

python bench/duplicates.py [--contacts 25000,50000,100000,200000] [--seed 201]

Each size in a process of its own, since a process keeps what it once took; the book is made before,
in another.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

FIELD_OF = {"email_key": "email", "phone_key": "phone"}


def written(contacts: int, seed: int) -> str:
    """The book, a line of JSON for each contact, and behind them the pairs that are the same."""
    from tests.corpus.books import book  # noqa: PLC0415 - its memory is not the search's
    from webapp.duplicates.people import COLUMNS  # noqa: PLC0415

    made = book(contacts, seed)
    columns = [FIELD_OF.get(column, column) for column in COLUMNS[1:]]
    lines = [[number, *map(entry.get, columns)] for number, entry in enumerate(made.entries)]
    return "\n".join(map(json.dumps, [*lines, sorted(made.same)]))


def measure() -> None:
    """Search the book of standard input, and print what was found as JSON."""
    from webapp.duplicates.finding import Search  # noqa: PLC0415

    started, began = time.monotonic(), time.process_time()
    search, values = Search(), json.loads(sys.stdin.readline())
    for line in sys.stdin:
        search.add(values)
        values = json.loads(line)
    found = {(pair.low, pair.high) for pair in search.pairs()}
    seconds, processor = time.monotonic() - started, time.process_time() - began
    contacts = search.counts.contacts
    same = {(low, high) for low, high in values}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    right = len(found & same)
    figures = {
        "compared": search.compared,
        "compared_per_n_log_n": round(search.compared / (contacts * math.log2(contacts)), 4),
        "pairs": len(found), "seconds": round(seconds, 1), "processor_seconds": round(processor, 1),
        "MB": round(peak), "recall": round(right / len(same), 4),
        "precision": round(right / len(found), 4),
    }  # fmt: skip
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", default="25000,50000,100000,200000")
    parser.add_argument("--seed", type=int, default=201)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure()
        return

    for count in map(int, options.contacts.split(",")):
        done = subprocess.run(
            [sys.executable, __file__, "--measure"],
            input=written(count, options.seed), text=True, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        print({"contacts": count, **json.loads(done.stdout)}, flush=True)


if __name__ == "__main__":
    main()
