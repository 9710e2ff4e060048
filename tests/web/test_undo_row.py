"""Single rows undone from the rows page, without JavaScript."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.web.test_after import FIRST, SECOND, edit
from tests.web.test_pages import run
from webapp.models import Contact

MORE = SECOND + b"3,cid@example.com,Cid,Beta\n4,nobody,,\n"


@pytest.fixture
def import_id(owner, importer):
    """Rows 2 and 3 changed who is there, row 4 made a contact, row 5 is invalid."""
    run(owner, importer, FIRST)
    return run(owner, importer, MORE, "update")


def undo(browser, import_id, row, *, at="", status=302):
    page = f"/imports/{import_id}/rows{at}"
    assert f'action="/imports/{import_id}/rows/{row}/undo' in browser.get(page).text
    return browser.post(
        f"/imports/{import_id}/rows/{row}/undo{at}", {}, at=page, status=status
    )


def line(page: str, row: int) -> str:
    return page[page.index(f'id="row-{row}"') :].partition("</li>")[0]


def test_a_row_is_undone_at_its_place(owner, importer, session, import_id):
    page = owner.get(f"/imports/{import_id}/rows").text
    assert "Brings the old values back. What was changed since stays." in line(page, 2)
    assert "Deletes the contact, unless it was changed since." in line(page, 4)
    assert page.index("This cannot be reversed.") > 0
    for row in (5,):
        assert "/undo" not in line(page, row)
    answer = undo(owner, import_id, 4, at="?outcome=created")
    assert answer.location == f"/imports/{import_id}/rows?outcome=created&undone=4#row-4"
    page = owner.get(answer.location).text
    assert 'role="status"' in page
    assert "Row 4 is undone." in page
    assert '<li id="row-4" class="gone"><details open>' in page
    assert "Undone by Owner, " in line(page, 4)
    assert "/undo" not in line(page, 4)
    emails = set(session.scalars(select(Contact.email)))
    assert emails == {"ann@example.com", "ben@example.com"}
    # Pressed twice, from a page that was open before: the same line.
    token_page = f"/imports/{import_id}/rows"
    again = owner.post(f"/imports/{import_id}/rows/4/undo", {}, at=token_page)
    assert again.location.endswith("undone=4#row-4")

    report = owner.get(f"/imports/{import_id}/report").text
    assert "1 row is undone already." in report
    undone = owner.get(f"/imports/{import_id}/rows?outcome=undone").text
    assert re.findall(r'id="row-(\d+)"', undone) == ["4"]


def test_what_was_edited_since_is_listed_with_who(owner, importer, session, import_id):
    edit(owner, importer, "ann@example.com", company="Mine")
    page = undo(owner, import_id, 2, status=200).text
    assert 'Row 2 is undone. <span class="rest">1 value stayed' in page
    assert "Edited since: Owner" in page
    assert "Mine" in page
    session.expire_all()
    ann = session.scalars(select(Contact).where(Contact.email == "ann@example.com")).one()
    assert (ann.first_name, ann.company) == ("Ann", "Mine")
    assert "1 value stayed because" in line(owner.get(f"/imports/{import_id}/rows").text, 2)


def test_when_it_cannot_be_done_the_page_says_why(owner, viewer, importer, session, import_id):
    page = f"/imports/{import_id}/rows"
    assert "/undo" not in viewer.get(page).text
    answer = owner.post(f"{page}/5/undo", {}, at=page, status=409)
    assert "This row did not change a contact" in answer.text
    assert "All 4 rows" in answer.text
    owner.post(f"{page}/99/undo", {}, at=page, status=404)
    session.execute(text("UPDATE contact_imports SET expired_at = now()"))
    session.commit()
    assert "/undo" not in owner.get(page).text
    assert owner.post(f"{page}/2/undo", {}, at=page, status=409)


def test_rows_are_narrowed_by_chips_and_are_grey_once_undone(owner, importer, import_id):
    page = owner.get(f"/imports/{import_id}/rows").text
    chips = re.search(r'<nav class="chips".*?</nav>', page, re.DOTALL)[0]
    assert re.findall(r"outcome=(\w+)", chips) == ["created", "updated", "invalid"]
    changed = owner.get(f"/imports/{import_id}/rows?outcome=changed").text
    assert re.findall(r'id="row-(\d+)"', changed) == ["2", "3"]
    assert re.findall(
        r'id="row-(\d+)"', owner.get(f"/imports/{import_id}/rows?outcome=not_in").text
    ) == ["5"]
    owner.get(f"/imports/{import_id}/rows?outcome=nonsense", status=404)
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(UUID(import_id))
    page = owner.get(f"/imports/{import_id}/rows").text
    assert page.count('class="gone"') == 3
    assert "/undo" not in page
