"""Mapped record → checked row: clean values, keys, and a code for each cell that is not right.

A row is judged by itself; only dates look further, since 03/04/2024 can be told apart by the other rows of its
column. Such rows are noted as ambiguous, and judged again once the whole column was seen.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.intake import dates, emails, phones
from webapp.intake.fields import CUSTOM, LONGEST_CUSTOM_VALUE, TARGETS, label_of
from webapp.intake.reading import Record

ERROR, WARNING = "error", "warning"
MULTILINE = {"notes", "street"}
PROTECTED = ("'=", "'+", "'-", "'@", "'\t")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not right with a cell or row. `column` counts from 0; `severity` is error or warning."""

    code: str
    column: int | None = None
    field: str | None = None
    value: str | None = None
    severity: str = ERROR

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class CheckedRow:
    """A row as it is staged. `record` holds the cells of the file, only where there are problems."""

    row: int
    status: str = "valid"
    values: dict[str, str] = field(default_factory=dict)
    tags: list[str] | None = None
    custom: dict[str, str] | None = None
    email_key: str | None = None
    phone_key: str | None = None
    clears: list[str] | None = None
    problems: list[Problem] = field(default_factory=list)
    record: list[str] | None = None


class Checker:
    """Judges the records of one file under one mapping."""

    def __init__(
        self,
        mapping: Sequence[str | None],
        *,
        default_country: str | None = None,
        date_order: str | None = None,
        clear_token: str | None = None,
    ) -> None:
        self.targets = [(index, target) for index, target in enumerate(mapping) if target]
        self.width = len(mapping)
        self.default_country = default_country
        self.date_order = date_order
        self.clear_token = clear_token
        self.orders_seen: set[str] = set()  # what the unambiguous dates prove: dmy, mdy or both

    def proven_date_order(self) -> str | None:
        """The order of day and month, if the column proves exactly one."""
        return next(iter(self.orders_seen)) if len(self.orders_seen) == 1 else None

    def check(self, record: Record) -> CheckedRow:
        """Clean and judge one record."""
        row = CheckedRow(record.row)
        if record.problem:
            row.problems.append(Problem(record.problem))
        if any(cell.strip() for cell in record.cells[self.width :]):
            row.problems.append(Problem("too_many_cells", self.width))
        for index, target in self.targets:
            if index < len(record.cells) and (text := _clean(record.cells[index], target)):
                self._take(row, index, target, text)
        self._key_phone(row)
        self._need_identity(row)
        if row.problems:
            row.record = [cell.replace("\0", "") for cell in record.cells]
            if any(problem.severity == ERROR for problem in row.problems):
                row.status = "invalid"
        return row

    def _take(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        if text == self.clear_token:
            row.clears = [*(row.clears or []), *(_NAMES if target == "full_name" else [target])]
        elif target.startswith(CUSTOM):
            self._take_custom(row, index, target, text)
        elif len(text) > TARGETS[target].max_length:
            row.problems.append(Problem("too_long", index, target, text[:200]))
        elif special := _SPECIAL.get(target):
            special(self, row, index, text)
        else:
            row.values[target] = text

    def _take_custom(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        if len(text) > LONGEST_CUSTOM_VALUE:
            row.problems.append(Problem("too_long", index, target, text[:200]))
            return
        row.custom = row.custom or {}
        row.custom[label_of(target).strip()] = text

    def _take_email(self, row: CheckedRow, index: int, text: str) -> None:
        key = emails.key_of(text)
        if key is None:
            code = "email_invalid" if "@" in text else "email_no_at"
            row.problems.append(Problem(code, index, "email", text))
            return
        row.values["email"], row.email_key = text, key

    def _take_phone(self, row: CheckedRow, index: int, text: str) -> None:
        row.values["phone"] = text
        row.phone_key = str(index)  # settled in _key_phone, when the row's country is known

    def _key_phone(self, row: CheckedRow) -> None:
        if row.phone_key is None:
            return
        index, text = int(row.phone_key), row.values["phone"]
        row.phone_key = phones.key_of(text, phones.region_of(row.values.get("country")) or self.default_country)
        if row.phone_key is None:
            row.problems.append(Problem("phone_unreadable", index, "phone", text, WARNING))
        else:
            row.values["phone"] = row.phone_key

    def _take_full_name(self, row: CheckedRow, _index: int, text: str) -> None:
        first, last = split_name(text)
        for name, part in (("first_name", first), ("last_name", last)):
            if part:
                row.values.setdefault(name, part)

    def _take_birthday(self, row: CheckedRow, index: int, text: str) -> None:
        found = dates.read(text, self.date_order)
        if found.proves:
            self.orders_seen.add(found.proves)
        if found.value:
            row.values["birthday"] = found.value
        else:
            code = "date_ambiguous" if found.ambiguous else "date_unreadable"
            row.problems.append(Problem(code, index, "birthday", text))

    def _take_tags(self, row: CheckedRow, _index: int, text: str) -> None:
        parts = (part.strip() for part in text.replace(";", ",").replace("|", ",").split(","))
        row.tags = list(dict.fromkeys(part for part in parts if part)) or None

    def _need_identity(self, row: CheckedRow) -> None:
        """Something must say who the contact is; a cell that is wrong in itself is complaint enough."""
        if not any(row.values.get(name) for name in _IDENTITY) and not row.problems:
            row.problems.append(Problem("no_identity"))


_NAMES = ("first_name", "last_name")
_IDENTITY = ("external_id", "email", "phone", "first_name", "last_name")
_SPECIAL: dict[str, Callable[[Checker, CheckedRow, int, str], None]] = {
    "email": Checker._take_email,  # noqa: SLF001 - the table of its own methods
    "phone": Checker._take_phone,  # noqa: SLF001
    "full_name": Checker._take_full_name,  # noqa: SLF001
    "birthday": Checker._take_birthday,  # noqa: SLF001
    "tags": Checker._take_tags,  # noqa: SLF001
}


def _clean(cell: str, target: str) -> str:
    """Trimmed and NFC; a quote that protects against formulas comes off; control characters go."""
    text = cell.strip()
    if text.isascii() and text.isprintable() and not text.startswith("'"):
        return text
    text = text[1:] if text.startswith(PROTECTED) else text
    kept = "\n\t" if target in MULTILINE or target.startswith(CUSTOM) else ""
    text = "".join(
        c if unicodedata.category(c) not in {"Cc", "Cs"} or c in kept else (" " if c in "\r\n\t" else "") for c in text
    )
    return unicodedata.normalize("NFC", text).strip()


PARTICLES = {"van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "zu", "bin"}


def split_name(text: str) -> tuple[str, str]:
    """First and last name: “Last, First”, or the last word with the particles before it."""
    if "," in text:
        last, _, first = text.partition(",")
        return first.strip(), last.strip()
    words = text.split()
    if len(words) == 1:
        return words[0], ""
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])
