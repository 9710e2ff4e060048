"""An import that is run again is one more import of the same file, whose bytes are kept once."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.harness.imports import table
from webapp import db
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport
from webapp.reports import exports
from webapp.retention import discarding, erasure, expiry
from webapp.vocabulary.refusals import Refusal

PEOPLE = table("1,ann@example.com,Ann,Ash,Acme,,", "2,ben@example.com,Ben,Birch,Acme,,")


@pytest.fixture
def undone(importer):
    found = importer.run(PEOPLE)
    return importer.undo(found.id)


@pytest.fixture
def again(importer, session, undone, someone):
    made = import_commands.run_again(session, undone.id, someone)
    session.commit()
    importer.work(made.id)
    return made


def stored(session) -> int:
    return session.scalar(
        text("SELECT COALESCE(sum(octet_length(content)), 0) FROM contact_import_files")
    )


def forget(conn) -> None:
    while expiry.forget(conn, 30):
        pass


def test_pressed_twenty_times_at_once_it_is_one_import_and_one_file(
    session, settings, undone, someone
):
    before, made = stored(session), []

    def press() -> None:
        with Session(db._engine(settings.database_url)) as own:
            made.append(import_commands.run_again(own, undone.id, someone).id)
            own.commit()

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 20
    assert len(set(made)) == 1
    assert session.query(ContactImport).count() == 2
    assert stored(session) == before == len(PEOPLE)


def test_it_counts_as_waiting(session, settings, undone, someone):
    few = settings.model_copy(update={"pending_uploads": 0})
    with pytest.raises(Refusal) as refusal:
        import_commands.run_again(session, undone.id, someone, few)
    assert (refusal.value.code, refusal.value.facts) == ("too_many_pending", {"limit": 0})


def test_the_shared_file_is_read_for_both(importer, session, undone, again):
    done = importer.execute(again.id)
    assert done.created == 2
    for one in (undone, done):
        assert b"ann@example.com" in b"".join(exports.report_csv(session, one.id))
    third = import_commands.run_again(session, importer.undo(done.id).id, importer.user_id)
    session.commit()
    assert third.file_id == undone.id
    assert importer.work(third.id).total == 2


def test_discarding_it_leaves_the_file_to_the_other(session, undone, again, someone):
    discarding.discard(session, again.id)
    session.commit()
    assert stored(session) == len(PEOPLE)
    assert import_commands.run_again(session, undone.id, someone).id != again.id


def expire(session, import_id) -> None:
    session.execute(
        text(
            """UPDATE contact_imports SET created_at = created_at - interval '31 days',
                 completed_at = completed_at - interval '31 days', rolled_back_at = rolled_back_at - interval '31 days'
               WHERE id = :id"""
        ),
        {"id": import_id},
    )
    session.commit()


def test_the_file_stays_until_the_last_of_them_expires(importer, session, conn, undone, again):
    done = importer.execute(again.id)
    expire(session, undone.id)
    forget(conn)
    session.expire_all()
    assert undone.purged_at is not None
    assert b"ann@example.com" in b"".join(exports.report_csv(session, done.id))
    session.rollback()
    expire(session, done.id)
    forget(conn)
    assert stored(session) == 0


def test_discarding_the_last_one_takes_the_file_along(session, conn, undone, again):
    expire(session, undone.id)
    forget(conn)
    assert stored(session) == len(PEOPLE)
    discarding.discard(session, again.id)
    session.commit()
    assert stored(session) == 0


def test_erasing_a_person_takes_the_file_from_both(importer, session, undone, again):
    importer.execute(again.id)
    ann = session.query(Contact).filter_by(external_id="1").one()
    erasure.erase(session, ann.id)
    session.commit()
    session.expire_all()
    assert stored(session) == 0
    assert [one.file_gone for one in session.query(ContactImport)] == [True, True]


def test_the_page_says_when_too_many_wait(make_app, sign_in, session, importer):
    from tests.web.test_pages import run  # noqa: PLC0415

    owner = sign_in("owner", make_app(pending_uploads=1))
    import_id = run(owner, importer)  # which needs room itself
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    first = owner.post(f"/imports/{import_id}/run-again", {}).location
    assert owner.post(f"/imports/{import_id}/run-again", {}).location == first
    session.execute(text("UPDATE contact_imports SET run_again_of = NULL"))
    session.commit()
    refused = owner.post(f"/imports/{import_id}/run-again", {}, status=429)
    assert "1" in refused.text
    assert "…" not in refused.text
