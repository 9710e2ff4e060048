"""The program that writes a workbook: rows from standard input, each a line of JSON with its texts,
the first of them the header; the workbook goes to standard output, which is a file.

It runs by itself, and imports nothing of Rowcall.
"""

import json
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

SHEET = "Contacts"
SHEET_ROWS = 1_048_576
COLUMN_WIDTH = 18  # characters
PLAIN_SIGNS = 16_000  # a cell of which may be cut off
# What XML or Excel takes for something else: marks, control characters and what stands for them,
# and blanks at either end of a cell.
ODD = re.compile(
    r"[&<>\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|_x[0-9a-fA-F]{4}_|(?:\A|\|)\s|\s(?:\||\Z)"
)


class Texts(Worksheet):  # type: ignore[misc] # the library has no types
    """A sheet of texts in one form, written a row at a time."""

    def write_texts(self, row: int, cells: list[str], form: Format) -> None:
        """Texts stay texts: none becomes a formula, a number or a link.

        Most rows hold nothing that XML or Excel takes for something else. They are written as
        XlsxWriter would, which looks at each cell by itself and takes five times as long.
        """
        together = "|".join(filter(None, cells))
        if len(together) > PLAIN_SIGNS or ODD.search(together):
            for column, cell in enumerate(cells):
                if cell:
                    self.write_string(row, column, cell, form)
            return

        self._write_single_row(row)  # the one before
        self._check_dimensions(row, len(cells) - 1)
        style = form._get_xf_index()  # noqa: SLF001 - of the library that this extends
        texts = "".join(
            f'<c r="{letters}{row + 1}" s="{style}" t="inlineStr"><is><t>{cell}</t></is></c>'
            for letters, cell in zip(self._letters(len(cells)), cells, strict=True)
            if cell
        )
        self.row_data_fh.write(f'<row r="{row + 1}">{texts}</row>')

    @staticmethod
    @cache
    def _letters(count: int) -> list[str]:
        return [xl_col_to_name(column) for column in range(count)]


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
            sheet.write_texts(row, cells, text)
            row += 1


def _begun(book: xlsxwriter.Workbook, header: list[str], text: Format, bold: Format) -> Texts:
    """A further sheet with its header."""
    number = len(book.worksheets()) + 1
    name = SHEET if number == 1 else f"{SHEET} {number}"
    sheet: Texts = book.add_worksheet(name, worksheet_class=Texts)
    sheet.set_column(0, len(header) - 1, COLUMN_WIDTH, text)
    sheet.freeze_panes(1, 0)
    sheet.write_texts(0, header, bold)

    return sheet


if __name__ == "__main__":
    write(sys.stdin.buffer, sys.stdout.buffer)
