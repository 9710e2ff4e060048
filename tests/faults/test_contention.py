"""Batches and people who want the same contacts: nothing is lost, nobody waits long, no
deadlock reaches anyone.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from tests.harness.gates import Gate
from tests.harness.house import rows
from tests.harness.imports import table
from tests.harness.invariants import check_invariants
from webapp import db, jobs
from webapp.contacts import journal
from webapp.imports import import_commands, leases
from webapp.undoing import undo
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State

LONGEST_WAIT = 2  # seconds that an edit may have to wait


def known(house, count: int) -> None:
    """So many people in the book already."""
    import_id = house.execute(house.ready(rows(count)))
    jobs.work(str(import_id))
    assert house.facts(import_id)["created"] == count


def update_of(house, count: int, **options):
    """An import, asked to be executed, that gives each of them another company."""
    return house.execute(house.ready(rows(count, company="Other")), "update", **options)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """The block takes no longer, and the moment that a busy machine needs besides."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + 2, "it waited"


def wait_for_lock(house) -> None:
    question = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'rowcall-job'"
    house.until(lambda: house.query(question), what="no batch waits for a lock")


def test_statement_timeout(house, monkeypatch):
    import_id = house.execute(house.ready(rows(250)))
    gate = Gate(house, when="NEW.external_id = '150'")
    monkeypatch.setitem(db.JOB_SETTINGS, "statement_timeout", "300ms")
    with house.working(import_id):
        house.until(lambda: house.retried(import_id))
        gate.open()
    assert "statement timeout" in house.retried(import_id)[0]
    assert check_invariants(house, import_id)["created"] == 250


def test_lock_that_does_not_come(house, monkeypatch):
    """The batch that needs it fails after three attempts, the others are imported, and it can
    be run again.
    """
    known(house, 300)
    import_id = update_of(house, 300)
    monkeypatch.setitem(db.JOB_SETTINGS, "lock_timeout", "100ms")
    with psycopg.connect(house.settings.database_url) as other:
        other.execute("SELECT FROM contacts WHERE external_id = '150' FOR UPDATE")
        with house.working(import_id):
            pass
    assert ["lock timeout" in message for message in house.retried(import_id)] == [True] * 2
    found = check_invariants(house, import_id)
    assert (found["state"], found["updated"], found["failed"]) == ("completed", 200, 100)
    house.ask(import_commands.retry, import_id)
    with house.working(import_id):
        pass
    assert check_invariants(house, import_id)["updated"] == 300


def test_deadlock(house):
    """The batch gives way and is tried again; the other session notices nothing."""
    known(house, 2)
    import_id = update_of(house, 2)
    with psycopg.connect(house.settings.database_url) as other:
        change = "UPDATE contacts SET notes = 'by hand', version = version + 1 WHERE external_id = %s"
        other.execute(change, ["2"])
        with house.working(import_id):
            wait_for_lock(house)
            other.execute(change, ["1"])
            other.commit()
    assert (
        "lock" in house.retried(import_id)[0]
    )  # It gives way before the database looks for the circle.
    assert check_invariants(house, import_id)["updated"] == 2
    for number in (1, 2):
        contact = house.contact(number)
        assert (contact["notes"], contact["company"]) == ("by hand", "Other")


@pytest.mark.parametrize(
    ("isolation", "message"),
    [("read committed", "contact was changed"), ("repeatable read", "could not serialize")],
)
def test_edit_while_the_batch_decides(house, monkeypatch, isolation, message):
    """The batch has read the contact and not yet written it: it decides again, on what the
    person wrote.
    """
    known(house, 2)
    monkeypatch.setitem(db.JOB_SETTINGS, "default_transaction_isolation", isolation)
    import_id = update_of(house, 2)
    gate = Gate(house, when="NEW.external_id = '1'", events="UPDATE")
    with house.working(import_id):
        gate.held(import_id)
        house.edit(house.contact(2)["id"], notes="by hand", company="By hand")
        gate.open()
    assert [message in reason for reason in house.retried(import_id)] == [True]
    assert check_invariants(house, import_id)["updated"] == 2
    contact = house.contact(2)
    assert (contact["notes"], contact["company"]) == ("by hand", "Other")
    before = house.query(
        "SELECT before FROM contact_changes WHERE import_id = %s AND row = 3", import_id
    )
    assert before[0]["before"] == {"company": "By hand"}


