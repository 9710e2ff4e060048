"""Large files are read in the room of small ones."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.corpus.workbooks import MAIN, raw

READER = """
import json, sys
from itertools import islice
from pathlib import Path
from webapp.checking import mapping
from webapp.reading import readers
from webapp.checking.validation import Checker

class File:
    def __init__(self, path):
        self.path, self.size = path, __import__("os").path.getsize(path)

    def blocks(self, offset):
        with open(self.path, "rb") as file:
            file.seek(offset)
            while block := file.read(1 << 20):
                yield block

source = File(sys.argv[1])
head = readers.inspect(source, sys.argv[1])
checker = Checker(mapping.suggest(head.columns, head.sample), default_country="DE")
records = readers.records(source, head.dialect)
rows = invalid = 0
while block := list(islice(records, 1000)):
    rows += len(block)
    invalid += sum(row.status != "valid" for row in checker.check_block(block))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"rows": rows, "invalid": invalid, "peak_mb": int(peak.split()[1]) // 1024}))
"""
HEADER = ["ID", "Email", "First name", "Last name", "Phone", "Company", "City", "Notes"]


def row(number: int) -> list[str]:
    return [
        f"C{number:08}", f"anna.{number}@firm{number * 7919 % 60_000}.example.com", "Anna", "Okafor",
        f"+49 30 {1_000_000 + number}", f"Company {number % 50_000}", "Köln", f"note {number}",
    ]  # fmt: skip


def read_apart(path: Path) -> dict[str, int]:
    """Read and check the whole file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, check=True, timeout=300
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_three_hundred_thousand_rows_of_csv(tmp_path):
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADER[:4]) + "\n")
        file.writelines(",".join(row(number)[:4]) + "\n" for number in range(300_000))
    found = read_apart(path)
    assert (found["rows"], found["invalid"]) == (300_000, 0)
    assert found["peak_mb"] < 100


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_two_hundred_thousand_rows_of_a_workbook(tmp_path):
    """Most of its strings are shared ones that occur once."""
    path = tmp_path / "people.xlsx"
    path.write_bytes(raw("", shared=""))
    strings = workbook(path, 200_000)
    assert strings > 800_000
    found = read_apart(path)
    assert (found["rows"], found["invalid"]) == (200_000, 0)
    assert found["peak_mb"] < 100


def workbook(path: Path, count: int) -> int:
    """Write a workbook of so many rows, part by part; how many strings it shares."""
    with zipfile.ZipFile(path) as plain:
        others = {
            n: plain.read(n)
            for n in plain.namelist()
            if "sheet1" not in n and "shared" not in n
        }
    numbers: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in others.items():
            archive.writestr(name, data)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"<worksheet xmlns='{MAIN}'><sheetData>".encode())
            for number in range(count + 1):
                cells = row(number) if number else HEADER
                inside = "".join(
                    f'<c r="{chr(65 + column)}{number + 1}" t="s"><v>{numbers.setdefault(text, len(numbers))}</v></c>'
                    for column, text in enumerate(cells)
                )
                sheet.write(f'<row r="{number + 1}">{inside}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(f"<sst xmlns='{MAIN}'>".encode())
            for text in numbers:
                shared.write(f"<si><t>{text}</t></si>".encode())
            shared.write(b"</sst>")
    return len(numbers)
