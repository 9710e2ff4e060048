"""What holds the house together: rooms that know only the rooms below, and tables that the
migrations make.
"""

import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from webapp import db, migrate
from webapp.models import Base

ROOT = Path(__file__).parent.parent.parent


def test_executing_loads_neither_flask_nor_weasyprint_nor_rq():
    code = "import sys, webapp.executing.batches; print([m for m in ('flask', 'weasyprint', 'rq') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.usefixtures("settings")
def test_the_web_process_loads_no_more_than_it_serves_with():
    heavy = ("alembic", "phonenumbers", "smtplib", "valkey", "weasyprint", "xlsxwriter")
    code = f"import sys, webapp.app; webapp.app.create_app(); print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"


def test_only_the_worker_and_queueing_know_rq():
    users = {
        str(file.relative_to(ROOT))
        for file in [ROOT / "worker.py", *(ROOT / "webapp").rglob("*.py")]
        if any(
            line.startswith(("import rq", "from rq")) for line in file.read_text().splitlines()
        )
    }
    assert users == {"worker.py", "webapp/jobs/queueing.py"}


def test_the_migrations_make_the_tables_of_the_models(database_url):
    engine = create_engine(db.sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_bytes_are_not_compressed_again(database_url):
    with psycopg.connect(database_url) as conn:
        storage = conn.execute(
            "SELECT attstorage FROM pg_attribute WHERE attname = 'content'"
            " AND attrelid = 'contact_import_files'::regclass"
        ).fetchone()
    assert storage[0] in {"e", b"e"}


def test_migrating_down_and_up_again(database_url):
    command.downgrade(migrate.config(database_url), "base")
    migrate.migrate(database_url)


def test_no_open_ends_in_the_tree():
    marks = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
    for folder in ("webapp", "templates", "tests", "bench", "samples"):
        for file in (ROOT / folder).rglob("*.*"):
            if file.suffix in {".py", ".html", ".css"}:
                text = file.read_text()
                assert not any(mark in text for mark in marks), file


def test_only_forms_read_what_was_sent():
    """Every command comes as a strict model, so that a page takes nothing that the API refuses."""
    readers = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "webapp").rglob("*.py")
        if re.search(r"request\.(form|args|values)\b", file.read_text())
    }
    assert readers == {"webapp/web/forms/sent.py"}


def test_what_is_refused_is_refused_by_one_class():
    """The rooms below the web have no other exception that is told to a person."""
    own = {
        found
        for file in (ROOT / "webapp").rglob("*/*.py")
        if file.parent.name not in {"admin", "embedded"}
        and not file.is_relative_to(ROOT / "webapp" / "web")
        for found in re.findall(
            r"^class (\w+)\(\w*(?:Exception|Error|Refusal)\)", file.read_text(), re.MULTILINE
        )
    }
    # A lease that passed on, an outage that is waited for, a mail server that must not be told, a
    # process without which the check goes on, and a look that has seen enough.
    assert own == {"Refusal", "Fenced", "Paused", "Unsafe", "Lost", "LookedEnough"}
