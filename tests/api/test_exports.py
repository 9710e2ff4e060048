"""Contacts that are taken out again: who may, what is in the file, and what a reader holds."""

import csv
import io
from contextlib import closing

import pytest

from tests.harness.imports import table
from webapp import jobs
from webapp.limits import DOWNLOADS_AT_ONCE_PER_PERSON, EXPORT_PAGE_ROWS
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
