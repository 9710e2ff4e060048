"""A table that is pasted instead of a file."""

import io

from tests.corpus.workbooks import Written

COPIED = 'Email\tFirst name\tNotes\r\npia@example.com\tPia\t"two\nlines"\r\nole@example.com\tOle\t\r\n'


def test_a_pasted_table_is_an_import(owner_program):
    found = owner_program.ask(
        "POST", "/imports", 201, data={"text": COPIED}, content_type="multipart/form-data"
    ).json
    assert (found["filename"], found["delimiter"], found["encoding"]) == (
        "pasted.txt",
        "\t",
        "utf-8",
    )
    assert found["columns"] == ["Email", "First name", "Notes"]
    assert found["sample"][0] == ["pia@example.com", "Pia", "two\nlines"]


def test_a_file_and_a_pasted_table_are_one_too_many(owner_program):
    both = {"text": COPIED, "file": (io.BytesIO(b"Email\na@example.com\n"), "a.csv")}
    owner_program.ask("POST", "/imports", 422, data=both)


def test_the_page_takes_a_pasted_table(owner):
    owner.post("/imports/new", {"text": COPIED}, at="/imports/new", status=302)


def test_sheets_are_told_with_their_rows(owner_program):
    book = Written()
    book.sheet("Members", [["Email"], ["a@example.com"]])
    book.sheet("Others", [["Email"], ["b@example.com"], ["c@example.com"]])
    found = owner_program.upload(book.data(), "people.xlsx")
    assert found["sheets"] == [{"name": "Members", "rows": 1}, {"name": "Others", "rows": 2}]
    assert (found["options"]["sheet"], found["encoding_certain"]) == ("Members", True)
