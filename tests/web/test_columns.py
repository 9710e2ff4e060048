"""The columns page: a look at the file before anything is kept, and mappings that are
remembered.
"""

import io

import pytest
import xlsxwriter
from sqlalchemy import insert

from tests.harness.imports import table
from tests.web.test_pages import bring, check
from webapp.imports import mappings
from webapp.models import (
    Contact,
    ContactImport,
    ImportCorrection,
    ImportRow,
    MappingTemplate,
)
from webapp.reports import exports
from webapp.web.pages import columns

UMLAUTS = "E-Mail;Vorname;Größe\nanna@example.com;Änne;42\n".encode("cp1252")
PEOPLE = b"Email,Name,Shoe\nann@example.com,Ann Ash,40\n"


def chosen(answer) -> list[str]:
    """The target that is selected for each column."""
    return chosen_in(answer.text)


def chosen_in(page: str) -> list[str]:
    selects = [
        part.partition("</select>")[0] for part in page.split('<select name="column-')[1:]
    ]
    found = {
        int(part.partition('"')[0]): part.partition('" selected')[0].rpartition('value="')[2]
        if "selected" in part
        else ""
        for part in selects
    }
    return [found[index] for index in sorted(found)]


def test_a_look_keeps_nothing(owner, session):
    import_id = bring(owner, UMLAUTS)
    page = f"/imports/{import_id}/columns"
    assert "Do the names look right?" in owner.get(page).text
    kept = session.get_one(ContactImport, import_id)
    before = (kept.encoding, kept.delimiter, kept.columns, kept.state)
    for query, words in (
        ("encoding=cp1252&delimiter=%3B", '<th scope="col">Größe</th>'),
        ("encoding=mac-roman&delimiter=%3B", "ﬂe</th>"),
        ("encoding=cp1251&delimiter=%3B", "Дnne"),
        ("encoding=cp1252&delimiter=,", "<td>anna@example.com;Änne;42</td>"),
        ("encoding=cp1252&delimiter=tab", "<td>anna@example.com;Änne;42</td>"),
        ("encoding=cp1252&delimiter=%3B&header_row=0", "<td>Größe</td>"),
        ("encoding=cp1252&delimiter=%3B&header_row=7", "Row 7 holds no column names"),
        ("encoding=rot13", "rot13 is not an encoding"),
    ):
        assert words in owner.get(f"/imports/{import_id}/reading?{query}").text, query
    session.expire_all()
    assert (kept.encoding, kept.delimiter, kept.columns, kept.state) == before


def test_reading_it_like_this(owner, importer, session):
    import_id = bring(owner, UMLAUTS)
    page = f"/imports/{import_id}/columns"
    owner.post(
        f"/imports/{import_id}/reading",
        {"encoding": "latin-1", "delimiter": ";", "header_row": "0"},
        at=page,
    )
    kept = session.get_one(ContactImport, import_id, populate_existing=True)
    assert (kept.encoding, kept.header_row, kept.columns[0], kept.sample[1][1]) == (
        "iso8859-1",
        0,
        "Column A",
        "Änne",
    )
    assert "no column names" in owner.get(page).text
    refused = owner.post(
        f"/imports/{import_id}/reading", {"header_row": "9"}, at=page, status=422
    )
    assert "Choose one of the first rows" in refused.text
    owner.post(
        f"/imports/{import_id}/reading", {"header_row": "1", "encoding": "cp1252"}, at=page
    )
    session.expire_all()
    assert kept.columns == ["E-Mail", "Vorname", "Größe"]


def test_reading_again_says_that_corrections_are_lost(owner, importer, session):
    import_id = bring(owner, b"Email,Name\nnobody,Ann\nben@example.com,Ben\n")
    check(owner, importer, import_id)
    page = f"/imports/{import_id}/columns"
    assert "is forgotten then" not in owner.get(page).text
    owner.post(f"/imports/{import_id}/problems/2", {"cell-0": "ann@example.com"}, at=page)
    assert "This discards your corrections." in owner.get(page).text
    owner.post(f"/imports/{import_id}/reading", {"delimiter": ","}, at=page)
    assert session.query(ImportCorrection).count() == 0
    assert session.get_one(ContactImport, import_id).state == "uploaded"


