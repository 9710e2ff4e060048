"""Programs change many contacts at once, and undo it."""

import pytest
from jsonschema_rs import Draft202012Validator

from tests.harness.imports import table
from webapp import jobs
from webapp.web.forms import BulkActRequest

PEOPLE = table(
    "1,ann@example.com,Ann,Ash,Acme,vip,39",
    "2,bob@example.com,Bob,Bay,Acme,new,",
    "3,cleo@example.com,Cleo,Cox,,,40",
)
REFUSED = [
    ({"kind": "tag", "tags": ["a"]}, "which_contacts"),
    ({"kind": "tag", "tags": ["a"], "contact_ids": [1], "filter": {}}, "which_contacts"),
    ({"kind": "tag", "contact_ids": [1]}, "bulk_parameters"),
    ({"kind": "delete", "contact_ids": [1], "value": "x"}, "bulk_parameters"),
    ({"kind": "tag", "tags": [" "], "contact_ids": [1]}, "bulk_no_tag"),
    ({"kind": "set", "field": "email", "value": "x", "contact_ids": [1]}, "bulk_no_field"),
    ({"kind": "set", "field": "custom:", "value": "x", "contact_ids": [1]}, "bulk_no_field"),
    (
        {"kind": "set", "field": "birthday", "value": "x", "contact_ids": [1]},
        "date_unreadable",
    ),
    ({"kind": "rename_tag", "tag": "a", "to": "a", "contact_ids": [1]}, "bulk_same"),
    ({"kind": "rename_tag", "tag": "a", "to": "a, b", "contact_ids": [1]}, "bulk_one_tag"),
    ({"kind": "move", "field": "custom:a", "to": "tags", "contact_ids": [1]}, "bulk_no_field"),
    ({"kind": "tag", "tags": ["a\0"], "contact_ids": [1]}, "value_error"),
    ({"kind": "tag", "tags": ["a" * 10_000], "contact_ids": [1]}, "too_long"),
    ({"kind": "delete", "contact_ids": []}, "too_short"),
    ({"kind": "delete", "contact_ids": [0]}, "greater_than_equal"),
    ({"kind": "delete", "contact_ids": list(range(1, 1002))}, "too_long"),
    ({"kind": "delete", "filter": {"q": "\0"}}, "value_error"),
    ({"kind": "delete", "filter": {"shoe": "1"}}, "extra_forbidden"),
]

TAKEN = [
    {"kind": "tag", "tags": ["a"], "contact_ids": [1]},
    {"kind": "untag", "tags": ["a"], "filter": {}},
    {"kind": "rename_tag", "tag": "a", "to": "b", "filter": {"tag": "a"}},
    {"kind": "set", "field": "company", "value": "", "contact_ids": [1], "filter": None},
    {"kind": "move", "field": "custom:a", "to": "company", "filter": {}},
    {"kind": "delete", "contact_ids": [1]},
]


def test_the_document_says_what_each_kind_takes():
    """A program finds in the schema what the form refuses beside types and lengths."""
    schema = Draft202012Validator(BulkActRequest.model_json_schema())
    for body in TAKEN:
        assert schema.is_valid(body), body
        BulkActRequest.model_validate(body)
    for body, code in REFUSED:
        if code in {"which_contacts", "bulk_parameters"}:
            assert not schema.is_valid(body), body


@pytest.fixture
def book(importer):
    return importer.run(PEOPLE)


def start(program, status=202, **asked):
    return program.ask("POST", "/contacts/acts", status, json=asked).json


def ids(program, query: str = "") -> list[int]:
    return [one["id"] for one in program.ask("GET", f"/contacts?{query}").json["items"]]


def test_an_act_is_started_followed_and_undone(owner_program, book):
    ann, bob, _ = ids(owner_program)
    answer = owner_program.ask(
        "POST",
        "/contacts/acts",
        202,
        json={"kind": "tag", "tags": ["x, y", "z"], "contact_ids": [ann, bob]},
    )
    where = answer.headers["Location"].removeprefix("/api")
    assert (answer.json["state"], answer.json["total"]) == ("queued", 2)
    jobs.act_on_contacts()
    done = owner_program.ask("GET", where).json
    assert (done["state"], done["touched"], done["kept"]) == ("done", 2, [])
    assert ids(owner_program, "tag=x, y") == ids(owner_program, "tag=z") == [ann, bob]

    assert owner_program.ask("POST", f"{where}/undo", 202).json["state"] == "undoing"
    jobs.act_on_contacts()
    undone = owner_program.ask("POST", f"{where}/undo", 202).json
    assert (undone["state"], undone["restored"]) == ("undone", 2)
    assert ids(owner_program, "tag=z") == []
    assert owner_program.ask("POST", f"{where}/stop", 200).json["state"] == "undone"


def test_all_that_match_and_what_stays(owner_program, book):
    (ann,) = ids(owner_program, "tag=vip")
    act = start(
        owner_program, kind="set", field="company", value="Zeta", filter={"tag": "vip"}
    )
    assert act["total"] is None
    jobs.act_on_contacts()
    owner_program.ask("PATCH", f"/contacts/{ann}", json={"company": "Other"})
    owner_program.ask("POST", f"/contacts/acts/{act['id']}/undo", 202)
    jobs.act_on_contacts()
    (kept,) = owner_program.ask("GET", f"/contacts/acts/{act['id']}").json["kept"]
    assert (kept["contact_id"], kept["field"], kept["code"]) == (
        ann,
        "company",
        "edited_since",
    )
    assert (kept["wanted"], kept["now"], kept["on_undo"]) == ("Acme", "Other", True)


@pytest.mark.parametrize(("asked", "code"), REFUSED)
def test_what_cannot_be_done_is_told(owner_program, book, asked, code):
    refused = start(owner_program, 422, **asked)
    assert {one["code"] for one in refused["errors"]} == {code}


def test_who_may_and_what_is_not_there(program, owner_program, book):
    viewer_program = program("viewer")
    start(viewer_program, 403, kind="delete", filter={})
    act = start(owner_program, kind="delete", filter={})
    viewer_program.ask("POST", f"/contacts/acts/{act['id']}/undo", 403)
    viewer_program.ask("POST", f"/contacts/acts/{act['id']}/stop", 403)
    viewer_program.ask("GET", f"/contacts/acts/{act['id']}")
    owner_program.ask("POST", f"/contacts/acts/{act['id']}/undo", 409)
    assert (
        owner_program.ask("POST", f"/contacts/acts/{act['id']}/stop").json["state"]
        == "stopped"
    )
    assert owner_program.ask("POST", f"/contacts/acts/{act['id']}/undo", 409).json["code"] == (
        "bulk_changed_nothing"
    )
    for path in ("", "/undo", "/stop"):
        owner_program.ask("POST" if path else "GET", f"/contacts/acts/99{path}", 404)
