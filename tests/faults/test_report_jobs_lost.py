"""A report that takes the machine's memory is killed as by anybody: after the third time it is
no longer tried.
"""

import os
import signal

import pytest
from sqlalchemy import text

from tests.faults.test_report_jobs import KEPT, lost
from tests.harness.house import rows
from webapp import jobs
from webapp.imports import leases
from webapp.jobs import report_jobs
from webapp.models import ContactImport, ImportDocument
from webapp.reports import documents
from webapp.vocabulary import messages

DEAD = 4_000_000  # no process has this number
MEANWHILE = (
    "UPDATE contact_import_documents SET made_at = made_at - make_interval(secs => 100)"
)


@pytest.mark.usefixtures("pango")
def test_a_report_that_is_killed_three_times_is_given_up(house, sign_in):
    reader, worker = sign_in("admin"), house.worker()
    import_id = house.execute(house.ready(rows(20)))
    house.wait(import_id, "completed")
    path = f"/imports/{import_id}/report.pdf"
    for state in ("lost", "lost", "failed"):
        lost(house, worker, path, reader, signal.SIGKILL)
        house.until(
            lambda state=state: house.query(KEPT, import_id)[0]["state"] == state,
            what=f"not {state}",
        )
    page = reader.get(path, status=202).text
    assert messages.whole(documents.TOO_MUCH) in page
    assert 'http-equiv="refresh"' not in page
    reader.post(path, {}, at=path)
    house.until(
        lambda: reader.client.get(path).status_code == 200, what="it was not made anew"
    )


@pytest.fixture
def report(importer):
    return importer.run("ID,Email\n1,ann@example.com\n").id


def asked(session, report) -> ImportDocument:
    """Ask for the PDF as a page does."""
    if documents.pdf_of(session, found := session.get_one(ContactImport, report)) is None:
        assert documents.reserve_pdf(session, found)
    session.commit()
    return session.get_one(ImportDocument, (report, "pdf"), populate_existing=True)


def begun(session, report, pid: int):
    since = documents.begin_pdf(session, report, leases.worker_name(pid))
    session.commit()
    return since


def test_the_death_of_an_old_process_drops_no_newer_reservation(
    importer, session, settings, report
):
    asked(session, report)
    begun(session, report, DEAD)
    session.execute(text(MEANWHILE))
    newer = asked(session, report).made_at
    report_jobs.no_pdf(settings, report, DEAD, signal.SIGALRM)
    assert (asked(session, report).state, asked(session, report).made_at) == (
        "rendering",
        newer,
    )
    assert begun(session, report, DEAD + 1) == newer
    report_jobs.no_pdf(settings, report, DEAD, signal.SIGKILL)
    assert asked(session, report).made_at == newer
    report_jobs.no_pdf(settings, report, DEAD + 1, signal.SIGALRM)
    assert asked(session, report).code == documents.TOO_MUCH


def test_one_whose_worker_is_lost_with_it_is_given_up_too(importer, session, report):
    """Nobody is left to say so: the next one that would render it sees how often that was begun."""
    for _ in range(documents.TRIES):
        asked(session, report)
        assert begun(session, report, DEAD)
        session.execute(text(MEANWHILE))
    asked(session, report)
    jobs.render_pdf(str(report))
    found = asked(session, report)
    assert (found.state, found.code, found.content) == ("failed", documents.TOO_MUCH, None)


def test_waiting_for_a_worker_is_no_try(importer, session, report):
    for _ in range(documents.TRIES + 1):
        assert asked(session, report).tries == 0
        session.execute(text(MEANWHILE))
    asked(session, report)
    assert begun(session, report, os.getpid())
