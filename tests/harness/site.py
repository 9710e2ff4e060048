"""An installation as docs/deploy has it: its nginx, and its units' command lines.

Nothing but ports, folders, certificates and secrets differs from the files of the documentation.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.harness.browser import _free_port
from tests.harness.certificates import make_certificate
from tests.harness.pooler import replaced
from tests.harness.processes import ROOT
from tests.harness.servers import SECRET
from webapp.privileges import NOBODY

FILES = ROOT / "docs" / "deploy"
NAME = "rowcall.example.com"
STARTING = 60  # seconds
SEARCHED = f"{os.environ['PATH']}:/usr/sbin:/sbin"
PLAIN_PATH = (
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"  # what systemd gives to a unit
)
ROOT_BLOCK = re.compile(
    r"    # For a site under a path.*?\n    }\n(?=\n    location @)", re.DOTALL
)
WRAPPER = """
pid {folder}/nginx.pid;
error_log {folder}/nginx.log info;
daemon off;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def service(unit: str) -> dict[str, list[str]]:
    """What stands in the unit's section [Service], each name with its values in order."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in (FILES / unit).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def open_to_all(path: Path) -> bool:
    """Whether every account may enter the folder."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o5 == 0o5 for folder in (resolved, *resolved.parents))


def as_account(command: list[str]) -> list[str]:
    """The command, run by the account.

    Where the checkout or its Python stands in a folder that is closed to others, as /root is, the
    account gets the one capability that lets it in.
    """
    if account() is None:
        return command
    dropped = ["setpriv", f"--reuid={account()}", f"--regid={account()}", "--clear-groups"]
    if not all(map(open_to_all, (ROOT, Path(sys.executable), Path(sys.base_prefix)))):
        dropped += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*dropped, *command]


def account() -> int | None:
    """The account that the processes run as; None where the tests have but one."""
    return NOBODY if os.geteuid() == 0 else None


