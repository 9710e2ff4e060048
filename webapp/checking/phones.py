"""Phone numbers: the E.164 form of a number as people write it."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from webapp.checking import countries
from webapp.checking.tags import SEVERAL

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

LONGEST = 64

# A program wrote the number as one with decimals.
DECIMALS = re.compile(r"(\+?\d{5,15})[.,]0+")
# In powers of ten: 4.91761E+11, 4,91761e11, 4.91761 x 10^11.
POWERS = re.compile(
    r"(\+?\d(?:[.,]\d+)?) ?(?:e ?\+?|[x\xd7*\xb7] ?10 ?\^? ?\+?)(\d{1,2})", re.IGNORECASE
)
NARROW = re.compile(r"#{3,}")  # what a spreadsheet shows where the column is too narrow
# A spreadsheet shows six digits where it shortens; programs that write powers write all they have.
ALL_DIGITS = 8
SCHEME = re.compile(r"(?:tel|callto|sms|phone):(?://)?\s*", re.IGNORECASE)
LINK = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=)|whatsapp://send/?\?phone=)"
    r"(?:\+|%2b)?(\d{7,15})(?:[?&/].*)?",
    re.IGNORECASE,
)
WORDS_AROUND = re.compile(
    r"^[^\W\d_]{1,12}[.:]?\s*[.:]\s*(?=[+(\d])|\s*[(\[][^()\[\]\d]*[)\]]$"
)
# Between two numbers in one cell; a slash or a dash within a number has no blanks around it.
BETWEEN = re.compile(
    r":::|[;|\n&,]|\s/\s?|\s(?:or|and|oder|und|ou|et|o|y|e|of|en|bzw\.?)\s|\s(?=\+\d)|/",
    re.IGNORECASE,
)
EXTENSION = re.compile(
    r"(?:ext|extn|extension|x|dw|durchwahl|poste|int|anexo|ramal|toestel)\b",
    re.IGNORECASE,
)
PARTING = {SEVERAL, ";", "|", "\n"}  # of these, what stands in no number
WHOLE_DIGITS = 8  # that a number has at least, if a bare slash ends it
# That a further number has at least; it may be a last part, as in 0123 / 0124.
FURTHER_DIGITS = 3
LAST_DIGITS = 4  # that begin with 0 and are no whole number
INTERNATIONAL_DIGITS = 10  # that a number without a plus has at least, with its calling code


class Number(NamedTuple):
    """A phone number as it is shown, and its key: `+4930123456`, or `+4930123456;ext=5`.

    What is no number in its country, or longer than a number can be, is shown as it stands and has
    no key. So is text that says more than the number ("home, evenings"), though that has one.
    """

    shown: str
    key: str | None
    further: str = ""  # what stands in the cell behind the first number
    shortened: bool = False  # a spreadsheet took digits away; what is left says nothing


def region_of(country: str) -> str | None:
    """The country, given as a code or a name, in which numbers are dialled; None: not known."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    code = countries.code_of(country)
    return code if code in phonenumbers.SUPPORTED_REGIONS else None


def under(text: str, calling_code: str) -> Number:
    """The number in a cell beside another cell that has the calling code: +49, 0049, 49, DE.

    What is no number with it keeps both.
    """
    code = code_of(calling_code)
    if code is None:
        return read(text, None)
    if text.lstrip().startswith(("+", "00")):
        found = read(text, None)
        if found.key:
            return found

        return found

    # A cell may have the code once more, or the 0 that is dialled at home.
    begin = f"+{code}"
    at_home = read(text, _region_of_code(code))
    if at_home.shortened or (at_home.key and at_home.key.startswith(begin)):
        return at_home

    found = read(f"{begin} {text}", None)
    return found if found.key else Number(f"{begin} {text}", None)


