"""Rows that the database will never take, wherever in a batch they stand and whenever it says
so: they fail alone.
"""

import pytest
from sqlalchemy import select, text

from tests.executing.test_faults import ROWS
from webapp.models import Contact, ImportLog, ImportResult

BAD = (101, 150, 200)  # the first of the second batch, one in its middle, and its last
WHEN = {
    "at once": "CREATE TRIGGER refuse BEFORE",
    "at the commit": "CREATE CONSTRAINT TRIGGER refuse AFTER",
}
HOW = {"at once": "", "at the commit": "DEFERRABLE INITIALLY DEFERRED"}


@pytest.mark.parametrize("when", WHEN)
def test_exactly_the_rows_at_fault_fail(importer, session, when):
    session.execute(
        text(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN RAISE check_violation USING MESSAGE = 'not ' || NEW.external_id; END $$;
                {WHEN[when]} INSERT ON contacts {HOW[when]} FOR EACH ROW
                  WHEN (NEW.external_id::int IN {BAD}) EXECUTE FUNCTION refuse()"""
        )
    )
    session.commit()
    done = importer.run(ROWS)
    assert (done.state, done.created, done.failed, done.batches_done) == (
        "completed",
        247,
        3,
        3,
    )
    failed = session.scalars(
        select(ImportResult).where(ImportResult.outcome == "failed").order_by(ImportResult.row)
    )
    assert [(entry.row, entry.code, entry.detail) for entry in failed] == [
        (bad + 1, "database_error", {"message": f"not {bad}"}) for bad in BAD
    ]
    people = {int(number) for number in session.scalars(select(Contact.external_id))}
    assert people == set(range(1, 251)) - set(BAD)
    attempts = select(ImportLog).where(ImportLog.event == "batch").order_by(ImportLog.id)
    assert [
        (entry.batch, entry.attempt, entry.result) for entry in session.scalars(attempts)
    ] == [
        (1, 1, "done"),
        (2, 1, "retried"),
        (2, 2, "done"),
        (3, 1, "done"),
    ]
