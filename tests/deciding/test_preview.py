"""Previews and plans against the execution itself: any contacts, rows, rules, match keys and
variants.
"""

import os
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.deciding.model import Book, take
from tests.deciding.test_decision import (
    ANY_KEYS,
    CHOICES,
    RULES,
    _insert,
    choosable,
    lines,
    people,
)
from webapp import db, jobs
from webapp.deciding import (
    duplicates,
    people_counts,
    person_keys,
    plan,
    preview,
    preview_scan,
    version,
)
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports import leases
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.strategies import USUAL, Strategy, Variant

EXAMPLES = int(os.environ.get("PROPERTIES", "25"))
VARIANTS = st.builds(Variant, st.sampled_from(Strategy), st.booleans(), st.booleans())
# How far a row's number is from that of the one before: blocks and ranges end anywhere.
GAPS = st.sampled_from([1, 1, 1, 2, 400, 999, plan.BLOCK_ROWS, preview_scan.RANGE])


@pytest.fixture
def waiting(importer, conn):
    """An import that is ready; other rows are put in place of its file's."""
    ready = importer.check("Email\nno@example.com\n", clear_token="-")
    return leases.claim(conn, ready.id, 30)


@pytest.mark.timeout(120 + 3 * EXAMPLES)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(people(), max_size=6),
    rows=st.lists(st.tuples(GAPS, lines(), st.none() | CHOICES), min_size=1, max_size=14),
    choices=st.booleans(),
    match_keys=ANY_KEYS,
    rules=RULES,
    requested=st.sets(VARIANTS, max_size=2),
    each_yields=st.booleans(),
    in_two=st.booleans(),
    together=st.booleans(),
)
def test_a_preview_is_the_execution(
    waiting,
    conn,
    settings,
    before,
    rows,
    choices,
    match_keys,
    rules,
    requested,
    each_yields,
    in_two,
    together,
):
    if not choices:
        rows = [(gap, row, None) for gap, row, _ in rows]
    _stage(conn, waiting.import_id, before, rows, match_keys, rules)
    for variant in requested:
        asked = {"import_id": waiting.import_id, **variant._asdict()}
        _insert(conn, "contact_import_preview_requests", asked)
    conn.commit()

    beside = partial(db.connect_job, settings.database_url) if in_two else None
    with patch.object(preview, "KEPT_TOGETHER", preview.KEPT_TOGETHER if together else 0):
        while not preview.compute_missing(conn, waiting, lambda: each_yields, connect=beside):
            pass
    kept = {
        variant: _kept(conn, waiting.import_id, variant) for variant in {*USUAL, *requested}
    }
    facts = preview.facts_of(conn, waiting)

    for variant, told in kept.items():
        assert told == _executed(conn, facts, variant), variant
    left = conn.execute("SELECT count(*) AS n FROM contact_import_scans").fetchone()
    assert left["n"] == 0
    conn.commit()


TABLES = (
    "contacts",
    "contact_changes",
    "contact_import_rows",
    "contact_import_results",
    "contact_import_preview_requests",
    "contact_import_choices",
    "contact_import_conflicts",
)


def _stage(conn, import_id, before, rows, match_keys, rules):
    conn.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
    conn.execute("DELETE FROM contact_import_previews")
    conn.execute(
        "UPDATE contact_imports SET match_keys = %s, column_rules = %s",
        (list(match_keys), Jsonb(rules)),
    )
    book, number = Book(), 1
    for row in before:
        take(book, 0, row, "skip", ("external_id", "email"))
    for contact in sorted(book.contacts):
        _insert(conn, "contacts", book.contacts[contact])
    for gap, row, choice in rows:
        number += gap
        of_row = {"import_id": import_id, "row": number}
        _insert(conn, "contact_import_rows", {**of_row, **row})
        if choice:
            settled = choosable(choice, book)
            chosen = {
                "chosen": settled["chosen"],
                "contact_id": settled.get("contact"),
                "by": settled["by"],
            }
            _insert(conn, "contact_import_choices", {**of_row, **chosen})


