"""What the preview says is what happens; where the contacts changed in between, the rows are
listed.
"""

import csv
import hashlib
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import text

from tests.deciding.model import addresses
from tests.deciding.test_decision import people
from tests.harness.imports import table
from webapp import jobs
from webapp.contacts import journal
from webapp.deciding import plan, plan_differences, preview
from webapp.imports.leases import Lease
from webapp.models import Contact, ContactImport, ImportDifference, ImportPreview, PlanBlock
from webapp.reading.formulas import protected
from webapp.reports import ledger, plan_results, summary
from webapp.reports.plan_results import PlanResult
from webapp.staging import row_choices
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.strategies import USUAL, Strategy, Variant

COLUMNS = ("external_id", "email", "first_name", "company")


EMPTIED = """SELECT count(*) FROM contact_changes, jsonb_each(after) f
    WHERE import_id = :id AND f.value IN ('null', '[]') AND f.key !~ '_(key|label)$|^further_'"""
# Where one of several goes, the next moves up.
MOVED_UP = """SELECT count(*) FROM contact_changes h JOIN contact_import_rows r USING (import_id, row),
    unnest(r.clears) field WHERE import_id = :id AND after ->> field <> '' AND field IN ('email', 'phone')"""


HEADER = "ID,Email,Phone,First name,Company,Tags"


def number(one: dict) -> str:
    """A real one where it has a key."""
    return f"+49 30 123456{one['key'][-1]}" if one["key"] else one["value"]


@st.composite
def files(draw):
    """Cells of a table with few different values, so that rows meet each other and the
    contacts, with several addresses in some; "-" empties.
    """
    rows = draw(st.lists(people(), min_size=1, max_size=12))
    lines = [HEADER]
    for row in rows:
        emails = "; ".join(one["value"] for one in addresses("email", row)[:5])
        phones = "; ".join(map(number, addresses("phone", row)[:5]))
        empty = draw(st.sampled_from(["", "", "", "-"]))
        cells = [row.get("external_id", ""), emails or empty, phones or empty, row.get("first_name") or "",
                 draw(st.sampled_from(["-", "p", "q"])), "|".join(row.get("tags", []))]  # fmt: skip
        lines.append(",".join(cells))
        lines.extend([""] * draw(st.integers(0, 2)))
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(300)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=files(),
    second=files(),
    variant=st.sampled_from(
        [
            *USUAL,
            *(
                Variant(strategy, create_new, held)
                for strategy, create_new, held in product(
                    (Strategy.UPDATE, Strategy.MERGE), (True, False), (True, False)
                )
            ),
        ]
    ),
    match_keys=st.sampled_from(
        [["external_id", "email"], ["email"], ["external_id"], ["email", "phone"]]
    ),
    size=st.sampled_from([1, 3, 100]),
    token=st.sampled_from([None, "-"]),
    picks=st.lists(st.integers(0, 9), min_size=1, max_size=5),
)
def test_preview_equals_execution(
    importer, session, conn, first, second, variant, match_keys, size, token, picks
):
    """Row by row, for every combination of options, also where rows in conflict are settled."""
    session.rollback()
    session.execute(text("TRUNCATE contacts, contact_changes, contact_imports CASCADE"))
    session.commit()
    importer.run(first, match_keys=["external_id", "email"])
    ready = importer.check(second, match_keys=match_keys, clear_token=token)
    ready = importer.work(ready.id)
    settle(session, ready, picks)
    preview.request(session, ready.id, variant)
    session.commit()
    importer.work(ready.id)
    promised = session.get(ImportPreview, (ready.id, *variant))
    done = importer.execute(
        ready.id,
        variant.strategy.value,
        batch_size=size,
        create_new=variant.create_new,
        hold_other_names=variant.hold_other_names,
    )
    assert {o.value: getattr(done, o.value) for o in STORED_OUTCOMES} == {
        o.value: promised.outcomes[o.value] for o in STORED_OUTCOMES
    }
    ledger = session.execute(text("SELECT row, outcome::text FROM contact_import_results WHERE import_id = :id"),
                             {"id": done.id}).all()  # fmt: skip
    assert len(ledger) == done.total == sum(promised.outcomes.values())
    assert session.query(ImportDifference).count() == 0
    planned = "".join(plan.blocks(session, done.id, variant))
    header, _, lines = planned.partition("\n")
    assert lines == plan.ledger_block(conn, done.id, 0, 999)
    conn.rollback()
    assert header.startswith("\ufeffrow,outcome,contact_id,code,joins_row,changed,")
    assert done.plan_digest == hashlib.sha256(planned.encode()).hexdigest()
    cleared = [session.scalar(text(query), {"id": done.id}) for query in (EMPTIED, MOVED_UP)]
    assert promised.cleared == (sum(cleared) if variant.strategy is Strategy.UPDATE else 0)


