"""The review and the page of new rows that look like contacts: side by side, with two answers."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.web.test_conflicts import said
from tests.web.test_pages import bring, check, run
from webapp import jobs
from webapp.models import Contact, ContactImport, ImportResult
from webapp.web.pages import possible_matches

HEAD = b"ID,Email,First name,Last name,Company,Phone\n"
BOOK = HEAD + (
    b"1,ann@old.example,Ann,Threlkeld,Acme,+44 113 200 0001\n"
    b"2,bob@old.example,Bob,Oyelaran,,+44 113 200 0002\n"
)
FILE = HEAD + (
    b",ann@new.example,Ann,Threlkeld,Acme Ltd,+44 113 200 0001\n"
    b",bob@new.example,Robert,Oyelaran,,+44 113 200 0002\n"
    b",cy@new.example,Cy,Marchetti,,\n"
)
WAITING = "Comparing the new rows with your contacts."


@pytest.fixture
def import_id(owner, importer) -> str:
    """An import that waits, of which two new rows look like contacts; nobody looked yet."""
    run(owner, importer, BOOK)
    found = bring(owner, FILE)
    check(owner, importer, found)
    importer.work(found)
    return found


def answer(browser, import_id: str, row: int, choice: str, status=302, **more):
    page = f"/imports/{import_id}/possible-matches"
    return browser.post(f"{page}/{row}", {"choice": choice, **more}, at=page, status=status)


def test_the_review_says_who_is_there_once_it_is_known(owner, import_id):
    review = f"/imports/{import_id}/review"
    part = f"/imports/{import_id}/possible-matches/first"
    before = owner.get(review).text
    assert WAITING in said(before)
    assert f'hx-get="{part}"' in before
    assert 'hx-trigger="every 2s"' in owner.get(part).text

    jobs.find_possible_matches()
    found = owner.get(review).text
    assert "2 new rows look like people you already have" in said(found)
    assert f'hx-get="{part}"' not in found
    assert found.count('class="match"') == 2
    assert "Acme Ltd" in found.partition('id="row-2"')[2]
    assert "short form of the first name" in found.partition('id="row-3"')[2]
    assert 'class="match"' in owner.get(part).text


def test_a_row_is_joined_and_the_other_is_new(owner, importer, session, import_id):
    jobs.find_possible_matches()
    ids = {one.first_name: one.id for one in session.scalars(select(Contact))}
    moved = answer(owner, import_id, 2, f"contact:{ids['Ann']}:", back="review")
    assert moved.location.endswith(f"/imports/{import_id}/review#possible-matches")
    found = said(owner.get(f"/imports/{import_id}/review").text)
    assert "1 new row looks like a person you already have" in found
    answer(owner, import_id, 3, "new")
    page = owner.get(f"/imports/{import_id}/possible-matches").text
    assert "2 of 2 chosen" in said(page)
    assert "It is Ann Threlkeld" in said(page)
    found = said(owner.get(f"/imports/{import_id}/review").text)
    assert "You chose for all 2 new rows that look like people you already have." in found

    importer.work(import_id)
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    importer.work(import_id)
    entries = session.scalars(
        select(ImportResult).where(ImportResult.import_id == UUID(import_id))
    )
    outcomes = {entry.row: entry.outcome for entry in entries}
    assert outcomes == {2: "updated", 3: "created", 4: "created"}
    owner.get(f"/imports/{import_id}/possible-matches", status=302)
    owner.post(f"/imports/{import_id}/possible-matches/2", {"choice": "new"})


def test_what_was_said_is_taken_back(owner, import_id):
    jobs.find_possible_matches()
    answer(owner, import_id, 2, "new")
    page = owner.get(f"/imports/{import_id}/possible-matches").text
    assert "Undo the choice for row 2" in page
    answer(owner, import_id, 2, "", seen="new")
    assert "0 of 2 chosen" in said(owner.get(f"/imports/{import_id}/possible-matches").text)


def test_what_is_refused_stands_on_the_page(owner, viewer, import_id):
    jobs.find_possible_matches()
    answer(owner, import_id, 2, "contact:999:", status=422)
    answer(owner, import_id, 4, "new", status=409)
    answer(owner, import_id, 2, "newer", status=422)
    answer(owner, import_id, 2, "new")
    found = answer(owner, import_id, 2, "leave_out", status=409).text
    assert "Someone else has already chosen for row 2" in found
    page = f"/imports/{import_id}/possible-matches"
    owner.get(f"{page}?after=x", status=422)
    assert "Same person" not in viewer.get(page).text


def test_a_page_at_a_time(owner, import_id, monkeypatch):
    monkeypatch.setattr(possible_matches, "A_PAGE", 1)
    page = f"/imports/{import_id}/possible-matches"
    assert "still being compared" in said(owner.get(page).text)
    jobs.find_possible_matches()
    first = owner.get(page).text
    (behind,) = re.findall(r'href="([^"]*\?after=[^"]*)"', first)
    second = owner.get(behind).text
    rows = [re.findall(r'id="row-(\d+)"', text) for text in (first, second)]
    assert sorted(rows) == [["2"], ["3"]]


def test_an_empty_book_is_not_spoken_of(owner, importer):
    found = bring(owner, FILE)
    check(owner, importer, found)
    assert WAITING not in said(owner.get(f"/imports/{found}/review").text)
    run_ = importer.session.get_one(ContactImport, found)
    assert run_.state == "ready"
