"""Contacts that new rows of an import look like: found before it runs, and joined or not."""

import threading

import pytest
from sqlalchemy import delete, func, select, text

from tests.duplicates.test_pairs import LEASE_SECONDS, contact
from webapp import db, jobs
from webapp.duplicates import match_work, possible_matches
from webapp.duplicates.possible_matches import TOP
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport, ImportPreview, ImportResult, MatchSearch
from webapp.retention import erasure
from webapp.staging import corrections, row_choices
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.refusals import Refusal

ANN = {
    "first_name": "Ann",
    "last_name": "Threlkeld",
    "city": "Leeds",
    "birthday": "1970-02-03",
}
HEAD = "Email,First name,Last name,City,Birthday"
LINES = (
    "ann@new.example,Ann,Threlkeld,Leeds,1970-02-03",
    "bob@example.com,Bob,Oyelaran,York,",
    "ann@new.example,Ann,Threlkeld,Leeds,1970-02-03",
    "cy@new.example,Cy,Marchetti,Rome,1981-05-06",
    "eve@new.example,Eve,Newcomer,Oslo,1990-01-01",
)
NEW = Choice(Chosen.NEW)


@pytest.fixture
def there(session) -> dict[str, int]:
    """The book, by first names."""
    people = [
        contact(**ANN, email="ann@old.example", phone="+441132000001"),
        contact(first_name="Bob", last_name="Oyelaran", city="York", email="bob@example.com"),
        contact(first_name="Cy", last_name="Marchetti", city="Rome", birthday="1981-05-06"),
        contact(first_name="Dee", last_name="Stranger", city="Oslo"),
    ]
    for one in people:
        session.add(one)
        session.flush()
    session.commit()
    return {one.first_name: one.id for one in people}


@pytest.fixture
def ready(importer, there) -> ContactImport:
    """An import with its previews."""
    return importer.work(importer.check("\n".join((HEAD, *LINES))).id)


def search(database_url, session) -> bool:
    with db.connect_job(database_url) as conn:
        done = match_work.search(conn, LEASE_SECONDS, lambda: False)
    session.expire_all()
    return done


def found(session, run) -> dict[int, int]:
    """The contact of each row, in the order in which they are listed."""
    listed = possible_matches.listed(session, run.id, TOP, 100)
    return {one.row: one.contact_id for one in listed}


def join(session, run, row: int, contact_id: int, **more) -> None:
    row_choices.choose(session, run.id, row, Choice(Chosen.CONTACT, contact_id), **more)
    session.commit()


def test_rows_that_would_be_new_are_found_with_the_contact_most_like_them(
    database_url, session, ready, there
):
    assert possible_matches.standing(session, ready).state == "waiting"
    assert search(database_url, session)
    assert found(session, ready) == {2: there["Ann"], 5: there["Cy"]}
    now = possible_matches.standing(session, ready)
    assert (now.state, now.rows, now.is_limited) == ("done", 3, False)
    assert possible_matches.counts(session, ready.id) == possible_matches.Counts(2, 0)
    assert not search(database_url, session), "nothing is left to be told"


def test_the_job_follows_the_previews(session, ready, there):
    """It stands on the queue, and does what is wanted."""
    jobs.find_possible_matches()
    assert set(found(session, ready)) == {2, 5}


