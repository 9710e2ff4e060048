"""Old and binary workbooks (.xls, .xlsb), which xlrd and calamine read whole: in a process of its
own, under a limit of memory, one at a time. Large ones are better saved as CSV.
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
from typing import Any, Final

from webapp.limits import SNIFFED_RECORDS
from webapp.reading import old_workbook_child, tables, xlsx_formats
from webapp.reading.file_kinds import OLE
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.vocabulary.refusals import Refusal

NAME: Final = "xls"
BINARY = b"xl/workbook.bin"
SECONDS = 90
CODES = {
    old_workbook_child.TOO_MANY: "too_many_old_rows",
    old_workbook_child.PROTECTED: "is_protected",
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
            shown = _Shown(**json.loads(next(lines)))
            read = 0
            sheet = None
            for line in lines:
                read += len(line)
                builder.offset = min(source.size * read // size, source.size)
                name, number, cells, is_hidden, merged = json.loads(line)
                if name != sheet:
                    builder.begin_sheet(name)
                    sheet = name
                builder.begin_row(number, is_hidden=is_hidden)
                _fill(builder, ["-"] if cells is None else cells, dict(merged), shown)
                builder.end_row()
                yield from builder.ready()


class _Shown:
    """Numbers as their formats show them."""

    def __init__(self, formats: list[tuple[int, str | None]], *, from_1904: bool) -> None:
        self.formats = [xlsx_formats.format_of(key, code) for key, code in formats]
        self.from_1904 = from_1904

    def __call__(self, text: str, index: int) -> str:
        form = self.formats[index] if index >= 0 else None
        return xlsx_formats.shown(text, form, from_1904=self.from_1904)


def _fill(
    builder: tables.Builder, cells: list[Any], merged: dict[int, int], shown: _Shown
) -> None:
    """The cells of a row, in the shapes that the child writes; one merged downwards is the value of
    the rows below, too.
    """
    for column, cell in enumerate(cells):
        if cell is None:
            builder.wrong()
            builder.cell("")
        else:
            text = cell if isinstance(cell, str) else shown(*cell)
            builder.cell(text, down=merged.get(column, 0))


def _take_apart(workbook: Path, rows: Path, first_rows: int) -> None:
    """Have the child write the rows. Raises Refusal for what it could not read."""
    command = [sys.executable, "-I", old_workbook_child.__file__]
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
            CODES.get(done.returncode, "is_old_excel"),
            limit=f"{old_workbook_child.MOST_ROWS:,}",
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
