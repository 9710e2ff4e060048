"""A backup from before phones had to be numbers of their country, restored into today's Rowcall.

`dumps/older_rules.dump` was made at commit dba1e51 with its own engine. The area codes 200 and 100
do not exist, and made keys then. An import created 40 contacts; one that changed 30 of them is half
undone; one that changed the other 10 is done; and one of 3 rows waits, with a correction.
"""

from pathlib import Path
from uuid import UUID

import pytest

from tests.harness.dumps import query
from tests.harness.dumps import restored as restored  # noqa: PLC0414 - a fixture
from webapp import db, jobs
from webapp.checking.rules import RULES
from webapp.config import Settings
from webapp.contacts import book_keys
from webapp.imports import import_commands
from webapp.jobs import sweeping
from webapp.vocabulary.strategies import Strategy

pytestmark = pytest.mark.timeout(400)  # pg_restore is a process of its own
DUMP = Path(__file__).parent / "dumps" / "older_rules.dump"
NO_NUMBER = "^.1(200|100)"


def _imports(settings: Settings) -> list[UUID]:
    """In the order of their making."""
    return [
        row["id"]
        for row in query(settings, "SELECT id FROM contact_imports ORDER BY created_at")
    ]


def _sweep(settings: Settings) -> None:
    with db.connect_job(settings.database_url) as conn:
        sweeping.check_again(conn, settings)


def _renew_keys(settings: Settings, monkeypatch) -> None:
    """Seven contacts at a time, each in a slice of its own."""
    monkeypatch.setattr(book_keys, "AT_A_TIME", 7)
    with db.connect_job(settings.database_url) as conn:
        slices = 1
        while not book_keys.renew_slice(conn, lambda: True):
            slices += 1
        assert slices == 6
        assert not book_keys.are_behind(conn)


BOOK = "SELECT id, phone, company FROM contacts ORDER BY id"
KEYS = "SELECT phone, phone_key FROM contacts ORDER BY id"


def test_an_import_that_waits_is_checked_again_with_its_corrections(restored, session):
    waits = _imports(restored)[-1]
    _sweep(restored)
    state = "SELECT state, rules FROM contact_imports WHERE id = %s"
    assert query(restored, state, waits) == [{"state": "checking", "rules": 1}]

    jobs.work(str(waits))
    assert query(restored, state, waits) == [{"state": "ready", "rules": RULES}]
    rows = query(
        restored,
        """SELECT email, phone, phone_key, problems -> 0 ->> 'code' AS code
           FROM contact_import_rows WHERE import_id = %s ORDER BY row""",
        waits,
    )
    assert [(row["email"], row["phone_key"], row["code"]) for row in rows] == [
        ("p51@example.com", None, "phone_unreadable"),
        ("p52@example.com", "+14155550152", None),
        ("tom@example.com", "+14155550153", None),
    ]

    _sweep(restored)
    assert query(restored, state, waits)[0]["state"] == "ready"


def test_phones_that_are_no_numbers_lose_their_key_and_keep_their_text(restored, monkeypatch):
    before = query(restored, BOOK)
    assert any(row["phone_key"] in (None, "") for row in query(restored, KEYS)) is False

    _renew_keys(restored, monkeypatch)

    assert query(restored, BOOK) == before
    kept = query(restored, KEYS)
    assert {row["phone_key"] for row in kept if row["phone"][2:5] in {"200", "100"}} == {None}
    assert all(
        row["phone_key"] == row["phone"]
        for row in kept
        if row["phone"][2:5] not in {"200", "100"}
    )
    sides = "before ->> 'phone_key' ~ %s OR after ->> 'phone_key' ~ %s"
    assert (
        query(restored, f"SELECT FROM contact_changes WHERE {sides}", NO_NUMBER, NO_NUMBER)
        == []
    )


@pytest.mark.parametrize("renewed", ["before", "half-way", "after"])
def test_an_undo_takes_a_renewed_key_for_no_change(restored, session, monkeypatch, renewed):
    """The half-undone import, the other one and the one that created the contacts, in turn."""
    created, half, other, _waits = _imports(restored)
    if renewed == "before":
        _renew_keys(restored, monkeypatch)

    jobs.work(str(half))
    if renewed == "half-way":
        _renew_keys(restored, monkeypatch)

    for changed in (half, other):
        if changed == other:
            import_commands.roll_back(session, other)
            session.commit()
            jobs.work(str(other))
        (ended,) = query(
            restored, "SELECT state, rollback FROM contact_imports WHERE id = %s", changed
        )
        assert ended["state"] == "rolled_back"
        assert ended["rollback"]["kept"] == 0
    if renewed == "after":
        _renew_keys(restored, monkeypatch)

    assert {row["company"] for row in query(restored, BOOK)} == {"Old Ltd"}
    wrong = [row for row in query(restored, KEYS) if row["phone"][2:5] in {"200", "100"}]
    assert {row["phone_key"] for row in wrong} == {None}

    import_commands.roll_back(session, created)
    session.commit()
    jobs.work(str(created))
    assert query(restored, BOOK) == []


def test_an_import_that_ends_under_older_rules_has_the_book_looked_through_again(
    restored, session, monkeypatch
):
    """It was asked for before the upgrade: its rows are imported as its preview showed them."""
    waits = _imports(restored)[-1]
    import_commands.execute(session, waits, strategy=Strategy.SKIP)
    session.commit()
    _renew_keys(restored, monkeypatch)
    jobs.work(str(waits))
    (new,) = query(restored, "SELECT phone_key FROM contacts WHERE email = 'p51@example.com'")
    assert new["phone_key"] == "+12005550151"

    with db.connect_job(restored.database_url) as conn:
        assert book_keys.are_behind(conn)
        assert book_keys.renew_slice(conn, lambda: False)
    (new,) = query(restored, "SELECT phone_key FROM contacts WHERE email = 'p51@example.com'")
    assert new["phone_key"] is None
