"""What `make run` watches: whatever is killed is started again, and no start as root leaves
anything as root.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.house import test_make_run as first
from tests.house.test_make_run import PASSWORD, PATIENCE, ROOT, House, Visitor

clone = first.clone


def commands(root: int) -> dict[int, str]:
    """The command lines of a process and of everything below it, by number."""
    found = {}
    for pid in first._descendants(root):
        try:
            found[pid] = (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            )
        except OSError:
            continue
    return found


def parent(pid: int) -> int:
    """Of a process that may have ended since it was listed: 0."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def one(house: House, words: str) -> int:
    """The topmost process below `make run` whose command line holds the words."""
    found = {
        pid
        for pid, command in commands(house.process.pid).items()
        if words in command and "make" not in command
    }
    (top,) = [pid for pid in found if parent(pid) not in {0, *found}]
    return top


def above(pid: int) -> list[int]:
    """The process's parent, the parent of that one, and so on."""
    found = []
    while pid := parent(pid):
        found.append(pid)
    return found


def starter(house: House) -> int:
    """The process that started web and worker: the nearest one above both."""
    web, worker = (above(one(house, words)) for words in ("gunicorn", "worker.py"))
    return next(pid for pid in web if pid in worker)


def ready(house: House) -> None:
    """Wait until database, queue and worker are all there again."""
    house.wait()


def begin_import(house: House, rows: int) -> tuple[Visitor, str]:
    """An import of so many people that was just started; who looks, and its number."""
    visitor = Visitor(house.base)
    path = house.setup_path()
    visitor.post(path, {"email": "a@example.com", "name": "A", "password": PASSWORD}, at=path)
    people = "Email,Name\n" + "".join(f"p{n}@example.com,P{n} Q\n" for n in range(rows))
    url, _ = visitor.upload("/imports/new", people.encode())
    import_id = urllib.parse.urlsplit(url).path.split("/")[2]
    columns = f"/imports/{import_id}/columns"
    visitor.post(columns, {"column-0": "email", "column-1": "full_name"}, at=columns)
    visitor.until(f"/imports/{import_id}", "/review")
    visitor.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip", "batch_size": "100"},
                 at=f"/imports/{import_id}/review")  # fmt: skip
    return visitor, import_id


@pytest.mark.timeout(900)
def test_whatever_is_killed_comes_back_and_the_import_goes_on(clone):
    house = House(clone)
    house.wait()
    if os.geteuid() == 0:
        nothing_runs_as_root(house)
    visitor, import_id = begin_import(house, 60_000)
    for words in ("worker.py", "gunicorn", "valkey-server", "bin/postgres"):
        killed = one(house, words)
        os.kill(killed, signal.SIGKILL)
        until(
            lambda words=words, killed=killed: one(house, words) != killed,
            f"{words} stayed away",
        )
        ready(house)
    # The queue's server and the work-horse at one moment: nothing is left that would say that there
    # is work.
    worker = one(house, "worker.py")
    for pid in (one(house, "valkey-server"), *children(worker)):
        os.kill(pid, signal.SIGKILL)
    ready(house)
    page = visitor.until(f"/imports/{import_id}", "/report")
    assert "60,000 new contacts</a> are in" in page
    family = first._descendants(house.process.pid)
    house.end()
    assert [pid for pid in family if first._alive(pid)] == []


def nothing_runs_as_root(house: House) -> None:
    """Of everything below `make`, which an administrator typed, nothing has root's rights in
    any of its numbers.
    """
    running = commands(house.process.pid)
    running.pop(house.process.pid)
    for pid, command in running.items():
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
        assert (
            "0" not in facts["Uid"].split() + facts["Gid"].split() + facts["Groups"].split()
        ), command
        assert int(facts["CapPrm"], 16) == 0, command
    assert {"gunicorn", "worker.py", "valkey-server", "bin/postgres", "-m webapp"} <= {
        word for command in running.values() for word in
        ("gunicorn", "worker.py", "valkey-server", "bin/postgres", "-m webapp") if word in command
    }  # fmt: skip


