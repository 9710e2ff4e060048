"""Examples of what a strategy would do, as the review page shows them side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.vocabulary.fields import COMPARED, CUSTOM, TAGS, TELLING
from webapp.vocabulary.keys import DERIVED_KEYS


@dataclass(frozen=True)
class Line:
    """One field of a contact: what it holds, what it will hold, and what the file says where
    that is not taken.
    """

    field: str
    now: Any
    after: Any
    passed_over: Any = None

    @property
    def changes(self) -> bool:
        return bool(self.now != self.after)


def changes(example: Mapping[str, Any]) -> list[Line]:
    """Who it is, every field that changes, and every value of the file that is passed over."""
    return list(_lines(example))


def _lines(example: Mapping[str, Any]) -> Iterator[Line]:
    before, after = example["before"], example["after"]
    now, file = _flat(example["now"]), _flat(example["file"])
    identity = next((name for name in TELLING if now.get(name) and name not in before), None)
    if identity:
        yield Line(identity, now[identity], now[identity])

    for name in before:
        if name not in DERIVED_KEYS:
            yield Line(name, before[name], after.get(name))

    for name, value in file.items():
        if name not in (*before, TAGS.name) and now.get(name) and now[name] != value:
            yield Line(name, now[name], now[name], passed_over=value)


def told(values: Mapping[str, Any]) -> str | None:
    """What tells best whom these values of a row mean; None where nothing does."""
    return next((values[name] for name in TELLING if values.get(name)), None)


def _flat(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields by name, each custom field as one of its own."""
    found = dict(values or {})
    custom = found.pop("custom", None) or {}
    return {**found, **{f"{CUSTOM}{label}": value for label, value in custom.items()}}


def comparison(example: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """For a conflict: each field with what the row and each of the contacts says, where any of
    them says something.
    """
    sides = [example["file"], *(example["contacts"] or [])]
    rows = [(name, [side.get(name) for side in sides]) for name in COMPARED]
    return [row for row in rows if any(row[1])]
