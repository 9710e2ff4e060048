"""`rowcall`, the administrator's command: accounts, tokens, the servers that it finds, and
what it says.
"""

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from tests.harness.command import ROOT, SECONDS, rowcall
from webapp.web import accounts, passwords
from webapp.web.extensions import db

NEW = "a password of some length"
pytestmark = pytest.mark.timeout(400)  # each command is a process of its own
TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


def sign_in_works(app, email: str, password: str) -> bool:
    with app.app_context():
        user = accounts.user_by_email(email)
        kept = user.password_hash
        db.session.rollback()
    return passwords.hasher.verify(kept, password) if kept else False


@pytest.fixture
def run(app):
    """The same commands in this process, where the entry is not what is looked at."""
    return lambda *words, typed="": app.test_cli_runner().invoke(args=words, input=typed)


def test_accounts_from_the_first_to_a_lost_password(run, app):
    link = rowcall("setup-link")
    assert link.out.startswith("http://127.0.0.1:8000/setup/")
    assert (
        rowcall(
            "user", "create", "ada@example.com", "--role", "admin", typed=f"{NEW}\n"
        ).status
        == 0
    )
    assert run("user", "create", "ben@example.com", typed=f"{NEW}\n").exit_code == 0
    listed = run("user", "list").output.splitlines()
    assert listed == ["ada@example.com\tadmin\tworks\t", "ben@example.com\timporter\tworks\t"]

    assert run("user", "role", "BEN@example.com", "viewer").exit_code == 0
    assert run("user", "disable", "ben@example.com").exit_code == 0
    assert (
        run("user", "list").output.splitlines()[1] == "ben@example.com\tviewer\tswitched off\t"
    )
    assert run("user", "enable", "ben@example.com").exit_code == 0
    assert run("user", "list").output.splitlines()[1] == "ben@example.com\tviewer\tworks\t"

    made = run("user", "password", "ada@example.com", "--generate").output.splitlines()[0]
    assert sign_in_works(app, "ada@example.com", made.removeprefix("Password: "))
    said = run("setup-link")
    assert (said.stdout, said.exit_code) == ("", 0)
    assert "There is an account already" in said.stderr


def test_a_lost_administrator_gets_in_again_and_old_browsers_are_out(app, sign_in, people):
    browser = sign_in("admin")
    assert browser.client.get("/account").status_code == 200
    done = rowcall("user", "password", "admin@example.com", typed="another fine password\n")
    assert done.status == 0, done.err
    assert browser.client.get("/account").status_code == 302
    fresh = app.test_client()
    page = fresh.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {
        "email": "admin@example.com",
        "password": "another fine password",
        "csrf_token": token,
    }
    assert fresh.post("/sign-in", data=form).status_code == 302
    assert fresh.get("/account").status_code == 200


def test_a_password_typed_at_a_terminal_is_not_shown(settings, app, people):
    words = [
        sys.executable,
        "-c",
        TERMINAL,
        str(ROOT / "bin" / "rowcall"),
        "user",
        "password",
        "owner@example.com",
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
    ) as terminal:
        shown = b""
        for _ in range(2):  # it asks again, to be sure
            while not shown.endswith(b": "):
                shown += terminal.stdout.read(1)
            terminal.stdin.write(f"{NEW}\n".encode())
            terminal.stdin.flush()
            shown += b"|"
        rest = terminal.communicate(timeout=SECONDS)[0]
    assert NEW.encode() not in shown + rest
    assert b"has a new password" in rest
    assert sign_in_works(app, "owner@example.com", NEW)


def test_the_last_administrator_stays(run, people):
    for words in (("disable", "admin@example.com"), ("role", "admin@example.com", "viewer")):
        done = run("user", *words)
        assert done.exit_code == 1
        assert "last administrator" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "password", "no.one@example.com"), "There is no account no.one@example.com"),
        (
            ("user", "password", "owner@example.com"),
            "Choose a password of at least 12 characters.",
        ),
        (("user", "create", "owner"), "Write the e-mail as in name@example.com."),
        (("token", "revoke", "owner@example.com", "none"), "no living token named none"),
    ],
)
def test_what_cannot_be_done_is_said(run, people, words, said):
    done = run(*words, typed="short\n")
    assert done.exit_code == 1
    assert said in done.output


