"""A backup from before a contact could have several addresses, restored into today's Rowcall: its
undos go on to the end, and so do its imports.

`dumps/single_addresses.dump` was made at commit 11ef3a9 with its own engine. Forty contacts, n with
p<n>@example.com and +4930 12345<n>, were there before the first import.

- a gave 1 and 2 other addresses and phones, b gave them others again; a is undone.
- c gave 7 another address, d gave the old one to 8; c is undone, and 7 waits for its address.
- h let 11 to 20 hand their addresses round, and gave 21 to 40 others. Its undo is half done.
- A person gave 9 another address, and no phone.
- One import runs: ten of its forty new contacts are there. One of three rows is ready.
"""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.harness.dumps import query
from tests.harness.dumps import restored as restored  # noqa: PLC0414 - a fixture
from webapp import jobs
from webapp.config import Settings
from webapp.contacts import journal
from webapp.imports import import_commands
from webapp.models import ContactChange
from webapp.undoing import undo_by_hand, undo_preview
from webapp.vocabulary.strategies import Strategy

pytestmark = pytest.mark.timeout(400)  # pg_restore is a process of its own
DUMP = Path(__file__).parent / "dumps" / "single_addresses.dump"
ORIGINAL = [(str(n), f"p{n}@example.com", f"+493012345{n:02d}") for n in range(1, 41)]
BOOK = """SELECT external_id, email, email_key, phone, further_emails, further_phones FROM contacts
          WHERE id <= 40 ORDER BY id"""


@pytest.fixture
def imports(restored, monkeypatch) -> dict[str, UUID]:
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)
    found = query(restored, "SELECT id FROM contact_imports ORDER BY created_at")
    return dict(zip("abcdhrw", (row["id"] for row in found), strict=True))


def book(settings: Settings) -> list[tuple]:
    """The forty contacts, none of which has further addresses."""
    found = query(settings, BOOK)
    assert all(row["email"] == row["email_key"] for row in found)
    assert all(row["further_emails"] == row["further_phones"] == [] for row in found)
    return [(row["external_id"], row["email"], row["phone"]) for row in found]


def test_what_waits_for_a_key_is_blank_and_the_half_undone_import_goes_on(restored, imports):
    waiting = query(
        restored,
        """SELECT c.email FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
           WHERE d.kind = 'email'""",
    )
    assert {row["email"] for row in waiting} == {None}
    jobs.work(str(imports["h"]))
    (ended,) = query(
        restored, "SELECT state, rollback FROM contact_imports WHERE id = %s", imports["h"]
    )
    assert ended["state"] == "rolled_back"
    assert (ended["rollback"]["restored"], ended["rollback"]["kept"]) == (30, 0)
    assert book(restored)[10:] == ORIGINAL[10:]


@pytest.mark.parametrize("order", ["hbd", "dbh"])
def test_every_import_is_undone_to_the_end(restored, imports, session, order):
    """The address that only a undid comes back with b, which stood meanwhile."""
    jobs.work(str(imports["h"]))
    for name in order.replace("h", ""):
        planned = undo_preview.preview(session, imports[name])
        import_commands.roll_back(session, imports[name])
        session.commit()
        jobs.work(str(imports[name]))
        (ended,) = query(
            restored,
            "SELECT state, rollback FROM contact_imports WHERE id = %s",
            imports[name],
        )
        assert ended["state"] == "rolled_back"
        assert (planned.restored, planned.kept) == (ended["rollback"]["restored"], 0)

    edit = session.scalars(select(ContactChange.id).where(ContactChange.kind == "edit")).one()
    undo_by_hand.undo_change(session, edit, 1)
    session.commit()
    assert book(restored) == ORIGINAL
    assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))


def test_what_runs_and_what_is_ready_are_run(restored, imports, session):
    jobs.work(str(imports["r"]))
    outcome = "SELECT state, created, updated, failed FROM contact_imports WHERE id = %s"
    (ran,) = query(restored, outcome, imports["r"])
    assert ran == {"state": "completed", "created": 40, "updated": 0, "failed": 0}
    jobs.work(str(imports["w"]))
    import_commands.execute(session, imports["w"], strategy=Strategy.UPDATE)
    session.commit()
    jobs.work(str(imports["w"]))
    (ran,) = query(restored, outcome, imports["w"])
    assert ran == {"state": "completed", "created": 2, "updated": 1, "failed": 0}
