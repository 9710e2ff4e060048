"""Run as a program of its own: an old workbook (.xls, .xlsb) → one line of JSON for each row with
text, `[sheet, row, cells]`. It may take 512 MB and a minute; what it leaves unfinished, its caller
tells.

usage: calamine_child.py WORKBOOK OUTPUT FIRST_ROWS; FIRST_ROWS of each sheet are written, 0 for all
Ends with 0, 3 for too many rows, 4 for a password.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MEMORY, SECONDS, OUTPUT = 512 * 1024 * 1024, 60, 1024 * 1024 * 1024
MOST_ROWS = 200_000
TOO_MANY, PROTECTED = 3, 4
LONGEST_WHOLE = 1e15


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


def main(workbook: str, output: str, first_rows: int) -> int:
    """Write the rows; how the program ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import python_calamine  # noqa: PLC0415 - under the limits

    try:
        book = python_calamine.load_workbook(workbook)
    except python_calamine.PasswordError:
        return PROTECTED

    with Path(output).open("w", encoding="utf-8", errors="replace") as file:
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > MOST_ROWS:
                return TOO_MANY

            written = 0
            for number, cells in enumerate(sheet.iter_rows(), 1):
                texts = [text_of(cell) for cell in cells]
                if any(texts):
                    written += 1
                    kept = texts if not first_rows or written <= first_rows else []
                    file.write(json.dumps([name, number, kept]) + "\n")

    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
