"""From bytes to checked rows: how soon a large upload shows its first rows, how fast files are
checked, in what room.

python bench/intake.py [--megabytes 100] [--csv-rows 1000000] [--xlsx-rows 200000]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.files import contacts, hard, workbook  # noqa: E402
from bench.house import House  # noqa: E402
from bench.processes import processor_seconds  # noqa: E402

MEBIBYTE = 1024 * 1024
UPLOADS = 3


def measure(
    folder: Path, megabytes: int = 100, csv_rows: int = 1_000_000, xlsx_rows: int = 200_000
) -> dict[str, dict[str, float]]:
    """Everything, each file with processes of its own, so that its peak of memory is its own."""
    return {
        "upload": upload(large(folder, megabytes * MEBIBYTE)),
        "csv": check(contacts(folder, csv_rows), csv_rows),
        "hard": check(hard(folder, csv_rows // 5), csv_rows // 5),
        "xlsx": check(workbook(folder, xlsx_rows), xlsx_rows),
    }


def upload(file: Path) -> dict[str, float]:
    """Median seconds from an upload's last byte to the answer with its first rows; the web
    process's peak, in MB.
    """
    with House(workers=0, web=True) as house:
        seconds = sorted(_seconds_after_last_byte(house, file) for _ in range(UPLOADS))
        peak = house.watch.peaks["web"]
    return {
        "megabytes": file.stat().st_size / MEBIBYTE,
        "seconds": seconds[UPLOADS // 2],
        "peak_megabytes": peak,
    }


def _seconds_after_last_byte(house: House, file: Path) -> float:
    import_id, last_byte = house.wire.upload(file)
    found = json.loads(house.wire.ask("GET", f"/imports/{import_id}"))
    assert found["sample"], found
    return time.monotonic() - last_byte


def check(file: Path, rows: int) -> dict[str, float]:
    """Rows a second of the check by the clock and by the worker's own processor time, and its
    peak in MB.
    """
    with House() as house:
        before = processor_seconds(house.workers[0].pid)
        import_id = house.upload(file)
        house.wait(import_id, "ready")
        house.wait_until_let_go(import_id)
        spent = processor_seconds(house.workers[0].pid) - before
        seconds = house.seconds(import_id, "check_started", "checked")
        peak = house.watch.peaks["work-horse"]
    found = {
        "rows": rows,
        "rows_per_second": rows / seconds,
        "rows_per_processor_second": rows / spent,
    }
    return {**found, "peak_megabytes": peak}


def large(folder: Path, size: int) -> Path:
    """As many contacts as fill so many bytes."""
    header, _, body = contacts(folder, 20_000).read_bytes().partition(b"\n")
    file = folder / "large.csv"
    with file.open("wb") as target:
        target.write(header + b"\n")
        while target.tell() < size:
            target.write(body)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--csv-rows", type=int, default=1_000_000)
    parser.add_argument("--xlsx-rows", type=int, default=200_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.megabytes, options.csv_rows, options.xlsx_rows)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
