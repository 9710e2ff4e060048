"""Corrections on the review page: judged at once, counted rightly, kept for the next check and
the next run.
"""

import uuid
from functools import partial

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp import db
from webapp.imports import import_commands
from webapp.models import Contact, ImportCorrection, ImportPreview, ImportResult, ImportRow
from webapp.staging import corrections, problem_list
from webapp.vocabulary.refusals import Refusal

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben at example.com,Ben,,,,",
    "3,nobody,Cid,,,,",
    "4,nobody,Dan,,,,",
)


def staged(session, import_id, row: int) -> ImportRow:
    return session.get(ImportRow, (import_id, row), populate_existing=True)


def test_a_corrected_row_is_judged_again_and_imported(importer, session):
    ready = importer.check(PEOPLE)
    corrections.correct(session, ready.id, 3, {1: "ben@example.com"})
    session.commit()
    assert staged(session, ready.id, 3).status == "valid"
    assert {p["code"]: p["rows"] for p in ready.check_summary["problems"]} == {
        "email_no_at": 2
    }
    corrections.correct(session, ready.id, 4, {1: "still nobody"})
    session.commit()
    assert staged(session, ready.id, 4).status == "invalid"
    assert {p["code"]: p["rows"] for p in ready.check_summary["problems"]} == {
        "email_no_at": 2
    }
    done = importer.execute(ready.id)
    assert (done.created, done.invalid) == (2, 2)


def test_one_correction_for_all_rows_alike(importer, session):
    ready = importer.check(PEOPLE)
    assert corrections.correct_alike(session, ready.id, 4, 1, "").rows == 2
    session.commit()
    assert import_commands.invalid_rows(session, ready.id) == 1
    assert importer.execute(ready.id).created == 3


def test_left_out_rows_stay_out_and_come_back(importer, session):
    ready = importer.check(PEOPLE)
    corrections.leave_out(session, ready.id, 3, out=True)
    corrections.leave_out(session, ready.id, 4, out=True)
    corrections.leave_out(session, ready.id, 4, out=False)
    session.commit()
    done = importer.execute(ready.id)
    assert (done.created, done.left_out, done.invalid) == (1, 1, 2)
    assert session.get(ImportResult, (done.id, 3)).outcome == "left_out"


def test_corrections_outlive_a_new_check_and_a_new_run(importer, session):
    ready = importer.check(PEOPLE)
    corrections.correct(session, ready.id, 3, {1: "ben@example.com"})
    import_commands.map_columns(session, ready.id, ready.suggested_mapping)
    session.commit()
    ready = importer.work(ready.id)
    assert staged(session, ready.id, 3).status == "valid"
    done = importer.execute(ready.id)
    importer.undo(done.id)
    again = import_commands.run_again(session, done.id, importer.user_id)
    session.commit()
    importer.work(again.id)
    assert importer.execute(again.id).created == done.created == 2


def test_previews_follow_a_correction(importer, session):
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    corrections.correct(session, ready.id, 3, {1: "ben@example.com"})
    session.commit()
    assert not session.scalars(
        select(ImportPreview).where(ImportPreview.import_id == ready.id)
    ).all()
    importer.work(ready.id)
    kept = session.get(ImportPreview, (ready.id, "skip", True, False))
    assert (kept.outcomes["created"], kept.outcomes["invalid"]) == (2, 2)


def test_what_cannot_be_corrected(importer, session):
    ready = importer.check(PEOPLE)
    with pytest.raises(Refusal, match="row_unknown"):
        corrections.correct(session, ready.id, 99, {1: "x@example.com"})
    session.rollback()
    importer.undo(importer.execute(ready.id).id)
    with pytest.raises(Refusal, match="wrong_state"):
        corrections.correct(session, ready.id, 3, {1: "ben@example.com"})
    session.rollback()
    assert session.query(Contact).count() == 0


