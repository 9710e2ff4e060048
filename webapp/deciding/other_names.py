"""Another person behind the same key: whether a row's name and its contact's have nothing in
common.

A given name may be a short form, an initial or another spelling of the other one, and first and
last name may have changed places: none of this makes another person.
"""

import json
from collections.abc import Iterator

import psycopg

from webapp import folding, queries
from webapp.checking.short_forms import WHOLE, lines_of_names
from webapp.db import Connection
from webapp.queries import fill

SQL = queries.load("other_names")
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
