"""“Keep the row, drop the cell”: a cell that is none, in a row that has something else to go by."""

import pytest

from webapp.checking.validation import Checker
from webapp.reading.records import Position, Record

TARGETS = ["external_id", "first_name", "email", "phone", "birthday", "city", "notes"]


def check(drop: bool = True, problem: str | None = None, **cells: str):
    record = Record(5, [cells.get(name, "") for name in TARGETS], problem, Position(0, 5))
    return Checker(TARGETS, drop_bad_cells=drop).check(record)


@pytest.mark.parametrize(
    "beside",
    [
        {"external_id": "M-7"},
        {"first_name": "Wilma"},
        {"phone": "+49 30 90123456"},
        {"email": "wilma@example.com"},
    ],
)
@pytest.mark.parametrize(
    "bad",
    [
        {"email": "wilma at example"},
        {"email": "wilma@"},
        {"email": "x" * 300},
        {"birthday": "a Tuesday"},
        {"birthday": "2999-01-01"},
    ],
)
def test_the_row_stays_and_the_cell_is_left_out(beside, bad):
    (name, text), *_ = bad.items()
    if name in beside:
        return

    row = check(**beside, **bad)
    (told,) = row.problems
    assert (row.status, name in row.values) == ("valid", False)
    assert (told.code, told.field, told.severity, told.dropped) == (
        "cell_dropped",
        name,
        "warning",
        True,
    )
    assert told.value == text[:200]
    assert row.record is not None  # it stays on the list of rows to fix
    assert check(drop=False, **beside, **bad).status == "invalid"


def test_a_row_with_nothing_else_waits_for_a_person():
    for cells in (
        {"email": "wilma at"},
        {"email": "wilma at", "city": "Ulm", "notes": "tall"},
    ):
        row = check(**cells)
        assert (row.status, row.problems[0].code) == ("invalid", "email_no_at")


def test_what_is_wrong_beside_a_bad_cell_still_refuses_the_row():
    row = check(first_name="x" * 300, phone="+49 30 90123456", email="wilma at")
    assert row.status == "invalid"
    assert {p.code for p in row.problems} == {"too_long", "email_no_at"}


def test_what_a_person_can_settle_for_all_rows_is_asked_for():
    row = check(first_name="Wilma", birthday="03/04/1985")
    assert (row.status, row.problems[0].code) == ("invalid", "date_ambiguous")


def test_both_cells_of_one_row():
    row = check(first_name="Wilma", email="none given", birthday="unknown day")
    assert sorted((p.code, p.field) for p in row.problems) == [
        ("cell_dropped", "birthday"),
        ("cell_dropped", "email"),
    ]
    assert row.values == {"first_name": "Wilma"}
