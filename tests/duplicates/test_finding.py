"""Possible duplicates, in made-up books of seeds that the weights were not fitted to."""

import math
import random
from contextlib import closing

import pytest

from tests.corpus.books import book
from webapp.duplicates import blocking
from webapp.duplicates.finding import Search
from webapp.duplicates.people import COLUMNS

HELD_OUT = (401, 402)
FIELD_OF = {"email_key": "email", "phone_key": "phone"}


@pytest.mark.parametrize("contacts", [6_000, 25_000])
def test_finds_who_stands_twice_and_few_others(contacts):
    """Recall and precision in small and large books alike, of which a third are near and not."""
    found = right = there = near = 0
    for seed in HELD_OUT:
        made = book(contacts, seed)
        pairs = {(pair.low, pair.high) for pair in _searched(made.entries)[0]}
        found += len(pairs)
        right += len(pairs & made.same)
        there += len(made.same)
        near += len(made.near)

    assert near >= (near + there) / 3
    print(f"recall {right / there:.4f}, precision {right / found:.4f}")  # noqa: T201 - the figure
    assert right >= RECALL * there
    assert right >= PRECISION[contacts] * found


RECALL, PRECISION = 0.95, {6_000: 0.96, 25_000: 0.98}


def test_comparisons_grow_no_worse_than_n_log_n():
    """Counted, and within a tenth; `bench/duplicates.py` measures up to 200,000 contacts."""
    sizes = (6_250, 12_500, 25_000, 50_000)
    compared = [_searched(book(size, HELD_OUT[0]).entries)[1] for size in sizes]
    print(dict(zip(sizes, compared, strict=True)))  # noqa: T201 - the figure
    each = [
        count / (size * math.log2(size)) for size, count in zip(sizes, compared, strict=True)
    ]
    assert max(each) <= GROWTH * each[0]


GROWTH = 1.1
LOPEZ = {"first_name": "Ana", "last_name": "Lopez Vega", "company": "Acme", "city": "Vigo"}


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({"first_name": "Ana", "last_name": "Lopez Vega"}, 0),  # a namesake
        ({"first_name": "Ana", "last_name": "Lopez Vega", "city": "Vigo"}, 1),
        ({"first_name": "Lopez Vega", "last_name": "Ana"}, 1),  # the name the other way round
        ({"first_name": "Ana", "company": "Acme"}, 1),
        ({"first_name": "Eva", "last_name": "Lopez Vega", "city": "Vigo"}, 0),  # a family
    ],
)
def test_one_weak_key_alone_compares_nobody(other, count):
    assert _searched([LOPEZ, other])[1] == count


def test_the_same_pairs_in_whichever_order_contacts_come():
    entries = list(enumerate(book(1_500, HELD_OUT[0]).entries))
    shuffled = random.Random(1).sample(entries, len(entries))  # noqa: S311 - a test's order
    assert _found(entries)[0] == _found(shuffled)[0]


def test_few_are_compared():
    _pairs, compared = _searched(book(6_000, HELD_OUT[0]).entries)
    assert 0 < compared <= 6_000 / 4


def test_a_book_of_one_name_is_not_compared_all_with_all():
    entries = [{"first_name": "Ann", "last_name": "Lee", "city": "Leeds"}] * 3_000
    pairs, compared = _searched(entries)
    assert compared <= len(entries) * blocking.MOST_KEYS * blocking.NEXT
    assert pairs == []


def _searched(entries):
    return _found(list(enumerate(entries)))


def _found(numbered):
    with closing(Search()) as search:
        for number, entry in numbered:
            search.add([number, *(_value(entry, column) for column in COLUMNS[1:])])
        return search.pairs(), search.compared


def _value(entry, column):
    return [] if column.startswith("further") else entry.get(FIELD_OF.get(column, column))
