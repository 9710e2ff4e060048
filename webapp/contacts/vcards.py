"""Contacts as vCards 4.0 (RFC 6350).

Which property holds a field stands in `vocabulary/fields.py`. What has none, and what its property
could not hold, is written as X-ROWCALL-FIELD: the label of a column, and its text.
"""

import re
from collections.abc import Iterator

from sqlalchemy.orm import Session

from webapp.checking.blanks import usual_word
from webapp.checking.mapping import heading_of
from webapp.checking.tags import joined_tags
from webapp.contacts.addresses import addresses_of
from webapp.contacts.export_columns import Entry, custom_of, text_of
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


def as_vcards(session: Session, selection: Selection) -> Iterator[bytes]:
    """A card for each contact, one behind the other."""
    yield b""  # A search that finds none is a file without cards.

    for page in selection.pages(session):
        yield "".join(map(_card, page)).encode("utf-8", "replace")


def _card(entry: Entry) -> str:
    values = {field.name: as_taken(text_of(entry, field.name)) for field in FIELDS}
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(_shown(values))}"]

    for name, places in PLACES.items():
        if places.get(1) in SEVERAL:
            lines += _addresses(name, addresses_of(entry, places[1]))
        else:
            lines += _property(name, {place: values[field] for place, field in places.items()})

    lines += _beside(entry, values)
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCARD"])


def _shown(values: dict[str, str]) -> str:
    """What programs show as the name; a card has one in any case."""
    name = " ".join(filter(None, (values[part] for part in WHOLE_NAME)))
    return name or next((values[other] for other in SHOWN_FOR_A_NAME if values[other]), "")


def _property(name: str, parts: dict[int, str]) -> Iterator[str]:
    if not any(parts.values()) and name != "N":
        return

    if name == "BDAY":
        if DATE.fullmatch(parts[1]):
            yield f"BDAY:{_basic(parts[1])}"
    elif name == "URL":
        if _is_uri(parts[1]):
            yield f"URL:{parts[1]}"
    else:
        filled = [place for place, text in parts.items() if text]
        count = PARTS.get(name) or max(filled)
        texts = (_escaped(parts.get(place, "")) for place in range(1, count + 1))
        yield f"{PARAMETERS.get(name, name)}:{';'.join(texts)}"


def _addresses(name: str, found: list[dict[str, str | None]]) -> Iterator[str]:
    """A property for each e-mail or phone, in their order, which is the contact's preference."""
    for preference, one in enumerate(found, 1):
        first = f";PREF={preference}" if len(found) > 1 else ""
        kind = f";TYPE={TYPES[one['label']]}" if one["label"] else ""
        yield f"{name}{first}{kind}:{_escaped(as_taken(one['value'] or ''))}"


def _basic(day: str) -> str:
    """1985-04-23 as 19850423, and --04-23 as --0423: vCards have dates in that form only."""
    return day[:2] + day[2:].replace("-", "")


def _is_uri(text: str) -> bool:
    """Whether the text stands for itself as a URI, in which nothing is escaped."""
    return bool(URI.fullmatch(text)) and text.isprintable()


def _beside(entry: Entry, values: dict[str, str]) -> Iterator[str]:
    """What the other properties do not hold: tags, custom fields, and odd values of fields."""
    if entry.tags:
        text = joined_tags(entry.tags)
        if usual_word([", ".join(entry.tags)]) is None and as_taken(text) == text:
            yield f"CATEGORIES:{','.join(map(_escaped, entry.tags))}"
        else:
            yield _ours(TARGETS["tags"].english, text)

    for field in FIELDS:
        text = values[field.name]
        odd = (field.vcard == "BDAY" and not DATE.fullmatch(text)) or (
            field.vcard == "URL" and not _is_uri(text)
        )
        if text and (odd or not field.vcard):
            yield _ours(field.english, text)

    for label, text in sorted(custom_of(entry).items()):
        yield _ours(heading_of(label), text)


def _ours(label: str, text: str) -> str:
    return f"{OURS}:{_escaped(as_taken(label))};{_escaped(as_taken(text))}"


def _escaped(text: str) -> str:
    return text.translate(ESCAPES)


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