def settle(session, ready, picks: list[int]) -> None:
    """Settle rows in conflict, each by one of the ways that it has, or not at all."""
    for place, found in enumerate(row_choices.listed(session, ready, 0, 100)):
        keys = {key for one in found.candidates for key in one["by"]}
        owned = [key for key in sorted(keys) if len(found.candidates_by(key)) == 1]
        numbers = [one["contact_id"] for one in found.candidates if "contact_id" in one]
        ways = [
            *(Choice(Chosen.CONTACT, number) for number in numbers),
            *(Choice(Chosen.OWNER_OF, by=key) for key in owned),
            *(Choice(Chosen.NEW), Choice(Chosen.LEAVE_OUT), None),
        ]
        if way := ways[picks[place % len(picks)] % len(ways)]:
            row_choices.choose(session, ready.id, found.row, way, seen=None)

    session.commit()


PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben@example.com,Ben,,,,",
    "",
    "3,cid@example.com,Cid,,,,",
    "4,no,,,,,",
)


def test_every_difference_after_an_edit_is_listed(importer, session):
    importer.run(table("1,ann@example.com,Ann,,,,"))
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    importer.run(table("3,cid@example.com,Cid,,,,"))  # somebody else is faster
    ann = session.query(Contact).filter_by(external_id="1").one()
    journal.edit_contact(session, ann.id, ann.version, {"external_id": "9"}, importer.user_id)
    session.commit()
    done = importer.execute(ready.id, "update")
    differences = {
        found.row: (found.planned, found.came_to) for found in session.query(ImportDifference)
    }
    cid = session.query(Contact).filter_by(external_id="3").one().id
    assert differences == {
        2: (f"2,unchanged,{ann.id},,,", "2,conflict,,stronger_key_differs,,"),
        5: ("5,created,,,,", f"5,unchanged,{cid},,,"),
    }
    listed = ledger.rows(session, done.id, differing=True)
    assert [(row.row, row.planned.outcome, row.outcome) for row in listed] == [
        (2, "unchanged", "conflict"), (5, "created", "unchanged"),
    ]  # fmt: skip
    assert summary.report(session, done.id).plan == PlanResult(done.plan_digest, 2)


def test_a_stopped_import_differs_in_nothing_that_it_did(importer, session, conn):
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    importer.run(table("3,cid@example.com,Cid,,,,"))
    done = importer.execute(ready.id, "update", batch_size=1, skip_errors=True)
    assert [found.row for found in session.query(ImportDifference)] == [5]
    for statement in (
        "DELETE FROM contact_import_results WHERE import_id = %s AND row > 3",
        "DELETE FROM contact_import_differences WHERE import_id = %s",
        "UPDATE contact_import_plan_blocks SET compared = false WHERE import_id = %s",
    ):
        conn.execute(statement, (done.id,))
    assert plan_differences.compare(conn, done.id, 3) == done.plan_digest
    conn.commit()
    assert session.query(ImportDifference).count() == 0


def test_without_a_preview_there_is_nothing_to_differ_from(importer, session):
    done = importer.run(PEOPLE)
    assert session.query(ImportPreview).count() == 0
    assert done.plan_digest is None
    assert session.query(ImportDifference).count() == 0
    assert summary.report(session, done.id).plan.verdict == "not_previewed"


def test_a_preview_is_dropped_when_another_worker_has_taken_over(importer, session, conn):
    ready = importer.check(PEOPLE)
    stale = Lease(ready.id, ready.lease_token - 1, 0)
    assert not preview.compute_missing(conn, stale, lambda: False)
    assert session.query(ImportPreview).count() == 0


LABELS = (
    *(
        "Shoe size",
        "a,b",
        'so "called"',
        "a|b",
        "x;=1+1",
        "two; @blanks",
        'both, "and" | more',
    ),
    *("=first", "Größe", "x" * 100),
)


