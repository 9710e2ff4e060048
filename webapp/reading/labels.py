"""A column's label → the field it names, and what is said of it: home or work, first or second.

A label is broken into words, however its author joined them ("billing_first_name",
"Person - Name", "contact.email", "primaryPhone"), and its words are compared with the fields'
labels in eighteen languages. What stands around the field's name is told apart by the lists of
`vocabulary.label_words`. A label of which some word stays unknown names nothing: a wrong
suggestion costs more than none.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, takewhile

from webapp import folding
from webapp.vocabulary.aliases import FURTHER
from webapp.vocabulary.fields import ADDRESS, FULL_NAMES, NAMES, TARGETS
from webapp.vocabulary.label_words import (
    ADDRESS_LABEL_WORDS,
    ADDRESS_WORDS,
    ASKING,
    CHANGING,
    CJK_HONORIFICS,
    CJK_NOISE,
    COMPANY_WORDS,
    CONTAINERS,
    GLUED,
    GLUED_PERSONS,
    HALVES,
    MACHINES,
    NAME_QUALIFIERS,
    NO_ADDRESS_LABEL,
    NO_FIELDS,
    NOISE,
    OTHER_PERSON_PAIRS,
    OTHER_PERSONS,
    PERSONS,
    QUALIFIERS,
    SECOND,
    SPELLINGS,
)

LONGEST = 200
MOST_WORDS = 8  # of a label's name for a field, what is said around it left out
LATER_LANGUAGE = 100  # added to the ranks of a further language's labels
INDIRECT = 200  # added where the label says whose field it is: "Customer Email"
LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
NO_WORD = re.compile(r"[\W_]+")
CAMEL = re.compile(
    r"(?<=[a-z\u00df-\u00ff])(?=[A-Z\u00c0-\u00de])|(?<=[A-Z])(?=[A-Z][a-z])"
    r"|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[A-Z])"
)
ONE_WORD = re.compile(rf"({'|'.join(GLUED)})?([^\W\d_]+?)\s?(\d)?")
NOTE = re.compile(r"[(\[{<（【]([^)\]}>）】]*)[)\]}>）】]?")
DATE_FORMAT = re.compile(r"\b[dmytjag]{1,4}(?:[./-][dmytjag]{1,4}){1,2}\b", re.IGNORECASE)
POSSESSIVE = re.compile(r"['’]s?\b")
# Between a whole and its part ("Person - Name"), and between two that stand side by side.
LEVELS = re.compile(r"\s[-–—]\s|[:>»→|]|(?<=[^\W\d_])\.(?=[^\W\d_]{2})")
SIDES = re.compile(r"\s*[/,&+;、・]\s*|\s+(?:and|und|et|y|e|en|och|og|ja|i|a|и|ve)\s+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
NAME_PARTS = frozenset((*NAMES, "prefix", "middle_name", "suffix"))
STREET_PARTS = {"street", "house_number"}
ALL_NAMES = NAME_PARTS | FULL_NAMES
# Too general to be taken for a contact's where only a container stands before it.
GENERAL = {"external_id", *FULL_NAMES, "notes", "tags", "job_title", "prefix"}
TAIL = {"of", "des", "der", "du", "de", "del", "do", "da", "van", "av", "af", "the"}


@dataclass(frozen=True)
class Named:
    """What a label says; `rank` 0 fits best.

    `qualifier` sets it apart from others of its kind ("home", "2"). `otherwise` is the next field
    that claims the label: the column goes there where another one fits `target` better. `line` is
    the number of an address line; `half` marks the label of half a name, such as "First", which
    counts beside the other half only.
    """

    target: str
    qualifier: str
    rank: int
    otherwise: str | None = None
    line: int = 0
    half: bool = False

    def as_(self, target: str) -> "Named":
        """The same label for the one of its two fields that its values tell."""
        other = self.otherwise if target == self.target else self.target
        return replace(self, target=target, otherwise=other)


def normalised(text: str) -> str:
    """Lower case, no accents, every run of punctuation one space."""
    if text.isascii():
        return NO_WORD.sub(" ", text.lower()).strip()

    plain = folding.without_accents(text.replace("ß", "ss").casefold(), "NFKD")
    return NO_WORD.sub(" ", plain.translate(LETTERS)).strip()


def _key(words: Iterable[str]) -> str:
    """Words as aliases are compared: written together, and one spelling for "Nr." and "number"."""
    return "".join(map(_spelling, words))


def _spelling(word: str) -> str:
    if word in SPELLINGS:
        return SPELLINGS[word]
    return f"{word[:-2]}nummer" if word.endswith("nr") and len(word) > 4 else word  # noqa: PLR2004


def _aliases() -> dict[str, Named]:
    """Every alias; where two fields claim one, the better rank has it."""
    claims: dict[str, dict[str, int]] = {}  # spelling → field → rank

    def claim(target: str, aliases: Iterable[str], first: int) -> None:
        for rank, alias in enumerate(aliases, first):
            spelling = _key(normalised(alias).split())
            claims.setdefault(spelling, {}).setdefault(target, rank)

    for field in TARGETS.values():
        claim(field.name, [*field.aliases.split("|"), field.english, field.name], 0)

    for language in FURTHER:
        for target, aliases in language.items():
            claim(target, aliases.split("|"), LATER_LANGUAGE)

    return {spelling: _best(ranks) for spelling, ranks in claims.items()}


def _best(ranks: dict[str, int]) -> Named:
    """The field with the best rank, and the one after it."""
    best, *others = sorted(ranks, key=lambda name: ranks[name])
    return Named(best, "", ranks[best], next(iter(others), None))


ALIASES = _aliases()


def _known_words() -> frozenset[str]:
    """All words of all labels, those of further languages as well."""
    tables = [field.aliases for field in TARGETS.values()]
    tables += [aliases for language in FURTHER for aliases in language.values()]
    words = {
        word for aliases in tables for word in normalised(aliases.replace("|", " ")).split()
    }
    return frozenset({*map(_spelling, words), *HALVES})


KNOWN_WORDS = _known_words()


@lru_cache(maxsize=1000)
def date_order(label: str) -> str | None:
    """The order of day and month that a label names: dmy for "Birthday (DD/MM/YYYY)", mdy, or None.

    The month is an m in the languages whose letters are known; years first need no order.
    """
    found = DATE_FORMAT.search(label)
    first, second, *rest = re.split(r"[./-]", found[0].casefold()) if found else ("", "")
    if first[:1] == "m":
        return "mdy"

    is_year = len(first) > 2 or first[:1] == "y" or rest[:1] in (["t"], ["tt"])  # noqa: PLR2004
    return "dmy" if second[:1] == "m" and first and not is_year else None


def named(label: str) -> Named | None:
    """The field that a label names, None where it names none that we know, or another
    person's.
    """
    text = POSSESSIVE.sub("", CAMEL.sub(" ", label[:LONGEST]))
    text = DATE_FORMAT.sub(" ", text)
    whole = _exact(_split(text)) or _exact(_split(label[:LONGEST]))
    if whole and " ".join(_split(label)) not in NO_FIELDS:
        return whole
    if _names_another_person(_split(text)) or " ".join(_split(text)) in NO_FIELDS:
        return None
    if is_machine(text):
        return None

    found = _without_notes(text) if _may_name(_split(text)) else None
    return found or _glued(normalised(label[:LONGEST]))


def _may_name(words: Sequence[str]) -> bool:
    """Whether any word is one of a field's label: most cells of a table have none."""
    return any(
        _spelling(word) in KNOWN_WORDS
        or word in ALIASES
        or word.removesuffix("s") in KNOWN_WORDS
        or CJK.search(word)
        or "\u1100" <= word[0] <= "\u11ff"
        for word in words
    )


