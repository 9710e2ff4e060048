"""An import that ends, or goes, at the very moment at which it is told to stop: the log says
nothing of a stop.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from tests.retention.test_forgetting import WAITING
from webapp import db
from webapp.imports import import_commands
from webapp.models import ImportLog

PEOPLE = table("1,ann@example.com,Ann,,,,")
STOPS = ("check_cancelled", "cancel_requested", "cancelled")


@contextmanager
def stopping_meanwhile(import_id, session, settings, conn):
    """Told to stop while the block's changes are not committed yet; they are at its end, and
    then it goes on.
    """
    with ThreadPoolExecutor(1) as pool:
        yield
        told = pool.submit(stop, import_id, settings)
        while not (told.done() or conn.execute(WAITING).fetchone()):
            conn.rollback()
            time.sleep(0.01)
        assert not told.done()
        session.commit()
        told.result()


def stop(import_id, settings) -> None:
    with db.session(settings.database_url) as other:
        import_commands.cancel(other, import_id)


def stops(session) -> list[str]:
    return list(
        session.scalars(
            select(ImportLog.event).where(ImportLog.event.in_(STOPS)).order_by(ImportLog.id)
        )
    )


@pytest.fixture
def checking(importer, session):
    upload = importer.upload(PEOPLE)
    import_commands.map_columns(session, upload.id, upload.suggested_mapping)
    session.commit()
    return upload.id


@pytest.fixture
def running(importer, session):
    import_id = importer.check(PEOPLE).id
    import_commands.execute(session, import_id, strategy="skip")
    session.execute(text("UPDATE contact_imports SET state = 'running'"))
    session.commit()
    return import_id


def test_a_check_that_ends_as_it_is_stopped(checking, session, settings, conn):
    with stopping_meanwhile(checking, session, settings, conn):
        session.execute(text("UPDATE contact_imports SET state = 'ready', total = 1"))
    assert stops(session) == []
    assert session.scalar(text("SELECT state FROM contact_imports")) == "ready"


def test_a_check_that_goes_as_it_is_stopped(checking, session, settings, conn):
    with stopping_meanwhile(checking, session, settings, conn):
        session.execute(text("DELETE FROM contact_import_logs"))
        session.execute(text("DELETE FROM contact_imports"))
    assert session.scalars(select(ImportLog)).all() == []


def test_an_import_that_ends_as_it_is_stopped(running, session, settings, conn):
    with stopping_meanwhile(running, session, settings, conn):
        session.execute(text("UPDATE contact_import_leases SET heartbeat_at = NULL"))
        session.execute(
            text("UPDATE contact_imports SET state = 'completed', completed_at = now()")
        )
    assert stops(session) == []
    assert (
        session.scalar(text("SELECT cancel_requested_at FROM contact_import_leases")) is None
    )


def test_a_stop_is_logged_once_however_often_it_is_asked_for(running, session, settings):
    for import_id in (running, running):
        stop(import_id, settings)
    assert stops(session) == ["cancel_requested"]
