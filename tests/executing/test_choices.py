"""Rows settled by a person, once they run: the choice is decided again inside the batch, on the
book as it is by then.
"""

import threading
import time

import psycopg
import pytest
from sqlalchemy import event, select, text

from tests.executing.test_second_runs import again
from tests.harness.imports import table
from tests.staging.test_row_choices import (
    BOOK,
    LEAVE_OUT,
    NEW,
    by_id,
    choose,
    entry,
    owner_of,
    this,
)
from webapp.contacts import journal
from webapp.deciding import preview
from webapp.executing import batches
from webapp.models import (
    Contact,
    ImportChoice,
    ImportConflict,
    ImportDifference,
    ImportLog,
    ImportPreview,
)
from webapp.retention import discarding, erasure
from webapp.staging import row_choices
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.strategies import Strategy, Variant

# Row 2 has Ann's ID and Ben's e-mail.
ONE = table("1,ben@example.com,Annabel,,,,")


@pytest.fixture
def ready(importer):
    importer.run(BOOK)
    return importer.work(importer.check(ONE).id)


def edit(importer, contact: Contact, **values: str) -> None:
    journal.edit_contact(
        importer.session, contact.id, contact.version, values, importer.user_id
    )
    importer.session.commit()


def delete(importer, contact: Contact) -> None:
    journal.delete_contact(importer.session, contact.id, contact.version, importer.user_id)
    importer.session.commit()


def came_to(session, done, row: int = 2) -> tuple[str, str | None, int | None]:
    found = entry(session, done, row)
    return found.outcome, found.code, found.contact_id


GONE = ("conflict", "choice_gone", None)


@pytest.mark.parametrize("owner", [True, False], ids=["owner of the ID", "this contact"])
def test_a_contact_that_is_gone_leaves_the_row_in_conflict(importer, session, ready, owner):
    """And never hands it to the other candidate."""
    ann, ben = by_id(session, "1"), by_id(session, "2")
    choose(session, ready, 2, owner_of("external_id") if owner else this(ann))
    delete(importer, ann)
    done = importer.execute(ready.id, "update")
    assert came_to(session, done) == GONE
    assert entry(session, done, 2).detail == {"contacts": [ben.id], "by": {"email": [ben.id]}}
    assert by_id(session, "2").first_name == "Ben"


def test_a_contact_that_was_erased_leaves_the_row_in_conflict(importer, session):
    """Chosen by a phone, which others may share: so its rows are not erased with it."""
    importer.run("ID,Phone\n1,+49 30 1234567\n2,+49 30 1234568\n")
    file = "Phone,First name\n+49 30 1234567 / +49 30 1234568,Ann\n"
    ready = importer.work(importer.check(file, match_keys=["phone"]).id)
    (found,) = row_choices.listed(session, ready, 0, 9)
    assert [one["by"] for one in found.candidates] == [["phone"], ["phone"]]
    one = by_id(session, "1")
    choose(session, ready, 2, this(one))
    erasure.erase(session, one.id)
    session.commit()
    assert came_to(session, importer.execute(ready.id, "update")) == GONE


def test_a_contact_whose_key_was_given_away_leaves_the_row_in_conflict(
    importer, session, ready
):
    ann, cid = by_id(session, "1"), by_id(session, "3")
    choose(session, ready, 2, this(ann))
    edit(importer, ann, external_id="")
    edit(importer, cid, external_id="1")
    assert came_to(session, importer.execute(ready.id, "update")) == GONE


def test_the_owner_of_a_key_is_whoever_has_it_then(importer, session, ready):
    ann, cid = by_id(session, "1"), by_id(session, "3")
    choose(session, ready, 2, owner_of("external_id"))
    edit(importer, ann, external_id="")
    edit(importer, cid, external_id="1")
    assert came_to(session, importer.execute(ready.id, "update")) == ("updated", None, cid.id)


def test_other_edits_do_not_matter(importer, session, ready):
    ann, ben = by_id(session, "1"), by_id(session, "2")
    choose(session, ready, 2, this(ann))
    edit(importer, ann, email="else@example.com", first_name="Anne", company="Works")
    edit(importer, ben, external_id="", last_name="Smith")
    assert came_to(session, importer.execute(ready.id, "update")) == ("updated", None, ann.id)


def test_a_row_that_is_in_conflict_no_more_still_goes_where_it_was_put(
    importer, session, ready
):
    """Ben gave the e-mail away, and a new one was chosen: it has the e-mail, and not the ID."""
    ben = by_id(session, "2")
    choose(session, ready, 2, NEW)
    edit(importer, ben, email="else@example.com")
    done = importer.execute(ready.id, "update")
    made = session.get_one(Contact, entry(session, done, 2).contact_id)
    assert (made.external_id, made.email, made.first_name) == (
        None,
        "ben@example.com",
        "Annabel",
    )
    assert done.created == 1