def says_otherwise(label: str) -> bool:
    """Whether a label says that its addresses or numbers are not the contact's own, even
    where they look like it: an assistant's, a company's, a fax machine's.
    """
    words = _split(POSSESSIVE.sub("", CAMEL.sub(" ", label[:LONGEST])))
    other = not (CHANGING | COMPANY_WORDS).isdisjoint(words)
    return _exact(words) is None and (other or _names_another_person(words))


def is_second(qualifier: str) -> bool:
    """Whether the words around a field's name say that it is not the first of several."""
    return any(word in SECOND or (word.isdigit() and word > "1") for word in qualifier.split())


def address_label(text: str) -> str | None:
    """The label of an address that a column's label, or words beside the address, name: work, home,
    mobile or other; None where they name none.
    """
    words = _split(CAMEL.sub(" ", text[:LONGEST]))
    words = [*words, *map("".join, pairwise(words))]
    return next(
        (label for label, says in _ADDRESS_LABELS.items() if any(map(says, words))), None
    )


@lru_cache(maxsize=1000)
def address_label_of(cell: str) -> str | None:
    """The label that a cell beside an address has: as `address_label`, and other for a person's own
    words.
    """
    words = _split(cell[:LONGEST])
    plain = [word for word in words if word not in NO_ADDRESS_LABEL and not word.isdigit()]
    return address_label(cell) or ("other" if plain else None)


