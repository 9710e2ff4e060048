"""Second runs on pages, without JavaScript: rows are fixed from the report and run again."""

import re
from uuid import UUID

import pytest

from tests.web.test_report import HEAD, run
from webapp import jobs
from webapp.executing import batches

FILE = HEAD + "1,ann@example.com,Ann\n2,ben at example.com,Ben\n3,nobody,Cid\n"


@pytest.fixture
def import_id(owner, importer):
    return run(owner, importer, FILE)


def buttons(page: str) -> list[str]:
    return [
        " ".join(words.split())
        for words in re.findall(r"<button[^>]*>([^<]*row[^<]*)</button>", page)
        if words.split()[0] in {"Run", "Import"}
    ]


def test_rows_are_fixed_and_run_from_the_report(owner, importer, import_id):
    report = owner.get(f"/imports/{import_id}/report").text
    assert buttons(report) == []
    fix = re.search(r'href="([^"]+/problems\?code=email_no_at)"[^>]*>Fix \d<', report)[1]
    page = owner.get(fix).text
    assert "Then run the corrected rows." in page
    assert "Nothing has been imported yet" not in page
    assert buttons(page) == []
    owner.post(f"/imports/{import_id}/problems/3", {"cell-1": "ben@example.com"}, at=fix)
    page = owner.get(fix.partition("?")[0]).text
    assert 'id="row-3"' not in page, "nothing is wrong with it any more"
    assert buttons(page) == ["Run 1 corrected row"]
    report = owner.get(f"/imports/{import_id}/report").text
    assert buttons(report) == ["Import 1 row"]
    assert "Working out what they come to." in report
    importer.work(import_id)
    report = owner.get(f"/imports/{import_id}/report").text
    told = re.search(r"corrected row is ready(.*?)</p>", report, re.DOTALL)[1]
    assert " ".join(re.sub("<[^>]*>", "", told).split()) == "1 created"
    assert "1 new contact</a> is in." in report
    owner.post(f"/imports/{import_id}/retry", {"rows": "corrected"})
    queued = owner.get(f"/imports/{import_id}/progress").text
    assert "In the queue: 1 corrected row." in queued
    importer.work(import_id)
    report = owner.get(f"/imports/{import_id}/report").text
    assert "1 row</a> is not in yet." in report
    assert buttons(report) == []


def test_rows_are_left_out_and_taken_in_after_the_run(owner, importer, import_id):
    owner.post(f"/imports/{import_id}/problems/4/leave", {})
    page = owner.get(f"/imports/{import_id}/problems?kind=left_out").text
    assert f"/imports/{import_id}/problems/4/take" in page
    assert ">Include<" in page
    owner.post(f"/imports/{import_id}/retry", {"rows": "corrected"})
    assert importer.work(import_id).left_out == 1
    owner.post(f"/imports/{import_id}/problems/4/take", {})
    owner.post(f"/imports/{import_id}/problems/4", {"cell-1": "cid@example.com"})
    owner.post(f"/imports/{import_id}/retry", {"rows": "corrected"})
    assert importer.work(import_id).created == 2


def test_what_a_stop_left_is_run_from_the_report(owner, importer, session, monkeypatch):
    monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
    file = HEAD + "".join(f"{n},p{n}@example.com,P{n}\n" for n in range(1, 31))
    jobs.stop_request.told = True
    try:
        import_id = run(owner, importer, file)
    finally:
        jobs.stop_request.told = False
    owner.post(f"/imports/{import_id}/cancel", {})
    importer.work(import_id)
    report = owner.get(f"/imports/{import_id}/report").text
    assert buttons(report) == ["Import the remaining 20 rows"]
    owner.post(f"/imports/{import_id}/retry", {"rows": "remaining"})
    queued = owner.get(f"/imports/{import_id}/progress").text
    assert "In the queue: the remaining 20 rows." in queued
    assert importer.work(import_id).created == 30
    assert buttons(owner.get(f"/imports/{import_id}/report").text) == []


def test_viewers_see_no_button_and_an_undone_import_has_none(
    owner, viewer, importer, import_id
):
    owner.post(f"/imports/{import_id}/problems/3", {"cell-1": "ben@example.com"})
    assert buttons(viewer.get(f"/imports/{import_id}/report").text) == []
    assert buttons(viewer.get(f"/imports/{import_id}/problems").text) == []
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(UUID(str(import_id)))
    for page in ("report", "problems"):
        text = owner.get(f"/imports/{import_id}/{page}").text
        assert buttons(text) == []
        assert ">Save<" not in text
    owner.post(f"/imports/{import_id}/retry", {"rows": "corrected"})
    assert importer.work(import_id).state == "rolled_back"


@pytest.mark.parametrize("rows", ["all", "none"])
def test_a_form_that_no_page_has_is_refused(owner, import_id, rows):
    owner.post(f"/imports/{import_id}/retry", {"rows": rows}, status=422)
