"""The keys of the book under newer rules: once for each version of them, some contacts at a time.

A phone that is no number under today's rules loses its key and keeps its text. It loses it in the
journal too, in the same transaction: no undo then takes that for a change, or brings the key back.
"""

from collections.abc import Callable
from typing import Any

from webapp import queries
from webapp.checking import phones
from webapp.checking.rules import RULES
from webapp.db import Connection
from webapp.queries import fill

SQL = queries.load("book_keys")
DROP = (
    fill(SQL.drop_from_contacts, phones="further_phones"),
    *(
        fill(SQL.drop_from_journal, side=side, phones=f"({side} -> 'further_phones')")
        for side in ("before", "after")
    ),
)
AT_A_TIME = 2_000  # contacts


def are_behind(conn: Connection) -> bool:
    """Whether keys in the book are of older rules."""
    behind = conn.execute(SQL.are_behind, {"rules": RULES}).fetchone() is not None
    conn.rollback()
    return behind


def renew_slice(conn: Connection, should_yield: Callable[[], bool]) -> bool:
    """Go on from where the last slice stopped. True when all keys are of today's rules."""
    while (reached := _held(conn)) is not None:
        until = _renew(conn, reached)
        conn.execute(SQL.reach, {"until": until, "rules": RULES})
        conn.commit()
        if until is not None and should_yield():
            return False

    return True


def _held(conn: Connection) -> int | None:
    """The contact behind which to go on, under a lock; None where nothing is left to do."""
    row = conn.execute(SQL.hold, {"rules": RULES}).fetchone()
    if row is None:
        conn.rollback()
        return None

    return int(row["keys_reached"])


def _renew(conn: Connection, reached: int) -> int | None:
    """Renew the keys of the next contacts; the last of them, None at the end of the book."""
    last: Any = conn.execute(
        SQL.last_of_next, {"reached": reached, "at_a_time": AT_A_TIME}
    ).fetchone()
    some = {"reached": reached, "until": last["id"]}

    keys = [row["key"] for row in conn.execute(SQL.phone_keys, some).fetchall()]
    wrong = [key for key in keys if not phones.is_key(key)]
    if wrong:
        for statement in DROP:
            conn.execute(statement, {**some, "wrong": wrong})

    return None if last["id"] is None else int(last["id"])
