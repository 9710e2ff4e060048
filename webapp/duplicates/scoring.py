"""How likely two contacts are one person: evidence, weighed by the table in `weights.py`."""

from collections.abc import Iterator
from functools import lru_cache
from math import log2
from typing import NamedTuple

from rapidfuzz.distance import OSA

from webapp.checking.short_forms import lines_of_names
from webapp.duplicates.counting import LEAST, Counts
from webapp.duplicates.people import Person, heard, house_number, local_parts
from webapp.duplicates.weights import EVIDENCE

LINES = {name: frozenset(lines) for name, lines in lines_of_names().items()}
RARE, FEW = (
    2,
    6,
)  # in the book: a name that hardly anyone else has; a phone that a household shares
SHORTENED = 3  # letters of a beginning that may stand for a name
SLIPPED = 4  # letters from which on one that differs may be a slip
WOMEN, MEN = (
    frozenset(["mrs", "ms", "miss", "frau", "mme", "mlle", "signora", "sra"]),
    frozenset(["mr", "herr", "monsieur", "m", "signor", "sr"]),
)


class Found(NamedTuple):
    """What was found about a pair, by its name in the table, and how rare that is in the book."""

    name: str
    bits: float = 0.0  # log2 of how many times fewer contacts have the value than there are


def counted(one: Person) -> Iterator[str]:
    """What is counted of each contact before any are compared."""
    yield f"n {one.given} {one.family}"
    if one.given:
        yield f"g {one.given.split()[0]}"
        yield f"i {one.given[0]}"
    if one.heard:
        yield f"f {one.heard}"
    for phone in filter(None, one.phones.split("\n")):
        yield f"p {phone}"
    if one.street:
        yield f"s {one.street} {one.place}"
    if one.company:
        yield f"c {one.company}"
    if one.city:
        yield f"t {one.city}"
    if one.birthday:
        yield f"b {one.birthday}"


def score(one: Person, other: Person, counts: Counts) -> tuple[float, list[str]]:
    """The log-odds, in bits, of the two being one person, and the names of the evidence."""
    found = evidence(one, other, counts)
    if not found:
        return IMPOSSIBLE, []

    odds = EVIDENCE["prior"].of(log2(max(counts.contacts, LEAST)))
    return odds + sum(EVIDENCE[each.name].of(each.bits) for each in found), [
        each.name for each in found
    ]


IMPOSSIBLE = -99.0


def evidence(one: Person, other: Person, counts: Counts) -> list[Found]:
    """What is found about the pair; empty where the names alone part them."""
    names = _names(one, other)
    if not names:
        return []

    other_family = "other_family" in names
    found = [Found(name, _bits_of_name(name, one, other, counts)) for name in names]
    if names[0] in SAME_GIVEN and names[1] == "same_family":
        often = max(counts.of(f"n {each.given} {each.family}") for each in (one, other))
        found.append(Found("namesakes", log2(max(often, 1))))

    at_work = bool(one.company) and one.company == other.company
    found += map(Found, _phones(one, other, counts, at_work=at_work))
    for name in _birthdays(one.birthday, other.birthday):
        bits = counts.bits(f"b {one.birthday}") if name == "same_birthday" else 0.0
        found.append(Found(name, bits))
    found += map(Found, _emails(one, other))
    found += _addresses(one, other, counts, at_work=at_work)
    found += _companies(one, other, counts, other_family=other_family)
    if one.suffix != other.suffix and (one.suffix and other.suffix):
        found.append(Found("other_suffix"))
    if {one.prefix, other.prefix} & WOMEN and {one.prefix, other.prefix} & MEN:
        found.append(Found("other_prefix"))

    return found


def _bits_of_name(name: str, one: Person, other: Person, counts: Counts) -> float:
    """Of the commoner of the two: what is mistyped stands once in any book."""
    if name.startswith(("other", "missing")):
        return 0.0
    if name == "initial":
        return counts.bits(f"i {one.given[0]}")

    givens = [f"g {each.given.split()[0]}" for each in (one, other) if each.given]
    families = [f"f {each.heard}" for each in (one, other)]
    if name == "swapped":
        return min(counts.bits(text) for text in families) + min(map(counts.bits, givens))
    return min(map(counts.bits, families if name.endswith("family") else givens))


SAME_GIVEN = frozenset(("same_given", "short_form", "spelling_given", "initial", "slip_given"))


def _names(one: Person, other: Person) -> list[str]:
    given, family = _given(one.given, other.given), _family(one.family, other.family)
    if given == "other_given" or family == "other_family":
        swapped = _family(one.given, other.family), _family(one.family, other.given)
        if not {"other_family", "missing_family"} & {*swapped}:
            return (
                ["swapped"] if swapped == ("same_family",) * 2 else ["swapped", "slip_family"]
            )
        if given == "other_given" and family == "other_family":
            return []

    return [given, family]


@lru_cache(maxsize=50_000)
def _given(one: str, other: str) -> str:
    """How two given names compare, each with its middle names."""
    if not one or not other:
        return "missing_given"
    if one == other:
        return "same_given"

    return _of_words(one, other)


