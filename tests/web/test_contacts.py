"""Contacts by hand: the list, an edit under its version check, deletion, and what the journal
keeps of both.
"""

import re

import pytest
from sqlalchemy import text

from tests.harness.web import Form
from tests.web.test_pages import run
from webapp.contacts import journal
from webapp.models import Contact, ContactChange
from webapp.vocabulary.refusals import Refusal

BOOK = 120
SEARCHES = {
    "acme": 12,
    "100%_w": 12,
    "acme first1 last": 4,
    "P7@EXAMPLE.com": 1,
    "+49301000003": 1,
    "f_rst": 0,
    "irst": 0,
    "%": 0,
}


@pytest.fixture
def book(session):
    """Contacts 1 to BOOK."""
    session.execute(
        text(
            """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company, phone)
               SELECT n, 'p' || n || '@example.com', 'p' || n || '@example.com', 'First' || n, 'Last',
                 CASE WHEN n % 10 = 0 THEN 'Acme 100%_Works' ELSE 'Other' END, '+4930' || 1000000 + n
               FROM generate_series(1, :count) n ORDER BY n"""
        ),
        {"count": BOOK},
    )
    session.commit()


def names_on(page: str) -> list[str]:
    return re.findall(r'href="/contacts/\d+">([^<]+)<', page)


@pytest.mark.usefixtures("book")
def test_list_in_pages_and_by_search(viewer):
    seen, path = [], "/contacts"
    while path:
        page = viewer.get(path).text
        seen += names_on(page)
        following = re.search(r'href="(/contacts\?after=[^"]+)">Next<', page)
        path = following and following[1].replace("&amp;", "&")
    assert seen == [f"First{n} Last" for n in range(1, BOOK + 1)]
    for search, count in SEARCHES.items():
        found = viewer.client.get("/contacts", query_string={"q": search}).text
        assert len(names_on(found)) == count, search
    assert "No contacts found." in viewer.get("/contacts?q=nobody").text


def test_changes_stand_in_the_journal(owner, importer, people):
    run(owner, importer)
    ann = importer.session.query(Contact).filter_by(external_id="1").one()
    page = f"/contacts/{ann.id}"
    owner.post(
        page, {"version": "1", "company": "Acme", "email": "", "tags": "vip, fair"}, at=page
    )
    owner.post(page, {"version": "2", "company": "Acme", "tags": "vip, fair"}, at=page)
    shown = owner.get(page).text
    assert "people.csv, row 2" in shown
    assert "Owner" in shown
    owner.post(f"{page}/delete", {"version": "2"}, at=page)
    owner.get(page, status=404)
    kept = (
        importer.session.query(ContactChange)
        .filter_by(contact_id=ann.id)
        .order_by(ContactChange.id)
        .all()
    )
    edit, deletion = kept  # and nothing of the edit that changed nothing
    assert (edit.kind, edit.user_id) == ("edit", people["owner"])
    assert edit.before == {
        "company": None,
        "email": "ann@example.com",
        "email_key": "ann@example.com",
        "tags": [],
    }
    assert edit.after == {
        "company": "Acme",
        "email": None,
        "email_key": None,
        "tags": ["vip", "fair"],
    }
    assert (deletion.kind, deletion.before["first_name"], deletion.after) == (
        "delete",
        "Ann",
        {},
    )


@pytest.mark.usefixtures("book")
def test_an_edit_that_cannot_be_saved_keeps_what_was_typed(owner, session):
    page = "/contacts/1"
    taken = {"version": "1", "email": "P2@example.com", "first_name": "Typed"}
    answer = owner.post(page, taken, at=page, status=409).text
    assert "Another contact has this e-mail or external ID." in answer
    assert 'value="Typed"' in answer
    assert '<td data-label="Value">Typed' not in answer
    session.execute(
        text("UPDATE contacts SET version = 2, company = 'Meanwhile' WHERE id = 1")
    )
    session.commit()
    stale = owner.post(page, {"version": "1", "company": "Mine"}, at=page, status=409).text
    assert 'value="Mine"' in stale
    assert "Now: Meanwhile" in stale
    assert 'name="version" value="2"' in stale  # saving again puts it in
    owner.post(page, {"version": "2", "company": "Mine"}, at=page)
    assert session.scalar(text("SELECT company FROM contacts WHERE id = 1")) == "Mine"
    assert session.query(ContactChange).count() == 1


