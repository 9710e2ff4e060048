"""Keeps the search index up to date, beside the sweep's rounds and all jobs: a long import must not
wait for it, nor it for an import.
"""

import logging
import threading
import time

import psycopg

from webapp import db
from webapp.config import Settings
from webapp.contacts import search_index

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

    @staticmethod
    def _keep_up(conn: db.Connection) -> None:
        while True:
            if search_index.catch_up(conn):
                search_index.flush(conn)
            time.sleep(EVERY_SECONDS)
