"""Erasing a person reads files for a while.

Nobody waits for that, and what comes in meanwhile is not forgotten.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp import db
from webapp.contacts import journal
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport, ImportLog
from webapp.retention import erasure, person_search
from webapp.staging import corrections
from webapp.vocabulary.refusals import Refusal

PEOPLE = table(
    "1,zebedee@example.com,Zebedee,Quill,Acme,,", "2,ben@example.com,Ben,Birch,Acme,,"
)
THEIRS = table(
    "1,zebedee@example.com,Zebedee,Quill,Umbra,,", "2,ben@example.com,Ben,Birch,Umbra,,"
)
LIMIT = 20  # seconds for what should take a moment


class Reading:
    """The reading of the files, held up for as long as the test likes, the first time that it
    is asked for.
    """

    def __init__(self, monkeypatch) -> None:
        self.begun, self.go_on, self.times = threading.Event(), threading.Event(), 0
        read = person_search.in_files

        def slowly(*asked):
            self.times += 1
            self.begun.set()
            assert self.go_on.wait(LIMIT)
            return read(*asked)

        monkeypatch.setattr(person_search, "in_files", slowly)


@pytest.fixture
def reading(monkeypatch):
    return Reading(monkeypatch)


@pytest.fixture
def whom(importer, session):
    importer.run(PEOPLE)
    return session.scalars(select(Contact).where(Contact.external_id == "1")).one().id


@contextmanager
def erasing(settings, whom, reading):
    """An erasure that is at its reading while the block runs, and goes on after it; its future."""
    with ThreadPoolExecutor(1) as pool:
        erased = pool.submit(erase, settings, whom)
        assert reading.begun.wait(LIMIT)
        try:
            yield erased
        finally:
            reading.go_on.set()


def erase(settings, whom):
    with db.session(settings.database_url) as other:
        return erasure.erase(other, whom)


def gone(session, whom) -> bool:
    session.expire_all()
    return session.get(Contact, whom) is None


def test_a_batch_and_an_edit_do_not_wait_for_the_reading(
    importer, session, settings, whom, reading
):
    checked = importer.check(THEIRS)
    with erasing(settings, whom, reading) as erased:
        done = importer.execute(checked.id, "update")
        assert (done.state, done.updated, done.failed) == ("completed", 2, 0)
        assert not session.scalars(
            select(ImportLog).where(ImportLog.result == "retried")
        ).all()
        contact = session.get_one(Contact, whom)
        journal.edit_contact(session, whom, contact.version, {"city": "Ulm"}, importer.user_id)
        session.commit()
        assert not erased.done()
    assert done.id in {found.id for found in erased.result().imports}
    assert gone(session, whom)
    assert not session.scalar(
        text("SELECT count(*) FROM contact_changes WHERE contact_id = :id"), {"id": whom}
    )


def test_a_file_that_comes_in_meanwhile_is_found(importer, session, settings, whom, reading):
    with erasing(settings, whom, reading) as erased:
        upload = importer.upload("Email,Notes\nZEBEDEE@example.com,ask them\n").id
        checked = importer.check(THEIRS).id
        other = importer.check(table("7,eve@example.com,Eve,,,,")).id
    assert {upload, checked} <= {found.id for found in erased.result().unused}
    session.expire_all()
    assert session.get(ContactImport, upload) is None
    assert session.get(ContactImport, other) is not None
    assert reading.times == 2
    assert gone(session, whom)


def test_a_correction_that_names_the_person_meanwhile_is_found(
    importer, session, settings, whom, reading
):
    checked = importer.check(table("7,no address,Eve,,,,")).id
    with erasing(settings, whom, reading) as erased:
        corrections.correct(session, checked, 2, {1: "zebedee@example.com"})
        session.commit()
    assert checked in {found.id for found in erased.result().unused}


def test_what_the_person_was_known_by_meanwhile_is_looked_for(
    importer, session, settings, whom, reading
):
    named = importer.check(table("7,zq@example.com,Z,,,,")).id
    with erasing(settings, whom, reading) as erased:
        contact = session.get_one(Contact, whom)
        journal.edit_contact(
            session, whom, contact.version, {"email": "zq@example.com"}, importer.user_id
        )
        session.commit()
    assert named in {found.id for found in erased.result().unused}


def test_an_erasure_that_more_and_more_comes_in_for_asks_to_be_tried_again(
    importer, session, settings, whom, monkeypatch
):
    read = person_search.in_files

    def while_uploading(*asked):
        importer.upload(PEOPLE)
        return read(*asked)

    monkeypatch.setattr(person_search, "in_files", while_uploading)
    with pytest.raises(Refusal, match="erase_meanwhile"):
        erase(settings, whom)
    assert not gone(session, whom)
    assert session.scalar(text("SELECT count(*) FROM contact_import_files")) == 4
    monkeypatch.setattr(person_search, "in_files", read)
    assert len(erase(settings, whom).imports) == 4
    assert gone(session, whom)


def test_a_check_begun_anew_meanwhile_is_read_again(
    importer, session, settings, whom, reading
):
    """Its rows were gone when they were looked at, and there again when it was asked whether
    they say all.
    """
    checked = importer.check(THEIRS).id
    mapping = [
        "external_id",
        "email",
        "first_name",
        "last_name",
        "company",
        "tags",
        "custom:Shoe size",
    ]
    session.execute(
        text("DELETE FROM contact_import_rows WHERE import_id = :id"), {"id": checked}
    )
    in_capitals = "replace(encode(content, 'escape'), 'zebedee@example.com', 'ZEBEDEE@example.com')::bytea"
    session.execute(
        text(
            f"UPDATE contact_import_files SET content = {in_capitals} WHERE import_id = '{checked}'"
        )
    )
    session.commit()
    with erasing(settings, whom, reading) as erased:
        import_commands.map_columns(session, checked, mapping)
        session.commit()
        importer.work(checked)
    assert checked in {found.id for found in erased.result().unused}


def test_an_erasure_that_meets_a_batch_gives_way(session, settings, whom):
    session.get_one(Contact, whom, with_for_update=True, populate_existing=True)
    with pytest.raises(Refusal, match="busy"):
        erase(settings, whom)
    session.rollback()
    erase(settings, whom)
    assert gone(session, whom)
