"""A contact as it is compared: its words without case, accents and what spellings differ in."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from webapp import folding
from webapp.checking.short_forms import WHOLE

# What the database is asked for, in this order: columns of a contact, the further keys in lists.
COLUMNS = (
    *("id", "prefix", "first_name", "middle_name", "last_name", "suffix", "birthday"),
    *("email_key", "phone_key", "company", "street", "postal_code", "city"),
    *("further_emails", "further_phones"),
)
_AS_WRITTEN = str.maketrans({**WHOLE, "ß": "ss", "æ": "ae", "œ": "oe"})
_NO_WORD = re.compile(r"[\W_]+")
_TWICE = re.compile(r"(.)\1+")
_UMLAUT = re.compile(r"([aou])e")
_DIGITS = re.compile(r"\d+")
# Words of a company's name that say nothing of which one it is.
FORMS = frozenset(
    (
        *(
            "gmbh",
            "ag",
            "kg",
            "ohg",
            "ug",
            "mbh",
            "co",
            "ltd",
            "limited",
            "llc",
            "inc",
            "corp",
        ),
        *("plc", "sa", "sarl", "sas", "spa", "srl", "ab", "as", "bv", "nv", "oy", "kk"),
    )
)
# Local parts of addresses that many have.
OF_MANY = frozenset(
    (
        *("info", "office", "contact", "kontakt", "mail", "email", "post", "admin", "sales"),
        *("support", "hello", "service", "team"),
    )
)
SHORT_LOCAL = 4  # letters of an address that say little of a person


class Person(NamedTuple):
    """One contact; words parted by blanks, several values by line breaks."""

    id: str
    given: str
    family: str
    heard: str  # the family name as it sounds
    suffix: str
    prefix: str
    birthday: str  # YYYY-MM-DD, or --MM-DD
    emails: str
    phones: str
    company: str
    street: str
    place: str  # postal code, or else the city
    city: str


def person(values: Sequence[Any]) -> Person:
    """From the values of COLUMNS."""
    ident, prefix, first, middle, last, suffix, birthday, email, phone, company, street = (
        values[:11]
    )
    postal_code, city, emails, phones = values[11:]
    family = words(last or "")
    city_words = words(city or "")

    return Person(
        str(ident),
        words(f"{first or ''} {middle or ''}"),
        family,
        heard(family.replace(" ", "")),
        words(suffix or ""),
        words(prefix or ""),
        birthday or "",
        "\n".join(_keys(email, emails)),
        "\n".join(_keys(phone, phones)),
        " ".join(word for word in words(company or "").split() if word not in FORMS),
        words(street or ""),
        words(postal_code or "") or city_words,
        city_words,
    )


def _keys(main: str | None, further: list[dict[str, Any]] | None) -> list[str]:
    keys = [main, *(address.get("key") for address in further or [])]
    return [key for key in keys if key]


@lru_cache(maxsize=20_000)
def words(text: str) -> str:
    """The words of a text in small letters without accents."""
    if not text:
        return ""

    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", folding.without_accents(text))
        text = text.translate(_AS_WRITTEN)

    return _NO_WORD.sub(" ", text).strip()


@lru_cache(maxsize=20_000)
def heard(word: str) -> str:
    """A word without what spellings of one name differ in: Jürgen and Juergen, Meier and Mayer."""
    word = word.replace("ph", "f").replace("ck", "k").replace("x", "ks")
    word = _UMLAUT.sub(r"\1", word).translate(_SOUNDS)
    word = word.replace("ai", "i").replace("ei", "i").replace("ie", "i").replace("h", "")

    return _TWICE.sub(r"\1", word)


_SOUNDS = str.maketrans("cqzwyj", "kksvii")


def local_parts(person: Person) -> list[str]:
    """What stands before the @, letters only, of addresses that are one person's own."""
    found = []
    for email in person.emails.split("\n"):
        local = words(email.partition("@")[0]).replace(" ", "")
        letters = _DIGITS.sub("", local)
        if len(letters) > SHORT_LOCAL and letters not in OF_MANY:
            found.append(local)

    return found


def house_number(street: str) -> str:
    """The first number of a street's line."""
    found = _DIGITS.search(street)
    return found[0] if found else ""
