"""Several e-mails and phones on a contact's page: shown, added, removed, another one made the
main.
"""

import re

import pytest
from sqlalchemy import text

from tests.harness.web import Form
from webapp.limits import MOST_ADDRESSES
from webapp.models import Contact, ContactChange


@pytest.fixture
def ann(importer):
    importer.run(
        "Email,Phone,First name\nann@example.com,+4930123456,Ann\nben@example.com,,Ben\n"
    )
    return importer.session.query(Contact).filter_by(first_name="Ann").one()


def untouched(browser, contact_id: int) -> dict[str, str]:
    page = f"/contacts/{contact_id}"
    return Form(browser.get(f"{page}/edit").text, page).values


def save(browser, contact, status: int = 302, **typed: str):
    page = f"/contacts/{contact.id}"
    form = {**untouched(browser, contact.id), **typed}
    return browser.post(page, form, at=page, status=status).text


def addresses(session, contact, kind: str = "email") -> list[tuple[str, str | None]]:
    session.expire_all()
    main = [(getattr(contact, kind), getattr(contact, f"{kind}_label"))]
    further = [(one["value"], one["label"]) for one in getattr(contact, f"further_{kind}s")]
    return [*main, *further]


def test_one_after_the_other_is_added_labelled_made_the_main_one_and_removed(
    owner, ann, session
):
    save(owner, ann, **{"email-2": "ann@home.example", "email_label-2": "home"})
    assert addresses(session, ann) == [("ann@example.com", None), ("ann@home.example", "home")]
    save(owner, ann, **{"email-3": "a@example.org", "email_main": "3", "email_label": "work"})
    assert addresses(session, ann) == [
        ("a@example.org", None), ("ann@example.com", "work"), ("ann@home.example", "home"),
    ]  # fmt: skip
    save(owner, ann, email_remove="1")
    assert addresses(session, ann) == [
        ("ann@example.com", "work"),
        ("ann@home.example", "home"),
    ]
    save(owner, ann, email="")
    assert addresses(session, ann) == [("ann@home.example", "home")]
    save(owner, ann, email_remove="1", phone_label="mobile")
    assert addresses(session, ann) == [(None, None)]
    assert addresses(session, ann, "phone") == [("+4930123456", "mobile")]
    save(owner, ann)
    save(owner, ann, company="Acme")
    edits = session.query(ContactChange).order_by(ContactChange.id).all()
    assert len(edits) == 6  # and nothing of the one that changed nothing
    assert edits[-1].after == {"company": "Acme"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email-2": "BEN@example.com"}, "Another contact has “BEN@example.com”."),
        ({"email-2": "ben at example"}, "Write the e-mail with an @"),
        ({"email-2": "ben@example"}, "Write the e-mail as in name@example.com."),
        ({"email-2": "ANN@example.com"}, "“ANN@example.com” stands here twice."),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_line(owner, ann, session, typed, words):
    shown = save(owner, ann, 422, **typed, company="Acme")
    assert words in shown
    assert 'aria-describedby="email-2-wrong"' in shown
    again = Form(shown, f"/contacts/{ann.id}").values
    assert (again["email-2"], again["company"]) == (typed["email-2"], "Acme")
    assert addresses(session, ann) == [("ann@example.com", None)]
    assert session.query(ContactChange).count() == 0


def test_the_contact_that_has_an_address_already_is_one_click_away(owner, ann, session):
    ben = session.query(Contact).filter_by(first_name="Ben").one()
    save(owner, ben, **{"email-2": "second@example.com"})
    shown = save(owner, ann, 422, **{"email-2": "second@example.com"})
    assert f'href="/contacts/{ben.id}">Open that contact' in shown


def test_a_contact_has_twenty_at_most(owner, ann, session):
    some = {f"phone-{n}": f"+49301234{n:02}" for n in range(2, MOST_ADDRESSES + 1)}
    save(owner, ann, **some)
    assert len(addresses(session, ann, "phone")) == MOST_ADDRESSES
    form = untouched(owner, ann.id)
    assert (
        f"phone-{MOST_ADDRESSES + 1}" not in form
    )  # no line is offered that cannot be filled
    shown = save(owner, ann, 422, **{f"phone-{MOST_ADDRESSES + 1}": "+4930999999"})
    assert "A contact can have at most 20 of these." in shown


def test_a_page_that_came_too_late_keeps_the_list_that_was_typed(owner, ann, session):
    page = f"/contacts/{ann.id}"
    form = untouched(owner, ann.id)
    save(owner, ann, **{"phone-2": "+4930777777"})
    late = owner.post(page, {**form, "email-2": "late@example.com"}, at=page, status=409).text
    again = Form(late, page).values
    assert (again["email-2"], again["phone-2"]) == ("late@example.com", "+4930777777")
    assert "Now: ann@example.com" in late
    owner.post(page, again, at=page)
    assert addresses(session, ann)[1] == ("late@example.com", None)
    assert addresses(session, ann, "phone")[1] == ("+4930777777", None)


def test_who_may_only_look_sees_all_and_changes_nothing(owner, viewer, ann):
    save(owner, ann, **{"email-2": "ann@home.example", "email_label-2": "home"})
    page = viewer.get(f"/contacts/{ann.id}/edit").text
    assert 'value="ann@home.example"' in page
    assert "email_remove" not in page
    assert not re.search(r'name="email-3"', page)


def test_a_change_of_the_list_reads_as_people_write_it(owner, ann, session):
    save(owner, ann, **{"email-2": "ann@home.example", "email_label-2": "home"})
    changes = owner.get("/contacts/changes").text
    assert "ann@home.example (home)" in changes
    assert "Further e-mails" in changes
    assert "&#39;key&#39;" not in changes
    assert session.scalar(text("SELECT count(*) FROM contact_changes")) == 1
