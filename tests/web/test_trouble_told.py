"""What the pages say of batches that failed and of undos that do not get on."""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.executing.test_faults import refuse
from tests.web.test_pages import bring, check, run
from webapp.executing import batches
from webapp.imports import import_commands, leases


@pytest.fixture
def given_up(owner, importer, session):
    """An import of 250 people whose second batch fails three times, each time after 50 ms."""
    refuse(
        session,
        "NEW.external_id = '150'",
        "PERFORM pg_sleep(0.05); RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = 'out of turn'",
    )
    people = "".join(f"{n},p{n}@example.com,P{n}\n" for n in range(1, 251))
    import_id = bring(owner, b"ID,Email,First name\n" + people.encode())
    check(owner, importer, import_id)
    import_commands.execute(session, UUID(import_id), strategy="skip", batch_size=100)
    session.commit()
    return importer.work(UUID(import_id))


def test_a_batch_that_is_given_up_is_told_attempt_by_attempt(owner, given_up):
    page = owner.get(f"/imports/{given_up.id}/report").text
    assert "3 batches of 50 to 100 rows, 2 retries." in page
    told = page[page.index("What happened") :]
    assert re.findall(r'data-label="Rows">(\d+).(\d+)<', told) == [("102", "201")] * 3
    assert re.findall(r'data-label="Attempt">([^<]*)<', told) == ["1", "2", "3"]
    assert re.findall(r'data-label="What happened">([^<]*)<', told) == [
        "out of turn, tried again",
        "out of turn, tried again",
        "out of turn, given up",
    ]
    assert "None" not in page.replace("None of them was written.", "")


def test_each_attempt_is_logged_with_the_time_that_it_took(given_up, session):
    took = "SELECT duration_ms FROM contact_import_logs WHERE message = 'out of turn' AND event = 'batch' ORDER BY id"
    for milliseconds in session.scalars(text(took)):
        assert 50 <= milliseconds < 5000


def test_rows_tried_again_in_a_second_run_are_those_that_failed(
    owner, given_up, importer, session
):
    """The second run has one batch, of the rows that failed."""
    session.execute(
        text("DELETE FROM contact_import_logs WHERE result IN ('retried', 'failed')")
    )
    session.commit()
    import_commands.retry(session, given_up.id)
    session.commit()
    importer.work(given_up.id)
    page = owner.get(f"/imports/{given_up.id}/report").text
    assert (
        re.findall(r'data-label="Rows">(\d+).(\d+)<', page)
        == [("2", "201")] * batches.ATTEMPTS
    )


@pytest.fixture
def standing_still(owner, importer, session):
    """The undo of an import that breaks off at one contact each time, for a fault that may pass."""
    import_id = UUID(run(owner, importer))
    session.execute(
        text(
            """CREATE FUNCTION hold_on() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'an invoice <needs> this contact' USING ERRCODE = '40001'; END $$;
               CREATE TRIGGER hold_on BEFORE DELETE ON contacts FOR EACH ROW EXECUTE FUNCTION hold_on()"""
        )
    )
    session.commit()
    importer.undo(import_id)
    for _ in range(leases.GIVE_UP_AFTER):
        importer.work(import_id)
    return import_id


TROUBLE = "SELECT event FROM contact_import_logs WHERE event IN ('broken_off', 'resumed') ORDER BY id"


def test_an_undo_that_does_not_get_on_says_why_and_goes_on_by_itself(
    owner, importer, session, standing_still
):
    watching = f"/imports/{standing_still}/progress"
    session.execute(
        text(
            "UPDATE contact_import_leases SET enqueued_at = enqueued_at - interval '8 seconds'"
        )
    )
    session.commit()
    page = owner.get(watching).text
    assert "Undoing it is stuck: an invoice &lt;needs&gt; this contact." in page
    assert "It is tried again every few seconds" in page
    assert "Waiting for a worker" not in page
    session.execute(text("DROP TRIGGER hold_on ON contacts"))
    session.commit()
    assert importer.work(standing_still).state == "rolled_back"
    assert "1 contact was removed." in owner.get(f"/imports/{standing_still}/report").text


def test_an_undo_that_gets_on_again_says_no_more_of_it(owner, session, standing_still):
    """While the attempt that does get on is still at work."""
    session.execute(text("UPDATE contact_import_leases SET heartbeat_at = clock_timestamp()"))
    session.commit()
    assert "is stuck" in owner.get(f"/imports/{standing_still}/progress").text
    session.execute(
        text(
            "UPDATE contact_imports SET rollback = rollback || jsonb_build_object('through', 1)"
        )
    )
    session.commit()
    assert "is stuck" not in owner.get(f"/imports/{standing_still}/progress").text


def test_an_undo_that_does_not_get_on_still_needs_a_worker(owner, session, standing_still):
    session.execute(
        text(
            "UPDATE contact_import_leases SET enqueued_at = enqueued_at - interval '31 seconds'"
        )
    )
    session.commit()
    page = owner.get(f"/imports/{standing_still}/progress").text
    assert "Waiting for a worker" in page
    assert "is stuck" not in page


def test_the_log_does_not_fill_with_the_same_again(importer, session, standing_still):
    before = session.scalars(text(TROUBLE)).all()
    assert before.count("broken_off") == leases.GIVE_UP_AFTER
    for _ in range(5):
        importer.work(standing_still)
    assert session.scalars(text(TROUBLE)).all() == before
