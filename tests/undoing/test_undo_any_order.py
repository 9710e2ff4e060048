"""Undo in any order: the histories that broke the first rule for keys, changes by hand, and
what a removal leaves.
"""

from datetime import datetime
from itertools import permutations

import pytest
from sqlalchemy import select, text

from tests.undoing.test_undo import MOVING
from webapp import db
from webapp.contacts import journal
from webapp.models import Contact, ContactChange
from webapp.retention import expiry
from webapp.undoing import undo, undo_by_hand, undo_preview
from webapp.vocabulary.refusals import Refusal

MANY = 1500  # more than an undo takes in one batch
FULL = "ID,Email,First name,Tags"
COUNTS = ("removed", "restored", "kept")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A slow machine does not decide."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


def book(session) -> list[dict]:
    found = session.execute(text(f"SELECT to_jsonb(c) - {MOVING} FROM contacts c ORDER BY id"))
    return list(found.scalars())


def undone(importer, session, import_id):
    """Undo the import; its preview said just that, counts and list."""
    planned = undo_preview.preview(session, import_id)
    session.commit()
    done = importer.undo(import_id)
    assert done.state == "rolled_back"
    assert [getattr(planned, name) for name in COUNTS] == [
        done.rollback[name] for name in COUNTS
    ]
    listed = [
        (one.contact_id, one.field, one.code, one.wanted, one.now)
        for one in undo.kept(session, import_id)
    ]
    told = "contact_id", "field", "code", "wanted", "now"
    foretold = [tuple(one[name] for name in told) for one in planned.conflicts]
    if len(foretold) < undo_preview.LISTED:
        assert sorted(foretold, key=str) == sorted(listed, key=str)
    return planned


def lines(*rows: str, head: str = "ID,Email") -> str:
    return "\n".join([head, *rows]) + "\n"


SWAPPED = lines("1,b@example.com", "2,a@example.com")
ROTATED = lines("1,b@example.com", "2,c@example.com", "3,a@example.com")
HALF = lines("1,b@example.com", "2,z@example.com")
AWAY = lines("1,x@example.com", "2,y@example.com", "3,z@example.com")


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("later", [SWAPPED, ROTATED, HALF])
def test_swapped_and_rotated_addresses_come_back_in_any_order(importer, session, later, order):
    importer.run(lines("1,a@example.com", "2,b@example.com", "3,c@example.com"))
    before = book(session)
    files = AWAY, later, ROTATED
    done = [importer.run(file, "update", match_keys=["external_id"]).id for file in files]
    for number in order:
        undone(importer, session, done[number])
    assert book(session) == before


def test_the_swap_is_restored_by_the_second_undo(importer, session):
    importer.run(lines("1,a@example.com", "2,b@example.com"))
    before = book(session)
    first = importer.run(
        lines("1,x@example.com", "2,y@example.com"), "update", match_keys=["external_id"]
    )
    second = importer.run(SWAPPED, "update", match_keys=["external_id"])
    undone(importer, session, first.id)
    planned = undone(importer, session, second.id)
    assert (planned.restored, planned.kept) == (2, 0)
    assert book(session) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_many_contacts_renumbered_twice(importer, session, order):
    """Across the undo's batches: each contact waits for the number that the next one holds."""
    importer.run(lines(*(f"{n},p{n}@example.com" for n in range(MANY))))
    before = book(session)
    shifts = "n{}", "{}"
    done = [
        importer.run(lines(*(f"{shift.format((n + 1) % MANY)},p{n}@example.com" for n in range(MANY))), "update",
                     match_keys=["email"], batch_size=1000).id
        for shift in shifts
    ]  # fmt: skip
    for number in order:
        undone(importer, session, done[number])
    assert book(session) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_address_held_by_a_contact_that_an_undone_import_created(importer, session, order):
    """Anna gets a new address, her old one becomes a contact of its own, and a later import
    changes that one.
    """
    importer.run(lines("1,anna@example.com"))
    before = book(session)
    done = [
        importer.run(lines("1,anna.new@example.com", ",anna@example.com"), "update").id,
        importer.run(lines("anna@example.com,Acme", head="Email,Company"), "update").id,
    ]
    assert len(book(session)) == 2
    for number in order:
        undone(importer, session, done[number])
    assert book(session) == before


