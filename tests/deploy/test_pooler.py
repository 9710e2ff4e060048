"""Web and workers behind a real PgBouncer, with the file of docs/deploy, in each of its modes."""

import subprocess
import sys

import psycopg
import pytest

from tests.api.conftest import people_table
from tests.harness.processes import ROOT
from webapp import db

PEOPLE = 3000  # several batches, and several slices of the worker
SENTENCE = "DATABASE_URL leads to a pooler in transaction mode. Set pool_mode = session"
WEB = [
    "gunicorn",
    "--config",
    "python:webapp.serving",
    "--bind",
    "127.0.0.1:0",
    "webapp.app:create_app()",
]


@pytest.fixture
def pool_mode():
    return "session"


@pytest.fixture
def settings(settings, pooler, pool_mode, monkeypatch):
    """This test's settings, with the database behind PgBouncer, for child processes too."""
    url = pooler(pool_mode).url
    monkeypatch.setenv("DATABASE_URL", url)
    return settings.model_copy(update={"database_url": url})


def test_an_import_goes_all_the_way_and_back_in_session_mode(wire, settings, database_url):
    program = wire()
    import_id = program.ready(people_table(PEOPLE))
    program.start(import_id, batch_size=100)
    program.wait(import_id, "completed")
    status, result = program.ask("GET", f"/imports/{import_id}/result")
    assert (status, result["successfully_imported"]) == (200, PEOPLE)

    status, preview = program.ask("GET", f"/imports/{import_id}/rollback")
    assert (status, preview["contacts_removed"]) == (200, PEOPLE)
    status, _ = program.ask("DELETE", f"/imports/{import_id}/rollback")
    assert status in {200, 202}
    program.wait(import_id, "rolled_back")
    with psycopg.connect(database_url) as direct:
        assert direct.execute("SELECT count(*) FROM contacts").fetchone() == (0,)


def test_settings_of_a_job_do_not_reach_the_next_client_of_its_session(settings, database_url):
    with db.connect_job(settings.database_url) as conn:
        conn.execute("CREATE TEMP TABLE contacts (LIKE public.contacts)")
        conn.commit()
    with psycopg.connect(settings.database_url) as other:
        assert other.execute("SHOW enable_seqscan").fetchone() == ("on",)
        assert other.execute("SELECT to_regclass('pg_temp.contacts')").fetchone() == (None,)


def test_a_session_of_ones_own_is_found_fit(settings, database_url):
    for url in (settings.database_url, database_url):
        assert not db.shares_sessions(db.libpq_url(url))
        with db.connect_job(url) as conn:
            assert db.unfit(conn) == []


@pytest.mark.parametrize("pool_mode", ["transaction", "statement"])
def test_shared_sessions_are_found_each_time(settings):
    for _ in range(10):
        assert db.shares_sessions(db.libpq_url(settings.database_url))


@pytest.mark.parametrize("pool_mode", ["session", "transaction", "statement"])
def test_sessions_are_told_apart_where_idle_transactions_end_at_once(
    settings, database_url, pool_mode
):
    with psycopg.connect(database_url, autocommit=True) as conn:
        name = conn.info.dbname
        conn.execute(f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = 1")
    for _ in range(30):
        shared = db.shares_sessions(db.libpq_url(settings.database_url))
        assert shared == (pool_mode != "session")


@pytest.mark.parametrize("pool_mode", ["transaction"])
def test_shared_sessions_are_found_while_others_use_the_pooler(settings):
    idle = [psycopg.connect(settings.database_url, autocommit=True) for _ in range(4)]
    busy = [psycopg.connect(settings.database_url) for _ in range(4)]
    for conn in busy + idle:
        conn.execute("SELECT 1", prepare=False)
    assert db.shares_sessions(db.libpq_url(settings.database_url))
    with db.connect_job(settings.database_url) as conn:
        assert db.SHARED_SESSIONS in db.unfit(conn)
    for conn in busy + idle:
        conn.close()


@pytest.mark.parametrize("pool_mode", ["transaction", "statement"])
@pytest.mark.parametrize("command", [["worker.py"], ["-m", *WEB]], ids=["worker", "web"])
def test_neither_starts_behind_shared_sessions_and_both_say_why(settings, command):
    started = [sys.executable, *command]
    ended = subprocess.run(
        started, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert SENTENCE in ended.stderr
    assert "Traceback" not in ended.stderr