def _kept(conn, import_id, variant):
    where = (
        "WHERE import_id = %s AND strategy = %s AND create_new = %s AND hold_other_names = %s"
    )
    asked = (import_id, *variant)
    found = conn.execute(
        f"SELECT outcomes, cleared, people FROM contact_import_previews {where}", asked
    ).fetchone()
    blocks = conn.execute(
        f"SELECT block, lines FROM contact_import_plan_blocks {where} AND block >= 0 ORDER BY block",
        asked,
    ).fetchall()
    return {**found, "blocks": {block["block"]: block["lines"] for block in blocks}}


def _executed(conn, facts, variant):
    """The same of the decision on the real tables, which is then rolled back."""
    import_id = facts.lease.import_id
    if facts.options.keyless:
        assert person_keys.renew(conn, lambda: False)
    handler = DuplicateHandler(conn, import_id, replace(facts.options, **variant._asdict()))
    outcomes = dict.fromkeys([*STORED_OUTCOMES, "not_processed"], 0)
    after = 0
    while (decided := handler.handle_duplicates(after, 100)).rows:
        after = decided.last_row
        for outcome, count in decided.counts.items():
            outcomes[outcome] += count

    blocks = {
        n: plan.ledger_block(conn, import_id, n, after)
        for n in range(after // plan.BLOCK_ROWS + 1)
    }
    cleared = conn.execute(preview.SQL.cleared_fields).fetchone()["fields"]
    told = {
        "outcomes": outcomes,
        "cleared": cleared,
        "people": people_counts.foretold(conn, import_id, outcomes),
        "blocks": {n: text for n, text in blocks.items() if text},
    }
    conn.rollback()
    return told


FAR = 3 * preview_scan.RANGE


@pytest.fixture
def spread(importer, conn):
    """An import that waits, with rows in four ranges, two of which are of one person."""
    ready = importer.check("Email,First name\na@example.com,Ann\n")
    conn.execute(
        """INSERT INTO contact_import_rows (import_id, row, email, email_key)
           SELECT %s, n, e, e FROM unnest(%s::bigint[]) n,
             LATERAL (SELECT n %% 30000 || '@example.com' AS e) a""",
        (ready.id, [3, FAR // 3 + 3, 2 * FAR // 3 + 5, FAR + 3]),
    )
    conn.execute("DELETE FROM contact_import_previews")
    conn.commit()
    return leases.claim(conn, ready.id, 30)


def test_each_slice_goes_on_where_the_one_before_made_room(spread, conn):
    """Even where others wait all the time: a slice for each range, and one for each variant."""
    slices = 1
    while not preview.compute_missing(conn, spread, lambda: True):
        slices += 1

    found = {variant: _kept(conn, spread.import_id, variant) for variant in USUAL}
    assert slices == 4 + len(USUAL)
    last = found[USUAL[0]]["blocks"][FAR // plan.BLOCK_ROWS]
    assert last == f"{FAR + 3},duplicate_skipped,,joins_row,3,\n"

    conn.execute("DELETE FROM contact_import_previews")
    conn.commit()
    assert preview.compute_missing(conn, spread, lambda: False)
    assert {v: _kept(conn, spread.import_id, v) for v in USUAL} == found


def test_a_second_session_takes_a_share_of_the_pass(spread, conn, settings):
    """Behind its first range the first one waits until another one is there; all comes out the
    same.
    """
    assert preview.compute_missing(conn, spread, lambda: False)
    alone = {variant: _kept(conn, spread.import_id, variant) for variant in USUAL}
    conn.execute("DELETE FROM contact_import_previews")
    conn.commit()

    seen = []
    with db.connect_job(settings.database_url) as looking:

        def looks() -> bool:
            until = time.monotonic() + 60
            while not seen and time.monotonic() < until:
                ranges = looking.execute("SELECT FROM contact_import_scans").rowcount
                looking.rollback()
                seen.extend([ranges] * (ranges > 1))
            return False

        beside = partial(db.connect_job, settings.database_url)
        assert preview.compute_missing(conn, spread, looks, connect=beside)

    assert seen
    assert {variant: _kept(conn, spread.import_id, variant) for variant in USUAL} == alone


def test_without_room_for_a_second_session_the_pass_goes_on_alone(spread, conn):
    def full() -> db.Connection:
        raise psycopg.OperationalError("sorry, too many clients already")

    assert preview.compute_missing(conn, spread, lambda: False, connect=full)


def test_a_second_session_that_is_lost_loses_nothing(spread, conn, settings):
    """What it had taken is taken by the next slice."""
    opened = []

    def connect() -> db.Connection:
        opened.append(db.connect_job(settings.database_url))
        return opened[0]

    def ends_the_other() -> bool:
        until = time.monotonic() + 60
        while not opened and time.monotonic() < until:
            time.sleep(0.01)
        opened[0].close()
        return False

    with suppress(psycopg.OperationalError):  # It may have been at its end already.
        preview.compute_missing(conn, spread, ends_the_other, connect=connect)
    conn.rollback()

    assert preview.compute_missing(conn, spread, lambda: False)
    kept = _kept(conn, spread.import_id, USUAL[0])
    assert kept["outcomes"]["created"] == 4


def test_a_correction_in_between_begins_the_pass_anew(spread, conn):
    assert not preview.compute_missing(conn, spread, lambda: True)
    conn.execute("UPDATE contact_import_rows SET email_key = 'new@example.com' WHERE row = 3")
    conn.execute("UPDATE contact_imports SET mended_at = clock_timestamp()")
    conn.commit()
    while not preview.compute_missing(conn, spread, lambda: True):
        pass

    kept = _kept(conn, spread.import_id, USUAL[0])
    assert kept["outcomes"]["created"] == 5
    assert kept["blocks"][FAR // plan.BLOCK_ROWS] == f"{FAR + 3},created,,,,\n"


def test_a_range_found_under_a_lease_that_passed_on_is_dropped(spread, conn):
    conn.execute("UPDATE contact_imports SET lease_token = lease_token + 1")
    conn.commit()
    assert not preview.compute_missing(conn, spread, lambda: False)
    assert not conn.execute("SELECT FROM contact_import_scans").fetchall()
    assert not conn.execute("SELECT FROM contact_import_previews").fetchall()


def test_previews_of_another_version_of_the_decision_are_made_anew(importer, conn, settings):
    ready = importer.check("Email\na@example.com\n")
    importer.work(ready.id)
    lines = conn.execute(PLANNED).fetchall()
    assert len(lines) == 2 * len(USUAL)
    conn.execute("UPDATE contact_import_previews SET decided_by = 'another', cleared = 7")
    conn.commit()

    assert jobs.sweep(settings) == 1
    assert not conn.execute(PLANNED).fetchall()
    conn.commit()
    importer.work(ready.id)
    assert conn.execute(PLANNED).fetchall() == lines
    conn.commit()
    assert jobs.sweep(settings) == 0


PLANNED = """SELECT strategy, block, lines, cleared FROM contact_import_previews p
    JOIN contact_import_plan_blocks USING (import_id, strategy, create_new, hold_other_names)
    WHERE decided_by <> 'another' ORDER BY strategy, block"""


def test_the_version_is_another_one_with_every_text_of_the_decision(monkeypatch):
    before = version.current()
    for module, name, value in (
        (version, "RULES", version.RULES + 1),
        (duplicates, "function", lambda options, _: f"{options} decided otherwise"),
        (preview_scan, "statement", lambda options: f"{options} looked at otherwise"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert version.current.__wrapped__() != before
    assert version.current.__wrapped__() == before
