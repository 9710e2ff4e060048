"""Whole imports through the real engine: upload, check, preview, execution, ledger, undo."""

import csv
import hashlib
import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp import db
from webapp.imports import import_commands, leases
from webapp.imports.progress import ProgressTracker, outcomes_of
from webapp.models import Contact, ImportPreview, ImportResult
from webapp.staging import check
from webapp.undoing import undo_preview
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.outcomes import sums
from webapp.vocabulary.refusals import Refusal

PEOPLE = table(
    "1,ann@example.com,Ann,Ash,Acme,a,40",
    "2,ben@example.com,Ben,Birch,Acme,,41",
    "3,no address,Cid,Cedar,Acme,,",
    "2,BEN@example.com,Ben,Birch,Other,b,41",
    "4,ann@example.com,Ann,Other,,,",
)


def ledger(session, import_id):
    entries = session.scalars(select(ImportResult).where(ImportResult.import_id == import_id))
    return {entry.row: entry.outcome for entry in entries}


def digest(session) -> str:
    """Of every column of every contact, but for what each change moves."""
    rows = session.scalars(
        text("SELECT to_jsonb(c) - 'version' - 'updated_at' FROM contacts c ORDER BY id")
    ).all()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_every_row_has_one_outcome(importer, session):
    done = importer.run(PEOPLE)
    assert done.state == "completed"
    assert ledger(session, done.id) == {
        2: "created",
        3: "created",
        4: "invalid",
        5: "duplicate_skipped",
        6: "conflict",
    }
    counts = sums(outcomes_of(done))
    assert (
        counts["success"] + counts["failed"] + counts["skipped"]
        == counts["processed"]
        == done.total
        == 5
    )
    assert ProgressTracker(session, done.id).progress().progress == 100


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
@pytest.mark.parametrize("batch_size", [1, 2, 100, "auto"])
def test_preview_equals_execution(importer, session, strategy, batch_size):
    importer.run(table("1,ann@example.com,,Ash,,x,39", "9,zoe@example.com,Zoe,,,,"))
    checked = importer.check(PEOPLE)
    importer.work(checked.id)
    kept = {row.strategy: row.outcomes for row in session.scalars(select(ImportPreview))}
    done = importer.execute(checked.id, strategy, batch_size=batch_size)
    assert outcomes_of(done) == kept[strategy]


def test_preview_writes_nothing(importer, session):
    importer.run(PEOPLE)
    before = digest(session)
    checked = importer.check(PEOPLE.replace("Acme", "Changed"))
    importer.work(checked.id)
    assert session.query(ImportPreview).filter_by(import_id=checked.id).count() == 3
    assert digest(session) == before
    assert not ledger(session, checked.id)


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_rollback_brings_the_book_back(importer, session, strategy):
    importer.run(table("1,ann@example.com,,Ash,,x,39", "2,ben@example.com,Ben,,,,"))
    before = digest(session)
    done = importer.run(PEOPLE, strategy)
    planned = undo_preview.preview(session, done.id)
    undone = importer.undo(done.id)
    assert undone.state == "rolled_back"
    assert digest(session) == before
    assert (planned.removed, planned.restored, planned.kept) == (
        undone.rollback["removed"],
        undone.rollback["restored"],
        undone.rollback["kept"],
    )


def every_field(**rows: dict[str, str]) -> str:
    """CSV with every field there is and one of the person's own.

    What a row does not give is its letter and the field's name.
    """
    names = [*SCALARS, "tags"]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([*names, "Shoe size"])
    for row, given in rows.items():
        own = {
            "birthday": "1990-05-06",
            "phone": "+49 30 1234567",
            "country": "DE",
            "Shoe size": row,
        }
        writer.writerow(
            [given.get(name, own.get(name, f"{row}-{name}")) for name in [*names, "Shoe size"]]
        )
    return stream.getvalue()


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_every_field_comes_back(importer, session, strategy):
    half = dict.fromkeys(
        ("city", "job_title", "website", "birthday", "notes", "Shoe size"), ""
    )
    people = (
        {"external_id": "1", "email": "one@example.com"},
        {"external_id": "2", "email": "two@example.com"},
    )
    importer.run(every_field(a=people[0], b={**people[1], **half}))
    before = digest(session)
    changed = {
        "birthday": "1991-06-07",
        "phone": "+49 30 7654321",
        "country": "FR",
        "company": "(none)",
    }
    file = every_field(
        c={**people[0], **changed},
        d={**people[1], **changed, "tags": "(none)", "Shoe size": "(none)"},
        e={"external_id": "3", "email": "three@example.com"},
        f={**people[0], "notes": "(none)", "city": "again"},
    )
    done = importer.run(file, strategy, clear_token="(none)")
    assert sums(outcomes_of(done))["success"] == (1 if strategy == "skip" else 4)
    assert digest(session) != before
    if strategy == "update":
        found = session.scalars(select(Contact).where(Contact.external_id == "2")).one()
        left = {name: getattr(found, name) for name in SCALARS}
        assert left == {
            **{name: f"d-{name}" for name in SCALARS}, **people[1], "birthday": "1991-06-07", "country": "FR",
            "phone": "+49307654321", "company": None,
        }  # fmt: skip
        assert (found.tags, found.custom) == ([], {})
    undone = importer.undo(done.id)
    assert (undone.rollback["removed"], undone.rollback["restored"]) == (
        1,
        0 if strategy == "skip" else 2,
    )
    assert digest(session) == before


