"""An execution in two lanes comes to what one stream would, and loses nothing when a lane is
lost.
"""

import os
import signal
import threading
from collections import Counter
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp import jobs
from webapp.contacts.journal import edit_contact
from webapp.executing import dealing, lanes
from webapp.imports import import_commands, leases
from webapp.models import Contact, ContactImport, ImportLease
from webapp.vocabulary.reruns import Rerun

ROWS = 3_000


def people(*, changed: str = "") -> list[str]:
    """Rows for so many people; every fortieth names someone a second time, far away."""
    rows = [f"{n},p{n}@example.com,P{n},{changed},,," for n in range(1, ROWS + 1)]
    for n in range(40, ROWS, 40):
        rows[n] = f"{ROWS - n},,,Last{n},,,"
    return rows


@pytest.fixture(autouse=True)
def _short_lists(monkeypatch):
    """So few rows are many lists, too."""
    monkeypatch.setattr(dealing, "LIST_ROWS", 200)
    monkeypatch.setattr(dealing, "LOADED_ROWS", 1000)


@pytest.fixture
def planned(importer, session, monkeypatch):
    """Takes a file to where its plan is there; lanes open also where there is one core."""
    monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 2)

    def take(*rows: str, **choices) -> ContactImport:
        checked = importer.check(table(*rows), **choices)
        return importer.work(checked.id)

    return take


@pytest.fixture
def stretches(monkeypatch) -> list[dealing.Rows]:
    """What was dealt to lanes, stretch by stretch."""
    found: list[dealing.Rows] = []

    class Noted(dealing.Rows):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            found.append(self)

    monkeypatch.setattr(lanes, "Rows", Noted)
    return found


def book(session) -> list[tuple]:
    """The contacts without their numbers."""
    return session.execute(
        text(
            "SELECT external_id, email, first_name, last_name, imported_row FROM contacts ORDER BY 1"
        )
    ).all()


def ledger(session, import_id) -> list[tuple]:
    """The entries, with what the contact is called in place of its number."""
    return session.execute(
        text(
            """SELECT row, outcome::text, code, detail, c.external_id
               FROM contact_import_results l LEFT JOIN contacts c ON c.id = l.contact_id
               WHERE import_id = :id ORDER BY row"""
        ),
        {"id": import_id},
    ).all()


