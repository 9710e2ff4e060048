"""A request for approval: kept with its import, from the moment it is asked until long after.

An import has one at most, the newest. While the import is in `awaiting_approval`, the request is
open; what takes it out of that state ends it. Who asked and who decided are numbers of accounts.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from webapp.db import driver
from webapp.imports import transitions
from webapp.models import ContactImport, ImportLog, User
from webapp.vocabulary.states import State


class End(StrEnum):
    """How a request ended. All but the first take the import back to `ready`."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by who may cancel the import
    VOIDED = "voided"  # the import was changed

    @property
    def event(self) -> str:
        """What the import's log says of it."""
        return self.value if self is End.APPROVED else f"approval_{self.value}"


class Reason(StrEnum):
    """Why an execution has to be approved."""

    LARGE_CHANGE = "large_change"  # its plan changes more contacts than APPROVAL_ABOVE


@dataclass(frozen=True)
class Request:
    """A request with its people. `end` is None while it is open; `ended_by` also where the import
    was changed, which ends a request by itself.
    """

    reason: Reason
    asked_by: User
    asked_at: datetime
    plan: str  # the digest of the plan that is to be approved
    end: End | None
    ended_by: User | None
    ended_at: datetime | None


def made(session: Session, by: int, plan: str) -> dict[str, Any]:
    """A new request by this account, as `ContactImport.approval` keeps it."""
    return {"by": by, "at": _now(session), "reason": Reason.LARGE_CHANGE.value, "plan": plan}


def _now(session: Session) -> str:
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now.isoformat()


def begin(session: Session, run: ContactImport, request: dict[str, Any]) -> None:
    """Have an import that is locked wait for approval. The caller commits."""
    _move(session, run, State.AWAITING_APPROVAL)
    run.approval = request
    _note(session, run, "approval_requested", request["by"])


def end(session: Session, run: ContactImport, how: End, by: int | None = None) -> None:
    """End the request of an import that is locked, and move the import on.

    The caller commits; where it is approved, it notes that a worker is wanted.
    """
    _move(session, run, State.QUEUED if how is End.APPROVED else State.READY)
    ended = {"end": how.value, "ended_by": by, "ended_at": _now(session)}
    run.approval = {**(run.approval or {}), **ended}
    _note(session, run, how.event, by)


def _move(session: Session, run: ContactImport, target: State) -> None:
    session.flush()
    transitions.move(driver(session), run.id, target, sources=(State(run.state),), event=None)
    set_committed_value(run, "state", target.value)


def _note(session: Session, run: ContactImport, event: str, by: int | None) -> None:
    """Log an event of the request, with the e-mail of the account."""
    person = session.get(User, by) if by is not None else None
    session.add(ImportLog(import_id=run.id, event=event, message=person and person.email))
    session.flush()


def of(session: Session, run: ContactImport) -> Request | None:
    """The import's newest request; None where none was made for what it is, or was, asked to do."""
    return newest(session, run) if run.approval else None


def newest(session: Session, run: ContactImport) -> Request:
    """The newest request of an import that has one, as each that awaits approval has."""
    kept = run.approval or {}
    ended_by, ended_at = kept.get("ended_by"), kept.get("ended_at")
    return Request(
        reason=Reason(kept["reason"]),
        asked_by=session.get_one(User, kept["by"]),
        asked_at=datetime.fromisoformat(kept["at"]),
        plan=kept["plan"],
        end=End(kept["end"]) if "end" in kept else None,
        ended_by=session.get_one(User, ended_by) if ended_by is not None else None,
        ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
    )