def code_of(text: str) -> str | None:
    """The digits of the calling code that a cell names, by itself or by its country."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    text = DECIMALS_OF_CODE.sub("", text.strip())
    if found := CODE.search(text):
        digits = re.sub(r"\D", "", found[1]).lstrip("0")
        known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        # 1-684 is American Samoa's: the code with the digits that its numbers begin with.
        return (
            digits if digits and any(int(digits[:end]) in known for end in (1, 2, 3)) else None
        )

    region = region_of(text)
    return str(calling_code_of(region)) if region else None


CODE = re.compile(r"\(?\+?\s*(\d[\d\s-]{0,7})\)?")
DECIMALS_OF_CODE = re.compile(r"(?<=\d)\.0+$")


def _region_of_code(code: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - see above

    region = phonenumbers.region_code_for_country_code(int(code)) if len(code) <= 3 else None  # noqa: PLR2004
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def region_of_number(text: str) -> str | None:
    """The country of a number with its calling code, where it is one."""
    found = read(text, None)
    return _region_of_code(parts_of(found.key)[0]) if found.key else None


def calling_code_of(region: str) -> int:
    """The calling code of a country, given by its two letters; 0 where it has none."""
    return _calling_codes().get(region, 0)


@cache
def _calling_codes() -> dict[str, int]:
    """Each country's. The library itself would load the tables of a country to tell it, and of all
    countries, which a page lists, 5 MB.
    """
    import phonenumbers  # noqa: PLC0415 - see above

    return {
        region: code
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        for region in regions
        if region in phonenumbers.SUPPORTED_REGIONS
    }


def read(text: str, region: str | None) -> Number:
    """The number in a cell, as it is written in a region (two letters) or internationally."""
    if len(text) > LONGEST:  # a list, which is not to be remembered
        return _first_of_several(text, region) or Number(text, None)
    return _plainly(text, region) or by_library(text, region)


def behind(first: Number, region: str | None) -> Iterator[Number]:
    """The numbers in a cell behind its first one, in order; what is none is shown as it stands.

    Of 040 123456 / 654321 the second is 040 654321.
    """
    rest, before = first.further, first

    while rest:
        piece, after = _cut(rest)
        found = _last_digits(before, piece)
        if found is None and (whole := read(rest, region)).key:
            found, after = whole, whole.further
        found = found or read(piece, region)

        if found.shown:
            yield found
        rest, before = after, found if found.key else before


def _cut(text: str) -> tuple[str, str]:
    """What stands before the first sign between numbers, and what behind it."""
    for between in BETWEEN.finditer(text):
        before, behind = text[: between.start()].strip(), text[between.end() :].strip()
        if between[0] == "/" and _digits(before) < WHOLE_DIGITS:
            continue
        if between[0] in PARTING or (_is_further(before) and _is_further(behind)):
            return before, behind

    return text, ""


def _last_digits(before: Number, piece: str) -> Number | None:
    """The number of which a piece gives only the last digits, as in 0123 / 0124; None where it may
    be a whole one.
    """
    digits = piece.encode("ascii", "replace").translate(None, PUNCTUATION).decode()
    most = LAST_DIGITS if digits[:1] == "0" else WHOLE_DIGITS - 1
    if before.key is None or not before.key[1:].isdigit():
        return None
    if not digits.isdigit() or len(digits) > most:
        return None

    found = read(f"{before.key[: -len(digits)]}{digits}", None)
    return found if found.key else None


def is_key(key: str) -> bool:
    """Whether a key that is stored would be made today."""
    return read(key, None).key == key


@lru_cache(maxsize=10_000)
def by_library(text: str, region: str | None) -> Number:
    """The same by the library alone: what the short cut must agree with."""
    if len(text) > LONGEST:
        return _first_of_several(text, region) or Number(text, None)

    bare = SCHEME.sub("", text, count=1) if ":" in text else text
    if "/" in bare and (found := LINK.fullmatch(bare)):
        bare = f"+{found[1]}"

    if found := DECIMALS.fullmatch(bare):
        bare = found[1]
    elif found := POWERS.fullmatch(unicodedata.normalize("NFKC", bare)):
        digits = _all_digits(found[1], int(found[2]))
        if digits is None:
            return Number(text, None, shortened=True)
        bare = digits
    elif NARROW.fullmatch(bare):
        return Number(text, None, shortened=True)

    if several := _first_of_several(bare, region):
        return several

    found_number = _single(bare, region)
    if found_number.key or bare != text:
        return found_number

    # "Mobile: 030 1234567 (home)" says more than the number, and is shown as it stands.
    alone = WORDS_AROUND.sub("", text)
    key = _single(alone, region).key if alone != text else None

    return Number(text, key) if key else found_number


def _all_digits(mantissa: str, exponent: int) -> str | None:
    """The number that a power of ten stands for, None where digits were lost."""
    plus, digits = mantissa[:1] == "+", re.sub(r"\D", "", mantissa)
    zeros = exponent + 1 - len(digits)
    if len(digits) < ALL_DIGITS or zeros < 0:
        return None

    return f"{'+' if plus else ''}{digits}{'0' * zeros}"


def _first_of_several(text: str, region: str | None) -> Number | None:
    """The first of several numbers in one cell, None where there is only one.

    A sign between numbers may as well be part of one (030/123456): it parts them only where a
    whole number stands before it, and digits behind.
    """
    for between in BETWEEN.finditer(text):
        if between.start() > LONGEST and between[0] != SEVERAL:
            continue

        before, behind = text[: between.start()].strip(), text[between.end() :].strip()
        if between[0] == "/" and _digits(before) < WHOLE_DIGITS:
            continue
        if not before or (between[0] != SEVERAL and not _is_further(behind)):
            continue

        first = _single(before, region)
        if first.key or between[0] == SEVERAL:
            return first._replace(further=behind)

    return None


def _is_further(text: str) -> bool:
    return _digits(text[:LONGEST]) >= FURTHER_DIGITS and not EXTENSION.match(text)


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _single(text: str, region: str | None) -> Number:
    """One number, as it is written in the region, else internationally without a plus."""
    text = text.replace("\n", " ")
    if len(text) > LONGEST:
        return Number(text, None)

    abroad = _with_plus(text, region)
    if abroad is None:
        return _parsed(text, region)
    if _is_rather_abroad(text, region):
        other = _parsed(abroad, None)
        return other if other.key else _parsed(text, region)

    found = _parsed(text, region)
    other = found if found.key else _parsed(abroad, None)
    return other if other.key else found


def _with_plus(text: str, region: str | None) -> str | None:
    """49 30 123456 or 0049 30 123456 with a plus; None for what is too short to be so sure."""
    begin = text.lstrip("( ")
    if begin.startswith("00") and not begin.startswith("000"):
        return f"+{begin[2:]}"
    if begin[:1] not in _FIRST_DIGITS:
        return None

    least = INTERNATIONAL_DIGITS + (region is None)
    return f"+{begin}" if _digits(begin) >= least else None


_FIRST_DIGITS = frozenset("123456789")


def _is_rather_abroad(text: str, region: str | None) -> bool:
    """Whether so many digits rather begin with a calling code: the region's own, or any where
    0 leads at home.
    """
    digits = re.sub(r"\D", "", text)
    if len(digits) <= INTERNATIONAL_DIGITS or digits[0] == "0" or region is None:
        return False

    plan = _plan_of_region(region)
    return plan is not None and (plan.zero or digits.startswith(plan.calling_code))


def _parsed(text: str, region: str | None) -> Number:
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Number(text, None)

    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        # Without its blanks it says the same. No range is open to it now, so it has no key.
        bare = text.encode("ascii", "ignore").translate(None, PUNCTUATION).decode()
        return Number(key if bare == key and len(bare) > SHORTEST else text, None)

    before, said = _apart(text)

    if number.extension:
        shown, key = f"{key} ext. {number.extension}", f"{key};ext={number.extension}"
    elif WORDS.search(said) and not _is_vanity(said, key):
        return Number(text, None)  # The library dials "030 1234 home" as 030 1234 4663.
    else:
        shown = key

    is_all = not WORDS.search(before) and _digits(said) <= _digits(key) + LONGEST_PREFIX
    return Number(shown if is_all else text, key)


def _is_vanity(text: str, key: str) -> bool:
    """Whether letters stand for digits, as in 1-800-FLOWERS: in capitals, at the end, and as many
    as digits are missing.
    """
    said = re.sub(r"[^\w]", "", text)
    rest = key.removeprefix("+")
    return (
        VANITY.fullmatch(said) is not None
        and key.startswith("+1")
        and len(said) in {len(rest), len(rest) - 1}
    )


VANITY = re.compile(r"1?8\d\d[A-Z0-9]*[A-Z]{3,}[0-9]*")


def parts_of(key: str) -> tuple[str, str, str]:
    """The calling code of a key, what is dialled before the number at home, and the number: 49, 0
    and 30123456. Of a text that is no number of a country, only the digits.
    """
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
class _Kind:
    """One kind of number in a country, such as mobile: how long it is, and its digits."""

    lengths: frozenset[int]  # empty: any
    pattern: re.Pattern[str]

    def has(self, number: str) -> bool:
        if self.lengths and len(number) not in self.lengths:
            return False
        return self.pattern.fullmatch(number) is not None


@dataclass(frozen=True)
class _Ranges:
    """The numbers that are given out in one country."""

    leading: re.Pattern[str] | None  # where countries share a calling code: this one's digits
    general: _Kind
    kinds: tuple[_Kind, ...]

    def have(self, number: str) -> bool:
        if not self.general.has(number):
            return False

        # A loop: a generator would take as long again.
        for kind in self.kinds:  # noqa: SIM110
            if kind.has(number):
                return True

        return False


@dataclass(frozen=True)
class _Plan:
    """How numbers are written under a calling code, or in a region: what the library looks up
    for each number.
    """

    calling_code: str
    prefix: re.Pattern[str] | None  # of a national number, like 0
    simple: bool  # the prefix is just taken off
    pattern: re.Pattern[str]
    whole: tuple[int, ...]  # lengths of a whole number in the region
    abroad: re.Pattern[str] | None  # what is dialled before a calling code
    zero: bool  # numbers are written with the 0 that is dialled before them at home
    ranges: tuple[_Ranges, ...]  # of each country under the calling code

    def has(self, number: str) -> bool:
        """Whether it is a number of one of the countries."""
        for ranges in self.ranges:
            if ranges.leading is not None:
                if ranges.leading.match(number):
                    return ranges.have(number)
            elif ranges.have(number):
                return True

        return False


def _plainly(text: str, region: str | None) -> Number | None:
    """A number in digits and the usual signs only, None where it is not as simple as that.

    It takes a few µs where the library takes 60.
    """
    if not text.isascii() or not text[-1:].isdigit() or len(text) > LONGEST:
        return None

    # A third of what it takes as text. What has decimals or two parts is read the long way.
    if "/" in text or text[-2:] == ".0" or text[-3:] == ".00" or " +" in text:
        return None
    digits = text.encode().translate(None, PUNCTUATION).decode()
    if len(digits) < SHORTEST:
        return None

    found = None

    if text[0] == "+":
        found = _international(digits[1:])
    elif region:
        found = _national(digits, region)

    return Number(found, found) if found else None


def _international(number: str) -> str | None:
    """The number as E.164, None where it is none or not as simple as that."""
    if not number.isdigit() or number[0] == "0":
        return None

    plan = _plan_of_code(number[:3])
    if plan is None:
        return None

    return _under(plan, number[len(plan.calling_code) :])


def _national(digits: str, region: str) -> str | None:
    """The same for a number without its country's code."""
    plan = _plan_of_region(region) if digits.isdigit() else None
    if plan is None or not plan.simple:
        return None
    if digits.startswith(plan.calling_code):
        return _international(digits) if len(digits) > INTERNATIONAL_DIGITS else None
    if plan.zero and digits[0] != "0" and len(digits) > INTERNATIONAL_DIGITS:
        return None
    if plan.abroad and plan.abroad.match(digits):
        return None

    return _under(plan, digits)