def test_what_the_preview_said_of_choices_is_compared(importer, session, ready):
    ann = by_id(session, "1")
    choose(session, ready, 2, this(ann))
    ready = importer.work(ready.id)
    kept = session.get(ImportPreview, (ready.id, "update", True, False))
    assert (kept.outcomes["updated"], kept.outcomes["conflict"]) == (1, 0)
    assert kept.people["warnings"] == {"key_left_out": 1}
    delete(importer, ann)
    done = importer.execute(ready.id, "update")
    (found,) = session.scalars(select(ImportDifference)).all()
    assert found.planned.startswith(f"2,updated,{ann.id},,,")
    assert found.came_to == "2,conflict,,choice_gone,,"
    assert done.conflict == 1


@pytest.mark.parametrize("size", [1, 2, 100])
def test_within_a_batch_a_row_before_it_takes_the_key_away(importer, session, size):
    """Row 2 gives Ann another ID, so row 3, chosen for her by the old one, fits her no more."""
    importer.run(BOOK)
    file = table("9,ann@example.com,,,,,", "1,ben@example.com,,,,,")
    ready = importer.check(file, match_keys=["email"])
    ready = importer.work(ready.id)
    ann = by_id(session, "1")
    choose(session, ready, 3, this(ann))
    done = importer.execute(ready.id, "update", batch_size=size)
    assert came_to(session, done, 2) == ("updated", None, ann.id)
    assert came_to(session, done, 3) == GONE


def test_a_preview_gives_no_new_contact_the_number_of_a_deleted_one(importer, session):
    """Row 3 was chosen for Cid, who had the highest number; row 2 makes another of the same ID."""
    importer.run(BOOK)
    file = table("3,cid@example.com,Cid,,,,", "3,ann@example.com,Cyd,,,,")
    ready = importer.work(importer.check(file).id)
    cid = by_id(session, "3")
    choose(session, ready, 3, this(cid))
    delete(importer, cid)
    delete(importer, by_id(session, "2"))
    ready = importer.work(ready.id)
    kept = session.get(ImportPreview, (ready.id, "update", True, False))
    assert (kept.outcomes["created"], kept.outcomes["conflict"]) == (1, 1)
    done = importer.execute(ready.id, "update")
    assert came_to(session, done, 3) == GONE
    assert session.scalars(select(ImportDifference)).all() == []


WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_a_contact_that_loses_the_key_while_the_batch_waits_is_decided_on_again(
    importer, session, database_url, ready
):
    """Another transaction has taken Ann's ID away and commits once the batch waits for her."""
    ann = by_id(session, "1")
    choose(session, ready, 2, this(ann))
    take = "UPDATE contacts SET external_id = NULL, version = version + 1 WHERE id = %s"
    with psycopg.connect(database_url) as other:
        other.execute(take, (ann.id,))

        def give_way():
            with psycopg.connect(database_url, autocommit=True) as watcher:
                while not watcher.execute(WAITING).fetchall():
                    time.sleep(0.01)
            other.commit()

        waiter = threading.Thread(target=give_way)
        waiter.start()
        done = importer.execute(ready.id, "update")
        waiter.join()

    assert came_to(session, done) == GONE
    attempts = session.scalars(
        select(ImportLog.result).where(
            ImportLog.import_id == done.id, ImportLog.event == "batch"
        )
    )
    assert "retried" in list(attempts)


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_a_contact_that_an_earlier_row_makes_is_chosen_by_its_key(
    importer, session, size, strategy
):
    """Row 2 makes the contact of 7, and row 3 has its ID and Ben's e-mail."""
    importer.run(BOOK)
    file = table("7,gus@example.com,Gus,,,,", "7,ben@example.com,Gustav,,,,")
    ready = importer.work(importer.check(file).id)
    ben = by_id(session, "2")
    (found,) = row_choices.listed(session, ready, 0, 9)
    assert found.candidates == [
        {"contact_id": ben.id, "by": ["email"]}, {"row": 2, "by": ["external_id"]},
    ]  # fmt: skip
    choose(session, ready, 3, owner_of("external_id"))
    done = importer.execute(ready.id, strategy, batch_size=size)
    gus = by_id(session, "7")
    outcome = {"skip": "duplicate_skipped", "update": "updated", "merge": "unchanged"}[
        strategy
    ]
    assert came_to(session, done, 3) == (outcome, "joins_row", gus.id)
    assert (gus.email, gus.first_name) == (
        "gus@example.com", "Gustav" if strategy == "update" else "Gus",
    )  # fmt: skip
    assert entry(session, done, 3).detail["row"] == 2


