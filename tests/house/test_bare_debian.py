"""The README's commands in a bare Debian 12 and 13 and Ubuntu 24.04, as root and as an
ordinary user.

Each takes a quarter of an hour and a gigabyte, so it runs when it is asked for: `make house`.
Where packages come from is what apt and pip of this machine say; a release that apt has no
source of is skipped.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.house.test_make_run import ROOT, _descendants, _free_port

RELEASES = ("bookworm", "trixie", "noble")  # Python 3.11, 3.13 and 3.12
INSTALLING = 1800  # seconds, on a busy machine
NEEDED = "git make python3 python3-venv"  # what the README names
PATHS = "/usr/sbin:/usr/bin:/sbin:/bin"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2 * INSTALLING),
    pytest.mark.skipif(
        os.environ.get("BARE_DEBIAN") != "yes"
        or os.geteuid() != 0
        or shutil.which("debootstrap") is None,
        reason="runs with `make house`, as root, where debootstrap is installed",
    ),
]


def pip_config(*arguments: str) -> str:
    """What this machine's pip answers; empty where it has nothing of that name."""
    run = subprocess.run(
        ["pip", "config", *arguments], capture_output=True, text=True, check=False
    )
    return run.stdout.strip() if run.returncode == 0 else ""


def source_of(release: str) -> str | None:
    """The address from which this machine's apt takes that release, or another of its
    distribution.
    """
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(SITE) $(COMPONENT)"]
    lines = subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    origin = "Ubuntu" if release == "noble" else "Debian"
    sites = [
        line.split()[1] for line in lines if line.startswith(origin) and line.endswith("main")
    ]
    return next((site for site in sites if "security" not in site), None)


class Bare:
    """A root file system of its own, in which commands run as an account of its own."""

    def __init__(self, release: str, folder: Path) -> None:
        self.release = release
        self.folder = folder
        self.mounted: list[Path] = []

    def make(self, source: str) -> None:
        """Install the release's smallest system; apt and pip find what they find on this
        machine.
        """
        command = [
            "debootstrap",
            "--variant=minbase",
            "--include=ca-certificates",
            self.release,
            self.folder,
            source,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=INSTALLING)
        self.folder.chmod(0o755)
        for name in (
            "/etc/resolv.conf",
            "/etc/pip.conf",
            "/etc/ssl/certs/ca-certificates.crt",
        ):
            if Path(name).exists():
                shutil.copy(name, self.inside(name))
        for word in pip_config("list").replace("'", " ").split():
            place = Path(word.removeprefix("file://"))
            if place.is_absolute() and place.is_dir():
                self.mount(Path(*place.parts[:3]))
        self.mount(Path("/proc"))
        self.mount(Path("/dev"))

    def inside(self, path: Path | str) -> Path:
        return self.folder / str(path).lstrip("/")

    def mount(self, path: Path) -> None:
        if self.inside(path) in self.mounted:
            return
        self.inside(path).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", path, self.inside(path)], check=True)
        self.mounted.append(self.inside(path))

    def end(self) -> None:
        for place in reversed(self.mounted):
            subprocess.run(["umount", "--lazy", place], check=False)

    def command(self, line: str, user: str, folder: str) -> list[str]:
        home = "/root" if user == "root" else f"/home/{user}"
        pip = [
            f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_")
        ]
        if index := pip_config("get", "global.extra-index-url"):
            pip.append(f"PIP_EXTRA_INDEX_URL={index}")
        return [
            "chroot", f"--userspec={user}", str(self.folder), "env", "-i", f"HOME={home}", f"PATH={PATHS}", *pip,
            "sh", "-c", f"cd {folder} && {line}",
        ]  # fmt: skip

    def run(
        self, line: str, *, user: str = "root", folder: str = "/"
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(line, user, folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALLING,
        )

    def put_checkout(self, at: str, user: str) -> None:
        """What `git clone` leaves there, as that user."""
        shutil.rmtree(self.inside(at), ignore_errors=True)
        subprocess.run(["git", "clone", "-q", ROOT, self.inside(at)], check=True)
        self.run(f"chown -R {user} {at}")

    def comes_up(self, folder: str, user: str) -> None:
        """`make run` there: it is ready in the end, and nothing of it is root's."""
        port, log = _free_port(), self.inside("run.log")
        with log.open("wb") as out:
            running = subprocess.Popen(
                self.command(f"PORT={port} exec make run", user, folder),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            self._wait(running, port, log)
            for pid in set(_descendants(running.pid)) - {running.pid}:
                with suppress(OSError):
                    assert Path(f"/proc/{pid}").stat().st_uid != 0, Path(
                        f"/proc/{pid}/cmdline"
                    ).read_bytes()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGINT)
            running.wait(60)

    def _wait(self, running: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        until = time.monotonic() + INSTALLING
        while time.monotonic() < until:
            assert running.poll() is None, log.read_text()
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                return
            time.sleep(1)
        raise AssertionError(log.read_text())


@pytest.fixture(scope="module", params=RELEASES)
def bare(request):
    source = source_of(request.param)
    if source is None:
        pytest.skip(f"apt on this machine has no source of {request.param}")

    folder = Path(
        tempfile.mkdtemp(prefix="rowcall-bare.", dir="/var/tmp")
    )  # it may need a gigabyte
    made = Bare(request.param, folder)
    try:
        made.make(source)
        assert made.run("useradd --create-home ann && apt-get update -qq").returncode == 0
        yield made
    finally:
        made.end()
        if not any(place.is_mount() for place in made.mounted):
            shutil.rmtree(folder, ignore_errors=True)


def test_without_the_venv_module_it_is_said_what_to_install_each_time(bare):
    """In this order: the module is not installed yet."""
    assert (
        bare.run("apt-get install -qq -y --no-install-recommends git make python3").returncode
        == 0
    )
    bare.put_checkout("/home/ann/rowcall", "ann")
    for _ in range(2):
        run = bare.run("make run", user="ann", folder="/home/ann/rowcall")
        assert run.returncode != 0
        assert "apt-get install python3-venv" in run.stdout + run.stderr
        assert "No module named pip" not in run.stdout + run.stderr
        assert not bare.inside("/home/ann/rowcall/.venv").exists()


def test_an_ordinary_user_starts_it(bare):
    assert bare.run(f"apt-get install -qq -y --no-install-recommends {NEEDED}").returncode == 0
    bare.put_checkout("/home/ann/rowcall", "ann")
    bare.comes_up("/home/ann/rowcall", "ann")


def test_root_starts_it_where_every_account_may_enter(bare):
    assert bare.run(f"apt-get install -qq -y --no-install-recommends {NEEDED}").returncode == 0
    bare.put_checkout("/opt/rowcall", "root")
    bare.comes_up("/opt/rowcall", "root")


def test_root_is_told_what_to_change_where_no_other_account_may_enter(bare):
    assert bare.run(f"apt-get install -qq -y --no-install-recommends {NEEDED}").returncode == 0
    bare.put_checkout("/root/rowcall", "root")
    run = bare.run("make run", folder="/root/rowcall")
    assert run.returncode != 0
    assert "Move Rowcall to a folder that every account may enter" in run.stdout + run.stderr


def test_the_tests_run_there(bare):
    """A few of them, by the README's command, which installs what all of them need."""
    assert bare.run(f"apt-get install -qq -y --no-install-recommends {NEEDED}").returncode == 0
    bare.put_checkout("/opt/rowcall", "root")
    run = bare.run(
        "make test ARGS='tests/checking/test_dates.py tests/house/test_starts.py'",
        folder="/opt/rowcall",
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
