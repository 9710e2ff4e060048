"""The process that puts a report on paper is killed from outside: the next reader has it made
anew.
"""

import os
import signal

import psycopg
import pytest

from tests.harness.house import rows
from tests.harness.processes import children
from webapp.reports import documents
from webapp.vocabulary import messages

AT_THE_LOCK = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'contact_import_results'::regclass"
KEPT = "SELECT state, code FROM contact_import_documents WHERE import_id = %s"


def lost(house, worker, path: str, reader, how: signal.Signals) -> None:
    """Ask for the PDF and lose the process that makes it, in the middle."""
    with psycopg.connect(house.settings.database_url) as lock:
        lock.execute("LOCK TABLE contact_import_results IN ACCESS EXCLUSIVE MODE")
        assert reader.client.get(path).status_code == 202
        house.until(lambda: house.query(AT_THE_LOCK), what="nobody renders")
        (horse,) = set(children(worker.pid)) - {
            worker.family()[1]
        }  # The first is the sweeper.
        os.kill(horse, how)
        house.until(
            lambda: horse not in children(worker.pid), what="the worker did not notice"
        )


@pytest.mark.usefixtures("pango")
def test_a_killed_report_is_made_anew(house, sign_in):
    reader, worker = sign_in("admin"), house.worker()
    import_id = house.execute(house.ready(rows(20)))
    house.wait(import_id, "completed")
    path = f"/imports/{import_id}/report.pdf"
    lost(house, worker, path, reader, signal.SIGKILL)
    house.until(
        lambda: house.query(KEPT, import_id)[0]["state"] == "lost",
        what="the reservation stayed",
    )
    house.until(
        lambda: reader.client.get(path).status_code == 200, what="it was not made anew"
    )
    assert reader.client.get(path).data.startswith(b"%PDF-")
    assert worker.process.poll() is None


@pytest.mark.usefixtures("pango")
def test_one_that_took_too_long_can_be_asked_for_again(house, sign_in):
    reader, worker = sign_in("admin"), house.worker()
    import_id = house.execute(house.ready(rows(20)))
    house.wait(import_id, "completed")
    path = f"/imports/{import_id}/report.pdf"
    lost(house, worker, path, reader, signal.SIGALRM)
    house.until(lambda: house.query(KEPT, import_id)[0]["state"] == "failed")
    page = reader.get(path, status=202).text
    assert messages.whole(documents.TOO_MUCH) in page
    assert "Try the PDF again" in page
    assert 'http-equiv="refresh"' not in page
    reader.post(path, {}, at=path)
    house.until(
        lambda: reader.client.get(path).status_code == 200, what="it was not made anew"
    )
