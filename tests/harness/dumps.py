"""Backups of earlier versions, restored into today's Rowcall."""

import psycopg
import pytest
from psycopg.rows import dict_row

from webapp.admin.restore import drop_kept, restore
from webapp.config import Settings


@pytest.fixture
def restored(settings, request):
    """The test's database, with the module's DUMP in its place."""
    restore(settings.database_url, request.module.DUMP)
    yield settings
    drop_kept(settings.database_url)


def query(settings: Settings, question: str, *parameters) -> list[dict]:
    """The rows that a statement gives."""
    with psycopg.connect(settings.database_url, row_factory=dict_row) as conn:
        return conn.execute(question, parameters).fetchall()
