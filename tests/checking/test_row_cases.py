"""Rows as people bring them, read and checked the whole way, with the columns as they are
suggested.

tests/corpus/rows.json names the files, the choices, and for each row what is expected: fields,
keys and lists by their names, null where there must be none, and the `codes` of all its
problems. A case that `needs` a part that is yet to come must fail until it is there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import make
from webapp.checking import mapping
from webapp.checking.checked_rows import CheckedRow
from webapp.checking.validation import Checker
from webapp.reading import readers

FOLDER = Path(make.__file__).parent
CASES = json.loads((FOLDER / "rows.json").read_text())


def marked(case: dict[str, Any]) -> Any:
    marks = [pytest.mark.xfail(reason=case["needs"], strict=True)] if case["needs"] else []
    return pytest.param(case, id=case["title"], marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_rows_are_checked_as_a_careful_person_would(case):
    for part in case["files"]:
        found = [seen(row, wanted) for row, wanted in zip(*rows_of(part), strict=True)]
        assert found == part["rows"], part["file"]


def test_every_file_of_rows_is_used():
    named = {part["file"] for case in CASES for part in case["files"]}
    assert named == {path.name for path in (FOLDER / "rows").iterdir()}


def rows_of(part: dict[str, Any]) -> tuple[list[CheckedRow], list[dict[str, Any]]]:
    """The checked rows of a file, and what is expected of each."""
    source = readers.BytesSource((FOLDER / "rows" / part["file"]).read_bytes())
    head = readers.inspect(source, part["file"])
    targets = mapping.suggest(head.columns, head.sample)
    mapping.check(targets, head.columns)
    records = list(readers.records(source, head.dialect))
    return checked(targets, part["options"], records), part["rows"]


def checked(targets, options, records) -> list[CheckedRow]:
    """As the check does: dates that the whole column tells apart are judged again."""
    checker = Checker(targets, **options)
    rows = checker.check_block(records)
    order = checker.proven_date_order()
    if order and any(p.code == "date_ambiguous" for row in rows for p in row.problems):
        return Checker(targets, **options, date_order=order).check_block(records)
    return rows


def seen(row: CheckedRow, wanted: dict[str, Any]) -> dict[str, Any]:
    """Of a row, what is asked for."""
    facts = {
        "status": row.status,
        "codes": [problem.code for problem in row.problems],
        "tags": row.tags,
        "custom": row.custom,
        "clears": row.clears,
        "email_key": row.email_key,
        "phone_key": row.phone_key,
        "further_emails": row.further_emails,
        "further_phones": row.further_phones,
    }
    return {name: facts.get(name, row.values.get(name)) for name in wanted}
