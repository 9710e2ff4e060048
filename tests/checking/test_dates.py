"""Dates as people write them."""

import pytest

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
        ("23rd of Apr", None),
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
