"""Whole names, taken apart: a list of invented people from many cultures, with the right answer for
each, and what becomes of a name in a row.
"""

from pathlib import Path

import pytest

from tests.corpus import make
from webapp.checking import mapping, names
from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record

LEAST_RIGHT = 0.95
LIST = Path(make.__file__).parent / "names.txt"


def entries():
    """Culture, order, text, and the seven parts of each name of the list."""
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            culture, text, *parts = line.split("|")
            culture, _, order = culture.strip().partition(",")
            parts = [*(part.strip() for part in parts), *[""] * 7][:7]
            order = names.FAMILY_FIRST if order == "family" else names.GIVEN_FIRST
            yield culture, order, text[1:].removesuffix(" "), names.Name(*parts)


ENTRIES = list(entries())


def test_the_list_is_long_enough_to_say_something():
    assert len({text for _, _, text, _ in ENTRIES}) >= 200
    assert len({culture for culture, *_ in ENTRIES}) >= 20


def test_nearly_all_names_are_taken_apart_rightly():
    wrong = [text for _, order, text, name in ENTRIES if names.read(text, order) != name]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(ENTRIES), wrong


@pytest.mark.parametrize("order", names.ORDERS)
def test_no_name_loses_a_word(order):
    for _, _, text, _ in ENTRIES:
        assert letters(" ".join(names.read(text, order))) >= letters(text) - MARKERS, text


MARKERS = {"née", "nee", "geb", "geborene", "o", "s", "z", "domu", "født"}


def letters(text):
    """The words of a text, without their signs; M. Sc. is one."""
    bare = "".join(c if c.isalnum() or c == "\U0001f31f" else " " for c in text)
    return set(bare.split())


def test_the_short_cut_agrees_with_the_long_way():
    for _, order, text, _ in ENTRIES:
        if names._is_plain(text, text.split()) and len(text.split()) == 2:
            assert names.read(text, order) == names._between_commas(text, order)


def row(target, text, *, more=(), **options):
    cells = [text, *(value for _, value in more)]
    targets = [target, *(name for name, _ in more)]
    record = Record(2, cells, None, Position(0, 2))
    return Checker(targets, **options).check(record)


def test_the_order_is_the_columns_where_the_name_does_not_say():
    given, family = row("full_name", "Szabo Anna"), row("full_name_family_first", "Szabo Anna")
    assert (given.values["last_name"], family.values["last_name"]) == ("Anna", "Szabo")
    same = row("full_name_family_first", "Szabo, Anna")
    assert same.values == {"first_name": "Anna", "last_name": "Szabo"}


def test_a_whole_name_says_all_its_parts():
    found = row("full_name", "Zucchero")
    assert found.values == {"first_name": "Zucchero"}
    assert found.clears == [f"name:{part}" for part in names.PARTS]


def test_a_part_with_a_column_of_its_own_is_said_there():
    found = row("full_name", "Eva Moser", more=[("prefix", "")])
    assert found.clears == [f"name:{part}" for part in names.PARTS if part != "prefix"]


def test_nicknames_and_birth_names_are_kept():
    found = row("full_name", 'Eva "Evi" Moser geb. Holt')
    assert (found.values["last_name"], found.custom) == (
        "Moser",
        {"Nickname": "Evi", "Birth name": "Holt"},
    )


@pytest.mark.parametrize(
    "company",
    ["Nordwind GmbH", "Nordwind GmbH & Co. KG", "Holt Ltd", "Holt, Inc.", "Nordwind S.p.A."],
)
def test_a_company_in_the_column_of_names_is_one(company):
    found = row("full_name", company, more=[("email", "office@example.com")])
    assert found.values == {"company": company, "email": "office@example.com"}
    assert found.clears is None


def test_a_company_alone_in_its_row_names_the_contact():
    found = row("full_name", "Nordwind GmbH", more=[("city", "Kiel")])
    assert found.status == "valid"
    assert found.values["first_name"] == found.values["company"] == "Nordwind GmbH"


@pytest.mark.parametrize("person", ["Anna Incroce", "Co Nguyen", "Aktie Berg", "Limit Holt"])
def test_a_person_is_no_company(person):
    assert "company" not in row("full_name", person).values


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ("Name, Vorname", "full_name_family_first"),
        ("Nom et prénom", "full_name_family_first"),
        ("Cognome e nome", "full_name_family_first"),
        ("Prénom et nom", "full_name"),
        ("Vor- und Nachname", "full_name"),
        ("Full name", "full_name"),
    ],
)
def test_a_label_tells_the_order(label, target):
    assert mapping.suggest([label, "E-mail"], [["Eva Moser", "eva@example.com"]])[0] == target
