"""How much memory the web process takes for exports of the whole book, and how long they take.

python bench/exports.py [--contacts 1000000] [--kinds csv,xlsx,vcf,past]

`past` is the whole book as of yesterday, as CSV, where each contact was changed today.

Each kind in a house of its own, since a process keeps what it once took; the smaller book before
the larger one tells what grows with the book.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench import book  # noqa: E402
from bench.house import House  # noqa: E402

KINDS = ("csv", "xlsx", "vcf", "past")
FEW = 1_000


def measure(kind: str, contacts: int) -> list[dict[str, object]]:
    """For a small book and for one of so many contacts: seconds, and the process's peak so far,
    in MB.
    """
    with House(workers=0, web=True) as house:
        return [_exported(house, kind, count) for count in (FEW, contacts)]


def _exported(house: House, kind: str, contacts: int) -> dict[str, object]:
    book.others(house.conn, contacts)
    path = f"/contacts/export.{kind}"
    if kind == "past":
        book.changed_today(house.conn)
        path = f"/contacts/export.csv?day={datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    started = time.monotonic()
    house.wire.ask("GET", path, Accept="*/*")
    seconds = time.monotonic() - started
    time.sleep(0.3)  # The peak is looked for ten times a second.
    peak = round(house.watch.peaks["web"], 1)
    return {"kind": kind, "contacts": contacts, "seconds": round(seconds, 1), "MB": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        for found in measure(kind, options.contacts):
            print(found, flush=True)


if __name__ == "__main__":
    main()
