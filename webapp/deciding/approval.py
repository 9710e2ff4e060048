"""Approval: a large change runs only when another person has let it run.

An execution whose plan changes more contacts than APPROVAL_ABOVE waits until an importer or
administrator other than who asked has approved just that plan. Whether it is still the same is
looked at again under the lock under which the import is queued.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.deciding import plan, preview
from webapp.imports import approval_requests, import_commands, locks
from webapp.imports.approval_requests import End
from webapp.models import ContactImport, User
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command
from webapp.vocabulary.strategies import Strategy, Variant

MAY_APPROVE = ("admin", "importer")


def needed(
    session: Session, run: ContactImport, variant: Variant, *, by: int, above: int | None
) -> dict[str, Any] | None:
    """The request for approval that this execution of a checked import needs; None where it needs
    none.

    `above` is APPROVAL_ABOVE, None where it is off. Raises Refusal: plan_pending while it is not
    known yet what would change, plan_missing where it never will be, and no_approver
    (contacts=n, above=n) where no other person could approve it.
    """
    if above is None or not variant.strategy.writes_to_matches or (run.total or 0) <= above:
        return None

    digest = plan.digest(session, run.id, variant)
    if digest is None:
        given_up = preview.given_up(session, run)
        raise Refusal("plan_missing" if given_up else "plan_pending", above=f"{above:,}")

    contacts = plan.contacts_changed(session, run.id, variant)
    if contacts <= above:
        return None
    if not approvers(session, besides=by):
        raise Refusal("no_approver", contacts=f"{contacts:,}", above=f"{above:,}")

    return approval_requests.made(session, by, digest)


def large(
    session: Session, run: ContactImport, variants: Iterable[Variant], *, above: int | None
) -> dict[Strategy, int]:
    """Which of these strategies need approval, as far as is known, with how many contacts each
    changes.
    """
    if above is None:
        return {}

    counts = {one.strategy: plan.contacts_changed(session, run.id, one) for one in variants}
    return {strategy: contacts for strategy, contacts in counts.items() if contacts > above}


def approvers(session: Session, *, besides: int | None = None) -> Sequence[User]:
    """Who may approve what this account asked for, by name; without it, all who may approve."""
    found = _may_approve().where(User.id.is_distinct_from(besides))
    return session.scalars(found.order_by(User.name, User.email)).all()


def _may_approve() -> Select[User]:
    return select(User).where(User.active, User.role.in_(MAY_APPROVE))


def approve(
    session: Session, import_id: UUID, *, by: int, plan: str, asked_at: datetime | None = None
) -> None:
    """Let the import run as it was asked for. The caller commits, then enqueues it.

    `plan` is the digest of the plan that the person has seen; `asked_at`, where given, is when the
    request was made that they have seen.

    Raises Refusal: wrong_state where the import does not wait for approval, own_request for the
    person who asked, plan_changed where the import was changed since, or another plan waits, and
    plan_pending while the plan is made anew.
    """
    run = locks.locked_with_lease(session, import_id)
    if (run.approval or {}).get("end") == End.VOIDED:
        raise Refusal("plan_changed", state=run.state)

    locks.require(run, Command.APPROVE)
    asked = _of_another(session, run, by)
    now = current_plan(session, run)
    if now is None:
        raise Refusal("plan_pending")
    made_at = datetime.fromisoformat(asked["at"])
    if not plan == now == asked["plan"] or asked_at not in {None, made_at}:
        raise Refusal("plan_changed")

    approval_requests.end(session, run, End.APPROVED, by)
    import_commands.wanted(session, import_id)


def refuse(session: Session, import_id: UUID, *, by: int) -> None:
    """Take the import back to `ready`. The caller commits.

    Raises Refusal: wrong_state, own_request.
    """
    run = locks.locked_with_lease(session, import_id)
    locks.require(run, Command.REFUSE)
    _of_another(session, run, by)
    approval_requests.end(session, run, End.REFUSED, by)


def _of_another(session: Session, run: ContactImport, by: int) -> dict[str, Any]:
    """The open request. Raises Refusal where this account asked for it, or may not approve by now.

    The account is locked, so that it is not switched off until the commit.
    """
    asked = run.approval or {}
    if asked["by"] == by:
        raise Refusal("own_request")

    may = _may_approve().where(User.id == by).with_for_update(read=True)
    if session.scalars(may.execution_options(populate_existing=True)).first() is None:
        raise Refusal("may_not_approve")

    return asked


def current_plan(session: Session, run: ContactImport) -> str | None:
    """The digest of the plan for what was asked for, as it is now; None while it is made anew."""
    return plan.digest(session, run.id, variant_of(run))


def variant_of(run: ContactImport) -> Variant:
    """What an import was asked to do that waits for approval."""
    return Variant(
        Strategy(run.duplicate_strategy or ""), run.create_new, run.hold_other_names
    )
