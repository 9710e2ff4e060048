"""Excel workbooks (.xlsx), read as a stream. What a workbook claims is bounded before anything is parsed."""

import itertools
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import IO, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from webapp.intake.csv_records import SNIFFED_RECORDS
from webapp.intake.headers import header_of, labels_of
from webapp.intake.reading import (
    SAMPLE_ROWS,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Source,
    Unreadable,
)

MEMBERS = 2_000
UNPACKED_BYTES = 180 * 1024 * 1024
RATIO = 200
SMALL_BYTES = 1024 * 1024  # a small member may compress as well as it likes


def inspect(source: Source, sheet: str | None, limits: Limits) -> Head:
    """What a workbook tells: its sheets, and header and first rows of the chosen one."""
    with _workbook(source) as book:
        sheets = list(book.sheetnames)
        if sheet is not None and sheet not in sheets:
            raise Unreadable("unknown_sheet", sheet=sheet[:60])
        chosen = sheet or sheets[0]
        first = list(itertools.islice(_rows(book[chosen], 0, limits), SNIFFED_RECORDS))
    filled = [record for record in first if any(record.cells)]
    if not filled:
        raise Unreadable("empty_file")
    header = header_of(filled)
    rows = [record.cells for record in filled if header is None or record.row > header.row]
    columns = labels_of(header.cells if header else [], max(map(len, rows), default=0))
    dialect = Dialect("xlsx", None, None, chosen, header.row if header else 0)
    return Head(dialect, columns, rows[:SAMPLE_ROWS], sheets, encoding_certain=True)


def records(source: Source, dialect: Dialect, start: Position | None, limits: Limits) -> Iterator[Record]:
    """Every row of the sheet after `start`."""
    with _workbook(source) as book:
        yield from _rows(book[dialect.sheet or book.sheetnames[0]], start.row if start else 0, limits)


@contextmanager
def _workbook(source: Source) -> Iterator[Any]:
    with tempfile.TemporaryFile() as file:
        for block in source.blocks(0):
            file.write(block)
        _refuse_bombs(file)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Extensions and styles that openpyxl does not know are no matter.
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile, SyntaxError) as error:
            raise Unreadable("workbook_broken") from error
        try:
            yield book
        finally:
            book.close()


def _refuse_bombs(file: IO[bytes]) -> None:
    """Look at the zip's table of contents only: members, unpacked size, ratio."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Unreadable("workbook_broken") from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names:
        raise Unreadable("is_archive")
    if "xl/vbaProject.bin" in names:
        raise Unreadable("wrong_name", extension="with macros")
    unpacked = sum(member.file_size for member in members)
    inflated = any(
        member.file_size > SMALL_BYTES and member.file_size > RATIO * max(member.compress_size, 1)
        for member in members
    )
    if len(members) > MEMBERS or unpacked > UNPACKED_BYTES or inflated:
        raise Unreadable("workbook_too_large")


def _rows(sheet: Any, after: int, limits: Limits) -> Iterator[Record]:
    sheet.reset_dimensions()  # What the sheet claims about its size is not to be trusted.
    # One column past the limit, so that too many are seen without unfolding them all.
    found = sheet.iter_rows(min_row=after + 1, max_col=limits.max_columns + 1, values_only=True)
    for row, values in enumerate(found, after + 1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        yield Record(row, cells, None, Position(0, row))


def _text(value: object) -> str:
    """A cell as a person sees it: whole numbers without .0, dates as 1985-04-23."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
