"""Contacts that are taken out again: who may, what is in the file, and what a reader holds."""

import csv
import io
from contextlib import closing

import pytest
from sqlalchemy import select

from tests.harness.imports import table
from webapp import jobs
from webapp.limits import DOWNLOADS_AT_ONCE_PER_PERSON, EXPORT_PAGE_ROWS
from webapp.models import Contact
from webapp.web.extensions import db

PEOPLE = table(
    '1,ann@example.com,Ann,O\'Hara,"Acme, Inc.",vip|new,39',
    '2,bob@example.com,Bob,"=1+1",Beta,,"two\nlines"',
    ",,,Nameless,,,",
)
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "vcf": "text/vcard",
}


@pytest.mark.parametrize("extension", KINDS)
def test_everyone_who_sees_the_contacts_may_take_them(
    owner, viewer, outsider, app, importer, extension
):
    importer.run(PEOPLE)
    for reader in (owner, viewer, outsider):
        page = reader.get("/contacts?q=example").text
        assert f'href="/contacts/export.{extension}?q=example"' in page
        answer = reader.get(f"/contacts/export.{extension}?q=example")
        assert answer.mimetype == KINDS[extension]
        name = answer.headers["Content-Disposition"]
        assert name.startswith('attachment; filename="rowcall-contacts-')
        assert name.endswith(f'.{extension}"')
    stranger = app.test_client()
    assert stranger.get(f"/contacts/export.{extension}").status_code == 302
    assert stranger.get(f"/api/contacts/export.{extension}").status_code == 401


def test_a_file_has_what_the_search_finds_and_is_safe(viewer, importer):
    first = importer.run(PEOPLE)
    importer.run(table("3,cleo@example.com,Cleo,Example,Acme,,"))
    found = rows(viewer.get("/contacts/export.csv?q=acme").data)
    assert [row["E-mail"] for row in found] == ["ann@example.com", "cleo@example.com"]
    of_import = rows(viewer.get(f"/contacts/export.csv?imported_from={first.id}").data)
    assert [row["Last name"] for row in of_import] == ["O'Hara", "'=1+1", "Nameless"]
    assert of_import[0]["Tags"] == "vip, new"
    assert of_import[1]["Shoe size"] == "two\nlines"
    assert rows(viewer.get("/contacts/export.csv?q=nothing-like-it").data) == []
    assert viewer.get("/contacts/export.vcf?q=nothing-like-it").data == b""


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_another_persons_import_is_no_filter(outsider, importer, sign_in):
    done = importer.run(PEOPLE)
    outsider.get(f"/contacts/export.csv?imported_from={done.id}", 404)


SEVERAL = b"""ID,Email,Email label,Email 2,Email 2 label,Phone,Phone label,Phone 2,First name,Tags
1,ann@example.com,work,Ann@Home.example,home,+4930123456,,+49170123457,Ann,"vip, new"
2,bob@example.com,,,,evenings,other,mornings,Bob,
3,,,,,,,,Cleo Example.com,
"""


@pytest.mark.parametrize("strategy", ["update", "merge"])
@pytest.mark.parametrize("extension", KINDS)
def test_several_addresses_that_come_back_change_nothing(owner_program, extension, strategy):
    owner_program.run(SEVERAL)
    before = owner_program.ask("GET", "/contacts").json["items"]
    assert [len(contact["emails"]) for contact in before] == [2, 1, 0]
    assert [one["label"] for one in before[1]["phones"]] == ["other", None]
    answer = owner_program.ask("GET", f"/contacts/export.{extension}")
    again = owner_program.upload(answer.data, f"contacts.{extension}")
    mapped = {"mapping": again["suggested_mapping"]}
    owner_program.ask("PUT", f"/imports/{again['import_id']}/mapping", 202, json=mapped)
    jobs.work(again["import_id"])
    owner_program.execute(again["import_id"], strategy)
    jobs.work(again["import_id"])
    outcomes = owner_program.ask("GET", f"/imports/{again['import_id']}").json["outcomes"]
    assert {name: count for name, count in outcomes.items() if count} == {"unchanged": 3}
    assert owner_program.ask("GET", "/contacts").json["items"] == before


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_a_file_that_comes_back_changes_nothing(owner_program, session, extension):
    """The whole way by a program, with an update."""
    import_id = owner_program.ready(PEOPLE.encode())
    owner_program.execute(import_id, "skip")
    jobs.work(import_id)
    answer = owner_program.ask(
        "GET", f"/contacts/export.{extension}", query_string={"q": "example.com"}
    )
    again = owner_program.upload(answer.data, f"contacts.{extension}")
    mapped = {"mapping": again["suggested_mapping"]}
    owner_program.ask("PUT", f"/imports/{again['import_id']}/mapping", 202, json=mapped)
    jobs.work(again["import_id"])
    owner_program.execute(again["import_id"], "update")
    jobs.work(again["import_id"])
    outcomes = owner_program.ask("GET", f"/imports/{again['import_id']}").json["outcomes"]
    assert {name: count for name, count in outcomes.items() if count} == {"unchanged": 2}


