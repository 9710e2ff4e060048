"""The bench's files: contacts with 30 % distinct mail domains, 2 % invalid rows, 3 % duplicates,
as CSV and as a workbook; ones whose only key is the e-mail; ones in which most rows repeat another;
and hard ones, where each cell has to be understood.
"""

import csv
import random
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "samples"))

import generate  # noqa: E402
import xlsxwriter  # noqa: E402


def contacts(folder: Path, rows: int, first: int = 1) -> Path:
    """The file with so many rows, written once; people are numbered from `first`."""
    file = folder / f"contacts-{rows}-{first}.csv"
    if not file.exists():
        with file.open("w", newline="") as stream:
            generate.write_csv(stream, rows, first=first)
    return file


def by_email(folder: Path, rows: int) -> Path:
    """The contacts without their ID, so that the e-mail alone says who they are."""
    file = folder / f"by-email-{rows}.csv"
    with file.open("w", newline="") as stream:
        target = csv.writer(stream)
        target.writerow(generate.HEADER[1:])
        target.writerows(row[1:] for row in generate.rows(rows))
    return file


def sharing(folder: Path, rows: int) -> Path:
    """So many rows, four in five of which share their keys with another, anywhere in the file."""
    file = folder / f"sharing-{rows}.csv"
    people = [*range(1, rows * 3 // 5 + 1), *range(1, rows * 2 // 5 + 1)]
    random.Random(1).shuffle(people)  # noqa: S311 - a bench
    with file.open("w", newline="") as stream:
        target = csv.writer(stream)
        target.writerow(generate.HEADER)
        target.writerows(generate.row(person, 1, rows, changed=False) for person in people)
    return file


def workbook(folder: Path, rows: int) -> Path:
    """The contacts of the CSV as a workbook, written once."""
    file = folder / f"contacts-{rows}.xlsx"
    if file.exists():
        return file
    options = {"constant_memory": True}
    with (
        xlsxwriter.Workbook(file, options) as book,
        contacts(folder, rows).open(newline="") as stream,
    ):
        sheet = book.add_worksheet()
        for number, cells in enumerate(csv.reader(stream)):
            for column, text in enumerate(cells):
                sheet.write_string(number, column, text)
    return file


NAMES = (
    "Dr. {first} van {last}",
    "{last}, {first}",
    "{first} M. {last}, MBA",
    "Anna-{first} de la {last}",
    "{last} {first} (geb. Roth)",
)
MONTHS = ("3. März 19{year}", "12-Apr-{year}", "7 août 19{year}", "Oct 21, 19{year}")


def hard(folder: Path, rows: int) -> Path:
    """Full names, phones without a plus, birthdays with the month's name, two addresses a cell."""
    file = folder / f"hard-{rows}.csv"
    with file.open("w", newline="") as stream:
        target = csv.writer(stream)
        target.writerow(["Name", "E-mail", "Phone", "Birthday", "Country", "Company"])
        target.writerows(_hard_rows(rows))
    return file


def _hard_rows(rows: int) -> Iterator[list[str]]:
    chance = random.Random(1)  # noqa: S311 - a bench
    for number in range(rows):
        person = {"first": chance.choice(generate.FIRST), "last": chance.choice(generate.LAST)}
        yield [
            chance.choice(NAMES).format(**person),
            f"p{number}@example.com; Person <q{number}@mail{number % 997}.example.org>",
            f"49 {chance.choice((30, 40, 89))} {number % 10**7 + 10**7}",
            chance.choice(MONTHS).format(year=chance.randrange(50, 99)),
            chance.choice(("Deutschland", "Germany", "DE", "Allemagne")),
            f"Firm {number % 1_000} & Co",
        ]
