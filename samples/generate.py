"""Realistic contacts as CSV, any number of them, the same for the same arguments.

python samples/generate.py 10000 --invalid 0.02 --duplicates 0.03 > contacts.csv
"""

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from typing import TextIO

HEADER = [
    *("Customer ID", "Email", "First Name", "Last Name", "Phone", "Company", "Job Title"),
    *("Street", "City", "Postal Code", "Country", "Tags", "Notes"),
]
FIRST = [
    *("Anna", "Björn", "Chloé", "David", "Élodie", "Fatima", "Giulia", "Hans", "Inês"),
    *("Jürgen", "Kerstin", "Lucía", "Mateusz", "Nadia", "Óscar", "Petra", "Zoë"),
]
LAST = [
    *("Okafor", "Müller", "García", "Novák", "Rossi", "Dubois", "Øster", "Sjöberg"),
    *("van", "Dijk", "Schmidt", "Łukasz", "Pereira", "O'Neill", "Straße", "Meyer"),
]
CITIES = (
    ("Berlin", "10115", "DE", "+49 30"),
    ("Paris", "75001", "FR", "+33 1 4"),
    ("Madrid", "28001", "ES", "+34 91"),
)
TITLES = ["Owner", "Buyer", "Head of Sales", "Engineer", "Treasurer", "Secretary"]


def rows(
    count: int,
    *,
    invalid: float = 0.02,
    duplicates: float = 0.03,
    seed: int = 1,
    first: int = 1,
    changed: bool = False,
) -> Iterator[list[str]]:
    """`count` rows below the header, numbered from `first`; shares of invalid rows and of those that repeat another."""
    chance = random.Random(seed)
    for number in range(first, first + count):
        draw = chance.random()
        if draw < duplicates and number > first:
            yield row(chance.randrange(first, number), seed, count, changed)
        elif draw < duplicates + invalid:
            yield spoilt(row(number, seed, count, changed))
        else:
            yield row(number, seed, count, changed)


def row(number: int, seed: int, count: int, changed: bool) -> list[str]:
    """The contact with this number: the same whenever it is asked for.

    About 30 % of the mail domains are distinct.
    """
    chance = random.Random(seed * 1_000_003 + number)
    first, last = chance.choice(FIRST), chance.choice(LAST)
    city, code, country, prefix = chance.choice(CITIES)
    domain = f"firm{chance.randrange(max(count * 3 // 10, 1))}.example.com"
    return [
        f"C{number:08}", f"{_ascii(first)}.{_ascii(last)}.{number}@{domain}", first, last,
        f"{prefix} {chance.randrange(1_000_000, 9_999_999)}",
        f"{last} & Co" + (" Ltd" if changed else ""), chance.choice(TITLES),
        f"Main Street {number % 200 + 1}", city, code, country, chance.choice(["", "fair", "fair, vip"]), "",
    ]  # fmt: skip


def _ascii(name: str) -> str:
    return "".join(c for c in name.lower() if "a" <= c <= "z")


def spoilt(values: list[str]) -> list[str]:
    """The row with an address that is none."""
    return [values[0], values[1].replace("@", " at "), *values[2:]]


def write_csv(stream: TextIO, count: int, **options: object) -> None:
    """Header and rows to a text stream."""
    writer = csv.writer(stream)
    writer.writerow(HEADER)
    writer.writerows(rows(count, **options))  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--invalid", type=float, default=0.02)
    parser.add_argument("--duplicates", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="the first person's number")
    parser.add_argument(
        "--changed", action="store_true", help="the same people with another company"
    )
    options = vars(parser.parse_args())
    write_csv(sys.stdout, options.pop("count"), **options)


if __name__ == "__main__":
    main()
