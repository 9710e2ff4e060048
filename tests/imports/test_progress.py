"""Progress that is true: percent of committed rows; a pace that settles, survives a resume and
stops with the work.
"""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.executing.test_faults import refuse
from tests.harness.imports import table
from webapp import db
from webapp.executing import batches, execution
from webapp.imports import import_commands, leases, progress, throughput
from webapp.imports.progress import ProgressTracker, Work
from webapp.reading import readers
from webapp.staging import check
from webapp.undoing import undo

ROWS = 2500


@pytest.fixture
def running(importer, session):
    """An import at work, whose batches `commit(at, rows, took)` are logged as if they ended at
    that second.
    """
    found = importer.check(
        table(*[f"{n},p{n}@example.com,Ada,L,Acme,," for n in range(1, ROWS + 1)])
    )
    begin = text("UPDATE contact_imports SET state = 'running', created = 1000 WHERE id = :id")
    session.execute(begin, {"id": found.id})
    _work_goes_on(session, found.id)
    return found


def _work_goes_on(session, import_id, beats: str = "now()") -> None:
    session.execute(
        text(
            f"UPDATE contact_import_leases SET heartbeat_at = {beats}, enqueued_at = {beats} WHERE import_id = :id"
        ),
        {"id": import_id},
    )
    session.commit()


@pytest.fixture
def commit(running, session):
    def log(*batches: tuple[float, int, float]) -> None:
        session.execute(
            text(
                """INSERT INTO contact_import_logs (import_id, event, result, rows, at, duration_ms)
                   VALUES (:id, 'batch', 'done', :rows, to_timestamp(1000000000 + :at), :ms)"""
            ),
            [
                {"id": running.id, "rows": rows, "at": at, "ms": took * 1000}
                for at, rows, took in batches
            ],
        )
        session.commit()

    return log


def steady(
    start: float, seconds: float, every: float, rows: int
) -> list[tuple[float, int, float]]:
    return [(start + n * every, rows, every) for n in range(1, round(seconds / every) + 1)]


def test_average_settles_within_three_seconds_of_a_change(running, commit, session):
    commit(*steady(0, 20, 0.1, 100))
    assert ProgressTracker(session, running.id).progress().speed_per_minute == pytest.approx(
        60_000, rel=0.01
    )
    commit(*steady(20, 3, 0.5, 50))
    now = ProgressTracker(session, running.id).progress()
    assert now.speed_per_minute == pytest.approx(6_000, rel=0.1)
    assert now.eta_seconds == pytest.approx((ROWS - 1000) / 100, rel=0.1)


def test_average_begins_anew_after_a_pause_and_counts_slow_batches_by_their_length(
    running, commit, session
):
    commit(*steady(0, 5, 0.1, 100))
    commit((40.0, 100, 10.0))  # resumed after half a minute; a batch of ten seconds
    assert ProgressTracker(session, running.id).progress().speed_per_minute == pytest.approx(
        600, rel=0.01
    )


def test_points_are_the_speeds_of_the_last_seconds(running, commit, session):
    commit(*steady(0, 20, 0.1, 100), *steady(20, 6, 0.1, 10))
    points = ProgressTracker(session, running.id).progress().points
    assert len(points) == throughput.SHOWN
    assert points[0] == pytest.approx(60_000, rel=0.05)
    assert points[-1] == pytest.approx(6_000, rel=0.05)


def test_nothing_is_promised_while_the_import_waits(running, commit, session):
    commit(*steady(0, 5, 0.1, 100))
    _work_goes_on(session, running.id, "now() - interval '1 minute'")
    now = ProgressTracker(session, running.id).progress()
    assert (now.waiting_for, now.speed_per_minute, now.eta_seconds, now.points) == (
        "worker",
        0,
        None,
        (),
    )


