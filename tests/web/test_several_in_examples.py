"""Examples on the review page, where a contact has several e-mails."""

import pytest

from webapp.reports import wording
from webapp.web import examples

NOW = {
    "email": "ann@example.com",
    "email_key": "ann@example.com",
    "further_emails": [{"value": "a@home.example", "key": "a@home.example", "label": "home"}],
    "first_name": "Ann",
}


def said(email: str, **of_change: list) -> dict[str, str]:
    """The value of the file that is passed over, by field."""
    file = {"email": email, "email_key": email.lower(), "first_name": "Anna"}
    before = {"first_name": "Ann", **{name: [] for name in of_change}}
    example = {"now": NOW, "file": file, "before": before}
    lines = examples.changes({**example, "after": {"first_name": "Anna", **of_change}})
    return {line.field: line.passed_over for line in lines if line.passed_over}


@pytest.mark.parametrize("email", ["ANN@example.com", "A@home.example"])
def test_an_address_that_the_contact_has_is_not_passed_over(email):
    assert said(email) == {}


def test_one_that_it_has_not_is():
    assert said("new@example.com") == {"email": "new@example.com"}


def test_nor_is_one_that_comes_behind_the_others():
    added = [{"value": "new@example.com", "key": "new@example.com", "label": None}]
    assert said("new@example.com", further_emails=added) == {}


def test_a_list_reads_as_people_write_it():
    shown = wording.shown(
        [{"value": "a@b.example", "key": "a@b.example", "label": "work"}, "x"]
    )
    assert shown == "a@b.example (work), x"
    assert wording.shown([]) == ""