@lru_cache(maxsize=1000)
def is_machine(text: str) -> bool:
    """Whether a label is that of a fax machine or the like, where no person answers."""
    return any(word.endswith(MACHINES) for word in _split(text[:LONGEST]))


def _says(label: str) -> Callable[[str], bool]:
    """Whether a word says this label."""
    listed = ADDRESS_LABEL_WORDS[label]
    words = {normalised(word) for word in listed if not word.endswith("*")}
    beginnings = tuple(normalised(word) for word in listed if word.endswith("*"))
    return lambda word: word in words or word.startswith(beginnings)


_ADDRESS_LABELS = {label: _says(label) for label in ADDRESS_LABEL_WORDS}


def bare(label: str) -> str:
    """What a label says of its field, without notes, persons and qualifiers."""
    words = _split(NOTE.sub(" ", label[:LONGEST]))
    plain = [word for word in words if word not in NOISE | PERSONS and not _is_qualifier(word)]
    return " ".join(plain)


def _split(text: str) -> list[str]:
    return normalised(text).split()


def _exact(words: Sequence[str]) -> Named | None:
    return ALIASES.get(_key(words)) if words else None


def _names_another_person(words: Sequence[str]) -> bool:
    plain = f" {' '.join(words)} "
    if not OTHER_PERSONS.isdisjoint(words) or any(
        f" {pair} " in plain for pair in OTHER_PERSON_PAIRS
    ):
        return True
    if any(
        word.startswith(other) or word.endswith(other)
        for word in words
        for other in GLUED_PERSONS
    ):
        return True

    # The second contact of a company is not the first one.
    return any(
        word in PERSONS and _is_digit(after) and after > "1" for word, after in pairwise(words)
    )


def _without_notes(text: str) -> Named | None:
    """The label without what stands in parentheses, if that leaves the field as it is."""
    notes = [_split(note) for note in NOTE.findall(text)]
    main = NOTE.sub(" ", text)
    if not _split(main):
        main, notes = " ".join(" ".join(note) for note in notes), []

    said: list[str] = []

    for note in notes:
        if all(map(_is_qualifier, note)):
            said.extend(note)
            continue

        inside = _levels(" ".join(note))
        outside = _levels(main)
        if not CHANGING.isdisjoint(note):
            return None
        if inside is not None:
            # "Name (First)" names the part, "First name (Vorname)" the same twice.
            part = _part_of(main, inside)
            if part:
                return part
            if outside is None or outside.target != inside.target:
                return None

    found = _levels(f"{main} {' '.join(said)}")
    if found and NOTE.search(text) and found.half:
        return None
    return found


def _part_of(whole: str, part: Named) -> Named | None:
    """The part of a name or an address, behind the word for the whole."""
    words = _split(whole)
    outer = _phrase(words)
    if outer and outer.target == "full_name" and part.target in NAME_PARTS:
        return replace(part, half=False)
    if part.target in ADDRESS and outer and outer.target == "street":
        return replace(part, qualifier=outer.qualifier)
    return None


def _levels(text: str) -> Named | None:
    """The field of a label with levels, as "Person - Email - Work" or "Company / Name"."""
    segments = [part for part in LEVELS.split(text) if _split(part)]
    if len(segments) < 2:  # noqa: PLR2004
        return _sides(text)

    whole = _phrase([word for segment in segments for word in _split(segment)])
    if whole:
        return whole

    # Two languages, or the name of the field and what is said of it.
    found = [_sides(segment) for segment in segments]
    same = {each.target for each in found if each}
    if len(same) == 1 and all(found):
        return found[0]

    return _part_of(segments[0], found[-1]) if found[-1] else None


