"""What was brought and never run: it can be thrown away, all of it, and it cannot pile up."""

import html
import io
import re

import pytest
from sqlalchemy import text

from tests.web.test_pages import bring, check, run
from webapp import jobs
from webapp.models import Base, ContactImport

KEPT = {"users", "sessions", "mapping_templates", "installation"}
BAD = b"Email,Name\nann at example,Ann\nben@example.com,Ben\n"


def leftovers(session) -> dict[str, int]:
    """How many rows each table still has, those apart that know of no import."""
    session.rollback()
    counts = {
        name: session.scalar(text(f"SELECT count(*) FROM {name}"))
        for name in Base.metadata.tables
    }
    return {name: count for name, count in counts.items() if count and name not in KEPT}


def discard(browser, import_id: str, status: int = 302):
    return browser.post(f"/imports/{import_id}/discard", {}, at="/account", status=status)


def test_a_file_that_was_never_run_goes_altogether(owner, importer, session):
    for steps in range(4):
        import_id = bring(owner, BAD)
        page = owner.get(f"/imports/{import_id}/columns").text
        if steps == 1:
            owner.post(
                f"/imports/{import_id}/columns", {"column-0": "email"}
            )  # Its check waits for a worker.
        if steps >= 2:
            check(owner, importer, import_id)
            importer.work(import_id)
            page = owner.get(f"/imports/{import_id}/review").text
        if steps == 3:
            owner.post(f"/imports/{import_id}/problems/2/leave", {})
        assert "Discard" in page
        assert f"/imports/{import_id}/discard" in owner.get("/imports").text
        assert discard(owner, import_id).location == "/imports"
        assert leftovers(session) == {}
        owner.get(f"/imports/{import_id}", status=404)
        jobs.work(import_id)  # A job that comes late has nothing to do.
        assert leftovers(session) == {}


def test_a_file_whose_check_failed_goes_and_what_ran_stays(owner, importer, session):
    import_id = bring(owner, BAD)
    check(owner, importer, import_id)
    session.execute(text("UPDATE contact_imports SET state = 'failed', completed_at = now()"))
    session.commit()
    discard(owner, import_id)
    assert leftovers(session) == {}
    ran = run(owner, importer)
    before = leftovers(session)
    for state in (
        "completed",
        "failed",
        "cancelled",
        "queued",
        "running",
        "rolling_back",
        "rolled_back",
    ):
        session.execute(text("UPDATE contact_imports SET state = :state"), {"state": state})
        session.commit()
        assert discard(owner, ran).location != "/imports", state
        assert leftovers(session) == before, state
    assert f"/imports/{ran}/discard" not in owner.get("/imports").text


def test_others_cannot_discard(owner, outsider, viewer, session):
    import_id = bring(owner)
    discard(outsider, import_id, 404)
    discard(viewer, import_id, 403)
    assert (
        "Discard"
        not in viewer.get(f"/imports/{import_id}/columns").text + viewer.get("/imports").text
    )
    assert owner.client.post(f"/imports/{import_id}/discard").status_code == 400  # no token
    assert session.query(ContactImport).count() == 1
    assert outsider.get("/imports").text.count("discard") == 0


@pytest.fixture
def app(make_app):
    return make_app(pending_uploads=2)


def test_what_was_never_run_does_not_pile_up(owner, outsider, importer, session):
    run(owner, importer)  # what ran does not count
    first = bring(owner)
    bring(owner)
    full = owner.post(
        "/imports/new", {"file": (io.BytesIO(BAD), "a.csv")}, at="/imports/new", status=429
    )
    assert "You have 2 imports that were never run" in full.text
    assert owner.post("/imports/sample", {}, status=429).text.count("Run or discard")
    session.rollback()
    assert session.query(ContactImport).count() == 3
    link = re.search(r'href="(/imports\?state=waiting[^"]*)"', full.text)
    waiting = owner.get(html.unescape(link[1])).text
    assert waiting.count("/discard") == 2
    bring(outsider)
    discard(owner, first)
    bring(owner)