def test_edit_never_waits_for_a_batch(house, owner):
    """The batch is held until the page has answered: a page that waited for it would never
    answer.
    """
    known(house, 2)
    import_id = house.execute(house.ready(rows(4, company="Other")), "update")
    gate = Gate(house, when="NEW.external_id = '2'", events="UPDATE")
    contact = house.contact(1)
    at = f"/contacts/{contact['id']}"
    typed = {"version": contact["version"], "notes": "by hand"}
    with house.working(import_id):
        gate.held(import_id)
        with at_most(LONGEST_WAIT):
            assert (
                "An import is writing to this contact"
                in owner.post(at, typed, at=at, status=409).text
            )
        second = house.contact(2)["id"]
        with at_most(LONGEST_WAIT), pytest.raises(Refusal, match=r"contact_(busy|key_taken)"):
            house.edit(second, email="p4@example.com")  # a key that the batch brings
        gate.open()
    found = check_invariants(house, import_id)
    assert (found["updated"], found["created"]) == (2, 2)
    answer = owner.post(at, typed, at=at, status=409).text
    assert "This contact was changed while you edited it" in answer
    owner.post(at, {**typed, "version": house.contact(1)["version"]}, at=at)
    assert (house.contact(1)["notes"], house.contact(1)["company"]) == ("by hand", "Other")


def test_edit_that_meets_one_lock_after_the_other(house):
    """The contact, then one key, then the other: each comes in good time, and all of them
    together do not.
    """
    known(house, 1)
    contact = house.contact(1)["id"]
    held = ["SELECT FROM contacts FOR UPDATE", "INSERT INTO contacts (external_id) VALUES ('9')",
            "INSERT INTO contacts (email_key) VALUES ('p9@example.com')"]  # fmt: skip
    refused: list[str] = []

    def edit() -> None:
        try:
            house.edit(contact, external_id="9", email="p9@example.com")
        except Refusal as busy:
            refused.append(busy.code)

    with ExitStack() as open_ones:
        others = {}
        for statement in held:
            other = open_ones.enter_context(psycopg.connect(house.settings.database_url))
            other.execute(statement)
            others[other.info.backend_pid] = other
        person = threading.Thread(target=edit)
        with at_most(LONGEST_WAIT + 2):
            person.start()
            while person.is_alive():
                for row in house.query(WAITED_LONG):
                    others[row["holder"]].rollback()
            person.join()
    assert refused == ["contact_busy"]
    assert house.contact(1)["email"] == "p1@example.com"


# Whoever a session that is no job's has waited for, for most of a second.
WAITED_LONG = """SELECT unnest(pg_blocking_pids(l.pid)) AS holder FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND l.waitstart < clock_timestamp() - interval '0.8 seconds'
      AND a.application_name <> 'rowcall-job'"""


@pytest.mark.parametrize(("strategy", "company"), [("update", "Other"), ("merge", "By hand")])
def test_edit_between_check_and_execution(house, strategy, company):
    """The strategy is applied to the contact as it is now, not as it was when the file was
    checked.
    """
    known(house, 1)
    import_id = house.ready(table("1,p1@example.com,,,Other,,"))
    house.edit(house.contact(1)["id"], company="By hand", first_name="By hand")
    house.execute(import_id, strategy)
    jobs.work(str(import_id))
    check_invariants(house, import_id)
    assert (house.contact(1)["first_name"], house.contact(1)["company"]) == (
        "By hand",
        company,
    )


