"""What a cell was probably meant to say: cases with their right answers, and that the check takes
whatever is suggested.
"""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from webapp.checking import suggestions
from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record

EMAILS = {
    "olu.brown @acme.example": ("olu.brown@acme.example", " "),
    " olu.brown@ acme.example": ("olu.brown@acme.example", " "),
    "ruth.castano@@acme.example": ("ruth.castano@acme.example", "@@"),
    "k.okafor(at)lumiere.example": ("k.okafor@lumiere.example", "(at)"),
    "k.okafor [AT] lumiere.example": ("k.okafor@lumiere.example", " [AT] "),
    "p.taylor at north.example": ("p.taylor@north.example", " at "),
    "x (at) acme [dot] com": ("x@acme.com", " (at) acme [dot] "),
    "chloe.jones@lumiere,example": ("chloe.jones@lumiere.example", ","),
    "john,doe@lumiere.example": ("john.doe@lumiere.example", ","),
    "chloe.jones@lumiere..example": ("chloe.jones@lumiere.example", ".."),
    "chloe.jones@.lumiere.example": ("chloe.jones@lumiere.example", "."),
    "sean.nunez@gmail.con": ("sean.nunez@gmail.com", "con"),
    "liam.conti@gmial.com": ("liam.conti@gmail.com", "gmial"),
    "liam.conti@hotmal.com": ("liam.conti@hotmail.com", "hotmal"),
    "liam.conti@yahoo.co": ("liam.conti@yahoo.com", "co"),
    "liam.conti@acme.con": ("liam.conti@acme.com", "con"),
    "ann@gmailcom": ("ann@gmail.com", "com"),
    "ann@acmecom": ("ann@acme.com", "com"),
    "ann @@ gmail,com": ("ann@gmail.com", " @@ gmail,"),
}
NO_EMAILS = [
    *("info", "jean@", "@lumiere.example", "see card", "call me at work", "none at all", ""),
    *(
        "a b@c.example",
        "ann@example.com, ben@@",
        "ann(at)x(at)y.example",
        "at",
        "ann@localhost",
    ),
    *("ann@telecom", "@@", "...", "x" * 300 + "@@acme.example", "ann@acme.example"),
]
RIGHT = [
    *("ann@gmail.com", "ann@mail.com", "ann@ymail.com", "ann@cloud.com", "ann@gmx.at"),
    *("ann@yahoo.de", "ann@yahoo.se", "ann@hotmail.co.uk", "ann@web.de", "ann@acme.co"),
    *(
        "ann@live.fr",
        "ann@outlook.com",
        "ann@gmil-studio.example",
        "ann@aol.com",
        "ann@xmail.com",
    ),
]


@pytest.mark.parametrize("cell", EMAILS)
def test_an_address(cell):
    found = suggestions.of_email(cell)
    assert (found.value, cell[found.begin : found.end]) == EMAILS[cell]


@pytest.mark.parametrize("cell", NO_EMAILS)
def test_what_is_not_guessed(cell):
    row = suggestions.Row([cell], ["email"])
    for code in suggestions.EMAIL_CODES:
        assert suggestions.suggested(code, 0, row) is None


@pytest.mark.parametrize("address", RIGHT)
def test_a_domain_that_is_right(address):
    assert not suggestions.is_misspelt(address)


@pytest.mark.parametrize(
    ("cell", "value", "mark"),
    [
        ("04.23.1985", "1985-04-23", "04.23"),
        ("1985-23-04", "1985-04-23", "23-04"),
        ("O4/23/1985", "1985-04-23", "O"),
        ("2O.01.1999", "1999-01-20", "O"),
        (" 04.23.85 ", "1985-04-23", "04.23"),
    ],
)
def test_a_date(cell, value, mark):
    found = suggestions.of_date(cell, None)
    assert (found.value, cell[found.begin : found.end]) == (value, mark)


@pytest.mark.parametrize(
    "cell", ["31/02/1980", "31.02.1980", "1985-13-13", "32.01.1999", "soon", "04.23.2985", ""]
)
def test_a_day_that_there_is_in_no_order(cell):
    assert suggestions.of_date(cell, "dmy") is None


def test_a_phone_with_letters_for_digits():
    found = suggestions.of_phone("+49 3O l234567", None)
    assert found.value == "+49 30 1234567"
    assert suggestions.of_phone("Ollo", "DE") is None
    assert suggestions.of_phone("030 1234567", "DE") is None


def checked(cells, mapping):
    checker = Checker(mapping)
    return checker.check(Record(2, cells, None, Position(0, 2)))


def test_swapped_columns():
    row = checked(["Anna Keller", "anna@acme.example"], ["email", "full_name"])
    (problem,) = row.problems
    assert (problem.suggestion, problem.also) == ("anna@acme.example", {1: "Anna Keller"})
    assert problem.as_json()["mark"] == (0, 11)

    # Both columns hold an address, or the cell is no name: which is which is not known.
    two = ["Anna", "anna@acme.example", "ben@acme.example"]
    assert checked(two, ["email", "first_name", "last_name"]).problems[0].suggestion is None
    assert (
        checked(["4711", "a@b.example"], ["email", "last_name"]).problems[0].suggestion is None
    )


def test_first_and_last_names_are_never_guessed():
    assert checked(["Keller", "Anna"], ["first_name", "last_name"]).problems == []


def test_a_misspelt_domain_is_told_and_imported():
    row = checked(["ann@gmial.com"], ["email"])
    (problem,) = row.problems
    assert (row.status, problem.code, problem.severity) == (
        "valid",
        "email_misspelt",
        "warning",
    )
    assert problem.suggestion == "ann@gmail.com"


def test_a_cell_that_is_dropped_keeps_its_suggestion():
    checker = Checker(["email", "first_name"], drop_bad_cells=True)
    row = checker.check(Record(2, ["ann(at)acme.example", "Ann"], None, Position(0, 2)))
    assert [(p.code, p.suggestion) for p in row.problems] == [
        ("cell_dropped", "ann@acme.example")
    ]


PIECES = st.lists(
    st.sampled_from(
        [
            *("ann", "b.keller", "@", "@@", " ", "(at)", "[at]", " at ", ".", "..", ",", ";"),
            *(
                "gmail",
                "gmial",
                "acme",
                "com",
                "con",
                "co",
                "example",
                "dot",
                "\u00e9",
                "O",
                "1",
            ),
            *("04", "23", "1985", "/", "-", "+49", "30", "\t", "\xa0", "<", ">"),
        ]
    ),
    max_size=9,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.text(max_size=30), min_size=5, max_size=5))
def test_the_check_takes_what_is_suggested(cells):
    mapping = ["email", "birthday", "phone", "full_name", "custom:Note"]
    row = checked(cells, mapping)

    for problem in [problem for problem in row.problems if problem.suggestion is not None]:
        begin, end = problem.mark
        assert 0 <= begin <= end <= len(cells[problem.column])
        assert problem.suggestion != cells[problem.column].strip()
        better = list(cells)
        better[problem.column] = problem.suggestion

        for column, text in (problem.also or {}).items():
            better[column] = text

        told = {(p.code, p.column) for p in checked(better, mapping).problems}
        assert not {code for code, column in told if column == problem.column} & (
            suggestions.CODES | {"too_long"}
        )


@settings(max_examples=200, deadline=None)
@given(st.emails())
def test_a_right_address_is_left_alone(address):
    assume(not suggestions.is_misspelt(address.lower()))
    assert checked([address, "Ann"], ["email", "first_name"]).problems == []
