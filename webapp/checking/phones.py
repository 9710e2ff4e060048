"""Phone numbers: the E.164 form of a number as people write it."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from webapp.reading.labels import normalised

LONGEST = 64

COUNTRIES = {
    "AT": "austria osterreich autriche",
    "AU": "australia australien",
    "BE": "belgium belgien belgique belgie",
    "BR": "brazil brasilien brasil bresil",
    "CA": "canada kanada",
    "CH": "switzerland schweiz suisse svizzera",
    "CZ": "czechia tschechien",
    "DE": "germany deutschland allemagne alemania germania duitsland",
    "DK": "denmark danemark danmark",
    "ES": "spain spanien espana espagne spagna spanje",
    "FI": "finland finnland suomi",
    "FR": "france frankreich francia frankrijk",
    "GB": "uk england scotland wales britain grossbritannien",
    "GR": "greece griechenland",
    "HU": "hungary ungarn",
    "IE": "ireland irland irlande",
    "IN": "india indien inde",
    "IT": "italy italien italia italie",
    "JP": "japan",
    "LU": "luxembourg luxemburg",
    "MX": "mexico mexiko mexique",
    "NL": "netherlands niederlande nederland holland",
    "NO": "norway norwegen norge",
    "NZ": "neuseeland",
    "PL": "poland polen polska",
    "PT": "portugal",
    "SE": "sweden schweden sverige",
    "TR": "turkey turkei turkiye",
    "US": "usa",
}
REGIONS = {name: region for region, names in COUNTRIES.items() for name in names.split()} | {
    "united states": "US",
    "united states of america": "US",
    "vereinigte staaten": "US",
    "united kingdom": "GB",
    "great britain": "GB",
    "new zealand": "NZ",
    "czech republic": "CZ",
}


@lru_cache(maxsize=1000)
def region_of(country: str | None) -> str | None:
    """The ISO code of a country given as a code or a name, None where it is not known."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    plain = normalised((country or "")[:100])
    code = plain.upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else REGIONS.get(plain)


def read(text: str, region: str | None) -> tuple[str, str | None]:
    """The number as it is shown, and its key: `+4930123456`, with `;ext=5` where an extension follows.

    What is no possible number in the region, or is longer than a number can be, is shown as it stands and has no
    key. So is text that says more than the number ("home, evenings"), though it has one.
    """
    if len(text) > LONGEST:
        return text, None
    return _plainly(text, region) or by_library(text, region)


@lru_cache(maxsize=10_000)
def by_library(text: str, region: str | None) -> tuple[str, str | None]:
    """The same by the library alone: what the short cut must agree with."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text, None

    if not phonenumbers.is_possible_number(number):
        return text, None

    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    before, said = _apart(text)

    if number.extension:
        shown, key = f"{key} ext. {number.extension}", f"{key};ext={number.extension}"
    elif WORDS.search(said):
        return text, None  # The library dials "030 1234 home" as 030 1234 4663.
    else:
        shown = key

    digits = sum(c.isdigit() for c in said)
    is_all = (
        not WORDS.search(before) and digits <= sum(c.isdigit() for c in key) + LONGEST_PREFIX
    )

    return (shown if is_all else text), key


def parts_of(key: str) -> tuple[str, str, str]:
    """The calling code of a key, what is dialled before the number at home, and the number: 49, 0 and 30123456."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    main = key.partition(";")[0]

    try:
        number = phonenumbers.parse(main)
    except phonenumbers.NumberParseException:
        return "", "", re.sub(r"\D", "", main)

    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    at_home = phonenumbers.ndd_prefix_for_region(region, True) if region else None

    return (
        str(number.country_code),
        at_home or "",
        phonenumbers.national_significant_number(number),
    )


def _apart(text: str) -> tuple[str, str]:
    """What stands before the number ("Tel."), and the number."""
    begin = next((index for index, c in enumerate(text) if c == "+" or c.isdigit()), len(text))
    return text[:begin], text[begin:]


