"""A person's whole name, taken apart: prefix, first, middle and last name, suffix.

First what stands beside the name (nickname, birth name), then the parts between commas, then titles
in front and credentials behind, then which of the words are the family name. Each rule asks for a
sign that people write: a comma, capitals, a particle, the script, a patronymic. Where there is
none, the column's order decides.
"""

import re
from typing import NamedTuple

from webapp.checking.affixes import (
    OF_A_COLLEGE,
    are_titles,
    is_capital,
    is_credential,
    is_like_credential,
    is_risky,
    is_small_credential,
    split_suffixes,
    split_titles,
)
from webapp.checking.name_words import (
    AND,
    BEFORE_PARTICLES,
    BOUND,
    COMPANY_FORMS,
    COMPANY_SIGNS,
    COMPANY_WORDS,
    CREDENTIALS,
    GENERATIONS,
    IBERIAN,
    IN_FAMILY_NAMES,
    JOINS,
    MARIA,
    NOBLE,
    PARTICLES,
    SHORT_FAMILY_NAMES,
    SMALL_PARTICLES,
    TITLES,
    TITLES_BEFORE_FIRST_NAMES,
    VIETNAMESE,
    WRITTEN_FORMS,
    bare,
)

GIVEN_FIRST, FAMILY_FIRST = "given_first", "family_first"
ORDERS = (GIVEN_FIRST, FAMILY_FIRST)
# The parts of a name that are fields of a contact.
PARTS = ("prefix", "first_name", "middle_name", "last_name", "suffix")

LAST_OF_LATIN = "\u024f"
KNOWN = (
    TITLES | GENERATIONS | CREDENTIALS | PARTICLES | NOBLE | AND | JOINS | BOUND
    | COMPANY_FORMS | COMPANY_WORDS | VIETNAMESE | {word.lower() for word in WRITTEN_FORMS}
)  # fmt: skip
COMMA = re.compile(r"\s*[,\uff0c\u060c;]\s*")
SPLIT_CREDENTIAL = re.compile(r"\b(Ph|M|B|LL|P|Sc|M\.Sc|B\.Sc)\. +(D|Sc|A|Eng|Ed|M|B)\b(?=\.)")
GLUED_TITLE = re.compile(r"\b((?:Dr|Prof|Mrs?|Ms|Mag|Ing)\.)(?!in\b|a\b)(?=[^\W\d_]{2})")
BIRTH_NAME = re.compile(
    r"[\s,]*(?<![^\s,(])\(?\s*(?:(?i:n[ée]e?\b(?<![Nn]e)(?<!NE)|n\xe9e?)|nee|geb\.|Geb\.|geb|geborener?|born|f\xf8dt|f\xf6dd"
    r"|z domu|roz\.|rozen\xe1|nata|nacida|nascida|szül\.|o\.s\.|ro\u0111ena"
    r"|\u0443\u0440\u043e\u0436\u0434\.|\u0443\u0440\u043e\u0436\u0434[её]нная)\s+([^,()]+?)\s*(?:\)|(?=,)|$)"
)
NICKNAME = re.compile(
    r"(?<!\S)(?:[\"\u201c\u201d\u201e\xab\u201f]\s*([^\"\u201c\u201d\u201e\xab\xbb]+?)\s*[\"\u201c\u201d\xbb]"
    r"|['\u2018]([^\W\d_][^'\u2018\u2019]*)['\u2019]|[(\[\uff08]\s*([^()\[\]\uff08\uff09]+?)\s*[)\]\uff09])(?![^\s,])"
)
QUOTED = re.compile(
    r"[\"\u201c\u201e\xab']\s*([^\"\u201c\u201d\u201e\xab\xbb]+?)\s*[\"\u201c\u201d\xbb']"
)
LETTER = re.compile(r"[^\W\d_]")
EAST_ASIAN = re.compile(
    r"[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u30fb\u30fc]+"
)
KATAKANA = re.compile(r"[\u30a0-\u30ff\s]+")
MIDDLE_DOT = re.compile(r"[\u30fb\xb7\uff0e\uff1d]")
PATRONYMIC = re.compile(r"\w+(?:вич|вна|ична|инична|кызы|оглы)", re.IGNORECASE)
LATIN_PATRONYMIC = re.compile(
    r"\w{2,}(?:ovich|evich|ovitch|evitch|ovna|evna|ichna)", re.IGNORECASE
)
SLAVIC_FAMILY = re.compile(
    r"\w{2,}(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ский|ская|цкий|цкая|енко|чук|юк|ко|"
    r"ov|ova|ev|eva|in|ina|sky|skiy|skaya|enko|chuk|yuk)",
    re.IGNORECASE,
)
SURELY_FAMILY = re.compile(
    r"\w{3,}(?:ов|ова|ев|ева|ёв|ёва|ский|ская|цкий|цкая|енко)", re.IGNORECASE
)
CYRILLIC_INITIALS = re.compile("(?:[\u0400-\u042f]\\.)+")
TWO_WORDS, THREE_WORDS = 2, 3


