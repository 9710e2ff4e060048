"""The upload page without a script: rows that are pasted, a template, why a file is refused, and
the choice among several tables.
"""

import io
import zipfile

import pytest

from tests.corpus.workbooks import Written
from webapp.checking import mapping
from webapp.limits import PASTED_BYTES
from webapp.models import ContactImport, ImportFileChunk
from webapp.reading.readers import BytesSource, inspect
from webapp.vocabulary.fields import FIELDS

PEOPLE = b"Email,Name\nann@example.com,Ann Ash\n"
OTHERS = b"E-mail;First name\nben@example.com;Ben\n"


MULTIPART = "multipart/form-data"


def send(browser, data: bytes, name: str, status: int = 302, **more):
    sent = {"file": (io.BytesIO(data), name)}
    return browser.post("/imports/new", sent, at="/imports/new", status=status, **more)


def the_import(session) -> ContactImport:
    session.expire_all()
    return session.query(ContactImport).one()


def workbook() -> bytes:
    book = Written()
    book.sheet("Members", [["Email"], ["a@example.com"]])
    book.sheet("Blank", [])
    book.sheet("Others", [["Email"], ["b@example.com"], ["c@example.com"]])
    return book.data()


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("leads/people.csv", PEOPLE)
        file.writestr("others.csv", OTHERS)
    return packed.getvalue()


def test_a_hundred_thousand_cells_can_be_pasted(owner, session):
    rows = [f"person{n}@example.com\tPia\tPine\tPine & Co\tZürich" for n in range(19_999)]
    table = "\r\n".join(["Email\tFirst name\tLast name\tCompany\tTown", *rows])
    assert 5 * 20_000 == 100_000 <= len(table) < PASTED_BYTES
    went = owner.post(
        "/imports/new", {"text": table}, at="/imports/new", content_type=MULTIPART
    )
    run = the_import(session)
    assert went.location.endswith(f"/imports/{run.id}/columns")
    assert (run.size_bytes, len(run.columns)) == (len(table.replace("\r", "").encode()), 5)


def test_too_much_that_is_pasted_is_told_with_its_limit(owner, session):
    table = "Email\n" + "x" * PASTED_BYTES
    page = owner.post(
        "/imports/new", {"text": table}, at="/imports/new", status=413, content_type=MULTIPART
    )
    assert "save the rows as a file" in page.text
    assert 'href="/imports/new"' in page.text
    assert session.query(ImportFileChunk).count() == 0


def test_pasted_rows_that_are_refused_are_still_there(owner):
    page = owner.post("/imports/new", {"text": "Email\n"}, at="/imports/new", status=422)
    assert "Email\n</textarea>" in page.text
    assert "The file has a header but no rows" in page.text


def test_a_refused_file_says_why_and_offers_the_next(owner):
    page = send(owner, b"%PDF-1.7 \0", "people.pdf", status=422)
    zone = page.text.partition('id="drop"')[2].partition("</form>")[0]
    assert "This is a PDF" in zone
    assert "Choose another file" in zone
    assert "Drop a file anywhere" not in zone


def test_a_script_is_told_where_to_go_on(owner, session):
    asked = {"headers": {"HX-Request": "true"}}
    answer = send(owner, PEOPLE, "people.csv", status=200, **asked)
    assert answer.headers["HX-Redirect"] == f"/imports/{the_import(session).id}/columns"
    zone = send(owner, b"Email\n", "people.csv", status=422, **asked)
    assert "The file has a header but no rows" in zone.text


def test_who_comes_back_is_led_to_what_was_brought(owner, outsider, session):
    assert "is here already" not in owner.get("/imports/new").text
    send(owner, PEOPLE, "people.csv")
    page = owner.get("/imports/new").text
    assert "people.csv is here already" in page
    assert f'href="/imports/{the_import(session).id}"' in page
    assert "is here already" not in outsider.get("/imports/new").text


@pytest.mark.parametrize(
    ("made", "name", "shown", "chosen", "columns"),
    [
        (workbook, "book.xlsx", ["Members", "1 row", "Others", "2 rows"], "Others", ["Email"]),
        (
            archive,
            "both.zip",
            ["leads/people.csv", "others.csv"],
            "others.csv",
            ["E-mail", "First name"],
        ),
    ],
)
def test_one_of_several_tables_is_chosen(
    owner, viewer, session, made, name, shown, chosen, columns
):
    at = send(owner, made(), name).location
    assert at.endswith("/sheet")
    page = owner.get(at).text
    assert [text for text in shown if text not in page] == []
    assert '<button class="link table" name="sheet" value="Blank"' not in page
    viewer.get(at, status=403)
    owner.post(at, {"sheet": "None such"}, at=at, status=422)
    went = owner.post(at, {"sheet": chosen}, at=at)
    assert went.location.endswith("/columns")
    run = the_import(session)
    assert (run.sheet, run.columns) == (chosen, columns)


def test_a_workbook_with_one_sheet_that_holds_rows_asks_nothing(owner):
    book = Written()
    book.sheet("Members", [["Email"], ["a@example.com"]])
    book.sheet("Blank", [])
    assert send(owner, book.data(), "book.xlsx").location.endswith("/columns")


def test_the_template_is_read_back_field_by_field(owner, viewer):
    data = owner.get("/imports/template.xlsx").data
    with pytest.raises(Exception, match="only_header"):
        inspect(BytesSource(data), "contacts.xlsx")
    labels = [field.english for field in FIELDS]
    filled = Written()
    filled.sheet("Contacts", [labels, ["x"] * len(labels)])
    assert inspect(BytesSource(filled.data()), "contacts.xlsx").columns == labels
    assert mapping.suggest(labels, []) == [field.name for field in FIELDS]
    viewer.get("/imports/template.xlsx", status=403)
