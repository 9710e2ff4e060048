"""An undo in two lanes comes to what one stream would, and loses nothing when a lane is lost."""

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp import jobs
from webapp.models import ContactImport
from webapp.undoing import undo, undo_lanes

KNOWN = range(1, 151)
NEW = range(151, 301)
SECOND = "current_setting('application_name') LIKE 'rowcall-lane%'"


@pytest.fixture
def stretches(monkeypatch) -> list[bool]:
    """For each stretch in two lanes whether it made room; they open also where there is one core,
    and for few contacts.
    """
    found: list[bool] = []
    run = undo_lanes.Lanes.run

    def noted(self, *arguments):
        found.append(run(self, *arguments))
        return found[-1]

    monkeypatch.setattr(undo_lanes.Lanes, "run", noted)
    monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 2)
    monkeypatch.setattr(undo, "BATCH", 20)
    monkeypatch.setattr(undo, "LEAST_BATCHES", 2)
    monkeypatch.setattr(undo, "STRIPE", 1)
    return found


def people(numbers, company: str) -> list[str]:
    return [f"{n},p{n}@example.com,P{n},,{company},," for n in numbers]


def book(session) -> list[tuple]:
    found = session.execute(
        text(
            "SELECT id, external_id, email_key, company, imported_row FROM contacts ORDER BY 1"
        )
    ).all()
    session.commit()
    return found


@pytest.fixture
def run(importer, session) -> tuple[ContactImport, list[tuple]]:
    """An import that changed some contacts and created others, and the book before it."""
    importer.run(table(*people(KNOWN, "Old")))
    before = book(session)
    done = importer.run(table(*people(KNOWN, "New"), *people(NEW, "New")), "update")
    assert (done.updated, done.created) == (len(KNOWN), len(NEW))
    return done, before


def check(session, undone: ContactImport, before: list[tuple]) -> None:
    """All is back, each contact was counted once, and nothing is listed."""
    assert book(session) == before
    assert undone.state == "rolled_back"
    counts = [undone.rollback[name] for name in ("removed", "restored", "kept", "through")]
    assert counts == [len(NEW), len(KNOWN), 0, len(NEW) + len(KNOWN)]
    assert not undo.kept(session, undone.id)
    found = session.execute(
        text(
            """SELECT count(*) FILTER (WHERE kind = 'removed') AS removed,
                 count(*) FILTER (WHERE kind = 'import' AND undone_at IS NOT NULL) AS undone
               FROM contact_changes WHERE import_id = :id"""
        ),
        {"id": undone.id},
    ).one()
    assert tuple(found) == (len(NEW), len(KNOWN))


def test_two_lanes_come_to_what_one_stream_does(importer, session, stretches, run):
    done, before = run
    check(session, importer.undo(done.id), before)
    assert len(stretches) >= 2


def test_one_stream_where_no_core_is_free(importer, session, stretches, run, monkeypatch):
    monkeypatch.setattr(jobs.slices.second_process, "cores", lambda: 1)
    done, before = run
    check(session, importer.undo(done.id), before)
    assert not stretches


def on_change(session, condition: str, action: str, at: int) -> None:
    """Have the database do this once, before it writes or removes the contact with that turn in the
    sessions meant.
    """
    session.execute(
        text(
            f"""CREATE SEQUENCE times;
                CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN
                    IF {condition} THEN IF nextval('times') = {at} THEN {action}; END IF; END IF;
                    RETURN COALESCE(NEW, OLD);
                  END $$;
                CREATE TRIGGER act BEFORE UPDATE OR DELETE ON contacts
                FOR EACH ROW EXECUTE FUNCTION act()"""
        )
    )
    session.commit()


KILLED = "PERFORM pg_terminate_backend(pg_backend_pid())"
WAYS = {
    "killed": KILLED,
    "failing": "RAISE serialization_failure",
    "standing still": "PERFORM pg_sleep(0.5)",
}


@pytest.mark.parametrize("at", [30, 120], ids=["removing", "restoring"])
@pytest.mark.parametrize("way", WAYS)
def test_a_second_lane_that_is_lost_loses_nothing(importer, session, stretches, run, way, at):
    done, before = run
    on_change(session, SECOND, WAYS[way], at)
    check(session, importer.undo(done.id), before)
    assert stretches


@pytest.mark.parametrize("at", [30, 120], ids=["removing", "restoring"])
def test_a_first_lane_that_is_lost_loses_nothing(importer, session, stretches, run, at):
    done, before = run
    on_change(session, f"NOT {SECOND}", KILLED, at)
    undone = importer.undo(done.id)
    assert undone.state == "rolling_back"
    assert undone.rollback["at"] != undone.rollback["at_second"]
    check(session, importer.work(done.id), before)


def test_a_lane_whose_lease_has_passed_on_writes_nothing(importer, session, stretches, run):
    done, _before = run
    moves = "UPDATE contact_imports SET lease_token = lease_token + 1"
    on_change(session, SECOND, moves, 30)
    undone = importer.undo(done.id)
    assert undone.state == "rolling_back"
    left = session.execute(text("SELECT count(*) FROM contacts")).scalar()
    assert left == len(KNOWN) + len(NEW) - undone.rollback["removed"]


def test_keys_that_moved_between_both_halves_come_back(importer, session, stretches):
    """Each contact gets the address of the one before it."""
    importer.run(table(*people(KNOWN, "Old")))
    before = book(session)
    moved = [f"{n},p{n - 1}@example.com,,,,," for n in KNOWN]
    done = importer.run(table(*moved), "update", match_keys=["external_id"])
    assert done.updated == len(KNOWN)
    undone = importer.undo(done.id)
    assert stretches
    assert book(session) == before
    counts = [undone.rollback[name] for name in ("removed", "restored", "kept")]
    assert counts == [0, done.updated, 0]


def test_a_contact_that_was_changed_since_stays_and_is_listed_once(
    importer, session, stretches, run
):
    done, _before = run
    later = importer.run(table(*people([7, 200], "Later")), "update")
    undone = importer.undo(done.id)
    assert stretches
    counts = [undone.rollback[name] for name in ("removed", "restored", "kept")]
    assert counts == [len(NEW) - 1, len(KNOWN) - 1, 2]
    listed = undo.kept(session, done.id)
    assert {one.code for one in listed} == {"changed_by_later_import"}
    assert {one.changed_by_import for one in listed} == {later.id}
