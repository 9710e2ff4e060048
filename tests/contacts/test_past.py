"""Earlier days: any contact and the whole book as they were, from the journal, against copies that
were made of the book at that time.
"""

import uuid
from datetime import datetime

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.harness.examples import examples
from tests.undoing.test_undo_properties import (
    KEYS,
    History,
    emptied,
    keyed,
    patient,  # noqa: F401 - a fixture
    patiently,
    steps,
)
from webapp.contacts import past
from webapp.contacts.addresses import columns_of
from webapp.contacts.journal import JOURNALLED
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.strategies import Strategy

EXAMPLES = examples(15)


def copied(conn) -> tuple[datetime, dict[int, dict], set[tuple[int, str]]]:
    """Now, the book as it is, and which keys of which contacts wait to come back."""
    due = conn.execute(
        "SELECT contact_id, kind::text AS kind FROM contact_undo_due"
    ).fetchall()
    found = conn.execute(f"SELECT id, {', '.join(JOURNALLED)} FROM contacts").fetchall()
    now = conn.execute("SELECT clock_timestamp() AS now").fetchone()["now"]
    conn.commit()
    waiting = {(one["contact_id"], one["kind"]) for one in due}
    return now, {one.pop("id"): one for one in found}, waiting


def without(contacts: dict[int, dict], waiting: set[tuple[int, str]]) -> dict[int, dict]:
    """The contacts without the keys that waited: when these came back, no journal says."""
    left = {number: dict(fields) for number, fields in contacts.items()}
    for number, kind in waiting:
        for name in columns_of(kind) if kind in SEVERAL else [kind]:
            left.get(number, {}).pop(name, None)
    return left


def told(session, moment: datetime, numbers: set[int]) -> dict[int, dict]:
    """The contacts with these numbers at that moment, as the journal has them."""
    found = {number: past.contact_on(session, number, moment) for number in numbers}
    session.rollback()
    return {
        number: {name: getattr(one, name) for name in JOURNALLED}
        for number, one in found.items()
        if one is not None
    }


@patiently
@given(book=st.lists(keyed(), min_size=1, max_size=6), steps=steps)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone", "patient")
def test_each_copy_of_the_book_is_read_back_from_the_journal(conn, session, book, steps):
    emptied(conn, session)
    history = History(conn, session)
    first = {"rows": book, "strategy": Strategy.SKIP, "match_keys": KEYS, "size": 9}
    history.run(uuid.uuid4(), first)
    copies = [copied(conn)]
    for kind, what in steps:
        history.act(kind, what)
        copies.append(copied(conn))

    numbers = {number for _, contacts, _ in copies for number in contacts}
    for place, (moment, contacts, waiting) in enumerate(copies):
        note(f"copy {place}")
        found = told(session, moment, numbers)
        assert without(found, waiting) == without(contacts, waiting)
