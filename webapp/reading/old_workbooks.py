"""Old and binary workbooks (.xls, .xlsb), which calamine reads whole: in a process of its own, under
a limit of memory, one at a time. Large ones are better saved as CSV.
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from webapp.limits import SNIFFED_RECORDS
from webapp.reading import calamine_child, tables
from webapp.reading.file_kinds import OLE
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.vocabulary.refusals import Refusal

NAME: Final = "xls"
BINARY = b"xl/workbook.bin"
SECONDS = 90
CODES = {
    calamine_child.TOO_MANY: "too_many_old_rows",
    calamine_child.PROTECTED: "is_protected",
}


def recognises(head: bytes, filename: str) -> bool:
    """Whether it is in Office's old container, or a zip with a binary workbook."""
    is_zip = head.startswith(b"PK\x03\x04")
    named = filename.lower().endswith(".xlsb")
    return head.startswith(OLE) or (is_zip and (BINARY in head or named))


def inspect(source: Source, _head: bytes, chosen: Choices, limits: Limits) -> Head:
    """The sheets, and the head of one of them."""
    return tables.head_of(_rows(source, limits, SNIFFED_RECORDS), NAME, chosen, limits)


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """The rows after `start`; the workbook is taken apart again for them."""
    return tables.records_of(_rows(source, limits, 0), dialect.sheet, start)


def _rows(source: Source, limits: Limits, first_rows: int) -> Iterator[tuple[str, Record]]:
    with tempfile.TemporaryDirectory() as folder:
        workbook, rows = Path(folder) / "workbook", Path(folder) / "rows"
        with workbook.open("wb") as file:
            for block in source.blocks(0):
                file.write(block)

        with _turn():
            _take_apart(workbook, rows, first_rows)

        builder = tables.Builder(limits, source.size)
        size = max(rows.stat().st_size, 1)

        with rows.open(encoding="utf-8") as lines:
            read = 0
            sheet = None
            for line in lines:
                read += len(line)
                builder.offset = min(source.size * read // size, source.size)
                name, number, cells = json.loads(line)
                if name != sheet:
                    builder.begin_sheet(name)
                    sheet = name
                yield from _row(builder, number, cells)


def _row(
    builder: tables.Builder, number: int, cells: list[str]
) -> Iterator[tuple[str, Record]]:
    """A row; one that is only counted has no cells."""
    builder.begin_row(number)
    for text in cells:
        builder.cell(text)
    if not cells:
        builder.cell("-")
    builder.end_row()
    yield from builder.ready()


def _take_apart(workbook: Path, rows: Path, first_rows: int) -> None:
    """Have the child write the rows. Raises Refusal for what it could not read."""
    command = [sys.executable, "-I", calamine_child.__file__]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*command, workbook, rows, str(first_rows)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise Refusal("is_old_excel") from None

    if done.returncode:
        raise Refusal(
            CODES.get(done.returncode, "is_old_excel"), limit=f"{calamine_child.MOST_ROWS:,}"
        )


@contextmanager
def _turn() -> Iterator[None]:
    """One workbook at a time on this machine, of web and workers together."""
    path = Path(tempfile.gettempdir()) / f"rowcall-{os.getuid()}-old-workbook"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
