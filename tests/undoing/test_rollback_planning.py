"""The preview of an undo is planned in its own way, and nothing that the page asks after it."""

from sqlalchemy import text

from tests.harness.imports import table
from webapp.undoing import undo_preview

PLANS = text(
    "SELECT name, setting FROM pg_settings WHERE name = 'jit' OR name LIKE 'enable%' ORDER BY name"
)


def test_what_a_page_asks_after_the_preview_is_planned_as_before(importer, session):
    done = importer.run(table("1,ann@example.com,Ann,,,,"))
    before = session.execute(PLANS).all()
    assert undo_preview.preview(session, done.id).removed == 1
    assert session.execute(PLANS).all() == before
