"""Changing all rows that say the same: what a request cannot do at once goes on in a job,
block by block.
"""

import json
import re

import pytest
from sqlalchemy import event, text

from tests.web.test_pages import bring, check
from webapp import db
from webapp.db import driver
from webapp.imports import import_commands, uploads
from webapp.models import ContactImport, ImportRow
from webapp.staging import corrections, problem_list, staged_rows
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Strategy

ROWS = 3_500
FILE = "ID,Email,First name\n" + "".join(
    f"{n},nobody at example,P{n}\n" for n in range(1, ROWS + 1)
)
SAME = "SELECT count(*) FROM contact_import_rows WHERE record[2] = 'nobody at example' AND problems IS NOT NULL"


@pytest.fixture
def left_over(importer, session, monkeypatch):
    """An import whose correction the request left to a job after its first block."""
    monkeypatch.setattr(corrections, "AT_ONCE", 0)
    found = importer.check(FILE)
    assert (
        corrections.correct_alike(session, found.id, 2, 1, "").rows == corrections.BLOCK_ROWS
    )
    session.commit()
    return found


def summary(found) -> dict[str, int]:
    return {entry["code"]: entry["rows"] for entry in found.check_summary["problems"]}


def test_a_small_one_is_done_at_once(importer, session):
    found = importer.check("ID,Email\n" + "1,x at x\n2,y at y\n3,x at x\n")
    assert corrections.correct_alike(session, found.id, 2, 1, "a@example.com").rows == 2
    assert found.correcting is None
    assert summary(found) == {"email_no_at": 1}


def test_a_large_one_goes_on_in_a_job(importer, session, left_over):
    assert left_over.correcting["rows"] == corrections.BLOCK_ROWS
    assert left_over.correcting["total"] == ROWS
    assert summary(left_over) == {"email_no_at": ROWS - corrections.BLOCK_ROWS}
    found = importer.work(left_over.id)
    assert found.correcting is None
    assert summary(found) == {}
    assert session.scalar(text(SAME)) == 0
    assert session.scalar(text("SELECT count(*) FROM contact_import_corrections")) == ROWS
    assert importer.execute(found.id).created == ROWS


def test_meanwhile_nothing_else_is_asked_of_it(session, left_over, settings):
    for ask in (
        lambda: import_commands.execute(session, left_over.id, strategy=Strategy.SKIP),
        lambda: import_commands.map_columns(session, left_over.id, left_over.mapping),
        lambda: uploads.reread(session, left_over.id, settings),
        lambda: corrections.correct(session, left_over.id, 9, {1: "a@example.com"}),
        lambda: corrections.correct_alike(session, left_over.id, 3000, 1, "b@example.com"),
        lambda: corrections.leave_out(session, left_over.id, 9, out=True),
    ):
        with pytest.raises(Refusal) as refusal:
            ask()
        session.rollback()
        assert refusal.value.facts == {"rows": "1,000", "total": "3,500"}
        assert refusal.value.code == "correction_under_way"


def test_a_block_takes_the_same_few_statements_however_many_rows(importer, session, settings):
    """Row by row, 100,000 rows took 41 seconds."""
    found = importer.check(FILE)
    engine, asked = session.get_bind(), []
    event.listen(
        engine, "before_cursor_execute", lambda _c, _r, statement, *_: asked.append(statement)
    )
    corrections.correct_alike(session, found.id, 2, 1, "")
    assert len(asked) < 30
    assert max(map(len, asked)) < 5_000, "no statement names its rows one by one"


def test_a_block_reads_its_own_rows_and_not_the_whole_file(importer, session):
    found = importer.check(FILE)
    asked = {
        "import_id": found.id,
        "rows": list(range(1002, 2002)),
        "first": 1002,
        "last": 2001,
    }
    with db.planned(session, **problem_list.IN_ORDER):
        for statement in (staged_rows.SQL.take_problems_back, staged_rows.SQL.take_rows_back):
            explained = driver(session).execute(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", asked
            )
            plan = json.dumps(explained.fetchone()[0])
            removed = [
                int(rows) for rows in re.findall(r'"Rows Removed by Filter": (\d+)', plan)
            ]
            assert max(removed, default=0) < 100, plan


def test_a_worker_takes_it_up_again(importer, session, left_over, conn, settings):
    from webapp.jobs import sweeping  # noqa: PLC0415

    assert sweeping.unattended(conn, settings) == [left_over.id]
    session.execute(text("UPDATE contact_import_leases SET deaths = 9, deaths_at_row = 0"))
    session.commit()
    assert sweeping.unattended(conn, settings) == [left_over.id]
    assert importer.work(left_over.id).correcting is None


def test_the_page_tells_how_far_it_is(owner, importer, session, monkeypatch):
    monkeypatch.setattr(corrections, "AT_ONCE", 0)
    import_id = bring(owner, FILE.encode())
    check(owner, importer, import_id)
    at = f"/imports/{import_id}/problems"
    owner.post(f"{at}/2", {"cell-1": "", "alike": "1"}, at=at)
    for path in (at, f"/imports/{import_id}/review"):
        page = owner.get(path).text
        assert "1,000 of 3,500 are done" in page
        assert 'http-equiv="refresh"' in page
    assert "cell-1" not in owner.get(at).text
    refused = owner.post(
        f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"}, status=409
    )
    assert "Rows are still being changed" in refused.text
    owner.post(f"{at}/9", {"cell-1": "a@example.com"}, at="/imports")
    importer.work(import_id)
    assert "are done" not in owner.get(f"/imports/{import_id}/review").text
    assert session.get_one(ContactImport, import_id).state == "ready"
    assert session.get_one(ImportRow, (import_id, 9), populate_existing=True).email is None
