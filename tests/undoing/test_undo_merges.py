"""The undo of a merge: both contacts are what they were, but for what was changed since, and that
is listed.
"""

import pytest
from sqlalchemy import text

from tests.undoing.test_undo import MOVING
from webapp.contacts import journal, merging
from webapp.models import Contact, ContactChange, ContactMerge
from webapp.undoing import undo, undo_by_hand, undo_by_row
from webapp.vocabulary.choices import Side
from webapp.vocabulary.refusals import Refusal

pytestmark = pytest.mark.usefixtures("someone")
FULL = "ID,Email,First name,Company,Tags\n"
BOOK = FULL + '1,ann@example.com,Ann,,"a, b"\n2,bea@example.com,Bea,Lee,"b, c"\n'


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A slow machine does not decide."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


def book(session) -> dict[int, dict]:
    session.expire_all()
    found = session.execute(
        text(f"SELECT id, to_jsonb(c) - {MOVING} FROM contacts c ORDER BY id")
    )
    return {number: contact for number, contact in found}  # noqa: C416 - of rows


def merge(session, kept: int, other: int, **sides: Side) -> int:
    merged = merging.merge_contacts(session, kept, other, 1, choices=sides)
    session.commit()
    return merged.change_id


def unmerge(session, change: int) -> undo_by_hand.ChangeUndone:
    """Undo it; its preview said just that."""
    planned = undo_by_hand.preview_change(session, change)
    done = undo_by_hand.undo_change(session, change, 1)
    session.commit()
    assert planned == done
    return done


def edit(session, number: int, **values: str) -> None:
    version = session.get_one(Contact, number, populate_existing=True).version
    journal.edit_contact(session, number, version, values, 1)
    session.commit()


def told(kept) -> set[tuple]:
    return {(one["contact_id"], one["field"], one["code"]) for one in kept}


def listed(session, import_id) -> set[tuple]:
    return {(one.contact_id, one.field, one.code) for one in undo.kept(session, import_id)}


@pytest.fixture
def both(importer, session):
    """The numbers of two contacts that an import created, and the import."""
    created = importer.run(BOOK).id
    ann, bea = book(session)
    return ann, bea, created


@pytest.mark.parametrize("which", ["change_id", "deletion_id"])
@pytest.mark.parametrize("side", Side)
def test_the_book_is_what_it_was(both, session, side, which):
    ann, bea, _ = both
    before = book(session)
    merge(session, ann, bea, external_id=side, email=side, first_name=side, company=side)
    change = getattr(session.query(ContactMerge).one(), which)

    done = unmerge(session, change)

    assert book(session) == before
    assert (done.kind, done.contact_id, done.there) == ("merge", ann, True)
    assert (done.other_id, done.other_there, done.kept) == (bea, True, [])
    assert merging.leads_to(session, bea) is None
    with pytest.raises(Refusal, match="change_undone"):
        undo_by_hand.undo_change(session, change, 1)


def test_what_was_edited_since_stays_and_is_listed(both, session):
    ann, bea, _ = both
    before = book(session)
    change = merge(session, ann, bea)
    edit(session, ann, company="Wong", **{"custom:pet": "cat"})

    done = unmerge(session, change)

    assert told(done.kept) == {
        (ann, "company", "edited_since"),
        (ann, "custom:pet", "edited_since"),
    }
    now = book(session)
    assert now[bea] == before[bea]
    assert now[ann] == before[ann] | {"company": "Wong", "custom": {"pet": "cat"}}


def test_an_import_that_matched_by_a_merged_key_changed_the_kept_contact(
    both, importer, session
):
    ann, bea, _ = both
    before = book(session)
    change = merge(session, ann, bea)
    later = importer.run("Email,City\nbea@example.com,Leeds\n", strategy="update").id

    done = unmerge(session, change)

    assert told(done.kept) == {(ann, "city", "changed_by_later_import")}
    assert done.kept[0]["by_file"]
    now = book(session)
    assert (now[ann]["city"], now[bea]) == ("Leeds", before[bea])
    importer.undo(later)
    assert book(session) == before


def test_a_key_that_someone_else_has_by_now_is_listed_and_comes_back_when_it_is_free(
    both, session
):
    ann, bea, _ = both
    change = merge(session, ann, bea)
    edit(session, ann, email="ann@example.com")
    contact = session.get_one(Contact, ann, populate_existing=True)
    journal.edit_contact(
        session,
        ann,
        contact.version,
        {},
        1,
        addresses={"email": [{"value": "ann@example.com"}]},
    )
    thief = journal.create_contact(session, {"email": "bea@example.com"})
    session.commit()

    done = unmerge(session, change)

    assert (bea, "email", "key_taken_on_undo") in told(done.kept)
    assert book(session)[bea]["email"] is None
    number = thief.id
    edit(session, number, email="other@example.com")
    edit(session, number, first_name="Eve")
    last = session.execute(text("SELECT max(id) FROM contact_changes")).scalar()
    undo_by_hand.undo_change(session, last, 1)
    session.commit()
    assert book(session)[bea]["email"] == "bea@example.com"


