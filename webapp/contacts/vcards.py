"""Contacts as vCards 4.0 (RFC 6350).

Which property holds a field stands in `vocabulary/fields.py`. What has none, and what its property
could not hold, is written as X-ROWCALL-FIELD: the label of a column, and its text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from sqlalchemy.orm import Session

from webapp.checking.blanks import usual_word
from webapp.checking.mapping import heading_of
from webapp.checking.tags import joined_tags
from webapp.checking.validation import NUMBERED
from webapp.contacts.addresses import addresses_of
from webapp.contacts.export_columns import Entry, as_digits, custom_of
from webapp.contacts.exporting import Selection, as_taken
from webapp.vocabulary.fields import (
    ADDRESS_LABELS,
    CALLED,
    FIELDS,
    SEVERAL,
    TARGETS,
    WHOLE_NAME,
)

OURS = "X-ROWCALL-FIELD"
LINE_BYTES = 75
SHOWN_FOR_A_NAME = ("company", *CALLED)
# How many parts a property has, however many are filled; others have as many as fields.
PARTS = {"N": 5, "ADR": 7}
URI = re.compile(r"[^\W_](?:[^\\\s]*[\w/])?")  # or a host's name alone
# What cards call the labels of e-mails and phones.
TYPES = {label: label for label in ADDRESS_LABELS} | {"mobile": "cell"}
DATE = re.compile(r"(?:\d{4}|-)-\d\d-\d\d")
# An identifier need not be a URN, which a program would otherwise expect there.
PARAMETERS = {"UID": "UID;VALUE=text"}
ESCAPED = re.compile(r"[\\,;\n]")
ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n"})


def _places() -> dict[str, dict[int, str]]:
    """For each property the fields that it holds, by their place in its value."""
    found: dict[str, dict[int, str]] = {"N": {}}
    for field in FIELDS:
        name, _, place = field.vcard.partition(":")
        if name:
            found.setdefault(name, {})[int(place or 1)] = field.name

    return found


PLACES = _places()
BEGIN, END = "BEGIN:VCARD\r\nVERSION:4.0\r\n", "END:VCARD\r\n"
# Fields that have no property, or one that does not hold every text.
NOT_EVER_HELD = [field for field in FIELDS if field.vcard in {"", "BDAY", "URL"}]
NAMES = [field.name for field in FIELDS]
texts_of = attrgetter(*NAMES)


def as_vcards(session: Session, selection: Selection) -> Iterator[bytes]:
    """A card for each contact, one behind the other."""
    yield b""  # A search that finds none is a file without cards.

    for page in selection.pages(session):
        yield _cards(page).encode("utf-8", "replace")


def _cards(page: Sequence[Entry]) -> str:
    """Property by property: most contacts have few of them, and those that none has take
    no time.
    """
    if not page:  # of an earlier day, when none of them was there yet
        return ""

    held = _held(page)
    blank = [""] * len(page)
    found = [_called(held, blank)]

    for name, places in PLACES.items():
        if places.get(1) in SEVERAL:
            if places[1] in held:
                found.append([_addresses(name, addresses_of(one, places[1])) for one in page])
        elif name == "N" or not held.keys().isdisjoint(places.values()):
            columns = [held.get(field, blank) for field in places.values()]
            found.append(
                [_property(name, places, parts) for parts in zip(*columns, strict=True)]
            )

    found += _beside(page, held)
    cards = map("".join, zip(*found, strict=True))
    return "".join(f"{BEGIN}{card}{END}" for card in cards)


def _held(page: Sequence[Entry]) -> dict[str, list[str]]:
    """The texts of each field that any of these contacts has filled."""
    columns = zip(NAMES, zip(*map(texts_of, page), strict=True), strict=True)
    return {
        name: [_taken(name, text) if text else "" for text in texts]
        for name, texts in columns
        if any(texts)
    }


def _taken(name: str, text: str) -> str:
    return as_taken(as_digits(text) if name in NUMBERED else text)


def _called(held: dict[str, list[str]], blank: list[str]) -> list[str]:
    """What programs show as the name; a card has one in any case."""
    parts = [held[part] for part in WHOLE_NAME if part in held] or [blank]
    others = [held[other] for other in SHOWN_FOR_A_NAME if other in held] or [blank]
    names = (" ".join(filter(None, some)) for some in zip(*parts, strict=True))
    instead = zip(*others, strict=True)

    return [
        _line("FN", _escaped(name or next(filter(None, some), "")))
        for name, some in zip(names, instead, strict=True)
    ]


def _property(name: str, places: dict[int, str], parts: tuple[str, ...]) -> str:
    """The line of a property whose parts stand at these places; blank where all of them are, but
    for the name, which a card has in any case.
    """
    if not any(parts) and name != "N":
        return ""

    if name == "BDAY":
        return _line(name, _basic(parts[0])) if DATE.fullmatch(parts[0]) else ""
    if name == "URL":
        return _line(name, parts[0]) if _is_uri(parts[0]) else ""

    texts = dict(zip(places, map(_escaped, parts), strict=True))
    count = PARTS.get(name) or max(place for place, text in texts.items() if text)
    value = ";".join([texts.get(place, "") for place in range(1, count + 1)])

    return _line(PARAMETERS.get(name, name), value)


def _addresses(name: str, found: list[dict[str, str | None]]) -> str:
    """A property for each e-mail or phone, in their order, which is the contact's preference."""
    lines = []
    for preference, one in enumerate(found, 1):
        first = f";PREF={preference}" if len(found) > 1 else ""
        kind = f";TYPE={TYPES[one['label']]}" if one["label"] else ""
        lines.append(_line(f"{name}{first}{kind}", _escaped(as_taken(one["value"] or ""))))

    return "".join(lines)


