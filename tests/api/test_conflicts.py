"""Rows in conflict from a program: who is meant, and what is chosen."""

from uuid import uuid4

import pytest

from tests.api.conftest import HEADER
from webapp import jobs
from webapp.models import Contact


def table(*rows: str) -> bytes:
    return ("\n".join([HEADER, *rows]) + "\n").encode()


BOOK = table("1,ben@example.com,Ben,Cole,Acme,,", "2,ann@example.com,Ann,Ash,,,")
# Rows 2 and 3: Ben's ID and Ann's e-mail. Row 4: Ann's e-mail, a new ID. Row 6: the ID of row 5 and
# Ben's e-mail.
FILE = table(
    "1,ann@example.com,Ann,Ash,Acme Ltd,,",
    "1,ann@example.com,Anna,Ash,,,39",
    "9,ann@example.com,Anna,Ash,,,",
    "7,dan@example.com,Dan,Elm,,,",
    "7,ben@example.com,Ben,Cole,,,",
)


@pytest.fixture
def import_id(owner_program) -> str:
    owner_program.run(BOOK)
    found = owner_program.ready(FILE)
    jobs.work(found)  # the previews
    return found


@pytest.fixture
def ids(session, import_id) -> dict[str, int]:
    return {contact.first_name: contact.id for contact in session.query(Contact)}


def listed(program, import_id: str, query: str = "") -> dict:
    return program.ask("GET", f"/imports/{import_id}/conflicts{query}").json


def choose(program, import_id: str, row: int, status: int = 200, **body) -> dict:
    path = f"/imports/{import_id}/rows/{row}/choice"
    return program.ask("PUT", path, status, json=body).json


def test_each_row_comes_with_the_contacts_that_it_may_mean(owner_program, import_id, ids):
    found = listed(owner_program, import_id)
    assert found["next"] is None
    first, *_, last = found["items"]
    ben = {
        "contact_id": ids["Ben"],
        "row": None,
        "name": "Ben Cole",
        "email": "ben@example.com",
    }
    ann = {
        "contact_id": ids["Ann"],
        "row": None,
        "name": "Ann Ash",
        "email": "ann@example.com",
    }
    assert [one["row"] for one in found["items"]] == [2, 3, 4, 6]
    assert (first["code"], first["choice"]) == ("two_contacts", None)
    assert "two of your contacts" in first["message"]
    assert first["candidates"] == [{**ben, "by": ["external_id"]}, {**ann, "by": ["email"]}]
    dan = {"contact_id": None, "row": 5, "name": "Dan Elm", "email": "dan@example.com"}
    assert last["candidates"] == [{**dan, "by": ["external_id"]}, {**ben, "by": ["email"]}]
    page = listed(owner_program, import_id, "?limit=3")
    assert (len(page["items"]), page["next"]) == (3, "4")
    page = listed(owner_program, import_id, "?after=4")
    assert ([one["row"] for one in page["items"]], page["next"]) == ([6], None)


def test_a_choice_is_made_told_changed_and_taken_back(owner_program, import_id, ids):
    said = {"contact_id": None, "owner_of": None, "new": False, "leave_out": False}
    for body in (
        {"contact_id": ids["Ann"]},
        {"owner_of": "external_id"},
        {"new": True},
        {"leave_out": True},
    ):
        assert choose(owner_program, import_id, 2, **body) == {"rows": 1}
        made = listed(owner_program, import_id)["items"][0]["choice"]
        assert made == {**said, **body}
        # What an answer says can be sent as it is.
        assert choose(owner_program, import_id, 3, **made) == {"rows": 1}

    path = f"/imports/{import_id}/rows/2/choice"
    assert owner_program.ask("DELETE", path).json == {"rows": 1}
    assert owner_program.ask("DELETE", path).json == {"rows": 0}
    assert listed(owner_program, import_id)["items"][0]["choice"] is None


