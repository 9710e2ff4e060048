"""What the preview says is what happens; where the contacts changed in between, the rows are
listed.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.deciding.test_decision import people
from tests.harness.imports import table
from webapp.contacts import journal
from webapp.deciding import ledger_digest, preview, preview_differences
from webapp.imports.leases import Lease
from webapp.models import Contact, ImportDifference, ImportPreview
from webapp.reports import ledger, summary
from webapp.vocabulary.outcomes import STORED_OUTCOMES

COLUMNS = ("external_id", "email", "first_name", "company")


EMPTIED = """SELECT count(*) FROM contact_changes, jsonb_each(after) f
    WHERE import_id = :id AND f.value IN ('null', '[]') AND f.key NOT IN ('email_key', 'phone_key')"""


@st.composite
def files(draw):
    """Cells of a table with few different values, so that rows meet each other and the
    contacts; "-" empties.
    """
    rows = draw(st.lists(people(), min_size=1, max_size=12))
    lines = []
    for row in rows:
        cells = [row.get("external_id", ""), row.get("email", ""), row.get("first_name", ""), "",
                 draw(st.sampled_from(["-", "p", "q"])), "|".join(row.get("tags", [])), ""]  # fmt: skip
        lines.append(",".join(cells))
        lines.extend([""] * draw(st.integers(0, 2)))
    return table(*lines)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=files(),
    second=files(),
    strategy=st.sampled_from(["skip", "update", "merge"]),
    match_keys=st.sampled_from(
        [["external_id", "email"], ["email"], ["external_id"], ["email", "phone"]]
    ),
    size=st.sampled_from([1, 3, 100]),
    token=st.sampled_from([None, "-"]),
)
def test_preview_equals_execution(
    importer, session, first, second, strategy, match_keys, size, token
):
    session.rollback()
    session.execute(text("TRUNCATE contacts, contact_changes, contact_imports CASCADE"))
    session.commit()
    importer.run(first)
    ready = importer.check(second, match_keys=match_keys, clear_token=token)
    importer.work(ready.id)
    previews = {
        name: session.get(ImportPreview, (ready.id, name))
        for name in ("skip", "update", "merge")
    }
    done = importer.execute(ready.id, strategy, batch_size=size)
    promised = previews[strategy]
    assert {o.value: getattr(done, o.value) for o in STORED_OUTCOMES} == {
        o.value: promised.outcomes[o.value] for o in STORED_OUTCOMES
    }
    ledger = session.execute(text("SELECT row, outcome::text FROM contact_import_results WHERE import_id = :id"),
                             {"id": done.id}).all()  # fmt: skip
    assert len(ledger) == done.total == sum(promised.outcomes.values())
    assert session.query(ImportDifference).count() == 0
    assert promised.cleared == (
        session.scalar(text(EMPTIED), {"id": done.id}) if strategy == "update" else 0
    )


PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben@example.com,Ben,,,,",
    "",
    "3,cid@example.com,Cid,,,,",
    "4,no,,,,,",
)


def test_every_difference_after_an_edit_is_listed(importer, session):
    importer.run(table("1,ann@example.com,Ann,,,,"))
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    importer.run(table("3,cid@example.com,Cid,,,,"))  # somebody else is faster
    ann = session.query(Contact).filter_by(external_id="1").one()
    journal.edit_contact(session, ann.id, ann.version, {"external_id": "9"}, importer.user_id)
    session.commit()
    done = importer.execute(ready.id, "update")
    differences = {found.row: found.promised for found in session.query(ImportDifference)}
    assert differences == {2: "unchanged", 5: "created"}
    listed = ledger.rows(session, done.id, differing=True)
    assert [(row.row, row.promised, row.outcome) for row in listed] == [
        (2, "unchanged", "conflict"), (5, "created", "unchanged"),
    ]  # fmt: skip
    assert summary.report(session, done.id).differences == 2


def test_a_stopped_import_differs_in_nothing_that_it_did(importer, session, conn):
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    importer.run(table("3,cid@example.com,Cid,,,,"))
    done = importer.execute(ready.id, "update", batch_size=1, skip_errors=True)
    assert [found.row for found in session.query(ImportDifference)] == [5]
    conn.execute(
        "DELETE FROM contact_import_results WHERE import_id = %s AND row > 3", (done.id,)
    )
    preview_differences.note_differences(
        conn, done.id, ledger_digest.Ledger(done.id).read(conn).letters
    )
    conn.commit()
    assert session.query(ImportDifference).count() == 0


def test_without_a_preview_there_is_nothing_to_differ_from(importer, session):
    done = importer.run(PEOPLE)
    assert session.query(ImportPreview).count() == 0
    assert session.query(ImportDifference).count() == 0
    assert summary.report(session, done.id).differences == 0


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_a_promise_has_a_letter_for_each_row_at_its_number(importer, session, conn, strategy):
    importer.run(table("1,ann@example.com,Ann,,,,"))
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    promised = session.get(ImportPreview, (ready.id, strategy)).promised
    known = {"skip": "e", "update": "d", "merge": "d"}[strategy]
    assert promised == f" {known}a ag"


def test_letters_stand_at_their_rows_wherever_a_block_ends(importer, conn, monkeypatch):
    done = importer.run(
        table(
            "1,a@example.com,,,,,", "", "", "2,b@example.com,,,,,", "3,no,,,,,", "", "4,,,,,,"
        )
    )
    for rows in (1, 2, 3, 10_000):
        monkeypatch.setattr(ledger_digest, "BLOCK_ROWS", rows)
        read = ledger_digest.Ledger(done.id).read(conn)
        assert read.letters == " a  ag a"
        assert (read.digest, read.counts().total()) == (done.ledger_digest, 4)


def test_a_preview_is_dropped_when_another_worker_has_taken_over(importer, session, conn):
    ready = importer.check(PEOPLE)
    stale = Lease(ready.id, ready.lease_token - 1, 0)
    assert preview.compute_missing(conn, stale, lambda: False)
    assert session.query(ImportPreview).count() == 0
