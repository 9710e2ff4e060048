"""vCard files (.vcf), versions 2.1, 3.0 and 4.0: each card is a row, each kind of property a
column.

A first pass finds the columns, the second reads the cards. Nothing is lost but pictures and keys:
what has no column of its own stands in the last one.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from webapp.limits import (
    SAMPLE_CELL_CHARS,
    SAMPLE_ROWS,
    VCARD_LABELS,
    VCARD_LOOK_BYTES,
    VCARD_LOOK_PROPERTIES,
    VCARD_PROPERTIES,
)
from webapp.reading import encodings
from webapp.reading.file_kinds import begins_with
from webapp.reading.labels import is_machine
from webapp.reading.records import (
    Choices,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Source,
    beginning,
)
from webapp.reading.vcard_lines import Card, Property, cards
from webapp.vocabulary.refusals import Refusal

NAME: Final = "vcard"
FURTHER = "Further properties"
# The layout in which e-mails and phones have columns by their order in the card, each beside one
# for its label. Files that were uploaded before have columns by label: "Phone (work)".
LISTED = "listed"
MARK_BYTES = 400
NAMES = ("Last name", "First name", "Middle name", "Prefix", "Suffix")
ADDRESS = ("Street", "City", "State", "Postal code", "Country")
PLAIN = {
    "FN": "Full name",
    "NICKNAME": "Nickname",
    "TITLE": "Job title",
    "ROLE": "Role",
    "EMAIL": "Email",
    "TEL": "Phone",
    "URL": "Website",
    "BDAY": "Birthday",
    "NOTE": "Notes",
    "CATEGORIES": "Tags",
    "UID": "External ID",
    "X-ANNIVERSARY": "Anniversary",
    "X-GENDER": "Gender",
}
ORDER = (
    "External ID", "Full name", *NAMES, "Nickname", "Company", "Department", "Job title", "Role", "Email", "Phone",
    *ADDRESS, "Website", "Birthday", "Tags", "Notes",
)  # fmt: skip
LISTS = {"Email", "Phone"}
LISTED_LABEL = re.compile(r"(Email|Phone)(?: (\d+))?( label)?")
# Said between programs.
TECHNICAL = {
    "VERSION",
    "PRODID",
    "REV",
    "SORT-STRING",
    "X-ABSHOWAS",
    "X-ABLABEL",
    "AGENT",
    "CLASS",
    "MAILER",
}
# Words of a type that set no two values apart, and those that are said in another way.
UNSAID = {
    "pref",
    "voice",
    "internet",
    "x400",
    "text",
    "msg",
    "parcel",
    "postal",
    "dom",
    "intl",
    "type",
    "x-internet",
}
SAID = {"cell": "mobile", "iphone": "mobile"}
SCHEMES = {"TEL": "tel:", "EMAIL": "mailto:"}
LEAST_PREFERRED = 101
BETWEEN_TAGS = re.compile(r'[,;|\n\[\]"]|:::')
APPLE = re.compile(r"_\$!<(.*)>!\$_")
COMPACT = re.compile(r"(\d{4}|--)-?(\d\d)-?(\d\d)(?:T.*)?")


def recognises(head: bytes, _filename: str) -> bool:
    """Whether it begins with a card."""
    return begins_with(head, b"begin:vcard")


def inspect(source: Source, head: bytes, chosen: Choices, limits: Limits) -> Head:
    """The columns of the cards, and the first of these. Raises Refusal where there is no whole
    one.
    """
    if chosen.encoding:
        encoding, certain = encodings.known(chosen.encoding), True
    else:
        encoding, certain, _ = encodings.detect(head, source.blocks(len(head)))

    dialect = Dialect(NAME, encoding, None, None, 0, (LISTED,))
    columns = _columns(source, dialect, limits)
    if not columns:
        raise Refusal("vcard_broken")

    found = _records(source, dialect, None, limits, columns)
    first = list(itertools.islice(found, SAMPLE_ROWS))
    sample = [
        [cell[:SAMPLE_CELL_CHARS].replace("\0", "") for cell in record.cells]
        for record in first
    ]

    return Head(dialect, columns, sample, [], certain)


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """Every card after `start` as a row; its number is the card's."""
    yield from _records(source, dialect, start, limits, _columns(source, dialect, limits))


