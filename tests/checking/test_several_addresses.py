"""Several e-mails and phones of one row: which are taken, in which order, under which label."""

import pytest

from webapp.checking import mapping
from webapp.checking.checked_rows import CheckedRow
from webapp.checking.validation import Checker
from webapp.limits import MOST_ADDRESSES
from webapp.reading import readers, vcard_records
from webapp.reading.labels import address_label, address_label_of
from webapp.reading.records import Limits, Position, Record
from webapp.vocabulary.messages import of_problem


def judged(columns: str, *cells: str, targets=None, **options) -> CheckedRow:
    """The row under these columns, mapped as it is suggested."""
    labels = columns.split("|")
    targets = targets or mapping.suggest(labels, [list(cells)])
    mapping.check(targets, labels)
    checker = Checker(targets, columns=labels, default_country="GB", **options)
    return checker.check(Record(2, list(cells), None, Position(0, 2)))


def emails(row: CheckedRow) -> list[tuple]:
    further = [(one["key"], one["label"]) for one in row.further_emails or []]
    return [(row.email_key, row.email_label), *further] if "email" in row.values else further


def phones(row: CheckedRow) -> list[tuple]:
    further = [(one["key"] or one["value"], one["label"]) for one in row.further_phones or []]
    main = row.phone_key or row.values.get("phone")
    return [(main, row.phone_label), *further] if main else further


def codes(row: CheckedRow) -> list[tuple]:
    return [(found.code, found.severity) for found in row.problems]


GOOGLE = "E-mail 1 - Label|E-mail 1 - Value|E-mail 2 - Label|E-mail 2 - Value"
GOOGLE_PHONES = (
    "E-mail 1 - Value|Phone 1 - Label|Phone 1 - Value|Phone 2 - Label|Phone 2 - Value"
)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (
            ["Work", "a@example.com", "* Home", "b@example.com"],
            [("b@example.com", "home"), ("a@example.com", "work")],
        ),
        (
            ["* ", "a@example.com ::: c@example.com", "Summer house", "b@example.com"],
            [("a@example.com", None), ("c@example.com", None), ("b@example.com", "other")],
        ),
        (
            ["Work", "a@example.com", "* Home", "b@example.com ::: c@example.com"],
            [("b@example.com", "home"), ("a@example.com", "work"), ("c@example.com", "home")],
        ),
        (["Work", "", "Home", "b@example.com"], [("b@example.com", "home")]),
        (["", "a@example.com", "* ", "A@example.com"], [("a@example.com", None)]),
    ],
)
def test_labels_beside_addresses_and_a_star_for_the_main_one(cells, found):
    row = judged(GOOGLE, *cells)
    assert (emails(row), row.problems, row.custom) == (found, [], None)


def test_a_fax_is_no_phone_but_a_custom_field():
    cells = ["a@example.com", "Work Fax", "020 7946 0011", "* Mobile", "020 7946 0012"]
    row = judged(GOOGLE_PHONES, *cells)
    assert phones(row) == [("+442079460012", "mobile")]
    assert row.custom == {"Work Fax": "020 7946 0011"}


def test_labels_of_columns():
    columns = (
        "E-mail Address|Home Phone|Business Phone|Business Phone 2|Mobile Phone|Other Phone"
    )
    numbers = [f"020 7946 001{number}" for number in range(5)]
    row = judged(columns, "a@example.com", *numbers)
    assert phones(row) == [
        ("+442079460010", "home"),
        ("+442079460011", "work"),
        ("+442079460013", "mobile"),
        ("+442079460012", "work"),
        ("+442079460014", "other"),
    ]
    assert emails(row) == [("a@example.com", None)]


