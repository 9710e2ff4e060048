"""How a run came out, held against its plan: as planned, with differences, or not previewed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.deciding import plan
from webapp.deciding.plan import PlanLine
from webapp.models import ContactImport, ImportDifference
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.fields import SEVERAL, label_of
from webapp.vocabulary.keys import FURTHER_COLUMN
from webapp.vocabulary.outcomes import Outcome

PAGE = 500
COLUMN_OF = {f"{name}s": FURTHER_COLUMN[name] for name in SEVERAL}


@dataclass(frozen=True)
class Difference:
    """A row that came out differently than the plan said."""

    planned: PlanLine
    came_to: PlanLine


@dataclass(frozen=True)
class PlanResult:
    """`digest` is that of the plan of exactly what was run; None where there was none."""

    digest: str | None
    rows_differing: int

    @property
    def verdict(self) -> Literal["as_planned", "differs", "not_previewed"]:
        if self.rows_differing:
            return "differs"
        return "as_planned" if self.digest else "not_previewed"


def plan_result(session: Session, run: ContactImport) -> PlanResult:
    """How an import that has ended came out; one that was stopped, as far as it went."""
    counted = (
        select(func.count())
        .select_from(ImportDifference)
        .where(ImportDifference.import_id == run.id)
    )
    return PlanResult(run.plan_digest, session.scalar(counted) or 0)


def differences(
    session: Session, import_id: UUID, *, limit: int, after: int = 0
) -> list[Difference]:
    """The rows that differ, in the order of the file, behind row `after`."""
    found = session.scalars(
        select(ImportDifference)
        .where(ImportDifference.import_id == import_id, ImportDifference.row > after)
        .order_by(ImportDifference.row)
        .limit(limit)
    )
    return [Difference(plan.parsed(one.planned), plan.parsed(one.came_to)) for one in found]


def every_difference(session: Session, import_id: UUID) -> Iterator[Difference]:
    """All of them, a page at a time, so that they take no more memory the more there are."""
    after = 0
    while page := differences(session, import_id, limit=PAGE, after=after):
        yield from page
        after = page[-1].planned.row


def in_words(line: PlanLine, *, by_code: bool = False) -> str:
    """What a line says, for a person: `updated, contact 12: First name, Company`.

    `by_code` names the outcome as programs do.
    """
    said = [line.outcome.replace("_", " ") if by_code else Outcome(line.outcome).one]
    if line.contact_id:
        said.append(gettext("contact {number}").format(number=line.contact_id))
    if line.joins_row:
        said.append(gettext("joins row {row}").format(row=line.joins_row))
    elif line.code:
        said.append(messages.title(line.code, row=line.row))

    names = [label_of(COLUMN_OF.get(name, name)) for name in line.changed]
    text = ", ".join(said)

    return f"{text}: {', '.join(names)}" if names else text
