"""What is checked is what is staged, to the letter, and rows in a block fare as they would
alone.
"""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.harness.examples import examples
from tests.harness.imports import table
from webapp.checking.validation import Checker
from webapp.reading.readers import Position, Record
from webapp.staging.staged_rows import COLUMNS, copy_rows, take_back
from webapp.vocabulary.fields import SCALARS

TARGETS = [
    "external_id",
    "email",
    "first_name",
    "phone",
    "country",
    "birthday",
    "notes",
    "tags",
    "custom:Shoe",
    None,
    "email_label",
    "email",
    "phone",
]
LABELS = ["ID", "Email", "First name", "Business phone", *[""] * 8, "E-mail 2", "Phone 2"]
SIGNS = "ab1\"'\\{},;|:@.+ \t\n\r\x07\x1e\x1f\x7fé\u0308\u2028😀"
WORDS = [
    "\\N",
    "\\.",
    "NULL",
    "{}",
    "-",
    "a@example.com",
    "a@b::: c@d",
    "+49 30 1234567",
    "3/4/1985",
    "DE",
    "\x1e",
]
CELLS = st.lists(st.text(SIGNS, max_size=6) | st.sampled_from(WORDS), max_size=15)
FOUND = st.sampled_from([None, "undecodable", "damaged_characters", "unclosed_quote"])


@pytest.fixture
def import_id(importer):
    return importer.upload(table("1,a@example.com,Ann,Ash,,,")).id


def checked(block):
    checker = Checker(TARGETS, columns=LABELS, default_country="DE", clear_token="-")
    records = [
        Record(row, cells, problem, Position(0, row))
        for row, (cells, problem) in enumerate(block, 2)
    ]
    rows = checker.check_block(records)
    assert rows == [checker.check(record) for record in records]
    return rows


@given(st.lists(st.tuples(CELLS, FOUND), max_size=4))
@example([(["\\", "a\\b", "a\tb", "", "", "", "a\nb\r", 'a"b,c\\', "\\\\"], None)])
@example(
    [(["", "a@x.org; b@x.org", "", "+49 30 1234567", *[""] * 6, "own", "c@x.org", "x"], None)]
)
@example([(["x", "no address", "\x1f", "", "", "", "\\\x1f", "", "", 'a\x1fb\x1e"{'], None)])
@settings(
    max_examples=examples(100, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_are_staged_as_psycopg_would_write_them(conn, import_id, block):
    conn.rollback()
    rows = checked(block)
    copy_rows(conn, import_id, rows)
    ours = staged(conn, import_id)
    conn.rollback()
    with conn.cursor() as cursor:
        cursor.executemany(INSERT, [as_parameters(import_id, row) for row in rows])
    assert ours == staged(conn, import_id)
    conn.rollback()


INSERT = f"INSERT INTO contact_import_rows ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"


def as_parameters(import_id, row) -> list[object]:
    problems = [problem.as_json() for problem in row.problems]
    return [
        *(import_id, row.row, row.status, *map(row.values.get, SCALARS), row.tags),
        Jsonb(row.custom) if row.custom else None,
        *(
            row.email_key,
            row.phone_key,
            row.email_label,
            row.phone_label,
            Jsonb(row.further_emails) if row.further_emails else None,
            Jsonb(row.further_phones) if row.further_phones else None,
            row.clears,
            Jsonb(problems) if problems else None,
            row.record,
        ),
    ]


def staged(conn, import_id) -> list:
    return conn.execute(
        "SELECT * FROM contact_import_rows WHERE import_id = %s ORDER BY row", (import_id,)
    ).fetchall()


def test_rows_taken_back_leave_no_problem_behind(conn, import_id):
    wrong = [
        (["", "no address", "", "", "", "3/4/1985"], None),
        (["", "a@b@c"], None),
        (["1"], None),
    ]
    copy_rows(conn, import_id, checked(wrong * 2))
    take_back(conn, import_id, [5, 6, 7])
    assert [row["row"] for row in staged(conn, import_id)] == [2, 3, 4]
    question = (
        "SELECT row, code FROM contact_import_problems WHERE import_id = %s ORDER BY 1, 2"
    )
    left = [tuple(row.values()) for row in conn.execute(question, (import_id,))]
    assert left == [(2, "date_ambiguous"), (2, "email_no_at"), (3, "email_invalid")]
    conn.rollback()