def _of_words(one: str, other: str) -> str:
    ones, others = one.split(), other.split()
    if len(ones) > 1 and len(others) > 1 and ones[0] == others[0]:
        return "same_given" if ones[1][0] == others[1][0] else "other_middle"
    kinds = [_word(first, second) for first in ones for second in others]
    # The first of each says more than one in the middle.
    for kind in ("same_given", "short_form", "spelling_given", "slip_given", "initial"):
        if kinds[0] == kind:
            return kind
    is_written_apart = one.replace(" ", "") == other.replace(" ", "")
    return "spelling_given" if "same_given" in kinds or is_written_apart else "other_given"


def _word(one: str, other: str) -> str:
    if one == other:
        return "same_given"
    if len(one) == 1 or len(other) == 1:
        return "initial" if one[0] == other[0] else "other_given"
    if LINES.get(one, NONE) & LINES.get(other, NONE):
        return "short_form"
    if heard(one) == heard(other):
        return "spelling_given"
    shorter, longer = sorted((one, other), key=len)
    if (
        len(shorter) >= SHORTENED
        and longer.startswith(shorter)
        and len(longer) - len(shorter) > 1
    ):
        return "short_form"

    return "slip_given" if is_slip(one, other) else "other_given"


NONE: frozenset[int] = frozenset()


def is_slip(one: str, other: str) -> bool:
    """Whether one letter differs, or two that are next to each other changed places."""
    return (
        min(len(one), len(other)) >= SLIPPED and OSA.distance(one, other, score_cutoff=1) <= 1
    )


@lru_cache(maxsize=50_000)
def _family(one: str, other: str) -> str:
    """How two family names compare."""
    if not one or not other:
        return "missing_family"
    if one == other:
        return "same_family"

    first, second = one.replace(" ", ""), other.replace(" ", "")
    if first == second or heard(first) == heard(second):
        return "spelling_family"
    ones, others = {*one.split()}, {*other.split()}
    if any(len(word) >= SLIPPED for word in ones & others):
        return "part_of_family"

    return "slip_family" if is_slip(first, second) else "other_family"


def _phones(one: Person, other: Person, counts: Counts, *, at_work: bool) -> list[str]:
    if not one.phones or not other.phones:
        return []

    ones, others = {*one.phones.split("\n")}, {*other.phones.split("\n")}
    if both := ones & others:
        often = min(counts.of(f"p {phone}") for phone in both)
        if often <= RARE:
            return ["phone_of_firm" if at_work else "same_phone"]
        return ["phone_of_few" if often <= FEW and not at_work else "phone_of_many"]
    if any(is_slip(first, second) for first in ones for second in others):
        return ["slip_phone"]

    return ["other_phone"]


@lru_cache(maxsize=10_000)
def _birthdays(one: str, other: str) -> tuple[str, ...]:
    if not one or not other:
        return ()
    if one == other or (
        min(len(one), len(other)) < len("YYYY-MM-DD") and one[-5:] == other[-5:]
    ):
        return ("same_birthday",)

    is_turned = one[:4] == other[:4] and one[-5:-3] == other[-2:] and one[-2:] == other[-5:-3]
    return ("slip_birthday",) if is_turned or is_slip(one, other) else ("other_birthday",)


def _emails(one: Person, other: Person) -> list[str]:
    if not one.emails or not other.emails:
        return []
    for first in one.emails.split("\n"):
        for second in other.emails.split("\n"):
            if is_slip(first, second):
                return ["slip_email"]
    if both := {*local_parts(one)} & {*local_parts(other)}:
        made = {*f"{one.given} {one.family}".split()}
        return [
            "name_in_local"
            if all(_is_made_of(local, made) for local in both)
            else "same_local"
        ]

    return ["other_email"]


def _is_made_of(local: str, names: set[str]) -> bool:
    """Whether a local part tells no more than the name, which stands beside it anyway."""
    for name in sorted(names, key=len, reverse=True):
        local = local.replace(name, "", 1)
    return len(local) < RARE


def _addresses(
    one: Person, other: Person, counts: Counts, *, at_work: bool
) -> Iterator[Found]:
    if one.street and other.street:
        if one.street == other.street and (
            one.place == other.place or not one.place or not other.place
        ):
            name = "address_of_firm" if at_work else "same_address"
            yield Found(name, counts.bits(f"s {one.street} {one.place}"))
        elif is_slip(one.street, other.street) and house_number(one.street) == house_number(
            other.street
        ):
            yield Found("slip_address")
        else:
            yield Found("other_address")
    if one.city and other.city:
        if one.city == other.city:
            yield Found("same_city", counts.bits(f"t {one.city}"))
        else:
            yield Found("slip_city" if is_slip(one.city, other.city) else "other_city")


def _companies(
    one: Person, other: Person, counts: Counts, *, other_family: bool
) -> Iterator[Found]:
    if not one.company or not other.company:
        return
    if one.company == other.company:
        yield Found(
            "colleague" if other_family else "same_company", counts.bits(f"c {one.company}")
        )
    else:
        is_same = is_slip(one.company, other.company)
        yield Found("slip_company" if is_same else "other_company")