class Name(NamedTuple):
    """A name's parts, blank where it has none. All words of the text are in one of them."""

    prefix: str = ""
    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    suffix: str = ""
    nickname: str = ""
    birth_name: str = ""


class _Parts(NamedTuple):
    """Words: given names, the one that a person is called by first, and the family name."""

    given: list[str]
    family: list[str]


def read(text: str, order: str = GIVEN_FIRST) -> Name:
    """The parts of a name; `order` settles what nothing in the name does."""
    words = text.split()
    if len(words) == TWO_WORDS and _is_plain(text, words):
        first, last = words if order == GIVEN_FIRST else reversed(words)
        return Name(first_name=first, last_name=last)

    text, nickname, birth_name = _without_asides(" ".join(words))
    return _between_commas(text, order)._replace(nickname=nickname, birth_name=birth_name)


def _is_plain(text: str, words: list[str]) -> bool:
    """Whether nothing in two words can be more than a first and a last name."""
    return (
        text.istitle()
        and max(text) <= LAST_OF_LATIN
        and all(word.isalpha() and word.lower() not in KNOWN for word in words)
    )


def _without_asides(text: str) -> tuple[str, str, str]:
    """The name without nickname and birth name, and these two."""
    if found := QUOTED.fullmatch(text):
        text = found[1]

    birth_name = nickname = ""
    found = BIRTH_NAME.search(text)
    if found and found.start():
        birth_name = found[1]
        text = f"{text[: found.start()]} {text[found.end() :]}".strip()

    found = NICKNAME.search(text)
    if found and LETTER.search(found[0]) and found[0] != OF_A_COLLEGE:
        inner = next(filter(None, found.groups()))
        before, behind = text[: found.start()].strip(), text[found.end() :].strip()

        if all(map(is_credential, inner.split())):
            text = f"{before}, {inner} {behind}"
        elif before or len(behind.split()) > 1:
            nickname, text = (
                inner,
                f"{before} {behind}" if behind[:1] != "," else before + behind,
            )
        else:
            text = f"{inner} {behind}"

    return text.strip(), nickname, birth_name


def _between_commas(text: str, order: str) -> Name:
    """“Last, First”, with titles and credentials between commas of their own."""
    text = GLUED_TITLE.sub(r"\1 ", SPLIT_CREDENTIAL.sub(r"\1.\2", text))
    pieces = [piece.split() for piece in COMMA.split(text) if piece]
    if not pieces:
        return Name(first_name=text)

    head = pieces[0]
    titles: list[str] = []
    suffixes: list[str] = []
    given: list[str] = []

    for piece in pieces[1:]:
        if are_titles(piece):
            titles += piece
        elif _are_credentials(piece, head, known=bool(given or suffixes)):
            suffixes.append(" ".join(piece))
        else:
            given += piece

    if len(pieces) > 1 and are_titles(head) and given:  # "Dr., Anna Berg"
        titles, head, given = head + titles, given, []

    found = _last_and_first(head, given) if given else _apart(head, order)

    return found._replace(
        prefix=_joined([found.prefix, *titles]),
        suffix=", ".join(filter(None, [found.suffix, *suffixes])),
    )


def _are_credentials(words: list[str], head: list[str], *, known: bool) -> bool:
    """Whether a piece behind a comma is one of credentials: each on the list, or, behind a whole
    name, written like one.
    """
    if all(is_credential(word) or is_small_credential(word) for word in words):
        # "MA, Jack" is a name, and so is "BERG, DO".
        return not (len(words) == 1 and len(head) == 1 and is_risky(words[0]) and not known)
    if len(head) < TWO_WORDS or _is_particle(head, 0) or all(map(is_capital, head)):
        return known and all(map(is_like_credential, words)) and not all(map(is_capital, head))

    return all(is_like_credential(word) or is_credential(word) for word in words)


def _last_and_first(head: list[str], given: list[str]) -> Name:
    """“Berg Jr., Dr. Hans Peter”, and a Dutch “Berg, Jan van den”."""
    titles, family = split_titles(head, least=1)
    family, suffixes = split_suffixes(family, least=1)
    more_titles, given = split_titles(given, least=1)
    given, more_suffixes = split_suffixes(given, least=1)

    cut = len(given)
    while (
        cut > 1
        and given[cut - 1][0].islower()
        and _is_particle([*given[:cut], *family], cut - 1)
    ):
        cut -= 1

    first, middle = _first_and_middle(given[:cut])

    return Name(
        _joined([*titles, *more_titles]),
        first,
        middle,
        _joined(given[cut:] + family),
        _joined([*suffixes, *more_suffixes]),
    )


