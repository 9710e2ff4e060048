"""Possible duplicates from a program: found, listed, answered."""

import pytest

from tests.api.conftest import table
from webapp import jobs

TWICE = table(
    "1,ann@example.com,Ann,Threlkeld,Acme,,",
    "2,ann.threlkeld@example.org,Ann,Threlkeld,Acme,,",
    "3,bob@example.com,Bob,Oyelaran,Other,,",
)


@pytest.fixture
def found(owner_program):
    owner_program.run(TWICE)
    asked = owner_program.ask("POST", "/duplicates/find", 202).json
    assert asked["state"] == "waiting"
    assert owner_program.ask("POST", "/duplicates/find", 202).json["id"] == asked["id"]
    jobs.find_duplicates()
    return owner_program.ask("GET", "/duplicates").json


def test_a_program_searches_and_answers(owner_program, found):
    assert (found["total"], found["search"]["state"], found["search"]["pairs"]) == (
        1,
        "done",
        1,
    )
    (pair,) = found["items"]
    assert [one["last_name"] for one in pair["contacts"]] == ["Threlkeld"] * 2
    assert {"same_given", "same_family", "same_company"} <= {*pair["evidence"]}
    numbers = {name: pair[name] for name in ("contact_id", "other_id")}

    def answer(said, status=204):
        owner_program.ask(
            "POST", "/duplicates/answers", status, json={**numbers, "answer": said}
        )

    answer("later")
    assert owner_program.ask("GET", "/duplicates").json["items"][0]["answer"] == "later"
    answer("not_the_same")
    assert owner_program.ask("GET", "/duplicates").json["items"] == []
    answer(None)
    assert owner_program.ask("GET", "/duplicates").json["items"] == [pair]
    answer("yes", 422)
    numbers["other_id"] += 1000
    answer("later", 404)


def test_pages_of_pairs(owner_program):
    owner_program.run(
        table(*[f"{n},p{n}@example.com,Ann,Threlkeld,Acme,," for n in range(1, 5)])
    )
    owner_program.ask("POST", "/duplicates/find", 202)
    jobs.find_duplicates()
    whole = owner_program.ask("GET", "/duplicates").json["items"]
    assert len(whole) == 6
    read, after = [], ""
    while after is not None:
        page = owner_program.ask("GET", f"/duplicates?limit=4&after={after}").json
        read, after = read + page["items"], page["next"]
    assert read == whole
    owner_program.ask("GET", "/duplicates?after=x", 422)


def test_who_only_looks_answers_and_searches_nothing(program, found):
    viewer = program("viewer")
    assert viewer.ask("GET", "/duplicates").json["total"] == 1
    (pair,) = found["items"]
    body = {"contact_id": pair["contact_id"], "other_id": pair["other_id"], "answer": "later"}
    viewer.ask("POST", "/duplicates/answers", 403, json=body)
    viewer.ask("POST", "/duplicates/find", 403)
    viewer.ask("POST", "/duplicates/cancel", 403)


def test_a_search_that_waits_is_cancelled(owner_program):
    owner_program.ask("POST", "/duplicates/find", 202)
    owner_program.ask("POST", "/duplicates/cancel", 204)
    jobs.find_duplicates()
    assert owner_program.ask("GET", "/duplicates").json["search"]["state"] == "cancelled"
