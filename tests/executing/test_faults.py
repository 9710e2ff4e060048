"""A batch under faults that the database raises: triggers in the test database, no switches in
the program.
"""

import threading
from collections import Counter
from functools import partial

import psycopg
import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp import db, jobs
from webapp.executing import batches, execution
from webapp.imports import import_commands, leases
from webapp.imports.faults import Fenced
from webapp.models import ContactImport, ImportLog, ImportResult

ROWS = table(*[f"{n},p{n}@example.com,P{n},,,," for n in range(1, 251)])


def refuse(
    session, condition: str, error: str = "RAISE EXCEPTION 'refused by a trigger'"
) -> None:
    session.execute(
        text(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF {condition} THEN {error}; END IF; RETURN NEW; END $$"""
        )
    )
    session.execute(
        text(
            "CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    )
    session.commit()


def test_one_bad_row_fails_alone(importer, session):
    refuse(session, "NEW.external_id = '137'")
    done = importer.run(ROWS)
    assert (done.state, done.created, done.failed) == ("completed", 249, 1)
    failed = session.scalars(
        select(ImportResult).where(ImportResult.outcome == "failed")
    ).one()
    assert failed.row == 138
    assert failed.detail["message"] == "refused by a trigger"
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.commit()
    import_commands.retry(session, done.id)
    session.commit()
    again = importer.work(done.id)
    assert (again.state, again.created, again.failed) == ("completed", 250, 0)


@pytest.mark.parametrize(
    "code", ["serialization_failure", "deadlock_detected", "lock_not_available"]
)
def test_a_transient_fault_is_retried(importer, session, code):
    session.execute(text("CREATE SEQUENCE tries"))
    refuse(
        session,
        "NEW.external_id = '150' AND nextval('tries') = 1",
        f"RAISE EXCEPTION USING ERRCODE = '{code}'",
    )
    done = importer.run(ROWS)
    assert (done.created, done.failed) == (250, 0)
    retried = session.scalars(select(ImportLog).where(ImportLog.result == "retried")).all()
    assert [(entry.batch, entry.attempt) for entry in retried] == [(2, 1)]


def test_a_batch_that_fails_three_times_leaves_the_others(importer, session, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(batches.time, "sleep", pauses.append)
    refuse(
        session,
        "NEW.external_id = '150'",
        "RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = 'out of turn', DETAIL = 'P150'",
    )
    done = importer.run(ROWS.replace("p120@example.com", "nonsense"))
    assert (done.state, done.created, done.invalid, done.failed) == ("completed", 150, 1, 99)
    assert pauses == [0.1, 0.5]
    attempts = session.scalars(
        select(ImportLog).where(ImportLog.batch == 2).order_by(ImportLog.id)
    ).all()
    assert [
        (entry.attempt, entry.result, entry.category, entry.message) for entry in attempts
    ] == [
        (1, "retried", "database", "out of turn"),
        (2, "retried", "database", "out of turn"),
        (3, "failed", "database", "out of turn"),
    ]
    entries = session.scalars(
        select(ImportResult).where(ImportResult.row.between(102, 201))
    ).all()
    assert Counter(
        (entry.outcome, entry.code, (entry.detail or {}).get("message")) for entry in entries
    ) == {
        ("failed", "batch_failed", "out of turn"): 99,
        ("invalid", "email_no_at", None): 1,
    }


def test_a_stale_worker_writes_nothing(importer, session, settings):
    checked = importer.check(ROWS)
    import_commands.execute(session, checked.id, strategy="skip")
    session.commit()
    with db.connect_job(settings.database_url) as stale:
        old = leases.claim(stale, checked.id, 15)
        session.execute(text("UPDATE contact_imports SET lease_token = lease_token + 1"))
        session.commit()
        with pytest.raises(Fenced):
            execution.execute_slice(
                stale, old, partial(db.connect_job, settings.database_url), lambda: False
            )
    assert session.query(ImportResult).count() == 0


def test_a_lease_is_held_by_one(importer, settings, session):
    checked = importer.check(ROWS)
    with (
        db.connect_job(settings.database_url) as one,
        db.connect_job(settings.database_url) as two,
    ):
        lease = leases.claim(one, checked.id, 15)
        assert lease is not None
        assert leases.claim(two, checked.id, 15) is None
        taken = leases.claim(two, checked.id, 0)
        assert taken is not None
        assert taken.token == lease.token + 1
        with pytest.raises(psycopg.OperationalError):
            one.execute("SELECT 1")  # The late holder's session was ended.


def test_cancel_is_noticed_within_a_batch(importer, session, settings, servers):
    refuse(session, "NEW.external_id = '150'", "PERFORM pg_advisory_xact_lock(42)")
    checked = importer.check(ROWS)
    import_commands.execute(session, checked.id, strategy="skip")
    session.commit()
    with psycopg.connect(settings.database_url) as gate:
        gate.execute("SELECT pg_advisory_lock(42)")
        worker = threading.Thread(target=jobs.work, args=(str(checked.id),))
        worker.start()
        _wait_until(
            gate, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        )
        import_commands.cancel(session, checked.id)
        session.commit()
        gate.execute("SELECT pg_advisory_unlock(42)")
        worker.join(20)
    session.expire_all()
    done = session.get_one(ContactImport, checked.id)
    assert (done.state, done.created) == ("cancelled", 200)


def _wait_until(conn, question: str) -> None:
    for _ in range(400):
        if conn.execute(question).fetchone()[0]:
            return
        threading.Event().wait(0.02)
    raise AssertionError(question)
