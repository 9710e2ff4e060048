"""Undos of existing installations go on under the new rule: from data that the rule before it left.

`before_undo_in_any_order.sql` was dumped from a database of revision 0006 after this history. Eight
contacts, 1 to 8.

- a gave 1 and 2 other addresses and names, b swapped theirs; a is undone.
- c gave 3 another address, d gave the old one to 4; c is undone, and owes 3 its address.
- e took 5's address away and created 20 with it, f changed 20; e is undone, and 20 was handed over
  to f.
- Contact 8 was deleted by hand.
- k created 30, a person edited it, and k is undone.
- w wrote the address of 7 in other letters.
- g changed 6 twice, 7 and 1. Its undo is half done.
"""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import select, text

from tests.harness.imports import Importer
from webapp import jobs, migrate
from webapp.contacts import journal
from webapp.models import Contact, ContactChange, ContactImport, User
from webapp.undoing import undo_by_hand, undo_preview

DUMP = Path(__file__).with_name("before_undo_in_any_order.sql")
ORIGINAL = [(str(n), f"{'abcdefghij'[n]}@example.com", f"P{n}") for n in range(1, 9)]


@pytest.fixture
def history(database_url, session, settings, monkeypatch):
    """The history above, after the migration: its imports in order, without the first, and an
    importer.
    """
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)
    session.rollback()
    command.downgrade(migrate.config(database_url), "0006")
    with psycopg.connect(database_url) as conn:
        conn.execute(DUMP.read_text())
    migrate.migrate(database_url)
    session.execute(text("UPDATE contact_imports SET completed_at = now(), rolled_back_at = now() - interval '1 hour'"
                         " WHERE state <> 'rolling_back'"))  # fmt: skip
    session.execute(text("UPDATE contact_changes SET at = now()"))
    session.commit()
    importer = Importer(session, settings, session.scalars(select(User.id)).one())
    return importer, session.scalars(
        select(ContactImport.id).order_by(ContactImport.created_at)
    ).all()[1:]


def book(session) -> list[tuple]:
    session.expire_all()
    found = session.scalars(select(Contact).order_by(Contact.id))
    return [(one.external_id, one.email, one.first_name) for one in found]


def test_what_was_undone_half_done_owed_and_handed_over_comes_back(history, session):
    importer, (_, b, _, d, _, f, _, w, g) = history
    jobs.work(str(g))
    found = session.get_one(ContactImport, g, populate_existing=True)
    assert (found.state, found.rollback["restored"], found.rollback["kept"]) == (
        "rolled_back",
        3,
        0,
    )
    for import_id in (f, w, b, d):
        planned = undo_preview.preview(session, import_id)
        session.commit()
        done = importer.undo(import_id).rollback
        assert (planned.removed, planned.restored, planned.kept) == (
            done["removed"],
            done["restored"],
            done["kept"],
        )
    edit, deletion = (
        session.scalars(select(ContactChange.id).where(ContactChange.kind == kind)).one()
        for kind in ("edit", "delete")
    )
    assert undo_by_hand.undo_change(session, edit, importer.user_id).there is False
    assert undo_by_hand.undo_change(session, deletion, importer.user_id).there is True
    session.commit()
    assert book(session) == ORIGINAL
    assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))
    keys = session.execute(text("SELECT email, email_key FROM contacts"))
    assert all(email.lower() == key for email, key in keys)


def test_the_migration_says_what_stands_and_what_is_due(history, session):
    _, (a, b, c, d, e, f, k, w, _) = history
    stands = session.execute(
        text("""SELECT DISTINCT import_id, undone_at IS NULL AS stands FROM contact_changes
                WHERE kind = 'import' AND import_id = ANY(:ids)"""),
        {"ids": [a, b, c, d, e, f, w]},
    )
    assert dict(stands.all()) == {
        a: False,
        b: True,
        c: False,
        d: True,
        e: False,
        f: True,
        w: True,
    }
    due = session.execute(
        text(
            "SELECT kind, key, contact_id, value, import_id FROM contact_undo_due ORDER BY kind, contact_id"
        )
    )
    assert [tuple(one) for one in due] == [
        ("contact", "", 9, None, e),
        ("contact", "", 10, None, k),
        ("email", "d@example.com", 3, "d@example.com", c),
        ("email", "f@example.com", 5, "f@example.com", e),
    ]
    waiting = session.execute(text("SELECT email, email_key FROM contacts WHERE id IN (3, 5)"))
    assert [tuple(one) for one in waiting] == [(None, None)] * 2
    kinds = session.scalars(text("SELECT DISTINCT kind FROM contact_changes ORDER BY 1")).all()
    assert kinds == ["delete", "edit", "import", "undo"]
    assert not session.scalar(
        text("SELECT count(*) FROM contact_changes WHERE before ? '(contact)'")
    )
