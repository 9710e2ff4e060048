"""The contacts that new rows of an import look like: listed and counted, before it runs.

`match_work.py` finds them; a person says with a choice of the row whether it is this contact.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.duplicates.pairs import Likelihood, likelihood
from webapp.duplicates.people import COLUMNS
from webapp.models import ContactImport
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import PREVIEWED

PARTS = {"columns": ", ".join(COLUMNS), "row_columns": ", ".join(("row", *COLUMNS[1:]))}
SQL = queries.load("possible_matches", **PARTS)
MOST_ROWS = 200_000  # of a file that are compared: the first new ones
State = Literal["waiting", "done", "failed", "over"]


class Place(NamedTuple):
    """Where a row stands in the order; TOP is before all."""

    settled: bool
    score: float
    row: int

    @property
    def cursor(self) -> str:
        """As text, for an address."""
        return f"{self.settled:d}_{self.score:.2f}_{self.row}"


TOP = Place(settled=False, score=float("inf"), row=0)
CURSOR = re.compile(r"([01])_(-?[0-9]{1,6}\.[0-9]{2})_([0-9]{1,18})")


def place_of(cursor: str) -> Place:
    """The place that a text names. Raises Refusal("bad_cursor")."""
    found = CURSOR.fullmatch(cursor)
    if not found:
        raise Refusal("bad_cursor")

    return Place(found[1] == "1", float(found[2]), int(found[3]))


@dataclass(frozen=True)
class PossibleMatch:
    """A new row and the contact that it looks like most; `score` in bits. `choice` is what a person
    said of the row.
    """

    row: int
    contact_id: int
    score: float
    evidence: tuple[str, ...]
    choice: Choice | None

    @property
    def place(self) -> Place:
        return Place(self.choice is not None, self.score, self.row)

    @property
    def likelihood(self) -> Likelihood:
        return likelihood(self.score)


@dataclass(frozen=True)
class Standing:
    """How far the search is: `waiting` until it tells of the rows as they are, `over` once the
    import waits for no person any more. `rows` of those that become contacts were compared.
    """

    state: State
    rows: int
    has_contacts: bool

    @property
    def is_limited(self) -> bool:
        """Whether there may be more new rows than were compared."""
        return self.rows >= MOST_ROWS


@dataclass(frozen=True)
class Counts:
    """How many rows look like a contact, and how many of them have a choice."""

    rows: int
    settled: int

    @property
    def left(self) -> int:
        return self.rows - self.settled


def standing(session: Session, import_: ContactImport) -> Standing:
    found = db.execute(session, SQL.standing, {"import_id": import_.id}).one()
    state: State = "waiting"
    if import_.state not in PREVIEWED:
        state = "over"
    elif found.state in {"done", "failed"}:
        state = found.state

    return Standing(state, found.rows or 0, found.has_contacts)


def counts(session: Session, import_id: UUID) -> Counts:
    return Counts(**db.execute(session, SQL.counts, {"import_id": import_id}).mappings().one())


def listed(session: Session, import_id: UUID, after: Place, limit: int) -> list[PossibleMatch]:
    """The rows behind a place: those without a choice first, the most certain before the others."""
    asked = {"import_id": import_id, **after._asdict(), "limit": limit}
    return [
        PossibleMatch(
            row.row,
            row.contact_id,
            row.score,
            tuple(row.evidence),
            Choice(Chosen(row.chosen), row.chosen_id) if row.chosen else None,
        )
        for row in db.execute(session, SQL.listed, asked)
    ]
