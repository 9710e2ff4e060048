"""Addresses as people and programs put them into a cell."""

import pytest

from tests.checking.test_validation import check, codes
from webapp.checking import emails
from webapp.checking.cleaning import cleaned, cleaned_column
from webapp.limits import MOST_ADDRESSES
from webapp.vocabulary import messages


@pytest.mark.parametrize(
    "text",
    [
        "mailto:anna@example.com",
        "MAILTO:anna@example.com?subject=Hello",
        "SMTP:anna@example.com",
        "E-Mail: anna@example.com",
        "anna@example.com.",
        "anna@example.com;",
        "<anna@example.com>",
        '"anna@example.com"',
        "'anna@example.com",
        "'anna@example.com'",
        "(anna@example.com)",
        "an\u200bna@exam\u00adple.com",
        "\u202aanna@example.com\u202c",
        '<a href="mailto:anna@example.com">anna@example.com</a>',
    ],
)
def test_what_stands_around_an_address_comes_off(text):
    row = check(email=text)
    assert (row.values, row.email_key) == (
        {"email": "anna@example.com"},
        "anna@example.com",
    )
    assert (row.problems, row.custom) == ([], None)


@pytest.mark.parametrize(
    ("text", "further"),
    [
        ("anna@example.com; a@example.org", ["a@example.org"]),
        ("anna@example.com, a@example.org", ["a@example.org"]),
        ("anna@example.com,A@example.org;b@example.org", ["A@example.org", "b@example.org"]),
        ("anna@example.com / a@example.org", ["a@example.org"]),
        ("anna@example.com/a@example.org", ["a@example.org"]),
        ("anna@example.com a@example.org", ["a@example.org"]),
        ("anna@example.com\na@example.org", ["a@example.org"]),
        ("anna@example.com or a@example.org", ["a@example.org"]),
        ("anna@example.com ::: a@example.org", ["a@example.org"]),
        ("Keller, Anna <anna@example.com>; Keller, Ben <a@example.org>", ["a@example.org"]),
        ("anna@example.com; ANNA@example.com; a@example.org", ["a@example.org"]),
    ],
)
def test_of_several_addresses_the_first_is_the_main_one(text, further):
    row = check(email=text)
    assert (row.email_key, row.custom, row.problems) == ("anna@example.com", None, [])
    assert row.further_emails == [
        {"value": value, "key": value.lower(), "label": None} for value in further
    ]


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("anna@example.com; unknown", "unknown"),
        ("anna@@example; anna@example.com", "anna@@example"),
        ("anna@example.com; x@; y", "x@; y"),
    ],
)
def test_a_further_address_that_is_none_is_left_out_with_a_warning(text, bad):
    row = check(email=text)
    assert (row.status, row.email_key, row.further_emails) == (
        "valid",
        "anna@example.com",
        None,
    )
    assert [(found.code, found.value, found.severity) for found in row.problems] == [
        ("email_further_invalid", bad, "warning")
    ]


def test_words_beside_addresses_are_their_labels():
    row = check(email="work: anna@example.com; a@example.org (privat); x@example.org (old)")
    assert (row.email_key, row.email_label) == ("anna@example.com", "work")
    assert [(found["key"], found["label"]) for found in row.further_emails] == [
        ("a@example.org", "home"),
        ("x@example.org", None),
    ]


def test_of_many_addresses_the_first_twenty_are_taken():
    row = check(email="; ".join(f"person.{number}@example.com" for number in range(50)))
    assert (row.email_key, row.status) == ("person.0@example.com", "valid")
    assert [found["key"] for found in row.further_emails] == [
        f"person.{number}@example.com" for number in range(1, MOST_ADDRESSES)
    ]
    assert [(found.code, found.value, found.severity) for found in row.problems] == [
        ("addresses_exceed", "person.20@example.com", "warning")
    ]
    said = messages.of_problem(row.problems[0].as_json(), row.row)
    assert f"at most {MOST_ADDRESSES} of each" in said


@pytest.mark.parametrize(
    "text",
    [
        "Anna Okafor <anna@example.com>",
        '"Okafor, Anna" <anna@example.com>',
        "Okafor, Anna <anna@example.com>",
        "Anna Okafor (anna@example.com)",
        "anna@example.com (Anna Okafor)",
        "'Anna Okafor' <anna@example.com>; b@example.com",
    ],
)
def test_a_name_beside_the_address_is_used_where_the_row_has_none(text):
    row = check(email=text)
    assert (row.values["first_name"], row.values["last_name"], row.email_key) == (
        "Anna",
        "Okafor",
        "anna@example.com",
    )
    named = check(email=text, first_name="Annie")
    assert (named.values["first_name"], named.values.get("last_name")) == ("Annie", None)


@pytest.mark.parametrize(
    "text",
    [
        "john,doe@example.com",
        "john doe@example.com",
        "tom @example.com",
        "a@b@example.com",
        "anna@example",
        "see anna@example.com",
        "Anna <anna@example>",
    ],
)
def test_what_is_no_address_for_sure_is_refused(text):
    assert codes(check(email=text)) == [("email_invalid", "error")]


def test_an_address_within_exchange_leaves_the_row_to_its_name():
    text = "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn=0a1b-ruth"
    row = check(email=text, first_name="Ruth")
    assert (row.values, row.email_key, row.status) == ({"first_name": "Ruth"}, None, "valid")
    assert [(p.code, p.severity, p.value) for p in row.problems] == [
        ("email_exchange", "warning", text)
    ]


def test_an_address_that_is_one_stays_to_the_letter():
    for text in ("Anna.O'Neil+x@Example.COM", "josé@exämple.com"):
        assert emails.read(text) == emails.Address(text, emails.key_of(text))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="01067"', "01067"),
        (' ="01067" ', "01067"),
        ('="say ""hello"""', 'say "hello"'),
        ('="a"&"b"', '="a"&"b"'),
        ('=""', ""),
        ("=1+1", "=1+1"),
    ],
)
def test_a_formula_that_is_only_a_text_is_the_text(cell, text):
    assert cleaned(cell, "") == text
    assert cleaned_column(["x", cell], "") == ["x", text]
