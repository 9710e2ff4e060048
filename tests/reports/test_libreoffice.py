"""The CSV reports as a spreadsheet shows them: opened by LibreOffice itself, where it is
installed.
"""

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from tests.reports import naughty
from webapp.reports import exports

TABLE, TEXT, OFFICE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{space}:1.0}}"
    for space in ("table", "text", "office")
)
# What LibreOffice's dialog proposes for a file with this mark at its head; without a window it does
# not look for it.
AS_OFFERED = "--infilter=CSV:44,34,UTF8,1"
PATIENCE = 100  # seconds that it may take to come up on a busy machine
WORDS = [
    "Škoda Größe",
    "株式会社",
    "عمر الخيام",
    "שלום עולם",
    naughty.FAMILY,
    'O\'Neill, "Bob"; Co',
    "two\nlines",
]
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://localhost/","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
]
NUMBERS = [
    "+49 30 1234567",
    "0049301234567",
    "00123",
    "12345678901234567890",
]  # A spreadsheet shortens the last three.
CELLS = [*WORDS, *FORMULAS, *NUMBERS]
HEADER = ["Email", "First name", "=1+2", "Last"]


@pytest.fixture
def spreadsheet(tmp_path):
    """`spreadsheet(chunks)` → the cells of the CSV as LibreOffice understands it, in rows."""
    if (program := shutil.which("soffice")) is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")

    def opened(chunks):
        (tmp_path / "report.csv").write_bytes(b"".join(chunks))
        command = [
            program,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            AS_OFFERED,
        ]
        command += ["--convert-to", "fods", "report.csv"]
        subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, timeout=PATIENCE
        )
        rows = ET.parse(tmp_path / "report.fods").iter(f"{TABLE}table-row")  # noqa: S314 - our own file
        return [list(_cells(row)) for row in rows]

    return opened


class Cell(NamedTuple):
    text: str
    kind: str | None  # string | float | date ...; None where it is empty
    formula: str | None


def _cells(row: ET.Element) -> Iterator[Cell]:
    for cell in row.iter(f"{TABLE}table-cell"):
        lines = ["".join(line.itertext()) for line in cell.iter(f"{TEXT}p")]
        found = Cell(
            "\n".join(lines), cell.get(f"{OFFICE}value-type"), cell.get(f"{TABLE}formula")
        )
        yield from [found] * int(cell.get(f"{TABLE}number-columns-repeated", 1))


def file() -> str:
    """Each cell in a row that gets in and in one that does not; the last column stays aligned
    or not.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(HEADER)
    for number, cell in enumerate(CELLS):
        writer.writerow([f"p{number}@example.com", cell, cell, f"end{number}"])
        writer.writerow(["nobody", "", cell, f"end{number}"])
    return stream.getvalue()


@pytest.mark.timeout(3 * PATIENCE)
def test_whole_aligned_and_nothing_runs(importer, session, spreadsheet):
    done = importer.run(file())
    for made, own in (
        (exports.report_csv, exports.REPORT_COLUMNS),
        (exports.rejected_csv, exports.REJECTED_COLUMNS),
    ):
        header, *rows = spreadsheet(made(session, done.id))
        assert [cell.text for cell in header] == [*own, "Email", "First name", "'=1+2", "Last"]
        assert not [cell for row in rows for cell in row if cell.formula]
        numbers = [row[-1].text.removeprefix("end") for row in rows]
        assert sorted(set(numbers), key=int) == [str(n) for n in range(len(CELLS))]
        for row, number in zip(rows, map(int, numbers), strict=True):
            assert len(row) == len(header)
            if number < len(CELLS) - 3:
                assert row[-2][:2] == (exports.safe(CELLS[number]), "string")
