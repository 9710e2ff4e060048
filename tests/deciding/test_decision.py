"""The SQL decision against the sequential model: any contacts, rows, strategy, match keys and
batch size.
"""

import uuid

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.deciding.model import Book, take
from webapp.deciding import duplicates
from webapp.deciding.decision import Rules
from webapp.deciding.duplicates import DuplicateHandler
from webapp.vocabulary.strategies import Strategy

FEW = st.integers(0, 4)


@st.composite
def people(draw):
    """A contact, or what the check stages of one; few values, so that keys collide often."""
    row = {}
    if draw(st.booleans()):
        row["external_id"] = f"x{draw(FEW)}"
    if draw(st.booleans()):
        row["email"] = draw(st.sampled_from(["A{}@example.com", "a{}@example.com"])).format(
            draw(FEW)
        )
        row["email_key"] = row["email"].lower()
    if draw(st.booleans()):
        row["phone"] = draw(st.sampled_from(["0{0}", "+4930{0}", "call {0}"])).format(
            draw(FEW)
        )
        if not row["phone"].startswith("call"):  # An unreadable number has no key.
            row["phone_key"] = "+4930" + row["phone"][-1]
    for name in ("first_name", "company"):
        if draw(st.booleans()):
            row[name] = draw(st.sampled_from(["p", "q"]))
    if draw(st.booleans()):
        row["tags"] = draw(
            st.lists(
                st.sampled_from("abäAÄ"),
                min_size=1,
                max_size=3,
                unique_by=lambda tag: tag.lower(),
            )
        )
    if draw(st.booleans()):
        row["custom"] = {draw(st.sampled_from("st")): draw(st.sampled_from("12"))}
    return row


@st.composite
def lines(draw):
    """A row as the check stages it: mostly valid, now and then with fields to be cleared."""
    row = draw(people())
    if draw(st.integers(0, 9)) == 0:
        row["status"] = draw(st.sampled_from(["invalid", "left_out"]))
        row["problems"] = [{"code": row["status"], "severity": "error"}]
    if draw(st.integers(0, 2)) == 0:
        said = {*row, *(f"custom:{name}" for name in row.get("custom", ()))}
        cleared = draw(st.sets(st.sampled_from(CLEARABLE), min_size=1, max_size=3)) - said
        row["clears"] = sorted(cleared) or None
    return row


CLEARABLE = (
    "external_id",
    "email",
    "phone",
    "company",
    "first_name",
    "tags",
    "custom:s",
    "custom:t",
)
STRATEGIES = st.sampled_from(["skip", "update", "merge"])
ANY_KEYS = st.sets(st.sampled_from(["external_id", "email", "phone"])).map(
    lambda keys: tuple(sorted(keys))
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(people(), max_size=6),
    rows=st.lists(lines(), min_size=1, max_size=14),
    strategy=STRATEGIES,
    match_keys=ANY_KEYS,
    size=st.integers(1, 8) | st.integers(9, 1000),
    together=st.sampled_from([1, 2, duplicates.TAKEN_TOGETHER]),
)
def test_sql_equals_the_sequential_model(
    conn, before, rows, strategy, match_keys, size, together
):
    book, import_id = Book(), uuid.uuid4()
    conn.execute(
        "TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows RESTART IDENTITY"
    )
    for (
        row
    ) in before:  # The model makes the contacts too, so that they respect the unique keys.
        take(book, 0, row, "skip", ("external_id", "email"))
    for number in sorted(book.contacts):
        _insert(conn, "contacts", book.contacts[number])
    for number, row in enumerate(rows, 2):
        _insert(conn, "contact_import_rows", {"import_id": import_id, "row": number, **row})
    book.ledger.clear()

    names = {number: number for number in book.contacts}  # model's number → database's id
    for number, row in enumerate(rows, 2):
        take(book, number, row, strategy, match_keys)
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # The fewer, the sooner rows are taken one by one.
        patch.setattr(duplicates, "TAKEN_TOGETHER", together)
        handler = DuplicateHandler(conn, import_id, Rules(Strategy(strategy), match_keys))
    after, counted = 0, {}
    while (decided := handler.handle_duplicates(after, size)).rows:
        after = decided.last_row
        for outcome, count in decided.counts.items():
            counted[outcome.value] = counted.get(outcome.value, 0) + count

    ledger = conn.execute(
        "SELECT row, outcome, contact_id, code FROM contact_import_results"
    ).fetchall()
    assert {entry["row"]: (entry["outcome"], entry["code"]) for entry in ledger} == {
        number: (outcome, code) for number, (outcome, _, code) in book.ledger.items()
    }
    for entry in ledger:
        expected = book.ledger[entry["row"]][1]
        assert names.setdefault(expected, entry["contact_id"]) == entry["contact_id"]
    assert sum(counted.values()) == len(rows)
    assert _contacts(conn) == {
        names[number]: _plain(contact) for number, contact in book.contacts.items()
    }
    conn.rollback()


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_phone_that_three_share_goes_to_the_third_once_two_have_another(conn, size):
    """Row 4 is somebody's only after rows 2 and 3, and row 5 comes after it, whatever the batch."""
    import_id = uuid.uuid4()
    for name in "abc":
        email = f"{name}@example.com"
        _insert(
            conn,
            "contacts",
            {"email": email, "email_key": email, "phone": "0", "phone_key": "+49300"},
        )
    rows = [
        {
            "email_key": "a@example.com",
            "email": "a@example.com",
            "phone": "1",
            "phone_key": "+49301",
        },
        {
            "email_key": "b@example.com",
            "email": "b@example.com",
            "phone": "2",
            "phone_key": "+49302",
        },
        {"phone": "0", "phone_key": "+49300", "first_name": "earlier"},
        {"email_key": "c@example.com", "email": "c@example.com", "first_name": "later"},
    ]
    for number, row in enumerate(rows, 2):
        _insert(conn, "contact_import_rows", {"import_id": import_id, "row": number, **row})
    handler = DuplicateHandler(conn, import_id, Rules(Strategy.UPDATE, ("email", "phone")))
    after = 0
    while (decided := handler.handle_duplicates(after, size)).rows:
        after = decided.last_row
    found = conn.execute(
        "SELECT phone, first_name FROM contacts ORDER BY email_key"
    ).fetchall()
    assert [tuple(contact.values()) for contact in found] == [
        ("1", None),
        ("2", None),
        ("0", "later"),
    ]
    outcomes = conn.execute("SELECT outcome::text FROM contact_import_results").fetchall()
    assert [entry["outcome"] for entry in outcomes] == ["updated"] * 4
    conn.rollback()


