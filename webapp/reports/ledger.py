"""The ledger row by row, as people read it: what became of a row, why, and whom it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.contacts import person_names
from webapp.deciding import plan
from webapp.deciding.plan import PlanLine
from webapp.reports import row_search
from webapp.vocabulary import messages
from webapp.vocabulary.keys import DERIVED_KEYS
from webapp.vocabulary.outcomes import INDEXED, PROBLEMS, Action, Outcome

SQL = queries.load(
    "ledger",
    outcome=Outcome.NOT_PROCESSED,
    who=person_names.called("r.{name}", "left(array_to_string(r.record, ' '), %(name)s)"),
    name=person_names.called("{name}"),
)


# Groups of outcomes that can be asked for like one.
CHANGED = "changed"  # the rows that wrote to a contact that was there
NOT_IN = "not_in"  # those that need a person
UNDONE = "undone"  # those that were undone by themselves
GROUPS: dict[str, tuple[Outcome, ...]] = {
    CHANGED: (Outcome.UPDATED, Outcome.MERGED),
    NOT_IN: tuple(PROBLEMS),
    UNDONE: (),
}


@dataclass(frozen=True)
class Row:
    """A ledger entry as people read it.

    `changes` lists {"field", "before", "after"} of what the row changed.
    """

    row: int
    outcome: str
    contact_id: int | None
    code: str | None
    detail: dict[str, Any] | None
    changes: list[dict[str, Any]]
    planned: PlanLine | None = None  # what the plan said, where it came out differently
    who: str | None = None  # the row's name, or what else says whom it means
    problems: list[dict[str, Any]] | None = None  # what the check found in the row
    undone_at: datetime | None = None  # when the row was undone by itself
    undone_by: str | None = None  # the person's name
    kept: int | None = None  # what stayed then: fields, or the contact as a whole

    @property
    def sentence(self) -> str | None:
        """Why, and what to do; the database's own words where there are some."""
        if self.outcome != Outcome.LEFT_OUT and (errors := self._problems("error")):
            return " ".join(
                dict.fromkeys(messages.of_problem(problem, self.row) for problem in errors)
            )
        if self.code is None:
            return None
        for problem in self.problems or []:
            if problem["code"] == self.code:
                return messages.of_problem(problem, self.row)

        facts = {"row": (self.detail or {}).get("row", self.row)}
        said = messages.instruction(self.code, **facts)
        message = (self.detail or {}).get("message")

        return f"{messages.title(self.code, **facts)}: {message}. {said}" if message else said

    @property
    def can_be_undone(self) -> bool:
        """Whether it wrote to a contact, and that stands."""
        return Action.UNDO in Outcome(self.outcome).actions and self.undone_at is None

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What the check and the decision found beside errors: code, field, value, and the
        sentence as `message`.
        """
        told = [
            {"code": code, "field": None, "value": None, "message": messages.whole(code)}
            for code in (self.detail or {}).get("warnings", [])
        ]
        return told + [
            {
                **{name: problem.get(name) for name in ("code", "field", "value")},
                "message": messages.of_problem(problem, self.row),
            }
            for problem in self._problems("warning")
        ]

    def _problems(self, severity: str) -> list[dict[str, Any]]:
        return [problem for problem in self.problems or [] if problem["severity"] == severity]


LONGEST_NAME = 120  # characters of the person a row is about


def rows(
    session: Session,
    import_id: UUID,
    *,
    outcome: str | None = None,
    code: str | None = None,
    after: int = 0,
    limit: int = 100,
    search: str | None = None,
    differing: bool = False,
) -> list[Row]:
    """Ledger entries in file order, after row number `after`; `search` finds beginnings of words in
    the rows that it knows (`row_search.unknown`).

    `outcome` may be one of GROUPS too. `differing` narrows them to rows that came out differently
    than the plan said.
    """
    conditions = ["l.import_id = %(id)s", "l.row > %(after)s"]
    if outcome == UNDONE:
        conditions.append(SQL.undone)
    elif outcome and outcome != Outcome.NOT_PROCESSED:
        conditions.append("l.outcome = ANY(%(outcomes)s::outcome[])")
    if code:
        conditions.append("COALESCE(l.code, l.outcome::text) = %(code)s")
    if differing:
        conditions.append(SQL.differs)

    never = outcome == Outcome.NOT_PROCESSED
    source = SQL.not_processed if never else "contact_import_results"
    asked = {
        "id": import_id,
        "after": after,
        "outcomes": [str(one) for one in GROUPS.get(outcome or "", (outcome,))],
        "code": code,
        "limit": limit,
        "name": LONGEST_NAME,
    }
    if search:
        asked["found"] = row_search.found(
            session,
            search,
            source,
            " AND ".join(conditions),
            asked,
            indexed=differing or outcome in {*INDEXED, UNDONE, NOT_IN},
        )
        conditions.append("l.row = ANY(%(found)s::bigint[])")

    statement = queries.fill(SQL.rows, source=source, conditions=" AND ".join(conditions))
    entries = db.execute(session, statement, asked)

    return [_row_of(entry) for entry in entries]


def _row_of(entry: Any) -> Row:
    same = "row", "outcome", "contact_id", "code", "detail", "problems", "undone_at"
    return Row(
        **{name: getattr(entry, name) for name in (*same, "undone_by", "kept")},
        changes=changes_of(entry.before, entry.after),
        planned=plan.parsed(entry.planned) if entry.planned else None,
        who=(entry.who or "")[:LONGEST_NAME] or None,
    )


def first_people(
    session: Session, import_id: UUID, outcome: str, limit: int
) -> list[dict[str, Any]]:
    """The first contacts that rows of this outcome wrote to and that are there still, as `id` and
    `name`.
    """
    found = rows(session, import_id, outcome=outcome, limit=limit)
    names = names_of(session, found)
    ids = dict.fromkeys(row.contact_id for row in found if row.contact_id)
    return [{"id": number, "name": names[number]} for number in ids if names.get(number)]


def problem_rows(session: Session, import_id: UUID, limit: int) -> list[Row]:
    """The first rows that need a person, in file order."""
    found = [
        row
        for outcome in PROBLEMS
        for row in rows(session, import_id, outcome=outcome.value, limit=limit)
    ]
    return sorted(found, key=lambda row: row.row)[:limit]


def names_of(session: Session, found: Sequence[Row]) -> dict[int, str]:
    """What each contact is called that the rows lead to; who is gone is left out."""
    ids = {row.contact_id for row in found} | {
        one for row in found for one in (row.detail or {}).get("contacts", [])
    }
    return called(session, [one for one in ids if one is not None])


def called(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """What these contacts are called, "" for one without a name; who is gone is left out."""
    asked = {"ids": list(ids)}

    return {
        contact.id: (contact.name or "")[:LONGEST_NAME]
        for contact in db.execute(session, SQL.names, asked)
    }


def changes_of(
    before: Sequence[dict[str, Any]] | dict[str, Any] | None, after: Any
) -> list[dict[str, Any]]:
    """A journal entry field by field, without the derived keys."""
    if not isinstance(before, dict):
        return []

    return [
        {"field": name, "before": _told(value), "after": _told((after or {}).get(name))}
        for name, value in before.items()
        if name not in DERIVED_KEYS and not name.startswith("(")
    ]


def _told(value: Any) -> Any:
    """A journal's value; of further addresses, what a person gave for them."""
    if not isinstance(value, list):
        return value

    return [
        {part: one.get(part) for part in ("value", "label")} if isinstance(one, dict) else one
        for one in value
    ]
