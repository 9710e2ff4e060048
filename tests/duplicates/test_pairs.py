"""Possible duplicates of the book: the job that finds them, and what is answered about them."""

import threading
import time

import pytest
from sqlalchemy import select, text

from tests.corpus.books import book
from tests.harness.imports import table
from webapp import db, jobs
from webapp.duplicates import pairs, search_work, searches
from webapp.models import Contact, DuplicatePair, DuplicateSearch
from webapp.retention import erasure

LEASE_SECONDS = 15.0
FIELDS = (
    *("prefix", "first_name", "middle_name", "last_name", "suffix", "birthday"),
    *("company", "street", "postal_code", "city"),
)


def contact(**values) -> Contact:
    email, phone = values.get("email"), values.get("phone")
    return Contact(**values, email_key=email and email.lower(), phone_key=phone)


def of(entry: dict) -> Contact:
    """A contact of the made-up book."""
    given = {name: entry.get(name) for name in FIELDS if entry.get(name)}
    return contact(**given, email=entry.get("email"), phone=entry.get("phone"))


ANN = {
    "first_name": "Ann",
    "last_name": "Threlkeld",
    "birthday": "1970-02-03",
    "city": "Leeds",
}


@pytest.fixture
def three(session) -> list[int]:
    """Ann three times: with each other two alike, and a stranger."""
    people = [
        contact(**ANN, phone="+441132000001"),
        contact(**ANN, phone="+441132000001", email="ann@example.com"),
        contact(**{**ANN, "first_name": "Anne"}, phone="+441132000001"),
        contact(first_name="Bob", last_name="Oyelaran", city="York"),
    ]
    for one in people:
        session.add(one)
        session.flush()
    session.commit()
    return [one.id for one in people[:3]]


def search_now(database_url, session) -> None:
    searches.request(session, None)
    session.commit()
    with db.connect_job(database_url) as conn:
        assert search_work.search(conn, LEASE_SECONDS, lambda: False)
    session.expire_all()


def numbers(session) -> list[tuple[int, int]]:
    return [(one.contact_id, one.other_id) for one in pairs.listed(session, pairs.TOP, 100)]


def test_a_job_finds_the_pairs_of_the_book(app, session):
    made = book(600, 7)
    people = [of(entry) for entry in made.entries]
    for one in people:
        session.add(one)
        session.flush()
    session.commit()
    searches.request(session, None)
    session.commit()
    jobs.find_duplicates()

    at = {one.id: number for number, one in enumerate(people)}
    found = {(at[low], at[high]) for low, high in numbers(session)}
    assert len(found & made.same) > 0.9 * len(made.same)
    (run,) = session.scalars(select(DuplicateSearch))
    assert (run.state, run.contacts, run.percent, run.pairs) == (
        "done", len(people), 100, len(found),
    )  # fmt: skip


def test_not_the_same_is_remembered_also_after_the_next_search(
    database_url, session, three, someone
):
    search_now(database_url, session)
    one, two, three_ = three
    assert set(numbers(session)) == {(one, two), (one, three_), (two, three_)}

    pairs.answer(session, two, one, "not_the_same", someone)
    pairs.answer(session, one, three_, "later", someone)
    session.commit()
    assert numbers(session) == [(two, three_), (one, three_)], "later is the last"
    search_now(database_url, session)
    assert numbers(session) == [(two, three_), (one, three_)]

    pairs.answer(session, one, two, None, someone)
    session.commit()
    assert (one, two) in numbers(session)


def test_a_changed_contact_is_judged_again(database_url, session, three):
    search_now(database_url, session)
    one, two, three_ = three
    session.execute(
        text(
            "UPDATE contacts SET birthday = '1941-12-30', version = version + 1 WHERE id = :id"
        ),
        {"id": three_},
    )
    session.execute(
        text("UPDATE contacts SET tags = '{a}', version = 9 WHERE id = :id"), {"id": two}
    )
    session.commit()
    assert numbers(session) == [(one, two)]
    assert session.get(DuplicatePair, (one, two)).other_version == 9
    assert session.get(DuplicatePair, (one, three_)) is None, "it is dropped"


