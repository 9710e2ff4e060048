"""A server that belongs to others, whose defaults for a session are not those that Rowcall's
statements rely on.
"""

import psycopg
import pytest
from sqlalchemy import text

from tests.web.test_pages import run
from webapp import db
from webapp.migrate import migrate
from webapp.models import Contact

DEFAULTS = {
    "DateStyle": "'German, DMY'",
    "IntervalStyle": "sql_standard",
    "TimeZone": "'Asia/Kathmandu'",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "search_path": "''",
    "client_encoding": "LATIN1",
    "row_security": "on",
    "default_transaction_isolation": "'repeatable read'",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1000",
    "lock_timeout": "1",
    "idle_in_transaction_session_timeout": "1",
    "idle_session_timeout": "1000",
    "enable_indexscan": "off",
    "enable_nestloop": "off",
    "log_parameter_max_length_on_error": "-1",
}


@pytest.fixture
def borrowed(database_url):
    """Give the test's database these defaults; returns its name."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        name = conn.info.dbname
        for setting, value in DEFAULTS.items():
            conn.execute(f"ALTER DATABASE {name} SET {setting} = {value}")
        conn.execute(f"ALTER DATABASE {name} SET lc_numeric = 'C'")
    return name


@pytest.mark.usefixtures("borrowed")
def test_the_whole_way_on_a_server_with_other_defaults(sign_in, importer, session):
    owner = sign_in("owner")
    import_id = run(
        owner,
        importer,
        "ID,Email,First name\n1,ann@example.com,Zoë\n2,b@example.com,Łukasz\n".encode(),
    )
    assert "2 new contacts</a> are in." in owner.get(f"/imports/{import_id}/report").text
    assert "Łukasz" in owner.get("/contacts").text
    contact = session.query(Contact).filter_by(external_id="1").one()
    version = {"version": str(contact.version)}
    owner.post(
        f"/contacts/{contact.id}", {**version, "external_id": "1", "email": "ann@example.org"}
    )
    owner.get(f"/imports/{import_id}/rollback")
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    assert "This import was undone." in owner.get(f"/imports/{import_id}/report").text


@pytest.mark.usefixtures("borrowed")
def test_migrations_on_a_server_with_other_defaults(database_url):
    from alembic import command  # noqa: PLC0415

    from webapp import migrate as migrations  # noqa: PLC0415

    command.downgrade(migrations.config(database_url), "base")
    migrate(database_url)


def told(ask, settings) -> dict[str, str]:
    return {name: ask(f"SELECT current_setting('{name}')") for name in settings}


@pytest.mark.usefixtures("borrowed")
def test_every_kind_of_connection_sets_what_it_needs(app, database_url):
    from webapp.web.extensions import db as orm  # noqa: PLC0415

    with psycopg.connect(database_url, autocommit=True) as plain:
        before = told(
            lambda question: plain.execute(question).fetchone()[0], db.SESSION_SETTINGS
        )
    wanted = db.SESSION_SETTINGS
    assert {name for name in wanted if before[name] == wanted[name]} <= {
        "row_security",
        "application_name",
    }
    with app.app_context():
        assert told(lambda question: orm.session.scalar(text(question)), wanted) == wanted
        assert orm.session.scalar(text("SHOW client_encoding")) == "UTF8"
    with db.session(database_url) as session:
        assert told(lambda question: session.scalar(text(question)), wanted) == wanted
    with db.connect_job(database_url) as conn:
        job = db.JOB_SETTINGS | {"statement_timeout": "1min"}
        assert (
            told(lambda question: conn.execute(question).fetchone()["current_setting"], job)
            == job
        )
        assert db.unfit(conn) == []


def test_tables_in_a_schema_of_the_roles_own_stay_the_ones_that_are_found(
    app, database_url, session
):
    from webapp.web.extensions import db as orm  # noqa: PLC0415

    session.add(Contact(email="ann@example.com", email_key="ann@example.com"))
    session.commit()
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET search_path = own, public")
        conn.execute("ALTER SCHEMA public RENAME TO own")
        conn.execute("CREATE SCHEMA public")
    with app.app_context():
        orm.engine.dispose()
        assert orm.session.scalar(text("SELECT email FROM contacts")) == "ann@example.com"
    migrate(database_url)
    with db.connect_job(database_url) as job:
        assert job.execute("SELECT count(*) AS n FROM contacts").fetchone() == {"n": 1}


def test_what_a_connection_cannot_set_is_said(servers, database_url):
    with psycopg.connect(database_url) as conn:
        name = conn.info.dbname
    with psycopg.connect(servers["ADMINISTRATOR_URL"], dbname=name, autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS rowcall_guest")
        conn.execute("CREATE ROLE rowcall_guest")
        conn.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        conn.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        conn.execute("SET session_replication_role = replica")
        conn.execute("SET ROLE rowcall_guest")
        said = " ".join(db.unfit(conn))
        conn.execute("RESET ROLE")
        conn.execute("DROP ROLE rowcall_guest")
    for words in ("session_replication_role", "temporary tables", "make tables"):
        assert words in said
    assert "UTF8" not in said