def test_check_shows_its_own_work_and_leaves_no_log_behind(importer, session, conn, settings):
    found = importer.upload(
        table(*[f"{n},p{n}@example.com,Ada,L,Acme,," for n in range(1, ROWS + 1)])
    )
    before = ProgressTracker(session, found.id).progress()
    assert (before.progress, before.processed, before.work.progress) == (0, 0, 0)
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    shares = []
    for rows in (1000, 2000):  # Two slices, each of one block, as two workers might do them.
        lease = leases.claim(conn, found.id, 15)
        assert not check.check_slice(conn, lease, readers.Limits(), lambda: True)
        now = ProgressTracker(session, found.id).progress()
        assert (now.state, now.processed, now.progress, now.work.processed) == (
            "checking",
            0,
            0,
            rows,
        )
        assert now.speed_per_minute > 0
        assert now.eta_seconds is not None
        shares.append(now.work.progress)
        leases.release(conn, lease)
    assert 0 < shares[0] < shares[1] < 100
    done = importer.work(found.id)
    assert (done.state, done.total) == ("ready", ROWS)
    left = "SELECT count(*) FROM contact_import_logs WHERE import_id = :id AND event = 'block_checked'"
    assert session.scalar(text(left), {"id": found.id}) == 0


def test_rollback_shows_its_own_work_beside_what_the_import_did(importer, session, conn):
    found = importer.run(
        table(*[f"{n},p{n}@example.com,Ada,L,Acme,," for n in range(1, ROWS + 1)])
    )
    import_commands.roll_back(session, found.id)
    session.commit()
    for entries in (1000, 2000):  # Two slices, each of one batch.
        lease = leases.claim(conn, found.id, 15)
        assert not undo.undo_slice(conn, lease, lambda: True)
        now = ProgressTracker(session, found.id).progress()
        assert (now.state, now.progress, now.processed) == ("rolling_back", 100, ROWS)
        assert (now.work.progress, now.work.processed, now.work.total) == (
            entries / ROWS * 100,
            entries,
            ROWS,
        )
        assert now.speed_per_minute > 0
        assert now.eta_seconds is not None
        leases.release(conn, lease)
    assert importer.work(found.id).state == "rolled_back"


def test_running_failed_rows_again_counts_those_rows(
    importer, session, conn, settings, monkeypatch
):
    """Half of the rows failed; run again in slices of one batch, some of them fail once more."""
    monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
    refuse(session, "NEW.external_id::int > 40 AND NEW.external_id::int <= 80")
    found = importer.run(
        table(*[f"{n},p{n}@example.com,Ada,L,Acme,," for n in range(1, 81)]), batch_size=10
    )
    assert (found.created, found.failed) == (40, 40)
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.execute(text("DROP FUNCTION refuse"))
    refuse(session, "NEW.external_id = '45'")
    import_commands.retry(session, found.id)
    session.commit()
    queued = ProgressTracker(session, found.id).progress()
    assert (queued.progress, queued.work) == (100, Work(0.0, 0, 40))
    seen = []
    for _ in range(4):
        lease = leases.claim(conn, found.id, 15)
        ended = execution.execute_slice(
            conn, lease, partial(db.connect_job, settings.database_url), lambda: True
        )
        leases.release(conn, lease)
        if ended:
            break
        now = ProgressTracker(session, found.id).progress()
        assert (now.state, now.progress, now.processed, now.work.total) == (
            "running",
            100,
            80,
            40,
        )
        seen.append((now.work.progress, now.work.processed))
    assert seen == sorted(set(seen))
    assert 0 < seen[0][0] < 100
    done = importer.work(found.id) if not ended else found
    session.expire_all()
    assert (done.state, done.created, done.failed) == ("completed", 79, 1)
    assert ProgressTracker(session, found.id).progress().work == Work(100.0, 80, 80)


@pytest.mark.parametrize("statement", ["place", "last_word"])
def test_a_lost_connection_is_told_by_sqlalchemy(running, session, settings, statement):
    """By its error the reader of live progress waits for the database; psycopg's would end it."""
    tracker = ProgressTracker(session, running.id)
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with db.connect_job(settings.database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(OperationalError):
        tracker._one(getattr(progress.SQL, statement))
    session.rollback()
