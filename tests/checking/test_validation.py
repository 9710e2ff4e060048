"""Cells → values, keys and problems: each rule with its code."""

import pytest

from webapp.checking.validation import Checker
from webapp.reading.readers import Position, Record

COLUMNS = [
    "email",
    "phone",
    "country",
    "first_name",
    "last_name",
    "birthday",
    "tags",
    "notes",
    "custom:Shoe",
]


def check(
    problem: str | None = None,
    *,
    targets: list[str] | None = None,
    options: dict | None = None,
    **cells: str,
):
    targets = targets or COLUMNS
    record = Record(
        7,
        [cells.get(target.replace("custom:", ""), "") for target in targets],
        problem,
        Position(0, 7),
    )
    return Checker(targets, **{"default_country": "DE", **(options or {})}).check(record)


def codes(row) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in row.problems]


def test_a_whole_row():
    row = check(
        email=" Anna.Okafor+news@Example.COM ",
        phone="030 1234567",
        first_name="Anna",
        birthday="23.4.1985",
        tags="fair; vip, fair",
        notes="two\nlines",
        Shoe="39",
    )
    assert (row.row, row.status, row.problems, row.record) == (7, "valid", [], None)
    assert row.values == {
        "email": "Anna.Okafor+news@Example.COM",
        "phone": "+49301234567",
        "first_name": "Anna",
        "birthday": "1985-04-23",
        "notes": "two\nlines",
    }
    assert (row.email_key, row.phone_key) == ("anna.okafor+news@example.com", "+49301234567")
    assert (row.tags, row.custom) == (["fair", "vip"], {"Shoe": "39"})


@pytest.mark.parametrize(
    ("cells", "code", "severity", "field"),
    [
        ({"email": "anna at example.com"}, "email_no_at", "error", "email"),
        ({"email": "anna@example"}, "email_invalid", "error", "email"),
        ({"email": "a" * 255 + "@example.com"}, "too_long", "error", "email"),
        ({"first_name": "x" * 201}, "too_long", "error", "first_name"),
        ({"email": "a@example.com", "Shoe": "x" * 10_001}, "too_long", "error", "custom:Shoe"),
        ({"phone": "call me"}, "phone_unreadable", "warning", "phone"),
        (
            {"email": "a@example.com", "birthday": "03/04/1985"},
            "date_ambiguous",
            "error",
            "birthday",
        ),
        (
            {"email": "a@example.com", "birthday": "31.2.1985"},
            "date_unreadable",
            "error",
            "birthday",
        ),
        (
            {"email": "a@example.com", "birthday": "sometime in the spring of 1985"},
            "date_unreadable",
            "error",
            "birthday",
        ),
        ({"notes": "who is it"}, "no_identity", "error", None),
    ],
)
def test_each_rule_has_its_code(cells, code, severity, field):
    row = check(**cells)
    assert codes(row) == [(code, severity)]
    assert row.problems[0].field == field
    assert row.status == ("invalid" if severity == "error" else "valid")
    assert row.record is not None


def test_a_number_that_cannot_be_read_stays_as_it_is():
    for text in ("call me", "+49 30 1234567, evenings or " + "x" * 60):
        row = check(phone=text)
        assert (row.values["phone"], row.phone_key, row.status) == (text, None, "valid")


@pytest.mark.parametrize(
    ("text", "country", "shown", "key"),
    [
        ("0301234567", "", "+49301234567", "+49301234567"),
        ("01 42 68 53 00", "France", "+33142685300", "+33142685300"),
        ("01 42 68 53 00", "Frankreich", "+33142685300", "+33142685300"),
        ("(650) 253-0000", "us", "+16502530000", "+16502530000"),
        ("020 7031 3000", "UK", "+442070313000", "+442070313000"),
        ("030 1234567 x12", "", "+49301234567 ext. 12", "+49301234567;ext=12"),
        ("Tel. 030 1234567", "", "Tel. 030 1234567", "+49301234567"),
        ("030 1234567 evenings", "", "030 1234567 evenings", None),
        ("030 1234567", "Atlantis", "030 1234567", None),
    ],
)
def test_numbers_are_read_in_the_rows_country(text, country, shown, key):
    row = check(phone=text, country=country)
    assert (row.values["phone"], row.phone_key) == (shown, key)


def test_the_country_may_stand_behind_the_phone():
    row = check(phone="01 42 68 53 00", country="FR")
    assert row.phone_key == "+33142685300"


def test_tags_may_stand_in_lines():
    assert check(email="a@example.com", tags="VIP\nvip\nClub").tags == ["VIP", "Club"]


