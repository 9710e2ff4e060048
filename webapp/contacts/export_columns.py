"""What stands in each column of a list of contacts."""

from collections.abc import Callable, Collection, Iterator, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Row

from webapp.checking.cleaning import of_digits
from webapp.checking.column_sets import Column, outlook_phones
from webapp.checking.mapping import exported, heading_of
from webapp.checking.tags import SEVERAL as BETWEEN_LABELS
from webapp.checking.tags import joined_tags
from webapp.checking.validation import NUMBERED
from webapp.contacts.addresses import addresses_of
from webapp.vocabulary.fields import CUSTOM, SEVERAL, WHOLE_NAME
from webapp.vocabulary.keys import LABEL_COLUMN

Entry = Row[Any]  # the columns of `exporting.COLUMNS`
MOMENTS = {"changed": "updated_at", "added": "created_at"}
LABELS = {label: kind for kind, label in LABEL_COLUMN.items()}


def all_columns(addresses: dict[str, tuple[int, bool]], labels: Sequence[str]) -> list[Column]:
    """Everything that contacts hold, as an upload knows it."""
    return [
        *_placed(exported(addresses)),
        *(Column(heading_of(label), CUSTOM + label, CUSTOM, of=label) for label in labels),
    ]


def shown_columns(
    shown: Sequence[str], addresses: dict[str, tuple[int, bool]]
) -> list[Column]:
    """The parts of the name, and then the columns that a list of contacts shows."""
    by_target: dict[str, list[Column]] = {}
    for column in all_columns(addresses, []):
        by_target.setdefault(LABELS.get(column.holds, column.holds), []).append(column)

    found: list[Column] = []
    for name in (*WHOLE_NAME, *shown):
        if name.startswith(CUSTOM):
            label = name.removeprefix(CUSTOM)
            found.append(Column(heading_of(label), name, CUSTOM, of=label))
        elif name in MOMENTS:
            found.append(Column(f"Rowcall {name}", None, name))
        else:
            found += by_target[name]

    return found


def _placed(columns: Sequence[tuple[str, str]]) -> Iterator[Column]:
    """These targets and headings as columns, each with its place among those of its target."""
    seen: dict[str, int] = {}
    for target, heading in columns:
        number = seen.setdefault(target, 0)
        seen[target] += 1
        yield Column(heading, target, target, number)


def texts(columns: Sequence[Column], page: Sequence[Entry]) -> list[Sequence[str]]:
    """Of each column the text of each contact, blank where it has none."""
    several = {column.holds for column in columns if column.number} & {*SEVERAL}
    held = _Held(page, several)
    return [held.texts(column) for column in columns]


class _Held:
    """What the contacts of a page hold, column by column."""

    def __init__(self, page: Sequence[Entry], several: Collection[str]) -> None:
        self.page = page
        self.blank = [""] * len(page)
        # Of other kinds there is the main one alone, which stands in a column.
        self.addresses = {
            kind: [addresses_of(entry, kind) for entry in page] for kind in several
        }
        self.phones: list[dict[str, str]] | None = None

    def texts(self, column: Column) -> Sequence[str]:
        """The column's text of each contact."""
        name = column.holds
        if name in SEVERAL:
            return self._nth(name, column.number, "value")
        if name in LABELS:
            return self._nth(LABELS[name], column.number, "label")
        if name == "google_label":
            return [text.title() for text in self._nth(column.of, column.number, "label")]
        if name == "outlook_phone":
            return self._outlook_phones(column.of)

        if name in MADE:
            return [MADE[name](entry, column) for entry in self.page]

        return self._plain(name) if name else self.blank

    def _plain(self, name: str) -> Sequence[str]:
        return [text or "" for text in map(attrgetter(name), self.page)]

    def _nth(self, kind: str, number: int, part: str) -> Sequence[str]:
        if kind not in self.addresses:
            return self._plain(kind if part == "value" else LABEL_COLUMN[kind])

        return [
            held[number].get(part) or "" if number < len(held) else ""
            for held in self.addresses[kind]
        ]

    def _outlook_phones(self, heading: str) -> Sequence[str]:
        if self.phones is None:
            self.phones = [outlook_phones(addresses_of(entry, "phone")) for entry in self.page]

        return [placed.get(heading, "") for placed in self.phones]


def text_of(entry: Entry, name: str) -> str:
    """A field's text; digits that an upload would take for a number's have the mark of a text."""
    text: str = getattr(entry, name) or ""
    return as_digits(text) if text and name in NUMBERED else text


def as_digits(text: str) -> str:
    """The text of a numbered field, with the mark of a text where an upload would take it for
    another one.
    """
    return text if text.isalnum() or of_digits(text) == text else f"'{text}"


def custom_of(entry: Entry) -> dict[str, str]:
    """The custom fields of a contact, as texts."""
    return {
        label: str(value) for label, value in (entry.custom or {}).items() if value is not None
    }


def _custom(entry: Entry, column: Column) -> str:
    value = (entry.custom or {}).get(column.of)
    return "" if value is None else str(value)


def _tags(entry: Entry, _column: Column) -> str:
    return joined_tags(entry.tags) if entry.tags else ""


def _google_labels(entry: Entry, _column: Column) -> str:
    return f" {BETWEEN_LABELS} ".join(entry.tags)


def _google_custom_label(entry: Entry, column: Column) -> str:
    return column.of if _custom(entry, column) else ""


def _outlook_categories(entry: Entry, _column: Column) -> str:
    return ";".join(tag.replace(";", ",") for tag in entry.tags)


def _outlook_birthday(entry: Entry, _column: Column) -> str:
    """A whole date; Outlook knows none without its year."""
    day = entry.birthday or ""
    return "" if day.startswith("-") else day


def _moment(entry: Entry, column: Column) -> str:
    """Blank where it is not known any more, as of an earlier day."""
    moment = getattr(entry, MOMENTS[column.holds])
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _numbered(entry: Entry, column: Column) -> str:
    return text_of(entry, column.holds)


MADE: dict[str, Callable[[Entry, Column], str]] = {
    **dict.fromkeys(NUMBERED, _numbered),
    CUSTOM: _custom,
    "tags": _tags,
    "google_labels": _google_labels,
    "google_custom_label": _google_custom_label,
    "outlook_categories": _outlook_categories,
    "outlook_birthday": _outlook_birthday,
    "changed": _moment,
    "added": _moment,
}
