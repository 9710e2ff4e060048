"""Keeps the search index up to date, beside the sweep's rounds and all jobs.

While an import is executed or undone, it leaves the processors to that: only changes of a few
contacts, such as people make, are taken in, and all others right after the import's end.
"""

import logging
import threading
import time

import psycopg

from webapp import db
from webapp.config import Settings
from webapp.contacts import search_index
from webapp.imports import leases
from webapp.reports import row_search
from webapp.vocabulary.states import WRITING

WRITING_STATES = [state.value for state in WRITING]
logger = logging.getLogger(__name__)
EVERY_SECONDS = 1.0  # between two looks for what changed
AGAIN_SECONDS = 5.0  # after the database was out of reach


class SearchIndexing(threading.Thread):
    """A thread of the sweeper's process, which waits for the database nearly all the time.

    Of several workers' threads each writes what it comes upon; none needs to know of the others.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="search-index", daemon=True)
        self.settings = settings

    def run(self) -> None:
        while True:
            try:
                with db.connect_job(self.settings.database_url) as conn:
                    self._keep_up(conn)
            except psycopg.errors.LockNotAvailable:
                time.sleep(EVERY_SECONDS)  # Contacts are being deleted.
            except psycopg.Error as error:
                logger.warning("search index: %s", type(error).__name__)
                time.sleep(AGAIN_SECONDS)
            except Exception:  # A thread that ends would not be missed.
                logger.exception("search index")
                time.sleep(AGAIN_SECONDS)

    def _keep_up(self, conn: db.Connection) -> None:
        while True:
            keep_up_once(conn, self.settings.lease_seconds)
            time.sleep(EVERY_SECONDS)


def keep_up_once(conn: db.Connection, lease_seconds: float) -> None:
    """Write the words of all pending contacts, then those of the rows of imports that ended; while
    an import writes contacts, of a few contacts alone.
    """

    def is_import_writing() -> bool:
        return leases.is_any_held(conn, WRITING_STATES, lease_seconds)

    if is_import_writing():
        search_index.write_some(conn, search_index.FEW)
        return

    if search_index.catch_up(conn, is_import_writing):
        search_index.flush(conn)
    row_search.catch_up(conn, is_import_writing)
