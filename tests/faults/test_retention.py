"""A worker forgets in time, by itself and at the age that was set."""

import pytest

from tests.harness.command import rowcall
from tests.harness.house import rows
from webapp import jobs
from webapp.config import Settings
from webapp.migrate import take_over

AGED = """UPDATE contact_imports SET completed_at = completed_at - make_interval(days => %s),
    created_at = created_at - make_interval(days => %s) WHERE id = %s"""


def test_a_worker_purges_what_is_older_than_the_days_set(house):
    first = house.worker()
    old, young = (house.execute(house.ready(rows(30, first=n))) for n in (1, 31))
    for import_id, days in ((old, 8), (young, 6)):
        house.wait(import_id, "completed")
        house.query(AGED, days, days, import_id)
    before = house.facts(old)
    first.end()
    take_over(house.settings.database_url, Settings(retention_days=7))
    house.worker()
    house.until(lambda: house.facts(old)["purged_at"], what="nobody forgets")
    left = house.query(
        """SELECT DISTINCT import_id FROM contact_import_rows UNION SELECT import_id FROM contact_import_files"""
    )
    assert [row["import_id"] for row in left] == [young]
    after = house.facts(old)
    assert (after["created"], after["ledger_digest"]) == (
        before["created"],
        before["ledger_digest"],
    )
    assert house.facts(young)["expired_at"] is None
    assert house.query("SELECT count(*) AS n FROM contacts")[0]["n"] == 60


def test_a_worker_that_was_told_a_shorter_time_deletes_nothing_before_the_time_that_holds(
    house,
):
    """It goes round at its start; that it did shows in its report, which comes before."""
    first = house.worker()
    done = house.execute(house.ready(rows(30)))
    house.wait(done, "completed")
    house.query(AGED, 8, 8, done)
    first.end()
    house.query("DELETE FROM workers")
    second = house.worker(environment={"RETENTION_DAYS": "1"})
    house.until(
        lambda: house.query("SELECT name FROM workers WHERE retention_days = 1"),
        what="no report",
    )
    # An import of its own is swept, checked and done by this worker; by then it has gone round.
    other = house.upload(rows(5, first=100))
    house.wait(other, "ready")
    assert house.facts(done)["purged_at"] is None
    assert house.facts(done)["expired_at"] is None
    second.end()


def test_a_worker_that_was_told_a_longer_time_keeps_to_that(house):
    done = house.execute(house.ready(rows(30)))
    jobs.work(str(done))
    house.query(AGED, 40, 40, done)
    told = house.settings.model_copy(update={"retention_days": 365})
    jobs.forget(told)
    assert house.facts(done)["expired_at"] is None
    jobs.forget(house.settings)
    assert house.facts(done)["expired_at"] is not None


@pytest.mark.parametrize("days", ["0", "-1", "0.5", "many"])
def test_a_time_below_a_day_is_refused_in_a_sentence(house, days):
    done = rowcall("migrate", RETENTION_DAYS=days)
    assert done.status == 1
    assert done.err.startswith("RETENTION_DAYS")
    assert len(done.err.splitlines()) == 1
    assert house.query("SELECT retention_days FROM installation") == [{"retention_days": 30}]


def test_the_time_holds_once_it_was_taken_over(house):
    assert rowcall("migrate", RETENTION_DAYS="7").status == 0
    assert house.query("SELECT retention_days FROM installation") == [{"retention_days": 7}]
    assert rowcall("migrate").status == 0
    assert house.query("SELECT retention_days FROM installation") == [{"retention_days": 7}]