def test_three_undos_of_one_field_need_no_handing_over(importer, session):
    importer.run(lines("1,Ann", head="ID,First name"))
    before = book(session)
    for order in permutations(range(3)):
        done = [
            importer.run(lines(f"1,{name}", head="ID,First name"), "update").id
            for name in ("A", "B", "C")
        ]
        for number in order:
            undone(importer, session, done[number])
        assert book(session) == before


@pytest.fixture
def ann(importer, session) -> Contact:
    people = '1,ann@example.com,Ann,"x,y",39', "2,ben@example.com,Ben,,"
    importer.run(lines(*people, head="ID,Email,First name,Tags,Shoe"))
    return session.scalars(select(Contact).where(Contact.external_id == "1")).one()


def entry(session, kind: str) -> int:
    newest = (
        select(ContactChange.id)
        .where(ContactChange.kind == kind)
        .order_by(ContactChange.id.desc())
    )
    return session.scalars(newest).all()[0]


def test_a_deletion_by_hand_is_undone_under_the_same_number(importer, session, ann):
    before = book(session)
    journal.delete_contact(session, ann.id, ann.version, importer.user_id)
    session.commit()
    assert len(book(session)) == 1
    planned = undo_by_hand.preview_change(session, entry(session, "delete"))
    assert len(book(session)) == 1
    did = undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)
    session.commit()
    assert (did.there, did.kept) == (True, [])
    assert set(did.restored) == {"external_id", "email", "first_name", "tags", "custom:Shoe"}
    assert planned == did
    assert book(session) == before
    with pytest.raises(Refusal, match="change_undone"):
        undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)


def test_a_key_taken_meanwhile_stays_away_until_it_is_free(importer, session, ann):
    before = book(session)
    number = ann.id
    journal.delete_contact(session, ann.id, ann.version, importer.user_id)
    session.commit()
    taker = importer.run(lines("7,ann@example.com"))
    did = undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)
    session.commit()
    (kept,) = did.kept
    assert (kept["contact_id"], kept["field"], kept["code"]) == (
        number,
        "email",
        "key_taken_on_undo",
    )
    assert (kept["wanted"], kept["now"], kept["by_file"]) == (
        "ann@example.com",
        None,
        "people.csv",
    )
    assert session.get_one(Contact, number).email is None
    undone(importer, session, taker.id)
    assert book(session) == before


@pytest.mark.parametrize("taker_first", [True, False])
@pytest.mark.parametrize("writer", ["edit", "import"])
def test_a_key_that_stayed_away_comes_back_when_what_filled_its_field_is_undone(
    importer, session, ann, writer, taker_first
):
    """The field was empty when it was filled, since the contact had come back without its
    address.
    """
    before = book(session)
    number = ann.id
    journal.delete_contact(session, number, ann.version, importer.user_id)
    session.commit()
    taker = importer.run(lines("7,ann@example.com"))
    undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)
    session.commit()

    if writer == "edit":
        version = session.get_one(Contact, number, populate_existing=True).version
        journal.edit_contact(
            session, number, version, {"email": "new@example.com"}, importer.user_id
        )
        session.commit()
    else:
        filling = importer.run(
            lines("1,new@example.com"), "update", match_keys=["external_id"]
        )
    assert session.get_one(Contact, number, populate_existing=True).email == "new@example.com"

    def undo_writer() -> None:
        if writer == "edit":
            undo_by_hand.undo_change(session, entry(session, "edit"), importer.user_id)
            session.commit()
        else:
            undone(importer, session, filling.id)

    steps = [lambda: undone(importer, session, taker.id), undo_writer]
    for step in steps if taker_first else reversed(steps):
        step()
    assert book(session) == before
    assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))


def test_what_was_undone_while_a_contact_was_deleted_is_caught_up_with(importer, session, ann):
    before = book(session)
    changed = importer.run(
        lines("1,Zoe,x", head="ID,First name,Tags"), "update", match_keys=["external_id"]
    )
    session.refresh(ann)
    journal.delete_contact(session, ann.id, ann.version, importer.user_id)
    session.commit()
    planned = undone(importer, session, changed.id)
    assert (planned.restored, planned.kept, len(planned.conflicts)) == (0, 0, 1)
    undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)
    session.commit()
    assert book(session) == before


