"""Rules of columns: what their cells do to contacts that are there already, where it is another
thing than the strategy says.

They are named by a field, `name` for all parts of a name, `address` for all parts of an address
taken together, `tags`, or `custom:<label>`.
"""

from collections.abc import Iterable, Mapping

from webapp.checking.names import PARTS
from webapp.reading.labels import normalised
from webapp.vocabulary.consent_words import CONSENT, CONSENT_WORDS
from webapp.vocabulary.fields import (
    ADDRESS,
    CUSTOM,
    FULL_NAMES,
    HOUSE_NUMBER,
    SCALARS,
    label_of,
)
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Rule

NAME, WHOLE_ADDRESS, TAGS = "name", "address", "tags"
LONGEST_SHOWN = 100  # characters of what was given as a column
# What tags call them.
OF_TAGS = {"unite": Rule.FILL, "none": Rule.KEEP}
_WRITTEN_TOGETHER = tuple(normalised(phrase).replace(" ", "") for phrase in CONSENT)


def ruled(target: str) -> str | None:
    """The name of the rule for a column with this target; None where it has none of its own."""
    if target in PARTS or target in FULL_NAMES:
        return NAME
    if target == HOUSE_NUMBER.name:
        return "street"
    if target.startswith(CUSTOM):
        return _spelled(target)

    return target if target in SCALARS or target == TAGS else None


def checked(
    rules: Mapping[str, str | None], targets: Iterable[str | None]
) -> dict[str, str | None]:
    """The rules as they are kept, with those that columns of consent have unless the person says
    otherwise (None: as the strategy does).

    `targets` are what the columns, and what is said for all rows, go to. Raises Refusal.
    """
    known = _names(targets)
    spelled = {_spelled(name): rule for name, rule in rules.items()}

    for name, rule in spelled.items():
        at = "/rules/" + name.replace("~", "~0").replace("/", "~1")
        if ruled(name) == NAME:
            raise Refusal("rule_part_of_name", at=at, part=label_of(name))
        if WHOLE_ADDRESS in spelled and name in ADDRESS:
            raise Refusal("rule_part_of_address", at=at, part=label_of(name))
        if name not in known:
            raise Refusal("rule_unknown_column", at=at, column=name[:LONGEST_SHOWN])
        if rule in OF_TAGS and name != TAGS:
            raise Refusal("rule_of_tags", at=at, rule=rule)

    return {**preset(known), **spelled}


def fitting(
    rules: Mapping[str, str | None], targets: Iterable[str | None]
) -> dict[str, str | None]:
    """Those of some kept rules that are for these targets."""
    known = _names(targets)
    return {name: rule for name, rule in rules.items() if name in known}


def own(
    rules: Mapping[str, str | None], targets: Iterable[str | None]
) -> dict[str, str | None]:
    """Those of some kept rules that the person chose."""
    unasked = preset(_names(targets))
    return {name: rule for name, rule in rules.items() if unasked.get(name) != rule}


def by_column(rules: Mapping[str, str | None], targets: Iterable[str | None]) -> list[str]:
    """The rule that each column has, "" for those that do as the strategy says."""
    columns = [target and ruled(target) for target in targets]
    standing = {**preset(name for name in columns if name), **rules}
    found = [standing.get(name or "") or "" for name in columns]
    return [OF_TAGS.get(rule, rule) for rule in found]


def _names(targets: Iterable[str | None]) -> set[str]:
    """The names of the rules that columns with these targets can have."""
    known = {name for target in targets if target and (name := ruled(target))}
    return known if known.isdisjoint(ADDRESS) else {*known, WHOLE_ADDRESS}


def _spelled(name: str) -> str:
    return CUSTOM + label_of(name).strip() if name.startswith(CUSTOM) else name


def preset(names: Iterable[str]) -> dict[str, str | None]:
    """Columns that say whether one may write to a person change no contact that is there."""
    return {
        name: Rule.KEEP.value
        for name in sorted(names)
        if name.startswith(CUSTOM) and is_consent(label_of(name))
    }


def is_consent(label: str) -> bool:
    """Whether a column of this label says if one may write to a person."""
    plain = normalised(label)
    together = plain.replace(" ", "")

    return any(phrase in together for phrase in _WRITTEN_TOGETHER) or any(
        f" {word} " in f" {plain} " for word in CONSENT_WORDS
    )


def decided(
    rules: Mapping[str, str | None], tag: str | None = None
) -> tuple[tuple[str, Rule], ...]:
    """Kept rules as the decision takes them. A tag for all rows takes none away from a contact,
    unless the person says so.
    """
    if tag and not rules.get(TAGS):
        rules = {**rules, TAGS: Rule.FILL.value}

    return tuple(
        (name, OF_TAGS.get(rule) or Rule(rule)) for name, rule in sorted(rules.items()) if rule
    )
