"""Two batches in flight come to what one after the other would: the sequential model, and the order of commits."""

import threading
import uuid
from functools import partial

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.engine.model import Book, take
from tests.engine.test_decision import ANY_KEYS, STRATEGIES, _contacts, _insert, _plain, lines, people
from tests.engine.test_faults import _wait_until, refuse
from tests.harness.imports import table
from webapp import db, jobs
from webapp.engine import lanes, leases, sessions
from webapp.engine.batches import Turn
from webapp.models import ContactImport


@pytest.fixture
def user_id(conn):
    conn.execute("INSERT INTO users (email, password_hash, role) VALUES ('l@example.com', 'x', 'importer')")
    return conn.execute("SELECT id FROM users").fetchone()["id"]


# The second batch is written and waits for its turn.
AHEAD = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'WITH%'"


def prepare(conn, user_id, strategy, match_keys, size) -> uuid.UUID:
    """An import whose rows are staged, ready to be executed."""
    row = conn.execute(
        """INSERT INTO contact_imports (created_by, filename, size_bytes, sha256, format, header_row, columns, sample,
             suggested_mapping, state, duplicate_strategy, match_keys, batch_size)
           VALUES (%s, 'x.csv', 1, '', 'csv', 1, '[]', '[]', '[]', 'running', %s, %s, %s) RETURNING id""",
        (user_id, strategy, list(match_keys), size),
    ).fetchone()
    conn.execute("INSERT INTO contact_import_leases (import_id) VALUES (%s)", (row["id"],))
    return row["id"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    before=st.lists(people(), max_size=6),
    rows=st.lists(lines(), min_size=1, max_size=20),
    strategy=STRATEGIES,
    match_keys=ANY_KEYS,
    size=st.sampled_from([1, 2, 5]),
)
def test_lanes_equal_the_sequential_model(conn, database_url, user_id, before, rows, strategy, match_keys, size):
    book = Book()
    conn.execute(
        "TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows, contact_imports CASCADE"
    )
    for row in before:
        take(book, 0, row, "skip", ("external_id", "email"))
    names = {}
    for number in sorted(book.contacts):
        _insert(conn, "contacts", book.contacts[number])
        names[number] = conn.execute("SELECT max(id) AS id FROM contacts").fetchone()["id"]
    import_id = prepare(conn, user_id, strategy, match_keys, size)
    for number, row in enumerate(rows, 2):
        _insert(conn, "contact_import_rows", {"import_id": import_id, "row": number, **row})
    conn.commit()
    book.ledger.clear()
    for number, row in enumerate(rows, 2):
        take(book, number, row, strategy, match_keys)

    lease = leases.claim(conn, import_id, 15)
    assert lanes.work(conn, lease, partial(db.connect_job, database_url), lambda: False) is Turn.DONE
    ledger = conn.execute("SELECT row, outcome, contact_id FROM contact_import_results").fetchall()
    assert {entry["row"]: entry["outcome"] for entry in ledger} == {n: found[0] for n, found in book.ledger.items()}
    for entry in ledger:
        expected = book.ledger[entry["row"]][1]
        assert names.setdefault(expected, entry["contact_id"]) == entry["contact_id"]
    assert _contacts(conn) == {names[number]: _plain(contact) for number, contact in book.contacts.items()}
    conn.commit()


def test_one_lane_is_enough(conn, database_url, user_id):
    """Where the database has no connections to spare, as here, where there is no such database."""
    import_id = prepare(conn, user_id, "skip", ("email",), 5)
    for number in range(2, 14):
        _insert(conn, "contact_import_rows", {"import_id": import_id, "row": number, "first_name": "Ann"})
    conn.commit()
    nowhere = database_url.replace("/t", "/no_t", 1)
    with pytest.raises(psycopg.OperationalError):
        db.connect_job(nowhere)
    lease = leases.claim(conn, import_id, 15)
    assert lanes.work(conn, lease, partial(db.connect_job, nowhere), lambda: False) is Turn.DONE
    assert conn.execute("SELECT created, batches_done FROM contact_imports").fetchone() == {
        "created": 12,
        "batches_done": 3,
    }


def test_what_runs_ahead_commits_after_its_predecessor(importer, session, settings):
    # Not a lock that is waited for: a lane would give up on it.
    hold = "WHILE NOT pg_try_advisory_xact_lock(42) LOOP PERFORM pg_sleep(0.02); END LOOP"
    refuse(session, "NEW.external_id = '1'", hold)
    checked = importer.check(table(*[f"{n},p{n}@example.com,P{n},,,," for n in range(1, 301)]))
    sessions.execute(session, checked.id, strategy="skip")
    session.commit()
    with psycopg.connect(settings.database_url, autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(42)")
        worker = threading.Thread(target=jobs.work, args=(str(checked.id),))
        worker.start()
        _wait_until(gate, AHEAD)
        assert gate.execute("SELECT count(*) FROM contact_import_results").fetchone() == (0,)
        gate.execute("SELECT pg_advisory_unlock(42)")
        worker.join(20)
    session.expire_all()
    done = session.get_one(ContactImport, checked.id)
    assert (done.state, done.created, done.batches_done) == ("completed", 300, 3)
    ends = session.scalars(text("SELECT last_row FROM contact_import_logs WHERE event = 'batch' ORDER BY id")).all()
    assert ends == [101, 201, 301]