@pytest.mark.parametrize("strategy", ["update", "merge", "skip"])
def test_a_joined_row_behaves_as_one_that_matches(
    database_url, session, importer, ready, there, strategy
):
    """As the preview says, and the undo brings the book back."""
    search(database_url, session)
    before = _book(session)
    join(session, ready, 2, there["Ann"], seen=None)
    assert not search(database_url, session), "a choice changes no row"
    importer.work(ready.id)
    told = session.get(ImportPreview, (ready.id, strategy, True, False)).outcomes

    done = importer.execute(ready.id, strategy)
    entry = session.get(ImportResult, (ready.id, 2))
    expected = {"update": "updated", "merge": "merged", "skip": "duplicate_skipped"}
    assert (entry.outcome, entry.contact_id) == (expected[strategy], there["Ann"])
    assert {name: told[name] for name in ("created", "updated", "merged")} == {
        name: getattr(done, name) for name in ("created", "updated", "merged")
    }
    # The row that repeats it finds the contact by the e-mail that the first one brought.
    repeated = session.get(ImportResult, (ready.id, 4))
    joins = {"update": "unchanged", "merge": "unchanged", "skip": "created"}
    assert repeated.outcome == joins[strategy]
    importer.undo(ready.id)
    assert _book(session) == before


def _book(session) -> list[tuple]:
    columns = (Contact.id, Contact.first_name, Contact.email, Contact.further_emails)
    return [tuple(row) for row in session.execute(select(*columns).order_by(Contact.id))]


def test_a_choice_is_listed_behind_the_others_and_taken_back(
    database_url, session, ready, there
):
    search(database_url, session)
    join(session, ready, 2, there["Ann"], seen=None)
    row_choices.choose(session, ready.id, 5, NEW, seen=None)
    session.commit()
    assert possible_matches.counts(session, ready.id).left == 0
    listed = possible_matches.listed(session, ready.id, TOP, 100)
    assert {one.row: one.choice for one in listed} == {
        2: Choice(Chosen.CONTACT, there["Ann"]),
        5: NEW,
    }
    behind = possible_matches.place_of(listed[0].place.cursor)
    assert possible_matches.listed(session, ready.id, behind, 100) == listed[1:]

    assert row_choices.take_back(session, ready.id, 2) == 1
    session.commit()
    assert found(session, ready) == {2: there["Ann"], 5: there["Cy"]}
    assert possible_matches.counts(session, ready.id).left == 1


def test_what_cannot_be_chosen(database_url, session, importer, ready, there):
    search(database_url, session)

    def refused(code: str, row: int, choice: Choice, **more) -> None:
        with pytest.raises(Refusal) as caught:
            row_choices.choose(session, ready.id, row, choice, **more)
        assert caught.value.code == code
        session.rollback()

    of_ann = Choice(Chosen.CONTACT, there["Ann"])
    refused("row_not_in_conflict", 6, of_ann)
    refused("choice_no_candidate", 2, Choice(Chosen.CONTACT, there["Cy"]))
    refused("choice_no_candidate", 2, Choice(Chosen.OWNER_OF, by="email"))
    refused("choice_taken_back", 2, of_ann, seen=NEW)
    join(session, ready, 2, there["Ann"])
    refused("choice_changed", 2, NEW, seen=None)
    session.execute(delete(Contact).where(Contact.id == there["Cy"]))
    session.commit()
    refused("candidate_gone", 5, Choice(Chosen.CONTACT, there["Cy"]))
    assert 5 not in found(session, ready)
    importer.work(ready.id)
    importer.execute(ready.id, "update")
    refused("row_not_in_conflict", 2, NEW)


def test_a_contact_that_is_gone_leaves_its_row_in_conflict(
    database_url, session, importer, ready, there
):
    search(database_url, session)
    join(session, ready, 2, there["Ann"])
    erasure.erase(session, there["Ann"])
    session.commit()
    importer.work(ready.id)
    assert possible_matches.counts(session, ready.id).rows == 1
    (conflict,) = row_choices.listed(session, ready, 0, 10)
    assert (conflict.row, conflict.code) == (2, "choice_gone")
    importer.execute(ready.id, "update")
    assert session.get(ImportResult, (ready.id, 2)).code == "choice_gone"


