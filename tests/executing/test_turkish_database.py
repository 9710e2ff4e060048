# ruff: noqa: RUF001 - Turkish has an i without a dot
"""A database whose language folds I to a dotless i: keys, erasures and searches go by Python's
rules all the same.
"""

import re

import psycopg
import pytest
from alembic import command
from sqlalchemy import select, text

from tests.harness import servers as common
from tests.harness.imports import table
from tests.harness.web import PASSWORD, Browser
from tests.retention.test_forgetting import dump
from webapp import migrate
from webapp.admin import backup, restore
from webapp.models import Contact, User
from webapp.reports import ledger, row_search
from webapp.retention import erasure
from webapp.vocabulary.refusals import Refusal
from webapp.web import accounts


@pytest.fixture(scope="session")
def servers(ci):
    """In place of the pair that all other tests share."""
    with common.started("tr-TR", ci=ci) as found:
        yield found


def test_the_database_is_turkish(session):
    assert session.scalar(text("SELECT lower('I')")) == "\N{LATIN SMALL LETTER DOTLESS I}"


def test_an_account_is_found_whichever_case_it_is_typed_in(app):
    with app.app_context():
        accounts.add_user("INFO.I@example.com", PASSWORD, "importer")
        with pytest.raises(Refusal, match="email_taken"):
            accounts.add_user("info.i@example.com", PASSWORD, "admin")
    for typed in ("INFO.I@example.com", "info.i@example.com", "Info.i@Example.Com"):
        browser = Browser(app.test_client())
        browser.post("/sign-in", {"email": typed, "password": PASSWORD}, at="/sign-in")
        browser.get("/imports")


def test_erasing_leaves_nothing_in_capitals(importer, session):
    importer.run(table("1,INFO.KILIC@example.com,Info,Kilic,,,"))
    importer.check(table('8,INFO.KILIC at example.com,I,K,"INFO.KILIC@EXAMPLE.COM",,'))
    importer.upload("Email,First name\nINFO.KILIC@EXAMPLE.COM,Info\n")
    whom = session.scalars(select(Contact)).one()
    found = erasure.traces(session, whom.id)
    assert [(other.file, *other.counts) for other in found.others] == [(None, "named")]
    erasure.erase(session, whom.id, {(found.others[0].import_id, "named")})
    session.commit()
    assert "kilic" not in dump(session)


def test_a_search_finds_in_either_case(owner, importer, session):
    done = importer.run(
        table("1,IDIL@example.com,IDIL,YILMAZ,,,", "2,b@example.com,İlkay,Kılıç,,,")
    )
    assert row_search.unknown(session, done) == 0
    for words in ("idil yilmaz", "IDIL", "ilkay", "kılıç", "KILIÇ"):
        found = owner.client.get("/contacts", query_string={"q": words}).text
        assert len(re.findall(r'href="/contacts/\d+"', found)) == 1, words
        assert len(ledger.rows(session, done.id, search=words.split()[0])) == 1, words


def test_accounts_that_the_old_key_parted_come_together(database_url):
    """The one that could sign in keeps the key; its twin could not, and is disabled."""
    command.downgrade(migrate.config(database_url), "0006")
    with psycopg.connect(database_url) as conn:
        for email in ("INFO.I@example.com", "info.i@example.com", "ANN@example.com"):
            conn.execute(
                "INSERT INTO users (email, password_hash, role) VALUES (%s, 'x', 'admin')",
                (email,),
            )
    migrate.migrate(database_url)
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            "SELECT email, email_key, active FROM users ORDER BY id"
        ).fetchall()
    assert found == [
        ("INFO.I@example.com", "info.i@example.com (1)", False),
        ("info.i@example.com", "info.i@example.com", True),
        ("ANN@example.com", "ann@example.com", True),
    ]
    assert User.email_key.type.collation == "C"


def test_a_restored_database_is_turkish_too(database_url, people, tmp_path):
    backup.write(database_url, tmp_path / "rowcall.dump")
    restore.restore(database_url, tmp_path / "rowcall.dump")
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT lower('I')").fetchone() == (
            "\N{LATIN SMALL LETTER DOTLESS I}",
        )
    restore.drop_kept(database_url)