def fill(conn, rows: int, rare: int) -> uuid.UUID:
    """An import of so many rows, each with a problem; the last `rare` ones with one of their
    own.
    """
    import_id = uuid.uuid4()
    conn.execute(
        """INSERT INTO contact_import_rows (import_id, row, status, problems, record)
           SELECT %s, n, 'invalid', '[{"code": "email_no_at", "severity": "error"}]', '{nobody}'
           FROM generate_series(1, %s) n""",
        (import_id, rows),
    )
    conn.execute(
        """INSERT INTO contact_import_problems (import_id, code, row)
           SELECT import_id, CASE WHEN row > %s THEN 'rare' ELSE 'email_no_at' END, row
           FROM contact_import_rows WHERE import_id = %s""",
        (rows - rare, import_id),
    )
    return import_id


def blocks_touched(session, import_id, code, after) -> int:
    """How many blocks of tables and indexes a page of the list reads."""
    question = problem_list.page_of_problems(import_id, code, after).limit(51)
    spelled = question.compile(
        dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}
    )
    with db.planned(session, **problem_list.IN_ORDER):
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {str(spelled).replace(':', chr(92) + ':')}"
        plan = session.scalar(text(explain))
    session.rollback()
    top = plan[0]["Plan"]
    assert top["Actual Rows"] > 0
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"]


@pytest.mark.parametrize("analysed", [False, True])
def test_a_page_costs_the_same_of_a_hundred_rows_and_of_a_hundred_thousand(
    session, conn, analysed
):
    few, many = fill(conn, 100, 5), fill(conn, 100_000, 5)
    conn.commit()
    if analysed:
        conn.execute("ANALYZE contact_import_rows, contact_import_problems")
        conn.commit()
    for code in (None, "email_no_at", "rare"):
        for import_id, after in ((few, 0), (few, 40), (many, 0), (many, 90_000)):
            at = after if code != "rare" else 0
            assert blocks_touched(session, import_id, code, at) < 51 * 5, (
                code,
                after,
            )  # a few for each row shown
    assert len(problem_list.problem_rows(session, many, code="rare", after=0, limit=50)) == 5
    assert session.scalar(text("SHOW enable_sort")) == "on"  # for whatever the page asks next


def test_the_list_follows_what_is_corrected(importer, session):
    ready = importer.check(PEOPLE)
    listed = partial(problem_list.problem_rows, session, ready.id, after=0, limit=10)
    assert [row.row for row in listed(code="email_no_at")] == [3, 4, 5]
    corrections.correct(session, ready.id, 4, {1: "ben@example."})
    session.commit()
    assert [row.row for row in listed(code="email_no_at")] == [3, 5]
    assert [row.row for row in listed(code="email_invalid")] == [4]
    import_commands.map_columns(session, ready.id, ["external_id", *[None] * 6])
    session.commit()
    importer.work(ready.id)
    assert listed(code="email_no_at") == []


def test_correcting_one_cell_leaves_the_lines_of_the_others(importer, session):
    """A browser sends back all cells of the row that it was shown, with its own line ends."""
    lines = 'Email,Birthday,Street\n"ben at\nexample.com",31/02/1980,"1 Main Street\nFlat 4"\n'
    ready = importer.check(lines)
    row = staged(session, ready.id, 2)
    returned = {column: cell.replace("\n", "\r\n") for column, cell in enumerate(row.record)}
    corrections.correct(session, ready.id, 2, {**returned, 1: "1980-02-03"})
    session.commit()
    assert session.get_one(ImportCorrection, (ready.id, 2)).cells == {"1": "1980-02-03"}
    returned[1] = "1980-02-03"
    corrections.correct(
        session, ready.id, 2, {**returned, 0: "ben@example.com", 2: "1 High Street\r\nFlat 2"}
    )
    session.commit()
    importer.execute(ready.id)
    found = session.scalars(select(Contact)).one()
    assert (found.email, found.birthday, found.street) == (
        "ben@example.com",
        "1980-02-03",
        "1 High Street\nFlat 2",
    )
