"""Second runs of the same import: of what failed, what was corrected since, and what a
stop left.
"""

import threading
from functools import partial

import psycopg
import pytest
from sqlalchemy import select, text

from tests.executing.test_faults import refuse
from tests.harness.imports import table
from webapp import db, jobs
from webapp.deciding import ledger_digest
from webapp.executing import batches, execution
from webapp.imports import import_commands, leases, reruns
from webapp.models import Contact, ContactImport, ImportLog, ImportResult, ReopenedRow
from webapp.staging import corrections, row_choices
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben at example.com,Ben,,,,",
    "3,cid at example.com,Cid,,,,",
    "4,dan@example.com,Dan,,,,",
)
MANY = table(*[f"{n},p{n}@example.com,P{n},,,," for n in range(1, 251)])


def again(importer, import_id, rerun: Rerun) -> ContactImport:
    import_commands.retry(importer.session, import_id, rerun)
    importer.session.commit()
    return importer.work(import_id)


def correct(importer, import_id, row: int, email: str) -> None:
    corrections.correct(importer.session, import_id, row, {1: email})
    importer.session.commit()


def ledger(session, import_id) -> dict[int, str]:
    entries = select(ImportResult.row, ImportResult.outcome).where(
        ImportResult.import_id == import_id
    )
    return {row.row: row.outcome for row in session.execute(entries)}


def reopened(session, import_id) -> list[int]:
    rows = select(ReopenedRow.row).where(ReopenedRow.import_id == import_id)
    return sorted(session.scalars(rows))


def proven(session, conn, found: ContactImport) -> None:
    """The sums agree, and the digest is that of the ledger as it stands."""
    read = ledger_digest.Ledger(found.id).read(conn)
    assert ledger_digest.check_sums(conn, found.id, read) == []
    assert read.digest == found.ledger_digest
    conn.rollback()


def test_corrected_rows_run_again_in_the_same_import(importer, session, conn):
    done = importer.run(PEOPLE)
    first = done.ledger_digest
    assert (done.created, done.invalid) == (2, 2)
    correct(importer, done.id, 3, "ben@example.com")
    correct(importer, done.id, 4, "still nobody")
    assert reopened(session, done.id) == [3], "a row that is still invalid need not run"
    assert (done.created, done.invalid) == (2, 2), "nothing has run yet"

    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.state, done.created, done.invalid, done.rerun) == ("completed", 3, 1, "")
    assert done.rerun_from is None
    assert ledger(session, done.id) == {
        2: "created", 3: "created", 4: "invalid", 5: "created"
    }  # fmt: skip
    assert reopened(session, done.id) == []
    assert done.ledger_digest != first
    assert done.people["contacts_created"] == 3
    proven(session, conn, done)

    log = session.scalars(select(ImportLog).where(ImportLog.event == "row_invalid")).one()
    assert (log.first_row, log.result) == (3, "email_no_at")

    undone = importer.undo(done.id)
    assert undone.rollback["removed"] == 3
    assert not session.scalars(select(Contact)).all()


def test_counts_of_problems_speak_of_what_was_run(importer, session):
    done = importer.run(PEOPLE)
    assert [p["rows"] for p in done.check_summary["problems"]] == [2]
    correct(importer, done.id, 3, "ben@example.com")
    session.expire_all()
    assert [p["rows"] for p in done.check_summary["problems"]] == [2]
    done = again(importer, done.id, Rerun.CORRECTED)
    assert [p["rows"] for p in done.check_summary["problems"]] == [1]


def test_a_row_that_is_left_out_afterwards_and_one_taken_in(importer, session, conn):
    ready = importer.check(PEOPLE)
    corrections.leave_out(session, ready.id, 3, out=True)
    session.commit()
    done = importer.execute(ready.id)
    assert (done.left_out, done.invalid) == (1, 1)
    corrections.correct(session, done.id, 3, {1: "ben@example.com"})
    corrections.leave_out(session, done.id, 3, out=False)
    corrections.leave_out(session, done.id, 4, out=True)
    session.commit()
    assert reopened(session, done.id) == [3, 4]
    corrections.leave_out(session, done.id, 3, out=True)
    session.commit()
    assert reopened(session, done.id) == [4], "it is what the ledger says already"
    corrections.leave_out(session, done.id, 3, out=False)
    session.commit()
    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.created, done.left_out, done.invalid) == (3, 1, 0)
    proven(session, conn, done)


