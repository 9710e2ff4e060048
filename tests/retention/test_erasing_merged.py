"""Erasing a person who was merged with another one: both go, for as long as the merge stands."""

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp.contacts import journal, merging
from webapp.models import Contact, ContactChange, ContactMerge, ImportRow
from webapp.retention import erasure
from webapp.undoing import undo_by_hand

PEOPLE = table(
    "1,zebedee@example.com,Zebedee,Quill,Acme,,", "2,quill@example.com,Z,Quill,Umbra,,"
)


@pytest.fixture
def both(importer, session):
    """Two contacts that an import created, and the number of the change that merged them."""
    importer.run(PEOPLE)
    kept, other = session.execute(text("SELECT id FROM contacts ORDER BY id")).scalars()
    merged = merging.merge_contacts(session, kept, other, 1)
    session.commit()
    return kept, other, merged.change_id


def left(session, word: str) -> list[str]:
    """The tables in which a word stands."""
    tables = "contacts", "contact_changes", "contact_import_rows", "contact_undo_due"
    return [
        table
        for table in tables
        if session.execute(
            text(f"SELECT 1 FROM {table} t WHERE to_jsonb(t)::text ILIKE :word LIMIT 1"),
            {"word": f"%{word}%"},
        ).first()
    ]


def test_both_are_erased_with_the_link(both, session):
    kept, other, _ = both
    traces = erasure.erase(session, kept)
    session.commit()

    assert [row for _, row in traces.rows] == [2, 3]
    assert left(session, "quill") == left(session, "zebedee") == []
    assert session.query(ContactMerge).count() == session.query(ContactChange).count() == 0
    assert merging.leads_to(session, other) is None


def test_after_the_undo_of_the_merge_they_are_two_people_again(both, session):
    kept, other, change = both
    undo_by_hand.undo_change(session, change, 1)
    session.commit()

    traces = erasure.erase(session, kept)
    session.commit()

    assert [row for _, row in traces.rows] == [2]
    assert session.get(Contact, other).email == "quill@example.com"
    assert left(session, "zebedee") == []


def test_what_the_merge_brought_to_the_other_contact_goes_with_the_person(both, session):
    kept, other, change = both
    version = session.get_one(Contact, kept, populate_existing=True).version
    journal.edit_contact(session, kept, version, {"email": "main@example.com"}, 1)
    session.commit()
    undo_by_hand.undo_change(session, change, 1)
    session.commit()
    assert "contact_changes" in left(session, "quill@example")

    erasure.erase(session, other)
    session.commit()

    assert left(session, "quill@example") == []
    assert session.get(Contact, kept).email == "main@example.com"
    assert session.query(ImportRow).filter_by(email="zebedee@example.com").count() == 1
