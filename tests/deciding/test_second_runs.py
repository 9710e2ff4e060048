"""Second runs against the sequential model: whatever was stopped, given up, corrected and settled
in between, and whatever the batch size, the rows are taken one by one in the order of the file.
"""

import os
import uuid
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deciding.model import Book, take
from tests.deciding.test_decision import (
    ANY_KEYS,
    STRATEGIES,
    _contacts,
    _insert,
    _plain,
    lines,
    people,
)
from webapp.deciding import other_names, person_keys
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.executing.bisection import Bisection
from webapp.staging import reopening
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.strategies import Strategy

EXAMPLES = int(os.environ.get("PROPERTIES", "40"))
FIRST = 2  # the row behind the header
CHOICES = st.sampled_from(
    [
        {"chosen": "new", "by": None},
        {"chosen": "leave_out", "by": None},
        {"chosen": "owner_of", "by": ["email"]},
        {"chosen": "owner_of", "by": ["external_id"]},
    ]
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "rerun": st.sampled_from([Rerun.FAILED, Rerun.CORRECTED, Rerun.REMAINING]),
            "size": st.sampled_from([1, 2, 5, 1000]),
            "batches": st.sampled_from([1, 2, 1000]),  # a stop
            "gives_up": st.sampled_from([None, None, 0, 1]),  # the batch
            "corrections": st.dictionaries(st.integers(0, 13), lines() | CHOICES, max_size=6),
        }
    ),
    min_size=1,
    max_size=4,
)