def test_a_conflict_that_is_settled_afterwards(importer, session, conn):
    importer.run(table("1,ann@example.com,Ann,,,,", "2,ben@example.com,Ben,,,,"))
    done = importer.run(
        table(
            "1,ben@example.com,Eve,,,,",
            "2,ann@example.com,Fay,,,,",
            "3,cid@example.com,Cid,,,,",
        ),
        "update",
    )
    assert (done.conflict, done.created) == (2, 1)
    row_choices.choose(session, done.id, 2, Choice(Chosen.OWNER_OF, by="external_id"))
    row_choices.choose(session, done.id, 3, Choice(Chosen.NEW))
    session.commit()
    assert reopened(session, done.id) == [2, 3]
    row_choices.take_back(session, done.id, 3)
    session.commit()
    assert reopened(session, done.id) == [2], "it would be a conflict again"
    done = again(importer, done.id, Rerun.CORRECTED)
    assert ledger(session, done.id) == {2: "updated", 3: "conflict", 4: "created"}
    assert sorted(session.scalars(select(Contact.first_name))) == ["Ben", "Cid", "Eve"]
    proven(session, conn, done)
    row_choices.choose(session, done.id, 3, Choice(Chosen.LEAVE_OUT))
    session.commit()
    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.conflict, done.left_out) == (0, 1)
    with pytest.raises(Refusal, match="row_not_in_conflict"):
        row_choices.choose(session, done.id, 2, Choice(Chosen.NEW))
    session.rollback()
    importer.undo(done.id)
    assert sorted(session.scalars(select(Contact.first_name))) == ["Ann", "Ben"]


def test_what_is_in_may_not_be_corrected(importer, session):
    done = importer.run(table("1,ann@example.com,Ann,,,,", "2,ben@example.com,Ben,,,,"))
    session.execute(text("UPDATE contact_import_rows SET record = '{}'"))
    session.commit()
    for ask in (
        lambda: corrections.correct(session, done.id, 2, {1: "x@example.com"}),
        lambda: corrections.leave_out(session, done.id, 2, out=True),
    ):
        with pytest.raises(Refusal) as refused:
            ask()
        assert refused.value.code == "row_is_in"
        assert "created" in refused.value.sentence
        session.rollback()


@pytest.mark.parametrize("rerun", [Rerun.FAILED, Rerun.CORRECTED, Rerun.REMAINING])
def test_there_have_to_be_such_rows(importer, session, rerun):
    done = importer.run(table("1,ann@example.com,Ann,,,,"))
    with pytest.raises(Refusal) as refused:
        import_commands.retry(session, done.id, rerun)
    assert refused.value.code == f"nothing_{rerun}"
    session.rollback()
    importer.undo(done.id)
    with pytest.raises(Refusal, match="wrong_state"):
        import_commands.retry(session, done.id, rerun)


def one_batch(importer, import_id, monkeypatch) -> ContactImport:
    """A slice of one batch, so that the import is still at work."""
    monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
    jobs.stop_request.told = True
    try:
        return importer.work(import_id)
    finally:
        jobs.stop_request.told = False


def stopped(importer, session, monkeypatch, **options) -> ContactImport:
    """An import that a person stopped after its first batch."""
    ready = importer.check(MANY)
    import_commands.execute(session, ready.id, strategy="skip", **options)
    session.commit()
    one_batch(importer, ready.id, monkeypatch)
    import_commands.cancel(session, ready.id)
    session.commit()
    return importer.work(ready.id)


def test_what_a_stop_left_is_run(importer, session, conn, monkeypatch):
    found = stopped(importer, session, monkeypatch)
    assert (found.state, found.created) == ("cancelled", 100)
    assert reruns.counts(session, found) == {"failed": 0, "corrected": 0, "remaining": 150}
    done = again(importer, found.id, Rerun.REMAINING)
    assert (done.state, done.created) == ("completed", 250)
    proven(session, conn, done)
    importer.undo(done.id)
    assert not session.scalars(select(Contact)).all()


@pytest.mark.parametrize("begun", [False, True], ids=["queued", "running"])
def test_a_run_of_what_is_left_that_is_stopped_again(
    importer, session, conn, monkeypatch, begun
):
    found = stopped(importer, session, monkeypatch)
    import_commands.retry(session, found.id, Rerun.REMAINING)
    session.commit()
    if begun:
        assert one_batch(importer, found.id, monkeypatch).state == "running"
    import_commands.cancel(session, found.id)
    session.commit()
    found = importer.work(found.id)
    assert (found.state, found.rerun, found.created) == (
        "cancelled",
        "",
        200 if begun else 100,
    )
    done = again(importer, found.id, Rerun.REMAINING)
    assert (done.state, done.created) == ("completed", 250)
    proven(session, conn, done)


def test_failed_rows_of_a_stopped_import_leave_it_stopped(
    importer, session, conn, monkeypatch
):
    refuse(session, "NEW.external_id = '50'")
    found = stopped(importer, session, monkeypatch)
    assert (found.created, found.failed) == (99, 1)
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.commit()
    found = again(importer, found.id, Rerun.FAILED)
    assert (found.state, found.created, found.failed) == ("cancelled", 100, 0)
    proven(session, conn, found)
    done = again(importer, found.id, Rerun.REMAINING)
    assert (done.state, done.created) == ("completed", 250)
    proven(session, conn, done)


