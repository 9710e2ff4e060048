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
from tests.house import openapi

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLES = int(
    os.environ.get("SCHEMATHESIS_EXAMPLES", "5")
)  # for each operation; more by `make properties`
CONTRACT = """
POST /api/imports
PUT /api/imports/{import_id}/mapping
GET /api/imports/{import_id}
GET /api/imports/{import_id}/preview
GET /api/imports/{import_id}/plan
GET /api/imports/{import_id}/plan.csv
POST /api/imports/{import_id}/execute
POST /api/imports/{import_id}/approve
POST /api/imports/{import_id}/refuse
GET /api/imports/{import_id}/events
GET /api/imports/{import_id}/progress
POST /api/imports/{import_id}/cancel
GET /api/imports/{import_id}/rollback
DELETE /api/imports/{import_id}/rollback
POST /api/imports/{import_id}/rows/{row}/undo
POST /api/imports/{import_id}/retry
PATCH /api/imports/{import_id}/rows/{row}
DELETE /api/imports/{import_id}/rows/{row}
POST /api/imports/{import_id}/rows/{row}/include
GET /api/imports/{import_id}/problems
GET /api/imports/{import_id}/cells
GET /api/imports/{import_id}/corrections
POST /api/imports/{import_id}/corrections
DELETE /api/imports/{import_id}/corrections
POST /api/imports/{import_id}/corrections/preview
GET /api/imports/{import_id}/corrections/{number}
DELETE /api/imports/{import_id}/corrections/{number}
GET /api/imports/{import_id}/conflicts
GET /api/imports/{import_id}/possible-matches
PUT /api/imports/{import_id}/rows/{row}/choice
DELETE /api/imports/{import_id}/rows/{row}/choice
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
GET /api/contacts/{contact_id}/past
PATCH /api/contacts/{contact_id}
POST /api/contacts/{contact_id}/merge
POST /api/contacts/{contact_id}/unmerge
POST /api/duplicates/find
POST /api/duplicates/cancel
GET /api/duplicates
POST /api/duplicates/answers
POST /api/contacts/acts
GET /api/contacts/acts/{act_id}
POST /api/contacts/acts/{act_id}/stop
POST /api/contacts/acts/{act_id}/undo
GET /api/mappings
POST /api/mappings
PATCH /api/mappings/{mapping_id}
DELETE /api/mappings/{mapping_id}
GET /healthz
GET /readyz
"""


def test_document_is_up_to_date():
    assert openapi.DOCUMENT.read_text() == openapi.described(), "make openapi"


def test_document_says_where_it_answers(make_app):
    here = make_app(public_url="https://example.com/people").test_client()
    headers = {"Host": "example.com"}
    described = here.get("/api/openapi.json", headers=headers).json
    assert described["servers"] == [{"url": "/people"}]


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
    """Its end; a line may hold a body of half a million characters, and then an address."""
    lines = output.splitlines()
    return "\n".join(
        line if len(line) <= 400 else f"{line[:300]}…{line[-100:]}" for line in lines
    )[-20_000:]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_operation_answers_as_described(schemathesis):
    schemathesis("coverage,fuzzing", EXAMPLES)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_links_lead_from_upload_to_rollback(schemathesis, session):
    schemathesis("stateful", max(EXAMPLES * 3, 60))
    reached = dict(
        session.execute(text("SELECT state, count(*) FROM contact_imports GROUP BY 1")).all()
    )
    assert reached.get("rolled_back"), reached
