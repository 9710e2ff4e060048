"""The check: block by block, with progress, stopped and taken up again; dates that the whole
column tells apart.
"""

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp.imports import import_commands, leases
from webapp.imports.faults import Fenced
from webapp.imports.progress import ProgressTracker
from webapp.models import ContactImport
from webapp.reading.readers import Limits
from webapp.staging import check
from webapp.staging.staged_rows import BLOCK_ROWS

COUNT = 2 * BLOCK_ROWS + 500
NO_AT = "no at 7 example.com"  # in one row; every seventh has a blank in its address
ROWS = table(
    *[
        f"{n},{'p' if n % 7 else 'no at '}{n}@example.com,Ann {n},Ash,,,"
        for n in range(1, COUNT + 1)
    ]
)
ROWS = ROWS.replace("no at 7@example.com", NO_AT)


@pytest.fixture
def checked(importer, session, conn):
    """Start a check and take it one block further with each call; whether it is through."""
    found = importer.upload(ROWS)
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    lease = leases.claim(conn, found.id, 15)

    def go_on() -> bool:
        done = check.check_slice(conn, lease, Limits(), lambda: True)
        session.expire_all()
        return done

    go_on.found, go_on.release = found, lambda: leases.release(conn, lease)
    return go_on


def staged(session, import_id) -> list:
    rows = """SELECT row, status, email, problems::text, record FROM contact_import_rows
        WHERE import_id = :id ORDER BY row"""
    return session.execute(text(rows), {"id": import_id}).all()


def test_block_by_block_comes_to_the_same_as_in_one_go(checked, importer, session):
    seen = []
    while not checked():
        now = ProgressTracker(session, checked.found.id).progress()
        seen.append((len(staged(session, checked.found.id)), now.work.progress))
    assert [rows for rows, _ in seen] == [BLOCK_ROWS, 2 * BLOCK_ROWS, COUNT]
    assert [percent for _, percent in seen] == sorted({percent for _, percent in seen})
    assert 0 < seen[0][1] < 100
    whole = importer.check(ROWS)
    assert staged(session, checked.found.id) == staged(session, whole.id)
    assert checked.found.check_summary == whole.check_summary
    assert {p["code"]: p["rows"] for p in whole.check_summary["problems"]} == {
        "email_invalid": 356,
        "email_no_at": 1,
    }
    assert session.query(ContactImport).filter_by(state="ready", total=COUNT).count() == 2


def test_a_check_that_is_stopped_leads_back_to_the_columns(checked, importer, session):
    checked()
    import_commands.cancel(session, checked.found.id)
    session.commit()
    with pytest.raises(Fenced):
        checked()
    session.expire_all()
    assert (checked.found.state, checked.found.total) == ("uploaded", None)
    assert len(staged(session, checked.found.id)) == BLOCK_ROWS
    checked.release()
    targets = ["external_id", *[None] * 6]
    import_commands.map_columns(session, checked.found.id, targets)
    session.commit()
    importer.work(checked.found.id)
    importer.work(checked.found.id)
    assert checked.found.state == "ready"
    assert checked.found.total == len(staged(session, checked.found.id)) == COUNT
    assert {row.email for row in staged(session, checked.found.id)} == {None}


DATES = """Email,Birthday
a@example.com,03/04/1990
b@example.com,{}
c@example.com,05/06/1991
d@example.com,1980-12-31
"""


def birthdays(session, import_id) -> list[str | None]:
    rows = "SELECT birthday FROM contact_import_rows WHERE import_id = :id ORDER BY row"
    return list(session.execute(text(rows), {"id": import_id}).scalars())


DAY_FIRST = ["1990-04-03", "1990-12-25", "1991-06-05", "1980-12-31"]


@pytest.mark.parametrize(
    ("label", "proof", "expected"),
    [
        ("Birthday", "25/12/1990", DAY_FIRST),
        ("Birthday", "", [None, None, None, "1980-12-31"]),
        ("Birthday (DD/MM/YYYY)", "25/12/1990", DAY_FIRST),
        ("Birthday (DD/MM/YYYY)", "", [*DAY_FIRST[:1], None, *DAY_FIRST[2:]]),
        ("Birthday (MM/DD/YYYY)", "25/12/1990", [None, "1990-12-25", None, "1980-12-31"]),
    ],
    ids=["a date", "nothing", "both", "the label", "each another"],
)
def test_a_date_or_the_label_can_tell_for_the_whole_column(
    importer, session, label, proof, expected
):
    ready = importer.check(DATES.replace("Birthday", label).format(proof))
    assert birthdays(session, ready.id) == expected
    left = {p["code"]: p["rows"] for p in ready.check_summary["problems"]}
    unclear = expected[0] is None
    assert left == ({"date_ambiguous": 2} if unclear else {})


def test_a_file_that_turns_out_too_long_is_refused_in_the_middle(
    importer, session, conn, settings
):
    found = importer.upload(ROWS)
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    from webapp import jobs  # noqa: PLC0415

    small = settings.model_copy(update={"max_rows": BLOCK_ROWS + 10})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.slices, "Settings", lambda: small)
        importer.work(found.id)
    assert found.state == "refused"
    assert (found.failure_reason, found.failure_facts) == (
        "too_many_rows",
        {"limit": f"{BLOCK_ROWS + 10:,}"},
    )
    assert session.scalar(text("SELECT count(*) FROM contacts")) == 0
