"""A person in front of the browser, and a look past it into the database."""

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.browser.steps import sign_in
from tests.harness.imports import Importer


@pytest.fixture
def owner(page, live_server):
    """A page on which the owner is signed in."""
    sign_in(page, live_server)
    return page


@pytest.fixture
def imports(session, settings, people):
    """Imports of the owner's that begin before the page that a test is about."""
    return Importer(session, settings, people["owner"])


@pytest.fixture
def conn(settings):
    with psycopg.connect(
        settings.database_url, autocommit=True, row_factory=dict_row
    ) as opened:
        yield opened
