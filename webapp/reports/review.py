"""What the review says of a checked import: how many rows are ready, whose they are, and what is
left to a person.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.deciding import plan
from webapp.deciding.plan import PlanLine
from webapp.models import ContactImport, ImportPreview
from webapp.reports.plan_rows import PlanRow, plan_rows
from webapp.reports.wording import number
from webapp.staging.problem_list import Tally
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, ngettext, ngettext_noop
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.strategies import Variant

SPECIMENS = 6  # rows of the plan on the review
LOOKED_AT = 300  # rows from the first one on, among which these are sought
SOUGHT_IN = 100_000  # rows of a file in which a rare outcome is sought further
SHOWN_KINDS = 3  # of faults, at the door to them
# What a row's fault is about, in few words; of a code that is not here its title.
FAULTS = {
    "email_no_at": ngettext_noop("e-mail", "e-mails"),
    "email_invalid": ngettext_noop("e-mail", "e-mails"),
    "email_exchange": ngettext_noop("e-mail", "e-mails"),
    "date_unreadable": ngettext_noop("birthday", "birthdays"),
    "date_future": ngettext_noop("birthday", "birthdays"),
    "no_identity": ngettext_noop(
        "without e-mail, phone or name", "without e-mail, phone or name"
    ),
    "too_long": ngettext_noop("value that is too long", "values that are too long"),
}
SUGGESTED = {"email": FAULTS["email_no_at"], "birthday": FAULTS["date_unreadable"]}
CONFLICTS = {
    "two_contacts": ngettext_noop("fits two people", "fit two people"),
    "key_taken": ngettext_noop(
        "e-mail or ID of another person", "e-mail or ID of another person"
    ),
    "stronger_key_differs": ngettext_noop(
        "same e-mail, different ID", "same e-mail, different ID"
    ),
    "other_name": ngettext_noop(
        "same e-mail or ID, another name", "same e-mail or ID, another name"
    ),
}


@dataclass(frozen=True)
class Kind:
    """So many rows that are alike, and in few words how."""

    rows: int
    words: str
    suggestions: int = 0


@dataclass(frozen=True)
class Standing:
    """Of one variant, in rows. `ready` is what needs no person; `goes_in` is written or found to be
    there already, and all else stays out. `known` are people of the book; `repeats` are rows about
    a person of an earlier row.
    """

    total: int
    ready: int
    new: int
    known: int
    repeats: int
    other_names: int
    goes_in: int
    open: int

    @property
    def stays_out(self) -> int:
        return self.total - self.goes_in

    @property
    def met(self) -> int:
        """Rows about people who are there, or who were in an earlier row."""
        return self.known + self.repeats

    @property
    def people(self) -> str:
        """Whose the rows are: 450 new people, 64 you know, 31 repeats."""
        return ", ".join(self._people())

    def _people(self) -> Iterator[str]:
        if self.new:
            text = ngettext("{count} new person", "{count} new people", self.new)
            yield text.format(count=number(self.new))
        if self.known:
            text = ngettext("{count} you know", "{count} you know", self.known)
            yield text.format(count=number(self.known))
        if self.repeats:
            text = ngettext("{count} repeat", "{count} repeats", self.repeats)
            yield text.format(count=number(self.repeats))


def standing(run: ContactImport, kept: ImportPreview) -> Standing:
    """What a preview comes to."""
    counts = Counter(kept.outcomes)
    people = kept.people or {}
    open_ = counts[Outcome.INVALID] + counts[Outcome.CONFLICT]
    skipped = counts[Outcome.DUPLICATE_SKIPPED] + counts[Outcome.NEW_SKIPPED]
    met = sum(counts[outcome] for outcome in Outcome if outcome.duplicate)
    repeats = min(people.get("repeats_in_file") or 0, met)
    ready = (run.total or 0) - open_ - counts[Outcome.LEFT_OUT]

    return Standing(
        total=run.total or 0,
        ready=ready,
        new=counts[Outcome.CREATED] + counts[Outcome.NEW_SKIPPED],
        known=met - repeats,
        repeats=repeats,
        other_names=(people.get("warnings") or {}).get("other_name", 0),
        goes_in=ready - skipped,
        open=open_,
    )


def faults(
    problems: Sequence[Mapping[str, Any]], suggestions: Mapping[str, int] | None = None
) -> list[Kind]:
    """What is to be fixed, by what it is about: the most rows first. `suggestions` are counted by
    field.
    """
    found = _alike(((one["code"], one["rows"]) for one in problems), suggestions or {})
    if len(found) <= SHOWN_KINDS:
        return found

    rest = found[SHOWN_KINDS - 1 :]
    return [*found[: SHOWN_KINDS - 1], Kind(sum(one.rows for one in rest), gettext("others"))]


def choices(kinds: Mapping[str, tuple[int, int]]) -> list[Kind]:
    """Of which kinds the rows are that are still to choose for."""
    return _alike(
        (kind.partition(":")[0], rows - settled)
        for kind, (rows, settled) in kinds.items()
        if rows > settled
    )


def suggested(columns: Mapping[int, Tally], targets: Sequence[str | None]) -> dict[str, int]:
    """How many cells have a suggestion, by field."""
    found: Counter[str] = Counter()
    for column, tally in columns.items():
        if 0 <= column < len(targets) and (target := targets[column]):
            found[target] += tally.suggestions

    return dict(found)


def _alike(
    found: Iterator[tuple[str, int]], suggestions: Mapping[str, int] | None = None
) -> list[Kind]:
    rows: Counter[tuple[str, str] | str] = Counter()
    by_words: dict[Any, int] = {
        SUGGESTED.get(field): count for field, count in (suggestions or {}).items()
    }
    for code, count in found:
        rows[FAULTS.get(code) or CONFLICTS.get(code) or code] += count

    return [
        Kind(
            count,
            messages.counted(key, count) if isinstance(key, str) else ngettext(*key, count),
            by_words.get(key, 0),
        )
        for key, count in rows.most_common()
    ]


def specimens(
    session: Session,
    run: ContactImport,
    variant: Variant,
    kept: ImportPreview,
    outcome: Outcome | None = None,
) -> list[PlanRow]:
    """A few rows of the plan: the first of this outcome, else of as many outcomes as there are."""
    lines = _specimens(session, run, variant, kept, outcome)
    return plan_rows(
        session, run.id, sorted(lines, key=lambda line: line.row), variant.strategy
    )


def _specimens(
    session: Session,
    run: ContactImport,
    variant: Variant,
    kept: ImportPreview,
    only: Outcome | None,
) -> list[PlanLine]:
    if only:
        return _first(session, run.id, variant, only, SPECIMENS)

    by_outcome: dict[str, list[PlanLine]] = {}
    for line in plan.lines(session, run.id, variant, after=0, limit=LOOKED_AT, outcome=None):
        by_outcome.setdefault(line.outcome, []).append(line)

    for outcome in STORED_OUTCOMES:
        is_rare = kept.outcomes.get(outcome, 0) and outcome not in by_outcome
        if is_rare and (run.total or 0) <= SOUGHT_IN:
            by_outcome[outcome] = _first(session, run.id, variant, outcome)

    found: list[PlanLine] = []
    while len(found) < SPECIMENS and any(by_outcome.values()):
        for lines in by_outcome.values():
            found += lines[:1]
            del lines[:1]

    return found[:SPECIMENS]


def _first(
    session: Session, import_id: UUID, variant: Variant, outcome: Outcome, limit: int = 1
) -> list[PlanLine]:
    return plan.lines(session, import_id, variant, after=0, limit=limit, outcome=outcome)
