"""What the cells of a column become, by the very judge of the check: for a few rows, to
be shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.checking.checked_rows import CheckedRow
from webapp.checking.names import PARTS
from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record
from webapp.vocabulary.fields import CUSTOM, FULL_NAMES, HOUSE_NUMBER, SCALARS, TAGS, label_of

# What tells how other cells of the row are read.
CONTEXT = {"country", "calling_code"}


@dataclass(frozen=True)
class Became:
    """A cell's `text` and the `value` that it becomes, None where that is the text itself or not
    known by one cell; "" where it is blank. `problem` is the code of what is wrong with it.
    """

    text: str
    value: str | None = None
    problem: str | None = None


def became(
    rows: Sequence[Sequence[str]],
    index: int,
    targets: Sequence[str | None],
    columns: Sequence[str],
    choices: Mapping[str, Any],
) -> list[Became]:
    """What the cells of one column become, a row each. `choices` are a `Checker`'s."""
    target = targets[index]
    if target is None or target == HOUSE_NUMBER.name:
        return [Became(row[index]) for row in rows]

    alone = [
        one if place == index or one in CONTEXT else None for place, one in enumerate(targets)
    ]
    checker = Checker(alone, columns=columns, **choices)
    records = [
        Record(number, list(row), None, Position(0, number)) for number, row in enumerate(rows)
    ]
    checked = checker.check_block(records)

    return [
        _became(found, index, target, row[index].strip())
        for found, row in zip(checked, rows, strict=True)
    ]


def _became(row: CheckedRow, index: int, target: str, text: str) -> Became:
    problem = next((one.code for one in row.problems if one.column == index), None)
    value = _value(row, target)
    if value is None and problem is None and target in (*SCALARS, TAGS.name, *FULL_NAMES):
        return Became(text, "")

    return Became(text, value if value != text else None, problem)


def _value(row: CheckedRow, target: str) -> str | None:
    """What the row has of the column."""
    if target in FULL_NAMES:
        return " ".join(filter(None, map(row.values.get, PARTS))) or row.values.get("company")
    if target == TAGS.name:
        return ", ".join(row.tags) if row.tags else None
    if target.startswith(CUSTOM):
        return (row.custom or {}).get(label_of(target).strip())

    further = {"email": row.further_emails, "phone": row.further_phones}.get(target) or []
    values = [row.values.get(target), *(str(one["value"]) for one in further)]
    return ", ".join(filter(None, values)) or None