def test_several_values_of_google_in_one_cell():
    row = check(
        email="a@example.com ::: b@example.com",
        phone="+49 30 1234567 ::: +49 30 7654321",
        tags="* a ::: b",
    )
    assert (row.email_key, row.phone_key, row.tags) == (
        "a@example.com",
        "+49301234567",
        ["a", "b"],
    )
    assert [found["key"] for found in row.further_emails] == ["b@example.com"]
    assert [found["key"] for found in row.further_phones] == ["+49307654321"]


NAMES = ["full_name", "first_name", "last_name", "email"]


@pytest.mark.parametrize(
    ("whole", "first", "last"),
    [
        ("Anna Okafor", "Anna", "Okafor"),
        ("Okafor, Anna", "Anna", "Okafor"),
        ("Anna van der Berg", "Anna", "van der Berg"),
        ("Martin King Jr.", "Martin", "King"),
        ("Martin King, Jr.", "Martin", "King"),
        ("Cher", "Cher", None),
    ],
)
def test_full_names_are_split(whole, first, last):
    row = check(targets=NAMES, full_name=whole)
    assert (row.values.get("first_name"), row.values.get("last_name"), row.custom) == (
        first,
        last,
        None,
    )


def test_a_full_name_beside_names_is_kept_only_where_it_says_more():
    same = check(targets=NAMES, full_name="Anna Okafor", first_name="Anna", last_name="Okafor")
    turned = check(
        targets=NAMES, full_name="Okafor, Anna", first_name="Anna", last_name="Okafor"
    )
    other = check(targets=NAMES, full_name="Annie O.", first_name="Anna", last_name="Okafor")
    half = check(targets=NAMES, full_name="Anna Okafor", first_name="Anna")
    assert (same.custom, turned.custom) == (None, None)
    assert other.values == {"first_name": "Anna", "last_name": "Okafor"}
    assert other.custom == {"Full name": "Annie O."}
    assert (half.values, half.custom) == ({"first_name": "Anna"}, {"Full name": "Anna Okafor"})


def test_cells_are_trimmed_composed_and_freed_of_control_characters():
    row = check(
        first_name="\u00a0Zo\u0065\u0308\x00\x07 ",
        last_name="a\tb\r\nc",
        email="\ufeffa@example.com\u200b",
        notes="a\tb\x1b",
    )
    assert row.values["first_name"] == "Zoë"
    assert row.values["last_name"] == "a b c"
    assert row.email_key == "a@example.com"
    assert row.values["notes"] == "a\tb"


@pytest.mark.parametrize("sign", "=+-@\t\r\n＝＋－＠")  # noqa: RUF001
def test_quotes_that_protect_from_formulas_come_off(sign):
    row = check(email="a@example.com", first_name=f"'{sign}1", last_name="'tHart")
    assert row.values["first_name"] == f"{sign}1".strip()
    assert row.values["last_name"] == "'tHart"


def test_a_protected_number_is_a_number():
    assert check(phone="'+49 30 1234567").phone_key == "+49301234567"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("01067", "01067"),
        ("'01067", "01067"),
        ("1067.0", "1067"),
        ("12.50", "12.50"),
        ("'12.0", "12.0"),  # as an export protects it
        ("''12", "'12"),
        ("10.0.0", "10.0.0"),
        ("'s", "'s"),
    ],
)
@pytest.mark.parametrize("field", ["external_id", "postal_code"])
def test_digits_that_are_no_amount_lose_what_a_program_added(field, cell, value):
    row = check(targets=[field, "email"], **{field: cell, "email": "a@example.com"})
    assert row.values[field] == value


def test_the_clear_token_clears():
    row = check(
        targets=NAMES, full_name="-", email="a@example.com", options={"clear_token": "-"}
    )
    assert (row.clears, row.values) == (
        ["prefix", "first_name", "middle_name", "last_name", "suffix"],
        {"email": "a@example.com"},
    )


@pytest.mark.parametrize("cell", ["null", "NULL", "Null"])
def test_the_clear_token_counts_in_either_case(cell):
    row = check(
        targets=["email", "company"],
        email="a@example.com",
        company=cell,
        options={"clear_token": "NULL"},
    )
    assert (row.clears, row.values) == (["company"], {"email": "a@example.com"})


def test_more_cells_than_columns():
    judge = Checker(["email", None]).check
    assert codes(judge(Record(2, ["a@example.com", "x", " ", ""], None, Position(0, 2)))) == []
    wide = judge(Record(2, ["a@example.com", "x", "", "y"], None, Position(0, 2)))
    assert (codes(wide), wide.problems[0].column) == ([("too_many_cells", "error")], 2)
    assert codes(judge(Record(2, ["a@example.com"], "too_many_cells", Position(0, 2)))) == [
        ("too_many_cells", "error")
    ]


