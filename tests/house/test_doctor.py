"""The doctor on installations that are broken, each in its own way: it names the part and the
way out.
"""

import itertools
import shutil
import socket
import time
from pathlib import Path

import psycopg
import pytest
import redis
from alembic import command

from tests.harness.command import rowcall
from tests.harness.processes import worker_process
from webapp import migrate, readiness
from webapp.admin import doctor, postgres
from webapp.admin.doctor import Finding
from webapp.config import Settings

pytestmark = pytest.mark.timeout(400)  # commands and servers are processes of their own
AWAY = "postgresql://rowcall@127.0.0.1:1/rowcall"
PATIENCE = 60


def look(**changes) -> dict[str, list[Finding]]:
    """What the doctor finds in the test's environment with these settings, by part."""
    found = doctor.look(Settings().model_copy(update=changes))
    by_part = itertools.groupby(found, key=lambda finding: finding.part)
    return {part: list(findings) for part, findings in by_part}


def one(part: str, **changes) -> str:
    """The single finding about a part, as it is printed."""
    (found,) = look(**changes)[part]
    return str(found)


@pytest.fixture
def execute(settings):
    """Run a statement in the test's database."""

    def run(statement: str) -> None:
        with psycopg.connect(settings.database_url, autocommit=True) as conn:
            conn.execute(statement)

    return run


@pytest.fixture
def superuser(servers, database_url):
    """A superuser in the test's database; its name stands at `.info.dbname`."""
    name = postgres.urlsplit(database_url).path.strip("/")
    with psycopg.connect(
        postgres.on_database(servers["ADMINISTRATOR_URL"], name), autocommit=True
    ) as conn:
        yield conn


@pytest.fixture
def worker(settings):
    """`worker(…)` starts one, which listens to the queue when this returns."""
    started = []

    def start(environment: dict[str, str] | None = None) -> None:
        started.append(worker_process(environment))
        _until(lambda: readiness.jobs.workers(settings), "no worker at the queue")

    yield start
    for one in started:
        one.end()


def _until(true, what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def test_an_installation_in_order_but_for_mail(settings, worker):
    worker()
    _until(lambda: look()["worker"][0].level == "ok", "the worker never reported")
    (settings.var / "processes.log").chmod(0o600)  # the test's own
    done = rowcall("doctor")
    lines = done.out.splitlines()
    assert (done.status, done.err) == (0, ""), done.out
    assert {line.split()[1] for line in lines if line.startswith("ok")} >= {
        "database",
        "tables",
        "queue",
        "worker",
    }
    assert [line for line in lines if line.startswith("note mail: Set SMTP_URL")]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"DATABASE_URL": AWAY}, "FIX  database: It is out of reach"),
        ({"REDIS_URL": "unix:///nowhere/valkey.sock"}, "FIX  queue: It is out of reach"),
        ({"SECRET_KEY": "short"}, "FIX  settings: Set SECRET_KEY"),
        ({"SMTP_URL": "smtp://127.0.0.1:1"}, "FIX  mail: The mail server cannot be used"),
        ({}, "FIX  worker: None runs"),
    ],
)
def test_what_is_out_of_reach(settings, named, said):
    """As an administrator meets it: the command itself, which ends with status 1."""
    done = rowcall("doctor", **named)
    assert done.status == 1
    assert said in done.out


def test_without_tables(execute):
    execute("DROP SCHEMA public CASCADE")
    execute("CREATE SCHEMA public")
    assert one("tables").startswith("FIX  tables: They are missing: run rowcall migrate")


def test_with_tables_of_an_older_version(settings):
    command.downgrade(migrate.config(settings.database_url), "-1")
    assert one("tables").startswith("FIX  tables: They are of an older version")
    assert rowcall("migrate").status == 0
    assert one("tables") == "ok   tables"


def test_with_tables_of_a_newer_version(execute):
    execute("UPDATE alembic_version SET version_num = '9999'")
    assert one("tables").startswith("FIX  tables: They are of a newer version")


def test_with_a_table_that_somebody_dropped(execute):
    execute("DROP TABLE contact_import_documents")
    assert one("tables").startswith("FIX  tables: Some are missing")


def test_with_a_queue_that_evicts(settings):
    queue = redis.Redis.from_url(settings.redis_url)
    queue.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert one("queue").startswith("FIX  queue: It evicts (allkeys-lru)")
    finally:
        queue.config_set("maxmemory-policy", "noeviction")
    assert one("queue") == "ok   queue"


def test_with_a_worker_that_does_not_reach_the_database(settings, worker):
    worker({"DATABASE_URL": AWAY})
    assert one("worker").startswith(
        "FIX  worker: It listens to the queue but does not reach this database"
    )


def test_with_a_worker_of_an_older_program(settings, worker, execute):
    worker()
    execute(_REPORT.format(name="old", tables="0001", ahead=0, days="NULL"))
    assert any("old runs another version" in finding.advice for finding in look()["worker"])


_REPORT = """INSERT INTO workers (name, seen_at, tables, clock_ahead, retention_days)
    VALUES ('{name}', clock_timestamp(), '{tables}', {ahead}, {days})"""