def test_for_all_alike_is_a_rule(owner_program, import_id, ids, session):
    assert choose(owner_program, import_id, 2, owner_of="email", alike=True) == {"rows": 3}
    choose(owner_program, import_id, 4, leave_out=True)
    jobs.work(import_id)
    path = f"/imports/{import_id}/preview?duplicate_strategy=update"
    outcomes = owner_program.ask("GET", path).json["outcomes"]
    owner_program.execute(import_id, "update")
    jobs.work(import_id)
    done = owner_program.ask("GET", f"/imports/{import_id}").json["outcomes"]
    assert done == outcomes
    assert (done["conflict"], done["left_out"], done["created"]) == (0, 1, 1)
    rows = owner_program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    assert [row["contact_id"] for row in rows[:2]] == [ids["Ann"]] * 2
    assert "key_left_out" in {one["code"] for one in rows[0]["warnings"]}


def test_rows_of_the_ledger_name_whom_a_conflict_may_mean(owner_program, import_id, ids):
    owner_program.execute(import_id, "update")
    jobs.work(import_id)
    rows = owner_program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    named = {
        row["row"]: [(one["name"], one["by"]) for one in row["candidates"]] for row in rows
    }
    two = [("Ben Cole", ["external_id"]), ("Ann Ash", ["email"])]
    of_row_6 = [("Ben Cole", ["email"]), ("Dan Elm", ["external_id"])]
    assert named == {2: two, 3: two, 4: [("Ann Ash", ["email"])], 5: [], 6: of_row_6}
    left = listed(owner_program, import_id)["items"]
    assert [one["row"] for one in left] == [2, 3, 4, 6]
    assert all(one["contact_id"] for item in left for one in item["candidates"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"alike": True}, ""),
        ({"new": False}, ""),
        ({"new": True, "leave_out": True}, ""),
        ({"contact_id": 1, "owner_of": "email"}, ""),
        ({"contact_id": "1"}, "/contact_id"),
        ({"contact_id": 0}, "/contact_id"),
        ({"contact_id": 2**63}, "/contact_id"),
        ({"owner_of": "name"}, "/owner_of"),
        ({"new": "yes"}, "/new"),
        ({"new": True, "alike": 1}, "/alike"),
        ({"new": True, "by": "email"}, "/by"),
    ],
)
def test_bodies_are_strict(owner_program, import_id, body, pointer):
    problem = choose(owner_program, import_id, 2, 422, **body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_who_is_no_candidate_is_refused(owner_program, import_id, ids, session):
    for body, code in (
        ({"contact_id": 10**17}, "choice_no_candidate"),
        ({"owner_of": "phone"}, "choice_no_candidate"),
    ):
        problem = choose(owner_program, import_id, 2, 422, **body)
        assert (problem["code"], problem["errors"][0]["pointer"]) == (
            code,
            f"/{next(iter(body))}",
        )
    # Ben is a candidate of row 2, but not of row 4.
    problem = choose(owner_program, import_id, 4, 422, contact_id=ids["Ben"])
    assert problem["code"] == "choice_no_candidate"
    for row in (5, 99):
        choose(owner_program, import_id, row, 409, new=True)


def test_a_contact_for_all_is_one_that_all_may_mean(owner_program, ids, import_id):
    problem = choose(owner_program, import_id, 2, 422, contact_id=ids["Ann"], alike=True)
    assert problem["code"] == "choice_not_for_all"
    choose(owner_program, import_id, 4, contact_id=ids["Ann"], alike=True)


def test_whose_import_it_is_not(program, import_id):
    body = {"new": True}
    assert program("viewer").ask("GET", f"/imports/{import_id}/conflicts").json["items"]
    choose(program("viewer"), import_id, 2, 403, **body)
    program("viewer").ask("DELETE", f"/imports/{import_id}/rows/2/choice", 403)
    program("outsider").ask("GET", f"/imports/{import_id}/conflicts", 404)
    choose(program("outsider"), import_id, 2, 404, **body)
    choose(program("owner"), str(uuid4()), 2, 404, **body)


def test_not_before_the_check_nor_during_the_run(owner_program, import_id):
    found = owner_program.upload(FILE)["import_id"]
    owner_program.ask("GET", f"/imports/{found}/conflicts", 409)
    assert choose(owner_program, found, 2, 409, new=True)["state"] == "uploaded"
    owner_program.execute(import_id, "update")
    problem = choose(owner_program, import_id, 2, 409, new=True)
    assert (problem["code"], problem["state"]) == ("wrong_state", "queued")
    owner_program.ask("DELETE", f"/imports/{import_id}/rows/2/choice", 409)
