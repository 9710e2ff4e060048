"""A worker forgets in time, by itself and at the age that was set."""

from tests.harness.house import rows

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
    house.worker(environment={"RETENTION_DAYS": "7"})
    house.until(lambda: house.facts(old)["purged_at"], what="nobody forgets")
    left = house.query(
        """SELECT DISTINCT import_id FROM contact_import_rows UNION SELECT import_id FROM contact_import_files"""
    )
    assert [row["import_id"] for row in left] == [young]
    after = house.facts(old)
    assert (after["created"], after["ledger_digest"]) == (before["created"], before["ledger_digest"])
    assert house.facts(young)["expired_at"] is None
    assert house.query("SELECT count(*) AS n FROM contacts")[0]["n"] == 60
