"""Two contacts become one: what it has afterwards, and what is refused."""

import pytest
from sqlalchemy import select

from webapp.contacts import journal, merging
from webapp.models import Contact, ContactChange, ContactMerge
from webapp.vocabulary.choices import Side
from webapp.vocabulary.refusals import Refusal


@pytest.fixture
def person(session):
    """A new contact with these values; its number."""

    def made(**values: str) -> int:
        contact = journal.create_contact(session, values)
        session.commit()
        return contact.id

    return made


def test_fields_that_are_blank_are_filled_in_and_lists_are_united(session, person):
    kept = person(
        email="ann@example.com", first_name="Ann", tags="a, b", external_id="7", notes="Hers"
    )
    other = person(
        email="bea@example.com", last_name="Lee", tags="b, c", phone="+49 30 1234567",
        notes="His", first_name="Bea",
    )  # fmt: skip

    contact = merging.merge_contacts(session, kept, other, 1).contact
    session.commit()

    assert (contact.first_name, contact.last_name, contact.external_id) == ("Ann", "Lee", "7")
    assert (contact.email, contact.notes, contact.tags) == (
        "ann@example.com",
        "Hers",
        ["a", "b", "c"],
    )
    assert [one["key"] for one in contact.further_emails] == ["bea@example.com"]
    assert contact.phone_key == "+49301234567"
    assert session.get(Contact, other) is None
    assert merging.leads_to(session, other) == kept


def test_the_person_chooses_field_by_field(session, person):
    kept = person(email="ann@example.com", external_id="7", first_name="Ann")
    other = person(email="bea@example.com", external_id="8", company="Lee & Co")
    choices = {
        "external_id": Side.OTHER,
        "email": Side.OTHER,
        "company": Side.KEPT,
        "first_name": Side.OTHER,
    }

    contact = merging.merge_contacts(session, kept, other, 1, choices=choices).contact
    session.commit()

    assert (contact.external_id, contact.company, contact.first_name) == ("8", None, None)
    assert (contact.email, contact.email_key) == ("bea@example.com", "bea@example.com")
    assert [one["key"] for one in contact.further_emails] == ["ann@example.com"]


def test_a_merge_that_changes_no_field_stands_on_the_contact_all_the_same(session, person):
    kept, other = person(first_name="Ann"), person(first_name="Ann")
    merging.merge_contacts(session, kept, other, 1)
    session.commit()

    entries = session.scalars(select(ContactChange).order_by(ContactChange.id)).all()
    assert [(one.contact_id, one.kind) for one in entries] == [
        (other, "delete"),
        (kept, "edit"),
    ]
    merge = session.scalars(select(ContactMerge)).one()
    assert (merge.deletion_id, merge.change_id) == tuple(one.id for one in entries)


@pytest.mark.parametrize("which", [0, 1])
def test_a_contact_that_changed_since_is_not_merged(session, person, which):
    both = [person(first_name="Ann"), person(first_name="Bea")]
    seen = {both[which]: 7}
    with pytest.raises(Refusal, match="merge_changed"):
        merging.merge_contacts(session, *both, 1, versions=seen)


def test_what_cannot_be_merged_says_so(session, person):
    ann, bea, cleo = person(first_name="Ann"), person(first_name="Bea"), person(first_name="C")
    with pytest.raises(Refusal, match="merge_same"):
        merging.merge_contacts(session, ann, ann, 1)
    merging.merge_contacts(session, bea, ann, 1)
    merging.merge_contacts(session, cleo, bea, 1)
    session.commit()

    with pytest.raises(Refusal, match="contact_merged") as refused:
        merging.merge_contacts(session, cleo, ann, 1)
    assert refused.value.facts == {"into": cleo}
    with pytest.raises(Refusal, match="merge_gone"):
        merging.merge_contacts(session, cleo, cleo + 1, 1)


def test_a_contact_has_no_more_addresses_than_it_may_have(session, person):
    lists = [[{"value": f"{side}{n}@example.com"} for n in range(11)] for side in "ab"]
    both = []
    for some in lists:
        contact = journal.create_contact(session, {}, addresses={"email": some})
        session.commit()
        both.append(contact.id)
    with pytest.raises(Refusal, match="merge_too_many"):
        merging.merge_contacts(session, *both, 1)