def _sides(text: str) -> Named | None:
    """The field of a label with names side by side: "City / Ville", "Name, Vorname"."""
    segments = [_split(part) for part in SIDES.split(text.casefold())]
    segments = [segment for segment in segments if not NOISE.issuperset(segment)]
    if len(segments) < 2:  # noqa: PLR2004
        return _phrase(_split(text))

    exact = _exact([word for segment in segments for word in segment])
    if exact:
        return exact

    joined = _joined(segments, [_phrase(segment) for segment in segments])
    if joined is None and "/" in text:
        return _phrase([word for segment in segments for word in segment])
    return joined


def _joined(segments: Sequence[Sequence[str]], found: Sequence[Named | None]) -> Named | None:
    """What fields side by side are together: one in two languages, a whole name, a street with
    its number.
    """
    known = [each for each in found if each]
    if len(known) < len(segments):
        return None

    targets = {each.target for each in known}
    # "Name / First Name" is not the whole name and the first one: it is a part, with the whole.
    nested = set(segments[0]) < set(segments[-1])

    if len(targets) == 1:
        said = dict.fromkeys(word for each in known for word in each.qualifier.split())
        half = all(each.half for each in known)
        return replace(known[0], qualifier=" ".join(said), half=half)
    if targets <= ALL_NAMES and not nested:
        return _whole_name([each.target for each in known])
    return replace(known[0], target="street") if targets == STREET_PARTS else None


def _phrase(words: Sequence[str]) -> Named | None:
    """The field that some words name, what is said around it left out."""
    for left_out in (frozenset(), NOISE, NOISE | ASKING):
        core = [word for word in words if word not in left_out]
        found = _qualified(core)
        if found:
            return found
    return None


def _qualified(words: Sequence[str]) -> Named | None:
    """The field, for any of its values that a label may say: home or work, first or second."""
    if not words:
        return None

    exact = _field(words)
    if exact:
        return exact

    # "de" is a word of some fields' names as well.
    for tells_apart in (_is_digit, _is_qualifier):
        found = _field([word for word in words if not tells_apart(word)])
        if found:
            return _said(found, words, [word for word in words if tells_apart(word)])
    return None


def _said(found: Named, words: Sequence[str], said: Sequence[str]) -> Named | None:
    """The field with the words that set it apart from others of its kind."""
    qualifier = " ".join(word for word in said if word != "value")
    line = _line_of(words) if found.target == "street" else 0
    if line:
        said = list(said)
        said.remove(str(line))
        qualifier = " ".join(said)

    kept = [found.qualifier, qualifier]
    return _allowed(replace(found, qualifier=" ".join(filter(None, kept)), line=line), said)


def _line_of(words: Sequence[str]) -> int:
    """The number of an address line, which stands behind its name: "Address line 2 (home)"; 0 where
    there is none.
    """
    behind = list(takewhile(_is_qualifier, reversed(words)))
    digits = [word for word in behind if _is_digit(word)]
    return int(digits[-1]) if digits else 0


def _allowed(found: Named, said: Sequence[str]) -> Named | None:
    """Unless a name has a qualifier that makes another one of it, such as "other name"."""
    if found.target in ALL_NAMES or found.target == "birthday":
        free = all(word in NAME_QUALIFIERS or word == "1" for word in said)
        return found if free else None
    return found


def _is_qualifier(word: str) -> bool:
    return word in QUALIFIERS or _is_digit(word)


def _is_digit(word: str) -> bool:
    return len(word) == 1 and word in "0123456789"


def _field(words: Sequence[str]) -> Named | None:
    """The field that words name, whose it is and what holds it left out."""
    if not words or len(words) > MOST_WORDS:
        return None

    for way in _WAYS:
        found = way(words)
        if found:
            return found
    return None


def _by_alias(words: Sequence[str]) -> Named | None:
    return ALIASES.get(_key(words)) or _cjk("".join(words))


def _by_half(words: Sequence[str]) -> Named | None:
    if len(words) == 1 and words[0] in HALVES:
        return Named(HALVES[words[0]], "", INDIRECT, half=True)
    return None