@pytest.mark.parametrize("first", [0, 1])
def test_two_imports_undone_in_either_order(importer, session, first):
    importer.run(table("1,ann@example.com,Ann,Ash,Acme,x,39"))
    before = digest(session)
    both = [
        importer.run(
            table("1,ann@example.com,Anna,Ash,Beta,y,40", "5,new@example.com,New,,,,"),
            "update",
        ),
        importer.run(
            table("1,ann@example.com,Anya,Ash,Gamma,z,41", "5,new@example.com,Newer,,,,"),
            "update",
        ),
    ]
    importer.undo(both[first].id)
    importer.undo(both[1 - first].id)
    assert digest(session) == before


def test_swapped_keys_come_back(importer, session):
    importer.run(table("1,ann@example.com,Ann,,,,", "2,ben@example.com,Ben,,,,"))
    before = digest(session)
    done = importer.run(
        table("1,temp@example.com,,,,,", "2,ann@example.com,,,,,", "1,ben@example.com,,,,,"),
        "update",
        match_keys=["external_id"],
    )
    assert set(ledger(session, done.id).values()) == {"updated"}
    importer.undo(done.id)
    assert digest(session) == before


def test_a_later_edit_is_kept_and_listed(importer, session):
    done = importer.run(PEOPLE)
    ann = session.scalars(select(Contact).where(Contact.email_key == "ann@example.com")).one()
    session.execute(
        text(
            """INSERT INTO contact_changes (contact_id, kind, user_id, before, after)
               VALUES (:id, 'edit', 1, '{"company": "Acme"}', '{"company": "Mine"}')"""
        ),
        {"id": ann.id},
    )
    session.execute(
        text("UPDATE contacts SET company = 'Mine', version = version + 1 WHERE id = :id"),
        {"id": ann.id},
    )
    session.commit()
    undone = importer.undo(done.id)
    assert undone.rollback["kept"] == 1
    assert [contact.company for contact in session.scalars(select(Contact))] == ["Mine"]


def test_executing_twice_is_one_import(importer, session):
    checked = importer.check(PEOPLE)
    assert import_commands.execute(session, checked.id, strategy="skip") is True
    assert import_commands.execute(session, checked.id, strategy="skip") is False
    session.commit()


def test_a_start_and_a_claim_do_not_wait_for_each_other_in_a_circle(
    importer, session, settings, conn
):
    """The worker has the lease's row, then wants the import's; whoever starts the import wants
    both too.
    """
    checked = importer.check(PEOPLE).id
    conn.execute(
        "SELECT 1 FROM contact_import_leases WHERE import_id = %s FOR UPDATE", (checked,)
    )
    with ThreadPoolExecutor(1) as pool, db.session(settings.database_url) as other:
        started = pool.submit(import_commands.execute, other, checked, strategy="skip")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not session.execute(text(waiting)).first():
            session.rollback()
            time.sleep(0.01)
        conn.execute(
            "UPDATE contact_imports SET lease_token = lease_token + 1 WHERE id = %s",
            (checked,),
        )
        conn.commit()
        assert started.result()


def test_skip_errors_off_refuses_and_stops(importer, session):
    checked = importer.check(PEOPLE)
    with pytest.raises(Refusal):
        import_commands.execute(session, checked.id, strategy="skip", skip_errors=False)
    session.rollback()
    rows = table(
        "1,ann@example.com,Ann,,,,", "2,ann@example.com,Ben,,,,", "3,cid@example.com,Cid,,,,"
    )
    done = importer.run(rows, skip_errors=False)
    assert done.state == "failed"
    assert ledger(session, done.id) == {2: "created", 3: "conflict"}
    assert outcomes_of(done)["not_processed"] == 1


def test_cancel_while_queued(importer, session):
    checked = importer.check(PEOPLE)
    import_commands.execute(session, checked.id, strategy="skip")
    import_commands.cancel(session, checked.id)
    session.commit()
    assert importer.work(checked.id).state == "cancelled"
    assert not ledger(session, checked.id)


def test_ambiguous_dates_are_settled_by_their_column(importer, session):
    rows = "Email,Birthday\na@example.com,03/04/1990\nb@example.com,25/04/1990\n"
    done = importer.run(rows)
    assert {contact.birthday for contact in session.scalars(select(Contact))} == {
        "1990-04-03",
        "1990-04-25",
    }
    assert done.created == 2
    left_open = importer.check("Email,Birthday\nc@example.com,03/04/1990\n")
    assert left_open.check_summary["problems"][0]["code"] == "date_ambiguous"


def test_run_again_after_rollback(importer, session):
    done = importer.run(PEOPLE)
    importer.undo(done.id)
    again = import_commands.run_again(session, done.id, importer.user_id)
    session.commit()
    ready = importer.work(again.id)
    assert ready.state == "ready"
    assert importer.execute(ready.id).created == done.created


def test_an_import_that_stopped_at_its_first_error_is_taken_back_and_not_checked_anew(
    importer, session
):
    rows = table("1,ann@example.com,Ann,,,,", "2,ann@example.com,Ben,,,,")
    stopped = importer.run(rows, skip_errors=False)
    with pytest.raises(Refusal, match="wrong_state") as refusal:
        import_commands.map_columns(session, stopped.id, stopped.mapping)
    assert refusal.value.facts == {"state": "failed"}
    session.rollback()
    assert importer.undo(stopped.id).rollback["removed"] == 1


def test_a_refused_check_leaves_nothing_to_take_back(importer, session, conn):
    refused = importer.upload(PEOPLE)
    import_commands.map_columns(session, refused.id, refused.suggested_mapping)
    session.commit()
    lease = leases.claim(conn, refused.id, 15)
    check.refuse(conn, lease, Refusal("check_broken_off"))
    with pytest.raises(Refusal, match="wrong_state") as refusal:
        import_commands.roll_back(session, refused.id)
    assert refusal.value.facts == {"state": "refused"}
    session.rollback()
