"""Which imports wait for a person, and for what: the top of the list of imports."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from webapp.deciding import approval
from webapp.imports.progress import outcomes_of
from webapp.models import ContactImport, User
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome, sums
from webapp.vocabulary.states import RUN_ENDED, State

TO_DO = (
    Outcome.INVALID,
    Outcome.CONFLICT,
    Outcome.FAILED,
)  # a person can do something about them
SHOWN = 6  # cards at once; the list below has them all


@dataclass(frozen=True)
class Waiting:
    """An import that waits for the person at hand, and who brought it.

    Once it has run, `imported` rows are in, `fix` are invalid, `choose` are in conflict, `failed`
    were refused by the database, and `rest` were left by a stop. `outcomes` are those of the bar.
    """

    found: ContactImport
    person: str
    outcomes: dict[str, int]
    imported: int
    fix: int
    choose: int
    failed: int
    rest: int


@dataclass(frozen=True)
class Standing:
    """How many imports stand, and how many contacts they created."""

    imports: int
    contacts: int


def waiting(session: Session, person: User, days: int) -> tuple[list[Waiting], int]:
    """The newest of the imports that wait for this person, and how many there are. After `days`
    days an import can be neither corrected nor run.
    """
    asked = _waits(person, datetime.now(UTC) - timedelta(days=days))
    newest = (
        select(ContactImport, User)
        .join(User, User.id == ContactImport.created_by)
        .where(asked)
        .order_by(ContactImport.created_at.desc())
        .limit(SHOWN)
    )
    found = [_waiting(row.ContactImport, row.User) for row in session.execute(newest)]
    count = len(found)
    if count == SHOWN:
        count = (
            session.scalar(select(func.count()).select_from(ContactImport).where(asked)) or 0
        )

    return found, count


def _waits(person: User, since: datetime) -> ColumnElement[bool]:
    """The condition of a query."""
    run = ContactImport
    left = sum((_column(outcome) for outcome in STORED_OUTCOMES), start=literal(0)) < run.total
    unfinished = and_(
        run.state.in_(RUN_ENDED),
        run.completed_at > since,
        or_(*(_column(outcome) > 0 for outcome in TO_DO), left),
    )
    own = and_(
        run.created_by == person.id,
        run.expired_at.is_(None),
        or_(run.state.in_([State.UPLOADED, State.READY, State.REFUSED]), unfinished),
    )
    if person.role not in approval.MAY_APPROVE:
        return own

    others = and_(
        run.state == State.AWAITING_APPROVAL,
        run.approval["by"].as_integer() != person.id,
    )
    return or_(own, others)


def _column(outcome: Outcome) -> ColumnElement[int]:
    """The counter of an outcome."""
    return cast("ColumnElement[int]", getattr(ContactImport, outcome.value))


def _waiting(run: ContactImport, person: User) -> Waiting:
    outcomes = outcomes_of(run)
    has_run = run.state in RUN_ENDED

    return Waiting(
        run,
        person.name or person.email,
        outcomes,
        imported=sums(outcomes)["success"],
        fix=outcomes[Outcome.INVALID],
        choose=outcomes[Outcome.CONFLICT],
        failed=outcomes[Outcome.FAILED],
        rest=outcomes[Outcome.NOT_PROCESSED] if has_run else 0,
    )


def standing(session: Session, seen: ColumnElement[bool]) -> Standing:
    """Of the imports that fulfil `seen`: those that ended, created contacts and were not undone."""
    created = _column(Outcome.CREATED)
    wanted = select(func.count(), func.sum(created)).where(
        seen, ContactImport.state.in_(RUN_ENDED), created > 0
    )
    imports, contacts = session.execute(wanted).one()
    return Standing(imports, int(contacts or 0))
