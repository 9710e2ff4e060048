"""The SQL decision against the sequential model: any contacts, rows, strategy, match keys and
batch size.
"""

import uuid

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.deciding.model import NAMES, Book, as_columns, take
from tests.harness.examples import examples
from webapp.checking import column_rules
from webapp.deciding import duplicates, other_names, person_keys
from webapp.deciding.decision import LISTS, Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.vocabulary.strategies import Strategy

EXAMPLES = examples(30)
FEW = st.integers(0, 4)


EMAILS = st.builds(
    lambda letter, number: f"{letter}{number}@example.com", st.sampled_from("Aa"), FEW
)
PHONES = st.builds(
    lambda form, number: form.format(number),
    st.sampled_from(["0{}", "+4930{}", "+4930{}", "call {}"]),
    FEW,
)
LABELS = st.sampled_from([None, "work", "home"])


def key_of(kind: str, value: str) -> str | None:
    """An unreadable number has no key."""
    if kind == "email":
        return value.lower()
    if value.startswith("call"):
        return None
    return value if value.startswith("+") else "+4930" + value[-1]


@st.composite
def several(draw, kind, values):
    """No, one or several e-mails or phones, each of them once; a few have twenty or nearly so, most
    of which are of few others.
    """
    told = draw(st.lists(values, max_size=draw(st.sampled_from([1, 1, 1, 2, 4]))))
    if draw(st.integers(0, 15)) == 0:
        whose = draw(FEW)
        told += [f"+{whose}{n:02}" for n in range(draw(st.integers(16, 20)) - len(told))]
    listed = {}
    for value in told:
        key = key_of(kind, value)
        one = {"value": value, "key": key, "label": draw(LABELS)}
        listed.setdefault(key or value, one)
    return [*listed.values()]


@st.composite
def people(draw):
    """A contact, or what the check stages of one; few values, so that keys collide often."""
    row = {}
    keyless = draw(st.integers(0, 3)) == 0
    if not keyless and draw(st.booleans()):
        row["external_id"] = f"x{draw(FEW)}"
    for kind, values in (("email", EMAILS), ("phone", PHONES)):
        row |= as_columns(kind, [] if keyless else draw(several(kind, values)))
    for name in ("prefix", "first_name", "last_name", "company", "street", "city"):
        if draw(st.booleans()):
            row[name] = draw(st.sampled_from(["p", "q", "P", "Ä q", "ä Q", "ä  Q"]))
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
    for name in LISTS:
        row[name] = row[name] or None
    if draw(st.integers(0, 2)) == 0:
        said = {name for name, value in row.items() if value}
        said |= {f"custom:{name}" for name in row.get("custom", ())}
        cleared = draw(st.sets(st.sampled_from(CLEARABLE), min_size=1, max_size=3)) - said
        row["clears"] = sorted(cleared) or None
    if draw(st.integers(0, 3)) == 0:  # It has a column of whole names, beside one of prefixes.
        said = [f"name:{name}" for name in NAMES if name != "prefix" or draw(st.booleans())]
        row["clears"] = [*(row.get("clears") or ()), *said]
    return row


KINDS = ["external_id", "email", "phone"]
CHOICES = st.one_of(
    st.fixed_dictionaries(
        {
            "chosen": st.just("contact"),
            "contact": st.integers(1, 7),
            # None for one that the row looks like.
            "by": st.none() | st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
        }
    ),
    st.fixed_dictionaries(
        {"chosen": st.just("owner_of"), "by": st.sampled_from(KINDS).map(lambda key: [key])}
    ),
    st.fixed_dictionaries(
        {"chosen": st.sampled_from(["new", "new", "leave_out"]), "by": st.none()}
    ),
)


GONE = 10**6  # the number of a contact that was deleted


def choosable(choice: dict, book: Book) -> dict:
    """A person chooses a contact of the book as it is now or was before, never one that the file is
    still to make: its number is not known yet, and the numbers follow no order.
    """
    if choice["chosen"] != "contact" or choice["contact"] in book.contacts:
        return choice
    return choice | {"contact": GONE}


