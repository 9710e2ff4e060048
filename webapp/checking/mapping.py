"""Headers → fields: suggest a target for each column, and check the targets that a person chose."""

from collections.abc import Iterable, Iterator, Sequence

from webapp.checking import values
from webapp.reading.labels import Named, named, normalised
from webapp.reading.records import column_names
from webapp.vocabulary.fields import (
    ADDRESS,
    CUSTOM,
    IDENTITY,
    LONGEST_CUSTOM_LABEL,
    SEVERAL,
    is_target,
    label_of,
)
from webapp.vocabulary.refusals import Refusal

# Columns that our own lists add; a corrected list of rejected rows is recognised without them.
OURS = {f"rowcall {name}" for name in ("row", "outcome", "contact", "code", "reason")}
FIRST = {
    "",
    "1",
    "primary",
    "main",
}  # what a label may say besides the field's name and still fit best
LATER = 1000
OTHER = {
    "other",
    "weitere",
    "autre",
    "otro",
    "otra",
    "outro",
    "outra",
    "altro",
    "altra",
    "overig",
    "overige",
    "ander",
}
# “Nome” is a first name beside “Cognome”, and the whole name where it stands alone.
FIRST_OR_WHOLE = {"nome", "nombre"}
LAST_OR_WHOLE = {"nom", "name", "naam"}
# Addresses and numbers under such a label belong to another person.
OTHER_PERSON = (
    "owner",
    "manager",
    "assistant",
    "created",
    "modified",
    "referred",
    "spouse",
    "parent",
    "emergency",
)


