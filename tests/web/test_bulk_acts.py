"""The pages of bulk acts, of tags and of custom fields, without a browser."""

import re

import pytest
from sqlalchemy import select

from tests.harness.imports import table
from webapp import jobs
from webapp.models import Contact
from webapp.web.forms import LONGEST_FILTER

PEOPLE = table(
    "1,ann@example.com,Ann,Ash,Acme,vip,39",
    '2,bob@example.com,Bob,Bay,Acme,"new, vip",',
    "3,cleo@example.com,Cleo,Cox,,,40",
)


@pytest.fixture
def book(importer):
    importer.run(PEOPLE)


def ids(session) -> list[int]:
    session.expire_all()
    return list(session.scalars(select(Contact.id).order_by(Contact.id)))


def act(browser, **form) -> str:
    """Start an act as a page does, and have it done: its page's address."""
    answer = browser.post("/contacts/acts", form)
    assert answer.status_code == 302, answer.text
    jobs.act_on_contacts()
    return answer.location


def test_ticked_ones_are_tagged_and_it_is_undone_from_recent_changes(owner, book, session):
    ann, bob, _ = ids(session)
    listed = owner.get("/contacts").text
    assert f'value="{ann}" form="ticked"' in re.sub(r"\s+", " ", listed)
    asking = owner.get(f"/contacts/acts/new?kind=tag&ids={ann}&ids={bob}").text
    assert "2 contacts" in asking
    where = act(owner, kind="tag", ids=[ann, bob], tags="fair, basel")
    assert "2 contacts changed" in re.sub(r"\s+", " ", owner.get(where).text)
    assert session.get_one(Contact, bob).tags == ["new", "vip", "fair", "basel"]

    recent = owner.get("/contacts/changes").text
    assert "Add the tags: fair, basel" in recent
    assert "No changes yet" not in recent
    assert owner.post(f"{where}/undo", {}).location == where
    assert "Undoing" in owner.get(where).text
    jobs.act_on_contacts()
    assert "2 contacts are as they were before." in owner.get(f"{where}/progress").text
    session.expire_all()
    assert session.get_one(Contact, bob).tags == ["new", "vip"]


def test_all_that_match_are_deleted_and_brought_back(owner, book, session):
    before = ids(session)
    assert "Change all 2 contacts that match" in owner.get("/contacts?tag=vip").text
    assert "Delete 2 contacts" in owner.get("/contacts/acts/new?all=1&tag=vip").text
    where = act(owner, kind="delete", all="1", tag="vip")
    assert ids(session) == before[2:]
    owner.post(f"{where}/undo", {})
    jobs.act_on_contacts()
    assert ids(session) == before


def test_a_field_is_set_and_a_wrong_value_told(owner, book, session):
    refused = owner.post(
        "/contacts/acts",
        {"kind": "set", "all": "1", "field": "birthday", "new_value": "soon"},
        status=422,
    )
    assert "birthday" in refused.text
    act(owner, kind="set", all="1", field="department", new_value="Sales")
    found = session.scalars(select(Contact.department))
    assert set(found) == {"Sales"}


def test_tags_are_counted_renamed_merged_and_deleted(owner, viewer, book, session):
    page = re.sub(r"\s+", " ", viewer.get("/contacts/tags").text)
    assert "2 contacts" in page
    assert "Rename" not in page
    ann, bob, _ = ids(session)
    act(owner, kind="rename_tag", all="1", tag="new", old_tag="new", to="n" * 600)
    assert f'maxlength="{LONGEST_FILTER}"' in owner.get("/contacts/tags").text
    act(owner, kind="rename_tag", all="1", tag="n" * 600, old_tag="n" * 600, to="vip")
    session.expire_all()
    assert session.get_one(Contact, bob).tags == ["vip"]
    where = act(owner, kind="untag", all="1", tag="vip", tags='["vip"]')
    assert "No tags yet" in owner.get("/contacts/tags").text
    owner.post(f"{where}/undo", {})
    jobs.act_on_contacts()
    session.expire_all()
    assert session.get_one(Contact, ann).tags == ["vip"]
    again = owner.post(
        "/contacts/acts",
        {
            "kind": "rename_tag",
            "all": "1",
            "tag": "vip",
            "old_tag": "vip",
            "to": "vip",
            "at": "tags",
        },
        status=422,
    )
    assert "Both names are the same" in again.text
    assert "<h1>Tags</h1>" in again.text


def test_custom_fields_are_counted_renamed_moved_and_deleted(owner, book, session):
    assert "Shoe size" in owner.get("/contacts/fields").text
    meant = {"all": "1", "custom": "Shoe size", "field": "custom:Shoe size", "at": "fields"}
    ann, *_ = ids(session)
    where = act(owner, kind="move", new_label="Size", **meant)
    session.expire_all()
    assert session.get_one(Contact, ann).custom == {"Size": "39"}
    owner.post(f"{where}/undo", {})
    jobs.act_on_contacts()
    session.expire_all()
    assert session.get_one(Contact, ann).custom == {"Shoe size": "39"}
    act(owner, kind="move", to="company", **meant)
    session.expire_all()
    assert session.get_one(Contact, ann).custom == {"Shoe size": "39"}, "the company is filled"
    act(owner, kind="set", **meant)
    assert "No custom fields yet" in owner.get("/contacts/fields").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "tag", "tags": "a"}, "No contact is ticked"),
        ({"kind": "tag", "all": "1", "tags": ","}, "Give at least one tag"),
        ({"kind": "set", "all": "1"}, "Choose a field"),
        ({"kind": "move", "all": "1", "field": "custom:a"}, "Give the new name"),
        ({"kind": "burn", "all": "1"}, ""),
        ({"kind": "tag", "all": "1", "tags": "a\0b"}, ""),
    ],
)
def test_what_cannot_be_done_is_told(owner, book, form, words):
    answer = owner.post("/contacts/acts", form, status=422)
    assert words in answer.text


def test_a_viewer_sees_acts_and_starts_none(owner, viewer, book, session):
    assert 'form="ticked"' not in viewer.get("/contacts").text
    assert viewer.get("/contacts/acts/new?all=1", 403)
    assert viewer.post("/contacts/acts", {"kind": "delete", "all": "1"}, status=403)
    where = act(owner, kind="tag", all="1", tags="a")
    assert "3 contacts changed" in re.sub(r"\s+", " ", viewer.get(where).text)
    assert viewer.post(f"{where}/undo", {}, status=403)
    assert owner.get("/contacts/acts/99", 404)
