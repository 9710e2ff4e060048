"""An e-mail belongs to one contact in the whole book, main or further: the database sees to it,
whoever writes.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import psycopg
import pytest
from alembic import command
from psycopg.types.json import Jsonb

from webapp import migrate

BEFORE = "0027"  # contacts had one e-mail
ONE_TABLE = "0052"  # one table had the main and the further ones
HELD = "SELECT key, contact_id FROM contact_email_keys ORDER BY key"
# What it has to hold, derived from the contacts.
DERIVED = """
    SELECT email_key AS key, id AS contact_id FROM contacts WHERE email_key IS NOT NULL
    UNION ALL SELECT f ->> 'key', id FROM contacts, jsonb_array_elements(further_emails) f
    ORDER BY key"""

PHONES_HELD = "SELECT key, contact_id FROM contact_further_phones ORDER BY key, contact_id"
PHONES_DERIVED = """
    SELECT DISTINCT f ->> 'key' AS key, id AS contact_id
    FROM contacts, jsonb_array_elements(further_phones) f WHERE f ->> 'key' IS NOT NULL
    ORDER BY key, contact_id"""


def _further(*keys: str) -> Jsonb:
    return Jsonb([{"value": key.upper(), "key": key, "label": None} for key in keys])


def _add(conn: psycopg.Connection, main: str | None, *further: str) -> int:
    return conn.execute(
        """INSERT INTO contacts (email, email_key, further_emails) VALUES (%(main)s, %(main)s, %(further)s)
           RETURNING id""",
        {"main": main, "further": _further(*further)},
    ).fetchone()["id"]


def _set(conn: psycopg.Connection, number: int, main: str | None, *further: str) -> None:
    conn.execute(
        "UPDATE contacts SET email = %(main)s, email_key = %(main)s, further_emails = %(further)s WHERE id = %(id)s",
        {"id": number, "main": main, "further": _further(*further)},
    )


def _held(conn: psycopg.Connection) -> dict[str, int]:
    assert conn.execute(PHONES_HELD).fetchall() == conn.execute(PHONES_DERIVED).fetchall()
    found = conn.execute(HELD).fetchall()
    assert found == conn.execute(DERIVED).fetchall()
    return {row["key"]: row["contact_id"] for row in found}


def test_each_way_of_writing_a_contact_keeps_the_table(conn):
    ann, bo = _add(conn, "a", "a2", "a3"), _add(conn, "b")
    nobody = _add(conn, None)
    assert _held(conn) == {"a": ann, "a2": ann, "a3": ann, "b": bo}

    _set(conn, ann, "a3", "a")
    _set(conn, nobody, "a2")
    assert _held(conn) == {"a3": ann, "a": ann, "a2": nobody, "b": bo}

    conn.execute("UPDATE contacts SET first_name = 'Q', version = version + 1")
    conn.execute("DELETE FROM contacts WHERE id = %s", (ann,))
    assert _held(conn) == {"a2": nobody, "b": bo}

    copy = "COPY contacts (email, email_key, further_emails) FROM STDIN"
    with conn.cursor().copy(copy) as into:
        for name in ("c", "d"):
            into.write_row((name, name, _further(f"{name}2")))
    assert _held(conn).keys() == {"a2", "b", "c", "c2", "d", "d2"}

    conn.execute("TRUNCATE contacts")
    assert _held(conn) == {}


def test_phones_behind_the_main_one_can_be_shared(conn):
    unreadable = [{"value": "call me", "key": None, "label": None}]
    numbers = [_add(conn, None) for _ in range(2)]
    for phones in ("+1", "+1"), ("+2", "+1"), ():
        conn.execute(
            "UPDATE contacts SET further_phones = %s || %s",
            (_further(*phones), Jsonb(unreadable)),
        )
        _held(conn)
        found = conn.execute(PHONES_HELD).fetchall()
        assert [(row["key"], row["contact_id"]) for row in found] == [
            (key, number) for key in sorted({*phones}) for number in numbers
        ]

    conn.execute("UPDATE contacts SET further_phones = %s", (_further("+1"),))
    conn.execute("DELETE FROM contacts WHERE id = %s", numbers[:1])
    _held(conn)
    assert len(conn.execute(PHONES_HELD).fetchall()) == 1


@pytest.mark.parametrize("ann", [("a",), ("x", "a"), ("x", "y", "a")])
@pytest.mark.parametrize("bo", [("a",), ("b", "a")])
@pytest.mark.parametrize("how", ["insert", "update"])
def test_no_second_contact_gets_it(conn, ann, bo, how):
    _add(conn, *ann)
    number = _add(conn, None)
    write = partial(_add, conn) if how == "insert" else partial(_set, conn, number)
    with pytest.raises(psycopg.errors.UniqueViolation) as refused, conn.transaction():
        write(*bo)
    assert refused.value.diag.constraint_name in {
        "contacts_email_key",
        "contact_further_emails_pkey",
    }
    assert _held(conn).keys() == {*ann}


def test_two_who_exchange_theirs_do_so_by_way_of_nothing(conn):
    ann, bo = _add(conn, "a", "a2"), _add(conn, "b")
    for theirs in ({}, {ann: "b", bo: "a"}):
        conn.execute(
            "UPDATE contacts SET email_key = %(theirs)s::jsonb ->> id::text",
            {"theirs": Jsonb(theirs)},
        )
    assert _held(conn) == {"a": bo, "a2": ann, "b": ann}


@pytest.mark.parametrize(("first", "second"), [(("a",), ("x", "a")), (("x", "a"), ("a",))])
def test_of_two_at_once_the_second_waits_and_is_refused(conn, database_url, first, second):
    """One writes it as the main one, the other as a further one."""
    _add(conn, *first)
    refused = []

    def write() -> None:
        with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as other:
            try:
                _add(other, *second)
            except psycopg.errors.UniqueViolation as error:
                refused.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()
    assert not refused
    conn.commit()
    writer.join(30)
    assert refused
    assert _held(conn).keys() == {*first}


@pytest.mark.parametrize("bo", [("a",), ("x", "a")])
@pytest.mark.parametrize("ann", [("a",), ("x", "a")])
def test_one_that_began_before_is_refused_in_any_isolation(conn, database_url, ann, bo):
    """Its statements do not see what was committed since; the indexes do."""
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert other.execute(HELD).fetchall() == []
        _add(conn, *ann)
        conn.commit()
        with pytest.raises(psycopg.errors.UniqueViolation):
            _add(other, *bo)
    assert _held(conn).keys() == {*ann}


def test_many_at_once_never_leave_one_to_two(conn, database_url):
    """Main ones and further ones of five people, written, changed and taken away in four
    sessions.
    """

    def write(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same writes each time
        with psycopg.connect(
            database_url, row_factory=psycopg.rows.dict_row, autocommit=True
        ) as other:
            for _ in range(60):
                main, *further = chance.sample("abcde", chance.choice((1, 1, 2, 3)))
                errors = psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected
                with suppress(*errors), other.transaction():
                    number = chance.randint(1, 9)
                    if chance.random() < 0.5:
                        _add(other, main, *further)
                    elif chance.random() < 0.5:
                        _set(other, number, main, *further)
                    else:
                        other.execute("DELETE FROM contacts WHERE email_key = %s", (main,))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    held = _held(conn)
    assert held.keys() <= set("abcde")
    assert conn.execute("SELECT FROM contacts WHERE id < 1").fetchall() == []


def test_the_migrations_take_over_what_is_there(database_url):
    command.downgrade(migrate.config(database_url), BEFORE)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO contacts (email, email_key) VALUES ('A', 'a'), (NULL, NULL), ('B', 'b')"
        )
    command.upgrade(migrate.config(database_url), ONE_TABLE)
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as conn:
        assert conn.execute(HELD).fetchall() == conn.execute(DERIVED).fetchall()
        assert _add(conn, "c", "d", "e") == 4
    migrate.migrate(database_url)
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as conn:
        assert _held(conn) == {"a": 1, "b": 3, "c": 4, "d": 4, "e": 4}
        for taken in ("a",), ("e",), ("x", "a"), ("x", "e"):
            with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
                _add(conn, *taken)
    for version in ONE_TABLE, BEFORE:
        command.downgrade(migrate.config(database_url), version)
        with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as conn:
            with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
                _add(conn, "a")
            if version == ONE_TABLE:
                assert conn.execute(HELD).fetchall() == conn.execute(DERIVED).fetchall()
                with pytest.raises(psycopg.errors.UniqueViolation):
                    _add(conn, "e")
