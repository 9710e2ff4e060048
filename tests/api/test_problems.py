"""Rows with problems, corrections of many rows, and their undo, as programs ask for them."""

import pytest

from tests.harness.imports import table
from webapp import jobs

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben (at)example.com,Ben,,,,",
    "3,nobody,Cid,,,,",
    "4,nobody,Dan,,,,",
    "5,fay@@example.com,Fay,,,,",
)


@pytest.fixture
def import_id(owner_program):
    return owner_program.ready(PEOPLE.encode())


def test_from_the_list_to_the_last_undo(owner_program, import_id):
    at = f"/imports/{import_id}"
    listed = owner_program.ask("GET", f"{at}/problems?limit=3").json
    assert [item["row"] for item in listed["items"]] == [3, 6, 4]
    first = listed["items"][0]
    assert first["problems"][0]["suggestion"] == "ben@example.com"
    assert (first["cells"][1], first["column"]) == ("ben (at)example.com", 1)
    assert listed["groups"][0]["rows"] == 2
    assert listed["counts"] == {
        "to_fix": 4, "look": 0, "left_out": 0, "corrected": 0, "suggestions": 2,
        "columns": [{"column": 1, "rows": 4, "suggestions": 2}],
    }  # fmt: skip
    rest = owner_program.ask("GET", f"{at}/problems?after={listed['next']}").json
    assert ([item["row"] for item in rest["items"]], rest["next"]) == ([5], None)

    made = owner_program.ask(
        "POST", f"{at}/corrections", 201, json={"act": "use_suggestions", "filter": {}}
    ).json
    assert (made["number"], made["rows"], made["act"]) == (1, 2, "use_suggestions")
    group = listed["groups"][0]["group"]
    body = {"act": "set", "group": group, "column": 1, "value": "x@example.com"}
    assert owner_program.ask("POST", f"{at}/corrections", 201, json=body).json["rows"] == 2
    again = owner_program.ask("POST", f"{at}/corrections", 409, json=body).json
    assert again["code"] == "no_rows"

    would = {"act": "replace", "everything": True, "find": "example", "replace_with": "acme"}
    found = owner_program.ask("POST", f"{at}/corrections/preview", json=would).json
    assert (found["rows"], found["complete"]) == (5, True)
    cells = owner_program.ask("GET", f"{at}/cells?q=ann").json
    assert [item["cells"][1] for item in cells["items"]] == ["ann@example.com"]
    assert owner_program.ask("POST", f"{at}/corrections", 201, json=would).json["rows"] == 5

    assert owner_program.ask("DELETE", f"{at}/corrections/2").json == {
        "cells": 0,
        "stayed": 2,
    }
    acts = owner_program.ask("GET", f"{at}/corrections").json["items"]
    assert [(act["number"], act["undone_at"] is None) for act in acts] == [
        (3, True),
        (2, False),
        (1, True),
    ]
    assert owner_program.ask("GET", f"{at}/corrections/3").json["find"] == "example"
    assert owner_program.ask("DELETE", f"{at}/corrections/2", 409).json["code"] == "act_undone"
    assert owner_program.ask("GET", f"{at}/corrections/9", 404).json["code"] == "act_unknown"
    owner_program.ask("DELETE", f"{at}/corrections")
    rows = owner_program.ask("GET", f"{at}/problems").json["counts"]
    assert (rows["to_fix"], rows["corrected"]) == (4, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"act": "use_suggestions"},
        {"act": "use_suggestions", "filter": {}, "rows": [2]},
        {"act": "clear", "rows": [2]},
        {"act": "set", "rows": [2], "column": 1},
        {"act": "replace", "everything": True},
        {"act": "clear", "everything": True, "column": 1},
        {"act": "paste", "rows": [2], "column": 1},
        {"act": "paste", "cells": [{"row": 2, "value": "x", "more": 1}], "column": 1},
        {"act": "set", "rows": [0], "column": 1, "value": ""},
        {"act": "set", "rows": [2] * 10_001, "column": 1, "value": ""},
        {"act": "drop", "rows": [2]},
        {"act": "leave_out", "filter": {"kind": "all"}},
    ],
)
def test_what_is_no_correction(owner_program, import_id, body):
    owner_program.ask("POST", f"/imports/{import_id}/corrections", 422, json=body)


def test_a_correction_comes_too_late(owner_program, import_id):
    owner_program.execute(import_id)
    refused = owner_program.ask(
        "POST",
        f"/imports/{import_id}/corrections",
        409,
        json={"act": "clear", "rows": [4], "column": 1},
    )
    assert refused.json["code"] == "wrong_state"
    jobs.work(import_id)
