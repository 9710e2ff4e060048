"""The whole of Rowcall as real processes, and a real browser in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Milliseconds until a page that does not come counts as missing: the machine may be busy.
PATIENCE = 90_000
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
    # The name that docs/deploy gives to the site; tests/harness/site.py serves it here.
    "--host-resolver-rules=MAP rowcall.example.com 127.0.0.1",
]  # fmt: skip


@pytest.fixture
def live_server(settings, people):
    """Web and worker as the Procfile starts them; the address. Both end with the test."""
    port = _free_port()
    environment = {**os.environ, "PORT": str(port)}
    web = [
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--config",
        "python:webapp.serving",
    ]
    commands = [[*web, "webapp.app:create_app()"], ["worker.py"]]
    running = [
        subprocess.Popen(
            [sys.executable, "-OO", *command],
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        for command in commands
    ]
    _wait_for(f"http://127.0.0.1:{port}/healthz")
    yield f"http://127.0.0.1:{port}"
    for child in running:
        child.send_signal(signal.SIGTERM)
    for child in running:
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise AssertionError(f"{child.args} did not end when told to") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} did not answer")


def chromium_path() -> str | None:
    return shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium(ci):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    path = chromium_path()
    if path is None:
        assert not ci, "Chromium is missing, and CI must run the browser tests"
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, request):
    # All windows close before the server ends, which else waits for the browser's open connections.
    if "live_server" in request.fixturenames:
        request.getfixturevalue("live_server")
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    for opened in list(chromium.contexts):
        opened.close()
