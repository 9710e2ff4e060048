"""Merging two contacts on pages, and the way back."""

import re

import pytest

from tests.harness.web import Form, as_read
from webapp.contacts import journal, search_index
from webapp.models import Contact


@pytest.fixture
def both(session):
    ann = {"first_name": "Ann", "last_name": "Ash", "email": "ann@example.com", "tags": "a"}
    bea = {"first_name": "Anne", "company": "Lee", "email": "anne@example.com", "tags": "b"}
    contacts = [journal.create_contact(session, values) for values in (ann, bea)]
    session.commit()
    return [contact.id for contact in contacts]


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", as_read(html)))


def merge(browser, kept: int, other: int, **chosen: str):
    at = f"/contacts/{kept}/merge?other={other}"
    form = Form(browser.get(at).text, f"/contacts/{kept}/merge").values
    sides = {f"side:{field}": side for field, side in chosen.items()}
    return browser.post(f"/contacts/{kept}/merge", {**form, **sides}, at=at)


def test_the_other_contact_is_found_by_a_search(owner, conn, both):
    ann, bea = both
    search_index.catch_up(conn)
    card = owner.get(f"/contacts/{ann}").text
    assert f'href="/contacts/{ann}/merge"' in card
    found = owner.get(f"/contacts/{ann}/merge?q=example").text
    assert f"/contacts/{ann}/merge?other={bea}" in found
    assert f"other={ann}" not in found
    assert (
        "No contacts found." in owner.get(f"/contacts/{ann}/merge?q=nobody+of+this+name").text
    )


def test_a_merge_field_by_field_and_its_undo_from_the_card(owner, session, both):
    ann, bea = both
    page = owner.get(f"/contacts/{ann}/merge?other={bea}").text
    checked = re.findall(r'name="side:(\w+)" value="(\w+)"\s+checked', page)
    assert set(checked) == {
        ("first_name", "kept"),
        ("last_name", "kept"),
        ("company", "other"),
        ("email", "kept"),
    }

    answer = merge(owner, ann, bea, first_name="other")
    card = owner.get(answer.location).text
    assert "Anne was merged into this contact." in plain(card)
    contact = session.get_one(Contact, ann, populate_existing=True)
    assert (contact.first_name, contact.company, contact.tags) == ("Anne", "Lee", ["a", "b"])

    assert owner.get(f"/contacts/{bea}", 302).location == f"/contacts/{ann}"
    assert "Merged with Anne" in plain(card)
    changes = owner.get("/contacts/changes").text
    assert "Merged Anne into Anne Ash" in plain(changes)
    assert changes.count('class="change"') == 1

    undo = re.search(r'action="(/contacts/changes/\d+/undo)"', card)[1]
    back = owner.post(undo, {}, at="/contacts")
    assert "Anne is a contact of its own again." in plain(owner.get(back.location).text)
    assert "Merged into" in plain(owner.get(f"/contacts/{bea}").text)
    assert "Undone by Owner" in plain(owner.get("/contacts/changes").text)


def test_what_stays_after_the_undo_is_listed_with_whose_it_is(owner, session, both):
    ann, bea = both
    merge(owner, ann, bea)
    contact = session.get_one(Contact, ann, populate_existing=True)
    journal.edit_contact(session, ann, contact.version, {"city": "Leeds"}, 1)
    session.commit()
    changes = owner.get("/contacts/changes").text
    undo = re.findall(r'action="(/contacts/changes/\d+/undo)"', changes)[1]
    page = owner.post(undo, {}, at="/contacts", status=200).text
    assert "Ann Ash and Anne are two contacts again, but for 1 field." in plain(page)
    assert re.search(r"Ann Ash City Leeds blank Edited since", plain(page))


def test_pages_of_a_contact_that_was_merged_away(owner, sign_in, both):
    ann, bea = both
    merge(owner, ann, bea)
    admin = sign_in("admin")
    for page in ("edit", "erase", "merge"):
        assert admin.get(f"/contacts/{bea}/{page}", 302).location == f"/contacts/{ann}/{page}"
    form = Form(owner.get(f"/contacts/{ann}/edit").text, f"/contacts/{ann}").values
    answer = owner.post(f"/contacts/{bea}", form, at="/contacts", status=409)
    assert "This contact was merged into another one" in answer.text
    assert f'href="/contacts/{ann}"' in answer.text


def test_a_contact_that_changed_meanwhile_is_shown_anew(owner, session, both):
    ann, bea = both
    page = owner.get(f"/contacts/{ann}/merge?other={bea}").text
    form = Form(page, f"/contacts/{ann}/merge").values
    journal.edit_contact(session, bea, 1, {"company": "Wong"}, 1)
    session.commit()
    sent = {**form, "side:first_name": "other"}
    answer = owner.post(f"/contacts/{ann}/merge", sent, at="/contacts", status=409)
    assert "One of these two contacts has changed" in answer.text
    assert "Wong" in answer.text
    assert re.search(r'name="side:first_name" value="other"\s+checked', answer.text)


def test_a_contact_that_was_deleted_meanwhile_is_searched_for_anew(owner, session, both):
    ann, bea = both
    page = owner.get(f"/contacts/{ann}/merge?other={bea}").text
    form = Form(page, f"/contacts/{ann}/merge").values
    journal.delete_contact(session, bea, 1, 1)
    session.commit()
    answer = owner.post(f"/contacts/{ann}/merge", form, at="/contacts", status=409)
    assert "One of these two contacts is not in your contacts any more" in answer.text
    owner.get(f"/contacts/{ann}/merge?other={bea}", 404)


def test_viewers_do_not_merge(viewer, both):
    ann, bea = both
    assert "/merge" not in viewer.get(f"/contacts/{ann}").text
    viewer.get(f"/contacts/{ann}/merge?other={bea}", 403)
