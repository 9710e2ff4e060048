"""The programs in docs/api.md, run as they stand there against the real processes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text()
TABLE = "ID,Email,First name,Last name\n1,ada@example.com,Ada,Ash\n2,nonsense,Bob,Birch\n3,cid@example.com,Cid,Bay\n"


def program(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def run(live_server, token_of, tmp_path):
    """`run(command)` → what it wrote, in a folder with people.csv; address and token are in
    the environment.
    """
    (tmp_path / "people.csv").write_text(TABLE)
    environment = {
        **os.environ,
        "ROWCALL_URL": live_server,
        "ROWCALL_TOKEN": token_of("owner"),
    }

    def start(*command: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return start


def test_python_example_imports_and_follows(run, wire):
    said = run(sys.executable, "-c", program("python"), "people.csv").splitlines()
    assert "Email → email" in said
    assert "100.0 %, 3 of 3 rows" in said
    assert "2 of 3 rows are in." in said
    assert said[-1].startswith("row 3: ")
    (found,) = wire().ask("GET", "/imports")[1]["items"]
    assert (found["state"], found["outcomes"]["created"]) == ("completed", 2)


def test_curl_example_imports_and_takes_back(run, wire, ci):
    if not shutil.which("curl"):
        assert not ci, "curl is missing, and CI must run its example"
        pytest.skip("curl is not installed: apt-get install curl")
    said = run("sh", "-euc", program("sh"))
    assert "event: done\n" in said
    assert '"outcome":"invalid"' in said
    assert json.loads(said[said.rindex('{"success"') :])["contacts_removed"] == 2
    (found,) = wire().ask("GET", "/imports")[1]["items"]
    assert found["state"] == "rolled_back"