def test_with_a_worker_whose_clock_is_wrong(settings, worker, execute):
    worker()
    execute(_REPORT.format(name="late", tables=migrate.NEWEST, ahead=-3600, days="NULL"))
    assert any("late is 3600 s behind" in finding.advice for finding in look()["worker"])


def test_with_a_wrong_clock(settings, ci):
    if not shutil.which("faketime"):
        assert not ci
        pytest.skip("faketime is not installed")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    done = rowcall("doctor", LD_PRELOAD=str(library), FAKETIME="+1h")
    assert "FIX  clock: This machine's clock is 3600 s ahead of" in done.out
    assert done.status == 1


def test_with_two_retention_times(settings, worker, execute):
    worker()
    execute(_REPORT.format(name="short", tables=migrate.NEWEST, ahead=0, days=1))
    (found,) = look()["retention"]
    assert found.advice.startswith("RETENTION_DAYS is 1 for short and 30 in the database")
    assert [finding.level for finding in look(retention_days=7)["retention"]] == [
        "note",
        "note",
    ]


def test_with_large_changes_that_no_one_could_approve(settings, people, execute):
    assert one("approval") == one("approval", approval_above=500) == "ok   approval"
    execute("UPDATE users SET active = false WHERE email <> 'owner@example.com'")
    said = one("approval", approval_above=500)
    assert said.startswith("note approval: APPROVAL_ABOVE is 500, and fewer than two accounts")


def test_with_a_full_disk(settings, monkeypatch):
    monkeypatch.setattr(readiness, "LEAST_FREE", 2**60)
    assert one("disk").startswith("FIX  disk: Less than")


def test_with_a_role_that_may_make_nothing_temporary(settings, superuser):
    superuser.execute(f"REVOKE TEMP ON DATABASE {superuser.info.dbname} FROM PUBLIC, rowcall")
    assert one("database").startswith("FIX  database: The role may not make temporary tables")


def test_with_a_superuser(settings, superuser, servers):
    url = postgres.on_database(servers["ADMINISTRATOR_URL"], superuser.info.dbname)
    assert one("database", database_url=url).startswith(
        "FIX  database: Rowcall signs in as a superuser"
    )


def test_with_an_older_postgresql(settings, monkeypatch):
    """The server that is there, held against a version that it does not reach."""
    held = doctor.db.SQL.unfit.replace("< 150000", "< 990000")
    monkeypatch.setattr(doctor.db.SQL, "unfit", held)
    assert one("database").startswith(
        "FIX  database: This PostgreSQL is older than version 15"
    )


def test_with_a_log_that_others_may_read(settings):
    log = settings.var / "web.log"
    log.write_text("")
    log.chmod(0o644)
    assert one("files") == f"FIX  files: {log} is readable for others: chmod 600 {log}"
    log.chmod(0o600)
    assert one("files") == "ok   files"


def test_with_a_database_kept_from_before_a_restore(settings, people, tmp_path):
    from webapp.admin import backup, restore  # noqa: PLC0415

    backup.write(settings.database_url, tmp_path / "rowcall.dump")
    restore.restore(settings.database_url, tmp_path / "rowcall.dump")
    assert "_before_restore is kept" in one("database")
    restore.drop_kept(settings.database_url)
    assert one("database") == "ok   database"


def test_a_mail_server_that_says_nothing(settings):
    """One that takes the connection and stays silent is given up on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = one("mail", smtp_url=f"smtp://127.0.0.1:{server.getsockname()[1]}")
    assert said.startswith("FIX  mail:")


@pytest.mark.parametrize(
    ("break_it", "part", "said"),
    [
        ("DROP TABLE contact_import_documents", "database", "tables missing"),
        ("UPDATE alembic_version SET version_num = '0001'", "database", "older tables"),
        ("DROP SCHEMA public CASCADE; CREATE SCHEMA public", "database", "no tables"),
    ],
)
def test_readyz_looks_too(app, execute, break_it, part, said):
    client = app.test_client()
    assert client.get("/readyz").json[part] == "ok"
    execute(break_it)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json[part]) == (503, said)


def test_readyz_tells_an_evicting_queue_and_a_full_disk(app, settings, monkeypatch):
    queue = redis.Redis.from_url(settings.redis_url)
    queue.config_set("maxmemory-policy", "volatile-lru")
    monkeypatch.setattr(readiness, "LEAST_FREE", 2**60)
    try:
        found = app.test_client().get("/readyz").json
    finally:
        queue.config_set("maxmemory-policy", "noeviction")
    assert (found["queue"], found["disk"]) == ("evicts (volatile-lru)", "nearly full")


def test_readyz_answers_though_the_data_folder_is_closed_to_it(app, monkeypatch):
    def closed(folder):
        raise PermissionError(folder)

    monkeypatch.setattr(readiness.shutil, "disk_usage", closed)
    assert app.test_client().get("/readyz").json["disk"] == "ok"


def test_readyz_tells_a_worker_that_does_not_reach_the_database(app, worker):
    worker({"DATABASE_URL": AWAY})
    assert app.test_client().get("/readyz").json["worker"] == "does not reach the database"


def test_flask_has_the_doctor_too(app):
    found = app.test_cli_runner().invoke(args=["doctor"])
    assert "FIX  worker: None runs" in found.output
    assert found.exit_code == 1
