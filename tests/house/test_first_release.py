"""A backup of the first tables, with an import under way, restored into today's Rowcall.

`dumps/first_tables.dump` was made at commit 71d31e4 with its own engine: an import that is done
(39 contacts), one that was undone, one that is ready, and one of 60 rows whose worker was killed
after its first batch of 20.
"""

from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.harness.dumps import query
from tests.harness.dumps import restored as restored  # noqa: PLC0414 - a fixture
from tests.harness.web import Browser
from webapp import db, jobs
from webapp.config import Settings
from webapp.imports import import_commands
from webapp.models import Base

pytestmark = pytest.mark.timeout(400)  # commands and servers are processes of their own
DUMP = Path(__file__).parent / "dumps" / "first_tables.dump"


PASSWORD = "a password of some length"


def _import(settings: Settings, state: str) -> str:
    (found,) = query(settings, "SELECT id FROM contact_imports WHERE state = %s", state)
    return str(found["id"])


def test_the_tables_become_todays(restored):
    engine = create_engine(db.sqlalchemy_url(restored.database_url), poolclass=NullPool)
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_import_under_way_goes_on_to_its_end(restored):
    going = _import(restored, "running")
    jobs.work(going)
    (ended,) = query(restored, "SELECT * FROM contact_imports WHERE id = %s", going)
    assert (ended["state"], ended["created"], ended["updated"]) == ("completed", 40, 20)
    results = "SELECT count(*) AS n, count(DISTINCT row) AS rows FROM contact_import_results WHERE import_id = %s"
    assert query(restored, results, going) == [{"n": 60, "rows": 60}]
    assert query(restored, "SELECT count(*) AS n FROM contacts") == [{"n": 79}]


def test_what_was_done_is_undone(restored):
    query(
        restored,
        "UPDATE contact_imports SET completed_at = now() WHERE completed_at IS NOT NULL RETURNING id",
    )
    done = _import(restored, "completed")
    with db.session(restored.database_url) as session:
        import_commands.roll_back(session, UUID(done))
    jobs.work(done)
    # What the import under way had changed since stays.
    assert query(restored, "SELECT count(*) AS n FROM contacts") == [{"n": 20}]


def test_its_account_signs_in_and_every_page_shows(restored, make_app):
    browser = Browser(make_app().test_client())
    browser.post(
        "/sign-in", {"email": "owner@example.com", "password": PASSWORD}, at="/sign-in"
    )
    browser.get("/contacts")
    browser.get("/account")
    for found in query(restored, "SELECT id, state FROM contact_imports"):
        place = {"ready": "review", "running": "progress"}.get(found["state"], "report")
        browser.get(f"/imports/{found['id']}/{place}")


def test_browsers_that_were_signed_in_are_signed_out(restored):
    assert query(restored, "SELECT count(*) AS n FROM sessions") == [{"n": 0}]
    assert query(restored, "SELECT count(*) AS n FROM api_tokens") == [{"n": 1}]
