"""A contact as a card to read, its history with what can be undone there, and a new one by hand."""

import re

from tests.harness.imports import table
from tests.harness.web import Form, as_read
from webapp.models import Contact

FIRST = "ID,Email,First name,Last name\n1,ann@example.com,Ann,Ash\n"
SECOND = "ID,Company,City,Shoe size\n1,Acme,Oslo,39\n"


def card(browser, contact) -> str:
    return browser.get(f"/contacts/{contact.id}").text


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", as_read(html)))


def test_a_card_has_the_filled_fields_alone_in_groups(owner, importer, session):
    importer.run(table("1,ann@example.com,Ann,Ash,Acme,vip|fair,39"))
    page = card(owner, session.query(Contact).one())
    assert re.findall(r"<h2><svg.*?</svg>([^<]+)</h2>", page) == [
        "Contact",
        "Work",
        "Personal",
    ]
    assert 'href="mailto:ann@example.com"' in page
    for words in ("Acme", "Shoe size", "39", "vip", "fair"):
        assert words in page
    assert "Postal code" not in page
    assert "<input name" not in page


def test_the_history_tells_each_row_and_edit_and_undoes_it(owner, importer, session, people):
    importer.user_id = people["owner"]
    importer.run(FIRST)
    importer.run(
        SECOND, "merge", mapping=["external_id", "company", "city", "custom:Shoe size"]
    )
    ann = session.query(Contact).one()
    owner.post(
        f"/contacts/{ann.id}", {"version": str(ann.version), "city": "Bergen"}, at="/contacts"
    )
    told = plain(card(owner, ann))
    assert "Edited : 1 field" in told
    assert "Merged from people.csv, row 2 : 3 fields filled" in told
    assert "Created from people.csv, row 2" in told

    undo = re.findall(r'<form method="post" action="([^"]+/undo[^"]*)"', card(owner, ann))
    assert len(undo) == 3  # of the edit, and of each row
    owner.post(undo[0], {}, at="/contacts")
    owner.post(undo[1], {}, at="/contacts")
    page = card(owner, ann)
    assert plain(page).count("Undone.") == 2
    assert page.count("/undo") == 1  # of the row that created the contact
    session.expire_all()
    assert (ann.city, ann.company, ann.custom) == (None, None, {})


def test_who_may_not_undo_is_offered_no_undo(
    owner, outsider, viewer, importer, session, people
):
    importer.user_id = people["owner"]
    importer.run(FIRST)
    importer.run(SECOND, "merge", mapping=["external_id", "company", "city", None])
    ann = session.query(Contact).one()
    assert "/undo" in card(owner, ann)
    assert "/undo" not in card(outsider, ann)
    assert "/undo" not in card(viewer, ann)
    assert "/edit" not in card(viewer, ann)


def test_a_new_contact_is_added_by_hand(owner, viewer, session):
    form = Form(owner.get("/contacts/new").text, "/contacts").values
    answer = owner.post(
        "/contacts",
        {**form, "first_name": "Zoë", "email": "Zoe@Example.com", "tags": "vip, new"},
        at="/contacts/new",
    )
    page = owner.get(answer.location).text
    assert "Zoë was added." in page
    assert "Added by hand" in page
    zoe = session.query(Contact).one()
    assert (zoe.email_key, zoe.tags, zoe.version) == ("zoe@example.com", ["vip", "new"], 1)
    viewer.get("/contacts/new", status=403)
    viewer.post("/contacts", form, at="/contacts", status=403)


def test_a_new_contact_that_cannot_be_keeps_what_was_typed(owner, session):
    form = Form(owner.get("/contacts/new").text, "/contacts").values
    blank = owner.post("/contacts", form, at="/contacts/new", status=422).text
    assert "New contact" in blank
    owner.post("/contacts", {**form, "email": "a@example.com"}, at="/contacts/new")
    typed = {**form, "email": "A@example.com", "company": "Acme"}
    taken = owner.post("/contacts", typed, at="/contacts/new", status=422).text
    assert "Another contact has “A@example.com”." in taken
    assert Form(taken, "/contacts").values["company"] == "Acme"
    assert session.query(Contact).count() == 1
    owner.post(
        "/contacts",
        {**form, "notes": "x" * 200_000, "first_name": "A"},
        at="/contacts/new",
        status=422,
    )
