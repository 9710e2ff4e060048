"""The search over an import's rows: what it finds, what it knows when, and by which plan."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.contacts.test_search import is_found, queries, texts
from tests.harness.examples import examples
from tests.harness.imports import table
from webapp import db
from webapp.contacts import search_words
from webapp.imports import leases
from webapp.jobs import search_indexing
from webapp.models import Contact, RowWords
from webapp.reports import ledger, row_search
from webapp.retention import erasure, expiry


def numbers(session, run, sought: str, **asked) -> list[int]:
    """The rows that the page shows for a search."""
    session.commit()
    assert row_search.unknown(session, run) == 0
    found = ledger.rows(session, run.id, search=sought, **asked)
    session.commit()
    return [row.row for row in found]


def made(session, run) -> int:
    """How many blocks have words."""
    session.commit()
    query = "SELECT count(*) FROM contact_import_row_words WHERE words IS NOT NULL AND import_id = :id"
    found = session.scalar(text(query), {"id": run.id})
    session.commit()
    return found


@pytest.mark.parametrize(
    ("sought", "rows"),
    [
        ("zoe", [2]),
        ("MULLER", [2]),
        ("ller", []),
        ("zoe acme", [2]),
        ("zoe umbra", []),
        ("acme", [2, 3]),
        ("example.com", [2, 3]),
        ("b@example", [3]),
        ("9002", [3]),
        ("vip", [3]),
        ("nobody", [4]),
        ("100%", []),
        ("--", []),
    ],
)
def test_rows_are_found_by_beginnings_of_words(importer, session, sought, rows):
    run = importer.run(
        table(
            "9001,a@example.com,Zoë,Müller,Acme,,",
            "9002,b@example.com,Bea,Berg,Acme,vip,",
            "9003,nobody at all,Cid,,Umbra,,",
        )
    )
    assert numbers(session, run, sought) == rows


def test_a_phone_is_found_as_it_is_typed(importer, session):
    run = importer.run("ID,Phone,First name\n1,+49 30 1234567,Ann\n2,+49 30 7654321,Bea\n")
    for sought in ("+49 (0)30 1234567", "030 123", "4567", "0049 30 12"):
        assert numbers(session, run, sought) == [2], sought


@given(st.lists(texts, min_size=1, max_size=4), queries)
@property_settings(max_examples=examples(300, 10_000), deadline=None)
def test_a_block_is_not_passed_over_that_has_the_words(written, sought):
    """The signature may say yes too often, and never no."""
    words = [word for row in written for word in search_words.words_of("\n".join(row))]
    signature = int.from_bytes(row_search._signature(words), "little")
    if any(is_found(sought, "\n".join(row)) for row in written):
        for one_of in search_words.sought(sought):
            told = row_search._may_have(one_of)
            for bit in range(row_search.SIGNATURE_BITS):
                if f"signature, {bit})" in told:
                    is_set = str(signature >> bit & 1)
                    told = told.replace(f"get_bit(w.signature, {bit}) = 1", is_set)
            python = told.replace("AND", "and").replace("OR", "or").replace("true", "1")
            assert eval(python), (written, sought)  # noqa: S307 - made of bits alone


def test_pages_go_on_over_the_blocks_and_outcomes_narrow_them(importer, session):
    people = [f"{n},p{n}@example.com,Ann,L{n},Acme,," for n in range(2, 300)]
    people[200] = "202,nobody,Ann,L202,Acme,,"
    run = importer.run(table(*people))
    everyone = list(range(2, 300))
    assert numbers(session, run, "ann", limit=1000) == everyone
    assert numbers(session, run, "ann", limit=50) == everyone[:50]
    assert numbers(session, run, "ann", limit=50, after=51) == everyone[50:100]
    assert numbers(session, run, "ann", after=298) == [299]
    assert numbers(session, run, "ann", outcome="invalid") == [202]
    assert numbers(session, run, "l29", outcome="invalid") == []
    assert numbers(session, run, "l29", outcome="created") == [29, *range(290, 300)]
    assert numbers(session, run, "ann", code="email_no_at") == [202]
    assert numbers(session, run, "ann", outcome="undone") == []


def test_rows_that_were_not_processed_are_found(importer, session):
    run = importer.run(table("1,a@example.com,Ann,,,,", "2,b@example.com,Ann,,,,"))
    session.execute(text("DELETE FROM contact_import_results WHERE row = 3"))
    assert numbers(session, run, "ann", outcome="not_processed") == [3]
    assert numbers(session, run, "ann") == [2]


def test_an_erased_person_is_out_at_once(importer, session):
    run = importer.run(table("1,ann@example.com,Ann,,,,", "2,bea@example.com,Bea,,,,"))
    assert numbers(session, run, "ann") == [2]
    erasure.erase(
        session, session.scalar(select(Contact.id).where(Contact.first_name == "Ann"))
    )
    kept = session.scalars(select(RowWords.words)).all()
    assert kept == [None], "in the erasure's own transaction"
    session.commit()
    assert numbers(session, run, "ann") == []
    assert numbers(session, run, "bea") == [3]


def test_words_that_were_read_before_a_change_are_not_written(
    importer, session, conn, database_url, monkeypatch
):
    run = importer.run(table("1,ann@example.com,Ann,,,,"))
    row_search._begin(conn, run.id)
    lines = row_search._lines

    def changed_meanwhile(*read):
        with psycopg.connect(database_url) as other:
            other.execute("UPDATE contact_import_rows SET first_name = 'Later'")
        return lines(*read)

    monkeypatch.setattr(row_search, "_lines", changed_meanwhile)
    assert row_search._make_some(conn, row_search.SQL.of_kept, {})
    assert made(session, run) == 0
    monkeypatch.undo()
    assert numbers(session, run, "later") == [2]
    assert numbers(session, run, "ann") == [2], "by the address"


def test_a_row_that_is_being_changed_holds_up_the_first_look(importer, conn, database_url):
    """Or else words of its old version would be written, and stay."""
    run = importer.run(table("1,ann@example.com,Ann,,,,"))
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE contact_import_rows SET first_name = 'Later'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            row_search._begin(conn, run.id)
        conn.rollback()


def test_a_worker_makes_the_blocks_once_an_import_has_ended(
    importer, session, conn, settings, monkeypatch
):
    run = importer.run(table(*(f"{n},p{n}@example.com,Ann,,,," for n in range(2, 200))))
    monkeypatch.setattr(row_search, "FEW", 2)
    assert row_search.unknown(session, run) == 198, "too many for the page to make"
    assert made(session, run) == 0
    with db.connect_job(settings.database_url) as worker:
        lease = leases.claim(worker, run.id, settings.lease_seconds)
        worker.execute("UPDATE contact_imports SET state = 'running' WHERE id = %s", (run.id,))
        worker.commit()
        search_indexing.keep_up_once(conn, settings.lease_seconds)
        assert made(session, run) == 0, "an import writes"
        worker.execute("UPDATE contact_imports SET state = 'completed'")
        leases.release(worker, lease)

    search_indexing.keep_up_once(conn, settings.lease_seconds)
    assert made(session, run) == 4
    assert numbers(session, run, "p199") == [199]


def test_the_page_says_what_the_search_does_not_know(importer, session, owner, monkeypatch):
    run = importer.run(table("1,ann@example.com,Ann,,,,", "2,bea@example.com,Bea,,,,"))
    owners = "(SELECT id FROM users WHERE email LIKE 'owner%')"
    session.execute(text(f"UPDATE contact_imports SET created_by = {owners}"))
    session.commit()
    monkeypatch.setattr(row_search, "FEW", 0)
    page = owner.get(f"/imports/{run.id}/rows?q=ann").text
    assert "does not know 2 rows yet" in page
    assert "No rows found yet." in page
    monkeypatch.undo()
    page = owner.get(f"/imports/{run.id}/rows?q=ann").text
    assert "being prepared" not in page
    assert '<li id="row-2"' in page


def test_the_words_go_with_the_rows(importer, session, conn):
    run = importer.run(table("1,ann@example.com,Ann,,,,"))
    assert numbers(session, run, "ann") == [2]
    conn.execute("UPDATE contact_imports SET completed_at = now() - interval '99 days'")
    conn.commit()
    expiry._expire(conn, 30)
    row_search.catch_up(conn, lambda: False)
    while expiry._some_of_an_import(conn):
        row_search.catch_up(conn, lambda: False)
    assert session.scalars(select(RowWords.import_id)).all() == []
    session.refresh(run)
    assert row_search.unknown(session, run) == 0
    assert session.scalars(select(RowWords.import_id)).all() == []


def test_plan(importer, session, conn):
    """Blocks in their order, until a page is full; words are read where the signature allows."""
    run = importer.run(table(*(f"{n},p{n}@example.com,Ann,,,," for n in range(2, 200))))
    assert numbers(session, run, "ann", limit=1) == [2]
    conn.execute("ANALYZE contact_import_row_words, contact_import_results")
    conn.commit()
    plans = []
    execute = db.execute

    def explained(asked_of, statement, asked=None):
        if "get_bit" in statement:
            plan = execute(asked_of, f"EXPLAIN (COSTS OFF) {statement}", asked).scalars()
            plans.append("\n".join(plan))
        return execute(asked_of, statement, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_search.db, "execute", explained)
        ledger.rows(session, run.id, search="ann")
    (plan,) = plans
    assert "Incremental Sort" in plan
    assert "Index Scan using contact_import_row_words_pkey" in plan
    assert "Seq Scan" not in plan
    signature, words = plan.index("get_bit(signature"), plan.index("strpos(w.words")
    assert plan.rindex("Subquery Scan", 0, signature) < words < signature, plan