def _basic(day: str) -> str:
    """1985-04-23 as 19850423, and --04-23 as --0423: vCards have dates in that form only."""
    return day[:2] + day[2:].replace("-", "")


def _is_uri(text: str) -> bool:
    """Whether the text stands for itself as a URI, in which nothing is escaped."""
    return bool(URI.fullmatch(text)) and text.isprintable()


# Which texts the property of a field does not hold; where it has none, all of them.
ODD: dict[str, Callable[[str], bool]] = {
    "BDAY": lambda text: not DATE.fullmatch(text),
    "URL": lambda text: not _is_uri(text),
}


def _beside(page: Sequence[Entry], held: dict[str, list[str]]) -> Iterator[list[str]]:
    """What the other properties do not hold: tags, odd values of fields, and custom fields."""
    yield [_tags(entry.tags) if entry.tags else "" for entry in page]

    for field in NOT_EVER_HELD:
        if field.name in held:
            odd = ODD.get(field.vcard, bool)
            yield [
                _ours(field.english, text) if text and odd(text) else ""
                for text in held[field.name]
            ]

    yield [_custom(entry) if entry.custom else "" for entry in page]


def _tags(tags: Sequence[str]) -> str:
    text = joined_tags(tags)
    if usual_word([", ".join(tags)]) is None and as_taken(text) == text:
        return _line("CATEGORIES", ",".join(map(_escaped, tags)))

    return _ours(TARGETS["tags"].english, text)


def _custom(entry: Entry) -> str:
    texts = sorted(custom_of(entry).items())
    return "".join(_ours(heading_of(label), text) for label, text in texts)


def _ours(label: str, text: str) -> str:
    return _line(OURS, f"{_escaped(as_taken(label))};{_escaped(as_taken(text))}")


def _escaped(text: str) -> str:
    return text.translate(ESCAPES) if ESCAPED.search(text) else text


def _line(name: str, value: str) -> str:
    return f"{_folded(f'{name}:{value}')}\r\n"


def _folded(line: str) -> str:
    """The line in pieces of at most 75 bytes, none of which ends within a character."""
    if len(line) <= LINE_BYTES and line.isascii():
        return line

    pieces: list[str] = []
    piece, size = "", 0

    for sign in line:
        width = len(sign.encode("utf-8", "replace"))
        if size + width > LINE_BYTES:
            pieces.append(piece)
            piece, size = "", 1  # the blank before what goes on
        piece += sign
        size += width

    return "\r\n ".join([*pieces, piece])
