"""The page of a pair: who may answer, and what it does with what it cannot use."""

import pytest
from sqlalchemy import select, text

from webapp.models import Contact, DuplicatePair

NAMES = ("Ann", "Anne")


@pytest.fixture
def pair(session) -> dict[str, int]:
    """Two contacts that may be one, as a search leaves them."""
    people = [Contact(first_name=name, last_name="Lee", company=name) for name in NAMES]
    session.add_all(people)
    session.flush()
    one, other = sorted(contact.id for contact in people)
    found = DuplicatePair(contact_id=one, other_id=other, score=12, evidence=["same_family"])
    found.version = found.other_version = 1
    session.add(found)
    session.commit()
    return {"contact_id": one, "other_id": other}


def press(browser, pair, status=302, **form):
    path = "/duplicates/{contact_id}/{other_id}".format(**pair)
    values = {"version": "1", "other_version": "1", **form}
    return browser.post(path, values, at="/duplicates", status=status)


def there(session) -> set[str]:
    session.rollback()
    return {*session.scalars(select(Contact.first_name))}


def test_fields_are_taken_as_chosen(sign_in, session, pair):
    press(sign_in("owner"), pair, answer="merge", **{"take:first_name": "other"})
    session.rollback()
    (kept,) = session.scalars(select(Contact))
    assert (kept.id, kept.first_name) == (pair["contact_id"], "Anne")
    assert kept.company == "Ann", "what is not chosen is the first one's"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"take:first_name": "both"}, 422),
        ({"take:first_name": "a\0b"}, 422),
        ({"version": "7"}, 409),
        ({"version": "x"}, 422),
        ({"other_version": str(2**63)}, 422),
    ],
)
def test_what_cannot_be_merged_stays(sign_in, session, pair, form, status):
    press(sign_in("owner"), pair, status, answer="merge", **form)
    assert there(session) == {*NAMES}


def test_a_contact_that_is_gone_is_not_merged(sign_in, session, pair):
    owner = sign_in("owner")
    session.execute(text("DELETE FROM contacts WHERE first_name = 'Anne'"))
    session.commit()
    press(owner, pair, 409, answer="merge")
    assert there(session) == {"Ann"}


def test_who_only_looks_sees_the_pair_and_answers_nothing(sign_in, session, pair):
    viewer = sign_in("viewer")
    assert "Merge into one" not in viewer.get("/duplicates").text
    for answer in ("merge", "later", "not_the_same"):
        press(viewer, pair, 403, answer=answer)
    assert there(session) == {*NAMES}


def test_numbers_that_are_no_pair(sign_in, pair):
    owner = sign_in("owner")
    owner.get(f"/duplicates/1/{10**30}", status=404)
    owner.get("/duplicates/5/2", status=404)