def test_a_pair_goes_with_its_contact(database_url, session, three):
    search_now(database_url, session)
    session.execute(text("DELETE FROM contacts WHERE id = :id"), {"id": three[0]})
    session.commit()
    assert numbers(session) == [(three[1], three[2])]
    assert pairs.count(session) == 1


def test_an_erasure_forgets_pairs_answers_and_counts(database_url, session, three, someone):
    search_now(database_url, session)
    for other in three[1:]:
        pairs.answer(session, three[0], other, "not_the_same", someone)
    session.commit()
    erasure.erase(session, three[0])
    session.commit()
    left = session.scalars(select(DuplicatePair)).all()
    assert [(one.contact_id, one.other_id) for one in left] == [(three[1], three[2])]
    assert session.scalar(select(DuplicateSearch.counts)) is None


def test_what_was_overtaken_writes_nothing(database_url, session, three, monkeypatch):
    """A worker that is frozen while it reads, and thought dead: the next one does the search."""
    frozen, go_on = threading.Event(), threading.Event()
    page = search_work._Work._tell

    def freeze(work, percent):
        if threading.current_thread() is thread:
            frozen.set()
            go_on.wait(20)
        page(work, percent)

    monkeypatch.setattr(search_work._Work, "_tell", freeze)
    done = []

    def late() -> None:
        with db.connect_job(database_url) as conn:
            done.append(search_work.search(conn, LEASE_SECONDS, lambda: False))

    searches.request(session, None)
    session.commit()
    thread = threading.Thread(target=late)
    thread.start()
    assert frozen.wait(20)
    with db.connect_job(database_url) as conn:
        assert not search_work.search(conn, LEASE_SECONDS, lambda: False), "it is another's"
        time.sleep(0.05)
        assert search_work.search(conn, 0.01, lambda: False)
    written = session.scalar(select(DuplicateSearch.ended_at))
    go_on.set()
    thread.join(20)
    session.expire_all()
    assert done == [False]
    assert session.scalar(select(DuplicateSearch.ended_at)) == written


def test_a_search_is_cancelled_and_what_was_found_before_stays(database_url, session, three):
    search_now(database_url, session)
    before = numbers(session)
    searches.request(session, None)
    session.commit()

    def cancelled() -> bool:
        searches.cancel(session)
        session.commit()
        return False

    with db.connect_job(database_url) as conn:
        assert not search_work.search(conn, LEASE_SECONDS, cancelled)
    session.expire_all()
    assert searches.latest(session).state == "cancelled"
    assert numbers(session) == before


def test_a_worker_that_is_told_to_stop_leaves_the_search_to_the_next(
    database_url, session, three
):
    searches.request(session, None)
    session.commit()
    with db.connect_job(database_url) as conn:
        assert not search_work.search(conn, LEASE_SECONDS, lambda: True)
        assert searches.wants_worker(conn, LEASE_SECONDS)
        assert search_work.search(conn, LEASE_SECONDS, lambda: False)


def test_a_search_that_ends_its_workers_is_given_up(database_url, session, three):
    searches.request(session, None)
    session.commit()
    with db.connect_job(database_url) as conn:
        for _ in range(search_work.GIVE_UP_AFTER):
            conn.execute(searches.SQL.claim, {"lease_seconds": 0})
            conn.commit()
            time.sleep(0.01)
        assert not search_work.search(conn, 0, lambda: False)
    assert searches.latest(session).state == "failed"


def test_a_large_import_is_followed_by_one_search(database_url, session, importer):
    importer.run(table("1,a@example.com,Ann,Lee,,"))
    session.execute(
        text(
            """UPDATE contact_imports SET created = :created,
                 completed_at = now() - interval '1 hour'"""
        ),
        {"created": searches.LARGE},
    )
    session.execute(text("UPDATE contact_import_leases SET heartbeat_at = NULL"))
    session.commit()
    with db.connect_job(database_url) as conn:
        searches.request_after_import(conn, ["running"])
        assert search_work.search(conn, LEASE_SECONDS, lambda: False)
        searches.request_after_import(conn, ["running"])
        assert not searches.wants_worker(conn, LEASE_SECONDS), "once"
