"""The ledger row by row, as people read it: what became of a row, why, and whom it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, folding, queries
from webapp.contacts import person_names, search
from webapp.vocabulary import messages
from webapp.vocabulary.fields import NAMES, SEARCHED
from webapp.vocabulary.keys import DERIVED_KEYS
from webapp.vocabulary.outcomes import PROBLEMS, Outcome

# The names stand there again, side by side: a whole name is found with any text between its parts.
_CELLS = ", ".join(f"r.{name}" for name in (*SEARCHED, *NAMES))

SQL = queries.load(
    "ledger",
    outcome=Outcome.NOT_PROCESSED,
    holds_sought=search.holds_sought(
        f"concat_ws(' ', {_CELLS}, array_to_string(r.record, ' '))"
    ),
    who=person_names.called("r.{name}", "left(array_to_string(r.record, ' '), %(name)s)"),
    name=person_names.called("{name}"),
)


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
    promised: str | None = None  # the outcome that the preview said, where it was another one
    who: str | None = None  # the row's name, or what else says whom it means
    problems: list[dict[str, Any]] | None = None  # what the check found in the row

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
    def warnings(self) -> list[dict[str, Any]]:
        """What the check found beside errors: code, field, value, and the sentence as `message`."""
        return [
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
    """Ledger entries in file order, after row number `after`; `search` looks into the staged
    values.

    `differing` narrows them to rows that came out differently than the preview said.
    """
    conditions = ["l.import_id = %(id)s", "l.row > %(after)s"]
    if outcome and outcome != Outcome.NOT_PROCESSED:
        conditions.append("l.outcome = %(outcome)s::outcome")
    if code:
        conditions.append("COALESCE(l.code, l.outcome::text) = %(code)s")
    if search:
        conditions.append(SQL.mentions)
    if differing:
        conditions.append(SQL.differs)

    never = outcome == Outcome.NOT_PROCESSED
    source = SQL.not_processed if never else "contact_import_results"
    entries = db.execute(
        session,
        queries.fill(SQL.rows, source=source, conditions=" AND ".join(conditions)),
        {
            "id": import_id,
            "after": after,
            "outcome": outcome,
            "code": code,
            "limit": limit,
            "name": LONGEST_NAME,
            "sought": folding.pattern(search) if search else None,
        },
    )

    return [
        Row(
            row=row.row,
            outcome=row.outcome,
            contact_id=row.contact_id,
            code=row.code,
            detail=row.detail,
            changes=changes_of(row.before, row.after),
            promised=row.promised,
            who=(row.who or "")[:LONGEST_NAME] or None,
            problems=row.problems,
        )
        for row in entries
    ]


def problem_rows(session: Session, import_id: UUID, limit: int) -> list[Row]:
    """The first rows that need a person, in file order."""
    found = [
        row
        for outcome in PROBLEMS
        for row in rows(session, import_id, outcome=outcome.value, limit=limit)
    ]
    return sorted(found, key=lambda row: row.row)[:limit]


def names_of(session: Session, found: Sequence[Row]) -> dict[int, str]:
    """What each contact is called that the rows lead to; who has none, or is gone, is left out."""
    ids = {row.contact_id for row in found} | {
        one for row in found for one in (row.detail or {}).get("contacts", [])
    }
    asked = {"ids": [one for one in ids if one is not None]}

    return {
        contact.id: contact.name[:LONGEST_NAME]
        for contact in db.execute(session, SQL.names, asked)
        if contact.name
    }


def changes_of(
    before: Sequence[dict[str, Any]] | dict[str, Any] | None, after: Any
) -> list[dict[str, Any]]:
    """A journal entry field by field, without the derived keys."""
    if not isinstance(before, dict):
        return []

    return [
        {"field": name, "before": value, "after": (after or {}).get(name)}
        for name, value in before.items()
        if name not in DERIVED_KEYS and not name.startswith("(")
    ]
