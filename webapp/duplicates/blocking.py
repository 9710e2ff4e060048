"""Which contacts are compared at all: those that share a key, such as a phone or a family name in
one town.

Comparing all with all would grow with the square of the book. Each contact has at most MOST_KEYS
keys; a block of more than LARGEST contacts is sorted, and each is compared with the next few.
So a book of n contacts is compared in at most n x MOST_KEYS x NEXT steps.
"""

import zlib
from collections.abc import Iterator

from webapp.duplicates.people import Person, heard, local_parts

MOST_KEYS = 16
LARGEST = 6  # contacts of a block that are all compared
NEXT = 3  # contacts of a larger block that each is compared with


def keys(one: Person) -> list[int]:
    """The keys of a contact, as 32 bits each; two that meet by chance cost one comparison."""
    found = dict.fromkeys(_texts(one))
    return [zlib.crc32(key.encode()) for key in list(found)[:MOST_KEYS]]


def _texts(one: Person) -> Iterator[str]:
    given = one.given.split()
    first = heard(given[0]) if given else ""

    if first and one.heard:
        yield from _of_names(one, first)
    if one.heard:
        yield from _of_family(one)
    if first:
        yield from _of_given(one, first)
    if one.street and one.place:
        yield f"door {one.street} {one.place}"
    for phone in filter(None, one.phones.split("\n")[:2]):
        yield f"phone {phone}"
    for local in local_parts(one)[:2]:
        # Many a given name with two digits is someone else's too.
        yield (
            f"mail {local} {one.city[:3]}"
            if first and local.startswith(first) and len(local) <= len(first) + 3
            else f"mail {local}"
        )


def _of_names(one: Person, first: str) -> Iterator[str]:
    # In one order, so that names that changed places meet.
    yield "name " + " ".join(sorted((first, one.heard)))
    yield f"head {first[:2]} {one.heard[:4]} {one.place[:3]}"
    yield f"tail {first[:3]} {one.heard[-4:]} {one.place[:3]}"


def _of_family(one: Person) -> Iterator[str]:
    if one.city:
        yield f"town {one.heard} {one.city}"
    if one.company:
        yield f"firm {one.heard} {one.company}"
    if one.birthday:
        yield f"born {one.heard[:5]} {one.birthday[-5:]}"


def _of_given(one: Person, first: str) -> Iterator[str]:
    if one.company:
        yield f"work {first} {one.company}"
    if one.birthday:
        yield f"day {first[:1]} {one.birthday}"
        yield f"year {first} {one.birthday[:4]} {one.city}"
    if one.street:
        yield f"home {first[:1]} {one.street} {one.city[:3]}"
