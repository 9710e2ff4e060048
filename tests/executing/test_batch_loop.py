"""The loop over batches comes to what one row after the other would, commits each batch, and
meets faults.
"""

import uuid
from functools import partial
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deciding.model import Book, take
from tests.deciding.test_decision import (
    ANY_KEYS,
    STRATEGIES,
    _contacts,
    _insert,
    _plain,
    lines,
    people,
)
from tests.harness.examples import examples
from webapp import db
from webapp.deciding import person_keys, preview
from webapp.executing import batches, dealing, lanes
from webapp.executing.batches import BatchProcessor, Turn
from webapp.imports import leases
from webapp.imports.faults import Fenced


@pytest.fixture
def user_id(conn):
    conn.execute(
        """INSERT INTO users (email, email_key, password_hash, role)
           VALUES ('l@example.com', 'l@example.com', 'x', 'importer')"""
    )
    return conn.execute("SELECT id FROM users").fetchone()["id"]


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


@pytest.mark.timeout(300)
@settings(
    max_examples=examples(25, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(people(), max_size=6),
    rows=st.lists(lines(), min_size=1, max_size=20),
    strategy=STRATEGIES,
    match_keys=ANY_KEYS,
    size=st.sampled_from([1, 2, 5]),
    two_lanes=st.booleans(),
)
def test_the_loop_equals_the_sequential_model(
    conn, user_id, request, before, rows, strategy, match_keys, size, two_lanes
):
    if two_lanes:  # Not for phones, nor for rows without a key.
        match_keys = tuple(key for key in match_keys if key != "phone")
        keyed = [
            row
            for row in rows
            if {"external_id", "email", "phone"} & {k for k in row if row[k]}
        ]
        rows = keyed or rows

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

    assert person_keys.renew(
        conn, lambda: False
    )  # As an execution does before its first batch.
    if two_lanes:
        assert in_two_lanes(conn, import_id, request.getfixturevalue("settings")) is Turn.DONE
    else:
        lease = leases.claim(conn, import_id, 15)
        assert BatchProcessor(conn, lease).process_batches(lambda: False) is Turn.DONE
    ledger = conn.execute(
        "SELECT row, outcome, contact_id FROM contact_import_results"
    ).fetchall()
    assert {entry["row"]: entry["outcome"] for entry in ledger} == {
        n: found[0] for n, found in book.ledger.items()
    }
    for entry in ledger:
        expected = book.ledger[entry["row"]][1]
        assert names.setdefault(expected, entry["contact_id"]) == entry["contact_id"]
    assert _contacts(conn) == {
        names[number]: _plain(contact) for number, contact in book.contacts.items()
    }
    conn.commit()


def in_two_lanes(conn, import_id, settings) -> Turn:
    """Execute a prepared import with a plan, each batch dealt by itself, to both lanes where that
    may be.
    """
    conn.execute("UPDATE contact_imports SET state = 'ready'")
    conn.commit()
    first = leases.claim(conn, import_id, 15)
    assert preview.compute_missing(conn, first, lambda: False)
    leases.release(conn, first)
    conn.execute("UPDATE contact_imports SET state = 'running'")
    conn.commit()

    connect = partial(db.connect_job, settings.database_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "LEAST_BATCHES", 1)
        patch.setattr(batches, "LEAST_BATCHES", 1)
        for name, value in {"LIST_ROWS": 5, "MOST_SHARED": 1}.items():
            patch.setattr(dealing, name, value)
        processor = BatchProcessor(conn, leases.claim(conn, import_id, 15), connect, lambda: 1)
        processor.process_batches(lambda: False)
        return processor.process_batches(lambda: False)  # Nothing is left.


def staged(conn, user_id, names, size, **options) -> uuid.UUID:
    """An import of so many people with these names and an ID each, claimed by no worker yet."""
    import_id = prepare(conn, user_id, "skip", ("external_id", "email"), size)
    for number, name in enumerate(names, 2):
        _insert(
            conn,
            "contact_import_rows",
            {
                "import_id": import_id,
                "row": number,
                "external_id": f"p{number}",
                "first_name": name,
            },
        )
    for column, value in options.items():
        conn.execute(f"UPDATE contact_imports SET {column} = %s", (value,))
    conn.commit()
    return import_id


def test_each_batch_is_a_transaction_of_its_own(conn, user_id):
    import_id = staged(conn, user_id, ["Ann"] * 12, 5)
    assert (
        BatchProcessor(conn, leases.claim(conn, import_id, 15)).process_batches(lambda: False)
        is Turn.DONE
    )
    written = conn.execute(
        "SELECT xmin::text AS batch, count(*) AS rows FROM contacts GROUP BY 1 ORDER BY min(id)"
    )
    assert [found["rows"] for found in written] == [5, 5, 2]
    log = conn.execute(
        "SELECT batch, first_row, last_row, rows FROM contact_import_logs ORDER BY id"
    ).fetchall()
    assert [tuple(entry.values()) for entry in log] == [
        (1, 2, 6, 5),
        (2, 7, 11, 5),
        (3, 12, 13, 2),
    ]


@pytest.mark.parametrize(
    ("aim", "sizes"),
    [
        ((inf, inf), [100, 200, 400, 800, 1000, 1000]),  # every batch is done too soon
        ((-1, -1), [100, 50, 25, 12, 6, 3, 1, 1, 1]),  # and here too late
        ((-1, inf), [100, 100, 100]),
    ],
)
def test_auto_finds_its_size_by_the_time_that_a_batch_takes(
    conn, user_id, monkeypatch, aim, sizes
):
    monkeypatch.setattr(batches, "AUTO_AIM_SECONDS", aim)
    import_id = staged(conn, user_id, ["Ann"] * sum(sizes), 0)
    assert (
        BatchProcessor(conn, leases.claim(conn, import_id, 15)).process_batches(lambda: False)
        is Turn.DONE
    )
    log = conn.execute(
        "SELECT rows FROM contact_import_logs WHERE event = 'batch' ORDER BY id"
    ).fetchall()
    assert [batch["rows"] for batch in log] == sizes


def test_it_comes_back_when_its_time_is_up(conn, user_id):
    import_id = staged(conn, user_id, ["Ann"] * 12, 5)
    processor = BatchProcessor(conn, leases.claim(conn, import_id, 15))
    assert processor.run_loop(0) is Turn.GO_ON
    assert conn.execute("SELECT last_row, created FROM contact_imports").fetchone() == {
        "last_row": 6,
        "created": 5,
    }


def test_batches_before_the_one_that_fails_stay(conn, user_id):
    """The one that fails has its attempts, its neighbours are imported, and the loop goes on
    behind it.
    """
    import_id = staged(conn, user_id, ["Ann"] * 12 + ["Bad"] + ["Ann"] * 12, 5)
    conn.execute("ALTER TABLE contacts ADD CHECK (first_name <> 'Bad')")
    conn.commit()
    assert (
        BatchProcessor(conn, leases.claim(conn, import_id, 15)).process_batches(lambda: False)
        is Turn.DONE
    )
    assert conn.execute(
        "SELECT created, failed, batches_done FROM contact_imports"
    ).fetchone() == {
        "created": 24,
        "failed": 1,
        "batches_done": 5,
    }
    log = conn.execute(
        "SELECT batch, attempt, result FROM contact_import_logs WHERE event = 'batch' ORDER BY id"
    )
    assert [tuple(entry.values()) for entry in log] == [
        (1, 1, "done"),
        (2, 1, "done"),
        (3, 1, "retried"),
        (3, 2, "done"),
        (4, 1, "done"),
        (5, 1, "done"),
    ]


def test_it_stops_at_the_first_failure_where_asked(conn, user_id):
    import_id = staged(
        conn, user_id, ["Ann"] * 7 + ["Bad"] + ["Ann"] * 7, 5, skip_errors=False
    )
    conn.execute("ALTER TABLE contacts ADD CHECK (first_name <> 'Bad')")
    conn.commit()
    assert (
        BatchProcessor(conn, leases.claim(conn, import_id, 15)).process_batches(lambda: False)
        is Turn.STOPPED
    )
    assert conn.execute(
        "SELECT created, failed, last_row FROM contact_imports"
    ).fetchone() == {
        "created": 7,
        "failed": 1,
        "last_row": 9,
    }


def test_it_stops_at_the_first_conflict_where_asked(conn, user_id):
    """A conflict raises nothing: the loop takes the batch back, and its rows up to the
    conflict are done again.
    """
    import_id = staged(conn, user_id, ["Ann"] * 14, 5, skip_errors=False)
    conn.execute("INSERT INTO contacts (external_id) VALUES ('x'), ('y')")
    conn.execute("UPDATE contacts SET email_key = 'y@example.com' WHERE external_id = 'y'")
    conn.execute(
        "UPDATE contact_import_rows SET external_id = 'x', email_key = 'y@example.com' WHERE row = 9"
    )
    conn.commit()
    assert (
        BatchProcessor(conn, leases.claim(conn, import_id, 15)).process_batches(lambda: False)
        is Turn.STOPPED
    )
    assert conn.execute(
        "SELECT created, conflict, last_row FROM contact_imports"
    ).fetchone() == {
        "created": 7,
        "conflict": 1,
        "last_row": 9,
    }


def test_a_stale_token_commits_nothing_more(conn, user_id):
    import_id = staged(conn, user_id, ["Ann"] * 12, 5)
    processor = BatchProcessor(conn, leases.claim(conn, import_id, 15))
    assert processor.run_loop(0) is Turn.GO_ON
    conn.execute("UPDATE contact_imports SET lease_token = lease_token + 1")
    conn.commit()
    with pytest.raises(Fenced):
        processor.run_loop(0)
    assert conn.execute("SELECT count(*) AS rows FROM contacts").fetchone() == {"rows": 5}
