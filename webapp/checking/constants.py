"""What a person gives for all rows of a file: values of fields that the file lacks, and tags."""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.checking import names
from webapp.checking.checked_rows import CheckedRow
from webapp.checking.validation import BESIDE_CELLS, Checker
from webapp.folding import folded
from webapp.reading.records import Position, Record
from webapp.vocabulary.catalogue import within
from webapp.vocabulary.fields import (
    CUSTOM,
    FULL_NAMES,
    IDENTITY,
    LONGEST_CUSTOM_VALUE,
    TAGS,
    TARGETS,
    is_target,
    label_of,
)
from webapp.vocabulary.refusals import Refusal

MOST = 50  # fields with such a value
# What tells one person from another is not the same for all; some fields only go with a cell.
OF_ONE = IDENTITY | FULL_NAMES | BESIDE_CELLS | set(names.PARTS)
OFFERED = tuple(name for name in TARGETS if name not in {*OF_ONE, TAGS.name})


def row_of_all(
    constants: Mapping[str, str], tag: str | None, **choices: Any
) -> CheckedRow | None:
    """What every row begins with, judged as a row of such cells is; None where nothing is given.

    `choices` are a Checker's. What the check would refuse is not in it, and among its problems.
    """
    given = {**constants, **({TAGS.name: tag} if tag else {})}
    if not given:
        return None

    record = Record(0, list(given.values()), None, Position(0, 0))
    return Checker(list(given), **choices).check(record)


def check(
    targets: Sequence[str | None],
    constants: Mapping[str, str],
    tag: str | None,
    **choices: Any,
) -> None:
    """Raise Refusal for a field that cannot have one value for all rows, one that a column goes to,
    and a value that the field does not take.
    """
    taken = {_spelled(target): "constant_mapped" for target in targets if target}

    for target in constants:
        label, at = label_of(target).strip(), _place(target)
        if not is_target(target):
            raise Refusal("constant_unknown", at=at, target=target[:60])
        if target == TAGS.name:
            raise Refusal("constant_tags", at=at)
        if target in OF_ONE:
            raise Refusal("constant_of_one", at=at, label=label)
        if code := taken.get(_spelled(target)):
            raise Refusal(code, at=at, label=label)

        taken[_spelled(target)] = "constant_twice"

    for target, text in constants.items():
        row = row_of_all({target: text}, None, **choices)
        _check_value(target, text, row, at=_place(target))

    if tag is not None:
        _check_value(TAGS.name, tag, row_of_all({}, tag, **choices), at="/tag")


def _check_value(target: str, text: str, row: CheckedRow | None, *, at: str) -> None:
    """Refuse a value with the sentence that a cell would have."""
    label = label_of(target).strip()
    wrong = (
        [problem for problem in row.problems if problem.code != "no_identity"] if row else []
    )

    if wrong:
        code = wrong[0].code
        longest = TARGETS[target].max_length if target in TARGETS else LONGEST_CUSTOM_VALUE
        raise Refusal(code, at=at, value=text[:60], field=within(label), limit=f"{longest:,}")
    if row is None or not (row.values or row.custom or row.tags):
        raise Refusal("constant_blank", at=at, label=label)


def _spelled(target: str) -> str:
    """Custom fields that differ in case only are one."""
    return CUSTOM + folded(label_of(target).strip()) if target.startswith(CUSTOM) else target


def _place(target: str) -> str:
    """A JSON pointer into the command."""
    return f"/constants/{target.replace('~', '~0').replace('/', '~1')}"
