"""Until when an import can be undone: `RETENTION_DAYS` after its end."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.models import ContactImport, Installation
from webapp.vocabulary.states import WORKED_ON


def days(session: Session) -> int:
    """How many days an import can be undone: one value for all processes, kept in the database."""
    return session.scalars(select(Installation.retention_days)).one()


def keep_days(session: Session, days: int) -> None:
    """Let `days`, at least 1, hold for all processes from now on. The caller commits."""
    session.execute(update(Installation).values(retention_days=days))


def until(run: ContactImport, days: int) -> datetime:
    """Until when what an undo needs is kept, and what was never run: that goes by the request for
    approval, where there was one.
    """
    asked_at = run.approval and datetime.fromisoformat(run.approval["at"])
    since = run.rolled_back_at or run.completed_at or asked_at or run.created_at
    return since + timedelta(days=days)


def is_over(run: ContactImport, days: int) -> bool:
    """Whether that time is over, as the sweep of `retention` sees it, though no sweep may have
    noted it yet.
    """
    return run.expired_at is not None or (
        run.state not in WORKED_ON and until(run, days) <= datetime.now(UTC)
    )