@pytest.mark.parametrize(
    ("field", "key", "there", "comes", "left"),
    [
        ("phone", "phone_key", ("+4930123", "+4930123"), ("4.93E+06", None), "+4930123"),
        ("phone", "phone_key", ("call me", None), ("4.93E+06", None), "4.93E+06"),
        ("phone", "phone_key", ("call me", None), ("+4930123", "+4930123"), "+4930123"),
        ("phone", "phone_key", ("+4930123", "+4930123"), ("+4930124", "+4930124"), "+4930124"),
        ("email", "email_key", ("Ada@x.org", "ada@x.org"), ("ADA@x.org", "ada@x.org"), "Ada@x.org"),
    ],
    ids=["unreadable", "both unreadable", "readable at last", "another", "other case"],
)  # fmt: skip
def test_an_update_takes_a_keyed_value_where_it_says_more(
    conn, field, key, there, comes, left
):
    """What cannot be read, or is the same but for its case, leaves a good value and its key."""
    import_id = uuid.uuid4()
    _insert(conn, "contacts", {"external_id": "1", field: there[0], key: there[1]})
    row = {"import_id": import_id, "row": 1, "external_id": "1"}
    _insert(conn, "contact_import_rows", {**row, field: comes[0], key: comes[1]})

    handler = DuplicateHandler(conn, import_id, Rules(Strategy.UPDATE, ("external_id",)))
    counts = handler.handle_duplicates(0, 10).counts

    found = conn.execute(f"SELECT {field} AS value, {key} AS key FROM contacts").fetchone()
    changed = left != there[0]
    assert found["value"] == left
    assert found["key"] == (comes[1] if changed else there[1])
    assert counts["updated" if changed else "unchanged"] == 1
    conn.rollback()


COUNT_STATEMENTS = (
    "CREATE TEMP TABLE statements (n int)",
    """CREATE FUNCTION pg_temp.count_one() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO statements VALUES (1); RETURN NULL; END'""",
    "CREATE TRIGGER counted AFTER INSERT ON contact_import_results EXECUTE FUNCTION pg_temp.count_one()",
)


@pytest.mark.parametrize("times", [1, 2, 5, 10, 1000])
def test_rows_of_one_person_wait_for_each_other_and_for_nobody_else(conn, times):
    """A thousand rows, so many in a row of each person: as many statements as a person has rows."""
    import_id = uuid.uuid4()
    conn.execute(
        """INSERT INTO contact_import_rows (import_id, row, email, email_key, job_title)
           SELECT %s, n, p, p, n
           FROM generate_series(2, 1001) n, LATERAL (SELECT (n - 2) / %s || '@example.com' AS p) p""",
        (import_id, times),
    )
    for statement in COUNT_STATEMENTS:
        conn.execute(statement)
    decided = DuplicateHandler(
        conn, import_id, Rules(Strategy.UPDATE, ("email",))
    ).handle_duplicates(0, 1000)
    assert (decided.counts["created"], decided.counts["updated"]) == (
        1000 // times,
        1000 - 1000 // times,
    )
    assert conn.execute("SELECT count(*) AS n FROM statements").fetchone()["n"] == times
    conn.rollback()


def _insert(conn: psycopg.Connection, table: str, values: dict) -> None:
    values = {
        name: Jsonb(value) if name in {"custom", "problems"} else value
        for name, value in values.items()
    }
    conn.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
        list(values.values()),
    )


COLUMNS = (
    "external_id",
    "email",
    "email_key",
    "phone",
    "phone_key",
    "first_name",
    "company",
    "tags",
    "custom",
)


def _contacts(conn) -> dict:
    found = conn.execute(f"SELECT id, {', '.join(COLUMNS)} FROM contacts").fetchall()
    return {row["id"]: {name: row[name] for name in COLUMNS} for row in found}


def _plain(contact: dict) -> dict:
    return {name: contact.get(name) for name in COLUMNS}