@st.composite
def chosen(draw):
    """What a person chose, by the row's number from 2: of most files nothing."""
    if draw(st.booleans()):
        return {}
    return draw(st.dictionaries(st.integers(2, 15), CHOICES, max_size=8))


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
RULES = st.dictionaries(
    st.sampled_from(
        [
            *("external_id", "email", "phone", "name", "company", "street", "address"),
            *("tags", "custom:s", "custom:t"),
        ]
    ),
    st.sampled_from(["replace", "fill", "keep"]),
    max_size=4,
).filter(lambda rules: not {"street", "address"} <= rules.keys())
STRATEGIES = st.sampled_from(["skip", "update", "merge"])
ANY_KEYS = st.sets(st.sampled_from(["external_id", "email", "phone"])).map(
    lambda keys: tuple(sorted(keys))
)


@pytest.mark.timeout(120 + 3 * EXAMPLES)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(people(), max_size=6),
    rows=st.lists(lines(), min_size=1, max_size=14),
    strategy=STRATEGIES,
    match_keys=ANY_KEYS,
    create_new=st.booleans(),
    rules=RULES,
    hold_other_names=st.booleans(),
    choices=chosen(),
    size=st.integers(1, 8) | st.integers(9, 1000),
    together=st.sampled_from([1, 2, duplicates.TAKEN_TOGETHER]),
)
def test_sql_equals_the_sequential_model(
    conn,
    before,
    rows,
    strategy,
    match_keys,
    create_new,
    rules,
    hold_other_names,
    choices,
    size,
    together,
):
    book, import_id = Book(), uuid.uuid4()
    other_names.define(conn)
    conn.commit()  # Once: making it takes longer than all of an example.
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
    book.other_names.clear()
    choices = {
        row: choosable(choice, book) for row, choice in choices.items() if row < len(rows) + 2
    }
    choose(conn, import_id, choices)

    names = {number: number for number in book.contacts}  # model's number → database's id
    for number, row in enumerate(rows, 2):
        take(
            book,
            number,
            row,
            strategy,
            match_keys,
            create_new=create_new,
            rules=rules,
            hold_other_names=hold_other_names,
            choice=choices.get(number),
        )
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # The fewer, the sooner rows are taken one by one.
        patch.setattr(duplicates, "TAKEN_TOGETHER", together)
        keyless = person_keys.has_keyless_rows(conn, import_id)
        if keyless:
            assert person_keys.renew(conn, lambda: False)
        options = Options(
            Strategy(strategy),
            match_keys,
            create_new=create_new,
            rules=column_rules.decided(rules),
            hold_other_names=hold_other_names,
            keyless=keyless,
            chosen=bool(choices),
        )
        handler = DuplicateHandler(conn, import_id, options)
    after, counted = 0, {}
    while (decided := handler.handle_duplicates(after, size)).rows:
        after = decided.last_row
        for outcome, count in decided.counts.items():
            counted[outcome.value] = counted.get(outcome.value, 0) + count

    ledger = conn.execute(
        "SELECT row, outcome, contact_id, code, detail FROM contact_import_results"
    ).fetchall()
    assert {entry["row"]: (entry["outcome"], entry["code"]) for entry in ledger} == {
        number: (outcome, code) for number, (outcome, _, code) in book.ledger.items()
    }
    for entry in ledger:
        expected = book.ledger[entry["row"]][1]
        assert names.setdefault(expected, entry["contact_id"]) == entry["contact_id"]
        warnings = ["other_name"] * (entry["row"] in book.other_names)
        warnings += ["addresses_exceed"] * (entry["row"] in book.exceeding)
        kinds = book.left_out.get(entry["row"], [])
        warnings += ["key_left_out"] * bool(kinds)
        detail = entry["detail"] or {}
        assert (detail.get("warnings", []), detail.get("left_out", [])) == (warnings, kinds)
        if entry["outcome"] == "conflict":
            by = book.candidates[entry["row"]]
            by = {key: sorted(names[one] for one in some) for key, some in by.items()}
            assert {key: sorted(some) for key, some in detail["by"].items()} == by
            assert detail["contacts"] == sorted({one for some in by.values() for one in some})
    assert sum(counted.values()) == len(rows)
    assert _contacts(conn) == {
        names[number]: _plain(contact) for number, contact in book.contacts.items()
    }
    conn.rollback()


