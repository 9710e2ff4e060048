"""The jobs that search for possible duplicates: in the book, and among an import's new rows."""

from webapp import db
from webapp.config import Settings
from webapp.duplicates import match_work, search_work, searches
from webapp.jobs import queueing, work_horses


def find_duplicates() -> None:
    """Do the search that waits. Where the database is out of reach, the sweep asks for it again."""
    settings = Settings()
    work_horses.die_with_parent()
    with db.connect_job(settings.database_url) as conn:
        search_work.search(conn, settings.lease_seconds, lambda: work_horses.stop_request.told)


def find_possible_matches() -> None:
    """Find whom new rows of imports look like, one import after the other while any wants it."""
    settings = Settings()
    work_horses.die_with_parent()
    with db.connect_job(settings.database_url) as conn:
        while match_work.search(
            conn, settings.lease_seconds, lambda: work_horses.stop_request.told
        ):
            pass


def look_for_searches(conn: db.Connection, at_work: list[str], settings: Settings) -> None:
    """Ask for a search after a large import, and put those that wait on the queue."""
    searches.request_after_import(conn, at_work)
    if searches.wants_worker(conn, settings.lease_seconds):
        queueing.request_duplicates(settings)
    if match_work.wanted(conn, settings.lease_seconds):
        queueing.request_possible_matches(settings)
