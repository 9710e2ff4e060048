"""What a test leaves in its database does not reach the next test."""

import psycopg
import pytest

from tests.harness.databases import Databases
from tests.harness.servers import _named

CHANGES = {
    "a setting of the database": "ALTER DATABASE {name} SET statement_timeout = 1000",
    "a column": "ALTER TABLE contacts ADD COLUMN left_behind text",
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION contact_keys_empty()",
    "a table": "CREATE TABLE left_behind (id int)",
    "a missing table": "DROP TABLE alembic_version",
    "another number of days": "UPDATE installation SET retention_days = 7",
    "a right": "GRANT SELECT ON contacts TO PUBLIC",
}
SOMEBODY = (
    "INSERT INTO contacts (email, email_key) VALUES ('ann@example.com', 'ann@example.com')"
)


@pytest.fixture
def databases(servers):
    """Databases of which no other test gets one."""
    own = Databases(servers["ADMINISTRATOR_URL"])
    yield own
    for name in own.unused:
        own.drop(name)


def test_rows_and_numbers_are_gone(databases, servers):
    name = databases.take()
    for _ in range(2):
        with psycopg.connect(_named(servers["DATABASE_URL"], name), autocommit=True) as conn:
            conn.execute(SOMEBODY)
            assert conn.execute("SELECT id FROM contacts").fetchall() == [(1,)]
            assert conn.execute("SELECT * FROM contact_email_keys").fetchall()
            conn.execute("ANALYZE contacts")
        databases.give_back(name)
        assert databases.take() == name
    databases.give_back(name)


def test_a_template_that_was_vacuumed_gives_databases_that_are_kept(
    databases, servers, monkeypatch
):
    template = databases.take()
    with psycopg.connect(_named(servers["DATABASE_URL"], template), autocommit=True) as conn:
        conn.execute("VACUUM contacts")
    monkeypatch.setattr("tests.harness.databases.TEMPLATE", template)
    own = Databases(databases.administrator_url)

    name = own.take()
    own.give_back(name)
    assert own.unused == [name]
    for one in (name, template):
        own.drop(one)


def test_an_open_transaction_is_no_hindrance(databases, servers):
    name = databases.take()
    conn = psycopg.connect(_named(servers["DATABASE_URL"], name))
    conn.execute(SOMEBODY)
    databases.give_back(name)
    conn.close()
    assert databases.take() == name
    databases.give_back(name)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_row_goes_with_the_database(databases, servers, change):
    name = databases.take()
    with psycopg.connect(_named(servers["DATABASE_URL"], name), autocommit=True) as conn:
        conn.execute(CHANGES[change].format(name=name))
    databases.give_back(name)
    assert databases.unused == []
