"""What the pages say of batches that failed and of undos that do not get on."""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.engine.test_faults import refuse
from tests.web.test_pages import bring, check
from webapp.engine import batches, sessions


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
    sessions.execute(session, UUID(import_id), strategy="skip", batch_size=100)
    session.commit()
    return importer.work(UUID(import_id))


def test_a_batch_that_is_given_up_is_told_attempt_by_attempt(owner, given_up):
    page = owner.get(f"/imports/{given_up.id}/report").text
    assert "3 batches of 50 to 100 rows, 2 tried again." in page
    told = page[page.index("What happened") :]
    assert re.findall(r'data-label="Rows">(\d+).(\d+)<', told) == [("102", "201")] * 3
    assert re.findall(r'data-label="Attempt">([^<]*)<', told) == ["1", "2", "3"]
    assert re.findall(r'data-label="What happened">([^<]*)<', told) == [
        "out of turn, tried again",
        "out of turn, tried again",
        "out of turn, given up",
    ]
    assert "None" not in page


def test_each_attempt_is_logged_with_the_time_that_it_took(given_up, session):
    took = "SELECT duration_ms FROM contact_import_logs WHERE message = 'out of turn' AND event = 'batch' ORDER BY id"
    for milliseconds in session.scalars(text(took)):
        assert 50 <= milliseconds < 5000


def test_rows_tried_again_in_a_second_run_are_those_that_failed(owner, given_up, importer, session):
    """The second run has one batch, of the rows that failed."""
    session.execute(text("DELETE FROM contact_import_logs WHERE result IN ('retried', 'failed')"))
    session.commit()
    sessions.retry_failed(session, given_up.id)
    session.commit()
    importer.work(given_up.id)
    page = owner.get(f"/imports/{given_up.id}/report").text
    assert re.findall(r'data-label="Rows">(\d+).(\d+)<', page) == [("1", "201")] * batches.ATTEMPTS