def test_a_second_column_comes_behind_wherever_it_stands():
    row = judged("Secondary Email|Email", "b@example.com", "a@example.com")
    assert [key for key, _ in emails(row)] == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Work Email", "work"), ("Telefon geschäftlich", "work"), ("Dienstnummer", "work"),
        ("Téléphone professionnel", "work"), ("Arbetstelefon", "work"), ("İş Telefonu", "work"),
        ("Рабочий телефон", "work"), ("会社電話", "work"), ("회사 전화", "work"), ("HOMEPHONE", "home"),
        ("Telefon (privat)", "home"), ("Teléfono de casa", "home"), ("自宅電話", "home"),
        ("Домашний телефон", "home"), ("Kotipuhelin", "home"), ("Handy", "mobile"), ("Mobiltelefon", "mobile"),
        ("Business mobile", "mobile"), ("Tél. portable", "mobile"), ("Telefone celular", "mobile"),
        ("Cep Telefonu", "mobile"), ("携帯電話", "mobile"), ("휴대폰", "mobile"), ("手机", "mobile"),
        ("Other Phone", "other"), ("Autre téléphone", "other"), ("E-mail 2 Address", None),
        ("What is your e-mail?", None), ("Phone", None), ("Primary Phone", None),
    ],
)  # fmt: skip
def test_what_a_columns_label_says(text, label):
    assert address_label(text) == label


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("* Work", "work"), ("HOME", "home"), ("cell", "mobile"), ("Main", None), ("internet", None), ("* ", None),
        ("SMTP", None), ("Summer house", "other"), ("🏖", None), ("Privat", "home"), ("1", None),
    ],
)  # fmt: skip
def test_what_a_cell_of_labels_says(cell, label):
    assert address_label_of(cell) == label


def test_an_invalid_further_address_costs_nothing_but_itself():
    row = judged(
        "Name|Email|Email 2|Email 3", "Ann", "a@example.com", "ask Ann", "c@example.com"
    )
    assert (row.status, [key for key, _ in emails(row)]) == (
        "valid",
        ["a@example.com", "c@example.com"],
    )
    assert codes(row) == [("email_further_invalid", "warning")]
    assert "without “ask Ann”" in of_problem(row.problems[0].as_json(), 2)
    assert row.record, "it stays in the report"


@pytest.mark.parametrize(
    ("drop", "status", "code"),
    [
        (False, "invalid", ("email_no_at", "error")),
        (True, "valid", ("cell_dropped", "warning")),
    ],
)
def test_an_invalid_main_address_is_judged_as_where_it_is_alone(drop, status, code):
    cells = ["Ann", "ask Ann", "b@example.com"]
    row = judged("Name|Email|Email 2", *cells, drop_bad_cells=drop)
    assert (row.status, codes(row), emails(row)) == (status, [code], [("b@example.com", None)])


def test_a_row_whose_only_address_is_a_bad_further_one_needs_another_sign_of_a_person():
    row = judged("Email|Email 2", "", "ask Ann", targets=["email", "email"])
    assert (row.status, codes(row)) == (
        "invalid",
        [("email_further_invalid", "warning"), ("no_identity", "error")],
    )


def test_a_blank_first_column_leaves_the_place_to_the_next():
    row = judged("Name|Work Phone|Mobile", "Ann", "", "020 7946 0011")
    assert phones(row) == [("+442079460011", "mobile")]


def test_numbers_that_no_one_can_read_stay_as_text():
    row = judged("Name|Phone|Phone 2|Phone 3", "Ann", "020 7946 0011", "ask Ann", "ask Ann")
    assert phones(row) == [("+442079460011", None), ("ask Ann", None)]
    assert codes(row) == [("phone_unreadable", "warning")]
    row = judged("Name|Phone|Phone 2", "Ann", "020 7946 0011", "4.91E+11")
    assert (phones(row), codes(row)) == (
        [("+442079460011", None)],
        [("phone_shortened", "warning")],
    )


@pytest.mark.parametrize("text", ["ask " * 200, "ask " * 300])
def test_a_further_phone_that_is_too_long_is_left_out(text):
    row = judged("Name|Phone|Phone 2", "Ann", "020 7946 0011", text)
    assert (row.status, codes(row), len(phones(row))) == (
        "valid",
        [("too_long", "warning")],
        1,
    )
    row = judged("Name|Phone", "Ann", text)
    assert (row.status, codes(row)) == ("invalid", [("too_long", "error")])


def test_the_calling_code_counts_for_all_numbers_of_the_row():
    row = judged(
        "Name|Calling code|Phone|Phone 2", "Ann", "+49", "030 1234567", "0170 1234567"
    )
    assert phones(row) == [("+49301234567", None), ("+491701234567", None)]
    assert "calling_code" not in row.values


def test_at_most_twenty_of_a_kind():
    columns = "|".join(["Name", *["Email"] * 25, *["Phone"] * 25])
    mails = [f"a{number}@example.com" for number in range(25)]
    numbers = [f"020 7946 00{number}" for number in range(10, 35)]
    row = judged(columns, "Ann", *mails, *numbers)
    assert [len(emails(row)), len(phones(row))] == [MOST_ADDRESSES, MOST_ADDRESSES]
    assert codes(row) == [("addresses_exceed", "warning")] * 10
    assert row.status == "valid"
    assert row.record


