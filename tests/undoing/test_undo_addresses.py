"""Undo of several e-mails and phones: each comes back by itself, in its place."""

from itertools import permutations

import pytest
from sqlalchemy import select, text

from tests.undoing.test_undo_any_order import book, entry, lines, undone
from webapp import db
from webapp.contacts import book_keys, journal
from webapp.contacts.addresses import addresses_of
from webapp.models import Contact, ContactChange
from webapp.retention import expiry
from webapp.undoing import undo, undo_by_hand

HEAD = "ID,Email,First name,Phone"
A, B, C, X, Y = (f"{name}@example.com" for name in "abcxy")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A slow machine does not decide."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


@pytest.fixture
def ann(importer, session) -> Contact:
    importer.run(lines(f"1,{A},Ann,+49 30 1234567", "2,ben@example.com,Ben,", head=HEAD))
    return session.scalars(select(Contact).where(Contact.external_id == "1")).one()


@pytest.fixture
def edit(importer, session):
    """Give a contact these e-mails, each a text or a text with its label: the entry's number."""

    def act(contact: Contact, *emails: str | tuple[str, str], kind: str = "email") -> int:
        session.refresh(contact)
        pairs = [(one, None) if isinstance(one, str) else one for one in emails]
        given = [{"value": value, "label": label} for value, label in pairs]
        journal.edit_contact(
            *(session, contact.id, contact.version, {}, importer.user_id),
            addresses={kind: given},
        )
        session.commit()
        return entry(session, "edit")

    return act


@pytest.fixture
def take_back(importer, session):
    """Undo a change by hand; its preview said just that."""

    def act(number: int) -> undo_by_hand.ChangeUndone:
        planned = undo_by_hand.preview_change(session, number)
        done = undo_by_hand.undo_change(session, number, importer.user_id)
        session.commit()
        assert planned == done
        return done

    return act


def held(session, contact: Contact, kind: str = "email") -> list[str]:
    session.expire_all()
    return [one["value"] for one in addresses_of(contact, kind)]


def update(importer, email: str, number: str = "1"):
    return importer.run(lines(f"{number},{email}"), "update", match_keys=["external_id"])


def test_the_main_one_that_an_import_replaced_comes_back_before_what_a_person_added(
    importer, session, ann, edit
):
    edit(ann, A, (B, "work"))
    changed = update(importer, X)
    edit(ann, X, (B, "work"), (C, "home"))
    assert held(session, ann) == [X, B, C]
    planned = undone(importer, session, changed.id)
    assert (planned.restored, planned.kept) == (1, 0)
    assert held(session, ann) == [A, B, C]
    assert ann.further_emails[0]["label"] == "work"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_order_labels_and_main_one_are_back_in_any_order(
    importer, session, ann, edit, take_back, order
):
    edit(ann, A, (B, "work"), C)
    session.execute(text("DELETE FROM contact_changes"))
    session.commit()
    before = book(session)
    steps = [
        edit(ann, C, A, (B, "home")),
        update(importer, X).id,
        edit(ann, (B, "home"), X),
        edit(ann, Y, X, (B, "other"), "z@example.com"),
    ]
    for place in order:
        if isinstance(steps[place], int):
            take_back(steps[place])
        else:
            undone(importer, session, steps[place])
    assert book(session) == before


def test_an_undo_under_later_changes_leaves_the_main_one_and_lists_it(
    importer, session, ann, edit
):
    """The address that the import took away is back, behind the one that a person chose."""
    changed = update(importer, X)
    edit(ann, Y)
    planned = undone(importer, session, changed.id)
    (kept,) = planned.conflicts
    assert (kept["field"], kept["code"], kept["wanted"], kept["now"]) == (
        "email",
        "edited_since",
        A,
        Y,
    )
    assert held(session, ann) == [Y, A]


def test_what_later_changes_keep_is_listed_as_addresses(importer, session, ann, edit):
    changed = update(importer, X)
    edit(ann, (X, "work"), (B, "home"))
    planned = undone(importer, session, changed.id)
    lists = {kept["field"]: (kept["wanted"], kept["now"]) for kept in planned.conflicts}
    assert lists == {"email": (None, [{"value": X, "label": "work"}])}
    assert held(session, ann) == [A, X, B]


def test_a_further_address_waits_for_its_key_and_goes_to_its_place(
    importer, session, ann, edit, take_back
):
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    edit(ann, A, B, C)
    removed = edit(ann, A, C)
    given = edit(ben, "ben@example.com", B)
    done = take_back(removed)
    (kept,) = done.kept
    assert (kept["field"], kept["code"], kept["wanted"], kept["now"]) == (
        "email",
        "key_taken_on_undo",
        B,
        None,
    )
    assert held(session, ann) == [A, C]
    take_back(given)
    assert held(session, ann) == [A, B, C]
    assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))


