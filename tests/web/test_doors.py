"""Every address, walked: what a stranger, a viewer, a forged form and a wrong method get to see."""

import re
from itertools import product
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.harness.web import Page
from tests.web.test_pages import run
from webapp.models import Base

OPEN = {"static", "style", "account.sign_in", "account.setup", "health.alive", "health.ready"}
OWN = {"account.sign_out", "account.enter", "account.setup", "account.change_password", "account.change_language",
       "account.create_token", "account.revoke_token", "contacts.save_view", "contacts.forget_view"}  # fmt: skip
POLICY = {
    "default-src 'self'", "img-src 'self' data:", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
    "form-action 'self'",
}  # fmt: skip


@pytest.fixture
def addresses(app):
    """`addresses(import_id)` → (method, path, endpoint) of every page, the API apart."""

    def walk(import_id: str) -> list[tuple[str, str, str]]:
        values = {"import_id": import_id, "row": 3, "what": "leave", "token_id": 1, "user_id": 1, "contact_id": 1,
                  "token": "x", "filename": "app.css", "change_id": 1, "extension": "csv", "mapping_id": 1,
                  "view_id": 1, "act_id": 1, "other_id": 2}  # fmt: skip
        with app.test_request_context():
            urls = app.url_map.bind("localhost")
            return [
                (
                    method,
                    urls.build(rule.endpoint, {name: values[name] for name in rule.arguments}),
                    rule.endpoint,
                )
                for rule in app.url_map.iter_rules()
                for method in sorted(rule.methods - {"OPTIONS"})
                if not rule.websocket and not rule.rule.startswith("/api")
            ]

    return walk


def everything(session) -> dict[str, str]:
    """A digest of each table."""
    session.rollback()
    return {
        name: session.scalar(
            text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t")
        )
        for name in Base.metadata.tables
    }


def body(answer) -> str:
    """The page without its form token, which is signed with the time."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)


def test_another_persons_import_is_nowhere(owner, outsider, importer, addresses):
    import_id, unknown = run(owner, importer), str(uuid4())
    token = Page(outsider.get("/account").text).tokens[0]
    before = everything(importer.session)
    walked = 0
    for (method, path, _), (_, other, _) in zip(
        addresses(import_id), addresses(unknown), strict=True
    ):
        if import_id in path:
            form = (
                {"data": {"csrf_token": token, "duplicate_strategy": "skip"}}
                if method == "POST"
                else {}
            )
            foreign, nowhere = (
                outsider.client.open(one, method=method, **form) for one in (path, other)
            )
            assert foreign.status_code == nowhere.status_code == 404, (method, path)
            assert body(foreign) == body(nowhere), (method, path)
            walked += 1
    assert walked > 30
    assert everything(importer.session) == before
    assert import_id not in outsider.get("/imports").text


def test_viewers_read_and_change_nothing(owner, viewer, importer, addresses):
    import_id = run(owner, importer)
    token = Page(viewer.get("/account").text).tokens[0]
    before = everything(importer.session)
    for method, path, endpoint in addresses(import_id):
        if method == "POST" and endpoint not in OWN:
            answer = viewer.client.post(path, data={"csrf_token": token})
            assert answer.status_code == 403, path
    viewer.get("/imports/new", status=403)
    viewer.get(f"/imports/{import_id}/rollback", status=403)
    for path in ("report", "rows", "problems", "conflicts", "report.csv"):
        viewer.get(f"/imports/{import_id}/{path}")
    assert everything(importer.session) == before


def test_a_form_without_its_token_does_nothing(app, owner, sign_in, importer, addresses):
    import_id, admin = run(owner, importer), sign_in("admin")
    strange = Page(owner.get("/account").text).tokens[0]
    before = everything(importer.session)
    for (method, path, _), token in product(addresses(import_id), (None, "nonsense", strange)):
        if method == "POST":
            answer = admin.client.post(path, data={"csrf_token": token} if token else {})
            assert answer.status_code == 400, path
            assert "This page has expired" in answer.text
    assert everything(importer.session) == before
    header = {"X-CSRFToken": Page(admin.get("/account").text).tokens[0]}
    assert (
        admin.client.post(f"/imports/{import_id}/run-again", headers=header).status_code == 302
    )


def test_reading_changes_nothing_and_strangers_are_sent_to_sign_in(
    app, owner, importer, addresses
):
    import_id = run(owner, importer)
    walked = addresses(import_id)
    reads = {path for method, path, _ in walked if method == "GET"}
    for method, path, endpoint in walked:
        if method == "POST" and path not in reads:
            owner.get(path, status=405)
        if endpoint not in OPEN and method == "GET":
            answer = app.test_client().get(path)
            assert answer.status_code == 302, path
            assert path == "/" or answer.location.startswith("/sign-in"), path
    assert owner.client.get("/console").status_code == 404
    assert not app.debug


def test_every_answer_is_guarded(owner, importer, addresses):
    import_id = run(owner, importer)
    for method, path, endpoint in addresses(import_id):
        if method == "GET":
            with owner.client.get(path) as answer:
                headers = answer.headers
            assert set(headers["Content-Security-Policy"].split("; ")) == POLICY, path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert endpoint in {"static", "style"} or headers["Cache-Control"] == "no-store"
    for name in ("report.csv", "rejected.csv"):
        headers = owner.get(f"/imports/{import_id}/{name}").headers
        assert re.fullmatch(
            r'attachment; filename="rowcall-\w+-\d{4}-\d\d-\d\d\.csv"',
            headers["Content-Disposition"],
        )
