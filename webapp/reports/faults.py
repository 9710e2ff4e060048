"""What the rows at fault say: the values by which a person recognises them, for the report."""

from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries

SQL = queries.load("faults")

LOOKED_AT = (
    20_000  # rows at fault; behind them the counts of a value would cost a report too much
)
VALUES = 2  # of a kind of fault that are shown
LONGEST = 40  # characters of one


@dataclass
class Fault:
    """The rows that are invalid for one reason. `values` are those that most of them say, with how
    many do; `rows` are the first, where there is no value to show.
    """

    about: str | None
    values: list[tuple[str, int]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    suggested: int = 0

    @property
    def shown(self) -> int:
        """How many rows the values and row numbers at hand stand for."""
        return sum(rows for _, rows in self.values) if self.values else len(self.rows)


def faults(session: Session, import_id: UUID) -> dict[str, Fault]:
    """By the code of the reason, of rows that are invalid still."""
    found: dict[str, list[Fault]] = defaultdict(list)
    asked = {"id": import_id, "limit": LOOKED_AT}
    for row in db.execute(session, SQL.faults, asked):
        value = [(row.value[:LONGEST], row.rows)] if row.value else []
        found[row.code].append(Fault(row.field, value, list(row.first), row.suggested))

    return {code: _together(some) for code, some in found.items()}


def _together(some: list[Fault]) -> Fault:
    """The values of one reason, those that stand most often first."""
    values = [value for one in some for value in one.values][:VALUES]
    rows = sorted(row for one in some for row in one.rows)
    return Fault(some[0].about, values, rows[:3], sum(one.suggested for one in some))
