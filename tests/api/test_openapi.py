"""The OpenAPI document: complete, true, and held against the real processes by schemathesis."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.harness.web import check_page

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLES = int(
    os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
)  # for each operation; ten times that before a release
CONTRACT = """
POST /api/imports
PUT /api/imports/{import_id}/mapping
GET /api/imports/{import_id}
GET /api/imports/{import_id}/preview
POST /api/imports/{import_id}/execute
GET /api/imports/{import_id}/events
GET /api/imports/{import_id}/progress
POST /api/imports/{import_id}/cancel
GET /api/imports/{import_id}/rollback
DELETE /api/imports/{import_id}/rollback
POST /api/imports/{import_id}/retry
POST /api/imports/{import_id}/rows/{row}/include
GET /api/imports/{import_id}/result
GET /api/imports/{import_id}/rows
GET /api/imports/{import_id}/report.csv
GET /api/imports/{import_id}/report.pdf
GET /api/imports/{import_id}/rejected.csv
GET /api/imports
GET /api/contacts
GET /api/contacts/export.csv
GET /api/contacts/export.xlsx
GET /api/contacts/export.vcf
GET /api/contacts/{contact_id}
GET /healthz
GET /readyz
"""


def test_document_describes_the_contract_and_every_route(app):
    document = app.test_client().get("/api/openapi.json").json
    assert document["openapi"].startswith("3.1")
    described = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert described == set(CONTRACT.split("\n")) - {""}
    rules = [
        rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")
    ]
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in rules}
    assert routes - set(document["paths"]) == {"/api/openapi.json", "/api/docs"}


def test_every_reference_leads_somewhere(app):
    described = app.test_client().get("/api/openapi.json").text
    known = json.loads(described)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', described)) <= set(known)


def test_page_shows_every_operation_without_foreign_files(app):
    answer = app.test_client().get("/api/docs")
    check_page(answer)
    for operation in filter(None, CONTRACT.split("\n")):
        assert operation in answer.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.fixture
def generous(monkeypatch):
    """Streams that end soon, and as many uploads as come."""
    monkeypatch.setenv("STREAM_SECONDS", "0.5")
    monkeypatch.setenv("UPLOADS_PER_MINUTE", "1000000")
    monkeypatch.setenv("PENDING_UPLOADS", "1000000")


@pytest.fixture
def schemathesis(generous, live_server, token_of, tmp_path):
    """`schemathesis("fuzzing", 10)` runs those phases against the real processes, all checks on.

    Fails if it does.
    """
    config = (
        tmp_path / "schemathesis.toml"
    )  # What the tool keeps for itself goes where its settings are.
    shutil.copy(HERE / "schemathesis.toml", config)
    token = token_of("owner")
    hooks = {"SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **hooks, "SCHEMATHESIS_TOKEN": token}

    def run(phases: str, examples: int) -> None:
        tool = Path(sys.executable).parent / "schemathesis"
        command = [
            tool,
            "--config-file",
            config,
            "run",
            f"{live_server}/api/openapi.json",
            "--checks",
            "all",
        ]
        options = [
            "--phases",
            phases,
            "--max-examples",
            str(examples),
            "--generation-deterministic",
            "--no-color",
        ]
        found = subprocess.run(
            [*command, *options, "--header", f"Authorization: Bearer {token}"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.returncode == 0, _shown(found.stdout) + found.stderr[-2000:]

    return run


def _shown(output: str) -> str:
    """Its end; a line may hold a body of half a million characters."""
    return "\n".join(line[:400] for line in output.splitlines())[-20_000:]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_operation_answers_as_described(schemathesis):
    schemathesis("coverage,fuzzing", EXAMPLES)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_links_lead_from_upload_to_rollback(schemathesis, session):
    schemathesis("stateful", EXAMPLES * 6)
    reached = dict(
        session.execute(text("SELECT state, count(*) FROM contact_imports GROUP BY 1")).all()
    )
    assert reached.get("rolled_back"), reached