def test_an_edit_is_undone_and_then_the_import_that_it_kept(importer, session, ann):
    number = ann.id
    journal.edit_contact(
        session, number, ann.version, {"first_name": "Z", "tags": "q, x"}, importer.user_id
    )
    session.commit()
    created = session.get_one(Contact, number).imported_from
    planned = undone(importer, session, created)
    assert (planned.removed, planned.kept) == (1, 1)
    did = undo_by_hand.undo_change(session, entry(session, "edit"), importer.user_id)
    session.commit()
    assert did.there is False
    assert book(session) == []


def test_an_edit_under_a_later_import_stays_and_says_which(importer, session, ann):
    journal.edit_contact(
        session, ann.id, ann.version, {"first_name": "Z", "company": "Q"}, importer.user_id
    )
    session.commit()
    importer.run(lines("1,Later", head="ID,First name"), "update")
    did = undo_by_hand.undo_change(session, entry(session, "edit"), importer.user_id)
    session.commit()
    assert did.restored == ["company"]
    (kept,) = did.kept
    assert (kept["field"], kept["code"], kept["by_file"]) == (
        "first_name",
        "changed_by_later_import",
        "people.csv",
    )
    assert (kept["wanted"], kept["now"]) == ("Ann", "Later")
    found = session.get_one(ContactChange, entry(session, "edit"))
    assert (found.undone_by, found.undone_at is None) == (importer.user_id, False)


def test_an_edit_of_a_deleted_contact_says_what_to_do_first(importer, session, ann):
    journal.edit_contact(session, ann.id, ann.version, {"first_name": "Z"}, importer.user_id)
    journal.delete_contact(session, ann.id, ann.version, importer.user_id)
    session.commit()
    with pytest.raises(Refusal, match="contact_gone"):
        undo_by_hand.undo_change(session, entry(session, "edit"), importer.user_id)
    session.rollback()
    with pytest.raises(Refusal, match="change_unknown"):
        undo_by_hand.undo_change(session, 999_999, importer.user_id)
    session.rollback()
    session.execute(text("UPDATE contact_changes SET at = at - interval '1 year'"))
    with pytest.raises(Refusal, match="change_too_old"):
        undo_by_hand.undo_change(session, entry(session, "delete"), importer.user_id)


def test_a_removed_contact_leaves_import_and_row_in_the_journal_and_no_values(
    importer, session, ann
):
    """But since when it was there, by which an earlier day is told."""
    number, created, since = ann.id, ann.imported_from, ann.created_at
    undone(importer, session, created)
    left = session.scalars(
        select(ContactChange).where(ContactChange.contact_id == number)
    ).all()
    assert [(one.kind, one.import_id, one.row, one.after) for one in left] == [
        ("removed", created, 2, {})
    ]
    # PostgreSQL writes no zeros at the end of a fraction.
    told = {name: datetime.fromisoformat(text) for name, text in left[0].before.items()}
    assert told == {"(created_at)": since}


def test_a_change_that_was_undone_and_forgotten_does_not_come_back(
    importer, session, settings
):
    """A is undone while B stands, and its values are deleted in time.

    B's undo still leads to what was before A.
    """
    importer.run(lines('1,a@example.com,Ann,"x,y"', head=FULL))
    before = book(session)
    first = importer.run(
        lines('1,a2@example.com,Bea,"x,z"', head=FULL), "update", match_keys=["external_id"]
    )
    second = importer.run(
        lines('1,a3@example.com,Cleo,"q,y"', head=FULL), "update", match_keys=["external_id"]
    )
    undone(importer, session, first.id)
    session.execute(
        text("UPDATE contact_imports SET expired_at = now() WHERE id = :id"), {"id": first.id}
    )
    session.commit()
    with db.connect_job(settings.database_url) as conn:
        while expiry.forget(conn, 30):
            pass
    assert session.scalar(text("SELECT count(*) FROM contact_changes WHERE after = '{}'")) == 1
    undone(importer, session, second.id)
    assert book(session) == before