def test_what_reading_found_is_told_at_the_cell():
    lost = check("undecodable", email="a@example.com", first_name="J\ufffdrgen", Shoe="\ufffd")
    assert [(p.code, p.column, p.field, p.value) for p in lost.problems] == [
        ("undecodable", 3, "first_name", "J\ufffdrgen"),
        ("undecodable", 8, "custom:Shoe", "\ufffd"),
    ]
    assert lost.status == "invalid"
    before = check("damaged_characters", email="a@example.com", first_name="J\ufffdrgen")
    assert (codes(before), before.status) == ([("damaged_characters", "warning")], "valid")
    assert before.values["first_name"] == "J\ufffdrgen"


@pytest.mark.parametrize("code", ["unclosed_quote", "cell_too_long", "row_too_long"])
def test_a_broken_row_has_one_problem(code):
    row = check(code, email="no address", birthday="never")
    assert (codes(row), row.status, row.values) == ([(code, "error")], "invalid", {})
    assert row.record is not None


def test_a_warning_does_not_stand_for_an_identity():
    assert codes(check("damaged_characters", notes="\ufffd")) == [
        ("damaged_characters", "warning"),
        ("no_identity", "error"),
    ]


def test_the_column_proves_the_order_of_day_and_month():
    checker = Checker(["email", "birthday"])
    for birthday in ("03/04/1985", "23/04/1985"):
        checker.check(Record(2, ["a@example.com", birthday], None, Position(0, 2)))
    assert checker.proven_date_order() == "dmy"
    checker.check(Record(3, ["a@example.com", "04/23/1985"], None, Position(0, 3)))
    assert checker.proven_date_order() is None
    row = Checker(["email", "birthday"], date_order="mdy").check(
        Record(2, ["a@example.com", "03/04/1985"], None, Position(0, 2))
    )
    assert row.values["birthday"] == "1985-03-04"


def checked_row(mapping, cells, **options):
    row = Checker(mapping, default_country="GB", **options).check(
        Record(2, cells, None, Position(0, 2))
    )
    return row.status, {**row.values, **(row.custom or {})}


FURTHER_PHONES = ["email", "phone", "custom:Home Phone", "custom:Mobile Phone"]


def test_a_further_number_fills_a_blank_phone():
    cells = ["a@example.com", "", "", "020 7946 0011"]
    assert checked_row(FURTHER_PHONES, cells)[1] == {
        "email": "a@example.com",
        "phone": "+442079460011",
    }
    cells = ["a@example.com", "", "020 7946 0011", "07700 900123"]
    assert checked_row(FURTHER_PHONES, cells)[1] == {
        "email": "a@example.com",
        "phone": "+442079460011",
        "Mobile Phone": "07700 900123",
    }
    cells = ["a@example.com", "", "ask Ann", ""]
    assert checked_row(FURTHER_PHONES, cells)[1] == {
        "email": "a@example.com",
        "Home Phone": "ask Ann",
    }
    cells = ["a@example.com", "-", "020 7946 0011", ""]
    assert checked_row(FURTHER_PHONES, cells, clear_token="-")[1] == {
        "email": "a@example.com",
        "Home Phone": "020 7946 0011",
    }


def test_a_further_address_fills_a_blank_one():
    mapping = ["email", "custom:Work Email", "custom:E-mail (further)"]
    assert checked_row(mapping, ["", "b@example.com", ""])[1] == {"email": "b@example.com"}
    assert checked_row(mapping, ["", "ask Ann", "c@example.com"]) == (
        "invalid",
        {"Work Email": "ask Ann", "E-mail (further)": "c@example.com"},
    )


def test_a_field_that_no_column_goes_to_is_not_filled():
    assert checked_row(["email", "custom:Mobile"], ["a@example.com", "020 7946 0011"])[1] == {
        "email": "a@example.com",
        "Mobile": "020 7946 0011",
    }


def test_a_house_number_joins_the_street():
    german, english = ["email", "street", "house_number"], ["email", "house_number", "street"]
    assert checked_row(german, ["a@example.com", "Elbweg", "3"])[1]["street"] == "Elbweg 3"
    assert checked_row(german, ["a@example.com", "Elbweg 3", "3"])[1]["street"] == "Elbweg 3"
    assert (
        checked_row(english, ["a@example.com", "3", "Mill Lane"])[1]["street"] == "3 Mill Lane"
    )
    assert "street" not in checked_row(german, ["a@example.com", "", "3"])[1]
