"""Dates as people write them."""

import re
from datetime import date, timedelta

import pytest
from babel import Locale

from tests.checking.test_validation import check
from tests.house import cldr
from webapp.checking import dates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1985-04-23", "1985-04-23"),
        ("1985/4/3", "1985-04-03"),
        ("1985-04-23T00:00:00Z", "1985-04-23"),
        ("19850423", "1985-04-23"),
        ("23.4.1985", "1985-04-23"),
        ("23. 4. 85", "1985-04-23"),
        ("23/04/1985", "1985-04-23"),
        ("04/23/1985", "1985-04-23"),
        ("5/5/1985", "1985-05-05"),
        ("23 April 1985", "1985-04-23"),
        ("23rd of Apr", "--04-23"),
        ("April 23, 1985", "1985-04-23"),
        ("--04-23", "--04-23"),
        ("04/23", "--04-23"),
        ("23.4.", "--04-23"),
        ("29/02", "--02-29"),
        ("31.2.1985", None),
        ("1066-10-14", None),
        ("0000-00-00", None),
        ("", None),
        ("1" * 100, None),
        ("Apr 1111111111111111111111 1985", None),
    ],
)
def test_reading(text, value):
    assert dates.read(text, None).value == value


@pytest.mark.parametrize(
    ("order", "value"), [("dmy", "1985-04-03"), ("mdy", "1985-03-04"), (None, None)]
)
def test_what_is_ambiguous_is_not_guessed(order, value):
    found = dates.read("03/04/1985", order)
    assert (found.value, found.ambiguous) == (value, order is None)
    assert (dates.read("03/04", order).value, dates.read("03/04", order).ambiguous) == (
        value and f"-{value[4:]}",
        order is None,
    )


@pytest.mark.parametrize("text", ["0/0/00", "00/00/0000", "0000-00-00"])
def test_outlooks_no_date_is_blank(text):
    assert dates.read(text, None).blank


@pytest.mark.parametrize(
    "text",
    [
        "4/23/1985 0:00:00",
        "23.04.1985 00:00:00",
        "1985-04-23T00:00:00+02:00",
        "23/04/1985 12:00 AM",
        "1985-04-23 08:15",
        "31160",
        "31160.0",
        "15-Mar-85",
        "15-MAR-1985",
        "23 April 1985",
    ],
)
def test_days_with_something_beside_them(text):
    found = dates.read(text, None)
    assert found.value in {"1985-04-23", "1985-03-15"}
    assert found.told is None


LANGUAGES = """
    23 April 1985 | 23rd of April, 1985 | Tuesday, 23 Apr 1985 | 23. April 1985 | Di., 23. Apr. 1985
    23 avril 1985 | mardi 23 avr. 1985 | 23 de abril de 1985 | 23 abr 1985 | 23 aprile 1985
    23 apr. 1985 | dinsdag 23 april 1985 | 23 kwietnia 1985 | 23. dubna 1985 | 23 апреля 1985 \u0433.
    23 Nisan 1985 | 1985. április 23. | 23. huhtikuuta 1985 | 23. april 1985 | 23 апр. 1985
    1985年4月23日 | 1985년 4월 23일
"""


@pytest.mark.parametrize(
    "text", [text.strip() for text in re.split(r"[|\n]", LANGUAGES) if text.strip()]
)
def test_months_by_name(text):
    assert dates.read(text, None) == dates.Found("1985-04-23")


def test_every_month_of_every_language_is_known_by_its_name():
    for language in cldr.MONTHS_IN:
        for number, name in Locale(language).months["format"]["wide"].items():
            found = dates.read(f"14 {name} 1985", None)
            assert found.value == f"1985-{number:02}-14", (language, name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14 May", "--05-14"),
        ("May 14th", "--05-14"),
        ("1. März", "--03-01"),
        ("29 Feb", "--02-29"),
    ],
)
def test_a_day_without_a_year(text, value):
    assert dates.read(text, None).value == value


def test_two_digits_of_a_year_never_mean_a_day_to_come():
    today = date.today()  # noqa: DTZ011 - a birthday has no zone
    found = dates.read(f"{today + timedelta(days=1):%d.%m.%y}", None)
    assert found.value is None or found.value < today.isoformat()
    assert dates.read(f"{today:%d.%m.%y}", None).value == today.isoformat()
    assert dates.read("29.02.04", None).value == "2004-02-29"
    assert dates.read(f"1.1.{today.year + 1}", None) == dates.TO_COME


@pytest.mark.parametrize("text", ["1985", "04/1985", "April 1985", "Mar-85"])
def test_a_year_alone_is_told_and_leaves_the_birthday_blank(text):
    row = check(email="a@example.com", birthday=text)
    assert (row.values.get("birthday"), row.status) == (None, "valid")
    assert [(p.code, p.severity, p.value) for p in row.problems] == [
        ("date_incomplete", "warning", text)
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1985-04-23T22:00:00.000Z", "date_zone"),
        ("1985-04-23T23:00:00+00:00", "date_zone"),
        ("1985-04-23 10:00 PM UTC", "date_zone"),
        ("1985-04-23T12:00:00Z", None),
        ("1985-04-23T04:00:00Z", None),
        ("1985-04-23T22:00:00", None),
    ],
)
def test_a_zone_that_may_move_the_day_is_told(text, told):
    row = check(email="a@example.com", birthday=text)
    assert row.values["birthday"] == "1985-04-23"
    assert [p.code for p in row.problems] == ([told] if told else [])


@pytest.mark.parametrize(
    "text",
    [
        "1/1/4501",
        "4501-01-01",
        "0",
        "00.01.1900",
        "1900-01-00",
        "1/0/1900",
        "1899-12-30 00:00:00",
    ],
)
def test_what_programs_write_for_no_date_is_blank(text):
    assert dates.read(text, None).blank


def test_apples_year_is_none():
    assert dates.read("1604-04-23", None).value == "--04-23"
