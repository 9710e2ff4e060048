"""Placeholders: where they are read as blank, where they stay, and what is counted of them."""

import pytest

from webapp.checking.blanks import BlankWords, spellings
from webapp.checking.seen_columns import SeenColumns
from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record
from webapp.vocabulary.blank_words import BLANK_WORDS, BUT_IN_NOTES, ERROR_CELLS, SIGNS

TARGETS = ["external_id", "first_name", "email", "phone", "company", "country", "region", "notes",
           "custom:Diet"]  # fmt: skip


def checked(rows: list[dict[str, str]], targets=TARGETS, **options):
    checker = Checker(targets, **options)
    records = [
        Record(
            number,
            [cells.get(name.removeprefix("custom:"), "") for name in targets],
            None,
            Position(0, number),
        )
        for number, cells in enumerate(rows, 2)
    ]
    return checker, checker.check_block(records)


def one(cells: dict[str, str], **options):
    checker, (row,) = checked([{"external_id": "7", **cells}], **options)
    return row, checker.seen.told()


@pytest.mark.parametrize("word", ERROR_CELLS + SIGNS)
def test_error_cells_and_signs_are_blank_in_every_column(word):
    for target in ("first_name", "company", "country", "notes", "Diet", "email", "phone"):
        row, told = one({target: word})
        assert (row.status, row.problems, row.values, row.custom) == (
            "valid",
            [],
            {"external_id": "7"},
            None,
        ), target
        assert [(t["code"], t["value"], t["cells"]) for t in told] == [
            ("read_as_blank", word, 1)
        ]


@pytest.mark.parametrize(
    "word",
    [
        "NULL",
        "null",
        "N/A",
        "n/a",
        "n.d.",
        "None",
        "NIL",
        "k.A.",
        "K. A.",
        "NaN",
        "keine Angabe",
    ],
)
def test_words_are_blank_but_in_names(word):
    for target in ("company", "country", "email", "phone", "Diet"):
        assert one({target: word})[0].values == {"external_id": "7"}, target
    for options in ({}, {"blank_words": [word]}):
        row, told = one({"first_name": word}, **options)
        assert (row.values["first_name"], row.status, told) == (word, "valid", [])
        assert [(p.code, p.value) for p in row.problems] == [("word_in_name", word)]


def test_namibia_and_naples_are_meant():
    row, _ = one({"country": "NA", "region": "NA", "company": "NA"})
    assert row.values == {"external_id": "7", "country": "NA", "region": "NA"}


def test_a_word_of_a_language_may_be_the_note():
    assert one({"notes": "none"})[0].values["notes"] == "none"
    assert "notes" not in one({"notes": "N/A"})[0].values
    assert "notes" not in one({"notes": "None"}, blank_words=["none"])[0].values


def test_none_are_blank_where_that_is_said():
    cells = {"first_name": "NULL", "company": "N/A", "Diet": "-"}
    row, told = one(cells, blank_words=[])
    assert (row.values["company"], row.custom, row.problems, told) == (
        "N/A",
        {"Diet": "-"},
        [],
        [],
    )


def test_a_word_of_ones_own_is_blank_in_every_column_and_the_usual_ones_stay():
    row, told = one(
        {"first_name": "Unbekannt", "company": "UNBEKANNT", "Diet": "N/A"},
        blank_words=["unbekannt"],
    )
    assert (row.values, row.custom) == ({"external_id": "7"}, {"Diet": "N/A"})
    assert [t["value"] for t in told] == ["Unbekannt", "UNBEKANNT"]


def test_a_column_may_keep_its_words():
    row, told = one({"company": "N/A", "Diet": "none"}, keep_words=[8])
    assert (row.values, row.custom) == ({"external_id": "7"}, {"Diet": "none"})
    assert [t["column"] for t in told] == [4]


@pytest.mark.parametrize("token", ["NULL", "-", "n/a", "#N/A"])
def test_the_clear_token_comes_first_in_any_case(token):
    for text in (token, token.upper(), token.lower()):
        row, told = one({"company": text, "Diet": "nil"}, clear_token=token)
        assert (row.clears, told[0]["value"], len(told)) == (["company"], "nil", 1)


def test_words_are_known_as_people_write_them():
    known = spellings(frozenset(word.lower() for word in BLANK_WORDS))
    for word in (*BLANK_WORDS, "N/a", "n/A", "K.a.", "NOT AVAILABLE", "Not Available", "NONE"):
        assert word in known
    assert BlankWords(None, None).of("company")[0] >= {word.lower() for word in BUT_IN_NOTES}


def test_cells_are_counted_by_column_and_word_and_the_count_goes_on():
    rows = [{"company": "N/A", "Diet": "-"}, {"company": "n/a"}, {"company": "Acme"}] * 3
    first, _ = checked([{"external_id": "1", **cells} for cells in rows])
    second = Checker(TARGETS)
    second.seen = SeenColumns.from_json(first.seen.as_json())
    second.check_block([Record(20, ["1", "", "", "", "N/A"], None, Position(0, 20))])
    assert [(t["column"], t["value"], t["cells"]) for t in second.seen.told()] == [
        (4, "N/A", 4),
        (4, "n/a", 3),
        (8, "-", 3),
    ]


def test_many_words_of_a_column_are_counted_together():
    checker, _ = checked(
        [{"company": "-" * count} for count in range(1, 9)] + [{"company": "nil"}]
    )
    (*_, last) = checker.seen.told()
    assert (sum(t["cells"] for t in checker.seen.told()), last["cells"]) == (9, 1)


def test_a_value_that_fills_most_of_a_column_is_told_and_kept():
    people = [
        {"first_name": f"P{n}", "email": "info@example.com", "company": "Acme"}
        for n in range(3)
    ]
    checker, rows = checked([*people, {"email": "ann@example.com"}, {"first_name": "Ben"}])
    assert checker.seen.told() == [
        {"code": "value_repeated", "column": 2, "value": "info@example.com", "cells": 3}
    ]
    assert rows[0].values["email"] == "info@example.com"
    checker, rows = checked(people, blank_words=[*BLANK_WORDS, "info@example.com"])
    assert ("email" in rows[0].values, len(checker.seen.told())) == (False, 1)


@pytest.mark.parametrize("alike", [2, 3])
def test_a_few_alike_are_a_family(alike):
    rows = [{"phone": "+49 30 90123456"}] * alike
    rows += [{"phone": f"+49 30 9012{n}"} for n in range(1000, 1000 + alike)]
    assert checked(rows)[0].seen.told() == []
    assert checked(rows[:2])[0].seen.told() == []