def test_what_an_edit_leaves_alone_stays_to_the_letter(owner, importer):
    importer.run("Email,Phone\nann@example.com,030 1234567\n", default_country="DE")
    ann = importer.session.query(Contact).one()
    key = ann.phone_key
    assert key == "+49301234567"
    page = f"/contacts/{ann.id}"
    owner.post(page, {"version": "1", "phone": ann.phone, "company": "Acme"}, at=page)
    importer.session.expire_all()
    assert (ann.company, ann.phone_key) == ("Acme", key)
    assert importer.session.query(ContactChange).one().after == {"company": "Acme"}
    owner.post(page, {"version": "2", "phone": ""}, at=page)
    importer.session.expire_all()
    assert (ann.phone, ann.phone_key) == (None, None)


LINES = {
    "street": "1 Main Street\nFlat 4",
    "notes": "First\n\n\tSecond",
    "custom:Greeting": "Dear Ann,\nhello",
}


@pytest.fixture
def ann(importer):
    """A contact with several lines in each field that may have them, from a file with Windows'
    line ends.
    """
    cells = ",".join('"{}"'.format(text.replace("\n", "\r\n")) for text in LINES.values())
    columns = ["email", "first_name", "tags", *LINES]
    importer.run(
        f"Email,First name,Tags,A,B,C\nann@example.com,Ann,fair; vip,{cells}\n",
        mapping=columns,
    )
    return importer.session.query(Contact).one()


def test_saving_one_field_leaves_the_lines_of_the_others(owner, ann, session):
    page = f"/contacts/{ann.id}"
    assert {name: journal.form_values(ann)[name] for name in LINES} == LINES
    form = Form(owner.get(f"{page}/edit").text, page).values
    owner.post(page, {**form, "company": "Acme"}, at=page)
    form = Form(owner.get(f"{page}/edit").text, page).values
    owner.post(page, form, at=page)
    form = Form(owner.get(f"{page}/edit").text, page).values
    owner.post(
        page, {**form, "notes": "First\r\nThird", "tags": form["tags"] + ", new "}, at=page
    )
    edits = session.query(ContactChange).order_by(ContactChange.id).all()
    assert [edit.after for edit in edits] == [
        {"company": "Acme"},
        {"notes": "First\nThird", "tags": ["fair", "vip", "new"]},
    ]
    session.expire_all()
    assert journal.form_values(ann)["street"] == LINES["street"]


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n", "\u2028"])
def test_every_line_end_is_kept_as_one_kind(owner, ann, session, line_end):
    page = f"/contacts/{ann.id}"
    typed = {"street": f"1 High Street{line_end}Flat 2", "city": f"New{line_end}York"}
    owner.post(page, {"version": "1", **typed}, at=page)
    (edit,) = session.query(ContactChange).all()
    assert edit.after == {"street": "1 High Street\nFlat 2", "city": "New York"}


def test_a_page_that_came_too_late_leaves_alone_what_was_not_typed(owner, ann, session):
    page = f"/contacts/{ann.id}"
    form = Form(owner.get(f"{page}/edit").text, page).values
    owner.post(page, {**form, "company": "Theirs", "city": "Ulm"}, at=page)
    late = owner.post(page, {**form, "city": "Oslo"}, at=page, status=409).text
    again = Form(late, page).values
    assert (again["company"], again["city"]) == ("Theirs", "Oslo")
    owner.post(page, again, at=page)
    edits = session.query(ContactChange).order_by(ContactChange.id).all()
    assert edits[-1].after == {"city": "Oslo"}


def test_several_addresses_typed_into_one_field_are_all_kept(ann, importer, session):
    contact = session.get(Contact, ann.id, populate_existing=True)
    typed = {"email": "ann@example.com; a@example.org"}
    journal.edit_contact(session, contact.id, contact.version, typed, importer.user_id)
    assert (contact.email, contact.email_key) == ("ann@example.com", "ann@example.com")
    assert [one["value"] for one in contact.further_emails] == ["a@example.org"]
    assert set(contact.custom) == {"Greeting"}


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"phone": "4.91E+11"}, "phone_shortened"),
        ({"email": "/o=Exchange/cn=ann"}, "email_exchange"),
    ],
)
def test_what_a_file_may_leave_out_a_person_is_asked_for(ann, importer, session, typed, code):
    contact = session.get(Contact, ann.id, populate_existing=True)
    with pytest.raises(Refusal) as refusal:
        journal.edit_contact(session, contact.id, contact.version, typed, importer.user_id)
    assert [found["code"] for found in refusal.value.facts["problems"]] == [code]
