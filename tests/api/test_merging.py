"""Merging contacts by the API: what it takes, where the old number leads, and the way back."""

import pytest

from webapp.contacts import journal

ANN = {"email": "ann@example.com", "first_name": "Ann", "tags": "a"}
BEA = {"email": "bea@example.com", "first_name": "Bea", "company": "Lee", "tags": "b"}


@pytest.fixture
def api(owner_program):
    """Asks a path by a method, with a body: the answer."""

    def asked(method: str, path: str, body=None, **headers):
        return owner_program.ask(method, f"/contacts/{path}", None, json=body, headers=headers)

    return asked


@pytest.fixture
def both(session):
    contacts = [journal.create_contact(session, values) for values in (ANN, BEA)]
    session.commit()
    return [contact.id for contact in contacts]


def test_a_merge_and_its_undo(api, both):
    kept, other = both
    old = api("GET", f"{other}").json
    answer = api(
        "POST",
        f"{kept}/merge",
        {"other_id": other, "fields": {"first_name": "other"}},
    )
    assert answer.status_code == 200
    contact = answer.json["contact"]
    assert (contact["first_name"], contact["company"], contact["tags"]) == (
        "Bea",
        "Lee",
        ["a", "b"],
    )
    assert [one["value"] for one in contact["emails"]] == [
        "ann@example.com",
        "bea@example.com",
    ]
    assert answer.headers["ETag"] == '"2"'

    moved = api("GET", f"{other}")
    assert moved.status_code == 301
    assert moved.headers["Location"].endswith(f"/api/contacts/{kept}")
    assert moved.headers["Cache-Control"] == "no-store"
    refused = api("PATCH", f"{other}", {"city": "Leeds"})
    assert (refused.status_code, refused.json["code"], refused.json["into"]) == (
        409,
        "contact_merged",
        kept,
    )

    api("PATCH", f"{kept}", {"city": "Leeds"})
    undone = api("POST", f"{kept}/unmerge", {"other_id": other}).json
    assert undone["other_there"]
    assert undone["contact_there"]
    assert set(undone["fields_restored"]) == {"first_name", "company", "tags", "email"}
    assert [(one["field"], one["code"]) for one in undone["conflicts"]] == [
        ("city", "edited_since")
    ]
    again = api("GET", f"{other}")
    moving = ("version", "updated_at")
    assert again.status_code == 200
    assert {n: v for n, v in again.json.items() if n not in moving} == {
        n: v for n, v in old.items() if n not in moving
    }
    twice = api("POST", f"{kept}/unmerge", {"other_id": other})
    assert twice.status_code == 404


def test_versions_are_checked(api, both):
    kept, other = both
    asked = {"other_id": other, "other_version": 3}
    assert api("POST", f"{kept}/merge", asked).json["code"] == "merge_changed"
    where = f"{kept}/merge"
    for version, status in (("3", 412), ("1", 200)):
        match = {"If-Match": f'"{version}"'}
        assert api("POST", where, {"other_id": other}, **match).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"other_id": "1"}, 422),
        ({"other_id": 0}, 422),
        ({"other_id": 1, "fields": {"tags": "other"}}, 422),
        ({"other_id": 1, "fields": {"first_name": "both"}}, 422),
        ({"other_id": 1, "fields": {"custom:": "kept"}}, 422),
        ({"other_id": 1, "fields": {"custom:a\0": "kept"}}, 422),
        ({"other_id": 10**12}, 409),
    ],
)
def test_what_is_not_taken(api, both, body, status):
    assert api("POST", f"{both[0]}/merge", body).status_code == status


def test_a_contact_is_not_merged_with_itself(api, both):
    answer = api("POST", f"{both[0]}/merge", {"other_id": both[0]})
    assert (answer.status_code, answer.json["code"]) == (422, "merge_same")
