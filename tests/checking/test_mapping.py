"""Labels and values → targets, and which mappings are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.checking import mapping
from webapp.reading.headers import labels_of
from webapp.reading.labels import named, normalised
from webapp.vocabulary import fields
from webapp.vocabulary.refusals import Refusal


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ("E-Mail", "email"),
        ("EMAIL_ADDRESS", "email"),
        ("emailAddress", "email"),
        ("Work Email", "email"),
        ("Email2", "email"),
        ("Téléphone portable", "phone"),
        ("Straße (privat)", "street"),
        ("PLZ", "postal_code"),
        ("Fax", None),
        ("Business Fax", None),
        ("Tel. priv.", "phone"),
        ("Tel. dienstl.", "phone"),
        ("Date de naiss.", "birthday"),
        ("D.O.B.", "birthday"),
        ("Born", "birthday"),
        ("Born in", None),
        ("Geboren in", None),
        ("Vor- & Nachname", "full_name"),
        ("E-mail Type", "email_label"),
        ("Phone 1 - Label", "phone_label"),
        ("Assistant's Phone", None),
        ("Birth Day", None),
        ("Home", None),
        ("2", None),
        ("", None),
        ("x" * 5_000, None),
    ],
)
def test_labels_name_fields(label, target):
    found = named(label)
    assert (found.target if found else None) == target


def test_every_field_goes_by_its_own_label_and_each_alias():
    for field in fields.TARGETS.values():
        for rank, alias in enumerate([field.label, *field.aliases.split("|")]):
            assert named(alias) is not None, alias
            if rank < 5:
                assert named(alias).target == field.name, alias


def suggested(columns: str, *rows: str) -> list[str | None]:
    return mapping.suggest(columns.split(","), [row.split(",") for row in rows])


def test_all_e_mails_and_phones_of_the_contact_go_to_the_fields():
    columns = "Home Phone,Mobile,Email,Fax,E-mail 2,Phone"
    assert suggested(columns, ",0170 1,a@example.com,030 2,b@example.com,030 1") == [
        "phone", "phone", "email", "custom:Fax", "email", "phone",
    ]  # fmt: skip


def test_columns_called_home_and_work_hold_what_their_values_are():
    columns = "Email,Home,Work,Office"
    assert suggested(columns, "a@example.com,030 1234567,b@example.com,Room 7") == [
        "email", "phone", "email", "custom:Office",
    ]  # fmt: skip


def test_an_address_that_others_share_is_no_further_one():
    columns = "Email,Work Email"
    rows = ["a@example.com,office@example.com", "b@example.com,office@example.com"]
    assert suggested(columns, *rows) == ["email", "custom:Work Email"]
    assert suggested("Email,Billing Email", "a@example.com,b@example.com") == [
        "email", "custom:Billing Email",
    ]  # fmt: skip
    assert suggested("Email,Buyer Email", "a@example.com,b@example.com") == [
        "email", "custom:Buyer Email",
    ]  # fmt: skip
    assert suggested("Name,Billing Email", "Ann Ash,b@example.com")[1] == "email"


@pytest.mark.parametrize(
    ("columns", "row", "targets"),
    [
        (
            "E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value",
            "* Work,a@example.com,Summer house,b@example.com",
            ["email_label", "email", "email_label", "email"],
        ),
        (
            "E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value",
            "* ,a@example.com,Home,b@example.com",
            ["email_label", "email", "email_label", "email"],
        ),
        (
            "Email,Email label,Billing Email,Billing Email label",
            "a@example.com,Home,b@example.com,Work",
            ["email", "email_label", "custom:Billing Email", "custom:Billing Email label"],
        ),
        ("Email,Phone,Phone Type", "a@example.com,030 1,Mobile", ["email", "phone", "phone_label"]),
        ("E-mail Address,E-mail Type", "a@example.com,SMTP", ["email", "custom:E-mail Type"]),
        ("E-mail Address,E-mail Type", "a@example.com,", ["email", "custom:E-mail Type"]),
        ("Email,Phone Type", "a@example.com,Android", ["email", "custom:Phone Type"]),
        ("Name,Phone label", "Ann Ash,Mobile", ["full_name", "custom:Phone label"]),
    ],
)  # fmt: skip
def test_columns_of_labels_are_told_by_their_values_too(columns, row, targets):
    assert suggested(columns, row) == targets


def test_the_better_label_wins_over_the_earlier_one():
    columns = "Role,Email,Job Title"
    assert suggested(columns, "Owner,a@example.com,") == ["custom:Role", "email", "job_title"]


def test_a_label_of_two_fields_goes_to_the_second_where_a_column_fits_the_first_better():
    assert suggested("Title,Email,Job Title", "Dr.,a@example.com,") == [
        "prefix",
        "email",
        "job_title",
    ]
    assert suggested("Title,Email", "Owner,a@example.com") == ["job_title", "email"]
    assert suggested("Salutation,Title,Email", "Ms.,Owner,a@example.com") == [
        "prefix",
        "job_title",
        "email",
    ]
    columns = "Salutation,Title,Email,Job Title"
    assert suggested(columns, "Ms.,Dr.,a@example.com,Owner") == [
        "prefix",
        "custom:Title",
        "email",
        "job_title",
    ]


def test_an_address_comes_from_one_place():
    columns = "Email,Home City,Business City,Business Street"
    assert suggested(columns, "a@example.com,,Rome,Via 1") == [
        "email",
        "custom:Home City",
        "city",
        "street",
    ]
    assert suggested(columns, "a@example.com,Oslo,,") == [
        "email", "city", "custom:Business City", "custom:Business Street",
    ]  # fmt: skip


def test_addresses_of_somebody_else_are_no_suggestion():
    rows = ["boss@example.com,Ann", "boss@example.com,Ben", "boss@example.com,Cy"]
    assert suggested("Contact owner,Name", *rows) == ["custom:Contact owner", "full_name"]
    assert suggested("Sent by,Name", *rows) == ["custom:Sent by", "full_name"]


@pytest.mark.parametrize(
    ("rows", "target"),
    [
        ([("Ann Lee", "ann.lee@example.com"), ("Bob Ray", "bray@example.com")], "full_name"),
        ([("Zoë Öz", "zoe@example.com"), ("Lee, Ann", "ann@example.com")], "full_name"),
        ([("New York", "ann@example.com"), ("Los Angeles", "bob@example.com")], None),
        ([("Acme Ltd", "info@acme.example"), ("Beta Corp", "x@beta.example")], None),
        ([("Ann Lee", "ann@example.com")], None),
    ],
)
@pytest.mark.parametrize("label", ["Column A", "Kunde", "Guest"])
def test_names_are_told_by_the_e_mails_beside_them(rows, target, label):
    suggested = mapping.suggest([label, "Email"], rows)
    assert suggested == [target or f"custom:{label}", "email"]


def test_names_of_others_stay_theirs():
    rows = [
        ("Ann Lee", "Bob Ray", "bob.ray@example.com"),
        ("Al Fox", "Cy Py", "cy@example.com"),
    ]
    labels = ["Kunde", "Account owner", "Email"]
    assert mapping.suggest(labels, rows) == ["custom:Kunde", "custom:Account owner", "email"]


def test_days_of_orders_are_no_birthdays():
    assert suggested("Email,Ordered on", "a@example.com,1999-01-05") == [
        "email",
        "custom:Ordered on",
    ]
    assert suggested("Email,Column B", "a@example.com,2099-01-05") == [
        "email",
        "custom:Column B",
    ]


def test_a_street_with_lines_belongs_to_its_town():
    columns = "Email,Address Line 1,Address Line 2,Town,Postcode"
    assert suggested(columns, "a@example.com,1 Mill Lane,Flat 2,Leeds,LS1 1AA") == [
        "email",
        "street",
        "custom:Address Line 2",
        "city",
        "postal_code",
    ]
    columns = "Email,Street 1,City 1,Street 2,City 2"
    assert suggested(columns, "a@example.com,,,2 Dock Road,Hull") == [
        "email",
        "custom:Street 1",
        "custom:City 1",
        "street",
        "city",
    ]


def test_an_address_takes_what_it_lacks_from_a_label_without_a_place():
    columns = "Email,Home Street,Home City,Country"
    assert suggested(columns, "a@example.com,Via 1,Rome,Italy") == [
        "email",
        "street",
        "city",
        "country",
    ]


def test_a_house_number_needs_its_street():
    columns = "Email,Straße,Hausnr.,Ort"
    assert suggested(columns, "a@example.com,Elbweg,3,Dresden")[2] == "house_number"
    assert suggested("Email,Hausnr.", "a@example.com,3") == ["email", "custom:Hausnr."]


@pytest.mark.parametrize(
    ("values", "target"),
    [
        (["Mrs", "Dr.", "Prof. Dr."], "prefix"),
        (["Herr", "Frau", ""], "prefix"),
        (["Director", "Buyer", "Dr."], "job_title"),
    ],
)
def test_a_title_is_told_by_its_values(values, target):
    rows = [f"{value},a{index}@example.com" for index, value in enumerate(values)]
    assert suggested("Title,Email", *rows) == [target, "email"]


def test_a_country_code_is_told_by_its_values():
    columns = "Email,Phone,Country Code"
    assert suggested(columns, "a@example.com,2079460011,GB")[2] == "country"
    assert suggested(columns, "a@example.com,2079460011,+44")[2] == "calling_code"


def test_name_beside_half_of_it():
    assert suggested("Name,Surname,Email", "Ann,Ash,a@example.com")[:2] == [
        "first_name",
        "last_name",
    ]
    assert suggested("Name,Surname,Email", "Ann Ash,Ash,a@example.com")[:2] == [
        "full_name",
        "last_name",
    ]
    assert suggested("First,Last,Email", "Ann,Ash,a@example.com")[:2] == [
        "first_name",
        "last_name",
    ]
    assert suggested("First,Email", "yes,a@example.com") == ["custom:First", "email"]


def test_columns_of_yes_and_no_hold_no_addresses():
    rows = ["a@example.com,yes,no", "b@example.com,no,no"]
    assert suggested("Reach at,Email,Phone", *rows) == [
        "email",
        "custom:Email",
        "custom:Phone",
    ]


def test_a_second_address_comes_after_the_first():
    columns = "Secondary Email,Email"
    assert suggested(columns, "b@example.com,a@example.com") == [
        "email",
        "email",
    ]


def test_custom_fields_are_called_as_in_the_book():
    columns, rows = ["Email", "shoe size", "SHOE SIZE"], [["a@example.com", "40", "41"]]
    assert mapping.suggest(columns, rows, ["Shoe Size", "Email"]) == [
        "email",
        "custom:Shoe Size",
        "custom:Shoe Size (2)",
    ]
    assert mapping.suggest(["Email", "GRO\u0308SSE"], rows, ["Größe", "gr\u00f6sse"])[1] == (
        "custom:gr\u00f6sse"
    )


def test_our_own_columns_are_left_out():
    columns = "Rowcall row,Rowcall outcome,Rowcall contact,Rowcall code,Rowcall reason,Email"
    assert suggested(columns, "7,invalid,,email_no_at,Give it an @.,a@example.com") == [
        None
    ] * 5 + ["email"]


LABELS = st.lists(
    st.sampled_from(["Email", "Name", "Phone", "Fax", "", " ", "Rowcall row"])
    | st.text(max_size=120),
    max_size=8,
)


@given(LABELS, st.data())
def test_whatever_the_file_no_value_is_lost_and_the_suggestion_is_a_mapping(cells, data):
    columns = labels_of(cells, len(cells))
    value = st.sampled_from(
        ["", " ", "a@example.com", "b@example.com", "+49 30 1234567", "1985-04-23", "x"]
    )
    sample = data.draw(st.lists(st.lists(value, max_size=len(columns) + 1), max_size=4))
    targets = mapping.suggest(columns, sample)
    for index, (label, target) in enumerate(zip(columns, targets, strict=True)):
        has_values = any(index < len(row) and row[index].strip() for row in sample)
        assert target or not has_values or normalised(label) in mapping.OURS
    mapping.check([*targets, None if "email" in targets else "email"], [*columns, "one more"])


@pytest.mark.parametrize(
    ("targets", "code", "index"),
    [
        (["email"], "mapping_length", None),
        (["email", "id"], "unknown_target", 1),
        (["user_id", "email"], "unknown_target", 0),
        (["email", "created_at"], "unknown_target", 1),
        (["email", "is_admin"], "unknown_target", 1),
        (["email", "Email"], "unknown_target", 1),
        (["email", ""], "unknown_target", 1),
        (["email", "custom:"], "unknown_target", 1),
        (["email", "custom:  "], "unknown_target", 1),
        (["email", "custom:a\0b"], "unknown_target", 1),
        (["email", "custom:a\nb"], "unknown_target", 1),
        (["email", "custom:" + "x" * 101], "unknown_target", 1),
        (["external_id", "external_id"], "target_twice", 1),
        (["custom:Shoe", "custom: Shoe "], "target_twice", 1),
        (["company", "custom:Shoe"], "nothing_mapped", None),
        ([None, None], "nothing_mapped", None),
    ],
)
def test_what_is_no_mapping_is_refused(targets, code, index):
    with pytest.raises(Refusal) as refused:
        mapping.check(targets, ["first", "second"])
    at = "/mapping" if index is None else f"/mapping/{index}"
    assert (refused.value.code, refused.value.at) == (code, at)
    assert "…" not in refused.value.sentence


@pytest.mark.parametrize(
    "target", ["email", "custom:Shoe size", "custom:email", "custom:1; DROP TABLE contacts"]
)
def test_what_is_a_mapping_passes(target):
    mapping.check([target, "external_id"], ["first", "second"])


def test_e_mails_phones_and_their_labels_may_come_several_times():
    several = ["email", "email_label", "phone", "phone_label"]
    mapping.check([*several, *several], [str(number) for number in range(8)])
    with pytest.raises(Refusal) as refused:
        mapping.check(["email_label", "email_label"], ["first", "second"])
    assert refused.value.code == "nothing_mapped"