@pytest.mark.parametrize(
    ("cells", "clears", "found", "said"),
    [
        (["-", ""], ["email"], [], []),
        (["-", "-"], ["email"], [], [1]),
        (["-", "b@example.com"], None, ["b@example.com"], [0]),
        (["a@example.com", "-"], None, ["a@example.com"], [1]),
        (["", "-"], None, [], [1]),
    ],
)
def test_the_word_that_clears_counts_in_the_first_column_only(cells, clears, found, said):
    row = judged(
        "Email|Email 2|Name", *cells, "Ann", targets=["email", "email", "full_name"],
        clear_token="-",
    )  # fmt: skip
    assert ([key for key, _ in emails(row)], row.status) == (found, "valid")
    assert [name for name in row.clears or [] if name == "email"] == (clears or [])
    assert [(problem.code, problem.column) for problem in row.problems] == [
        ("clear_ignored", column) for column in said
    ]
    for problem in row.problems:
        assert "first column of the e-mail" in of_problem(problem.as_json(), 2)


def test_a_word_that_clears_a_label_clears_nothing():
    row = judged("Email|Email label", "a@example.com", "-", clear_token="-")
    assert (row.clears, emails(row), row.problems) == (None, [("a@example.com", None)], [])


def test_labels_of_one_row_are_not_those_of_the_next():
    labels = GOOGLE.split("|")
    checker = Checker(["email_label", "email"] * 2, columns=labels)
    cells = [
        ["Work", "a@example.com", "* Home", "b@example.com"],
        ["", "c@example.com", "", ""],
    ]
    rows = checker.check_block(
        [Record(n, c, None, Position(0, n)) for n, c in enumerate(cells)]
    )
    assert emails(rows[1]) == [("c@example.com", None)]
    again = checker.check(Record(0, ["", "d@example.com", "", ""], None, Position(0, 0)))
    assert emails(again) == [("d@example.com", None)]


CARD = b"""BEGIN:VCARD
VERSION:3.0
N:Ames;Ruth;;;
EMAIL;TYPE=INTERNET,HOME:home@example.com
EMAIL;TYPE=INTERNET,WORK,pref:work@example.com
item1.EMAIL;TYPE=INTERNET:boat@example.com
item1.X-ABLabel:Boat
TEL;TYPE=WORK,FAX:+44 20 7946 0013
TEL;TYPE=HOME,VOICE:+44 20 7946 0012
TEL;TYPE=CELL,VOICE;PREF=1:+44 20 7946 0011
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Tom Hay
EMAIL;PREF=2;TYPE=home:b@example.com
EMAIL;PREF=1;TYPE=work:a@example.com
EMAIL:c@example.com
END:VCARD
"""


def of_cards(dialect=None) -> tuple[list[str], list[CheckedRow]]:
    """The columns, and the rows as they are checked."""
    source = readers.BytesSource(CARD)
    head = readers.inspect(source, "cards.vcf")
    columns = head.columns
    if dialect:
        columns = vcard_records._columns(source, dialect, Limits())
    records = list(readers.records(source, dialect or head.dialect))
    targets = mapping.suggest(columns, [record.cells for record in records])
    return columns, Checker(targets, columns=columns).check_block(records)


def test_cards_give_their_addresses_in_the_order_of_preference():
    columns, (ruth, tom) = of_cards()
    assert emails(ruth) == [
        ("work@example.com", "work"),
        ("home@example.com", "home"),
        ("boat@example.com", "other"),
    ]
    assert phones(ruth) == [("+442079460011", "mobile"), ("+442079460012", "home")]
    assert ruth.custom == {"Phone (work fax)": "+44 20 7946 0013"}
    assert emails(tom) == [
        ("a@example.com", "work"),
        ("b@example.com", "home"),
        ("c@example.com", None),
    ]
    assert columns[-3:] == ["Phone 2", "Phone 2 label", "Phone (work fax)"]


def test_cards_of_an_upload_from_before_keep_their_columns():
    """Their mapping goes by the columns' places."""
    before = readers.Dialect("vcard", "utf-8", None, None, 0)
    columns, (ruth, _) = of_cards(before)
    assert columns == [
        "Full name", "Last name", "First name", "Email", "Email (Boat)", "Email (home)", "Email (work)",
        "Phone (home)", "Phone (mobile)", "Phone (work fax)",
    ]  # fmt: skip
    assert (ruth.values["first_name"], ruth.values["last_name"]) == ("Ruth", "Ames")
