"""The program that writes a workbook: rows from standard input, each a line of JSON with its texts,
the first of them the header; the workbook goes to standard output, which is a file.

It runs by itself, and imports nothing of Rowcall.
"""

import json
import sys
from collections.abc import Iterable
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

SHEET = "Contacts"
SHEET_ROWS = 1_048_576
COLUMN_WIDTH = 18  # characters


def write(rows: Iterable[bytes], workbook: BinaryIO) -> None:
    """Write the workbook, a row at a time: one that is written takes no memory."""
    lines = map(json.loads, rows)
    header: list[str] = next(lines)

    with xlsxwriter.Workbook(workbook, {"constant_memory": True}) as book:
        book.use_zip64()
        # So that what a person changes in a cell, such as a phone or a postal code, stays a text.
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True})
        sheet, row = _begun(book, header, text, bold), 1

        for cells in lines:
            if row == SHEET_ROWS:
                sheet, row = _begun(book, header, text, bold), 1
            _write_row(sheet, row, cells, text)
            row += 1


def _begun(
    book: xlsxwriter.Workbook, header: list[str], text: Format, bold: Format
) -> Worksheet:
    """A further sheet with its header."""
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(SHEET if number == 1 else f"{SHEET} {number}")
    sheet.set_column(0, len(header) - 1, COLUMN_WIDTH, text)
    sheet.freeze_panes(1, 0)
    _write_row(sheet, 0, header, bold)

    return sheet


def _write_row(sheet: Worksheet, row: int, cells: list[str], form: Format) -> None:
    """Texts stay texts: none becomes a formula, a number or a link."""
    for column, cell in enumerate(cells):
        if cell:
            sheet.write_string(row, column, cell, form)


if __name__ == "__main__":
    write(sys.stdin.buffer, sys.stdout.buffer)
