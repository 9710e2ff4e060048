"""Headers → fields: suggest a target for each column, and check the targets that a person chose."""

import re
from collections.abc import Sequence

from webapp.intake.fields import (
    CUSTOM,
    FIELDS,
    FULL_NAME,
    LONGEST_CUSTOM_LABEL,
    TAGS,
    is_target,
    label_of,
    normalised,
)

IDENTITY = {"external_id", "email", "phone", "first_name", "last_name", "full_name"}
OURS = {f"rowcall {name}" for name in ("row", "outcome", "contact", "code", "reason")}  # our own reports' columns
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class BadMapping(Exception):  # noqa: N818 - a refusal with a sentence
    """A mapping that cannot be used. `index` is the column at fault, or None."""

    def __init__(self, code: str, index: int | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.index = index
        self.facts = facts


def _aliases() -> dict[str, str]:
    return {
        normalised(alias): field.name
        for field in (TAGS, FULL_NAME, *reversed(FIELDS))
        for alias in (*field.aliases.split("|"), field.label)
    }


ALIASES = _aliases()


def suggest(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> list[str | None]:
    """A target for each column, from its label and its values; unknown columns with values become custom fields."""
    targets: list[str | None] = []
    for index, label in enumerate(columns):
        values = [row[index] for row in sample if index < len(row) and row[index].strip()]
        target = _by_label(label) or _by_values(values)
        targets.append(_free(target, label, targets, has_values=bool(values)))
    return targets


def _by_label(label: str) -> str | None:
    plain = normalised(label)
    return "" if plain in OURS else ALIASES.get(plain)


def _by_values(values: Sequence[str]) -> str | None:
    """A column is an e-mail column, whatever its label, when every value looks like an address."""
    return "email" if values and all(ADDRESS.fullmatch(value.strip()) for value in values) else None


def _free(target: str | None, label: str, taken: list[str | None], *, has_values: bool) -> str | None:
    """The target itself if it is free; else a custom field under the column's label, so that no value is lost."""
    if target == "" or (target is None and not has_values):
        return None
    if target is not None and target not in taken:
        return target
    custom = CUSTOM + label.strip()[:LONGEST_CUSTOM_LABEL]
    return custom if custom not in taken else None


def check(targets: Sequence[str | None], columns: Sequence[str]) -> None:
    """Raise BadMapping unless the targets fit the columns, are on the list, and none is chosen twice."""
    if len(targets) != len(columns):
        raise BadMapping("mapping_length", columns=len(columns))
    for index, target in enumerate(targets):
        if target is None:
            continue
        if not is_target(target):
            raise BadMapping("unknown_target", index, target=target[:60], column=columns[index])
        if target in targets[:index]:
            raise BadMapping("target_twice", index, label=label_of(target))
    if not IDENTITY & {target for target in targets if target}:
        raise BadMapping("nothing_mapped")