def test_people_edit_all_the_time(house):
    """Every edit that was answered with success stands in the contact and in the journal,
    whatever the batches did.
    """
    known(house, 200)
    import_id = update_of(house, 200, batch_size=10)
    ids = [row["id"] for row in house.query("SELECT id FROM contacts ORDER BY id")]
    done, refused, over = {}, Counter(), threading.Event()

    def edit(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same chances each time
        while not over.is_set():
            mine = chance.choice(ids[seed::3])
            try:
                text = f"{seed}-{chance.random()}"
                house.edit(mine, notes=text)
                done[mine] = text
            except Refusal as error:
                refused[error.code] += 1

    people = [threading.Thread(target=edit, args=(seed,)) for seed in range(3)]
    for person in people:
        person.start()
    with house.working(import_id):
        pass
    over.set()
    for person in people:
        person.join()
    found = check_invariants(house, import_id)
    assert (found["updated"], found["failed"]) == (200, 0)
    contacts = {row["id"]: row for row in house.query("SELECT * FROM contacts")}
    assert done
    assert {number: contacts[number]["notes"] for number in done} == done
    assert {row["company"] for row in contacts.values()} == {"Other"}
    edits = house.query(
        "SELECT contact_id, max(id) FROM contact_changes WHERE kind = 'edit' GROUP BY 1"
    )
    assert {row["contact_id"] for row in edits} == set(done)


def held_in_its_second_decision(house, *lines: str) -> tuple:
    """An import that is to stop at its first failure, whose second batch of five is decided
    for the second time.

    The loop has decided it once. Beside the `lines`, the book has a contact x, a y and a z
    with the keys of nobody.
    """
    house.query("INSERT INTO contacts (external_id) VALUES ('x'), ('y'), ('z')")
    house.query(
        "UPDATE contacts SET email = 'y@example.com', email_key = 'y@example.com' WHERE external_id = 'y'"
    )
    house.query(
        """CREATE SEQUENCE decisions;
           CREATE FUNCTION count_decisions() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM nextval('decisions'); RETURN NEW; END $$;
           CREATE TRIGGER count_decisions BEFORE INSERT ON contact_import_results
             FOR EACH ROW WHEN (NEW.row = 7) EXECUTE FUNCTION count_decisions()"""
    )
    others = [f"{n},p{n}@example.com,P{n},,,," for n in range(1, 21)]
    import_id = house.ready(table(*others[:5], *lines, *others[5:]))
    gate = Gate(house, "contact_import_results", when="(SELECT last_value FROM decisions) = 2")
    house.execute(import_id, batch_size=5, skip_errors=False)
    return import_id, gate


def delete(house, contact: dict) -> None:
    """By hand, as the contact's page does."""
    with house.session() as session:
        journal.delete_contact(session, contact["id"], contact["version"], house.user_id)
        session.commit()


def test_a_conflict_that_a_person_clears_does_not_stop_the_import(house):
    """It was decided, taken back, and decided again without the rows behind it: by then it was
    none.
    """
    import_id, gate = held_in_its_second_decision(
        house, "6x,p6x@example.com,,,,,", "x,y@example.com,,,,,"
    )
    with house.working(import_id):
        gate.held(import_id)
        delete(house, house.contact("y"))
        gate.open()
    found = check_invariants(house, import_id)
    assert (found["state"], found["failure_reason"]) == ("completed", None)
    assert (found["created"], found["duplicate_skipped"], found["conflict"]) == (21, 1, 0)


def test_the_import_stops_at_the_conflict_that_is_first_by_then(house):
    import_id, gate = held_in_its_second_decision(
        house, "z,z@example.com,,,,,", "x,y@example.com,,,,,"
    )
    with house.working(import_id):
        gate.held(import_id)
        house.edit(house.contact("y")["id"], email="z@example.com")
        gate.open()
    found = check_invariants(house, import_id, complete=False)
    assert (found["state"], found["failure_reason"]) == ("failed", "stopped_at_first_error")
    assert (found["created"], found["conflict"], found["last_row"]) == (5, 1, 7)


@pytest.mark.parametrize(
    ("strategy", "outcome"), [("skip", "duplicate_skipped"), ("update", "updated")]
)
def test_two_imports_bring_the_same_people_at_once(house, strategy, outcome):
    """The second one finds nobody in the book, wants the same keys, waits, loses the race, and
    decides again.
    """
    first, second = house.ready(rows(300)), house.ready(rows(300, company="Other"))
    gate = Gate(house, when=f"NEW.imported_from = '{first}' AND NEW.external_id = '100'")
    house.execute(first)
    house.execute(second, strategy)
    with house.working(first):
        gate.held(first)
        with house.working(second):
            house.until(lambda: house.retried(second), what="the batch did not give way")
            wait_for_lock(house)
            gate.open()
    given_way, lost_race = house.retried(second)[:2]
    assert "lock timeout" in given_way
    assert 'duplicate key value violates unique constraint "contact' in lost_race
    done, late = check_invariants(house, first), check_invariants(house, second)
    assert done["state"] == late["state"] == "completed"
    assert late[outcome] >= 100, "the batch that lost the race found everybody there"
    # From then on either may be ahead; whoever comes second finds them.
    assert (
        done["created"] + done["duplicate_skipped"] == late["created"] + late[outcome] == 300
    )
    assert done["created"] + late["created"] == 300
    assert house.query("SELECT count(*) AS n FROM contacts") == [{"n": 300}]


def test_undo_waits_for_its_turn(house):
    """No undo of what still runs; once it is cancelled, the undo takes back what was done."""
    import_id = house.execute(house.ready(rows(300)))
    gate = Gate(house, when="NEW.external_id = '150'")
    with house.working(import_id):
        gate.held(import_id)
        with pytest.raises(Refusal, match="wrong_state"):
            house.ask(import_commands.roll_back, import_id)
        house.ask(import_commands.cancel, import_id)
        gate.open()
    found = check_invariants(house, import_id, complete=False)
    assert (found["state"], found["created"]) == ("cancelled", 200)
    house.ask(import_commands.roll_back, import_id)
    jobs.work(str(import_id))
    assert house.facts(import_id)["state"] == State.ROLLED_BACK
    assert not house.query("SELECT FROM contacts")


def test_edit_while_an_undo_decides(house):
    """The undo has read the contact and not yet written it: it reads again, and keeps what the
    person wrote.
    """
    known(house, 3)
    import_id = update_of(house, 3)
    jobs.work(str(import_id))
    gate = Gate(house, when="NEW.external_id = '1'", events="UPDATE")
    house.ask(import_commands.roll_back, import_id)
    with house.working(import_id):
        gate.held(import_id)
        house.edit(house.contact(2)["id"], company="By hand")
        gate.open()
    found = house.facts(import_id)
    assert (found["state"], found["rollback"]["restored"], found["rollback"]["kept"]) == (
        State.ROLLED_BACK,
        2,
        1,
    )
    assert [house.contact(number)["company"] for number in (1, 2, 3)] == [
        "Acme",
        "By hand",
        "Acme",
    ]
    kept = house.query("SELECT contact_id, field, code, wanted, now FROM contact_undo_kept")
    assert kept == [{"contact_id": house.contact(2)["id"], "field": "company", "code": "edited_since",
                     "wanted": "Acme", "now": "By hand"}]  # fmt: skip
    undone = house.query(
        "SELECT count(*) AS n FROM contact_changes WHERE kind = 'import' AND undone_at IS NOT NULL"
    )
    assert undone == [{"n": 3}]
    versions = house.query("SELECT version FROM contacts ORDER BY id")
    assert versions == [{"version": 3}] * 3, (
        "what was written before the edit was met is gone again"
    )


def test_one_undo_at_a_time(house):
    """The second is asked for while the first makes room between two of its batches: it waits,
    and says for what.
    """
    first = house.execute(house.ready(rows(2500)))
    jobs.work(str(first))
    second = update_of(house, 2500, batch_size=1000)
    jobs.work(str(second))
    assert house.facts(second)["updated"] == 2500
    house.ask(import_commands.roll_back, second)
    with db.connect_job(house.settings.database_url) as conn:
        lease = leases.claim(conn, second, house.settings.lease_seconds)
        assert not undo.undo_slice(conn, lease, lambda: True)
        leases.release(conn, lease)
    half = house.book()
    house.ask(import_commands.roll_back, first)
    jobs.work(str(first))
    assert (house.facts(first)["state"], house.waiting_for(first)) == ("rolling_back", "undo")
    assert house.book() == half
    jobs.work(str(second))
    assert house.facts(second)["state"] == State.ROLLED_BACK
    jobs.work(str(first))
    assert (house.facts(first)["state"], house.waiting_for(first)) == (State.ROLLED_BACK, None)
    assert not house.query("SELECT FROM contacts")