def test_an_import_that_stops_at_bad_rows_stops_again(importer, session, conn):
    """Each run goes on behind the row that stopped the one before."""
    refuse(session, "NEW.external_id IN ('50', '120', '170')")
    found = importer.run(MANY, skip_errors=False)
    assert (found.state, found.created, found.failed) == ("failed", 49, 1)
    assert found.failure_reason == "stopped_at_first_error"
    for created, failed in ((118, 2), (167, 3)):
        found = again(importer, found.id, Rerun.REMAINING)
        assert (found.state, found.created, found.failed) == ("failed", created, failed)
        assert found.failure_reason == "stopped_at_first_error"
        proven(session, conn, found)

    # The first of those that failed fails once more, and stops that run, too.
    found = again(importer, found.id, Rerun.FAILED)
    assert (found.state, found.created, found.failed) == ("failed", 167, 3)
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.commit()
    found = again(importer, found.id, Rerun.FAILED)
    assert (found.state, found.created, found.failed) == ("failed", 170, 0)
    import_commands.retry(session, found.id, Rerun.REMAINING)
    import_commands.cancel(session, found.id)
    session.commit()
    session.expire_all()
    assert (found.state, found.failure_reason) == ("failed", "stopped_at_first_error")
    done = again(importer, found.id, Rerun.REMAINING)
    assert (done.state, done.created, done.failure_reason) == ("completed", 250, None)
    proven(session, conn, done)


def test_a_corrected_row_that_the_database_refuses_is_failed(importer, session, conn):
    done = importer.run(PEOPLE)
    refuse(session, "NEW.external_id = '2'")
    correct(importer, done.id, 3, "ben@example.com")
    correct(importer, done.id, 4, "cid@example.com")
    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.created, done.invalid, done.failed) == (3, 0, 1)
    assert reopened(session, done.id) == []
    proven(session, conn, done)


@pytest.mark.parametrize("rerun", [Rerun.FAILED, Rerun.CORRECTED])
def test_a_second_run_that_loses_its_workers_gives_its_batch_up(
    importer, session, conn, settings, rerun
):
    if rerun is Rerun.FAILED:
        refuse(session, "NEW.external_id = '4'")
    done = importer.run(PEOPLE)
    if rerun is Rerun.CORRECTED:
        correct(importer, done.id, 3, "ben@example.com")
    import_commands.retry(session, done.id, rerun)
    session.commit()
    lease = leases.claim(conn, done.id, 15)
    lost = leases.Lease(lease.import_id, lease.token, leases.GIVE_UP_AFTER)
    connect = partial(db.connect_job, settings.database_url)
    assert execution.execute_slice(conn, lost, connect, lambda: False) == "completed"
    session.expire_all()
    assert (done.created, done.failed) == ((1, 1) if rerun is Rerun.FAILED else (2, 1))
    row = 5 if rerun is Rerun.FAILED else 3
    entry = session.get_one(ImportResult, (done.id, row), populate_existing=True)
    assert (entry.outcome, entry.code) == ("failed", "workers_lost")
    proven(session, conn, done)


def test_many_rows_alike_are_corrected_after_the_run(importer, session, monkeypatch):
    """Only those of which the outcome is open; what takes longer goes on in a job."""
    monkeypatch.setattr(corrections, "AT_ONCE", 0)
    rows = [f"{n},nobody at example,P{n},,,," for n in range(1, 2502)]
    ready = importer.check(table(*rows))
    corrections.correct(session, ready.id, 2, {1: ""})
    session.commit()
    session.expire_all()
    done = importer.execute(ready.id)
    assert (done.created, done.invalid) == (1, 2500)
    asked = corrections.correct_alike(session, done.id, 3, 1, "")
    session.commit()
    assert (asked.rows, asked.total) == (1000, 2500)
    assert done.correcting["total"] == 2500
    for command in (import_commands.roll_back, import_commands.retry):
        with pytest.raises(Refusal, match="correction_under_way"):
            command(session, done.id)
        session.rollback()
    done = importer.work(done.id)
    assert done.correcting is None
    assert len(reopened(session, done.id)) == 2500
    done = again(importer, done.id, Rerun.CORRECTED)
    assert (done.created, done.invalid) == (2501, 0)


def test_twenty_who_ask_at_once_start_one_run(importer, session, settings, monkeypatch):
    found = stopped(importer, session, monkeypatch)
    told = []

    def ask() -> None:
        with db.session(settings.database_url) as own:
            try:
                import_commands.retry(own, found.id, Rerun.REMAINING)
                own.commit()
                told.append("queued")
            except (Refusal, psycopg.Error) as error:
                told.append(getattr(error, "code", "error"))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["queued"] + ["wrong_state"] * 19
    assert importer.work(found.id).created == 250