def _apart(words: list[str], order: str) -> Name:
    """A name without commas."""
    titles, words = split_titles(words, least=1)
    words, suffixes = split_suffixes(words, least=1 if titles else 2)
    words = _with_signs(words)
    titled = bool(titles) and bare(titles[-1]) not in TITLES_BEFORE_FIRST_NAMES
    parts = _parts(words, order, titled=titled)
    first, middle = _first_and_middle(parts.given)

    return Name(_joined(titles), first, middle, _joined(parts.family), _joined(suffixes))


def _with_signs(words: list[str]) -> list[str]:
    """The words, with each that has no letter (an emoji, a number) joined to the one before it."""
    found: list[str] = []

    for word in words:
        if found and not LETTER.search(word) and word not in JOINS and bare(word) not in AND:
            found[-1] += f" {word}"
        else:
            found.append(word)

    return found


def _parts(words: list[str], order: str, *, titled: bool) -> _Parts:
    """Given names and family name, by the first rule that has a sign of them."""
    if len(words) == 1:
        return _one_word(words, titled=titled)

    return (
        _by_script(words)
        or _by_capitals(words)
        or _by_small_particle(words)
        or _by_patronymic(words)
        or _by_vietnamese(words)
        or (_family_first(words) if order == FAMILY_FIRST else _given_first(words))
    )


def _one_word(words: list[str], *, titled: bool) -> _Parts:
    if MIDDLE_DOT.search(words[0]) and EAST_ASIAN.match(words[0]):
        *given, family = [word for word in MIDDLE_DOT.split(words[0]) if word]
        return _Parts(given, [family]) if given else _Parts(words, [])

    return _Parts([], words) if titled else _Parts(words, [])


def _by_script(words: list[str]) -> _Parts | None:
    """Chinese, Japanese and Korean names begin with the family's; foreign ones in katakana do
    not.
    """
    if not all(map(EAST_ASIAN.fullmatch, words)):
        return None
    if KATAKANA.fullmatch("".join(words)):
        return _Parts(words[:-1], words[-1:])

    return _Parts([" ".join(words[1:])], words[:1])


def _by_capitals(words: list[str]) -> _Parts | None:
    """BERG Anna, Anne-Marie LE GOFF: capitals, in one run at an end, are the family name."""
    capital = [is_capital(word) for word in words]
    size = sum(capital)
    if not size or size == len(words):
        return None

    start = capital.index(True)
    end = start + size
    if not all(capital[start:end]) or (start and end < len(words)):
        return None

    while (
        start and start < end and _is_particle(words, start - 1) and words[start - 1].islower()
    ):
        start -= 1

    if start and end < len(words):
        return None
    if not start and not _are_family(words[:end]):
        return None
    if start and len(words[start]) == 2 and len(words) > TWO_WORDS and end - start == 1:  # noqa: PLR2004
        return None

    return _Parts(words[:start] + words[end:], words[start:end])


def _are_family(words: list[str]) -> bool:
    """Whether capitals at the start are no initials: JP Morgan, JRR Tolkien."""
    if len(words) > 1 or len(words[0]) > THREE_WORDS:
        return True
    word = words[0].lower()
    if len(word) == 2:  # noqa: PLR2004
        return word in SHORT_FAMILY_NAMES

    return any(letter in "aeiouyäöüéèàıíóúøåő" for letter in word)


def _by_small_particle(words: list[str]) -> _Parts | None:
    """“van der Berg Jan”: no given name begins with a small particle."""
    if not words[0][0].islower() or not _is_particle(words, 0):
        return None

    end = 0
    while end < len(words) - 1 and _is_particle(words, end):
        end += 1

    return _Parts(words[end + 1 :], words[: end + 1])


def _by_patronymic(words: list[str]) -> _Parts | None:
    """Иванов Иван Иванович, Иванов Иван, and Иванов И. И."""
    if all(map(CYRILLIC_INITIALS.fullmatch, words[1:])):
        return _Parts(words[1:], words[:1])
    if len(words) == THREE_WORDS:
        for pattern in (PATRONYMIC, LATIN_PATRONYMIC):
            if pattern.fullmatch(words[1]) and not pattern.fullmatch(words[2]):
                return _Parts(words[:2], words[2:])
            if pattern.fullmatch(words[2]) and SLAVIC_FAMILY.fullmatch(words[0]):
                return _Parts(words[1:], words[:1])
            if pattern is PATRONYMIC and pattern.fullmatch(words[2]):
                return _Parts(words[1:], words[:1])
    if (
        len(words) == TWO_WORDS
        and SURELY_FAMILY.fullmatch(words[0])
        and not SLAVIC_FAMILY.fullmatch(words[1])
    ):
        return _Parts(words[1:], words[:1])

    return None