class World:
    """The book and the file, in the database and in the model."""

    def __init__(self, conn, before, rows, strategy, match_keys) -> None:
        self.conn, self.book, self.import_id = conn, Book(), uuid.uuid4()
        self.rows = dict(enumerate(rows, FIRST))
        self.strategy, self.match_keys = strategy, match_keys
        self.choices, self.counted = {}, Counter()
        for row in before:
            take(self.book, 0, row, "skip", ("external_id", "email"))
        for number in sorted(self.book.contacts):
            _insert(conn, "contacts", self.book.contacts[number])
        self.book.ledger.clear()
        self.book.other_names.clear()
        self.names = {number: number for number in self.book.contacts}
        conn.execute(
            """INSERT INTO users (id, email, email_key, password_hash, role)
               OVERRIDING SYSTEM VALUE
               VALUES (1, 'one@example.com', 'one@example.com', 'x', 'importer')
               ON CONFLICT DO NOTHING"""
        )
        conn.execute(
            """INSERT INTO contact_imports (id, created_by, filename, size_bytes, sha256, format,
                 header_row, columns, sample, suggested_mapping)
               VALUES (%s, 1, 'f', 1, '', 'csv', 1, '[]', '[]', '[]')""",
            (self.import_id,),
        )
        for number, row in self.rows.items():
            self.stage(number, row)

    def stage(self, number: int, row: dict) -> None:
        values = {"import_id": self.import_id, "row": number, **row}
        self.conn.execute(
            "DELETE FROM contact_import_rows WHERE import_id = %s AND row = %s",
            (self.import_id, number),
        )
        _insert(self.conn, "contact_import_rows", values)

    def correct(self, number: int, said: dict) -> None:
        """A person corrects an open row, or settles one in conflict."""
        outcome = self.book.ledger.get(number, (None,))[0]
        if number not in self.rows or outcome not in {"invalid", "conflict", "left_out"}:
            return

        where = (self.import_id, number)
        if "chosen" not in said:
            self.rows[number] = said
            self.stage(number, said)
            self.conn.execute(
                """INSERT INTO contact_import_corrections (import_id, row) VALUES (%s, %s)
                   ON CONFLICT DO NOTHING""",
                where,
            )
        elif outcome == "conflict":
            self.choices[number] = said
            self.conn.execute(
                "DELETE FROM contact_import_choices WHERE import_id = %s AND row = %s", where
            )
            self.conn.execute(
                "INSERT INTO contact_import_choices VALUES (%s, %s, %s, NULL, %s)",
                (*where, said["chosen"], said["by"]),
            )
        reopening.reopen(self.conn, self.import_id, [number])

    def reopened(self) -> list[int]:
        found = self.conn.execute(
            "SELECT row FROM contact_import_reopened WHERE import_id = %s ORDER BY row",
            (self.import_id,),
        )
        return [row["row"] for row in found.fetchall()]

    def of_run(self, rerun: Rerun) -> list[int]:
        if rerun is Rerun.CORRECTED:
            return self.reopened()
        if rerun is Rerun.FAILED:
            return [
                row for row, entry in sorted(self.book.ledger.items()) if entry[0] == "failed"
            ]
        return [row for row in self.rows if row not in self.book.ledger]

    def run(self, rerun: Rerun, size: int, batches: int, gives_up: int | None) -> None:
        rows = self.of_run(rerun)
        handler = self.handler(rerun)
        after = 0 if rerun.amends else max(self.book.ledger, default=0)
        for batch in range(batches):
            taken, rows = rows[:size], rows[size:]
            if batch == gives_up:
                decided = Bisection(handler).fail_rows(after, size, "lost", "batch_failed")
            else:
                decided = handler.handle_duplicates(after, size)
            assert (decided.rows, decided.last_row) == (len(taken), max(taken, default=0))
            if not taken:
                return

            after = decided.last_row
            self.counted.update({one.value: n for one, n in decided.counts.items()})
            for number in taken:
                self.take(number, lost=batch == gives_up)
            failures = [n for n in taken if self.book.ledger[n][0] in {"failed", "conflict"}]
            assert decided.first_failure == min(failures, default=0)

    def handler(self, rerun: Rerun) -> DuplicateHandler:
        keyless = person_keys.has_keyless_rows(self.conn, self.import_id)
        if keyless:
            assert person_keys.renew(self.conn, lambda: False)
        return DuplicateHandler(
            self.conn,
            self.import_id,
            Options(
                Strategy(self.strategy),
                self.match_keys,
                rerun=rerun,
                keyless=keyless,
                chosen=bool(self.choices),
            ),
        )

    def take(self, number: int, *, lost: bool) -> None:
        row = self.rows[number]
        if lost and row.get("status", "valid") == "valid":
            self.book.ledger[number] = ("failed", None, "batch_failed")
            return
        take(
            self.book,
            number,
            row,
            self.strategy,
            self.match_keys,
            choice=self.choices.get(number),
        )

    def check(self) -> None:
        ledger = self.conn.execute(
            "SELECT row, outcome, contact_id, code FROM contact_import_results ORDER BY row"
        ).fetchall()
        assert {entry["row"]: (entry["outcome"], entry["code"]) for entry in ledger} == {
            number: (outcome, code) for number, (outcome, _, code) in self.book.ledger.items()
        }
        for entry in ledger:
            expected = self.book.ledger[entry["row"]][1]
            found = self.names.setdefault(expected, entry["contact_id"])
            assert found == entry["contact_id"]
        held = Counter(outcome for outcome, _, _ in self.book.ledger.values())
        assert +self.counted == held, "the counts of all runs add up to the ledger"
        assert _contacts(self.conn) == {
            self.names[number]: _plain(contact)
            for number, contact in self.book.contacts.items()
        }


@pytest.mark.timeout(120 + 3 * EXAMPLES)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(people(), max_size=5),
    rows=st.lists(lines(), min_size=1, max_size=12),
    strategy=STRATEGIES,
    match_keys=ANY_KEYS,
    size=st.sampled_from([1, 2, 3, 1000]),
    batches=st.sampled_from([0, 1, 2, 1000, 1000]),
    gives_up=st.sampled_from([None, None, 0, 1]),
    steps=STEPS,
)
def test_second_runs_equal_the_sequential_model(
    conn, before, rows, strategy, match_keys, size, batches, gives_up, steps
):
    other_names.define(conn)
    conn.commit()  # Once: making it takes longer than all of an example.
    conn.execute(
        """TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows,
             contact_imports RESTART IDENTITY CASCADE"""
    )
    world = World(conn, before, rows, strategy, match_keys)
    world.run(Rerun.NONE, size, batches, gives_up)
    world.check()
    for step in steps:
        for place, said in step["corrections"].items():
            world.correct(FIRST + place, said)
        world.run(step["rerun"], step["size"], step["batches"], step["gives_up"])
        world.check()
    conn.rollback()
