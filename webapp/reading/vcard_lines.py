"""Lines of a vCard → cards: properties unfolded, decoded and taken apart (RFC 2425, 2426, 6350, and
vCard 2.1). An own reader: vobject builds whole cards in memory, photographs with them, and refuses
a file for one bad line.
"""

import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from webapp.limits import ROW_BYTES, VCARD_LINES, VCARD_PROPERTIES
from webapp.reading import lines
from webapp.reading.records import Position, Source
from webapp.vocabulary.refusals import Refusal

PROPERTY = re.compile(
    r"""(?:[\w-]+\s*\.)?\s*(?P<name>[\w-]+)\s*(?P<params>(?:;(?:"[^"]*"|[^":])*)?):(?P<value>.*)""",
    re.DOTALL,
)
GROUP = re.compile(r"([\w-]+)\.")
PARAMETER = re.compile(r""";\s*([\w-]+)\s*(?:=((?:"[^"]*"|[^";])*))?""")
DATA = re.compile(r"data:[^,\s]*;base64,", re.IGNORECASE)
QUOTED, BINARY = "quoted-printable", {"b", "base64"}
# What is no text that a person keeps: pictures, keys, and what programs say to each other.
UNKEPT = {"PHOTO", "LOGO", "SOUND", "KEY", "X-ABADR", "X-ABCROP-RECTANGLE"}


@dataclass
class Property:
    """One line of a card: name in capitals, words of its type in lower case, value as it stands."""

    name: str
    group: str
    types: list[str]
    params: dict[str, str]
    value: str


@dataclass
class Card:
    """What stands between BEGIN and END. `size` is how much text is kept of it."""

    properties: list[Property] = field(default_factory=list)
    size: int = 0
    problem: str | None = None


class _Lines:
    """The lines of a file. Where a card has far too many, no more are read: what is no card, or one
    that never ends, costs little then.
    """

    def __init__(self, cut: Iterator[lines.Line]) -> None:
        self.cut = cut
        self.of_card = 0

    def __iter__(self) -> Iterator[lines.Line]:
        for line in self.cut:
            self.of_card += 1
            if self.of_card > VCARD_LINES:
                raise Refusal("vcard_broken")
            yield line


def cards(source: Source, begin: Position, codec: str) -> Iterator[tuple[Card, Position]]:
    """Every card after a position, each with the position behind it. Raises Refusal where none
    comes to an end.
    """
    offset, number = begin
    card: Card | None = None
    nested = 0
    cut = _Lines(lines.cut(source, offset, codec))

    for text, after, problem in _unfolded(cut, offset):
        before, offset = offset, after
        word = text.strip().upper()

        if word == "BEGIN:VCARD":
            if card and card.properties and card.properties[-1].name == "AGENT":
                nested += 1
                continue
            if card and card.properties:  # the card before has no end
                number, cut.of_card = number + 1, 0
                yield card, Position(before, number)
            card = Card()
        elif word == "END:VCARD":
            if nested:
                nested -= 1
                continue
            if card:
                number, cut.of_card = number + 1, 0
                yield card, Position(offset, number)
            card = None
        elif card and not nested:
            _take(card, text, problem)

    if card and card.properties:
        yield card, Position(offset, number + 1)


def _take(card: Card, text: str, problem: str | None) -> None:
    if len(card.properties) >= VCARD_PROPERTIES:
        card.problem = lines.TOO_LONG
        return

    found = _property(text)
    if problem == lines.TOO_LONG or (found and card.size + len(found.value) > ROW_BYTES):
        card.problem = lines.TOO_LONG
    elif found and found.name not in UNKEPT:
        card.problem = card.problem or problem
        card.size += len(found.value)
        card.properties.append(found)


def _unfolded(cut: _Lines, offset: int) -> Iterator[tuple[str, int, str | None]]:
    """Logical lines, each with the offset behind it and what is wrong with it."""
    parts: list[str] = []
    held, problem, soft = 0, None, False

    for raw, size, wrong in cut:
        text = raw.rstrip("\r\n")
        folded = text[:1] in {" ", "\t"}

        if parts and (folded or soft):
            if held <= ROW_BYTES:
                parts.append(text[1:] if folded and not soft else text)
                held += len(text)
        else:
            if parts:
                yield "".join(parts), offset, problem
            parts, held, problem = [text], len(text), None

        problem = problem or (lines.TOO_LONG if held > ROW_BYTES else wrong)
        offset += size
        soft = text.endswith("=") and QUOTED in parts[0].partition(":")[0].lower()
        if soft:
            parts.append("\n")

    if parts:
        yield "".join(parts), offset, problem


def _property(text: str) -> Property | None:
    found = PROPERTY.fullmatch(text)
    if found is None:
        return None

    group = GROUP.match(text)
    name, value = found["name"].upper(), found["value"]
    types, params = [], {}

    for key, said in PARAMETER.findall(found["params"]):
        words = [word.strip('" ').lower() for word in said.split(",")] if said else []
        if key.upper() == "TYPE":
            types += [word for part in words for word in part.split(",")]
        elif said:
            params[key.upper()] = said.strip('" ')
        else:
            types.append(key.lower())

    coding = params.get("ENCODING", "").lower()
    if QUOTED in types or coding == QUOTED:
        types = [word for word in types if word != QUOTED]
        value = _unquoted(value, params.get("CHARSET", "utf-8"))
    elif coding in BINARY or BINARY & set(types) or DATA.match(value):
        return None

    return Property(name, group[1].lower() if group else "", types, params, value)


def _unquoted(value: str, charset: str) -> str:
    """Quoted-printable text. What the named character set does not know is read as UTF-8 or as
    Windows wrote it.
    """
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    for name in (charset, "utf-8", "cp1252"):
        try:
            found = codecs.lookup(name)
            if found._is_text_encoding:  # noqa: SLF001 - the only way to tell one from zip
                return raw.decode(found.name)
        except (LookupError, UnicodeError, ValueError):
            continue

    return raw.decode("utf-8", "replace")
