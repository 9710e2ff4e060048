"""The job that searches the book for possible duplicates."""

from webapp import db
from webapp.config import Settings
from webapp.duplicates import search_work, searches
from webapp.jobs import queueing, work_horses


def find_duplicates() -> None:
    """Do the search that waits. Where the database is out of reach, the sweep asks for it again."""
    settings = Settings()
    work_horses.die_with_parent()
    with db.connect_job(settings.database_url) as conn:
        search_work.search(conn, settings.lease_seconds, lambda: work_horses.stop_request.told)


def look_for_searches(conn: db.Connection, at_work: list[str], settings: Settings) -> None:
    """Ask for a search after a large import, and put one that waits on the queue."""
    searches.request_after_import(conn, at_work)
    if searches.wants_worker(conn, settings.lease_seconds):
        queueing.request_duplicates(settings)
