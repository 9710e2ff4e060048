"""Nothing that a process writes quotes a person: real processes whose statements fail, and all
their files.
"""

import http.cookiejar
import re
import socket
import stat
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tests.harness.gates import refuse
from tests.harness.imports import table
from tests.harness.web import PASSWORD
from webapp import jobs

SECRET = "planted-secret"  # stands in every value that must not come out
MAIL = f"{SECRET}@example.com"


class Visitor:
    """A person at the real web process, signed in."""

    def __init__(self, base: str, email: str) -> None:
        self.base = base
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)
        assert (
            self.post("/sign-in", {"email": email, "password": PASSWORD}, at="/sign-in") == 200
        )

    def get(self, path: str) -> tuple[int, str]:
        try:
            with self.opener.open(self.base + path, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def post(self, path: str, data: dict[str, str], *, at: str) -> int:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(at)[1])[1]
        body = urllib.parse.urlencode({**data, "csrf_token": token}).encode()
        try:
            with self.opener.open(self.base + path, body, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            return refusal.code


@pytest.fixture
def visitor(house, people):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    house.web(port)
    base = f"http://127.0.0.1:{port}"

    def up() -> bool:
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=5).close()
        except OSError:
            return False
        return True

    house.until(up)
    return Visitor(base, "admin@example.com")


def files(*folders: Path) -> list[Path]:
    """What the processes wrote: every log, and what the queue keeps on the disk.

    The database's own data is no log.
    """
    return [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and (file.suffix == ".log" or "appendonly" in str(file))
    ]


def test_no_output_quotes_a_person(house, visitor, settings, machine, monkeypatch):
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    worker = house.worker()
    # A row that the database refuses, with its values in the message and in the detail.
    refuse(
        house,
        "NEW.first_name = 'Bad'",
        f"EXCEPTION 'no %', NEW.email USING DETAIL = '{SECRET}'",
    )
    people = table(f"1,{MAIL},Bad,{SECRET},,,", f"2,b-{MAIL},Good,{SECRET},,,")
    import_id = house.upload(people)
    jobs.wake(import_id)
    house.wait(import_id, "ready")
    # The notice fails in its job, with a text that quotes the address.
    house.query(
        f"""CREATE FUNCTION refuse_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.event LIKE 'mail%' THEN RAISE 'mail to {MAIL} is not noted'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse_note BEFORE INSERT ON contact_import_logs
            FOR EACH ROW EXECUTE FUNCTION refuse_note()"""
    )
    house.execute(import_id, notification_email=MAIL)
    house.wait(import_id, "completed")
    log = Path(settings.var) / "processes.log"
    house.until(
        lambda: "mail-" in log.read_text() and "broke off" in log.read_text(),
        what="the job never failed",
    )
    house.query("DROP FUNCTION refuse CASCADE")
    # A page whose statement fails: its error has the contact's values, and its address what was
    # searched for.
    refuse(
        house,
        "NEW.email LIKE 'new-%'",
        f"EXCEPTION 'hash %', NEW.password_hash USING DETAIL = '{SECRET}'",
        "users",
    )
    account = {
        "email": f"new-{MAIL}",
        "password": SECRET * 2,
        "role": "viewer",
        "name": SECRET,
    }
    assert visitor.post("/account/users", account, at="/account") == 500
    house.query("ALTER TABLE contacts RENAME COLUMN company TO gone")
    assert visitor.get(f"/contacts?q={SECRET}")[0] == 500
    house.query("ALTER TABLE contacts RENAME COLUMN gone TO company")
    # A statement with its values in its text, one that fails for its parameters, and a deadlock's
    # detail.
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        for statement, values in (
            (
                f"INSERT INTO users (email, password_hash, role) VALUES ('{MAIL}', '{SECRET}', 'none')",
                None,
            ),
            ("INSERT INTO contacts (external_id, email) VALUES ('2', %s)", (MAIL,)),
            ("SELECT %s::text::int", (SECRET,)),
        ):
            with pytest.raises(psycopg.Error):
                conn.execute(statement, values)
    worker.end()

    written = files(Path(settings.var), machine.folder.var)
    assert {file.name for file in written} >= {"processes.log", "postgres.log", "valkey.log"}
    for file in written:
        assert SECRET.encode() not in file.read_bytes(), file
        if file.parent == machine.folder.var:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    said = log.read_text()
    for kind in ("psycopg.errors.RaiseException", "psycopg.errors.UndefinedColumn"):
        assert kind in said, "what failed is said all the same"
    # What is the row's own is told to its person.
    assert house.query("SELECT detail FROM contact_import_results WHERE outcome = 'failed'")[
        0
    ]["detail"]["message"]
