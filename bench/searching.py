"""The search at so many contacts: how soon the first page is there, and how soon the index knows
them all.

Names, companies and places are made of syllables and drawn so that some are frequent and most are
rare, as in a real book.
"""

import random
from collections.abc import Iterator

import psycopg

SYLLABLES = [
    a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "ö")
]
FIRST, LAST, COMPANIES = 3_000, 40_000, 25_000
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com")
TAGS = ("newsletter", "vip", "fair 2025", "supplier", "press")
COLUMNS = (
    "external_id, first_name, last_name, email, email_key, phone, phone_key, company, tags"
)
QUERIES = 100
PAGE = 50


class Names:
    """Names of syllables; the first ones are drawn most often."""

    def __init__(self, chance: random.Random, count: int) -> None:
        self.chance, self.count = chance, count
        self.names = [
            "".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3)))).capitalize()
            for _ in range(count)
        ]

    def draw(self) -> str:
        return self.names[int(self.count ** self.chance.random()) - 1]


def people(count: int) -> Iterator[tuple[object, ...]]:
    """A row of `COLUMNS` for each contact."""
    chance = random.Random(7)  # noqa: S311 - a bench
    first, last, company = (Names(chance, many) for many in (FIRST, LAST, COMPANIES))
    for number in range(1, count + 1):
        given, family, firm = first.draw(), last.draw(), company.draw()
        domain = chance.choice((*DOMAINS, f"{firm.lower()}.example"))
        email = f"{given}.{family}{number}@{domain}".lower()
        phone = (
            f"+49{chance.choice((30, 40, 89, 171))}{chance.randrange(1_000_000, 99_999_999)}"
        )
        tags = chance.sample(TAGS, chance.choice((0, 0, 1, 2)))
        yield (
            *(f"C{number:08}", given, family, email, email, phone, phone),
            *(f"{firm} {chance.choice(('GmbH', 'Ltd', '& Sons', 'AG'))}", tags),
        )


def fill(conn: psycopg.Connection[dict[str, object]], count: int) -> None:
    """A book of so many contacts, in statements of 100,000."""
    rows = people(count)
    for _ in range(0, count, 100_000):
        with conn.cursor().copy(f"COPY contacts ({COLUMNS}) FROM STDIN") as copy:
            for row, _number in zip(rows, range(100_000), strict=False):
                copy.write_row(row)
    conn.execute("ANALYZE contacts")