def _by_two_names(words: Sequence[str]) -> Named | None:
    """Both halves: "Vorname Nachname" is the whole name."""
    for cut in range(1, len(words)):
        halves = [_by_alias(part) or _by_half(part) for part in (words[:cut], words[cut:])]
        targets = [half.target for half in halves if half]
        if set(targets) == {"first_name", "last_name"}:
            return _whole_name(targets)
    return None


def _whole_name(targets: Sequence[str]) -> Named:
    """The whole name, family name first where the label names that one first."""
    family_first = targets[0] in {"last_name", "full_name"} and "first_name" in targets
    return Named("full_name_family_first" if family_first else "full_name", "", INDIRECT)


def _by_person(words: Sequence[str]) -> Named | None:
    """A label that says whose field it is: "Customer Email", "E-Mail Mitglied"."""
    rest: Sequence[str] = ()
    if len(words) < 2:  # noqa: PLR2004
        return None
    if words[0] in PERSONS:
        rest = words[1:]
    elif words[-1] in PERSONS:
        rest = words[:-1]
        while len(rest) > 1 and rest[-1] in TAIL:
            rest = rest[:-1]

    found = _field(rest)
    return found and replace(found, rank=found.rank + INDIRECT)


def _by_container(words: Sequence[str]) -> Named | None:
    """A label that says what holds the field: "properties.firstname", "Default Address City"."""
    if len(words) < 2 or words[0] not in CONTAINERS:  # noqa: PLR2004
        return None

    found = _field(words[1:])
    if found is None or found.target in GENERAL:
        return None
    if words[0] in ADDRESS_WORDS and found.target in ALL_NAMES | {"email", "birthday"}:
        return None

    return replace(found, rank=found.rank + INDIRECT)


def _by_company(words: Sequence[str]) -> Named | None:
    """A company's name, its address, where the contact works, and its website."""
    if len(words) < 2 or words[0] not in COMPANY_WORDS:  # noqa: PLR2004
        return None

    found = _field(words[1:])
    if found is None:
        return None
    if found.target == "full_name":
        return Named("company", "", INDIRECT)
    if found.target in ADDRESS or found.target == "website":
        return replace(found, qualifier=f"company {found.qualifier}".strip())
    return None


def _by_plural(words: Sequence[str]) -> Named | None:
    last = words[-1]
    if not last.endswith("s") or len(last) < 4:  # noqa: PLR2004
        return None
    singular = last[:-2] if last.endswith("sses") else last[:-1]
    return ALIASES.get(_key([*words[:-1], singular]))


_WAYS: tuple[Callable[[Sequence[str]], Named | None], ...] = (
    _by_alias,
    _by_half,
    _by_two_names,
    _by_person,
    _by_container,
    _by_company,
    _by_plural,
)


def _cjk(text: str) -> Named | None:
    """Words that are not set apart by blanks: the qualifier stands before or behind them."""
    if text.isascii() or not CJK.search(unicodedata.normalize("NFC", text)):
        return None

    for noise in _CJK_NOISE:
        text = text.replace(noise, "")
    for honorific in _CJK_HONORIFICS:
        text = text.removeprefix(honorific)
    if text in ALIASES:
        return ALIASES[text]

    for word in _CJK_QUALIFIERS:
        for bare in (text.removeprefix(word), text.removesuffix(word)):
            if bare != text and bare in ALIASES:
                return replace(ALIASES[bare], qualifier=word)
    return None


_CJK_NOISE = tuple(map(normalised, CJK_NOISE))
_CJK_HONORIFICS = tuple(map(normalised, CJK_HONORIFICS))
_CJK_QUALIFIERS = tuple(
    normalised(word) for word in QUALIFIERS if CJK.search(unicodedata.normalize("NFC", word))
)


def _glued(plain: str) -> Named | None:
    """MAILINGSTREET and Privatadresse as well."""
    parts = ONE_WORD.fullmatch(plain)
    found = ALIASES.get(_key([parts[2]])) if parts and (parts[1] or parts[3]) else None
    if parts is None or found is None:
        return None

    said = list(filter(None, (GLUED.get(parts[1] or ""), parts[3])))
    if found.target == "street" and parts[3]:
        return replace(found, qualifier=" ".join(said[:-1]), line=int(parts[3]))
    return _allowed(replace(found, qualifier=" ".join(said)), said)