def choose(conn, import_id, choices: dict[int, dict]) -> None:
    """Store what a person chose, by row, for an import of which nothing else is known."""
    if not choices:
        return
    conn.execute(
        """INSERT INTO users (id, email, email_key, password_hash, role) OVERRIDING SYSTEM VALUE
           VALUES (1, 'one@example.com', 'one@example.com', 'x', 'importer') ON CONFLICT DO NOTHING"""
    )
    conn.execute(
        """INSERT INTO contact_imports (id, created_by, filename, size_bytes, sha256, format,
             header_row, columns, sample, suggested_mapping)
           VALUES (%s, 1, 'f', 1, '', 'csv', 1, '[]', '[]', '[]')""",
        (import_id,),
    )
    for row, choice in choices.items():
        conn.execute(
            "INSERT INTO contact_import_choices VALUES (%s, %s, %s, %s, %s)",
            (import_id, row, choice["chosen"], choice.get("contact"), choice["by"]),
        )


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
    handler = DuplicateHandler(conn, import_id, Options(Strategy.UPDATE, ("email", "phone")))
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


@pytest.mark.parametrize("size", [1, 100])
def test_a_row_that_was_joined_changes_whom_rows_without_a_key_mean(conn, size):
    """Row 2 looks like the contact, and calls it otherwise; row 3 means who is called so."""
    import_id = uuid.uuid4()
    _insert(conn, "contacts", {"first_name": "Ann", "last_name": "Lee"})
    row = {"first_name": "Anna", "last_name": "Leigh"}
    for number, more in ((2, {}), (3, {"tags": ["met"]})):
        _insert(
            conn, "contact_import_rows", {"import_id": import_id, "row": number, **row, **more}
        )
    there = conn.execute("SELECT id FROM contacts").fetchone()["id"]
    choose(conn, import_id, {2: {"chosen": "contact", "contact": there, "by": None}})
    assert person_keys.renew(conn, lambda: False)
    options = Options(Strategy.UPDATE, ("email",), keyless=True, chosen=True)
    handler = DuplicateHandler(conn, import_id, options)
    after = 0
    while (decided := handler.handle_duplicates(after, size)).rows:
        after = decided.last_row
    found = conn.execute("SELECT first_name, last_name, tags FROM contacts").fetchall()
    assert [tuple(contact.values()) for contact in found] == [("Anna", "Leigh", ["met"])]
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

    handler = DuplicateHandler(conn, import_id, Options(Strategy.UPDATE, ("external_id",)))
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
        conn, import_id, Options(Strategy.UPDATE, ("email",))
    ).handle_duplicates(0, 1000)
    assert (decided.counts["created"], decided.counts["updated"]) == (
        1000 // times,
        1000 - 1000 // times,
    )
    assert conn.execute("SELECT count(*) AS n FROM statements").fetchone()["n"] == times
    conn.rollback()


def _insert(conn: psycopg.Connection, table: str, values: dict) -> None:
    values = {
        name: Jsonb(value) if name in JSON and value is not None else value
        for name, value in values.items()
    }
    conn.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
        list(values.values()),
    )


JSON = {"custom", "problems", *LISTS}
COLUMNS = (
    "external_id",
    "email",
    "email_key",
    "email_label",
    "further_emails",
    "phone",
    "phone_key",
    "phone_label",
    "further_phones",
    "prefix",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "company",
    "street",
    "city",
    "tags",
    "custom",
)


def _contacts(conn) -> dict:
    found = conn.execute(f"SELECT id, {', '.join(COLUMNS)} FROM contacts").fetchall()
    return {row["id"]: {name: row[name] for name in COLUMNS} for row in found}


def _plain(contact: dict) -> dict:
    return {name: contact.get(name) for name in COLUMNS}
