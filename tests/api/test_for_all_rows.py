"""`constants` and `tag` of the mapping: what every row of a file has, by API."""

import pytest

from tests.api.conftest import table
from webapp import jobs
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport

ROWS = table(
    "1,ada@example.com,Ada,L,Acme,vip,40", ",bob@example.com,Bob,B,,,", ",cy@,Cy,C,,,41"
)
GIVEN = {"constants": {"country": "Germany", "custom:Source": "Fair"}, "tag": "fair"}


def test_the_session_has_what_was_given(owner_program):
    found = owner_program.upload(ROWS)
    options = found["options"]
    assert (options["constants"], options["tag"]) == ({}, None)
    path = f"/imports/{found['import_id']}"
    body = {"mapping": found["suggested_mapping"], **GIVEN}
    options = owner_program.ask("PUT", f"{path}/mapping", 202, json=body).json["options"]
    assert {name: options[name] for name in GIVEN} == GIVEN
    jobs.work(found["import_id"])
    del body["tag"], body["constants"]  # What a mapping leaves out is not given.
    options = owner_program.ask("PUT", f"{path}/mapping", 202, json=body).json["options"]
    assert (options["constants"], options["tag"]) == ({}, None)


def test_contacts_have_it_and_one_that_is_there_gets_it_by_the_strategy(
    owner_program, session
):
    owner_program.run(table("1,ada@example.com,Ada,L,Acme,old,40"))
    import_id = owner_program.ready(ROWS, **GIVEN)
    preview = owner_program.ask(
        "GET", f"/imports/{import_id}/preview?duplicate_strategy=merge", None
    )
    if preview.status_code == 202:
        jobs.work(import_id)
    owner_program.execute(import_id, "merge")
    jobs.work(import_id)
    ada, bob = session.query(Contact).order_by(Contact.id).all()
    assert (ada.country, ada.custom, ada.tags) == (
        "Germany",
        {"Shoe size": "40", "Source": "Fair"},
        ["old", "vip", "fair"],
    )
    assert (bob.country, bob.custom, bob.tags) == ("Germany", {"Source": "Fair"}, ["fair"])
    rows = owner_program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    assert [row["outcome"] for row in rows] == ["merged", "created", "invalid"]


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"constants": {"email": "a@example.com"}}, "/constants/email", "constant_of_one"),
        ({"constants": {"external_id": "7"}}, "/constants/external_id", "constant_of_one"),
        ({"constants": {"phone": "+49 30 90123456"}}, "/constants/phone", "constant_of_one"),
        ({"constants": {"company": "Acme"}}, "/constants/company", "constant_mapped"),
        (
            {"constants": {"custom:shoe SIZE": "7"}},
            "/constants/custom:shoe SIZE",
            "constant_mapped",
        ),
        ({"constants": {"nation": "Germany"}}, "/constants/nation", "constant_unknown"),
        ({"constants": {"custom:a/b": " "}}, "/constants/custom:a~1b", "constant_blank"),
        ({"constants": {"birthday": "soon"}}, "/constants/birthday", "date_unreadable"),
        ({"constants": {"tags": "fair"}}, "/constants/tags", "constant_tags"),
        ({"constants": {"country": None}}, "/constants/country", "string_type"),
        ({"constants": {"country": 49}}, "/constants/country", "string_type"),
        ({"constants": {"city": "a\0b"}}, "/constants/city", "value_error"),
        ({"constants": ["country"]}, "/constants", "dict_type"),
        ({"constants": None}, "/constants", "dict_type"),
        ({"constants": {f"custom:{n}": "x" for n in range(51)}}, "/constants", "too_long"),
        ({"tag": ""}, "/tag", "constant_blank"),
        ({"tag": ["fair"]}, "/tag", "string_type"),
        ({"tag": "x" * 2001}, "/tag", "too_long"),
    ],
)
def test_what_cannot_hold_for_all_rows_is_refused(
    owner_program, session, given, pointer, code
):
    found = owner_program.upload(ROWS)
    body = {"mapping": found["suggested_mapping"], **given}
    path = f"/imports/{found['import_id']}/mapping"
    (error,) = owner_program.ask("PUT", path, 422, json=body).json["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert session.get_one(ContactImport, found["import_id"]).state == "uploaded"


def test_an_import_that_is_run_again_has_them(importer, session):
    done = importer.run(ROWS.decode(), **GIVEN)
    importer.undo(done.id)
    again = import_commands.run_again(session, done.id, done.created_by)
    assert (again.constants, again.tag) == (GIVEN["constants"], "fair")


def test_under_update_a_tag_is_added_and_a_value_replaces_unless_its_rule_says_otherwise(
    owner_program, session
):
    owner_program.run(table("1,ada@example.com,Ada,L,Acme,old,40", "2,b@example.com,B,B,,x,"))
    given = {"constants": {"company": "Fair Ltd", "custom:Source": "Fair"}, "tag": "fair"}
    rows = b"ID,Tags\n1,\n2,-\n"
    import_id = owner_program.ready(
        rows, **given, clear_token="-", rules={"company": "fill", "custom:Source": "keep"}
    )
    owner_program.execute(import_id, "update")
    jobs.work(import_id)
    ada, other = session.query(Contact).order_by(Contact.id).all()
    assert (ada.company, ada.custom, ada.tags) == (
        "Acme",
        {"Shoe size": "40"},
        ["old", "fair"],
    )
    # The cell empties the contact's tags; the file's own comes all the same.
    assert (other.company, other.tags) == ("Fair Ltd", ["fair"])
