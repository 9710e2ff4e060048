"""An import under a row lock, and what a command asks before it changes one.

Each command looks at the state under the lock, or is one UPDATE that names the state it comes from,
so two clicks, two tabs or twenty parallel requests have one effect.
"""

from typing import cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.attributes import set_committed_value

from webapp.config import Settings
from webapp.db import driver
from webapp.imports import approval_requests, transitions
from webapp.imports.approval_requests import End
from webapp.models import ContactImport, ImportLease, ImportLog, User
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import PENDING, UNUSED, VOIDING, Command, State


def locked(session: Session, import_id: UUID) -> ContactImport:
    """The import under a row lock, so that its state cannot change between the look and the deed.

    An upload whose time is over may have lost rows already (`retention.py`): nothing can be asked
    of it any more.
    """
    run = session.get_one(
        ContactImport, import_id, with_for_update=True, populate_existing=True
    )
    if run.expired_at is not None and run.state in UNUSED:
        raise Refusal("wrong_state", state=run.state)
    return run


def locked_with_lease(session: Session, import_id: UUID) -> ContactImport:
    """The lease first, as a claim has it, so that neither ever waits for the other in a circle."""
    lock_lease(session, import_id)
    return locked(session, import_id)


def lock_lease(session: Session, import_id: UUID) -> None:
    """Wait until no worker claims or renews the lease of the import; held until the commit."""
    session.execute(
        select(ImportLease.import_id)
        .where(ImportLease.import_id == import_id)
        .with_for_update()
    )


def require(run: ContactImport, command: Command) -> None:
    """Raises Refusal("wrong_state") where the command may not be asked of an import in this
    state.

    A command that changes an import which waits for approval takes it back to `ready`: what was
    asked for is no longer what would run.
    """
    if not State(run.state).allows(command):
        raise Refusal("wrong_state", state=run.state)

    if run.state == State.AWAITING_APPROVAL and command in VOIDING:
        approval_requests.end(cast("Session", object_session(run)), run, End.VOIDED)


def enter(session: Session, run: ContactImport, target: State) -> None:
    """Move an import that is locked, and log the event."""
    session.flush()
    transitions.move(driver(session), run.id, target, sources=(State(run.state),))
    set_committed_value(run, "state", target.value)


def refuse_while_correcting(run: ContactImport) -> None:
    """Raises Refusal where a worker is still changing many rows of the import, as a person
    asked.
    """
    if asked := run.correcting:
        raise Refusal(
            "correction_under_way", rows=f"{asked['rows']:,}", total=f"{asked['total']:,}"
        )


def refuse_too_many(session: Session, user_id: int, settings: Settings) -> None:
    """Raises Refusal("too_many_pending", limit=n) for a person with as many imports waiting as one
    may have.

    The person's row is locked until the commit, so that requests at the same moment are counted one
    by one.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    pending = select(func.count()).where(
        ContactImport.created_by == user_id, ContactImport.state.in_(PENDING)
    )
    if (session.scalar(pending) or 0) >= settings.pending_uploads:
        raise Refusal("too_many_pending", limit=settings.pending_uploads)


def log(session: Session, import_id: UUID, event: str, message: str | None = None) -> None:
    """Add an event to the import's log."""
    session.add(ImportLog(import_id=import_id, event=event, message=message))