class Site:
    """Web, worker and nginx as processes; `url` is the site's address."""

    def __init__(self, folder: Path, path: str, settings, extra: dict[str, str]) -> None:
        self.folder, self.path = folder, path
        self.port, self.plain_port = _free_port(), _free_port()
        self.url = f"https://{NAME}:{self.port}{path}"
        self.plain_url = f"http://{NAME}:{self.plain_port}"
        self.settings, self.extra = settings, extra
        self.certificate = folder / "certificate.pem"
        self.processes: list[subprocess.Popen[bytes]] = []

        for name, mode in (("run", 0o750), ("var", 0o700)):
            (folder / name).mkdir(mode=mode)
            if account():
                os.chown(folder / name, account(), account())

    def start(self) -> None:
        make_certificate(self.folder, f"DNS:{NAME}")
        self.web = self._run_unit("rowcall-web.service")
        self.worker = self._run_unit("rowcall-worker@.service")
        self.nginx = self._run_nginx()
        self._wait()

    def end(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client trusts: the site's certificate alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def visitor(self) -> "Visitor":
        return Visitor(self)

    def log(self) -> str:
        """What all processes said."""
        return "\n".join(
            found.read_text(errors="replace") for found in sorted(self.folder.glob("*.log"))
        )

    def nginx_workers(self) -> list[int]:
        listed = Path(f"/proc/{self.nginx.pid}/task/{self.nginx.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def spooled(self) -> list[str]:
        """The temporary files that nginx holds open; it deletes their names at once."""
        found = []
        for pid in self.nginx_workers():
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                target = str(descriptor.readlink())
                if target.startswith((f"{self.folder}/body", f"{self.folder}/proxy")):
                    found.append(target)
        return found

    def environment(self) -> dict[str, str]:
        """The unit's environment, from the file of the documentation."""
        text = replaced(
            (FILES / "rowcall.env").read_text(),
            {
                f"https://{NAME}": self.url,
                "SECRET_KEY=": f"SECRET_KEY={SECRET}",
                "DATABASE_URL=postgresql:///rowcall?host=/var/run/postgresql": (
                    f"DATABASE_URL={self.settings.database_url}"
                ),
                "redis://:PASSWORD@127.0.0.1:6379/0": self.settings.redis_url,
                "/var/lib/rowcall": str(self.folder / "var"),
            },
        )
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        named = dict(line.split("=", 1) for line in lines)
        return {"PATH": PLAIN_PATH, "LEASE_SECONDS": "2", **named, **self.extra}

    def _run_unit(self, unit: str) -> "subprocess.Popen[bytes]":
        found = service(unit)
        for line in found["ExecStartPre"]:
            self._spawn(unit, line, found).wait(STARTING)
            assert self.processes.pop().returncode == 0, self.log()
        (line,) = found["ExecStart"]
        return self._spawn(unit, line, found)

    def _spawn(
        self, unit: str, line: str, found: dict[str, list[str]]
    ) -> "subprocess.Popen[bytes]":
        (folder,), (mask,) = found["WorkingDirectory"], found["UMask"]
        here = {
            "/opt/rowcall/.venv/bin/rowcall": str(ROOT / "bin" / "rowcall"),
            "/opt/rowcall": str(ROOT),
        }
        for before, after in (*here.items(), ("/run/rowcall", str(self.folder / "run"))):
            line, folder = line.replace(before, after), folder.replace(before, after)
        with (self.folder / f"{unit}.log").open("ab") as log:
            started = subprocess.Popen(
                as_account(shlex.split(line)),
                cwd=folder,
                env=self.environment(),
                stdout=log,
                stderr=log,
                umask=int(mask, 8),
                start_new_session=True,
            )
        self.processes.append(started)
        return started

    def _run_nginx(self) -> "subprocess.Popen[bytes]":
        site = (FILES / "nginx.conf").read_text()
        if self.path:
            block = (FILES / "nginx-path.conf").read_text().replace("/rowcall", self.path)
            site, count = ROOT_BLOCK.subn(lambda _: block, site)
            assert count == 1
        site = replaced(
            site,
            {
                "listen 80": f"listen 127.0.0.1:{self.plain_port}",
                "listen 443": f"listen 127.0.0.1:{self.port}",
                "listen [::]:80": f"listen [::1]:{self.plain_port}",
                "listen [::]:443": f"listen [::1]:{self.port}",
                "/run/rowcall/web.sock": str(self.folder / "run" / "web.sock"),
                f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(self.certificate),
                f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(self.folder / "key.pem"),
                "https://$host$request_uri": f"https://$host:{self.port}$request_uri",
            },
        )
        if not _has_ipv6():
            site = re.sub(r".*listen \[::1\].*\n", "", site)
        (self.folder / "site.conf").write_text(site)
        (self.folder / "nginx.conf").write_text(WRAPPER.format(folder=self.folder))
        program = shutil.which("nginx", path=SEARCHED)
        assert program
        started = subprocess.Popen(
            [program, "-e", f"{self.folder}/nginx.log", "-c", f"{self.folder}/nginx.conf"]
        )
        self.processes.append(started)
        return started

    def _wait(self) -> None:
        until = time.monotonic() + STARTING
        while time.monotonic() < until:
            try:
                if (
                    requests.get(
                        f"{self.url}/readyz", verify=str(self.certificate), timeout=5
                    ).status_code
                    == 200
                ):
                    return
            except requests.RequestException:
                pass
            assert all(process.poll() is None for process in self.processes), self.log()
            time.sleep(0.1)
        raise AssertionError(self.log())


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class Visitor(requests.Session):
    """A person's browser without scripts: it keeps cookies and fills in forms."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site, self.verify = site, str(site.certificate)
        self.trust_env = False  # no proxy and no other certificates

    def request(self, method, url, *args, **more):
        """Paths are those of the program, without the site's own."""
        more.setdefault("timeout", 60)
        address = url if "://" in url else self.site.url + url
        more["headers"] = {"Referer": address, **(more.get("headers") or {})}
        return super().request(method, address, *args, **more)

    def send_form(
        self, path: str, data: dict | None = None, *, at: str = "", **more
    ) -> requests.Response:
        """Post with the token of a form that stands at `at`."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(at or path).text)
        assert found, path
        return self.post(path, data={**(data or {}), "csrf_token": found[1]}, **more)

    def cookie_line(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)


@pytest.fixture
def known_name(monkeypatch):
    """The site's name leads to this machine, in this process."""
    asked = socket.getaddrinfo

    def answer(host, *args, **more):
        return asked("127.0.0.1" if host == NAME else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def site(settings, people, known_name, ci) -> Iterator:
    """`site("/rowcall", MAX_UPLOAD_MB="20")` → the installation under that path."""
    for program, package in (("nginx", "nginx"), ("openssl", "openssl")):
        if shutil.which(program, path=SEARCHED) is None:
            assert not ci, f"{program} is missing, and CI must run its tests"
            pytest.skip(f"{program} is not installed: apt-get install {package}")
    running = []

    def start(path: str = "", **extra: str) -> Site:
        # Not below the folder of the tests, which other accounts may not enter.
        folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
        folder.chmod(0o755)
        running.append(Site(folder, path, settings, extra))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.end()
        shutil.rmtree(one.folder, ignore_errors=True)
