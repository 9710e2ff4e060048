"""Another person behind the same key: whether a row's name and its contact's have nothing in common.

A given name may be a short form, an initial or another spelling of the other one, and first and last
name may have changed places: none of this makes another person.
"""

import json
import unicodedata
from collections.abc import Iterator

import psycopg

from webapp import folding, queries
from webapp.db import Connection
from webapp.queries import fill
from webapp.vocabulary.short_names import SHORT_NAMES

SQL = queries.load("other_names")
# Letters that NFD leaves whole, and what they are written as without their own keys.
WHOLE = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "t",
    folding.DOTLESS_I: "i",
    folding.FINAL_SIGMA: folding.SIGMA,
}
_AS_WRITTEN = {ord(letter): written for letter, written in WHOLE.items()}
_ACCENTS = "\u0300-\u036f"
_BEYOND_ASCII = "\u00df-\U000e0000"


def define(conn: Connection) -> None:
    """Define `pg_temp.is_other_person` for this session, once."""
    found = conn.execute(SQL.is_defined).fetchone()
    if found and found["defined"]:
        return

    cursor = psycopg.RawCursor(conn)
    for definition in definitions():
        cursor.execute(definition)


def definitions() -> Iterator[str]:
    """SQL that defines `pg_temp.is_other_person` and what it calls."""
    capitals, small = folding.two_cases()
    lines = json.dumps(lines_of_names(), ensure_ascii=False, separators=(",", ":"))

    yield fill(
        SQL.words_of,
        accents=_ACCENTS,
        letters=_BEYOND_ASCII,
        capitals=capitals + "".join(WHOLE),
        small=small.translate(_AS_WRITTEN) + "".join(WHOLE.values()),
    )
    yield from (SQL.as_heard, SQL.is_slip, fill(SQL.is_one_name, lines=lines))
    yield from (SQL.share_a_name, SQL.is_other_person)


def lines_of_names() -> dict[str, list[int]]:
    """In which lines each name stands, those of one name being one line."""
    numbers: dict[str, int] = {}
    found: dict[str, list[int]] = {}

    for line in filter(None, map(str.split, SHORT_NAMES.splitlines())):
        number = numbers.setdefault(line[0], len(numbers))
        for name in line:
            lines = found.setdefault(_bare(name), [])
            if number not in lines:
                lines.append(number)

    return found


def _bare(name: str) -> str:
    """Without what NFD parts from a letter, as in a Cyrillic short i."""
    letters = unicodedata.normalize("NFD", name).replace(folding.FINAL_SIGMA, folding.SIGMA)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
