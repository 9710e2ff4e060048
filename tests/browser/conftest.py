"""A person in front of the browser, and a look past it into the database."""

import time
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.browser.steps import sign_in
from tests.harness.imports import Importer
from webapp.models import ContactImport
from webapp.vocabulary.states import WORKED_ON

PATIENCE = 60  # seconds


@pytest.fixture
def owner(page, live_server):
    """A page on which the owner is signed in."""
    sign_in(page, live_server)
    return page


class ImporterBesideWorker(Importer):
    """Works on imports in this process, unless the worker that runs beside it was faster."""

    def work(self, import_id: UUID) -> ContactImport:
        found = super().work(import_id)
        until = time.monotonic() + PATIENCE
        while found.state in WORKED_ON:
            assert time.monotonic() < until, found.state
            time.sleep(0.05)
            self.session.rollback()
            self.session.expire_all()
            found = self.session.get_one(ContactImport, import_id)

        return found


@pytest.fixture
def imports(session, settings, people):
    """Imports of the owner's that begin before the page that a test is about."""
    return ImporterBesideWorker(session, settings, people["owner"])


@pytest.fixture
def conn(settings):
    with psycopg.connect(
        settings.database_url, autocommit=True, row_factory=dict_row
    ) as opened:
        yield opened