def test_several_addresses_that_are_taken_are_one_line(importer, session, ann, edit):
    """Two contacts hold what an import took, so two claims wait."""
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    edit(ann, A, B)
    number, version = ann.id, ann.version
    journal.delete_contact(session, number, version, importer.user_id)
    session.commit()
    edit(ben, A, B)
    done = undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)
    session.commit()
    (kept,) = done.kept
    assert (kept["code"], kept["wanted"], kept["by_person"]) == (
        "key_taken_on_undo",
        [A, B],
        "someone@example.com",
    )
    assert held(session, session.get_one(Contact, number)) == []


def test_a_deletion_brings_back_all_but_what_was_taken_and_the_rest_moves_up(
    importer, session, ann, edit, take_back
):
    ben = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
    edit(ann, A, (B, "work"), C)
    before = book(session)
    number = ann.id
    journal.delete_contact(session, number, ann.version, importer.user_id)
    session.commit()
    taken = edit(ben, "ben@example.com", A)
    take_back(entry(session, "delete"))
    again = session.get_one(Contact, number)
    assert held(session, again) == [B, C]
    take_back(taken)
    assert held(session, again) == [A, B, C]
    assert book(session) == before


def test_phones_come_back_by_key_or_by_text(importer, session, ann, edit, take_back):
    before = book(session)
    first = edit(
        ann, "+49 30 1234567", ("call the desk", "work"), "+49 30 1234568", kind="phone"
    )
    second = edit(ann, "+49 30 1234568", ("Call the desk", "work"), kind="phone")
    take_back(first)
    assert held(session, ann, "phone") == ["Call the desk"]
    take_back(second)
    assert book(session) == before


def test_what_is_renewed_in_lists_is_no_change_to_an_undo(
    importer, session, settings, ann, edit, take_back, monkeypatch
):
    """A number that is none by today's rules loses its key in contacts and journal alike."""
    wrong = "+4930999999999"
    for sql in (
        "UPDATE contacts SET further_phones = :phones WHERE id = :id",
        "UPDATE installation SET key_rules = 0",
    ):
        phones = f'[{{"value": "{wrong}", "key": "{wrong}", "label": "work"}}]'
        session.execute(text(sql), {"phones": phones, "id": ann.id} if ":id" in sql else {})
    session.commit()
    number = edit(ann, "+49 30 1234567", kind="phone")
    monkeypatch.setattr(book_keys.phones, "is_key", lambda key: key != wrong)
    with db.connect_job(settings.database_url) as conn:
        assert book_keys.renew_slice(conn, lambda: False)
    session.expire_all()
    assert session.get_one(ContactChange, number).before["further_phones"][0]["key"] is None
    assert take_back(number).restored == ["phone"]
    assert addresses_of(ann, "phone")[1] == {"value": wrong, "key": None, "label": "work"}


def forget(session, settings, import_id) -> None:
    session.execute(
        text("UPDATE contact_imports SET expired_at = now() WHERE id = :id"), {"id": import_id}
    )
    session.commit()
    with db.connect_job(settings.database_url) as conn:
        while expiry.forget(conn, 30):
            pass


@pytest.mark.parametrize("later", ["import", "edit"])
def test_what_a_forgotten_undo_brought_back_stays_when_the_next_change_is_undone(
    importer, session, settings, ann, edit, take_back, later
):
    edit(ann, A, (B, "work"))
    session.execute(text("DELETE FROM contact_changes"))
    session.commit()
    before = book(session)
    first = update(importer, X)
    second = update(importer, Y).id if later == "import" else edit(ann, (B, "home"), Y, X)
    undone(importer, session, first.id)
    assert A in held(session, ann)
    forget(session, settings, first.id)
    if later == "import":
        undone(importer, session, second)
    else:
        take_back(second)
    assert book(session) == before


def test_a_forgotten_change_that_stands_stands_for_good(
    importer, session, settings, ann, edit
):
    """Which addresses it changed is not known any more, so older changes of e-mails stay too."""
    older = update(importer, X)
    newer = update(importer, Y)
    forget(session, settings, newer.id)
    planned = undone(importer, session, older.id)
    assert (planned.restored, planned.kept) == (0, 1)
    assert held(session, ann) == [Y]
    (kept,) = undo.kept(session, older.id)
    assert (kept.code, kept.changed_by_import) == ("changed_by_later_import", newer.id)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_with_several_addresses_are_undone_in_any_order(
    importer, session, ann, edit, order
):
    edit(ann, A, (B, "work"))
    before = book(session)
    head = "ID,E-mail,E-mail label,E-mail 2,E-mail 2 label"
    done = [
        importer.run(lines(f"1,{A},home,{C},home", head=head), "merge").id,
        importer.run(
            lines(f"1,{X},work,{Y},", head=head), "update", match_keys=["external_id"]
        ).id,
    ]
    assert held(session, ann) == [X, B, C, Y]
    for place in order:
        undone(importer, session, done[place])
    assert book(session) == before