def test_the_undo_of_the_import_lists_whom_it_created_and_unmerge_brings_neither_back(
    importer, session
):
    """Ann is the book's; the import created Bea, who was merged into her."""
    ann = journal.create_contact(session, {"first_name": "Ann", "email": "ann@example.com"}).id
    session.commit()
    before = book(session)
    created = importer.run("Email,Company\nbea@example.com,Lee\n").id
    (bea,) = set(book(session)) - {ann}
    change = merge(session, ann, bea)

    importer.undo(created)

    assert listed(session, created) == {(bea, None, "merged_since")}
    assert book(session)[ann]["company"] == "Lee"
    done = unmerge(session, change)
    assert book(session) == before
    assert (done.there, done.other_there) == (True, False)


def test_a_kept_contact_that_an_undone_import_created_goes_with_the_merge(importer, session):
    """Bea is the book's and is merged into Ann, whom the import created."""
    bea = journal.create_contact(session, {"first_name": "Ann", "email": "bea@example.com"}).id
    session.commit()
    before = book(session)
    created = importer.run("First name,Email\nAnn,ann@example.com\n").id
    (ann,) = set(book(session)) - {bea}
    change = merge(session, ann, bea)

    importer.undo(created)

    assert listed(session, created) == {(ann, None, "edited_since")}
    assert list(book(session)) == [ann]
    done = unmerge(session, change)
    assert book(session) == before
    assert (done.there, done.other_there) == (False, True)


def test_a_contact_into_which_an_equal_one_was_merged_stays_with_the_undo(importer, session):
    """Nothing of Ann changed; but she stands for a contact of the book now."""
    journal.create_contact(session, {"first_name": "Ann", "company": "Lee"})
    session.commit()
    created = importer.run("First name,Company,Email\nAnn,Lee,ann@example.com\n").id
    old, ann = book(session)
    merge(session, ann, old)
    assert (
        session.get_one(ContactChange, session.query(ContactMerge).one().change_id).after == {}
    )

    importer.undo(created)

    assert list(book(session)) == [ann]


def test_what_an_import_updated_before_the_merge_is_undone_after_it(importer, both, session):
    ann, bea, _ = both
    before = book(session)
    updated = importer.run("ID,Company,Email\n2,Wong,new@example.com\n", strategy="update").id
    change = merge(session, ann, bea)

    importer.undo(updated)

    assert listed(session, updated) == {(bea, None, "merged_since")}
    assert book(session)[ann]["company"] == "Wong"
    assert unmerge(session, change).kept == []
    assert book(session) == before


def test_a_row_whose_contact_was_merged_away_is_undone_by_itself(both, session):
    ann, bea, created = both
    merge(session, ann, bea)
    done = undo_by_row.undo_row(session, created, 3, 1)
    session.commit()
    assert told(done.kept) == {(bea, None, "merged_since")}
    assert not done.there


@pytest.mark.parametrize("first", [0, 1])
def test_a_chain_of_merges_is_undone_in_either_order(importer, session, first):
    importer.run(BOOK + "3,cleo@example.com,Cleo,,d\n")
    ann, bea, cleo = book(session)
    before = book(session)
    changes = [merge(session, bea, ann), merge(session, cleo, bea)]
    assert merging.leads_to(session, ann) == merging.leads_to(session, bea) == cleo

    done = unmerge(session, changes.pop(first))

    if first == 1:
        assert done.kept == []
        assert merging.leads_to(session, ann) == bea
    else:  # Cleo has Ann's address by way of Bea until she is taken apart too.
        assert told(done.kept) == {(ann, "email", "key_taken_on_undo")}
        assert (done.there, done.other_there) == (False, True)
    assert merging.leads_to(session, bea) == (cleo if first == 0 else None)
    unmerge(session, *changes)
    assert book(session) == before


def test_a_deleted_contact_gives_back_what_was_merged_into_it(both, session):
    ann, bea, _ = both
    before = book(session)
    change = merge(session, ann, bea)
    version = session.get_one(Contact, ann, populate_existing=True).version
    journal.delete_contact(session, ann, version, 1)
    session.commit()
    assert merging.leads_to(session, bea) is None

    done = unmerge(session, change)

    assert (done.there, done.other_there) == (False, True)
    assert book(session) == {bea: before[bea]}
    deletion = session.execute(
        text("SELECT max(id) FROM contact_changes WHERE contact_id = :id"), {"id": ann}
    ).scalar()
    undo_by_hand.undo_change(session, deletion, 1)
    session.commit()
    assert book(session) == before


def test_a_merge_can_be_undone_for_as_long_as_an_import(both, session):
    ann, bea, _ = both
    change = merge(session, ann, bea)
    session.execute(text("UPDATE contact_changes SET at = at - interval '31 days'"))
    with pytest.raises(Refusal, match="change_too_old"):
        undo_by_hand.undo_change(session, change, 1)