EVERYTHING = b"""ID,Email,Email label,Email 2,Email 2 label,Phone,Phone label,Phone 2,Phone 2 label,\
Prefix,First name,Last name,Company,Department,Job title,Street,City,Postal code,Country,Website,\
Birthday,Notes,Tags,Shoe size,custom:Work phone
1,ann@example.com,work,ann@home.example,home,+4930123456,work,+49170123457,mobile,Dr.,Ann,"Ash, B",\
"Acme; Inc.",Sales,Head,"Main St. 1\n2nd floor",Bonn,01067,Germany,https://example.com,1985-04-23,\
"a\n=b","[""a, b"", ""c;d""]",39,"two\nlines"
,bob@example.com,,,,evenings,other,,,,Bob,=1+1,,,,,,,,,--02-29,,VIP,,
,,,,,,,,,,Cleo,Keyless,Acme,,,Way 2,Ulm,,,,,,"one, two",,x
,dora@example.com,,dora@work.example,work,+49170123458,mobile,+49170123459,mobile,,Dora,,,,,,,,,,,,,,
""".replace(b"\\\n", b"")


@pytest.mark.parametrize("strategy", ["update", "merge"])
@pytest.mark.parametrize(
    ("extension", "asked"),
    [
        *((kind, {}) for kind in KINDS),
        *(("csv", {"column_set": column_set}) for column_set in ("google", "outlook")),
        ("csv", {"columns": "external_id,email,phone,company,street,city,tags,changed"}),
        ("xlsx", {"columns": "custom:Work phone,email,company,city,street,birthday,added"}),
    ],
)
def test_everything_comes_back_unchanged(owner_program, extension, asked, strategy):
    """Several addresses, labels, tags with commas, line breaks, custom fields, no keys."""
    owner_program.run(EVERYTHING)
    before = owner_program.ask("GET", "/contacts").json["items"]
    assert [len(one["emails"]) for one in before] == [2, 1, 0, 2]
    assert before[0]["tags"] == ["a, b", "c;d"]
    assert before[0]["custom"] == {"Shoe size": "39", "Work phone": "two\nlines"}

    answer = owner_program.ask("GET", f"/contacts/export.{extension}", query_string=asked)
    again = owner_program.upload(answer.data, f"contacts.{extension}")
    mapped = {"mapping": again["suggested_mapping"]}
    owner_program.ask("PUT", f"/imports/{again['import_id']}/mapping", 202, json=mapped)
    jobs.work(again["import_id"])
    owner_program.execute(again["import_id"], strategy)
    jobs.work(again["import_id"])

    outcomes = owner_program.ask("GET", f"/imports/{again['import_id']}").json["outcomes"]
    assert {name: count for name, count in outcomes.items() if count} == {"unchanged": 4}
    assert owner_program.ask("GET", "/contacts").json["items"] == before


def test_google_finds_its_columns(owner_program):
    owner_program.run(EVERYTHING)
    answer = owner_program.ask("GET", "/contacts/export.csv?column_set=google")
    named = answer.headers["Content-Disposition"]
    assert named.startswith('attachment; filename="rowcall-contacts-google-')
    ann, bob, cleo, dora = rows(answer.data)
    wanted = {
        "First Name": "Ann", "Last Name": "Ash, B", "Name Prefix": "Dr.", "Organization Name": "Acme; Inc.",
        "Organization Title": "Head", "Organization Department": "Sales", "Birthday": "1985-04-23",
        "E-mail 1 - Label": "Work", "E-mail 1 - Value": "ann@example.com", "E-mail 2 - Label": "Home",
        "Phone 1 - Label": "Work", "Phone 1 - Value": "+4930123456", "Phone 2 - Label": "Mobile",
        "Labels": "a, b ::: c;d", "Address 1 - Street": "Main St. 1\n2nd floor", "Address 1 - City": "Bonn",
        "Custom Field 1 - Label": "Shoe size", "Custom Field 1 - Value": "39", "Rowcall ID": "1",
    }  # fmt: skip
    assert {name: ann[name] for name in wanted} == wanted
    assert (bob["Birthday"], bob["Last Name"]) == ("'--02-29", "'=1+1")
    assert (bob["Custom Field 1 - Label"], cleo["Custom Field 2 - Value"]) == ("", "x")
    assert (dora["E-mail 1 - Label"], dora["E-mail 2 - Value"]) == ("", "dora@work.example")