def _records(
    source: Source,
    dialect: Dialect,
    start: Position | None,
    limits: Limits,
    columns: list[str],
) -> Iterator[Record]:
    places = {label: index for index, label in enumerate(columns)}

    for card, position in _cards(source, dialect, start):
        cells = [""] * len(columns)
        further: list[str] = []

        for label, text in _labelled(card, dialect):
            if label in places and label != FURTHER:
                cells[places[label]] = text
            else:
                further.append(f"{label}: {text}")

        if further:
            cells[-1] = "\n".join(further)
        longest = max(map(len, cells), default=0) > limits.max_cell_chars
        problem = card.problem or ("cell_too_long" if longest else None)

        yield Record(position.row, cells, problem, position, card.size)


def _cards(
    source: Source, dialect: Dialect, start: Position | None
) -> Iterator[tuple[Card, Position]]:
    codec, mark = encodings.resolved(
        dialect.encoding or "utf-8", beginning(source, MARK_BYTES)
    )
    return cards(source, start or Position(mark, 0), codec)


def _columns(source: Source, dialect: Dialect, limits: Limits) -> list[str]:
    """The labels of the columns: of all cards, or of those in the first `VCARD_LOOK_BYTES` and one
    for what may come later.
    """
    counts: Counter[str] = Counter()
    is_whole, properties = True, 0

    for card, position in _cards(source, dialect, None):
        labels = [label for label, _ in _labelled(card, dialect)]
        if len(counts) < VCARD_LABELS:
            counts.update(labels)
        else:
            is_whole = False
        properties += 1 + len(card.properties)
        if position.offset > VCARD_LOOK_BYTES or properties > VCARD_LOOK_PROPERTIES:
            is_whole = False
            break

    most = limits.max_columns - 1
    kept = [label for label, _ in counts.most_common(most)]
    if len(counts) > most or (counts and not is_whole):
        return [*sorted(kept, key=_place), FURTHER]

    return sorted(kept, key=_place)


def _place(label: str) -> tuple[int, int, str]:
    """The order of columns: by kind, those of a list by number, each before its label."""
    listed = LISTED_LABEL.fullmatch(label)
    kind = listed[1] if listed else label.partition(" (")[0]
    number = int(listed[2] or 1) if listed else VCARD_PROPERTIES + 1
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), number, label)


def _labelled(card: Card, dialect: Dialect) -> list[tuple[str, str]]:
    """Labels and texts of a card, each label once."""
    named = {
        found.group: found.value
        for found in card.properties
        if found.group and found.name == "X-ABLABEL"
    }
    seen: Counter[str] = Counter()
    cells: dict[str, str] = {}
    tags: list[str] = []

    # What is preferred comes first among its like.
    for found in sorted(card.properties, key=_preference):
        for kind, text in _texts(found):
            if not text.strip():
                continue
            word = _words(found, named.get(found.group, ""))
            if LISTED in dialect.layout and kind in LISTS and not is_machine(word):
                seen[kind] += 1
                label = f"{kind} {seen[kind]}" if seen[kind] > 1 else kind
                cells |= {label: text, f"{label} label": word}
                continue

            seen[f"{kind} {word}"] += 1
            count = seen[f"{kind} {word}"]

            if found.name == "CATEGORIES":
                tags.append(text)
                continue
            if kind == "Notes":
                label = kind
                text = f"{cells[label]}\n{text}" if label in cells else text  # noqa: PLW2901
            else:
                said = " ".join(filter(None, (word, str(count) if count > 1 else "")))
                label = f"{kind} ({said})" if said else kind
            cells[label] = text

    _drop_repeated_name(cells)
    if tags:
        cells["Tags"] = _cell_of_tags(tags)

    return [(label, text) for label, text in cells.items() if text]


