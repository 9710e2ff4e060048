"""What a person waits for: from the last byte of an upload to the review page with all its counts,
and from the click to the report.

Web process, worker and work-horse are real, and asked over HTTP. Beside that what the waiting is
made of, at size: the check and the three previews, beside COPY and beside a run.
"""

import http.client
import time
from pathlib import Path
from uuid import UUID

from bench import book, peers
from bench.files import contacts, sharing, workbook
from bench.house import House
from bench.rounds import BEFORE, COPY, Rounds
from bench.sign_in import cookie_of

KINDS = {"CSV": contacts, "XLSX": workbook}
ONE_SESSION = "skip, all known, in one session"
PREVIEWS = {"empty": "three previews, empty book", "known": "three previews, all known"}


def waits(folder: Path, rows: int, *, loader: bool) -> list[dict[str, object]]:
    """Seconds of both waits for a CSV file and for a workbook of so many rows, each into an empty
    book; the peaks of all processes, in MB; and, where it is wanted and installed, the seconds
    that pgloader takes for the CSV file, and openpyxl to read the workbook.
    """
    found = []
    for kind, written in KINDS.items():
        file = written(folder, rows)
        with House(web=True) as house:
            cookie = cookie_of(house)
            entry = {"rows": rows, "file": kind, **_waited(house, file, cookie)}
            if loader and kind == "CSV":
                entry["pgloader_seconds"] = _loaded(house, folder, rows)
            if loader and kind == "XLSX":
                entry["openpyxl_seconds"] = peers.read_workbook(file)
        found.append(entry)
    return found


def _waited(house: House, file: Path, cookie: str) -> dict[str, object]:
    house.conn.execute("CHECKPOINT")
    import_id, sent = house.wire.upload(file)
    house.wait(UUID(import_id), "ready")
    house.wait_for_previews(UUID(import_id))
    review = _page(house, f"/imports/{import_id}/review", cookie)
    reviewed = time.monotonic()
    assert b'id="strategies" hx-get' not in review, "the review page still waits for counts"

    house.wait_until_let_go(UUID(import_id))
    house.conn.execute("CHECKPOINT")
    clicked = time.monotonic()
    house.wire.execute(import_id)
    house.wait(UUID(import_id), "completed")
    _page(house, f"/imports/{import_id}/report", cookie)
    told = time.monotonic()

    return {
        "review_seconds": round(reviewed - sent, 2),
        "report_seconds": round(told - clicked, 2),
        "megabytes": {name: round(peak, 1) for name, peak in house.watch.peaks.items()},
    }


def _page(house: House, path: str, cookie: str) -> bytes:
    """A page as the signed-in person's browser gets it."""
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=300)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status, found[:500])
    return found


def _loaded(house: House, folder: Path, rows: int) -> float | None:
    """Seconds that pgloader's default takes for the same file into a table with the same indexes;
    None where it is not installed.
    """
    house.conn.execute("CHECKPOINT")
    return peers.loaded(house, contacts(folder, rows), rows)


def parts(folder: Path, rows: int, rounds: int) -> dict[str, object]:
    """What a wait is made of, in so many interleaved rounds: figures as those of `Rounds`; and
    previews in times of a run of the same import on the same book.
    """
    with House() as house:
        plain = Rounds(house, contacts(folder, rows), rows)
        for _ in range(rounds):
            _round(plain)
    with House() as house:
        shared = Rounds(house, sharing(folder, rows), rows)
        for _ in range(rounds):
            shared.begin()
            _empty_book(shared)
    return {
        "rows": rows,
        "rounds": rounds,
        "check_of_copy": round(plain.ratio("check", COPY), 3),
        "previews": {
            "empty": _times(plain, "skip, empty book", PREVIEWS["empty"]),
            "known": _times(plain, "skip, all known", PREVIEWS["known"]),
            "known, run in one session": _times(plain, ONE_SESSION, PREVIEWS["known"]),
            "sharing": _times(shared, "skip, empty book", PREVIEWS["empty"]),
        },
        "seconds": {
            "check": round(rows / plain.speed("check"), 2),
            "three previews, empty book": round(rows / plain.speed(PREVIEWS["empty"]), 2),
            "skip, empty book": round(rows / plain.speed("skip, empty book"), 2),
            "three previews, all known": round(rows / plain.speed(PREVIEWS["known"]), 2),
            "skip, all known": round(rows / plain.speed("skip, all known"), 2),
            ONE_SESSION: round(rows / plain.speed(ONE_SESSION), 2),
            "three previews, most rows share a key": round(
                rows / shared.speed(PREVIEWS["empty"]), 2
            ),
            "skip, most rows share a key": round(rows / shared.speed("skip, empty book"), 2),
        },
    }


def _times(measured: Rounds, run: str, previews: str) -> float:
    """How many times as long the previews take as the run; speeds are the inverse of times."""
    return round(measured.ratio(run, previews), 3)


def _round(measured: Rounds) -> None:
    measured.begin()
    measured.copy()
    book.empty(measured.conn)
    measured.check()
    _empty_book(measured)
    book.known(measured.conn, **BEFORE["update"])
    _previews(measured, PREVIEWS["known"])
    measured.run_prepared("skip", "skip, all known")
    # Without a plan there are no two lanes: a run as it was when the target was set.
    book.reset(measured.conn, measured.import_id)
    measured.house.forget_previews(measured.import_id)
    measured.conn.execute("CHECKPOINT")
    measured.run_prepared("skip", ONE_SESSION)


def _empty_book(measured: Rounds) -> None:
    book.empty(measured.conn)
    _previews(measured, PREVIEWS["empty"])
    measured.run_prepared("skip", "skip, empty book")


def _previews(measured: Rounds, measure: str) -> None:
    """All three anew, since the book is another than it was."""
    book.reset(measured.conn, measured.import_id)
    measured.conn.execute("CHECKPOINT")
    started = time.monotonic()
    measured.house.preview(measured.import_id)
    measured.note(measure, measured.rows, time.monotonic() - started)
    measured.house.wait_until_let_go(measured.import_id)
    measured.conn.execute("CHECKPOINT")