def test_corrected_rows_are_looked_at_again(database_url, session, importer, ready, there):
    search(database_url, session)
    join(session, ready, 2, there["Ann"])
    cells = {1: "Dee", 2: "Stranger", 4: ""}
    corrections.correct(session, ready.id, 6, cells)
    session.commit()
    assert possible_matches.standing(session, ready).state == "waiting"
    assert not search(database_url, session), "the plan comes first"
    importer.work(ready.id)
    assert search(database_url, session)
    assert found(session, ready) == {5: there["Cy"], 6: there["Dee"], 2: there["Ann"]}


def test_a_check_from_the_top_is_followed_by_a_search(database_url, session, importer, ready):
    search(database_url, session)
    import_commands.check_again(session, ready.id)
    session.commit()
    assert session.get(MatchSearch, ready.id) is None
    for _ in range(2):
        importer.work(ready.id)
    assert search(database_url, session)


def test_a_search_makes_room_for_an_import_that_waits(
    database_url, session, importer, ready, there, monkeypatch
):
    monkeypatch.setattr(match_work, "PATIENCE", 0.0)
    other = importer.upload("Email\nx@example.com\n")
    import_commands.map_columns(session, other.id, other.suggested_mapping)
    session.commit()
    assert not search(database_url, session)
    assert session.get(MatchSearch, ready.id).state == "waiting"
    importer.work(other.id)
    assert search(database_url, session)
    assert set(found(session, ready)) == {2, 5}


def test_what_was_overtaken_writes_nothing(database_url, session, ready, there, monkeypatch):
    """A worker that is frozen, and thought dead: the next one does the search."""
    frozen, go_on, done = threading.Event(), threading.Event(), []
    keep = match_work._Work._keep

    def freeze(work, rows, pairs):
        if threading.current_thread() is thread:
            frozen.set()
            go_on.wait(20)
        keep(work, rows, pairs)

    monkeypatch.setattr(match_work._Work, "_keep", freeze)
    thread = threading.Thread(target=lambda: done.append(search(database_url, session)))
    thread.start()
    assert frozen.wait(20)
    with db.connect_job(database_url) as conn:
        assert not match_work.search(conn, LEASE_SECONDS, lambda: False), "it is another's"
        conn.execute(
            "UPDATE contact_import_match_searches SET heartbeat_at = now() - interval '1 h'"
        )
        conn.commit()
        assert match_work.search(conn, LEASE_SECONDS, lambda: False)
    session.execute(text("DELETE FROM contact_import_possible_matches"))
    session.commit()
    go_on.set()
    thread.join(20)
    assert done == [False]
    assert found(session, ready) == {}


def test_a_search_that_ends_its_workers_is_given_up_until_rows_change(
    database_url, session, importer, ready, there
):
    session.add(MatchSearch(import_id=ready.id, state="waiting", claims=3, attempts=3))
    session.commit()
    assert not search(database_url, session)
    assert possible_matches.standing(session, ready).state == "failed"
    corrections.correct(session, ready.id, 6, {3: "Bergen"})
    session.commit()
    importer.work(ready.id)
    assert search(database_url, session)


def test_more_rows_than_are_compared(database_url, session, ready, there, monkeypatch):
    for room in (match_work, possible_matches):
        monkeypatch.setattr(room, "MOST_ROWS", 2)
    assert search(database_url, session)
    assert possible_matches.standing(session, ready).is_limited
    assert set(found(session, ready)) == {2, 5}


def test_another_import_of_the_file_knows_what_was_chosen(
    database_url, session, importer, ready, there
):
    search(database_url, session)
    join(session, ready, 2, there["Ann"])
    importer.work(ready.id)
    importer.execute(ready.id, "skip")
    importer.undo(ready.id)
    again = import_commands.run_again(session, ready.id, ready.created_by)
    session.commit()
    assert found(session, again) == {2: there["Ann"]}


def test_no_one_is_looked_for_once_it_runs(database_url, session, importer, ready):
    importer.execute(ready.id, "skip")
    assert not search(database_url, session)
    assert possible_matches.standing(session, ready).state == "over"
    assert session.scalar(select(func.count()).select_from(MatchSearch)) == 0
