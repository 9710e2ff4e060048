"""Values and a tag for all rows, chosen on the columns page: kept, remembered, told, taken back."""

import pytest

from tests.web.test_pages import bring, check
from webapp.models import Contact, ContactImport, MappingTemplate
from webapp.reports import pdf

PEOPLE = b"Email,Name,Phone\nann@example.com,Ann Ash,030 90123456\n,Ben Box,\n"
GIVEN = {
    "tag": "Fair 2024, vip",
    "constant_field": ["country", "custom:", ""],
    "constant_name": ["", "Source", ""],
    "constant_value": ["Germany", "the <fair>", ""],
}
KEPT = {"country": "Germany", "custom:Source": "the <fair>"}


def lines(page: str) -> list[tuple[str, str, str]]:
    """Field, own name and value of each line of the form for all rows."""
    found = []
    for part in page.split('<select name="constant_field"')[1:]:
        option = part.partition("</select>")[0].partition(" selected")
        field = option[0].rpartition('value="')[2].partition('"')[0] if option[1] else ""
        name = part.partition('name="constant_name"')[2].partition('value="')[2]
        value = part.partition('name="constant_value"')[2].partition('value="')[2]
        found.append((field, name.partition('"')[0], value.partition('"')[0]))
    return found


FILLED = [("country", "", "Germany"), ("custom:", "Source", "the &lt;fair&gt;")]
BLANK = ("", "", "")


def test_they_are_chosen_beside_the_columns_and_come_with_every_row(owner, importer, session):
    import_id = bring(owner, PEOPLE)
    page = owner.get(f"/imports/{import_id}/columns").text
    assert lines(page) == [BLANK] * 3
    check(owner, importer, import_id, **GIVEN)
    found = session.get_one(ContactImport, import_id)
    assert (found.constants, found.tag) == (KEPT, "Fair 2024, vip")
    said = "In all rows: Country: Germany · Source: the &lt;fair&gt; · Tags: Fair 2024, vip"
    assert said in owner.get(f"/imports/{import_id}/review").text
    page = owner.get(f"/imports/{import_id}/columns").text
    assert lines(page) == [*FILLED, BLANK, BLANK]
    assert 'value="Fair 2024, vip"' in page

    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)
    people = session.query(Contact).order_by(Contact.id).all()
    assert [(p.country, p.custom, p.tags, p.phone_key) for p in people] == [
        ("Germany", {"Source": "the <fair>"}, ["Fair 2024", "vip"], "+493090123456"),
        ("Germany", {"Source": "the <fair>"}, ["Fair 2024", "vip"], None),
    ]
    assert said in owner.get(f"/imports/{import_id}/report").text
    assert "Country: Germany; Source: the &lt;fair&gt;; Tags: Fair 2024, vip" in pdf.page(
        session, import_id
    )

    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    assert session.query(Contact).count() == 0


def test_a_corrected_row_has_them_too(owner, importer, session):
    import_id = bring(owner, b"Email,Name\nann@,Ann Ash\nben@example.com,Ben\n")
    check(owner, importer, import_id, **GIVEN)
    owner.post(
        f"/imports/{import_id}/problems/2",
        {"cell-0": "ann@example.com"},
        at=f"/imports/{import_id}/problems",
    )
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)
    assert [(p.country, p.tags) for p in session.query(Contact)] == [
        ("Germany", ["Fair 2024", "vip"])
    ] * 2


def test_they_are_remembered_with_the_columns_and_with_a_name(owner, session):
    chosen = {"column-0": "email", "column-1": "full_name", "column-2": "phone"}
    owner.post(
        f"/imports/{bring(owner, PEOPLE)}/columns", {**chosen, **GIVEN, "save_as": "Fairs"}
    )
    # The columns are those suggested: what goes with them was chosen all the same.
    again = f"/imports/{bring(owner, PEOPLE)}/columns"
    page = owner.get(again).text
    assert "Saved mapping: Fairs." in page
    assert lines(page) == [*FILLED, BLANK, BLANK]
    assert 'value="Fair 2024, vip"' in page
    suggested = owner.get(f"{again}?suggest=1").text
    assert (lines(suggested), "vip" in suggested) == ([BLANK] * 3, False)

    number = session.query(MappingTemplate).filter_by(name="Fairs").one().id
    other = f"/imports/{bring(owner, PEOPLE.replace(b'Phone', b'Country'))}/columns"
    assert lines(owner.get(other).text) == [BLANK] * 3
    saved = owner.get(f"{other}?saved={number}").text
    # A column goes to the country here.
    assert lines(saved) == [FILLED[1], BLANK, BLANK]
    assert 'value="Fair 2024, vip"' in saved

    owner.post(again, {**chosen, "tag": "", "constant_field": "", "constant_value": ""})
    assert lines(owner.get(f"/imports/{bring(owner, PEOPLE)}/columns").text) == [BLANK] * 3


@pytest.mark.parametrize(
    ("field", "name", "value", "words"),
    [
        ("country", "", "", "The value of Country for all rows is empty. Enter a value"),
        ("", "", "Germany", "“Germany” has no field. Choose a field for it"),
        ("custom:", "", "Fair", "“custom:” is not a field. Choose a field from the list"),
        ("custom:", "name\x01", "Fair", "is not a field. Choose a field from the list"),
        ("email", "", "a@example.com", "E-mail differs from person to person."),
        ("birthday", "", "May", "The birthday is not a date. Use year-month-day, such as 1985-04-23."),
        ("first_name", "", "Ann", "First name differs from person to person."),
        ("notes", "", "x", "A column is already matched to Notes."),
        ("website", "", "x" * 501, "Shorten the website to at most 500 characters."),
        ("website", "", "x" * 10_001, "Set at most 50 fields for all rows"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_and_what_was_typed_stays(
    owner, session, field, name, value, words
):
    import_id = bring(owner, PEOPLE)
    typed = {"constant_field": field, "constant_name": name, "constant_value": value}
    page = owner.post(
        f"/imports/{import_id}/columns",
        {"column-0": "email", "column-1": "notes", "tag": "fair", **typed},
        status=422,
    ).text
    assert words in page
    assert lines(page)[0] == (field, name.strip(), value)
    assert 'value="fair"' in page
    session.expire_all()
    assert session.get_one(ContactImport, import_id).state == "uploaded"
    assert session.query(MappingTemplate).count() == 0


def test_two_values_of_a_field_are_asked_about(owner):
    page = owner.post(
        f"/imports/{bring(owner, PEOPLE)}/columns",
        {
            "column-0": "email",
            "constant_field": ["country", "country"],
            "constant_name": ["", ""],
            "constant_value": ["Germany", "France"],
        },
        status=422,
    ).text
    assert "Country has two values for all rows. Keep one of them." in page
    assert [line[2] for line in lines(page)[:2]] == ["Germany", "France"]
