"""Migrations that change what is there already, with something there."""

import psycopg
from alembic import command

from webapp import migrate


def test_accounts_from_before_are_found_by_their_folded_key(database_url):
    command.downgrade(migrate.config(database_url), "0006")
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """INSERT INTO users (email, password_hash, role, active) VALUES
                 ('Ann@Example.com', 'x', 'admin', true), ('bo.MÜLLER@example.com', 'x', 'viewer', false)"""
        )
    migrate.migrate(database_url)
    with psycopg.connect(database_url) as conn:
        found = conn.execute("SELECT email_key, active FROM users ORDER BY id").fetchall()
    assert found == [("ann@example.com", True), ("bo.müller@example.com", False)]