def _under(plan: _Plan, number: str) -> str | None:
    """The number as E.164, without the prefix that it may bear: 030 1234 at home, +49 (0)30
    1234 abroad.
    """
    if plan.prefix and (found := plan.prefix.match(number)):
        number = number[found.end() :]
        if (
            not plan.simple
            or len(number) not in plan.whole
            or not plan.pattern.fullmatch(number)
        ):
            return None

    return f"+{plan.calling_code}{number}" if plan.has(number) else None


@cache
def _plan_of_code(beginning: str) -> _Plan | None:
    """The plan of the calling code that a number begins with; codes are one to three digits
    long.
    """
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
    if main is None or here is None or here.general_desc is None:
        return None

    prefix = here.national_prefix_for_parsing

    return _Plan(
        calling_code=str(code),
        prefix=re.compile(prefix) if prefix else None,
        simple=not here.national_prefix_transform_rule and "(" not in (prefix or ""),
        pattern=re.compile(here.general_desc.national_number_pattern or ""),
        whole=tuple(here.general_desc.possible_length),
        abroad=re.compile(here.international_prefix) if here.international_prefix else None,
        zero=region is not None and _writes_zero(region),
        ranges=_ranges_under(code),
    )


def _writes_zero(region: str) -> bool:
    """Whether people write 0170 1234567: in China and Brazil they dial it, and leave it away
    in writing.
    """
    import phonenumbers  # noqa: PLC0415 - see above

    mobile = phonenumbers.PhoneNumberType.MOBILE
    known = phonenumbers.example_number_for_type(region, mobile)
    known = known or phonenumbers.example_number(region)
    if known is None:
        return False

    at_home = phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.NATIONAL)
    return at_home.lstrip("(").startswith("0")


KINDS = (
    "mobile",
    "fixed_line",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


@cache
def _ranges_under(code: int) -> tuple[_Ranges, ...]:
    """What is given out under a calling code, each country's for itself, as the library asks
    them.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata  # noqa: PLC0415 - see above

    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    several = len(regions) > 1
    found = (
        PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions
    )
    return tuple(ranges for one in found if one and (ranges := _ranges(one, several=several)))


def _ranges(country: "PhoneMetadata", *, several: bool) -> _Ranges | None:
    general = _kind(country.general_desc)
    if general is None:
        return None

    leading = country.leading_digits if several else None
    kinds = (_kind(getattr(country, name)) for name in KINDS)

    return _Ranges(
        leading=re.compile(leading) if leading else None,
        general=general,
        kinds=tuple(kind for kind in kinds if kind),
    )


def _kind(described: "PhoneNumberDesc | None") -> _Kind | None:
    if described is None or not described.national_number_pattern:
        return None

    return _Kind(
        frozenset(described.possible_length), re.compile(described.national_number_pattern)
    )
