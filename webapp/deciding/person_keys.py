"""Whom a row means that has neither e-mail, phone nor ID: the contact with the same name, company,
address and birthday.

A contact's key is a hash of these, and counts only while `person_version` is the contact's
`version`, which every change counts up. So no writer has to think of it, and imports whose rows all
have a key of their own pay nothing for it: the keys are made, in SQL, when an import asks for them.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from webapp import folding, queries
from webapp.db import Connection
from webapp.queries import fill
from webapp.vocabulary.keys import KEYLESS, PERSON

AT_A_TIME = 2_000  # contacts
ALIKE = {folding.DOTTED_I: "i", folding.DOTLESS_I: "i", folding.FINAL_SIGMA: folding.SIGMA}
_BLANKS = "".join(
    sign
    for sign in map(chr, range(0x3001))
    if sign.isspace() and sign not in " \x1c\x1d\x1e\x1f"
)


def key_of(alias: str) -> str:
    """SQL: the key of a contact or row of this alias."""
    return f"pg_temp.person_key({', '.join(f'{alias}.{name}' for name in PERSON)})"


def definition() -> str:
    """SQL that defines `pg_temp.person_key`."""
    capitals, small = folding.two_cases()
    return fill(
        SQL.define,
        parameters=", ".join(f"{name} text" for name in PERSON),
        parts=", ".join(f"COALESCE({name}, '')" for name in PERSON),
        nothing="\x1f" * (len(PERSON) - 1),
        capitals=capitals + "".join(ALIKE),
        small=small + "".join(ALIKE.values()),
        other_blanks=_BLANKS,
    )


SQL = queries.load(
    "person_keys",
    keyless=KEYLESS,
    of_contact=", ".join(f"c.{name}" for name in PERSON),
)


def define(conn: Connection) -> None:
    """Define `pg_temp.person_key` for this session."""
    psycopg.RawCursor(conn).execute(definition())


def has_keyless_rows(conn: Connection, import_id: UUID) -> bool:
    """Whether an import has rows without e-mail, phone and ID."""
    row: Any = conn.execute(SQL.keyless, {"import_id": import_id}).fetchone()
    return bool(row["found"])


def renew(conn: Connection, should_yield: Callable[[], bool]) -> bool:
    """Make the keys of contacts that changed since theirs were made, some at a time, each time in a
    transaction of its own. False where it made room before it was through.
    """
    define(conn)
    after: int | None = 0

    while after is not None:
        asked = {"after": after, "at_a_time": AT_A_TIME}
        found: Any = conn.execute(SQL.renew, asked).fetchone()
        after = found["last"]
        conn.commit()
        if after is not None and should_yield():
            return False

    return True