def children(pid: int) -> list[int]:
    return [child for child in first._descendants(pid) if parent(child) == pid]


def until(true, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if true():
                return
        except (OSError, ValueError):  # It is not there again.
            pass
        time.sleep(0.1)
    raise AssertionError(what)


@pytest.mark.timeout(400)
def test_a_killed_supervisor_takes_everything_along_and_the_next_start_works(clone):
    """What was started by it would keep the port, and work on an installation that has ended."""
    house = House(clone)
    house.wait()
    family = first._descendants(house.process.pid)
    os.kill(starter(house), signal.SIGKILL)
    house.process.wait(PATIENCE)
    assert [pid for pid in family if first._alive(pid)] == []
    port = {"PORT": house.base.rpartition(":")[2]}
    again = House(clone, **port)
    again.wait()
    again.end()


def test_a_folder_that_the_account_cannot_enter_is_refused_with_what_to_change():
    """Nothing is started as root instead."""
    if os.geteuid() != 0:
        pytest.skip("only root is refused")
    with tempfile.TemporaryDirectory(prefix="ro") as closed:  # mode 0700, as /root is
        here = Path(closed) / "rowcall"
        here.mkdir()
        for name in ("webapp", "migrations", "templates", "static"):
            shutil.copytree(ROOT / name, here / name)
        for name in ("worker.py", "Procfile"):
            shutil.copy(ROOT / name, here / name)
        for command in (
            ["-m", "webapp"],
            ["worker.py"],
            ["-m", "gunicorn", "-c", "python:webapp.serving", "webapp:x"],
        ):
            run = subprocess.run(
                [sys.executable, *command], cwd=here, env={**first._unnamed(), "ROWCALL_VAR": str(here / "var")},
                capture_output=True, text=True, check=False, timeout=PATIENCE,
            )  # fmt: skip
            said = run.stdout + run.stderr
            assert run.returncode == 1, said
            assert "Rowcall never runs as root" in said, said
            assert f"cannot enter {here}" in said, said
            assert (
                "Move Rowcall to a folder that every account may enter, such as /opt/rowcall"
                in said
            )
            assert "Traceback" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")
def test_the_account_is_the_one_that_owns_the_data_folder(tmp_path):
    account = pwd.getpwnam("daemon")
    os.chown(tmp_path, account.pw_uid, account.pw_gid)
    code = "from webapp import privileges; import os; privileges.drop_root(); print(os.getresuid(), os.getgroups())"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "ROWCALL_VAR": str(tmp_path)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip() == f"({account.pw_uid}, {account.pw_uid}, {account.pw_uid}) []"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands files over")
def test_a_link_in_the_data_folder_is_not_handed_over(tmp_path):
    """The account could have put it there, to be given a file of root's."""
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    var = tmp_path / "var"
    var.mkdir()
    (var / "secret_key").symlink_to(secret)
    os.link(secret, var / "lock")
    (var / "postgres.log").touch()
    (var / "other").touch()
    from webapp import privileges  # noqa: PLC0415

    privileges.hand_over(var, privileges.Account(12345, 12345, "somebody"))
    assert secret.stat().st_uid == 0
    assert (var / "other").stat().st_uid == 0
    assert (var / "postgres.log").stat().st_uid == var.stat().st_uid == 12345


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands folders over")
def test_a_folder_of_other_things_is_not_handed_over(tmp_path):
    from webapp import privileges  # noqa: PLC0415

    (tmp_path / "passwd").touch()
    with pytest.raises(privileges.RootRefused, match="holds other files than Rowcall's"):
        privileges.hand_over(tmp_path, privileges.Account(12345, 12345, "somebody"))
    assert tmp_path.stat().st_uid == 0
