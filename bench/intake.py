"""From bytes to checked rows: how soon a large upload shows its first rows, how fast files are checked, in what room.

python bench/intake.py [--megabytes 100] [--csv-rows 1000000] [--xlsx-rows 200000]
"""

import argparse
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import generate  # noqa: E402

from bench.house import House  # noqa: E402

MEBIBYTE = 1024 * 1024
BOUNDARY = "rowcall-bench"


def measure(megabytes: int = 100, csv_rows: int = 1_000_000, xlsx_rows: int = 200_000) -> dict[str, dict[str, float]]:
    """Everything, each file with a worker of its own, so that its peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        found = {"upload": upload(large_csv(files / "large.csv", megabytes * MEBIBYTE))}
        print(found, file=sys.stderr, flush=True)
        for file, rows in ((csv_of(files / "people.csv", csv_rows), csv_rows), (workbook(files, xlsx_rows), xlsx_rows)):
            found[file.suffix[1:]] = check(file, rows)
            print(found, file=sys.stderr, flush=True)
    return found


def check(file: Path, rows: int) -> dict[str, float]:
    """Rows a second of the check, and the peak of the worker's memory in MB."""
    house = House()
    try:
        import_id = house.upload(file)
        house.wait(import_id, "ready")
        seconds = house.seconds(import_id, "check_started", "checked")
        return {"rows": rows, "rows_per_second": rows / seconds, "peak_megabytes": house.peaks["work-horse"]}
    finally:
        house.end()


def upload(file: Path) -> dict[str, float]:
    """Seconds from the last byte of an upload to its first rows, and the web process's peak of memory in MB."""
    house = House(workers=0)
    try:
        with web(house) as (port, process):
            answered = [sent(port, token(house), file) for _ in range(3)]
            peak = peak_megabytes(process.pid)
        return {"megabytes": file.stat().st_size / MEBIBYTE, "seconds": sorted(answered)[1], "peak_megabytes": peak}
    finally:
        house.end()


@contextmanager
def web(house: House) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The web process as the Procfile starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--config", "python:webapp.serving"]
    environment = {**os.environ, "PORT": str(port), "DATABASE_URL": house.settings.database_url}
    process = subprocess.Popen([sys.executable, *command, "webapp.app:create_app()"], cwd=ROOT, env=environment)
    try:
        wait_for(port)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the web process did not answer")


def token(house: House) -> str:
    """An API token of the bench's own user."""
    from webapp.app import create_app  # noqa: PLC0415 - Flask, for this alone
    from webapp.web.account import add_token  # noqa: PLC0415

    with create_app(house.settings).app_context():
        return add_token(house.user_id, "bench")


def sent(port: int, bearer: str, file: Path) -> float:
    """Upload a file; seconds from its last byte to the answer with the first rows."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.putrequest("POST", "/api/imports")
    connection.putheader("Authorization", f"Bearer {bearer}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + file.stat().st_size + len(tail)))
    connection.endheaders(head)
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(256 * 1024), b""):
            connection.send(block)
    connection.send(tail)
    last_byte = time.monotonic()
    answer = json.loads(connection.getresponse().read())
    seconds = time.monotonic() - last_byte
    assert answer["sample"], answer
    return seconds


def peak_megabytes(pid: int) -> float:
    """The highest resident memory of a process's children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    statuses = [Path(f"/proc/{child}/status").read_text() for child in children]
    return max(int(text.partition("VmHWM:")[2].split()[0]) / 1024 for text in statuses)


def csv_of(file: Path, rows: int) -> Path:
    """Contacts with 30 % distinct mail domains, e-mail and phone among the columns."""
    with file.open("w", newline="") as stream:
        generate.write_csv(stream, rows)
    return file


def large_csv(file: Path, size: int) -> Path:
    """As many contacts as fill so many bytes."""
    stream = io.StringIO(newline="")
    generate.write_csv(stream, 20_000)
    header, _, body = stream.getvalue().encode().partition(b"\n")
    with file.open("wb") as target:
        target.write(header + b"\n")
        while target.tell() < size:
            target.write(body)
    return file


def workbook(folder: Path, rows: int) -> Path:
    """The same contacts as a workbook, written row by row; its strings stand in the cells."""
    import xlsxwriter  # noqa: PLC0415 - of the development set

    file = folder / "people.xlsx"
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, generate.HEADER)
        for number, cells in enumerate(generate.rows(rows), 1):
            for column, text in enumerate(cells):
                sheet.write_string(number, column, text)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--csv-rows", type=int, default=1_000_000)
    parser.add_argument("--xlsx-rows", type=int, default=200_000)
    options = parser.parse_args()
    print(json.dumps(measure(options.megabytes, options.csv_rows, options.xlsx_rows), indent=2))


if __name__ == "__main__":
    main()
