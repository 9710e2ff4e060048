"""A clone in an empty folder, `make run`, an import over HTTP, a crash of everything, and
`make run` again.
"""

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "a password of some length"
PATIENCE = 90  # seconds; the machine may be busy
PEOPLE = b"Email,Name\nann@example.com,Ann Ash\nben@example.com,Ben Birch\n"


class Visitor:
    """A person with cookies and nothing but the standard library."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> tuple[str, str]:
        with self.opener.open(self.base + path, timeout=60) as answer:
            return answer.geturl(), answer.read().decode()

    def post(self, path: str, data: dict[str, str], *, at: str) -> tuple[str, str]:
        fields = {**data, "csrf_token": self._token(at)}
        request = urllib.request.Request(
            self.base + path, urllib.parse.urlencode(fields).encode()
        )
        return self._send(request)

    def upload(self, path: str, content: bytes) -> tuple[str, str]:
        body = (
            (
                f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self._token(path)}\r\n--x\r\n'
                'Content-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
            ).encode()
            + content
            + b"\r\n--x--\r\n"
        )
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return self._send(urllib.request.Request(self.base + path, body, headers))

    def _send(self, request: urllib.request.Request) -> tuple[str, str]:
        with self.opener.open(request, timeout=60) as answer:
            return answer.geturl(), answer.read().decode()

    def _token(self, path: str) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', self.get(path)[1])[1]

    def until(self, path: str, ending: str) -> str:
        """Reload until the address ends so; the page."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            url, page = self.get(path)
            if urllib.parse.urlsplit(url).path.endswith(ending):
                return page
            time.sleep(0.1)
        raise AssertionError(f"{path} never led to {ending}: {url}")


@pytest.fixture
def clone():
    """A clone that borrows the virtual environment: installing it again is what `.ci/run` shows.

    It lies where every account may enter, since nothing of it runs as root.
    """
    with tempfile.TemporaryDirectory(prefix="rm", ignore_cleanup_errors=True) as outside:
        Path(outside).chmod(0o755)
        folder = Path(outside) / "rowcall"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        yield folder
        for pid in _working_below(folder):  # what a failed test left
            os.kill(pid, signal.SIGKILL)


def _working_below(folder: Path) -> list[int]:
    """The processes whose working folder lies there, from /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


class House:
    """`make run` as a process group of its own."""

    def __init__(self, folder: Path, **named: str) -> None:
        port = _free_port()
        here = {"PORT": str(port), "ROWCALL_VAR": str(folder / "var"), "LEASE_SECONDS": "2"}
        environment = {**_unnamed(), **here, **named}
        self.log = folder / f"run-{port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.base = f"http://127.0.0.1:{environment['PORT']}"

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.base}/readyz", timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
            else:
                return
        raise AssertionError(self.log.read_text())

    def setup_path(self) -> str:
        return urllib.parse.urlsplit(
            re.search(r"first account: (\S+)", self.log.read_text())[1]
        ).path

    def kill_all(self) -> None:
        """-9 to everything that it started, servers included."""
        for pid in _descendants(self.process.pid):
            with suppress(ProcessLookupError):  # It died with its parent.
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> int:
        """What Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


def _unnamed() -> dict[str, str]:
    """The environment without what would point at other servers."""
    named = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "PORT"}
    return {name: value for name, value in os.environ.items() if name not in named}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _descendants(root: int) -> list[int]:
    """The process and everything below it, from /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(
            int(text.split()[0])
        )
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


@pytest.mark.timeout(400)
def test_clone_run_crash_run(clone):
    house = House(clone)
    house.wait()
    visitor = Visitor(house.base)
    path = house.setup_path()
    visitor.post(path, {"email": "a@example.com", "name": "A", "password": PASSWORD}, at=path)
    url, _ = visitor.upload("/imports/new", PEOPLE)
    import_id = urllib.parse.urlsplit(url).path.split("/")[2]
    visitor.post(
        f"/imports/{import_id}/columns",
        {"column-0": "email", "column-1": "full_name"},
        at=f"/imports/{import_id}/columns",
    )
    visitor.until(f"/imports/{import_id}", "/review")
    visitor.post(
        f"/imports/{import_id}/execute",
        {"duplicate_strategy": "skip"},
        at=f"/imports/{import_id}/review",
    )
    assert "2 new contacts</a> are in." in visitor.until(f"/imports/{import_id}", "/report")
    _back_up_and_restore(clone, visitor, import_id)
    started = _descendants(house.process.pid)
    house.kill_all()
    assert all(not _alive(pid) for pid in started)

    again = House(clone)
    again.wait()
    visitor.base = again.base
    assert "first account" not in again.log.read_text()
    assert "2 new contacts</a> are in." in visitor.get(f"/imports/{import_id}/report")[1]
    assert "Ann Ash" in visitor.get("/contacts")[1]
    _borrow_the_servers(clone)
    started = _descendants(again.process.pid)
    again.end()
    assert all(not _alive(pid) for pid in started), again.log.read_text()
    shutil.rmtree(clone / "var")


def _borrow_the_servers(clone: Path) -> None:
    """With both addresses named, nothing but web and worker starts."""
    lines = subprocess.run(
        [clone / ".venv/bin/python", "-m", "webapp", "environment"],
        cwd=clone, env={**_unnamed(), "ROWCALL_VAR": str(clone / "var")}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    named = dict(re.findall(r"export (\w+)='([^']+)'", lines))
    second = House(clone, **named, ROWCALL_VAR=str(clone / "other"))
    second.wait()
    programs = {
        Path(f"/proc/{pid}/comm").read_text().strip()
        for pid in _descendants(second.process.pid)
    }
    assert not {name for name in programs if "postgres" in name or "valkey" in name}
    assert not (clone / "other" / "postgres").exists()
    second.end()


def _back_up_and_restore(clone: Path, visitor: Visitor, import_id: str) -> None:
    """What was backed up is there again after it was lost."""
    environment = {**_unnamed(), "ROWCALL_VAR": str(clone / "var")}
    subprocess.run(
        ["make", "backup", "FILE=kept.dump"], cwd=clone, env=environment, check=True
    )
    visitor.post(f"/imports/{import_id}/rollback", {}, at=f"/imports/{import_id}/rollback")
    visitor.until(f"/imports/{import_id}", "/report")
    assert "Ann Ash" not in visitor.get("/contacts")[1]
    subprocess.run(
        ["make", "restore", "FILE=kept.dump"], cwd=clone, env=environment, check=True
    )
    visitor.post("/sign-in", {"email": "a@example.com", "password": PASSWORD}, at="/sign-in")
    assert "Ann Ash" in visitor.get("/contacts")[1]


def _alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be collected does not."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"SECRET_KEY": "short"}, "Set SECRET_KEY to at least 32 random characters."),
        (
            {"REDIS_URL": "redis://8.8.8.8:6379/0"},
            "REDIS_URL is open to everybody: give it a password",
        ),
        (
            {"REDIS_URL": "redis://0.0.0.0:6379/0"},
            "REDIS_URL is open to everybody: give it a password",
        ),
    ],
)
def test_what_would_be_unsafe_is_refused_in_one_sentence(tmp_path, named, words):
    environment = {
        **_unnamed(),
        **named,
        "PORT": str(_free_port()),
        "ROWCALL_VAR": str(tmp_path / "var"),
    }
    command = [
        sys.executable,
        "-m",
        "webapp",
    ]  # what `make run` comes to, once everything is installed
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 1
    (said,) = (run.stdout + run.stderr).splitlines()
    assert said.startswith(words)
    assert not (tmp_path / "var").exists()