def test_the_sheet_is_looked_at_and_chosen(owner, session):
    import xlsxwriter  # noqa: PLC0415

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for name in ("March", "April"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Email", "Month"])
            sheet.write_row(1, 0, ["ann@example.com", f"in {name}"])
    import_id = bring(owner, stream.getvalue(), "people.xlsx")
    page = f"/imports/{import_id}/columns"
    assert "<td>in March</td>" in owner.get(page).text
    assert (
        "<td>in April</td>"
        in owner.get(f"/imports/{import_id}/reading?sheet=April&header_row=1").text
    )
    owner.post(f"/imports/{import_id}/reading", {"sheet": "April", "header_row": "1"}, at=page)
    assert session.get_one(ContactImport, import_id).sheet == "April"


def test_a_mapping_is_remembered_by_its_header(owner, outsider, session):
    first = bring(owner, PEOPLE)
    assert chosen(owner.get(f"/imports/{first}/columns")) == [
        "email",
        "full_name",
        "custom:Shoe",
    ]
    owner.post(
        f"/imports/{first}/columns",
        {"column-0": "email", "column-1": "company", "column-2": ""},
    )
    again = f"/imports/{bring(owner, PEOPLE.replace(b'Ann', b'Bob'))}/columns"
    page = owner.get(again)
    assert "You mapped a file with these columns on" in page.text
    assert chosen(page) == ["email", "company", ""]
    assert chosen(owner.get(f"{again}?suggest=1")) == ["email", "full_name", "custom:Shoe"]
    assert "You mapped a file" not in owner.get(f"{again}?suggest=1").text
    other = owner.get(f"/imports/{bring(owner, PEOPLE.replace(b'Shoe', b'Hat'))}/columns")
    assert "You mapped a file" not in other.text
    stranger = outsider.get(f"/imports/{bring(outsider, PEOPLE)}/columns")
    assert chosen(stranger) == ["email", "full_name", "custom:Shoe"]


def test_the_order_of_names_is_a_choice_of_their_column(owner, session):
    fields = {"column-0": "email", "column-1": "full_name_family_first", "column-2": ""}
    owner.post(f"/imports/{bring(owner, PEOPLE)}/columns", fields)
    page = owner.get(f"/imports/{bring(owner, PEOPLE)}/columns")
    assert chosen(page) == ["email", "full_name_family_first", ""]


def test_a_suggestion_that_was_accepted_is_no_choice(owner, session):
    """So a better one takes its place, and it ends what was chosen before."""
    chosen_first = {"column-0": "email", "column-1": "company", "column-2": ""}
    suggested = {"column-0": "email", "column-1": "full_name", "column-2": "custom:Shoe"}
    for fields, remembered in ((chosen_first, True), (suggested, False)):
        owner.post(f"/imports/{bring(owner, PEOPLE)}/columns", fields)
        page = owner.get(f"/imports/{bring(owner, PEOPLE)}/columns")
        assert ("You mapped a file with these columns on" in page.text) is remembered


def test_nothing_is_remembered_of_files_without_labels(owner, session):
    first = bring(owner, b"ann@example.com,Ann,Rome\nben@example.com,Ben,Oslo\n")
    owner.post(
        f"/imports/{first}/columns",
        {"column-0": "email", "column-1": "first_name", "column-2": "city"},
    )
    second = bring(owner, b"cy@example.com,Acme,40\ndee@example.com,Bolt,41\n")
    assert session.get_one(ContactImport, second).suggested_mapping == [
        "email",
        "custom:Column B",
        "custom:Column C",
    ]


def test_custom_fields_of_the_book_are_suggested_in_any_case(owner, session):
    session.execute(
        insert(Contact).values(
            email="z@example.com", email_key="z@example.com", custom={"Shoe": "9"}
        )
    )
    session.commit()
    import_id = bring(owner, b"Email,SHOE\nann@example.com,40\n")
    assert session.get_one(ContactImport, import_id).suggested_mapping == [
        "email",
        "custom:Shoe",
    ]


def test_what_is_remembered_and_no_mapping_any_more_is_not_offered(owner, session):
    first = bring(owner, PEOPLE)
    owner.post(f"/imports/{first}/columns", {"column-0": "email", "column-1": "company"})
    session.query(MappingTemplate).update({"mapping": ["email", "a field of old", None]})
    session.commit()
    assert chosen(owner.get(f"/imports/{bring(owner, PEOPLE)}/columns")) == [
        "email",
        "full_name",
        "custom:Shoe",
    ]


def test_a_mapping_is_saved_under_a_name_and_used_on_other_files(owner, outsider, session):
    first = bring(owner, PEOPLE)
    targets = {"column-0": "email", "column-1": "company", "column-2": "custom:Size"}
    owner.post(f"/imports/{first}/columns", {**targets, "save_as": "  Shoe  shop "})
    others = b"Shoe,Phone,Email,Name,Company\n41,+49301234567,b@example.com,Acme,Beta\n"
    second = f"/imports/{bring(owner, others)}/columns"
    number = session.query(MappingTemplate).filter_by(name="Shoe shop").one().id
    assert f'columns?saved={number}"' in owner.get(second).text
    assert "Shoe shop" in owner.get(second).text
    # Columns that the saved ones do not know keep their suggestion, unless the field is taken.
    assert chosen(owner.get(f"{second}?saved={number}")) == [
        "custom:Size",
        "phone",
        "email",
        "company",
        "",
    ]
    third = f"/imports/{bring(owner, PEOPLE.replace(b'Email', b'E-Mail'))}/columns"
    assert chosen(owner.get(f"{third}?saved={number}")) == ["email", "company", "custom:Size"]
    strange = f"/imports/{bring(outsider, PEOPLE)}/columns"
    assert chosen(outsider.get(f"{strange}?saved={number}")) == [
        "email",
        "full_name",
        "custom:Shoe",
    ]
    assert "Shoe shop" not in outsider.get(strange).text
    outsider.post(f"/mappings/{number}/delete", {}, at=strange, status=404)
    assert "Shoe shop" in owner.get(second).text
    owner.post(f"/mappings/{number}/delete", {}, at=second)
    assert "Shoe shop" not in owner.get(second).text


def test_saving_under_a_name_again_replaces_it(owner, session):
    for target in ("company", "job_title"):
        fresh = bring(owner, PEOPLE)
        owner.post(
            f"/imports/{fresh}/columns",
            {"column-0": "email", "column-1": target, "save_as": "mine"},
        )
    assert session.query(MappingTemplate).filter_by(name="mine").one().mapping == [
        "email",
        "job_title",
        None,
    ]


@pytest.mark.parametrize(
    "target",
    ["id", "user_id", "created_at", "is_admin", "custom:", "email; DROP TABLE contacts"],
)
def test_a_target_off_the_list_is_refused_and_remembered_nowhere(owner, session, target):
    import_id = bring(owner, PEOPLE)
    refused = owner.post(
        f"/imports/{import_id}/columns",
        {"column-0": "email", "column-1": target, "save_as": "mine"},
        status=422,
    )
    assert "is not a field" in refused.text
    assert session.query(MappingTemplate).count() == 0
    assert session.get_one(ContactImport, import_id).state == "uploaded"


def test_the_choice_of_a_sheet_is_open_where_there_are_several(owner):
    for sheets, shown in (
        (1, '<details class="card" id="reading" >'),
        (2, '<details class="card" id="reading" open>'),
    ):
        content = io.BytesIO()
        with xlsxwriter.Workbook(content) as book:
            for _ in range(sheets):
                book.add_worksheet().write_column("A1", ["Email", "ann@example.com"])
        import_id = bring(owner, content.getvalue(), "book.xlsx")
        assert shown in owner.get(f"/imports/{import_id}/columns").text


def test_a_country_that_is_none_is_refused(owner, session):
    import_id = bring(owner)
    for given in ("QZ", "Germany", "\u2069x"):
        page = owner.post(
            f"/imports/{import_id}/columns",
            {"column-1": "email", "default_country": given},
            status=422,
        )
        assert (
            "is not a country code. Use two letters, such as DE for Germany, or leave it blank."
            in page.text
        )
    session.expire_all()
    assert session.get_one(ContactImport, import_id).state == "uploaded"
    owner.post(
        f"/imports/{import_id}/columns", {"column-1": "email", "default_country": " de "}
    )
    session.expire_all()
    assert session.get_one(ContactImport, import_id).default_country == "DE"


def test_one_person_looks_only_so_often(owner, viewer, monkeypatch):
    monkeypatch.setattr(columns, "READS_PER_MINUTE", 3)
    import_id = bring(owner, UMLAUTS)
    look = f"/imports/{import_id}/reading?encoding=cp1252"
    for _ in range(3):
        owner.get(look)
    assert "Retry-After" in owner.get(look, 429).headers
    viewer.get(look)


@pytest.mark.parametrize("ours", [exports.REPORT_COLUMNS, exports.REJECTED_COLUMNS])
def test_rows_that_come_again_have_the_mapping_of_their_file(importer, session, ours):
    """The list of rejected rows has columns of ours before those that the person mapped."""
    targets = ["external_id", "email", "last_name", "first_name", None, "tags", "custom:Size"]
    file = importer.check(table("1,ann@example.com,Ann,Ash,,,"), mapping=targets)
    kept = mappings.remembered(session, importer.user_id, [*ours, *file.columns])
    assert kept is not None
    assert kept.targets == [*[None] * len(ours), *targets]
    assert mappings.remembered(session, importer.user_id, ours) is None


GOOGLE = b"""First Name,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Value
Ann,Home,ann@example.com,* Work,ann@example.org,+49 30 1234567
"""
SEVERAL_SAID = "the first that is filled"


def test_several_columns_of_addresses_go_to_one_field(owner, importer, session):
    import_id = bring(owner, GOOGLE)
    page = owner.get(f"/imports/{import_id}/columns")
    assert chosen(page) == ["first_name", *["email_label", "email"] * 2, "phone"]
    assert SEVERAL_SAID in page.text
    assert SEVERAL_SAID not in owner.get(f"/imports/{bring(owner, PEOPLE)}/columns").text

    check(owner, importer, import_id)
    found = session.get(ImportRow, (import_id, 2))
    assert (found.email, found.email_label) == ("ann@example.org", "work")
    assert [one["value"] for one in found.further_emails] == ["ann@example.com"]


def test_a_saved_mapping_leaves_further_addresses_their_suggestion(owner, session):
    first = bring(owner, PEOPLE)
    targets = {"column-0": "email", "column-1": "company", "column-2": ""}
    owner.post(f"/imports/{first}/columns", {**targets, "save_as": "Shoe shop"})
    number = session.query(MappingTemplate).filter_by(name="Shoe shop").one().id
    others = b"Email,E-mail 2,Company\na@example.com,b@example.com,Beta\n"
    further = f"/imports/{bring(owner, others)}/columns"
    assert chosen(owner.get(f"{further}?saved={number}")) == ["email", "email", "company"]


ASKING = (
    b"Name,Email,Birthday,Phone,Comapny\n"
    b"Ann Ash,ann.ash@example.com,13/04/1990,+41 44 668 18 00,Acme\n"
    b"Ben Birch,ben.birch@example.com,04/13/1991,044 668 18 01,Beta\n"
    b"Cid Cedar,cid.cedar@example.com,03/04/1992,+41 44 668 18 02,Gamma\n"
)


FIELDS = {
    "column-0": "full_name",
    "column-1": "email",
    "column-2": "birthday",
    "column-3": "phone",
    "column-4": "custom:Comapny",
    "date_order": "dmy",
    "default_country": "CH",
    "tag": "fair",
}


def drafted(owner, import_id: str, **pressed: str) -> str:
    """The page after a button of it was pressed without a script, with the form as it stood."""
    page = f"/imports/{import_id}/columns"
    answer = owner.post(f"{page}/draft", {**FIELDS, **pressed}, at=page)
    return owner.get(answer.location).text


def test_the_answers_without_a_script_are_kept_until_the_check(owner, session):
    import_id = bring(owner, ASKING)
    page = f"/imports/{import_id}/columns"
    first = owner.get(page).text
    assert "Only day first fits: 1. Only month first: 1. Both fit: 1." in first
    assert "1 number has no country code. Where is it from?" in first
    assert "This makes a new field. Did you mean Company?" in first
    assert "3 columns need a look." in first
    assert 'value="CH" selected' in first
    assert "+41446681801" in first
    assert "13 April 1991" in first

    kept = drafted(owner, import_id, use="4:company")
    assert "“Comapny” goes to Company." in kept
    assert chosen_in(kept)[4] == "company"
    assert 'value="fair"' in kept
    again = drafted(owner, import_id, change="new-4 4:custom:Comapny", answered="new-4")
    assert "Did you mean Company?" in again
    assert session.get_one(ContactImport, import_id).mapping is None

    owner.post(page, {**FIELDS, "column-4": "company"})
    session.expire_all()
    kept = session.get_one(ContactImport, import_id)
    assert (kept.mapping[4], kept.date_order, kept.draft) == ("company", "dmy", None)
    owner.post(f"{page}/draft", FIELDS, at="/imports")
    session.expire_all()
    assert kept.draft is None


def test_two_columns_on_one_field_are_told_at_both(owner):
    import_id = bring(owner, ASKING)
    targets = {"column-0": "company", "column-1": "email", "column-4": "company"}
    page = owner.post(f"/imports/{import_id}/columns", targets, status=422).text
    assert "Company is chosen at Comapny too." in page
    assert "Company is chosen at Name too." in page
    assert chosen_in(page)[:5] == ["company", "email", "", "", "company"]


def test_what_another_tab_checked_is_not_replaced_unseen(owner, importer, session):
    import_id = bring(owner, PEOPLE)
    page = f"/imports/{import_id}/columns"
    seen = {"column-0": "email", "seen": ""}
    check(owner, importer, import_id, **{"column-1": "company"})
    refused = owner.post(page, {**seen, "column-1": "job_title"}, status=409)
    assert "These columns were checked in another tab" in refused.text
    assert chosen_in(refused.text)[:2] == ["email", "job_title"]
    session.expire_all()
    assert session.get_one(ContactImport, import_id).mapping[1] == "company"

    mark = refused.text.partition('name="seen" value="')[2].partition('"')[0]
    owner.post(page, {"column-0": "email", "column-1": "job_title", "seen": mark})
    session.expire_all()
    assert session.get_one(ContactImport, import_id).mapping[1] == "job_title"


def test_a_file_of_which_no_column_is_recognised_says_so(owner):
    import_id = bring(owner, b"Shoe,Hat\n40,L\n41,M\n")
    page = owner.get(f"/imports/{import_id}/columns").text
    assert "Which column says who the people are?" in page
    assert "A row needs a name, an e-mail, a phone or an ID." in page


def test_rules_are_hidden_while_there_is_nobody_to_change(owner, session):
    page = f"/imports/{bring(owner, PEOPLE)}/columns"
    assert "For people you know" not in owner.get(page).text
    session.execute(insert(Contact).values(first_name="Ann"))
    session.commit()
    assert "For people you know" in owner.get(page).text


def test_the_counts_are_of_the_first_rows_where_the_file_is_long(owner, session):
    rows = "".join(f"p{n}@example.com,Ada,{n % 7}\n" for n in range(3_000))
    import_id = bring(owner, f"Email,Name,Shoe\n{rows}".encode())
    page = owner.get(f"/imports/{import_id}/columns").text
    assert "Counted in the first 1,000 rows." in page
    assert "1,000 of 1,000" in page
    assert "7 different values" in page
    assert "Check all rows" in page
    profile = session.get_one(ContactImport, import_id).head["profile"]
    assert (profile["rows"], profile["is_whole"]) == (1_000, False)