def suggest(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> list[str | None]:
    """A target for each column, from its label and its values; what fits no field becomes a
    custom field.

    Only columns without a label and without values are left out, and those that our own lists
    add.
    """
    table = _Table(columns, sample)
    chosen = table.by_label()

    for target, index in table.by_values():
        if target not in chosen and index not in chosen.values():
            chosen[target] = index

    targets: list[str | None] = [None] * len(columns)

    for target, index in chosen.items():
        targets[index] = target

    return _with_custom_fields(table, targets)


class _Table:
    """The columns of a file: their labels, what those name, and the values of the sample."""

    def __init__(self, columns: Sequence[str], sample: Sequence[Sequence[str]]) -> None:
        self.labels = columns
        self.indexes = [
            index for index, label in enumerate(columns) if normalised(label) not in OURS
        ]
        self.named = {
            index: found for index in self.indexes if (found := named(columns[index]))
        }
        self.values = [
            [row[index].strip() for row in sample if index < len(row) and row[index].strip()]
            for index in range(len(columns))
        ]

        self.unlabelled = [
            label == name
            for label, name in zip(columns, column_names(len(columns)), strict=True)
        ]

    def by_label(self) -> dict[str, int]:
        """The column for each target that a label names."""
        chosen: dict[str, int] = {}
        for target in {found.target for found in self.named.values()} - set(ADDRESS):
            chosen[target] = min(
                self._naming(target), key=lambda index: self._fit(index, target)
            )

        chosen = self._otherwise(chosen)
        return _settle_names(chosen, self.labels) | self._address()

    def _otherwise(self, chosen: dict[str, int]) -> dict[str, int]:
        """Columns that lost their field to a better one go to the next field that claims their
        label.

        “Title” is a job title, and stands before the name in a file that has a “Job title” as
        well.
        """
        taken = set(chosen.values())
        for index, found in self.named.items():
            target = found.otherwise
            if (
                index not in taken
                and target
                and target not in chosen
                and target not in ADDRESS
            ):
                chosen[target] = index

        return chosen

    def _naming(self, target: str) -> list[int]:
        return [index for index, found in self.named.items() if found.target == target]

    def _fit(self, index: int, target: str) -> tuple[int, int, int]:
        """Smaller fits better: of several e-mails or phones the first with values, else the
        most exact label.
        """
        empty = int(not self.values[index])
        found = self.named[index]
        if target in SEVERAL:
            return 0, empty, index

        return found.rank + (0 if found.qualifier in FIRST else LATER), empty, index

    def _address(self) -> dict[str, int]:
        """Street, city and the rest from one and the same address: the first that has values."""
        groups: dict[str, dict[str, int]] = {}
        for index, found in self.named.items():
            if found.target in ADDRESS:
                _take_better(groups.setdefault(found.qualifier, {}), index, found, self.named)

        best_first = sorted(
            groups,
            key=lambda name: (not self._has_values(groups[name].values()), name in OTHER),
        )

        return groups[best_first[0]] if best_first else {}

    def _has_values(self, indexes: Iterable[int]) -> bool:
        return any(self.values[index] for index in indexes)

    def by_values(self) -> Iterator[tuple[str, int]]:
        """Targets that the values alone speak for, best first; under a label that says
        nothing, dates count too.
        """
        for index in self.indexes:
            found = self.values[index]
            if index in self.named or any(
                word in self.labels[index].lower() for word in OTHER_PERSON
            ):
                continue

            blank = self.unlabelled[index]

            if values.emails(found):
                yield "email", index
            elif values.phones(found, national=blank):
                yield "phone", index
            elif blank and values.links(found):
                yield "website", index
            elif blank and values.birthdays(found):
                yield "birthday", index


def _take_better(
    group: dict[str, int], index: int, found: Named, named_columns: dict[int, Named]
) -> None:
    held = group.get(found.target)
    if held is None or found.rank < named_columns[held].rank:
        group[found.target] = index


def _settle_names(chosen: dict[str, int], labels: Sequence[str]) -> dict[str, int]:
    """“Name” beside “Vorname” is the last name; “Nom”, “Nome” or “Nombre” alone is the whole
    one.
    """
    first, last, whole = (
        chosen.get(name) for name in ("first_name", "last_name", "full_name")
    )
    if (
        first is not None
        and last is None
        and whole is not None
        and normalised(labels[whole]) in LAST_OR_WHOLE
    ):
        return {**{k: v for k, v in chosen.items() if k != "full_name"}, "last_name": whole}

    for name, other, alone in (
        ("first_name", last, FIRST_OR_WHOLE),
        ("last_name", first, LAST_OR_WHOLE),
    ):
        if (
            name in chosen
            and other is None
            and whole is None
            and normalised(labels[chosen[name]]) in alone
        ):
            return {
                **{k: v for k, v in chosen.items() if k != name},
                "full_name": chosen[name],
            }

    return chosen


def _with_custom_fields(table: _Table, targets: list[str | None]) -> list[str | None]:
    """Every other column as a custom field under its label, so that no value is lost."""
    taken = {target for target in targets if target}
    for index in table.indexes:
        if targets[index] is None and (table.values[index] or not table.unlabelled[index]):
            targets[index] = _free_custom(table.labels[index], taken)
            taken.add(str(targets[index]))

    return targets


def _free_custom(label: str, taken: set[str]) -> str:
    plain = label.strip()
    found, number = CUSTOM + plain[:LONGEST_CUSTOM_LABEL].strip(), 1

    while found in taken:
        number += 1
        end = f" ({number})"
        found = CUSTOM + plain[: LONGEST_CUSTOM_LABEL - len(end)].strip() + end

    return found


def relabelled(targets: Sequence[str | None], columns: Sequence[str]) -> list[str | None]:
    """The same targets, with each custom field called as its column is."""
    return [
        CUSTOM + column if target and target.startswith(CUSTOM) else target
        for target, column in zip(targets, columns, strict=True)
    ]


def check(targets: Sequence[str | None], columns: Sequence[str]) -> None:
    """Raise Refusal unless the targets fit the columns, are on the list, and none is chosen
    twice.
    """
    if len(targets) != len(columns):
        raise Refusal("mapping_length", at="/mapping", columns=len(columns))

    seen: set[str] = set()

    for index, target in enumerate(targets):
        if target is None:
            continue

        at = f"/mapping/{index}"
        if not is_target(target):
            raise Refusal("unknown_target", at=at, target=target[:60], column=columns[index])

        spelled = CUSTOM + label_of(target).strip() if target.startswith(CUSTOM) else target
        if spelled in seen:
            raise Refusal("target_twice", at=at, label=label_of(target).strip())

        seen.add(spelled)

    if not IDENTITY & seen:
        raise Refusal("nothing_mapped", at="/mapping")
