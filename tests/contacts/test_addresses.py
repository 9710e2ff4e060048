"""Several e-mails and phones of a contact, edited by hand: what comes out, and what the journal
says.
"""

import pytest
from sqlalchemy import select

from webapp.contacts import journal
from webapp.contacts.addresses import addresses_of
from webapp.limits import MOST_ADDRESSES
from webapp.models import Contact, ContactChange
from webapp.vocabulary.refusals import Refusal


def email(name: str, label: str | None = None) -> dict:
    return {"value": f"{name}@example.com", "label": label}


@pytest.fixture
def ann(importer, session):
    importer.run(
        "ID,Email,First name,Phone\n1,ann@example.com,Ann,+49 30 1234567\n2,ben@example.com,Ben,\n"
    )
    return session.scalars(select(Contact).where(Contact.external_id == "1")).one()


@pytest.fixture
def edit(importer, session):
    def act(contact: Contact, values=None, **addresses) -> Contact:
        session.refresh(contact)
        return journal.edit_contact(
            *(session, contact.id, contact.version, values or {}, importer.user_id),
            addresses=addresses,
        )

    return act


def last(session) -> ContactChange:
    return session.scalars(select(ContactChange).order_by(ContactChange.id.desc())).first()


def shown(contact: Contact, kind: str = "email") -> list[tuple]:
    return [(one["value"], one["label"]) for one in addresses_of(contact, kind)]


WORK, HOME = "ann@work.example", "ann@home.example"
BOTH = [{"value": "ann@example.com", "label": None}, {"value": WORK, "label": "work"}]


def test_an_address_added_is_journalled_as_a_list(ann, edit, session):
    edit(ann, email=BOTH)
    assert shown(ann) == [("ann@example.com", None), (WORK, "work")]
    entry = last(session)
    assert entry.before == {"further_emails": []}
    assert entry.after == {"further_emails": [{"value": WORK, "key": WORK, "label": "work"}]}


def test_another_main_one_names_key_and_label(ann, edit, session):
    edit(ann, email=BOTH)
    edit(ann, email=BOTH[::-1])
    assert shown(ann) == [(WORK, "work"), ("ann@example.com", None)]
    assert last(session).after == {
        "email": WORK,
        "email_key": WORK,
        "email_label": "work",
        "further_emails": [
            {"value": "ann@example.com", "key": "ann@example.com", "label": None}
        ],
    }


def test_a_label_alone_is_a_change_by_hand(ann, edit, session):
    edit(ann, email=[{**BOTH[0], "label": "home"}])
    assert last(session).after == {
        "email": "ann@example.com",
        "email_key": "ann@example.com",
        "email_label": "home",
    }


def test_the_main_one_alone_is_edited_and_removed(ann, edit):
    edit(ann, email=[*BOTH, {"value": HOME, "label": "home"}])
    edit(ann, {"email": "Anna@example.com"})
    assert shown(ann) == [("Anna@example.com", None), (WORK, "work"), (HOME, "home")]
    edit(ann, {"email": HOME})
    assert shown(ann) == [(HOME, "home"), (WORK, "work")]
    edit(ann, {"email": ""})
    assert shown(ann) == [(WORK, "work")]
    edit(ann, email=[])
    assert (shown(ann), ann.email_key, ann.email_label) == ([], None, None)


def test_what_is_left_alone_stays_to_the_letter(ann, edit, session):
    """A national number keeps the key that an import knew from its country."""
    ann.phone, ann.further_phones = (
        "030 1234567",
        [{"value": "call the desk", "key": None, "label": None}],
    )
    session.commit()
    edit(
        ann,
        phone=[
            {"value": "030 1234567", "label": "home"},
            {"value": "call the desk", "label": "work"},
        ],
    )
    assert addresses_of(ann, "phone") == [
        {"value": "030 1234567", "key": "+49301234567", "label": "home"},
        {"value": "call the desk", "key": None, "label": "work"},
    ]


def test_everything_wrong_with_a_list_is_said_at_once(ann, edit, session):
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    given = [email("ann"), email("ANN"), {"value": "nobody", "label": None}, email("ben")]
    with pytest.raises(Refusal) as refusal:
        edit(ann, email=given)
    told = {
        (one["code"], one["at"], one["value"], one.get("contact"))
        for one in refusal.value.facts["problems"]
    }
    assert told == {
        ("address_twice", 1, "ANN@example.com", None),
        ("email_no_at", 2, "nobody", None),
        ("address_taken", 3, "ben@example.com", ben.id),
    }


def test_another_ones_further_address_is_taken(ann, edit, session):
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    edit(ben, email=[email("ben"), email("both")])
    session.commit()
    with pytest.raises(Refusal) as refusal:
        edit(ann, email=[email("ann"), email("both")])
    (told,) = refusal.value.facts["problems"]
    assert (told["code"], told["at"], told["contact"]) == ("address_taken", 1, ben.id)
    with pytest.raises(Refusal, match="contact_key_taken"):
        edit(ann, {"email": "Both@example.com"})


def test_at_most_so_many(ann, edit, session):
    edit(ann, email=[email(f"a{n}") for n in range(MOST_ADDRESSES)])
    assert len(shown(ann)) == MOST_ADDRESSES
    with pytest.raises(Refusal) as refusal:
        edit(ann, email=[email(f"a{n}") for n in range(MOST_ADDRESSES + 1)])
    assert [one["code"] for one in refusal.value.facts["problems"]] == ["too_many_addresses"]


def test_a_contact_may_be_left_with_a_further_one_alone(ann, edit):
    edit(ann, {"external_id": "", "first_name": "", "phone": ""}, email=BOTH)
    edit(ann, {"email": ""})
    assert shown(ann) == [(WORK, "work")]


def test_each_address_says_where_it_came_from(ann, edit, session):
    edit(ann, email=BOTH)
    edit(ann, email=[{**BOTH[1], "label": "home"}])
    told = journal.provenance(session, ann)
    assert (told["email"].kind, told["email"].before) == ("edit", "ann@example.com")
    assert told["email:ann@example.com"].before == {"value": "ann@example.com", "label": None}
    assert told[f"email:{WORK}"].before == {"value": WORK, "label": "work"}
    assert told["phone:+49301234567"].kind == "import"
