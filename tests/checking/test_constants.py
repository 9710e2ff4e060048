"""What is given for all rows of a file: values for fields that it lacks, and tags."""

import pytest

from webapp.checking import constants, names
from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record
from webapp.vocabulary.fields import CUSTOM, FIELDS, TARGETS
from webapp.vocabulary.refusals import Refusal

TARGETS_OF_FILE = ["email", "full_name", "phone", "tags", "custom:Shoe"]


def checked(*rows, given=None, tag=None, targets=TARGETS_OF_FILE, **choices):
    of_all = constants.row_of_all(given or {}, tag, **choices)
    judge = Checker(targets, of_all=of_all, **choices)
    records = [
        Record(number, list(cells), None, Position(0, number))
        for number, cells in enumerate(rows, 2)
    ]
    return judge.check_block(records)


def refusal(given=None, tag=None, **choices) -> Refusal:
    with pytest.raises(Refusal) as refused:
        constants.check(TARGETS_OF_FILE, given or {}, tag, **choices)
    return refused.value


def test_each_row_has_them_as_if_they_stood_in_cells_of_it():
    given = {"country": "Germany", "custom:Source": " Fair ", "birthday": "12 May 1980"}
    columns = [*TARGETS_OF_FILE, *given, "tags"]
    rows = [
        ("ann@example.com", "Ann Ash", "030 90123456", "", "40"),
        ("", "", "", "", ""),
        ("ben@", "Ben", "12", "", ""),
    ]
    wide = [column for column in columns if column != "tags"] + ["tags"]
    in_cells = [(*row[:3], row[4], *given.values(), "fair, 2024") for row in rows]
    expected = checked(*in_cells, targets=wide)
    for row, other in zip(
        checked(*rows, given=given, tag="fair, 2024"), expected, strict=True
    ):
        assert (row.status, row.values, row.custom, row.tags) == (
            other.status,
            other.values,
            other.custom,
            other.tags,
        )
        assert [p.code for p in row.problems] == [p.code for p in other.problems]


def test_the_country_of_all_rows_tells_how_their_phones_are_read():
    row = ("ann@example.com", "", "030 90123456", "", "")
    (german,) = checked(row, given={"country": "Allemagne"}, default_country="US")
    assert (german.phone_key, german.values["country"]) == ("+493090123456", "Allemagne")
    assert checked(row, default_country="US")[0].phone_key is None


def test_the_tag_comes_behind_those_of_the_row_and_once():
    rows = [("a@example.com", "", "", tags, "") for tags in ("", "vip", "Fair; vip", "N/A")]
    assert [row.tags for row in checked(*rows, tag="fair, 2024")] == [
        ["fair", "2024"],
        ["vip", "fair", "2024"],
        ["Fair", "vip", "2024"],
        ["fair", "2024"],
    ]


def test_rows_share_no_values():
    first, second = checked(
        ("a@example.com", "", "", "", "40"),
        ("b@example.com", "", "", "vip", ""),
        given={"custom:Source": "Fair", "city": "Ulm"},
        tag="fair",
    )
    assert (first.custom, second.custom) == (
        {"Source": "Fair", "Shoe": "40"},
        {"Source": "Fair"},
    )
    assert (first.tags, second.tags) == (["fair"], ["vip", "fair"])


def test_a_row_that_says_nothing_of_its_own_is_no_contact_for_it():
    (row,) = checked(("", "", "", "", "40"), given={"company": "Acme"}, tag="fair")
    assert (row.status, [p.code for p in row.problems]) == ("invalid", ["no_identity"])


def test_what_is_offered_is_taken_and_all_else_refused():
    for name in constants.OFFERED:
        constants.check(["email"], {name: "1990-02-03"}, None)
    for name in TARGETS.keys() - set(constants.OFFERED):
        with pytest.raises(Refusal) as refused:
            constants.check([None], {name: "1990-02-03"}, None)
        expected = "constant_tags" if name == "tags" else "constant_of_one"
        assert (refused.value.code, refused.value.at) == (expected, f"/constants/{name}")
    assert {field.name for field in FIELDS if field.identifies} <= constants.OF_ONE
    assert set(names.PARTS) <= constants.OF_ONE


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"email": "a@example.com"}, "constant_of_one"),
        ({"external_id": "7"}, "constant_of_one"),
        ({"full_name": "Ann Ash"}, "constant_of_one"),
        ({"suffix": "Jr."}, "constant_of_one"),
        ({"email_label": "work"}, "constant_of_one"),
        ({"custom:Shoe": "40"}, "constant_mapped"),
        ({"custom: sHOE ": "40"}, "constant_mapped"),
        ({"custom:Hat": "1", "custom:HAT": "2"}, "constant_twice"),
        ({"land": "Germany"}, "constant_unknown"),
        ({"id": "1"}, "constant_unknown"),
        ({"": "1"}, "constant_unknown"),
        ({CUSTOM: "1"}, "constant_unknown"),
        ({"custom:a\nb": "1"}, "constant_unknown"),
        ({"country": ""}, "constant_blank"),
        ({"country": "\u200b "}, "constant_blank"),
        ({"country": "#N/A"}, "constant_blank"),
        ({"company": "n/a"}, "constant_blank"),
        ({"birthday": "31/02/1980"}, "date_unreadable"),
        ({"birthday": "03/04/1980"}, "date_ambiguous"),
        ({"birthday": "1980"}, "date_incomplete"),
        ({"city": "x" * 201}, "too_long"),
        ({"custom:a/b~c": "x" * 10_001}, "too_long"),
    ],
)
def test_what_cannot_hold_for_all_rows_is_refused(given, code):
    found = refusal(given)
    assert found.code == code
    *_, last = given
    assert found.at == f"/constants/{last.replace('~', '~0').replace('/', '~1')}"
    assert "…" not in found.sentence
    assert "row" not in found.sentence.replace("all rows", "")


def test_a_value_is_judged_by_the_choices_of_its_file():
    constants.check(["email"], {"birthday": "03/04/1980"}, None, date_order="dmy")
    constants.check(["email"], {"company": "N/A"}, None, blank_words=[])
    assert refusal({"company": "Del"}, clear_token="del").code == "constant_blank"
    constants.check(["email"], {"country": "NA"}, None)  # Namibia


def test_a_tag_that_says_nothing_is_refused():
    for tag in ("", " ", ", ,", "N/A", "x" * 2001):
        found = refusal(tag=tag)
        assert (found.code, found.at) == (
            "too_long" if len(tag) > 2000 else "constant_blank",
            "/tag",
        )