def _by_vietnamese(words: list[str]) -> _Parts | None:
    """Nguyễn Văn An is called An."""
    last = bare(words[-1])
    if len(words) < THREE_WORDS or bare(words[0]) not in VIETNAMESE or last in VIETNAMESE:
        return None
    if max(words[0]) <= "\x7f" and not any(
        word in {"Van", "Thi", "Văn", "Thị", "Minh"} for word in words
    ):
        return None

    return _Parts([words[-1], *words[1:-1]], words[:1])


def _given_first(words: list[str]) -> _Parts:
    """The last word with its particles, and what is joined to it."""
    cut = _over_particles(words, len(words) - 1)

    if cut > TWO_WORDS and words[cut - 1] in JOINS:  # Ortega y Gasset
        cut = _over_particles(words, cut - 2)
    if cut > 1 and bare(words[-1]) in IN_FAMILY_NAMES:  # Silva Filho
        cut = _over_particles(words, cut - 1)
    if cut > 1 and _is_iberian(words[cut - 1]) and _is_iberian(words[-1]):
        cut = _over_particles(words, cut - 1)
    if cut > TWO_WORDS and words[cut] == "zu" and _is_particle(words, cut - 2):
        cut = _over_particles(words, cut - 1)  # von Berg zu Stein
    if cut > 1 and cut < len(words) - 1 and bare(words[cut - 1]) in NOBLE:
        cut -= 1

    return _Parts(words[:cut], words[cut:])


def _over_particles(words: list[str], cut: int) -> int:
    while cut > 1 and _is_particle(words, cut - 1):
        cut -= 1
    return cut


def _family_first(words: list[str]) -> _Parts:
    """The first word with its particles, and what is joined to it."""
    end = 0
    while end < len(words) - 2 and _is_particle(words, end):
        end += 1

    end += 1
    if end < len(words) - 2 and words[end] in JOINS:
        end += 2
    if end < len(words) - 1 and _is_iberian(words[end - 1]) and _is_iberian(words[end]):
        end += 1

    return _Parts(words[end:], words[:end])


def _is_particle(words: list[str], at: int) -> bool:
    """Whether a word belongs to a family name behind it: von, van 't, op de, und in “von
    und zu”.
    """
    word = words[at]
    plain = bare(word)
    if plain in PARTICLES:
        return word[0].islower() or not word[0].isalpha() or plain not in SMALL_PARTICLES
    if plain.rpartition("-")[2] in PARTICLES and "-" in plain[1:-1]:
        return True  # Berg-de Vries
    if at + 1 >= len(words) or bare(words[at + 1]) not in PARTICLES:
        return False

    return (
        plain in BEFORE_PARTICLES and (word.islower() or plain not in SMALL_PARTICLES)
    ) or (at > 0 and plain in AND and bare(words[at - 1]) in PARTICLES)


def _is_iberian(word: str) -> bool:
    plain = bare(word)
    return plain in IBERIAN or (len(plain) > 4 and plain.endswith(("ez", "éz")))  # noqa: PLR2004


def _first_and_middle(given: list[str]) -> tuple[str, str]:
    """The first name, and the further ones; two people (Anna und Hans) stay together."""
    if any(bare(word) in AND or word in JOINS for word in given[1:-1]):
        return " ".join(given), ""

    cut = 1
    if len(given) > 1 and bare(given[0]) in BOUND:  # Abdul Rahman
        cut = 2
    elif len(given) > TWO_WORDS and bare(given[0]) in MARIA and _is_particle(given, 1):
        cut = 2  # María del Carmen
        while cut < len(given) - 1 and _is_particle(given, cut):
            cut += 1
        cut += 1

    return " ".join(given[:cut]), " ".join(given[cut:])


def _joined(words: list[str]) -> str:
    return " ".join(filter(None, words))


def is_company(text: str) -> bool:
    """Whether a text in a column of names is plainly a company: by its legal form, or a word that
    no person bears.
    """
    if any(sign in text for sign in COMPANY_SIGNS):
        return True

    words = text.replace(",", " ").split()
    plain = [bare(word) for word in words]
    if len(words) < TWO_WORDS:
        return False

    return (
        not COMPANY_FORMS.isdisjoint(plain[1:] if plain[0] != "ооо" else plain)
        or not WRITTEN_FORMS.isdisjoint(words[1:])
        or not COMPANY_WORDS.isdisjoint(plain)
        or (
            "&" in words
            and plain[words.index("&") + 1 :] in (["co"], ["sons"], ["söhne"], ["cie"])
        )
    )
