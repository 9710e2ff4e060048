"""Changes by hand are undone from a line at the place, and from the list of recent changes."""

import re

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from tests.harness.web import Form
from webapp.models import Contact, ContactChange
from webapp.retention import erasure

ANN = "1,ann@example.com,Ann,Ash,Acme,vip,37"


@pytest.fixture
def ann(importer):
    importer.run(table(ANN, "2,ben@example.com,Ben,Birch,,,"))
    return importer.session.scalars(select(Contact).where(Contact.external_id == "1")).one()


def delete(browser, contact) -> str:
    """Deleted by hand; the page that follows."""
    page = f"/contacts/{contact.id}"
    answer = browser.post(f"{page}/delete", {"version": str(contact.version)}, at=page)
    return browser.get(answer.location).text


def edit(browser, contact, **values: str) -> str:
    """Edited by hand; the page that follows."""
    page = f"/contacts/{contact.id}"
    form = Form(browser.get(f"{page}/edit").text, page).values
    return browser.get(browser.post(page, {**form, **values}, at=page).location).text


def undo_of(page: str) -> str:
    """Where the first button to undo something posts to."""
    return re.search(r'action="(/contacts/changes/\d+/undo)"', page)[1]


def stands(session, contact_id: int) -> dict | None:
    """All of the contact but what counts its changes."""
    session.rollback()
    question = text(
        "SELECT to_jsonb(c) - 'version' - 'updated_at' FROM contacts c WHERE id = :id"
    )
    return session.scalar(question, {"id": contact_id})


def test_a_deleted_contact_is_back_by_the_line_at_the_place(owner, ann, session):
    before = stands(session, ann.id)
    page = delete(owner, ann)
    assert "Ann Ash was deleted." in page
    owner.get(f"/contacts/{ann.id}", status=404)
    back = owner.post(undo_of(page), {}, at="/contacts")
    assert back.location.startswith(f"/contacts/{ann.id}?undone=")
    assert "Ann Ash is back." in owner.get(back.location).text
    assert stands(session, ann.id) == before
    again = owner.post(undo_of(page), {}, at="/contacts")
    assert again.location == back.location
    assert session.query(Contact).count() == 2


def test_a_key_that_was_taken_meanwhile_stays_away_and_is_listed(owner, ann, session):
    page = delete(owner, ann)
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    edit(owner, ben, email="ann@example.com")
    listed = owner.post(undo_of(page), {}, at="/contacts", status=200).text
    assert "Ann Ash is back, but for 1 field." in listed
    assert "ann@example.com" in listed
    assert f'href="/contacts/{ben.id}">Ben Birch<' in listed
    assert stands(session, ann.id)["email"] is None
    assert stands(session, ann.id)["first_name"] == "Ann"


def test_an_edit_is_undone_field_by_field(owner, ann, session):
    before = stands(session, ann.id)
    page = edit(owner, ann, company="Beta", city="Ulm")
    assert "Saved." in page
    session.expire_all()
    edit(owner, ann, city="Oslo")
    listed = owner.post(undo_of(page), {}, at="/contacts", status=200).text
    assert "but for 1 field" in listed
    assert stands(session, ann.id) == {**before, "city": "Oslo"}
    session.expire_all()
    page = edit(owner, ann, company="Gamma")
    back = owner.post(undo_of(page), {}, at="/contacts")
    assert "The change is undone." in owner.get(back.location).text
    assert stands(session, ann.id) == {**before, "city": "Oslo"}


def test_the_list_says_who_what_before_and_after(owner, sign_in, ann, session):
    edit(owner, ann, company="Beta <b>", notes="One\r\nTwo")
    session.expire_all()
    delete(sign_in("admin"), ann)
    page = owner.get("/contacts/changes").text
    deletion, change = (page[at.start() :] for at in re.finditer('<li class="change', page))
    assert "<b>Deleted</b> Ann Ash" in deletion
    assert "Admin ·" in deletion
    assert "<del>Acme</del>" in change
    assert "<ins>Beta &lt;b&gt;</ins>" in change
    assert "<ins>One\nTwo</ins>" in change
    assert "Owner ·" in change
    assert "email_key" not in page
    assert page.count("/undo") == 1  # an edit of a contact that is gone waits
    assert "Undo the deletion first" in change
    back = owner.post(undo_of(page), {"at": "list"}, at="/contacts/changes")
    page = owner.get(back.location).text
    assert 'role="status">Undone by Owner' in page
    assert page.count("/undo") == 1


def test_the_list_comes_in_pages_and_ends_with_the_retention_time(
    owner, ann, importer, session
):
    session.execute(
        text(
            """INSERT INTO contact_changes (contact_id, kind, user_id, before, after, at)
               SELECT :id, 'edit', :user, '{"city": null}', jsonb_build_object('city', 'City ' || n),
                 now() - make_interval(days => CASE WHEN n <= 3 THEN 31 ELSE 1 END)
               FROM generate_series(1, 63) n ORDER BY n"""
        ),
        {"id": ann.id, "user": importer.user_id},
    )
    session.commit()
    seen, path = [], "/contacts/changes"
    while path:
        page = owner.get(path).text
        seen += re.findall(r"<ins>City (\d+)</ins>", page)
        older = re.search(r'href="(/contacts/changes\?before=\d+)">Older', page)
        path = older and older[1]
    assert seen == [str(n) for n in range(63, 3, -1)]
    old = session.scalar(text("SELECT min(id) FROM contact_changes WHERE kind = 'edit'"))
    refused = owner.post(f"/contacts/changes/{old}/undo", {}, at="/contacts", status=409)
    assert 'role="alert"' in refused.text


def test_viewers_see_the_list_and_undo_nothing(owner, viewer, ann, session):
    page = delete(owner, ann)
    listed = viewer.get("/contacts/changes").text
    assert "Ann Ash" in listed
    assert "/undo" not in listed
    assert "/undo" not in viewer.get("/contacts?" + page.partition("zzz")[2]).text
    viewer.post(undo_of(page), {}, at="/account", status=403)
    assert stands(session, ann.id) is None


def test_erased_people_appear_nowhere(owner, ann, session):
    edit(owner, ann, company="Beta")
    (change,) = session.scalars(select(ContactChange.id).where(ContactChange.kind == "edit"))
    erasure.erase(session, ann.id)
    session.commit()
    page = owner.get("/contacts/changes").text
    assert "Ann" not in page
    assert "No changes yet" in page
    owner.post(f"/contacts/changes/{change}/undo", {}, at="/contacts", status=404)
    owner.post(f"/contacts/changes/{2**63 - 1}/undo", {}, at="/contacts", status=404)