WORDS = re.compile(r"[^\W\d_]{2}")
LONGEST_PREFIX = 4  # digits of 00, 011 or (0) beyond those of the number itself
SHORTEST = 5  # signs; below, the library has rules of its own
PUNCTUATION = b" -.()/"


@dataclass(frozen=True)
class _Plan:
    """How numbers are written under a calling code, or in a region: what the library looks up for each number."""

    calling_code: str
    prefix: re.Pattern[str] | None  # of a national number, like 0
    simple: bool  # the prefix is just taken off
    pattern: re.Pattern[str]
    lengths: frozenset[int]  # of a possible number under the calling code
    whole: tuple[int, ...]  # of a whole number in the region
    abroad: re.Pattern[str] | None  # what is dialled before a calling code


def _plainly(text: str, region: str | None) -> tuple[str, str | None] | None:
    """The verdict on what is written in digits and the usual signs only, None where it is not as simple as that.

    It takes 1 µs where the library takes 40.
    """
    if not text.isascii() or not text[-1:].isdigit():
        return None

    digits = (
        text.encode().translate(None, PUNCTUATION).decode()
    )  # a third of what it takes as text
    if len(digits) < SHORTEST:
        return None

    found = None

    if text[0] == "+":
        found = _international(digits[1:])
    elif region:
        found = _national(digits, region)

    return None if found is None else (found or text, found or None)


def _international(number: str) -> str | None:
    """The number as E.164, "" where it is none, None where it is not as simple as that."""
    if not number.isdigit() or number[0] == "0":
        return None

    plan = _plan_of_code(number[:3])
    if plan is None:
        return None

    return _under(plan, number[len(plan.calling_code) :])


def _national(digits: str, region: str) -> str | None:
    """The same for a number without its country's code."""
    plan = _plan_of_region(region) if digits.isdigit() else None
    if plan is None or not plan.simple or digits.startswith(plan.calling_code):
        return None
    if plan.abroad and plan.abroad.match(digits):
        return None

    return _under(plan, digits)


def _under(plan: _Plan, number: str) -> str | None:
    """The number as E.164, without the prefix that it may bear: 030 1234 at home, +49 (0)30 1234 abroad."""
    if plan.prefix and (found := plan.prefix.match(number)):
        number = number[found.end() :]
        if (
            not plan.simple
            or len(number) not in plan.whole
            or not plan.pattern.fullmatch(number)
        ):
            return None

    return f"+{plan.calling_code}{number}" if len(number) in plan.lengths else ""


@cache
def _plan_of_code(beginning: str) -> _Plan | None:
    """The plan of the calling code that a number begins with; codes are one to three digits long."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415 - see above

    codes = [
        beginning[:end]
        for end in (1, 2, 3)
        if int(beginning[:end]) in COUNTRY_CODE_TO_REGION_CODE
    ]
    return _plan(int(codes[0]), None) if codes else None


@cache
def _plan_of_region(region: str) -> _Plan | None:
    from phonenumbers import country_code_for_region  # noqa: PLC0415 - see above

    code = country_code_for_region(region)
    return _plan(code, region) if code else None


def _plan(code: int, region: str | None) -> _Plan | None:
    from phonenumbers import PhoneMetadata, region_code_for_country_code  # noqa: PLC0415 - see above

    main = PhoneMetadata.metadata_for_region_or_calling_code(
        code, region_code_for_country_code(code)
    )
    here = PhoneMetadata.metadata_for_region(region, None) if region else main
    if main is None or here is None or main.general_desc is None or here.general_desc is None:
        return None

    prefix = here.national_prefix_for_parsing

    return _Plan(
        calling_code=str(code),
        prefix=re.compile(prefix) if prefix else None,
        simple=not here.national_prefix_transform_rule and "(" not in (prefix or ""),
        pattern=re.compile(here.general_desc.national_number_pattern or ""),
        lengths=frozenset(
            (*main.general_desc.possible_length, *main.general_desc.possible_length_local_only)
        ),
        whole=tuple(here.general_desc.possible_length),
        abroad=re.compile(here.international_prefix) if here.international_prefix else None,
    )
