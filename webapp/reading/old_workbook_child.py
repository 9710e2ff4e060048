"""Run as a program of its own: an old workbook (.xls, .xlsb) → lines of JSON. It may take 512 MB
and a minute; what it leaves unfinished, its caller tells.

The first line is `{"formats": [[id, code or null], …], "from_1904": bool}`. Each further one is a
row with text: `[sheet, row, cells, hidden, merged]`. A cell is its text, a number with the index
of its format, `[text, index]`, or null for an error; `merged` are `[column, rows below]`. A row
that is only counted has null for its cells.

usage: old_workbook_child.py WORKBOOK OUTPUT FIRST_ROWS; FIRST_ROWS of each sheet are written, 0 for
all. Ends with 0, 3 for too many rows, 4 for a password.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MEMORY, SECONDS, OUTPUT = 512 * 1024 * 1024, 60, 1024 * 1024 * 1024
MOST_ROWS = 200_000
TOO_MANY, PROTECTED = 3, 4
LONGEST_WHOLE = 1e15
FIRST_OWN_FORMAT = 164  # below, an id says what it is, in every language
OLE = b"\xd0\xcf\x11\xe0"

Row = tuple[int, list[Any], bool, list[tuple[int, int]]]
"""Number from 1, cells, whether it is hidden, cells that are merged downwards."""


class _Xlrd:
    """.xls, with the formats of its numbers."""

    def __init__(self, path: str) -> None:
        import xlrd  # noqa: PLC0415 - under the limits

        self.xlrd = xlrd
        with Path("/dev/null").open("w") as silence:
            self.book = xlrd.open_workbook(
                path, logfile=silence, on_demand=True, formatting_info=True
            )
        self.indexes = {key: index for index, key in enumerate(self.book.format_map)}
        self.formats = [
            [key, found.format_str if key >= FIRST_OWN_FORMAT else None]
            for key, found in self.book.format_map.items()
        ]
        self.from_1904 = self.book.datemode == 1
        self.names = self.book.sheet_names()

    def rows(self, name: str) -> Iterator[Row]:
        sheet = self.book.sheet_by_name(name)
        down: dict[int, list[tuple[int, int]]] = {}
        for top, below, left, _ in sheet.merged_cells:
            if below - top > 1:
                down.setdefault(top, []).append((left, below - top - 1))

        left = self._first_column(sheet)

        for row in range(sheet.nrows):
            info = sheet.rowinfo_map.get(row)
            cells = [self._cell(cell) for cell in sheet.row_slice(row, left)]
            merged = [(column - left, rows) for column, rows in down.get(row, [])]
            yield row + 1, cells, bool(info and info.hidden), merged

        self.book.unload_sheet(name)

    def _first_column(self, sheet: Any) -> int:
        """Where the table begins: the columns before it are blank in every row."""
        blank = {self.xlrd.XL_CELL_EMPTY, self.xlrd.XL_CELL_BLANK}
        used = (
            next((column for column, kind in enumerate(kinds) if kind not in blank), None)
            for kinds in map(sheet.row_types, range(sheet.nrows))
        )
        return min((column for column in used if column is not None), default=0)

    def _cell(self, cell: Any) -> Any:
        kinds = self.xlrd
        if cell.ctype in {kinds.XL_CELL_NUMBER, kinds.XL_CELL_DATE}:
            key = self.book.xf_list[cell.xf_index].format_key
            return [f"{cell.value:.17g}", self.indexes.get(key, -1)]
        if cell.ctype == kinds.XL_CELL_BOOLEAN:
            return "TRUE" if cell.value else "FALSE"
        if cell.ctype == kinds.XL_CELL_ERROR:
            return None

        return cell.value if cell.ctype == kinds.XL_CELL_TEXT else ""


class _Calamine:
    """.xlsb, and .xls that xlrd does not open: values without their formats."""

    def __init__(self, path: str) -> None:
        import python_calamine  # noqa: PLC0415 - under the limits

        try:
            self.book = python_calamine.load_workbook(path)
        except python_calamine.PasswordError:
            sys.exit(PROTECTED)

        self.formats: list[list[Any]] = []
        self.from_1904 = False
        self.names = self.book.sheet_names

    def rows(self, name: str) -> Iterator[Row]:
        sheet = self.book.get_sheet_by_name(name)
        if sheet.total_height > MOST_ROWS:
            sys.exit(TOO_MANY)

        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, [text_of(cell) for cell in cells], False, []


def text_of(value: Any) -> str:
    """A cell as our own reader of workbooks shows it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        whole = float(value).is_integer() and abs(value) < LONGEST_WHOLE
        return str(int(value)) if whole else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)

    return str(value)


def opened(path: str) -> _Xlrd | _Calamine:
    """The workbook. Ends the program where it asks for a password."""
    with Path(path).open("rb") as file:
        if file.read(len(OLE)) != OLE:
            return _Calamine(path)

    try:
        return _Xlrd(path)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - calamine may still read what is damaged
        return _Calamine(path)


def main(workbook: str, output: str, first_rows: int) -> int:
    """Write the rows; how the program ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    book = opened(workbook)

    with Path(output).open("w", encoding="utf-8", errors="replace") as file:
        head = {"formats": book.formats, "from_1904": book.from_1904}
        file.write(json.dumps(head) + "\n")
        for name in book.names:
            file.writelines(json.dumps(line) + "\n" for line in _lines(book, name, first_rows))

    return 0


def _lines(book: _Xlrd | _Calamine, name: str, first_rows: int) -> Iterator[list[Any]]:
    """The rows of a sheet that have text."""
    written = 0
    for number, cells, is_hidden, merged in book.rows(name):
        if any(cell != "" for cell in cells):
            written += 1
            kept = cells if not first_rows or written <= first_rows else None
            yield [name, number, kept, is_hidden, merged]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
