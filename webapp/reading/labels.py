"""A column's label → the field it names, in seven languages, and what is said of it: home or
work, first or second.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from webapp.vocabulary.fields import TARGETS

LONGEST = 200
# What may stand beside a field's name without changing which field it is.
QUALIFYING = """
    business work office home private personal other primary main secondary mailing billing shipping value direct
    geschaftlich dienstlich beruflich privat weitere weiteres weiterer haupt
    professionnel professionnelle personnel personnelle bureau domicile travail autre principal principale fixe
    trabajo del de la casa particular otro otra laboral
    comercial residencial outro outra profissional trabalho
    ufficio abitazione lavoro altro altra
    werk zakelijk prive thuis overig overige ander
"""
QUALIFIERS = frozenset(QUALIFYING.split())
GLUED_QUALIFIERS = (
    "mailing",
    "other",
    "business",
    "home",
    "work",
    "billing",
    "shipping",
    "primary",
)


@dataclass(frozen=True)
class Named:
    """What a label says; `rank` 0 fits best.

    `qualifier` sets it apart from others of its kind (“home”, “2”). `otherwise` is the next field
    that claims the label: the column goes there where another one fits `target` better.
    """

    target: str
    qualifier: str
    rank: int
    otherwise: str | None = None


def normalised(text: str) -> str:
    """Lower case, no accents, every run of punctuation one space."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    return re.sub(
        r"[\W_]+", " ", "".join(c for c in plain if not unicodedata.combining(c))
    ).strip()


def _aliases() -> dict[str, Named]:
    """Every alias, and the same written as one word; where two fields claim one, the better
    rank has it.
    """
    claims: dict[str, dict[str, int]] = {}  # spelling → field → rank
    for field in TARGETS.values():
        for rank, alias in enumerate([*field.aliases.split("|"), field.name]):
            plain = normalised(alias)
            for spelling in (plain, plain.replace(" ", "")):
                claims.setdefault(spelling, {}).setdefault(field.name, rank)

    return {spelling: _best(ranks) for spelling, ranks in claims.items()}


def _best(ranks: dict[str, int]) -> Named:
    """The field with the best rank, and the one after it."""
    best, *others = sorted(ranks, key=lambda name: ranks[name])
    return Named(best, "", ranks[best], next(iter(others), None))


ALIASES = _aliases()


@lru_cache(maxsize=1000)
def named(label: str) -> Named | None:
    """The field that a label names, None where it names none that we know."""
    plain = normalised(label[:LONGEST])
    return ALIASES.get(plain) or _qualified(plain) or _glued(plain)


def _qualified(plain: str) -> Named | None:
    words = plain.split()
    bare = " ".join(word for word in words if not _is_qualifier(word))
    found = ALIASES.get(bare)
    if found is None:
        return None

    said = " ".join(word for word in words if _is_qualifier(word) and word != "value")

    return replace(found, qualifier=said)


def _is_qualifier(word: str) -> bool:
    return word in QUALIFIERS or (word.isdigit() and len(word) == 1)


def _glued(plain: str) -> Named | None:
    """MAILINGSTREET and Email2 as well."""
    parts = re.fullmatch(rf"({'|'.join(GLUED_QUALIFIERS)})?([a-z]+?)(\d)?", plain)
    found = ALIASES.get(parts[2]) if parts and (parts[1] or parts[3]) else None
    if parts is None or found is None:
        return None

    return replace(found, qualifier=" ".join(filter(None, (parts[1], parts[3]))))
