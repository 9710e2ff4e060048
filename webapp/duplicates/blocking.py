"""Which contacts are compared at all: those that share a key, such as a phone or a street and its
town, or two weak ones, such as a name and a family name in one town.

Comparing all with all would grow with the square of the book, and so would comparing all who share
a weak key: in a book twice as large, each name stands twice as often. Each contact has at most
MOST_KEYS keys; a block of more than LARGEST contacts is sorted, and each is compared with the next
few. So a book of n contacts is compared in at most n x MOST_KEYS x NEXT steps.
"""

import zlib
from collections.abc import Iterator
from enum import IntEnum

from webapp.duplicates.people import Person, heard, local_parts

MOST_KEYS = 16
LARGEST = 6  # contacts of a block that are all compared
NEXT = 3  # contacts of a larger block that each is compared with


class Kind(IntEnum):
    """What a key alone is worth, as its lowest two bits tell."""

    STRONG = 0  # two who share it are compared
    WEAK = 1  # two who share it and another one
    NAME = 2  # weak, but for two of whom one has the given name as the family name


Text = tuple[Kind, str]


def keys(one: Person) -> list[int]:
    """The keys of a contact, as 32 bits each; two that meet by chance cost one comparison."""
    found = dict.fromkeys(_texts(one))
    return [zlib.crc32(text.encode()) & ~3 | kind for kind, text in list(found)[:MOST_KEYS]]


def kind_of(key: int) -> Kind:
    """What a key alone is worth."""
    return Kind(key & 3)


def first(one: Person) -> int:
    """The first of the given names as it sounds, as 32 bits: it tells two apart who share a key of
    their name and have it the other way round.
    """
    given, _, _ = one.given.partition(" ")
    return zlib.crc32(heard(given).encode())


def _texts(one: Person) -> Iterator[Text]:
    given = one.given.split()
    first = heard(given[0]) if given else ""

    if first and one.heard:
        yield from _of_names(one, first)
    if one.heard:
        yield from _of_family(one)
    if first:
        yield from _of_given(one, first)
    if one.street and one.place:
        yield Kind.STRONG, f"door {one.street} {one.place}"
    for phone in filter(None, one.phones.split("\n")[:2]):
        yield Kind.STRONG, f"phone {phone}"
    for local in local_parts(one)[:2]:
        # Many a given name with two digits is someone else's too.
        is_given = first and local.startswith(first) and len(local) <= len(first) + 3
        yield Kind.WEAK, f"mail {local} {one.city[:3]}" if is_given else f"mail {local}"


def _of_names(one: Person, first: str) -> Iterator[Text]:
    # In one order, so that names that changed places meet; of several given names all, since they
    # may be the words of a family name.
    yield Kind.NAME, "name " + " ".join(sorted((first, one.heard)))
    if " " in one.given:
        whole = heard(one.given.replace(" ", ""))
        yield Kind.NAME, "name " + " ".join(sorted((whole, one.heard)))
    yield Kind.WEAK, f"head {first[:2]} {one.heard[:4]} {one.place[:3]}"
    yield Kind.WEAK, f"tail {first[:3]} {one.heard[-4:]} {one.place[:3]}"


def _of_family(one: Person) -> Iterator[Text]:
    if one.city:
        yield Kind.WEAK, f"town {one.heard} {one.city}"
    if one.company:
        yield Kind.STRONG, f"firm {one.heard} {one.company}"
    if one.birthday:
        yield Kind.WEAK, f"born {one.heard[:5]} {one.birthday[-5:]}"


def _of_given(one: Person, first: str) -> Iterator[Text]:
    if one.company:
        yield Kind.STRONG, f"work {first} {one.company}"
    if one.birthday:
        yield Kind.WEAK, f"day {first[:1]} {one.birthday}"
        yield Kind.STRONG, f"year {first} {one.birthday[:4]} {one.city}"
    if one.street:
        yield Kind.STRONG, f"home {first[:1]} {one.street} {one.city[:3]}"