def _cell_of_tags(tags: list[str]) -> str:
    """As a list with commas, or as JSON where a tag holds what parts tags."""
    listed = ", ".join(tags)
    return (
        json.dumps(tags, ensure_ascii=False) if BETWEEN_TAGS.search("".join(tags)) else listed
    )


def _preference(found: Property) -> int:
    """From 1, the most preferred, to 101 where nothing is said."""
    said = found.params.get("PREF", "")
    if "pref" in found.types:
        return 1
    return int(said) if said.isdecimal() and len(said) <= 3 else LEAST_PREFERRED  # noqa: PLR2004


def _drop_repeated_name(cells: dict[str, str]) -> None:
    """A name in its parts is not told whole as well, and no name is what repeats the company, the
    address or the ID: a card must have a full name.
    """
    whole = cells.pop("Full name", None)
    if whole and cells.keys().isdisjoint(NAMES) and whole not in cells.values():
        cells["Full name"] = whole


def _words(found: Property, label: str) -> str:
    """What sets a value apart: Apple's label, or the words of its type."""
    if label:
        plain = _unescaped(APPLE.sub(r"\1", label)).strip()
        return plain.lower() if APPLE.fullmatch(label) else plain
    if found.name not in {"TEL", "EMAIL", "ADR", "URL", "IMPP", "LABEL"}:
        return ""

    words = [SAID.get(word, word) for word in found.types if word not in UNSAID]
    return " ".join(sorted(dict.fromkeys(words), key=lambda word: word in {"fax", "mobile"}))


def _texts(found: Property) -> Iterator[tuple[str, str]]:
    """Kinds and texts of a property; one of several parts gives several."""
    name, value = found.name, found.value

    if name in TECHNICAL:
        return
    if name == "N":
        parts = [" ".join(map(_unescaped, _split(part, ","))) for part in _split(value, ";")]
        yield from zip(NAMES, parts, strict=False)
    elif name == "ADR":
        box, extended, street, *rest = [*_parts(value), "", "", ""][: max(len(ADDRESS) + 2, 3)]
        yield ADDRESS[0], ", ".join(part for part in (street, extended, box) if part.strip())
        yield from zip(ADDRESS[1:], rest, strict=False)
    elif name == "ORG":
        company, *units = _parts(value)
        yield "Company", company
        yield "Department", ", ".join(unit for unit in units if unit.strip())
    elif name == "X-ROWCALL-FIELD":  # of our own export: a column's label, and its text
        label, *texts = _parts(value)
        yield label, ";".join(texts)
    elif name == "BDAY":
        yield "Birthday", _birthday(found)
    elif name == "CATEGORIES":
        yield from (("Tags", _unescaped(part).strip()) for part in _split(value, ","))
    else:
        text = _unescaped(value)
        if name in SCHEMES:
            text = text.removeprefix(SCHEMES[name])
        yield PLAIN.get(name, _own_label(found)), text


def _own_label(found: Property) -> str:
    if label := found.params.get("X-LABEL"):
        return label
    words = found.name.removeprefix("X-").replace("-", " ").replace("_", " ").strip()
    return words.capitalize() or found.name


def _birthday(found: Property) -> str:
    """The day as our dates are written; without its year where that is left out."""
    text = found.value.strip()
    parts = COMPACT.fullmatch(text)
    if parts is None:
        return text

    year, month, day = parts.groups()
    if year == "--" or found.params.get("X-APPLE-OMIT-YEAR") == year:
        return f"--{month}-{day}"

    return f"{year}-{month}-{day}"


def _parts(value: str) -> list[str]:
    return [_unescaped(part) for part in _split(value, ";")]


def _split(value: str, sign: str) -> list[str]:
    return re.findall(
        rf"(?:\A|(?<={sign}))((?:\\.|[^\\{sign}])*+)(?:{sign}|\Z|\\\Z)", value, re.DOTALL
    )


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(
        r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text, flags=re.DOTALL
    )