def check(session, done: ContactImport) -> None:
    """Every row has one entry, and the sums agree."""
    entries = ledger(session, done.id)
    counted = Counter(entry.outcome for entry in entries)
    assert len({entry.row for entry in entries}) == len(entries) == done.total
    assert all(getattr(done, outcome) == count for outcome, count in counted.items())
    ends = session.execute(
        text("SELECT result, message FROM contact_import_logs WHERE event = 'completed'")
    ).all()
    assert set(ends) == {("done", None)}


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_two_lanes_come_to_what_one_does(
    importer, session, planned, stretches, monkeypatch, strategy
):
    found = []
    for most in (0.5, -1):  # In two lanes, and in one.
        monkeypatch.setattr(dealing, "MOST_SHARED", most)
        session.execute(
            text("TRUNCATE contacts, contact_changes, contact_import_results CASCADE")
        )
        session.commit()
        known = importer.run(table(*people()[: ROWS // 2]))
        done = importer.execute(planned(*people(changed="New")).id, strategy)
        check(session, done)
        assert not session.execute(text("SELECT FROM contact_import_differences")).all()
        found.append((book(session), ledger(session, done.id)))
        if most > 0:
            assert stretches
            assert stretches[0].through == ROWS + 1
            stretches.clear()
        assert importer.undo(done.id).state == "rolled_back"
        assert len(book(session)) == known.created

    assert not stretches
    assert found[0] == found[1]


def test_rows_that_meet_only_through_a_contact_keep_their_order(
    importer, session, planned, stretches
):
    importer.run(table("1,first@example.com,Ann,,,,"))
    rows = [f"{n},p{n}@example.com,P{n},,,," for n in range(2, ROWS)]
    rows[10], rows[-10] = "1,,Before,,,,", ",first@example.com,Behind,,,,"
    check(session, importer.execute(planned(*rows).id, "update"))
    assert stretches
    assert book(session)[0].first_name == "Behind"


def on_insert(session, condition: str, action: str) -> None:
    """Have the database do this before it takes a contact, in the sessions and rows meant."""
    session.execute(
        text(
            f"""CREATE SEQUENCE times;
                CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN IF {condition} THEN {action}; END IF; RETURN NEW; END $$;
                CREATE TRIGGER act BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION act()"""
        )
    )
    session.commit()


SECOND = "current_setting('application_name') LIKE 'rowcall-lane%'"
ONCE = "AND nextval('times') = 120"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.mark.parametrize(
    "action",
    [
        "PERFORM pg_terminate_backend(pg_backend_pid())",
        "RAISE serialization_failure",
        "PERFORM pg_sleep(60)",
    ],
    ids=["killed", "failing", "standing still"],
)
def test_a_second_lane_that_is_lost_loses_nothing(
    importer, session, planned, stretches, monkeypatch, action
):
    monkeypatch.setattr(lanes, "SILENT_SECONDS", 0.3)
    on_insert(session, f"{SECOND} {ONCE}", action)
    done = importer.execute(planned(*people()).id)
    check(session, done)
    assert stretches
    assert (done.state, done.failed) == ("completed", 0)
    assert not session.execute(
        text("SELECT FROM contact_import_logs WHERE result = 'retried'")
    ).all()


def test_a_first_lane_that_is_lost_loses_nothing(importer, session, planned, stretches):
    on_insert(
        session, f"NOT {SECOND} {ONCE}", "PERFORM pg_terminate_backend(pg_backend_pid())"
    )
    done = importer.execute(planned(*people()).id)
    assert done.state == "running"
    entries = ledger(session, done.id)
    assert max(entry.row for entry in entries) > len(entries) + 1  # There are gaps.
    done = importer.work(done.id)
    check(session, done)
    assert (done.state, done.failed) == ("completed", 0)


def test_a_row_that_is_refused_fails_alone(importer, session, planned, stretches):
    on_insert(session, "NEW.external_id = '1510'", "RAISE 'refused by a trigger'")
    done = importer.execute(planned(*people()).id)
    check(session, done)
    assert stretches
    assert done.failed == 1


BOTH_WAYS = f"""
    PERFORM pg_advisory_xact_lock(CASE WHEN {SECOND} THEN 1 ELSE 2 END), pg_sleep(0.1);
    PERFORM pg_advisory_xact_lock(CASE WHEN {SECOND} THEN 2 ELSE 1 END)"""


@pytest.mark.parametrize(
    "action",
    [BOTH_WAYS, "PERFORM pg_advisory_xact_lock(1), pg_sleep(0.4)"],
    ids=["in a circle", "too long"],
)
def test_lanes_that_wait_for_one_another_count_as_no_attempt(
    importer, session, planned, stretches, action
):
    on_insert(session, "nextval('times') % 100 = 1 AND last_value < 500 FROM times", action)
    done = importer.execute(planned(*people()).id)
    check(session, done)
    assert (stretches[0].turn, done.failed) == ("failure", 0)
    assert not session.execute(
        text("SELECT FROM contact_import_logs WHERE result = 'retried'")
    ).all()


@pytest.mark.parametrize("lane", ["first", "second"])
def test_a_lane_that_is_frozen_is_waited_for_without_a_loss(
    importer, session, settings, planned, stretches, monkeypatch, lane
):
    monkeypatch.setattr(lanes, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(leases, "END_MILLISECONDS", 100)
    monkeypatch.setattr(jobs.slices.queueing, "wake", lambda *_: True)
    ready = planned(*people())
    import_commands.execute(session, ready.id, strategy="skip")
    session.commit()
    meant = SECOND if lane == "second" else f"NOT {SECOND}"
    on_insert(session, f"{meant} {ONCE}", "PERFORM pg_sleep(60)")
    worker = threading.Thread(target=jobs.work, args=(str(ready.id),))
    worker.start()
    with psycopg.connect(settings.database_url, autocommit=True) as gate:
        wait_until(gate, SLEEPING)
        (pid,) = gate.execute(SLEEPING.replace("count(*)", "pid")).fetchone()
    os.kill(pid, signal.SIGSTOP)
    try:
        worker.join(20)
        waits = importer.work(
            ready.id
        )  # Its locks would fail rows that nothing is wrong with.
        reason = session.get_one(ImportLease, ready.id).waiting_for
        assert (waits.state, waits.failed, reason) == ("running", 0, "database")
        assert waits.lease_token == ready.lease_token
    finally:
        os.kill(pid, signal.SIGCONT)
    done = importer.work(ready.id)
    check(session, done)
    assert (done.state, done.failed) == ("completed", 0)
    assert stretches[0].turn == "failure"


@contextmanager
def held(session, settings, condition: str):
    """An execution of which a batch is held until the block ends."""
    on_insert(session, condition, "PERFORM pg_advisory_xact_lock(42)")
    with psycopg.connect(settings.database_url, autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(42)")
        yield gate
        gate.execute("SELECT pg_advisory_unlock(42)")


def wait_until(gate, question: str) -> None:
    for _ in range(400):
        if gate.execute(question).fetchone()[0]:
            return
        threading.Event().wait(0.01)
    raise AssertionError(question)


def test_a_stop_while_the_other_lane_commits_leaves_gaps_that_are_run_later(
    importer, session, settings, planned, stretches
):
    ready = planned(*people())
    import_commands.execute(session, ready.id, strategy="skip")
    session.commit()
    with held(session, settings, f"{SECOND} AND NEW.external_id::int > 1500") as gate:
        worker = threading.Thread(target=jobs.work, args=(str(ready.id),))
        worker.start()
        wait_until(gate, WAITING)
        import_commands.cancel(session, ready.id)
        session.commit()
    worker.join(20)
    session.expire_all()
    done = session.get_one(ContactImport, ready.id)
    entries = {entry.row for entry in ledger(session, ready.id)}
    assert (done.state, len(entries)) == ("cancelled", ROWS - done_left(done))
    assert set(range(2, done.last_row + 1)) <= entries

    import_commands.retry(session, ready.id, Rerun.REMAINING)
    session.commit()
    check(session, importer.work(ready.id))
    assert len(book(session)) == done.total - people_twice()


def done_left(done: ContactImport) -> int:
    return done.total - sum(
        (done.created, done.duplicate_skipped, done.invalid, done.conflict, done.unchanged)
    )


def people_twice() -> int:
    return len(range(40, ROWS, 40))


def test_an_edit_that_makes_rows_of_both_lanes_meet_loses_nothing(
    importer, session, settings, planned, stretches
):
    importer.run(table("1,first@example.com,Ann,,,,"))
    rows = [f"{n},p{n}@example.com,P{n},,,," for n in range(2, ROWS)]
    rows[1500], rows[-10] = "1,,Before,,,,", ",second@example.com,Behind,,,,"
    ready = planned(*rows)
    import_commands.execute(session, ready.id, strategy="update")
    session.commit()
    on_insert(session, "NEW.external_id = '500'", "PERFORM pg_sleep(0.5)")
    worker = threading.Thread(target=jobs.work, args=(str(ready.id),))
    worker.start()
    with psycopg.connect(settings.database_url, autocommit=True) as editing:
        wait_until(editing, SLEEPING)
        editing.execute(
            """UPDATE contacts SET email = 'second@example.com', email_key = 'second@example.com',
                 version = version + 1, updated_at = now() WHERE external_id = '1'"""
        )
    worker.join(30)
    session.expire_all()
    done = session.get_one(ContactImport, ready.id)
    check(session, done)
    assert stretches
    assert (done.created, done.updated) == (ROWS - 4, 2)
    assert book(session)[0].first_name in {"Before", "Behind"}
    assert importer.undo(ready.id).state == "rolled_back"
    assert [row.first_name for row in book(session)] == ["Ann"]


@pytest.mark.parametrize("why", ["core", "other", "book", "errors", "phone"])
def test_one_lane_where_two_may_not_be(
    importer, session, planned, stretches, monkeypatch, why
):
    keys = {"match_keys": ("phone",)} if why == "phone" else {}
    ready = planned(*people(), **keys)
    if why == "core":
        monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 1)
    if why == "other":
        other = planned("1,one@example.com,Ann,,,,")
        import_commands.execute(session, other.id, strategy="skip")
    if why == "book":
        session.execute(text("INSERT INTO contacts (external_id) VALUES ('by hand')"))
    session.commit()
    done = importer.execute(ready.id, skip_errors=why != "errors")
    check(session, done)
    assert not stretches


@pytest.mark.parametrize(("silent_for", "two"), [((0, 0), True), ((0, 60), False)])
def test_an_idle_worker_anywhere_stands_for_a_lane(
    importer, session, planned, stretches, monkeypatch, silent_for, two
):
    ready = planned(*people())
    monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 1)
    for number, seconds in enumerate(silent_for):
        session.execute(
            text(
                "INSERT INTO workers VALUES (:name, now() - make_interval(secs => :silent), '', 0)"
            ),
            {"name": f"host:{number}", "silent": seconds},
        )
    done = importer.execute(ready.id)
    check(session, done)
    assert done.failed == 0
    assert {rows.lanes for rows in stretches} == ({2} if two else set())


@pytest.mark.parametrize(
    ("speeds", "found"),
    [([50, 60, 75, 70], 4), ([50, 40], 2), ([50, 51], 2), ([50] * 2, 2)],
    ids=["four cores", "two", "a little more", "the same"],
)
def test_one_lane_more_is_kept_where_it_pays(speeds, found):
    count = lanes.LaneCount()
    for speed in speeds:
        count.measured(count.next, speed)
    assert count.next == found
    count.measured(1, 1000)  # Others wanted the cores.
    assert count.next == found


def test_more_lanes_than_two_come_to_what_one_does(
    importer, session, planned, stretches, monkeypatch
):
    ready = planned(*people())
    monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 4)
    monkeypatch.setattr(lanes.LaneCount, "next", 4)
    check(session, importer.execute(ready.id))
    assert {rows.lanes for rows in stretches} == {4}
    assert len(book(session)) == ROWS - people_twice()


def test_a_worker_that_may_have_one_connection_works_in_one_lane(
    importer, session, servers, settings, planned, stretches, monkeypatch
):
    ready = planned(*people())
    import_commands.execute(session, ready.id, strategy="skip")
    session.commit()
    with psycopg.connect(servers["ADMINISTRATOR_URL"], autocommit=True) as administrator:
        administrator.execute("CREATE ROLE narrow LOGIN IN ROLE rowcall CONNECTION LIMIT 1")
        password = conninfo_to_dict(settings.database_url).get("password")
        administrator.execute(f"ALTER ROLE narrow PASSWORD '{password}'")
        monkeypatch.setenv(
            "DATABASE_URL", settings.database_url.replace("//rowcall", "//narrow")
        )
        done = importer.work(ready.id)
        check(session, done)
        assert (done.state, done.failed, stretches) == ("completed", 0, [])
        administrator.execute("DROP ROLE narrow")


@pytest.mark.parametrize(
    ("change", "in_lanes"),
    [
        ({"first_name": "Anna"}, True),
        ({"external_id": "x"}, False),
        ({"email": "second@example.com"}, False),
    ],
)
def test_only_a_key_that_others_give_keeps_the_rows_together(
    importer, session, someone, planned, stretches, change, in_lanes
):
    importer.run(table("1,first@example.com,Ann,,,,"))
    contact_id = session.scalar(select(Contact.id))
    ready = planned(*(f"{n},p{n}@example.com,P{n},,,," for n in range(2, ROWS)))
    edit_contact(session, contact_id, 1, change, someone)
    session.commit()
    check(session, importer.execute(ready.id))
    assert bool(stretches) == in_lanes