def test_further_addresses_of_others_are_left_out_and_the_next_moves_up(importer, session):
    importer.run(BOOK)
    file = table(
        "8,ann@example.com; new@example.com; ben@example.com; two@example.com,Eve,,,,"
    )
    ready = importer.work(importer.check(file).id)
    choose(session, ready, 2, NEW)
    done = importer.execute(ready.id, "merge")
    made = session.get_one(Contact, entry(session, done, 2).contact_id)
    assert (made.external_id, made.email) == ("8", "new@example.com")
    assert [one["value"] for one in made.further_emails] == ["two@example.com"]
    assert entry(session, done, 2).detail["left_out"] == ["email"]


def test_another_name_is_settled_too(importer, session):
    """Where other names are held, the contact behind the e-mail is the one candidate."""
    importer.run(BOOK)
    ready = importer.check(table(",ann@example.com,Zoe,,,,", ",ben@example.com,Zack,,,,"))
    preview.request(session, ready.id, Variant(Strategy.UPDATE, hold_other_names=True))
    session.commit()
    ready = importer.work(ready.id)
    ann, ben = by_id(session, "1"), by_id(session, "2")
    found = row_choices.listed(session, ready, 0, 9)
    assert [(one.row, one.code, one.candidates) for one in found] == [
        (2, "other_name", [{"contact_id": ann.id, "by": ["email"]}]),
        (3, "other_name", [{"contact_id": ben.id, "by": ["email"]}]),
    ]  # fmt: skip
    choose(session, ready, 2, this(ann))
    choose(session, ready, 3, NEW)
    done = importer.execute(ready.id, "update", hold_other_names=True)
    assert (ann.first_name, ben.first_name) == ("Zoe", "Ben")
    assert came_to(session, done, 2) == ("updated", None, ann.id)
    assert entry(session, done, 3).outcome == "created"


def test_a_batch_that_fails_leaves_out_what_was_left_out(
    importer, session, ready, monkeypatch
):
    session.execute(
        text(
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE serialization_failure; END $$;
               CREATE TRIGGER refuse BEFORE INSERT ON contact_import_results FOR EACH ROW
                 WHEN (NEW.outcome <> 'failed' AND NEW.code IS DISTINCT FROM 'left_out'
                   OR NEW.row = 3) EXECUTE FUNCTION refuse()"""
        )
    )
    session.commit()
    monkeypatch.setattr(batches, "BACK_OFF_SECONDS", (0, 0))
    choose(session, ready, 2, LEAVE_OUT)
    done = importer.execute(ready.id, "update")
    assert (done.left_out, done.failed) == (1, 0)


def test_a_choice_after_the_run_is_obeyed_by_a_second_one(importer, session, ready):
    done = importer.execute(ready.id, "update")
    assert done.conflict == 1
    ann = by_id(session, "1")
    choose(session, done, 2, this(ann))
    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.conflict, done.updated) == (0, 1)
    assert came_to(session, done) == ("updated", None, ann.id)
    assert by_id(session, "1").first_name == "Annabel"


def test_a_row_that_was_corrected_meanwhile_has_other_keys(importer, session):
    """The choice was made for a key that the row has no longer."""
    importer.run(BOOK)
    ready = importer.work(
        importer.check(table("1,ben@example.com,Annabel,,,,", "x,no,,,,,")).id
    )
    choose(session, ready, 2, this(by_id(session, "2")))
    session.execute(
        text("UPDATE contact_import_rows SET email = NULL, email_key = NULL WHERE row = 2")
    )
    session.commit()
    assert came_to(session, importer.execute(ready.id, "update")) == GONE


def test_a_discarded_import_takes_its_choices_along(importer, session, ready):
    choose(session, ready, 2, NEW)
    discarding.discard(session, ready.id)
    session.commit()
    assert session.query(ImportChoice).count() == session.query(ImportConflict).count() == 0


ALIKE = 100_000


def test_a_hundred_thousand_alike_are_settled_by_one_statement(importer, session, ready):
    session.execute(
        text(
            """INSERT INTO contact_import_conflicts
               SELECT import_id, n, code, kind, candidates FROM contact_import_conflicts,
                 generate_series(3, :rows) n WHERE row = 2"""
        ),
        {"rows": ALIKE + 1},
    )
    session.commit()
    statements = []

    @event.listens_for(session.get_bind(), "before_cursor_execute")
    def count(_conn, _cursor, statement, *_):
        statements.append(statement)

    assert row_choices.choose_alike(session, ready.id, 2, owner_of("email")) == ALIKE
    session.commit()
    assert len(statements) < 20
    assert session.query(ImportChoice).count() == ALIKE
    assert row_choices.kinds(session, ready) == {
        "two_contacts:email,external_id": (ALIKE, ALIKE)
    }