def test_an_argument_that_is_no_text(settings):
    done = rowcall("token", "list", b"\xff".decode(errors="surrogateescape"))
    assert done.status == 1
    assert "no text" in done.err


def test_neither_the_queue_nor_flask_is_needed_for_a_backup(settings, people, tmp_path):
    file = tmp_path / "rowcall.dump"
    done = rowcall("backup", file, REDIS_URL="unix:///nowhere/valkey.sock", SECRET_KEY="")
    assert (done.status, file.exists()) == (0, True)
    code = "import sys, webapp.command; print([m for m in ('flask', 'rq', 'weasyprint') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"


def test_without_addresses_it_finds_the_servers_that_came_with_it(
    settings, servers, monkeypatch, tmp_path
):
    """From any folder, and with nothing but ROWCALL_VAR; the default is the checkout's `var`."""
    var = Path(parse_qs(urlsplit(servers["DATABASE_URL"]).query)["host"][0]).parent
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name)
    key = var / "secret_key"
    key.write_text("k" * 48)
    key.chmod(0o600)
    here = {"cwd": tmp_path, "ROWCALL_VAR": str(var)}
    assert rowcall("migrate", **here).status == 0
    made = rowcall(
        "user", "create", "eve@example.com", "--role", "admin", typed=f"{NEW}\n", **here
    )
    assert made.status == 0, made.err
    assert rowcall("backup", "here.dump", **here).status == 0
    assert (tmp_path / "here.dump").exists()
    assert rowcall("restore", "here.dump", **here).status == 0


def test_where_nothing_was_started_it_says_so(settings, monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name)
    for words in (("backup", "x.dump"), ("doctor",)):
        done = rowcall(*words, cwd=tmp_path, ROWCALL_VAR=str(tmp_path / "nowhere"))
        assert done.status == 1
        assert "make run" in done.out + done.err


@pytest.mark.parametrize(
    ("named", "word"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"DATABASE_URL": "mysql://somewhere/rowcall"}, "DATABASE_URL"),
        ({"PUBLIC_URL": "import.example.com"}, "PUBLIC_URL"),
        ({"RETENTION_DAYS": "0"}, "RETENTION_DAYS"),
        ({"SMTP_URL": "mail.example.com"}, "SMTP_URL"),
        ({"PAGE_SIZE": "A5"}, "PAGE_SIZE"),
    ],
)
def test_a_wrong_setting_gets_a_sentence(settings, named, word):
    done = rowcall("doctor", **named)
    assert done.status == 1
    assert word in done.out + done.err


def test_old_tables_get_a_sentence(settings, session):
    session.execute(text("DROP TABLE api_tokens"))
    session.execute(text("ALTER TABLE users DROP COLUMN role"))
    session.commit()
    done = rowcall("user", "list")
    assert done.status == 1
    assert "rowcall doctor" in done.err


def test_the_make_file_links_the_command(tmp_path):
    """What `make` puts into the environment is a link that works from anywhere."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rowcall").write_bytes((ROOT / "bin" / "rowcall").read_bytes())
    (tmp_path / "bin" / "rowcall").chmod(0o755)
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "webapp").symlink_to(ROOT / "webapp")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for program in ("python", "pip"):
        (tmp_path / ".venv" / "bin" / program).symlink_to(ROOT / ".venv" / "bin" / program)
    subprocess.run(
        ["make", "-s", ".venv/bin/rowcall"], cwd=tmp_path, check=True, timeout=SECONDS
    )
    link = tmp_path / ".venv" / "bin" / "rowcall"
    assert link.resolve() == tmp_path / "bin" / "rowcall"