def test_outlook_finds_its_columns(owner_program):
    owner_program.run(EVERYTHING)
    ann, bob, cleo, dora = rows(
        owner_program.ask("GET", "/contacts/export.csv?column_set=outlook").data
    )
    wanted = {
        "Title": "Dr.", "First Name": "Ann", "Company": "Acme; Inc.", "Department": "Sales", "Job Title": "Head",
        "Business Street": "Main St. 1\n2nd floor", "Business City": "Bonn", "Business Postal Code": "01067",
        "Business Country/Region": "Germany", "Business Phone": "+4930123456", "Mobile Phone": "+49170123457",
        "E-mail Address": "ann@example.com", "E-mail 2 Address": "ann@home.example", "Birthday": "1985-04-23",
        "Categories": "a, b;c,d", "Web Page": "https://example.com", "Rowcall phone 2 label": "mobile",
    }  # fmt: skip
    assert {name: ann[name] for name in wanted} == wanted
    assert (bob["Birthday"], bob["Other Phone"], cleo["Categories"]) == (
        "",
        "evenings",
        "one;two",
    )
    assert (dora["Mobile Phone"], dora["Other Phone"]) == ("+49170123458", "+49170123459")


def test_the_columns_shown_and_the_contacts_named(owner_program, viewer, session):
    owner_program.run(EVERYTHING)
    ids = session.scalars(select(Contact.id).order_by(Contact.id)).all()
    asked = f"columns=city,tags,changed&ids={ids[2]},{ids[0]}&q=nothing"
    found = rows(owner_program.ask("GET", f"/contacts/export.csv?{asked}").data)
    names = ["Prefix", "First name", "Middle name", "Last name", "Suffix"]
    assert list(found[0]) == [*names, "City", "Tags", "Rowcall changed"]
    assert [row["City"] for row in found] == ["Bonn", "Ulm"]
    same = f"columns=city&columns=tags&columns=changed&ids={ids[2]}&ids={ids[0]}"
    assert rows(viewer.get(f"/contacts/export.csv?{same}").data) == found

    for wrong in ("columns=nonsense", "columns=a%0Ab", "ids=1,x", "ids=,", "column_set=apple"):
        owner_program.ask("GET", f"/contacts/export.csv?{wrong}", 422)
    owner_program.ask("GET", "/contacts/export.vcf?columns=city", 422)


def test_a_program_is_told_what_it_asked_wrongly(owner_program):
    refusal = owner_program.ask("GET", "/contacts/export.csv", 422, query_string={"limit": 5})
    assert refusal.json["errors"][0]["pointer"] == "limit"
    unknown = {"imported_from": "6f1f1f4e-0000-4000-8000-000000000000"}
    owner_program.ask("GET", "/contacts/export.xlsx", 404, query_string=unknown)


@pytest.mark.parametrize("extension", KINDS)
def test_a_reader_who_leaves_half_way_holds_nothing(app, owner, importer, extension):
    importer.run(
        table(*[f"{n},p{n}@example.com,P,Q,,," for n in range(2 * EXPORT_PAGE_ROWS + 1)])
    )
    owner.get("/contacts")
    for _ in range(DOWNLOADS_AT_ONCE_PER_PERSON + 1):
        answer = owner.client.get(f"/contacts/export.{extension}", buffered=False)
        assert answer.status_code == 200
        with closing(answer):
            pieces = answer.iter_encoded()
            next(pieces)
            next(pieces)
            with app.app_context():
                assert db.engine.pool.checkedout() == 0
    whole = owner.get(f"/contacts/export.{extension}").data
    if extension == "csv":
        assert len(rows(whole)) == 2 * EXPORT_PAGE_ROWS + 1


def test_a_workbook_at_a_time(owner, importer):
    importer.run(PEOPLE)
    with closing(owner.client.get("/contacts/export.xlsx", buffered=False)) as first:
        assert first.status_code == 200
        second = owner.client.get("/contacts/export.xlsx")
        assert (second.status_code, bool(second.headers["Retry-After"])) == (429, True)
    assert owner.get("/contacts/export.xlsx").data.startswith(b"PK")
