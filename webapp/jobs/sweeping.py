"""What every worker looks for now and then: imports that nobody works on, notices to be sent, what is too old."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.exc import OperationalError

from webapp import db
from webapp.config import Settings
from webapp.engine import leases, retention
from webapp.engine.states import WORKED_ON, Strategy
from webapp.jobs import doorbell

SWEPT_STATES = [state.value for state in WORKED_ON]


def sweep(settings: Settings) -> int:
    """Put every import that should be moving and is not back on the queue; the number of imports so found."""
    with db.connect_job(settings.database_url) as conn:
        found = unattended(conn, settings)
        rung = all(doorbell.ring(import_id, settings) for import_id in found)
        if found:
            doorbell.note_queue(conn, found, away=not rung)
    return len(found)


def forget(settings: Settings) -> bool:
    """Delete a little of what is older than the retention time; true when there is more of it."""
    with db.connect_job(settings.database_url) as conn:
        return retention.forget(conn, settings.retention_days)


def unattended(conn: Any, settings: Settings) -> list[UUID]:
    """Imports with work to do that no live worker holds."""
    rows = conn.execute(
        """SELECT i.id FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
           WHERE (i.state = ANY(%(states)s) OR (i.state = 'ready' AND l.deaths < %(poisoned)s AND (
               SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id) < %(strategies)s
               AND (i.mended_at IS NULL OR i.mended_at < clock_timestamp() - interval '2 seconds')))
             AND (l.heartbeat_at IS NULL OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease)s))
           ORDER BY l.enqueued_at NULLS FIRST""",
        {
            "states": SWEPT_STATES,
            "strategies": len(Strategy),
            "lease": settings.lease_seconds,
            "poisoned": leases.POISONED_AFTER,
        },
    ).fetchall()
    conn.rollback()
    return [row["id"] for row in rows]


def send_notices(settings: Settings) -> int:
    """Ask for the notices that are still to be sent: a first try that got lost, or the next one after a failure."""
    from webapp.reports import mail  # noqa: PLC0415 - only where mail is on

    if not settings.smtp_url:
        return 0
    due: list[UUID] = []
    with suppress(OperationalError), db.session(settings.database_url) as session:
        due = mail.due(session)
    for import_id in due:
        doorbell.request_notice(import_id, settings)
    return len(due)
