"""E-mail addresses: the key by which two spellings are the same address, or None for what is
no address.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from webapp.folding import folded

LONGEST = 254
LONGEST_LOCAL = 64
# So that neither the part before the @ nor a label of the domain can be too long.
LONGEST_PLAIN = 64
ATEXT = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# The plain majority, RFC 5321's dot-string at an ordinary domain; anything else takes the library's
# slower way, some 40 µs instead of half of one: names reserved for special use, Punycode,
# international addresses. No group is possessive: in Python 3.11 one whose last round fails
# half-way keeps what that round took, and nothing matches. Each sign can be taken in one way only,
# so nothing is tried twice.
PLAIN = re.compile(
    rf"{ATEXT}(?:\.{ATEXT})*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion)$)[a-z]{2,}"
)
ATOMS = re.compile(rf"{ATEXT}(?:\.{ATEXT})*", re.IGNORECASE | re.ASCII)

# Signs without a width, marks of direction, and the hyphen that shows only at the end of a line.
INVISIBLE = re.compile("[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
EXCHANGE = re.compile(r"(?:ex:)?/o=|imceaex-", re.IGNORECASE)  # an address within Exchange
# mailto:, and a word that says whose or what it is ("work: ann@example.com").
SCHEME = re.compile(r"(?:e-mail|[^\W\d_]{1,12}):\s*", re.IGNORECASE)
MARKDOWN = re.compile(r"\[([^\[\]]*)\]\(mailto:[^()]*\)", re.IGNORECASE)
# What people write beside an address and is no one's name.
KINDS = re.compile(
    r"(?:privat\w*|work|home|office|business|mobile?|other|main|primary|gesch\xe4ftlich|dienstlich"
    r"|b\xfcro|bureau|travail|perso\w*|trabajo|casa|lavoro|ufficio|werk|thuis|old|alt|new|neu)",
    re.IGNORECASE,
)
NAME_THEN_ADDRESS = re.compile(r"((?:[^\W\d_][\w.'\u2019-]*,? ){2,5})(\S+@\S+)")
AROUND = " \t\n\"'<>()[]{}.,;:!?`\xb4\u2018\u2019\u201c\u201d\xab\xbb"
AROUND_A_NAME = " \t\n\"',;:\u2018\u2019\u201c\u201d\xab\xbb"
NAME_AND_ADDRESS = re.compile(r"([^<>@]*)[<(\[]\s*([^<>()\[\]\s]+@[^<>()\[\]\s]+)\s*[>)\]]")
ADDRESS_AND_NAME = re.compile(r"([^<>()\s]+@[^<>()\s]+)\s*\(([^()@]*)\)")
BETWEEN = re.compile(
    r"\s*(?::::|[;,|\n]|\s/\s|\s(?:or|and|oder|und|ou|et|o|y|e|of|en)\s)\s*", re.IGNORECASE
)

# Signs that no address holds outside quotes, and the library takes no quotes.
NOT_IN_ADDRESSES = frozenset(' ,;<>()[]"')
# Runs of blanks, and a text longer than a name with an address, would take the patterns above the
# square of their length.
BLANKS = re.compile(r"[^\S\n]{2,}")
LONGEST_DRESSED = 700

MAY_BE_EXCHANGE = frozenset("/iIeE")


class Address(NamedTuple):
    """An e-mail address as it is shown, and its key; both None where a cell holds none.

    `name` is whom the cell says it belongs to, `kind` what for ("work"), and `further` what stands
    there beside the first, in pieces.
    """

    shown: str | None
    key: str | None
    name: str = ""
    further: tuple[str, ...] = ()
    kind: str = ""
    exchange: bool = False  # what Exchange calls a mailbox within; no e-mail reaches it


def read(text: str) -> Address:
    """The first address in a cell, freed from what people and programs put around it."""
    if not text.isascii():
        text = _without_signs(INVISIBLE.sub("", text))

    # A spreadsheet's mark of text would be a sign of the address; no one begins with it.
    if text[:1] in MAY_BE_EXCHANGE and EXCHANGE.match(text):
        return Address(None, None, exchange=True)
    if "%20" in text:
        text = text.replace("%20", " ").strip()
    if text[:1] != "'" and (key := key_of(text)):
        return Address(text, key)

    text = BLANKS.sub(" ", text)
    if "</a>" in text.lower():
        text = re.sub(r"<[^<>]*>", " ", text)
    text = MARKDOWN.sub(r"\1", text)

    found = _dressed(text) or _first_of_several(text) or Address(None, None)
    return found._replace(name="", kind=found.name) if KINDS.fullmatch(found.name) else found


def _without_signs(text: str) -> str:
    """The text in plain letters, without stars, ticks and faces around it."""
    if "\uff20" in text:
        text = unicodedata.normalize("NFKC", text)

    begin, end = 0, len(text)
    while begin < end and _is_sign(text[begin]):
        begin += 1
    while end > begin and _is_sign(text[end - 1]):
        end -= 1

    return text[begin:end]


def _is_sign(c: str) -> bool:
    return c.isspace() or (not c.isascii() and unicodedata.category(c) in {"So", "Mn", "Sk"})


def _dressed(text: str) -> Address | None:
    """One address with something around it: `mailto:`, quotes, a full stop, or a name."""
    name = ""
    if len(text) > LONGEST_DRESSED:
        return None
    if found := NAME_AND_ADDRESS.fullmatch(text.strip()):
        name, text = found.groups()
    elif found := ADDRESS_AND_NAME.fullmatch(text.strip()):
        text, name = found.groups()
    elif (found := NAME_THEN_ADDRESS.fullmatch(text.strip())) and found[1].istitle():
        name, text = found.groups()

    before = SCHEME.match(text.strip(AROUND))
    bare = SCHEME.sub("", text.strip(AROUND), count=1)
    if bare != text:
        bare = bare.partition("?subject=")[0].strip(AROUND)

    key = key_of(bare)
    kind = before[0] if before else ""
    return Address(bare, key, name.strip(AROUND_A_NAME), kind=kind) if key else None


def _first_of_several(text: str) -> Address | None:
    """The first address of a list, None where it cannot be told what belongs to it."""
    found: Address | None = None
    before: list[str] = []
    further: list[str] = []

    for piece in _pieces(text):
        if found is None and "@" not in piece:
            before.append(piece)
        elif found is None and (address := _dressed(piece)):
            found = address
        elif piece:
            if (
                further
                and "@" not in further[-1]
                and (named := _dressed(piece))
                and named.name
            ):
                further.pop()  # Of "Keller, Ben <ben@example.com>" it is a part of the name.
            further.append(piece)

    if found is None:
        return None

    # "Okafor, Anna <anna@example.com>" is one; "john,doe@example.com" is a slip of the finger.
    names = [piece for piece in before if piece]
    if names and not found.name:
        return None

    return found._replace(name=", ".join([*names, found.name]), further=tuple(further))


def _pieces(text: str) -> list[str]:
    words = text.split()
    if len(words) > 1 and all("@" in word for word in words):
        pieces = [piece for word in words for piece in BETWEEN.split(word)]
    else:
        pieces = BETWEEN.split(text)

    return [
        part
        for piece in pieces
        for part in (piece.split("/") if piece.count("@") > 1 else [piece])
    ]


def key_of(address: str) -> str | None:
    """The whole address in lower case, its domain as IDNA; dots and plus signs stay.

    None if it is no address.
    """
    if (
        len(address) > LONGEST
        or "@" not in address
        or not NOT_IN_ADDRESSES.isdisjoint(address)
    ):
        return None
    if (
        len(address) <= LONGEST_PLAIN
        and address.isascii()
        and PLAIN.fullmatch(plain := folded(address))
    ):
        return plain

    local, _, domain = address.rpartition("@")

    if len(local) <= LONGEST_LOCAL and ATOMS.fullmatch(local):
        host = _domain(domain)
        key = f"{folded(local)}@{host}"
        return key if host and len(key) <= LONGEST else None

    return by_library(address)


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> str | None:
    """The verdict on a domain, remembered: a file's domains repeat."""
    found = by_library(f"a@{domain}")
    return found.rpartition("@")[2] if found else None


def by_library(address: str) -> str | None:
    """The key as the library alone would have it: what the short cuts above must agree with."""
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None

    return folded(f"{found.local_part}@{found.ascii_domain}")
