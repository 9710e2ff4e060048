"""Several e-mails and phones of a contact, as programs see them."""

import csv
import io
import json

import pytest
from sqlalchemy import text

EMAILS = [
    {"value": "ann@example.com", "label": "work"},
    {"value": "Ann@Home.example", "label": "home"},
    {"value": "a.ash@example.org", "label": None},
]
PHONES = [
    {"value": "+4930123456", "label": None},
    {"value": "+49170123457", "label": "mobile"},
]


def stored(addresses: list[dict]) -> str:
    """Further addresses as the table holds them."""
    return json.dumps([{**one, "key": one["value"].lower()} for one in addresses[1:]])


@pytest.fixture
def ann(session) -> int:
    """A contact with three e-mails and two phones, among others that have one."""
    session.execute(
        text(
            """INSERT INTO contacts (first_name, email, email_key, email_label, phone, phone_key,
                 further_emails, further_phones)
               VALUES ('Ann', 'ann@example.com', 'ann@example.com', 'work', '+4930123456', '+4930123456',
                 cast(:emails AS jsonb), cast(:phones AS jsonb)),
               ('Ben', 'ben@example.com', 'ben@example.com', NULL, NULL, NULL, '[]', '[]')"""
        ),
        {"emails": stored(EMAILS), "phones": stored(PHONES)},
    )
    session.commit()
    return session.scalar(text("SELECT id FROM contacts WHERE first_name = 'Ann'"))


def test_a_contact_has_its_addresses_in_order(owner_program, ann):
    found = owner_program.ask("GET", f"/contacts/{ann}").json
    assert (found["emails"], found["phones"]) == (EMAILS, PHONES)
    assert (found["email"], found["phone"]) == ("ann@example.com", "+4930123456")
    listed, other = owner_program.ask("GET", "/contacts").json["items"]
    assert listed["emails"] == EMAILS
    assert other["emails"] == [{"value": "ben@example.com", "label": None}]
    assert other["phones"] == []


@pytest.mark.parametrize(
    ("sought", "names"),
    [
        ("home.EXAMPLE", ["Ann"]),
        ("ash@ ann@example", ["Ann"]),
        ("170123457", ["Ann"]),
        ("mobile", []),  # A label is no text of the contact's,
        ("value", []),  # nor is what the column calls its parts.
        ('"', []),
        ("example", ["Ann", "Ben"]),
    ],
)
@pytest.mark.usefixtures("ann")
def test_any_address_is_found(owner_program, viewer, sought, names):
    found = owner_program.ask("GET", "/contacts", query_string={"q": sought}).json["items"]
    assert [contact["first_name"] for contact in found] == names
    page = viewer.client.get("/contacts", query_string={"q": sought}).text
    assert [name for name in ("Ann", "Ben") if f">{name}<" in page] == names


@pytest.mark.usefixtures("ann")
def test_the_list_says_how_many_more_there_are(viewer):
    page = viewer.get("/contacts").text
    assert "ann@example.com" in page
    assert '+2<span class="sr"> more</span>' in page
    assert '+1<span class="sr"> more</span>' in page
    assert page.count('<span class="sr"> more</span>') == 2


@pytest.mark.usefixtures("ann")
def test_an_export_has_them_all(owner_program):
    whole = rows(owner_program.ask("GET", "/contacts/export.csv").data)
    assert [row["E-mail 3"] for row in whole] == ["a.ash@example.org", ""]
    assert [row["E-mail 2 label"] for row in whole] == ["home", ""]
    assert "E-mail 4" not in whole[0]
    (one,) = rows(
        owner_program.ask("GET", "/contacts/export.csv", query_string={"q": "ben"}).data
    )
    assert [name for name in one if name.startswith(("E-mail", "Phone"))] == [
        "E-mail",
        "Phone",
    ]
    cards = owner_program.ask("GET", "/contacts/export.vcf").text
    assert "EMAIL;PREF=2;TYPE=home:Ann@Home.example\r\n" in cards


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def change(program, contact_id: int, status: int = 200, **body):
    return program.ask("PATCH", f"/contacts/{contact_id}", status, json=body)


def test_a_list_is_changed_as_a_whole(owner_program, ann):
    turned = [EMAILS[1], {**EMAILS[0], "label": None}]
    found = change(owner_program, ann, email="Ann@Home.example", emails=turned).json
    assert found["emails"] == turned
    assert found["email"] == "Ann@Home.example"
    assert found["phones"] == PHONES
    assert change(owner_program, ann, phones=None).json["phone"] is None
    assert change(owner_program, ann, email=None).json["emails"] == turned[1:]
    last = change(owner_program, ann, email="new@example.com", custom={"Shoe size": "39"}).json
    assert (last["emails"][0]["value"], last["custom"]) == (
        "new@example.com",
        {"Shoe size": "39"},
    )
    assert last["first_name"] == "Ann"


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ann@home.example", "emails": EMAILS},
        {"email": None, "emails": EMAILS},
        {"email": "ann@example.com", "emails": []},
        {"phone": "+4930123457", "phones": PHONES},
    ],
)
def test_the_main_one_is_the_first_of_the_list(owner_program, ann, body):
    refusal = change(owner_program, ann, 422, **body).json
    kind = next(iter(body))
    assert refusal["code"] == "main_address_differs"
    assert refusal["errors"][0]["pointer"] == f"/{kind}"
    assert "Use the same in both" in refusal["detail"]
    same = {
        "email": "ann@example.com",
        "emails": EMAILS,
        "phone": "+4930123456",
        "phones": PHONES,
    }
    assert change(owner_program, ann, **same).json["version"] == 1  # and nothing is changed


def test_each_fault_of_a_list_has_its_place(owner_program, ann):
    listed = [*EMAILS, {"value": "ben@example.com"}, {"value": "nowhere"}, EMAILS[0]]
    refusal = change(owner_program, ann, 422, emails=listed, birthday="someday").json
    assert refusal["code"] == "contact_invalid"
    assert {error["pointer"]: error["code"] for error in refusal["errors"]} == {
        "/emails/3": "address_taken", "/emails/4": "email_no_at", "/emails/5": "address_twice",
        "/birthday": "date_unreadable",
    }  # fmt: skip
    many = [{"value": f"a{n}@example.com"} for n in range(21)]
    refusal = change(owner_program, ann, 422, emails=many).json
    assert [error["code"] for error in refusal["errors"]] == ["too_many_addresses"]
    refusal = change(owner_program, ann, 422, emails=[{"value": "a@b.example", "label": "x"}])
    assert refusal.json["errors"][0]["pointer"] == "/emails/0/label"
    assert owner_program.ask("GET", f"/contacts/{ann}").json["version"] == 1


def test_a_contact_that_moved_on_is_not_changed(owner_program, ann):
    tag = owner_program.ask("GET", f"/contacts/{ann}").headers["ETag"]
    path, seen = f"/contacts/{ann}", {"If-Match": tag}
    answer = owner_program.ask("PATCH", path, headers=seen, json={"company": "Acme"})
    assert (answer.headers["ETag"], tag) == ('"2"', '"1"')
    late = owner_program.ask("PATCH", path, 412, headers=seen, json={"company": "Other"}).json
    assert late["code"] == "changed_meanwhile"
    owner_program.ask("PATCH", path, headers={"If-Match": "*"}, json={"company": "Other"})


def test_who_may_only_look_changes_nothing(program, ann):
    change(program("viewer"), ann, 403, company="Acme")
    change(program("owner"), 10**9, 404, company="Acme")
    change(program("owner"), ann, 422, colour="red")