def test_labels_of_any_kind_come_out_of_a_line_as_they_are(conn):
    """And no line is broken by one, nor a cell a formula."""
    names = ["email", *(f"custom:{label}" for label in LABELS), "custom:broken\r\nline"]
    sql = plan.JOURNAL_LINE.replace("%%", "%")
    entry = """SELECT 7::bigint AS row, 'updated'::outcome AS outcome, 3::bigint AS contact_id,
        NULL::text AS code, NULL::jsonb AS detail, %(before)s::jsonb AS before"""
    before = Jsonb({**dict.fromkeys(names, "x"), "email_key": "x", "further_phones": []})
    (row,) = conn.execute(
        f"SELECT {sql} AS line FROM ({entry}) l", {"before": before}
    ).fetchall()
    line = row["line"]
    assert line.count("\n") == 1
    assert line.endswith("\n")

    found = plan.parsed(line)
    custom = sorted((*names[1:-1], "custom:broken line"), key=str.encode)
    assert found == plan.PlanLine(7, "updated", 3, None, None, ["email", "phones", *custom])
    cell = next(csv.reader([line]))[5]
    named = next(csv.reader([cell], delimiter=plan.BETWEEN))
    assert named == [protected(name) for name in found.changed]


def test_rows_of_one_person_are_read_once_a_block(importer, session, conn):
    """Statements grow with the blocks, and no block with more than its own rows."""
    importer.run(table("1,ann@example.com,Ann,,,,"))
    rows = "\n".join(f"1,,{n},,,," for n in range(2500))
    ready = importer.check(table(rows))
    importer.work(ready.id)
    variant = Variant(Strategy.UPDATE)
    blocks = list(plan.blocks(session, ready.id, variant))
    assert [block.count("\n") for block in blocks] == [1, 998, 1000, 502]
    done = importer.execute(ready.id, "update")
    assert done.plan_digest == plan.digest(session, ready.id, variant)
    assert session.query(ImportDifference).count() == 0
    compared = session.scalars(text("SELECT compared FROM contact_import_plan_blocks "
                                    "WHERE strategy = 'update' AND block >= 0")).all()  # fmt: skip
    assert compared == [True, True, True]


def test_each_way_in_which_a_contact_may_have_changed_is_told(importer, session):
    importer.run(table(*(f"{n},p{n}@example.com,N{n},,,," for n in range(1, 6))))
    ready = importer.check(table(*(f"{n},p{n}@example.com,M{n},,,,4{n}" for n in range(1, 7))))
    importer.work(ready.id)
    ids = {one.external_id: one.id for one in session.query(Contact)}
    importer.run(table("6,p6@example.com,,,,,"))  # created meanwhile
    for number, change in (("1", {"first_name": "M1"}), ("2", {"email": "else@example.com"})):
        contact = session.get_one(Contact, ids[number])
        journal.edit_contact(session, contact.id, contact.version, change, importer.user_id)
    gone = session.get_one(Contact, ids["3"])
    journal.delete_contact(session, gone.id, gone.version, importer.user_id)
    session.commit()
    done = importer.execute(ready.id, "update")

    both = ["first_name", "custom:Shoe size"]
    sixth = session.query(Contact).filter_by(external_id="6").one().id
    told = {
        one.planned.row: [
            (side.outcome, side.contact_id, side.changed)
            for side in (one.planned, one.came_to)
        ]
        for one in plan_results.every_difference(session, done.id)
    }
    assert told == {
        2: [("updated", ids["1"], both), ("updated", ids["1"], ["custom:Shoe size"])],
        3: [("updated", ids["2"], both), ("updated", ids["2"], ["email", *both])],
        4: [("updated", ids["3"], both), ("created", None, [])],
        7: [("created", None, []), ("updated", sixth, both)],
    }


def test_a_plan_goes_after_the_retention_time_and_its_digest_stays(
    importer, session, settings
):
    ready = importer.check(PEOPLE)
    importer.work(ready.id)
    done = importer.execute(ready.id, "skip")
    digest = done.plan_digest
    session.execute(
        text("UPDATE contact_imports SET completed_at = completed_at - interval '1 year'")
    )
    session.commit()
    while jobs.forget(settings):
        pass
    session.expire_all()
    assert session.query(PlanBlock).count() == 0
    assert session.get_one(ContactImport, done.id).plan_digest == digest
