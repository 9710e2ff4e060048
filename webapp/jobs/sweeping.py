"""What every worker looks for now and then: imports that no worker works on, notices to be
sent, what is too old.
"""

import os
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.exc import OperationalError

from webapp import db, migrate, queries
from webapp.checking.rules import RULES
from webapp.config import Settings
from webapp.contacts import book_keys, bulk_acts
from webapp.deciding import preview
from webapp.imports import import_commands, leases
from webapp.jobs import duplicate_finding, queueing
from webapp.retention import expiry
from webapp.vocabulary.states import PREVIEWED, WORKED_ON
from webapp.vocabulary.strategies import USUAL

SQL = queries.load("jobs")
SWEPT_STATES = [state.value for state in WORKED_ON]
PREVIEWED_STATES = [state.value for state in PREVIEWED]


def sweep(settings: Settings) -> int:
    """Put every import that should be moving and is not back on the queue; the number of
    imports so found.
    """
    with db.connect_job(settings.database_url) as conn:
        check_again(conn, settings)
        preview.drop_outdated(conn)
        if book_keys.are_behind(conn):
            queueing.request_key_renewal(settings)
        duplicate_finding.look_for_searches(conn, SWEPT_STATES, settings)
        if bulk_acts.are_unattended(conn, settings.lease_seconds):
            queueing.request_bulk_acts(settings)

        found = unattended(conn, settings)
        enqueued = all(queueing.enqueue(import_id, settings) for import_id in found)
        if found:
            queueing.note_queue(conn, found, away=not enqueued)

    return len(found)


def check_again(conn: Any, settings: Settings) -> None:
    """Have imports that wait checked under today's rules, where their check was under
    older ones.
    """
    outdated = conn.execute(
        SQL.under_older_rules, {"rules": RULES, "previewed": PREVIEWED_STATES}
    ).fetchall()
    conn.rollback()

    for row in outdated:
        with db.session(settings.database_url) as session:
            import_commands.check_again(session, row["id"])
            session.commit()


def forget(settings: Settings) -> bool:
    """Delete a little of what is older than the retention time; true when there is more of it.

    That time is the database's. A worker that was told a longer one keeps to its own: what is
    deleted cannot be had back.
    """
    with db.connect_job(settings.database_url) as conn:
        kept: Any = conn.execute(SQL.retention_days).fetchone()
        conn.rollback()
        return expiry.forget(conn, max(kept["days"], _told(settings) or 0))


def report_worker(settings: Settings) -> None:
    """Let the database know that this worker is there, and what it would do differently.

    The sweep calls it. Workers that were silent for a day are dropped.
    """
    with db.connect_job(settings.database_url) as conn:
        conn.execute(
            SQL.report_worker,
            {
                "name": leases.worker_name(os.getppid()),
                "tables": migrate.NEWEST,
                "now": time.time(),
                "days": _told(settings),
            },
        )
        conn.execute(SQL.forget_silent_workers)


def _told(settings: Settings) -> int | None:
    """RETENTION_DAYS where the environment names it."""
    return settings.retention_days if "retention_days" in settings.model_fields_set else None


def unattended(conn: Any, settings: Settings) -> list[UUID]:
    """Imports with work to do that no live worker holds."""
    rows = conn.execute(
        SQL.unattended,
        {
            "states": SWEPT_STATES,
            "previewed": PREVIEWED_STATES,
            "usual": len(USUAL),
            "lease": settings.lease_seconds,
            "give_up_after": leases.GIVE_UP_AFTER,
        },
    ).fetchall()
    conn.rollback()

    return [row["id"] for row in rows]


def send_notices(settings: Settings) -> int:
    """Ask for the notices that are still to be sent: a first try that got lost, or the next
    one after a failure.
    """
    from webapp.reports import mail  # noqa: PLC0415 - only where mail is on

    if not settings.smtp_url:
        return 0

    due: list[UUID] = []

    with suppress(OperationalError), db.session(settings.database_url) as session:
        due = mail.due(session)

    for import_id in due:
        queueing.request_notice(import_id, settings)

    return len(due)
