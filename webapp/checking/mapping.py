"""Headers → fields: suggest a target for each column, and check the targets that a person chose."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from webapp.checking import column_sets, values
from webapp.folding import folded
from webapp.reading.labels import (
    ALIASES,
    Named,
    address_label,
    bare,
    is_machine,
    is_second,
    named,
    normalised,
    says_otherwise,
)
from webapp.reading.records import column_names
from webapp.vocabulary.fields import (
    ADDRESS,
    CUSTOM,
    FULL_NAME,
    FULL_NAMES,
    HOUSE_NUMBER,
    IDENTITY,
    LONGEST_CUSTOM_LABEL,
    REPEATABLE,
    SCALARS,
    SEVERAL,
    TARGETS,
    WHOLE_NAME,
    is_target,
    label_of,
)
from webapp.vocabulary.keys import LABEL_COLUMN
from webapp.vocabulary.label_words import PERSONS, SECOND, SHARED
from webapp.vocabulary.refusals import Refusal

# Columns that our own lists add; a corrected list of rejected rows is recognised without them.
OURS = {
    f"rowcall {name}"
    for name in ("row", "outcome", "contact", "code", "reason", "changed", "added")
}
# The columns of an export of contacts; the custom fields come behind them. What these say is known
# without a look at their values.
EXPORTED = (*SCALARS, "tags")
EXPORTED_BY_LABEL = {TARGETS[name].english: name for name in EXPORTED}
MISSING = ""  # the target of a column that is none of an export
# Of several e-mails or phones: “E-mail”, “E-mail label”, “E-mail 2”, “E-mail 2 label”, …
EXPORTED_ADDRESS = {
    kind: re.compile(rf"{re.escape(TARGETS[kind].english)}(?: ([1-9]\d?))?( label)?")
    for kind in SEVERAL
}
LETTERED = re.compile(
    "column [a-z]{1,3}", re.IGNORECASE
)  # as a column without a label is called
FIRST = {
    "",
    "1",
    "primary",
    "main",
}  # what a label may say besides the field's name and still fit best
LATER = 1000
# Taken only where there is no other address: it is not where one writes to the contact first.
LAST_ADDRESSES = SECOND | {"company"}
CONNECTING = {"de", "del", "la"}  # “Calle del trabajo”, “Ciudad de trabajo”
# “Nome” is a first name beside “Cognome”, and the whole name where it stands alone.
FIRST_OR_WHOLE = set(
    map(normalised, ["nome", "nombre", "jmeno", "имя", "isim", "adi", "adiniz", "이름"])
)
LAST_OR_WHOLE = {"nom", "name", "naam"}
# A whole name that is half of one beside the other half: “Name, Surname”, “Vorname, Name”.
WHOLE_OR_HALF = LAST_OR_WHOLE | set(map(normalised, ["navn", "namn", "nimi", "名前"]))
HALVES = ("first_name", "last_name")
TITLES = {"prefix", "job_title"}
ADDRESS_PARTS = {*ADDRESS, HOUSE_NUMBER.name}
# Columns that say of the addresses beside them what they are for.
LABELS = set(LABEL_COLUMN.values())
# Of a column of yes and no, the label says what is allowed, not what stands there.
NEVER_YES_OR_NO = {"email", "phone", "street", "website", "birthday"}


def suggest(
    columns: Sequence[str], sample: Sequence[Sequence[str]], known: Iterable[str] = ()
) -> list[str | None]:
    """A target for each column, from its label and its values; what fits no field becomes a
    custom field.

    `known` are labels of custom fields that the book has: a column whose label differs in case
    only goes there. Only columns without a label and without values are left out, and those that
    our own lists add.
    """
    if (of_export := column_sets.targets_of(columns) or _columns_of_part(columns)) is not None:
        return of_export
    if ours := _columns_of_export(columns):
        custom = (
            label if _is_custom_target(label) else CUSTOM + label
            for label in columns[len(ours) :]
        )
        return [*ours, *custom]

    table = _Table(columns, sample)
    chosen = table.by_label()

    for target, index in table.by_values():
        if target not in chosen and index not in chosen.values():
            chosen[target] = index

    if (whole := table.whole_name(chosen)) is not None:
        chosen[FULL_NAME.name] = whole

    targets: list[str | None] = [None] * len(columns)
    single = [(index, target) for target, index in (*chosen.items(), *table.written.items())]

    for index, target in (*table.beside(chosen), *single):
        targets[index] = target

    return _with_custom_fields(table, targets, known)


def exported(addresses: Mapping[str, tuple[int, bool]]) -> list[tuple[str, str]]:
    """Target and label of each column of an export, but for those of custom fields.

    `addresses` says for e-mails and phones how many columns they have, and whether a column of
    labels stands behind each.
    """
    found = []
    for name in EXPORTED:
        count, labelled = addresses.get(name, (1, False))
        for number in range(1, count + 1):
            label = f"{TARGETS[name].english}{f' {number}' if number > 1 else ''}"
            found.append((name, label))
            if labelled:
                found.append((LABEL_COLUMN[name], f"{label} label"))

    return found


def _columns_of_export(columns: Sequence[str]) -> list[str] | None:
    """The targets of the first columns, where they are those of an export; else None."""
    if not columns or columns[0] != TARGETS[EXPORTED[0]].english:
        return None

    addresses = {}
    for kind, pattern in EXPORTED_ADDRESS.items():
        named_so = [found for label in columns if (found := pattern.fullmatch(label))]
        numbers = [int(found[1] or 1) for found in named_so]
        addresses[kind] = max(numbers, default=1), any(found[2] for found in named_so)

    ours = exported(addresses)
    labels = [label for _, label in ours]
    return [target for target, _ in ours] if list(columns[: len(ours)]) == labels else None


def _columns_of_part(columns: Sequence[str]) -> list[str | None] | None:
    """The targets of an export of some columns: the parts of the name, and behind them columns of
    an export only; else None.
    """
    names = [TARGETS[name].english for name in WHOLE_NAME]
    if [*columns[: len(names)]] != names:
        return None

    found = [_of_export(label) for label in columns]
    return None if MISSING in found else found


def _of_export(label: str) -> str | None:
    """The target of one column of an export; MISSING where it is none."""
    if is_ours(label):
        return None
    if label in EXPORTED_BY_LABEL:
        return EXPORTED_BY_LABEL[label]
    for kind, pattern in EXPORTED_ADDRESS.items():
        if match := pattern.fullmatch(label):
            return LABEL_COLUMN[kind] if match[2] else kind
    if _is_custom_target(label):
        return label

    return CUSTOM + label if heading_of(label) == label else MISSING


def is_ours(label: str) -> bool:
    """Whether a column is one that our own lists of rows add."""
    return normalised(label) in OURS


def heading_of(label: str) -> str:
    """The label of a column that `suggest` takes for the custom field of this name.

    That is the name itself, unless it could be taken for something else.
    """
    plain = (
        named(label) is None
        and not is_ours(label)
        and not label.startswith(CUSTOM)
        and not LETTERED.fullmatch(label)
        and not any(pattern.fullmatch(label) for pattern in EXPORTED_ADDRESS.values())
    )
    return label if plain else CUSTOM + label


def _is_custom_target(label: str) -> bool:
    return label.startswith(CUSTOM) and is_target(label)


class _Table:
    """The columns of a file: their labels, what those name, and the values of the sample."""

    def __init__(self, columns: Sequence[str], sample: Sequence[Sequence[str]]) -> None:
        self.labels, self.sample = columns, sample
        # Labels that are custom fields as `heading_of` writes them.
        self.written = {
            label: index for index, label in enumerate(columns) if _is_custom_target(label)
        }
        self.indexes = [
            index
            for index, label in enumerate(columns)
            if not is_ours(label) and index not in self.written.values()
        ]
        self.values = [
            [row[index].strip() for row in sample if index < len(row) and row[index].strip()]
            for index in range(len(columns))
        ]
        self.named = {
            index: found
            for index in self.indexes
            if (found := named(columns[index]))
            and (found := self._by_its_values(index, found))
        }
        self._drop_lone_halves()

        self.unlabelled = [
            label == name
            for label, name in zip(columns, column_names(len(columns)), strict=True)
        ]

    def _by_its_values(self, index: int, found: Named) -> Named | None:
        """What a label names, once its values are seen: a “Title” of Mrs and Dr. stands before
        the name, one of directors is a job.
        """
        values_ = self.values[index]
        if not values_:
            return found

        claims = {found.target, found.otherwise}
        if claims == TITLES:
            fits = "prefix" if values.prefixes(values_) else "job_title"
            return found.as_(fits)
        if found.target == "prefix" and not values.short(values_):
            return None
        if found.target in NEVER_YES_OR_NO and values.yes_or_no(values_):
            return None
        if found.target in {"country", "calling_code"}:
            return _by_codes(found, values_)
        return found

    def _drop_lone_halves(self) -> None:
        """“First” is a first name beside a last name only."""
        targets = {found.target for found in self.named.values()}
        for index, found in list(self.named.items()):
            if found.half and not targets.issuperset(HALVES):
                del self.named[index]

    def by_label(self) -> dict[str, int]:
        """The column for each target that a label names."""
        chosen: dict[str, int] = {}
        for target in {found.target for found in self.named.values()} - ADDRESS_PARTS - LABELS:
            chosen[target] = min(
                self._naming(target), key=lambda index: self._fit(index, target)
            )

        if not FULL_NAMES - chosen.keys():
            del chosen["full_name_family_first"]  # The other column's label says no less.

        chosen = self._otherwise(chosen)
        return self._settle_names(chosen) | self._address()

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
                and target not in ADDRESS_PARTS
            ):
                chosen[target] = index

        return chosen

    def _naming(self, target: str) -> list[int]:
        return [index for index, found in self.named.items() if found.target == target]

    def _fit(self, index: int, target: str) -> tuple[int, ...]:
        """Smaller fits better: of several e-mails or phones the first with values that is neither
        shared nor a second one, else the most exact label.
        """
        empty = int(not self.values[index])
        found = self.named[index]
        if target in SEVERAL:
            shared = not SHARED.isdisjoint(found.qualifier.split())
            return empty, int(shared), int(is_second(found.qualifier)), index

        return found.rank + (0 if found.qualifier in FIRST else LATER), empty, index

    def beside(self, chosen: dict[str, int]) -> Iterator[tuple[int, str]]:
        """The further columns of e-mails and phones, and those of their labels."""
        for target in SEVERAL:
            main = chosen.get(target)
            if main is None:
                continue

            named_so = {*self._naming(target), *self._saying_only_a_label(target)}
            further = named_so.difference(chosen.values())
            own = {index for index in further if self._is_own(index, main)}
            yield from ((index, target) for index in own)

            labels = self._naming(LABEL_COLUMN[target])
            if self._hold_labels(labels):
                of = labelled(sorted(further | {main}), labels)
                yield from (
                    (index, LABEL_COLUMN[target])
                    for index in labels
                    if of.get(index) in own | {main}
                )

    def _saying_only_a_label(self, target: str) -> Iterator[int]:
        """Columns called "Home" or "Work" that hold such addresses."""
        for index in filter(self._says_only_a_label, self.indexes):
            found = self.values[index]
            is_email = target == "email" and values.emails(found)
            if is_email or (target == "phone" and values.phones(found, national=True)):
                yield index

    def _says_only_a_label(self, index: int) -> bool:
        words = normalised(self.labels[index]).split()
        return index not in self.named and bool(words) and all(map(address_label, words))

    def _is_own(self, index: int, main: int) -> bool:
        """Whether the addresses of a further column are the contacts' own: the buyer may be another
        person, and a bill goes to an address that several share.
        """
        words, main_words = (
            set(normalised(self.labels[one]).split()) for one in (index, main)
        )
        if not SHARED.isdisjoint(words) or words & PERSONS != main_words & PERSONS:
            return False

        owners: dict[str, set[str]] = {}
        for row in self.sample:
            if max(index, main) < len(row) and row[index].strip() and row[main].strip():
                owners.setdefault(folded(row[index].strip()), set()).add(
                    folded(row[main].strip())
                )

        return "@" not in "".join(owners) or all(len(them) == 1 for them in owners.values())

    def _hold_labels(self, columns: Sequence[int]) -> bool:
        """Whether columns hold labels of addresses: a "Type" may as well be that of something
        else.
        """
        if any("label" in normalised(self.labels[index]).split() for index in columns):
            return True

        found = [value for index in columns for value in self.values[index]]
        return bool(found) and all(
            address_label(value) or is_machine(value) or value == "*" for value in found
        )

    def _address(self) -> dict[str, int]:
        """Street, city and the rest from one and the same address: the one with the most values.

        What it lacks, a label without a qualifier can add: “Home street, Home city, Country”.
        """
        groups: dict[str, dict[str, int]] = {}
        for index, found in self.named.items():
            group = self._group_of(found)
            if group is not None:
                _take_better(groups.setdefault(group, {}), index, found, self.named)

        if not groups:
            return {}

        best = min(groups, key=lambda name: self._order(name, groups[name]))
        parts = groups[best]
        if LAST_ADDRESSES.isdisjoint(best.split()):
            parts = {**groups.get("", {}), **parts}
        if HOUSE_NUMBER.name in parts and "street" not in parts:
            del parts[HOUSE_NUMBER.name]

        return parts

    def _group_of(self, found: Named) -> str | None:
        """By what an address is told from others of its row; None for what is no part of one, and
        for the further lines of a street.
        """
        if found.target not in ADDRESS_PARTS:
            return None

        group = _group(found.qualifier)
        if not found.line:
            return group

        # “Street 2” beside “City 2” is the street of a second address.
        numbered = _group(f"{found.qualifier} {found.line}")
        others = {
            _group(other.qualifier)
            for other in self.named.values()
            if other.target in ADDRESS_PARTS and not other.line
        }
        if numbered in others:
            return numbered
        return group if found.line == 1 else None

    def _order(self, group: str, parts: dict[str, int]) -> tuple[bool, bool, int, int]:
        filled = sum(1 for index in parts.values() if self.values[index])
        last = not LAST_ADDRESSES.isdisjoint(group.split())
        return not filled, last, -filled, min(parts.values())

    def by_values(self) -> Iterator[tuple[str, int]]:
        """Targets that the values alone speak for, best first; under a label that says
        nothing, dates count too.
        """
        for index in self.indexes:
            found = self.values[index]
            if index in self.named or says_otherwise(self.labels[index]):
                continue

            blank = self.unlabelled[index]

            if values.emails(found):
                yield "email", index
            elif values.phones(found, national=blank or self._says_only_a_label(index)):
                yield "phone", index
            elif blank and values.links(found):
                yield "website", index
            elif blank and values.birthdays(found):
                yield "birthday", index

    def whole_name(self, chosen: dict[str, int]) -> int | None:
        """The column that tells the names of those whose e-mails stand beside it, where its label
        names no field: none at all, or “Customer”, “Guest”, “Kunde”.
        """
        if "email" not in chosen or not chosen.keys().isdisjoint({*FULL_NAMES, *WHOLE_NAME}):
            return None

        email, taken = chosen["email"], set(chosen.values())
        for index in self.indexes:
            if index in taken or index in self.named or says_otherwise(self.labels[index]):
                continue
            rows = [row for row in self.sample if len(row) > max(index, email)]
            pairs = [(row[index], row[email]) for row in rows if row[index] and row[email]]
            if values.names(pairs):
                return index

        return None

    def _settle_names(self, chosen: dict[str, int]) -> dict[str, int]:
        """“Name” beside “Vorname” is the last name, beside “Surname” the first one; “Nom”, “Nome”
        or “Nombre” alone is the whole one.
        """
        first, last, whole = (
            chosen.get(name) for name in ("first_name", "last_name", "full_name")
        )
        if whole is not None and (first is None) != (last is None):
            half = last if first is None else first
            if bare(self.labels[whole]) in WHOLE_OR_HALF and not self._holds(whole, half):
                missing = "first_name" if first is None else "last_name"
                return {**_without(chosen, "full_name"), missing: whole}

        for name, other, alone in (
            ("first_name", last, FIRST_OR_WHOLE),
            ("last_name", first, LAST_OR_WHOLE),
        ):
            if (
                name in chosen
                and other is None
                and whole is None
                and bare(self.labels[chosen[name]]) in alone
            ):
                return {**_without(chosen, name), "full_name": chosen[name]}

        return chosen

    def _holds(self, whole: int, half: int | None) -> bool:
        """Whether the values of one column stand in those of the other, beside something else."""
        halves = self.values[half] if half is not None else []
        pairs = list(zip(self.values[whole], halves, strict=False))
        held = sum(1 for name, part in pairs if part in name and part != name)
        return bool(pairs) and held * 2 > len(pairs)


def _by_codes(found: Named, seen: Sequence[str]) -> Named | None:
    """“Country code” is +49 in one file and DE in another."""
    if values.calling_codes(seen):
        return found.as_("calling_code")
    return (
        found.as_("country") if found.target == "country" or values.countries(seen) else None
    )


def _without(chosen: dict[str, int], target: str) -> dict[str, int]:
    return {name: index for name, index in chosen.items() if name != target}


def _group(qualifier: str) -> str:
    """The words of a qualifier that tell one address from another, in one order."""
    return " ".join(sorted(word for word in qualifier.split() if word not in CONNECTING))


def _take_better(
    group: dict[str, int], index: int, found: Named, named_columns: dict[int, Named]
) -> None:
    held = group.get(found.target)
    if held is None or found.rank < named_columns[held].rank:
        group[found.target] = index


def _with_custom_fields(
    table: _Table, targets: list[str | None], known: Iterable[str]
) -> list[str | None]:
    """Every other column as a custom field under its label, so that no value is lost."""
    book = {folded(label): label for label in reversed(list(known))}
    taken = {folded(target) for target in targets if target}
    for index in table.indexes:
        if targets[index] is None and (table.values[index] or not table.unlabelled[index]):
            label = table.labels[index].strip()
            targets[index] = _free_custom(book.get(folded(label), label), taken)
            taken.add(folded(str(targets[index])))

    return targets


def _free_custom(label: str, taken: set[str]) -> str:
    plain = label.strip()
    found, number = CUSTOM + plain[:LONGEST_CUSTOM_LABEL].strip(), 1

    while folded(found) in taken:
        number += 1
        end = f" ({number})"
        found = CUSTOM + plain[: LONGEST_CUSTOM_LABEL - len(end)].strip() + end

    return found


def similar(label: str, known: Iterable[str], taken: Iterable[str | None]) -> str | None:
    """The target whose label, or alias, differs from this one by one letter; None where there is no
    such one that is free. `known` are labels of custom fields that the book has.
    """
    plain = "".join(normalised(label).split())
    if not SHORTEST_SIMILAR <= len(plain) <= LONGEST_SIMILAR:
        return None

    unfit = {target for target in taken if target} - REPEATABLE
    own = {"".join(normalised(one).split()): CUSTOM + one for one in known}
    for spelling in _with_one_other_letter(plain):
        found = ALIASES.get(spelling)
        target = found.target if found else own.get(spelling)
        if target and target not in unfit and target in {*TARGETS, *own.values()}:
            return target

    return None


SHORTEST_SIMILAR, LONGEST_SIMILAR = 4, 40  # letters
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def _with_one_other_letter(word: str) -> Iterator[str]:
    """Each word that is this one but for a letter too many, too few, another one, or two that
    changed places.
    """
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (left + right[1:] for left, right in parts if right)
    yield from (
        left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1
    )
    yield from (left + c + right[1:] for left, right in parts if right for c in LETTERS)
    yield from (left + c + right for left, right in parts for c in LETTERS)


def labelled(addresses: Sequence[int], labels: Sequence[int]) -> dict[int, int]:
    """For each column of labels the column of addresses that it is said of: the next one to the
    left, or to the right where the labels begin (Label, Value, Label, Value).

    Columns are given by their indexes, in order.
    """
    if not addresses or not labels:
        return {}
    if labels[0] > addresses[0]:
        return {label: max(index for index in addresses if index < label) for label in labels}

    return {
        label: min(index for index in addresses if index > label)
        for label in labels
        if label < addresses[-1]
    }


def relabelled(targets: Sequence[str | None], columns: Sequence[str]) -> list[str | None]:
    """The same targets, with each custom field called as its column is."""
    return [
        CUSTOM + column if target and target.startswith(CUSTOM) else target
        for target, column in zip(targets, columns, strict=True)
    ]


def check(targets: Sequence[str | None], columns: Sequence[str]) -> None:
    """Raise Refusal unless the targets fit the columns, are on the list, and none is chosen
    twice but those of e-mails and phones.
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
        if spelled in seen or (spelled in FULL_NAMES and not FULL_NAMES.isdisjoint(seen)):
            raise Refusal("target_twice", at=at, label=label_of(target).strip())

        if spelled not in REPEATABLE:
            seen.add(spelled)

    if (IDENTITY | FULL_NAMES).isdisjoint(targets):
        raise Refusal("nothing_mapped", at="/mapping")
