"""Examples of what a strategy would do, as the review page shows them side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.vocabulary.fields import CUSTOM, NAMES, SEVERAL, TAGS, TELLING
from webapp.vocabulary.keys import DERIVED_KEYS, FURTHER_COLUMN, KEY_COLUMN, KEY_FIELDS

# What the file says of these is never said to be passed over: tags are united, keys are derived.
BESIDE = {TAGS.name, *DERIVED_KEYS, *FURTHER_COLUMN.values()}


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

    @property
    def tells(self) -> bool:
        """Whether the strategy shows in it: a line may stand for who it is alone."""
        return self.changes or self.passed_over is not None


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
        if name in BESIDE or name in before or not now.get(name) or now[name] == value:
            continue
        if not _is_held(name, file, now, before):
            yield Line(name, now[name], now[name], passed_over=value)


def _is_held(
    name: str, file: Mapping[str, Any], now: Mapping[str, Any], before: Mapping[str, Any]
) -> bool:
    """Whether the contact has the file's e-mail or phone among others, or gets it behind them."""
    if name not in SEVERAL:
        return False

    further = FURTHER_COLUMN[name]
    held = {one.get("key") for one in now.get(further) or []} | {now.get(KEY_FIELDS[name])}
    return further in before or file.get(KEY_FIELDS[name], "") in held


def told(values: Mapping[str, Any]) -> str | None:
    """What tells best whom these values of a row mean; None where nothing does."""
    return next((values[name] for name in TELLING if values.get(name)), None)


def name(example: Mapping[str, Any]) -> str:
    """What the person of an example is called."""
    for values in (example["now"], example["file"]):
        said = " ".join(filter(None, ((values or {}).get(part) for part in NAMES)))
        if said or (said := told(values or {}) or ""):
            return said

    return ""


def key(example: Mapping[str, Any]) -> str | None:
    """By which key the row met its contact: the strongest one that both have; None where it is
    another row of the file, or nothing tells.
    """
    now, file = example["now"] or {}, example["file"] or {}
    return next(
        (
            name
            for name, column in KEY_COLUMN.items()
            if file.get(column) and file[column] == now.get(column)
        ),
        None,
    )


def _flat(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields by name, each custom field as one of its own."""
    found = dict(values or {})
    custom = found.pop("custom", None) or {}
    return {**found, **{f"{CUSTOM}{label}": value for label, value in custom.items()}}
