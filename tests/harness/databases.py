"""A database for each test: a copy of a template, emptied between two tests.

A new copy and its removal take five times as long as emptying one. So a database that a test left
as the template is, but for rows, goes to the next test without them; any other is dropped.
"""

import itertools

import psycopg

Connection = psycopg.Connection[tuple[str | None]]
TEMPLATE = "template_rowcall"
LARGE_BYTES = 32 * 1024 * 1024  # a new copy is quicker than emptying it; the template has 9 MB
# Of the connection that empties: no triggers and no foreign keys, and nothing of what a test set.
SETTINGS = """SET search_path = public; SET statement_timeout = 0; SET lock_timeout = 0;
              SET default_transaction_read_only = off; SET session_replication_role = replica"""
_numbers = itertools.count()

# Whatever a test's processes left open ends first.
ALONE = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()"""
# Tables that were written to, even if nothing is left in them; those that the template fills stay.
WRITTEN = """SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
             WHERE relkind = 'r' AND oid >= 16384 AND pg_relation_size(oid) > 0
               AND relname NOT IN ('alembic_version', 'installation')"""
# What an analysis gathered, and that a vacuum found nothing: the planner goes by both.
UNSEEN = """DELETE FROM pg_statistic WHERE starelid >= 16384;
            UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0
            WHERE oid >= 16384 AND relkind IN ('r', 't') AND reltuples >= 0"""
UNUSED_SEQUENCES = """SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
                      WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"""
# All that a database can differ in but for the rows of its tables.
CATALOGUES = {
    "pg_attribute": "attrelid >= 16384",
    "pg_attrdef": "true",
    "pg_constraint": "conrelid >= 16384",
    "pg_default_acl": "true",
    "pg_event_trigger": "true",
    "pg_extension": "true",
    "pg_index": "indexrelid >= 16384",
    "pg_largeobject_metadata": "true",
    "pg_namespace": "nspname !~ '^pg_(toast_)?temp_'",
    "pg_policy": "true",
    "pg_proc": "oid >= 16384",
    "pg_rewrite": "oid >= 16384",
    "pg_statistic_ext": "true",
    "pg_trigger": "true",
    "pg_type": "oid >= 16384",
    "alembic_version": "true",
    "installation": "true",
}
TABLES = """SELECT (oid, relname, relnamespace, relowner, relkind, relnatts, relacl, reloptions, relpersistence,
                    relrowsecurity, CASE relkind WHEN 'r' THEN reltuples END)::text AS found
            FROM pg_class WHERE oid >= 16384"""
DATABASE = """SELECT (datallowconn, datconnlimit, datdba, datacl)::text FROM pg_database
              WHERE datname = current_database()
              UNION ALL
              SELECT setconfig::text FROM pg_db_role_setting
              WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"""
ROWS = [f"SELECT c::text FROM {name} c WHERE {which}" for name, which in CATALOGUES.items()]
SHAPE = f"""SELECT md5(string_agg(found, ';' ORDER BY found))
            FROM ({" UNION ALL ".join([TABLES, DATABASE, *ROWS])}) found"""


class Databases:
    """Databases of one server, which no two tests have at once."""

    def __init__(self, administrator_url: str) -> None:
        self.administrator_url = administrator_url
        self.unused: list[str] = []
        self.shape: str | None = None  # of a new one

    def take(self) -> str:
        """The name of a database that is as the template is."""
        if self.unused:
            return self.unused.pop()
        name = f"t{next(_numbers)}"
        self.create(name, TEMPLATE)
        with self._connected(name) as conn:
            conn.execute(UNSEEN)  # In a long run the template itself is vacuumed.
            self.shape = self.shape or _value(conn, SHAPE)
        return name

    def give_back(self, name: str) -> None:
        """Keep it for the next test, or drop it."""
        if self._is_as_new(name):
            self.unused.append(name)
        else:
            self.drop(name)

    def _is_as_new(self, name: str) -> bool:
        """Whether it is as the template, once it was emptied."""
        with self._connected(name) as conn:
            conn.execute(ALONE)
            if not _is_small(conn):
                return False
            try:
                _empty(conn)
                return _value(conn, SHAPE) == self.shape and _value(conn, WRITTEN) is None
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                return False  # The test took away or renamed what the template has.

    def create(self, name: str, template: str = "template1") -> None:
        """A database that belongs to the program's role, as in an installation."""
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} OWNER rowcall")

    def drop(self, name: str) -> None:
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.administrator_url, autocommit=True) as conn:
            conn.execute(statement)

    def _connected(self, name: str) -> Connection:
        """As the superuser, without the settings that a test gave to its database."""
        url = self.administrator_url.replace("/postgres?", f"/{name}?")
        conn = psycopg.connect(url, autocommit=True)
        conn.execute(SETTINGS)
        return conn


def _is_small(conn: Connection) -> bool:
    return int(_value(conn, "SELECT pg_database_size(current_database())") or 0) < LARGE_BYTES


def _empty(conn: Connection) -> None:
    """Without TRUNCATE, which makes each table that refers to another anew, with its indexes."""
    if written := _value(conn, WRITTEN):
        for table in written.split(", "):
            conn.execute(f"DELETE FROM {table}")
        conn.execute(f"VACUUM {written}")
    for statement in (UNSEEN, UNUSED_SEQUENCES, "SELECT pg_stat_reset()"):
        conn.execute(statement)


def _value(conn: Connection, question: str) -> str | None:
    found = conn.execute(question).fetchone()
    return found[0] if found else None
