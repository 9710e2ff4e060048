"""The columns page: a look at the file before anything is kept, and mappings that are
remembered.
"""

import io

import pytest
import xlsxwriter
from sqlalchemy import insert

from tests.web.test_pages import bring, check
from webapp.models import Contact, ContactImport, ImportCorrection, MappingTemplate
from webapp.web.pages import columns

UMLAUTS = "E-Mail;Vorname;Größe\nanna@example.com;Änne;42\n".encode("cp1252")
PEOPLE = b"Email,Name,Shoe\nann@example.com,Ann Ash,40\n"


def chosen(answer) -> list[str]:
    """The target that is selected for each column."""
    selects = [
        part.partition("</select>")[0]
        for part in answer.text.split('<select name="column-')[1:]
    ]
    return [
        part.partition('" selected')[0].rpartition('value="')[2] if "selected" in part else ""
        for part in selects
    ]


def test_a_look_keeps_nothing(owner, session):
    import_id = bring(owner, UMLAUTS)
    page = f"/imports/{import_id}/columns"
    assert "Do the accents look right?" in owner.get(page).text
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
    assert "What you corrected by hand is forgotten then." in owner.get(page).text
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
    assert "Shoe shop</option>" in owner.get(second).text
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
    outsider.post(f"{strange}/forget", {"saved": str(number)}, at=strange)
    assert "Shoe shop" in owner.get(second).text
    owner.post(f"{second}/forget", {"saved": str(number)}, at=second)
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
    for sheets, shown in ((1, '<details class="card" >'), (2, '<details class="card" open>')):
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
            "is not the code of a country. Give its two letters, as in DE for Germany"
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
