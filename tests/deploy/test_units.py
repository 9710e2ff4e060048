"""The units of docs/deploy: what systemd says of them, and their command lines as an account."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.processes import ROOT
from tests.harness.site import FILES, account, service

UNITS = ["rowcall-web.service", "rowcall-worker@.service"]
STRANGER = 54321  # an account that belongs to nobody
KNOCK = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(unit, tmp_path):
    text = (FILES / unit).read_text().replace("/opt/rowcall", str(ROOT))
    text = text.replace(f"{ROOT}/.venv/bin/rowcall", f"{ROOT}/bin/rowcall")
    file = tmp_path / unit.replace("@.", "@1.")
    file.write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    ours = [line for line in said.stderr.splitlines() if "rowcall" in line]
    assert ours == []
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_units_name_an_account_and_give_up_every_privilege(unit):
    found = service(unit)
    assert found["User"] == found["Group"] == ["rowcall"]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["KillMode"] == ["mixed"]


def test_the_command_lines_run_as_the_account_and_end_when_told(site):
    here = site()
    assert here.web.poll() is None
    for process in (here.web, here.worker):
        status = Path(f"/proc/{process.pid}/status").read_text()
        ids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
        assert set(ids) == {str(account() or os.getuid())}
    for process in (here.worker, here.web):
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as another account")
def test_a_stranger_on_the_machine_reaches_neither_the_socket_nor_the_data(site):
    here = site()
    path = here.folder / "run" / "web.sock"
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(str(path))
    knock = [
        shutil.which("python3", path="/usr/bin") or sys.executable,
        "-c",
        KNOCK,
        str(path),
    ]
    refused = subprocess.run(
        knock, user=STRANGER, group=STRANGER, extra_groups=[], capture_output=True, check=False
    )
    assert b"PermissionError" in refused.stderr
    assert stat.S_IMODE((here.folder / "var").stat().st_mode) == 0o700


def test_the_page_shows_each_file_as_it_is():
    page = (ROOT / "docs" / "deploy.md").read_text()
    for file in FILES.iterdir():
        assert file.read_text() in page, file.name
        assert f"deploy/{file.name}" in page
