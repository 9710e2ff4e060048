"""What the API refuses, and that nothing comes of it."""

import io
import json
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from tests.api.conftest import Program, people_table, table
from tests.harness.web import Page
from webapp import db, jobs
from webapp.config import Settings
from webapp.web.api import schemas
from webapp.web.extensions import db as orm

MAPPING = {
    "mapping": ["external_id", "email", "first_name", "last_name", "company", "tags", None]
}
OF_AN_IMPORT = [
    ("GET", ""),
    ("PUT", "/mapping"),
    ("GET", "/preview?duplicate_strategy=skip"),
    ("POST", "/execute"),
    ("GET", "/events"),
    ("GET", "/progress"),
    ("POST", "/cancel"),
    ("GET", "/rollback"),
    ("DELETE", "/rollback"),
    ("POST", "/retry"),
    ("GET", "/result"),
    ("GET", "/rows"),
    ("GET", "/report.csv"),
    ("GET", "/report.pdf"),
    ("GET", "/rejected.csv"),
    ("HEAD", ""),
    ("HEAD", "/report.csv"),
]
WRITES = [(method, path) for method, path in OF_AN_IMPORT if method not in {"GET", "HEAD"}]


def body_for(path: str, import_id: str):
    if path == "/mapping":
        return {"json": MAPPING}
    return (
        {"json": {"import_id": import_id, "duplicate_strategy": "skip"}}
        if path == "/execute"
        else {}
    )


def problem(answer, status: int, code: str | None = None) -> dict:
    assert answer.status_code == status, answer.text[:2000]
    assert answer.mimetype == "application/problem+json"
    schemas.ProblemDocument.model_validate(answer.json)
    assert answer.json["status"] == status
    assert code is None or answer.json["code"] == code, answer.json
    return answer.json


def fingerprint(session) -> list:
    session.rollback()
    tables = (
        "contact_imports",
        "contacts",
        "contact_import_results",
        "contact_import_files",
        "contact_import_leases",
    )
    return [
        session.scalar(
            text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t")
        )
        for name in tables
    ]


@pytest.mark.parametrize(
    "header",
    [None, "Bearer nonsense", "Bearer ", "Basic b3duZXI6eA==", "nonsense", "Bearer a b"],
)
def test_no_living_token_is_401(app, people, header):
    headers = {"Authorization": header} if header else {}
    for method, path in [
        ("GET", "/api/imports"),
        ("POST", "/api/imports"),
        ("GET", f"/api/imports/{uuid4()}"),
    ]:
        answer = app.test_client().open(path, method=method, headers=headers)
        problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_revoked_token_and_disabled_person_are_401(program, owner_program, session):
    session.execute(text("UPDATE api_tokens SET revoked_at = now()"))
    session.commit()
    problem(owner_program.ask("GET", "/imports", None), 401)
    other = program("outsider")
    other.ask("GET", "/imports")
    session.execute(text("UPDATE users SET active = false"))
    session.commit()
    problem(other.ask("GET", "/imports", None), 401)


@pytest.mark.parametrize(("method", "path"), OF_AN_IMPORT)
def test_somebody_elses_import_is_not_there(program, owner_program, session, method, path):
    import_id, unknown = owner_program.ready(people_table(2)), str(uuid4())
    before = fingerprint(session)
    stranger = program("outsider")
    answers = [
        stranger.ask(method, f"/imports/{one}{path}", 404, **body_for(path, one))
        for one in (import_id, unknown)
    ]
    assert answers[0].get_data() == answers[1].get_data()
    if method != "HEAD":
        problem(answers[0], 404, "not_found")
    assert fingerprint(session) == before


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_viewers_change_nothing(program, owner_program, session, method, path):
    import_id = owner_program.ready(people_table(2))
    before = fingerprint(session)
    problem(
        program("viewer").ask(
            method, f"/imports/{import_id}{path}", None, **body_for(path, import_id)
        ),
        403,
    )
    assert fingerprint(session) == before


def test_viewers_do_not_upload(program):
    data = {"file": (io.BytesIO(people_table(1)), "people.csv")}
    problem(program("viewer").ask("POST", "/imports", None, data=data), 403, "not_allowed")


REFUSED_IN = {
    "uploaded": ["/preview?duplicate_strategy=skip", "/execute", "/cancel", "/retry", "GET /rollback",
                 "DELETE /rollback", "/result", "/report.csv", "/report.pdf", "/rejected.csv"],
    "ready": ["/cancel", "/retry", "GET /rollback", "DELETE /rollback", "/result", "/report.pdf"],
    "queued": ["/mapping", "/retry", "GET /rollback", "DELETE /rollback", "/result", "/report.pdf"],
    "completed": ["/mapping", "/execute", "/cancel"],
    "rolled_back": ["/mapping", "/execute", "/cancel", "/retry", "GET /rollback"],
}  # fmt: skip


def brought_to(state: str, program: Program) -> str:
    if state == "uploaded":
        return program.upload(people_table(2))["import_id"]
    import_id = program.ready(people_table(2))
    if state == "ready":
        return import_id
    program.execute(import_id)
    if state == "queued":
        return import_id
    jobs.work(import_id)
    if state == "rolled_back":
        program.ask("DELETE", f"/imports/{import_id}/rollback", 202)
        jobs.work(import_id)
    return import_id


@pytest.mark.parametrize("state", REFUSED_IN)
def test_wrong_state_is_409_and_names_it(owner_program, session, state):
    import_id = brought_to(state, owner_program)
    before = fingerprint(session)
    methods = {path: method for method, path in OF_AN_IMPORT if method != "HEAD"}
    for asked in REFUSED_IN[state]:
        method, _, path = asked.rpartition(" ")
        answer = owner_program.ask(
            method or methods[path],
            f"/imports/{import_id}{path}",
            None,
            **body_for(path, import_id),
        )
        assert problem(answer, 409)["state"] == state, asked
    assert fingerprint(session) == before


MAPPED = ["external_id", "email", "first_name", "last_name", "company", "tags", None]
WRONG_MAPPINGS = [
    ({}, "/mapping", "missing"),
    ({"mapping": "email"}, "/mapping", "list_type"),
    ({"mapping": []}, "/mapping", "too_short"),
    ({"mapping": ["email"]}, "/mapping", "mapping_length"),
    ({"mapping": [*MAPPED[:6], 7]}, "/mapping/6", "string_type"),
    ({"mapping": [*MAPPED[:6], "id"]}, "/mapping/6", "unknown_target"),
    ({"mapping": [*MAPPED[:6], "created_at"]}, "/mapping/6", "unknown_target"),
    ({"mapping": [*MAPPED[:6], "custom:"]}, "/mapping/6", "unknown_target"),
    ({"mapping": [*MAPPED[:6], "custom:a\0b"]}, "/mapping/6", "value_error"),
    ({"mapping": [*MAPPED[:6], "external_id"]}, "/mapping/6", "target_twice"),
    ({"mapping": [None] * 7}, "/mapping", "nothing_mapped"),
    (
        {"mapping": MAPPED, "default_country": "Germany"},
        "/default_country",
        "string_pattern_mismatch",
    ),
    ({"mapping": MAPPED, "default_country": "QZ"}, "/default_country", "unknown_country"),
    ({"mapping": MAPPED, "match_keys": []}, "/match_keys", "too_short"),
    ({"mapping": MAPPED, "match_keys": ["name"]}, "/match_keys/0", "literal_error"),
    ({"mapping": MAPPED, "clear_token": 1}, "/clear_token", "string_type"),
    ({"mapping": MAPPED, "date_order": "ymd"}, "/date_order", "literal_error"),
    ({"mapping": MAPPED, "surplus": 1}, "/surplus", "extra_forbidden"),
    ([], "", None),
    (None, "", None),
]


@pytest.mark.parametrize(("body", "pointer", "code"), WRONG_MAPPINGS)
def test_wrong_mapping_is_422_and_points_at_it(owner_program, session, body, pointer, code):
    import_id = owner_program.upload(people_table(2))["import_id"]
    before = fingerprint(session)
    answer = owner_program.ask(
        "PUT",
        f"/imports/{import_id}/mapping",
        None,
        data=json.dumps(body),
        content_type="application/json",
    )
    (error,) = problem(answer, 422)["errors"]
    assert error["pointer"] == pointer
    assert code is None or error["code"] == code
    assert fingerprint(session) == before


WRONG_EXECUTIONS = [
    ({"duplicate_strategy": None}, "/duplicate_strategy"),
    ({"duplicate_strategy": "replace"}, "/duplicate_strategy"),
    ({"import_id": None}, "/import_id"),
    ({"import_id": "1"}, "/import_id"),
    ({"import_id": str(uuid4())}, "/import_id"),
    ({"skip_errors": 1}, "/skip_errors"),
    ({"skip_errors": "true"}, "/skip_errors"),
    ({"skip_errors": None}, "/skip_errors"),
    ({"batch_size": 0}, "/batch_size"),
    ({"batch_size": 1001}, "/batch_size"),
    ({"batch_size": True}, "/batch_size"),
    ({"batch_size": "100"}, "/batch_size"),
    ({"batch_size": 10.5}, "/batch_size"),
    ({"batch_size": "AUTO"}, "/batch_size"),
    ({"notification_email": "nobody"}, "/notification_email"),
    ({"notification_email": "a@example.com\r\nBcc: b@example.com"}, "/notification_email"),
    ({"surplus": {}}, "/surplus"),
    ({"a/b~c": 1}, "/a~1b~0c"),
]


@pytest.mark.parametrize(("wrong", "pointer"), WRONG_EXECUTIONS)
def test_wrong_execution_is_422_and_starts_nothing(owner_program, session, wrong, pointer):
    import_id = owner_program.ready(people_table(2))
    before = fingerprint(session)
    body = {"import_id": import_id, "duplicate_strategy": "skip", **wrong}
    (error,) = problem(
        owner_program.ask("POST", f"/imports/{import_id}/execute", None, json=body), 422
    )["errors"]
    assert error["pointer"] == pointer
    assert fingerprint(session) == before


@pytest.mark.parametrize("batch_size", [1, 1000, "auto"])
def test_every_allowed_batch_size_runs(owner_program, batch_size):
    import_id = owner_program.run(people_table(5), batch_size=batch_size)
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert (found["state"], found["options"]["batch_size"]) == ("completed", batch_size)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b"", "application/json", 400, "not_json"),
        (b"\xff{}", "application/json", 400, "not_json"),
        (b"[" * 100_000, "application/json", 400, "not_json"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b'{"x": "' + b"a" * 2_000_000 + b'"}', "application/json", 413, "too_large"),
    ],
)
def test_bodies_that_cannot_be_read(owner_program, content, content_type, status, code):
    import_id = owner_program.ready(people_table(2))
    path = f"/imports/{import_id}/execute"
    problem(
        owner_program.ask("POST", path, None, data=content, content_type=content_type),
        status,
        code,
    )


def test_execute_answers_in_json_or_events_and_nothing_else(owner_program):
    import_id = owner_program.ready(people_table(2))
    body = {"import_id": import_id, "duplicate_strategy": "skip"}
    answer = owner_program.ask(
        "POST",
        f"/imports/{import_id}/execute",
        None,
        json=body,
        headers={"Accept": "text/html"},
    )
    problem(answer, 406)
    assert owner_program.ask("GET", f"/imports/{import_id}").json["state"] == "ready"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("/imports?limit=0", "limit"),
        ("/imports?limit=1001", "limit"),
        ("/imports?limit=ten", "limit"),
        ("/imports?limit=1_0", "limit"),
        ("/imports?limit=%2B1", "limit"),
        ("/imports?limit=1&limit=2", "limit"),
        ("/imports?state=done", "state"),
        ("/imports?after=nonsense", "after"),
        ("/imports?after=%00", "after"),
        ("/imports?surplus=1", "surplus"),
        ("/contacts?q=%00", "q"),
        ("/contacts?after=-1", "after"),
        ("/contacts?after=99999999999999999999", "after"),
        ("/contacts?imported_from=1", "imported_from"),
        ("/imports/{}/rows?outcome=lost", "outcome"),
        ("/imports/{}/rows?after=x", "after"),
        ("/imports/{}/preview", "duplicate_strategy"),
        ("/imports/{}/preview?duplicate_strategy=", "duplicate_strategy"),
        ("/imports/{}?x=1", "x"),
    ],
)
def test_wrong_parameters_are_422_and_named(owner_program, query, parameter):
    import_id = owner_program.ready(people_table(2)) if "{}" in query else ""
    (error,) = problem(owner_program.ask("GET", query.format(import_id), None), 422)["errors"]
    assert error["pointer"] == parameter


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({}, "/file"),
        ({"file": "text, not a file"}, "/file"),
        ({"file": (io.BytesIO(b""), "")}, "/file"),
        ({"file": (io.BytesIO(b""), "empty.csv")}, "/file"),
        ({"file": (io.BytesIO(b"%PDF-1.7\n"), "people.csv")}, "/file"),
        ({"file": (io.BytesIO(b"a,b\n1,2\n"), "people.exe")}, "/file"),
        ({"encoding": "utf-99"}, "/encoding"),
        ({"encoding": "undefined"}, "/encoding"),
        ({"encoding": "ut\0f"}, "/encoding"),
        ({"delimiter": "::"}, "/delimiter"),
        ({"default_country": "de"}, "/default_country"),
        ({"default_country": "QZ"}, "/default_country"),
        ({"header_row": "-1"}, "/header_row"),
        ({"header_row": "one"}, "/header_row"),
        ({"header_row": "1048577"}, "/header_row"),
        ({"header_row": "900"}, "/header_row"),
        ({"surplus": "1"}, "/surplus"),
        ({"second": (io.BytesIO(b"a,b\n1,2\n"), "b.csv")}, "/file"),
    ],
)
def test_wrong_upload_is_422_and_leaves_nothing(owner_program, session, data, pointer):
    before = fingerprint(session)
    file = (
        {}
        if "file" in data or not data
        else {"file": (io.BytesIO(people_table(1)), "people.csv")}
    )
    answer = owner_program.ask(
        "POST", "/imports", None, data={**file, **data}, content_type="multipart/form-data"
    )
    (error,) = problem(answer, 422)["errors"]
    assert error["pointer"] == pointer
    assert fingerprint(session) == before


@pytest.mark.parametrize("key", ["", "é", "a" * 201, "a\tb"])
def test_idempotency_key_has_a_form(owner_program, key):
    refused = owner_program.upload(
        people_table(1),
        headers={"Idempotency-Key": key.encode().decode("latin-1")},
        status=422,
    )
    assert refused["errors"][0]["pointer"] == "Idempotency-Key"


def test_upload_takes_multipart_alone(owner_program):
    problem(
        owner_program.ask("POST", "/imports", None, data=b"a,b", content_type="text/csv"), 415
    )


def test_upload_past_the_limit_is_413(app, token_of, session):
    program = Program(app.test_client(), token_of("owner"))
    before = fingerprint(session)
    app.extensions["rowcall"] = Settings(max_upload_mb=1)
    data = {"file": (io.BytesIO(b"Email\n" + b"a@example.com\n" * 80_000), "people.csv")}
    problem(program.ask("POST", "/imports", None, data=data), 413, "too_large")
    app.config["MAX_CONTENT_LENGTH"] = 1000
    data = {"file": (io.BytesIO(people_table(100)), "people.csv")}
    problem(program.ask("POST", "/imports", None, data=data), 413)
    assert fingerprint(session) == before


def test_uploads_past_the_rate_are_429(app, token_of):
    app.extensions["rowcall"] = Settings(uploads_per_minute=2)
    program, other = (
        Program(app.test_client(), token_of(name)) for name in ("owner", "outsider")
    )
    program.upload(people_table(1))
    program.upload(people_table(1))
    data = {"file": (io.BytesIO(people_table(1)), "people.csv")}
    answer = program.ask("POST", "/imports", None, data=data)
    problem(answer, 429, "too_many")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    other.upload(people_table(1))


def test_imports_that_were_never_run_do_not_pile_up(app, token_of):
    app.extensions["rowcall"] = Settings(pending_uploads=2)
    program = Program(app.test_client(), token_of("owner"))
    for key in ("1", "2"):
        program.upload(people_table(1), headers={"Idempotency-Key": key})
    answer = program.ask(
        "POST", "/imports", None, data={"file": (io.BytesIO(people_table(1)), "people.csv")}
    )
    problem(answer, 429, "too_many_pending")
    assert "Run or discard one" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    program.upload(people_table(1), headers={"Idempotency-Key": "2"})  # It is there already.


def test_streams_past_the_cap_are_429_and_start_nothing(app, token_of, session):
    program = Program(app.test_client(), token_of("owner"))
    import_id = program.ready(people_table(2))
    hub, before = app.extensions["rowcall-hub"], fingerprint(session)
    hub.settings = Settings(streams_per_user=1)
    owner = session.scalar(text("SELECT id FROM users WHERE email LIKE 'owner%'"))
    with hub.stream(SimpleNamespace(id=owner, credential=b"", role="importer")):
        for method, path in [("GET", "/events"), ("POST", "/execute")]:
            answer = program.ask(
                method, f"/imports/{import_id}{path}", None, **body_for(path, import_id)
            )
            problem(answer, 429, "too_many_streams")
            assert answer.headers["Retry-After"]
    assert fingerprint(session) == before


def test_queue_out_of_reach_is_503_and_changes_nothing(app, token_of, session):
    program = Program(app.test_client(), token_of("owner"))
    import_id = program.ready(people_table(2))
    before = fingerprint(session)
    app.extensions["rowcall"] = Settings(redis_url="unix:///nowhere/at/all.sock")
    for method, path in [("POST", "/execute"), ("PUT", "/mapping")]:
        answer = program.ask(
            method, f"/imports/{import_id}{path}", None, **body_for(path, import_id)
        )
        problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"]
    assert fingerprint(session) == before
    assert program.ask("GET", f"/imports/{import_id}/progress").json["state"] == "ready"


def test_an_import_is_stopped_without_the_queue(app, token_of):
    """Whoever runs it asks the database whether to stop, so that nobody need be called."""
    program = Program(app.test_client(), token_of("owner"))
    import_id = program.ready(people_table(2))
    program.execute(import_id)
    app.extensions["rowcall"] = Settings(redis_url="unix:///nowhere/at/all.sock")
    assert (
        program.ask("POST", f"/imports/{import_id}/cancel", 202).json["state"] == "cancelled"
    )


def test_a_cut_network_is_noticed_on_every_connection(app, database_url):
    """Of pages, of jobs and of their sessions: silence ends within half a minute."""
    with (
        app.app_context(),
        db.connect_job(database_url) as job,
        db.session(database_url) as session,
    ):
        pooled = [orm.session.connection(), session.connection()]
        for driver in [
            job,
            *(connection.connection.driver_connection for connection in pooled),
        ]:
            found = driver.info.get_parameters()
            assert {name: int(found[name]) for name in db.SILENCE} == db.SILENCE


def test_database_out_of_reach_is_503(settings):
    from webapp.app import create_app  # noqa: PLC0415

    away = settings.model_copy(
        update={"database_url": "postgresql://postgres@/x?host=/nowhere/at/all"}
    )
    answer = (
        create_app(away)
        .test_client()
        .get("/api/imports", headers={"Authorization": "Bearer x"})
    )
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]


def test_database_lost_between_two_requests_is_met_again(owner_program, database_url):
    owner_program.ask("GET", "/imports")
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )
    owner_program.ask("GET", "/imports")


def test_browser_reads_with_its_session_and_writes_with_the_csrf_header(
    owner, owner_program, session
):
    import_id = owner_program.ready(people_table(2))
    path = f"/api/imports/{import_id}/execute"
    body = {"import_id": import_id, "duplicate_strategy": "skip"}
    assert owner.client.get(f"/api/imports/{import_id}").json["state"] == "ready"
    before = fingerprint(session)
    for token in (None, "wrong"):
        headers = {"Accept": "application/json", **({"X-CSRFToken": token} if token else {})}
        problem(owner.client.post(path, json=body, headers=headers), 400, "csrf")
    assert fingerprint(session) == before
    token = Page(owner.client.get("/imports").text).tokens[0]
    answer = owner.client.post(
        path, json=body, headers={"Accept": "application/json", "X-CSRFToken": token}
    )
    assert answer.status_code == 202


def test_dead_token_beats_a_living_session(owner):
    problem(
        owner.client.get("/api/imports", headers={"Authorization": "Bearer nonsense"}), 401
    )


def test_unknown_addresses_and_methods(owner_program):
    problem(owner_program.ask("GET", "/nothing", None), 404)
    problem(owner_program.ask("GET", "/imports/1", None), 404)
    problem(owner_program.ask("GET", "/contacts/999", None), 404)
    problem(owner_program.ask("GET", f"/contacts/{2**63}", None), 404)
    problem(owner_program.ask("GET", f"/contacts?imported_from={uuid4()}", None), 404)
    for method, path in [
        ("PATCH", "/imports"),
        ("GET", f"/imports/{uuid4()}/execute"),
        ("PUT", f"/imports/{uuid4()}"),
    ]:
        answer = owner_program.ask(method, path, None)
        problem(answer, 405)
        assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]


def test_answers_carry_the_headers_that_every_answer_carries(owner_program):
    for path, status in [("/imports", 200), ("/nothing", 404)]:
        headers = owner_program.ask("GET", path, status).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_markup_in_a_file_stays_text(owner_program):
    found = owner_program.upload(
        table('1,a@example.com,"<script>alert(1)</script>",{{7*7}},,,')
    )
    assert found["sample"][0][2] == "<script>alert(1)</script>"
    assert found["sample"][0][3] == "{{7*7}}"


def test_partial_of_an_import_is_there_for_those_alone_who_may_see_it(
    owner_program, owner, viewer, outsider
):
    import_id = owner_program.ready(people_table(1))
    path = f"/imports/{import_id}/progress/fragment"
    assert owner.get(path).headers["HX-Redirect"] == f"/imports/{import_id}/review"
    viewer.get(path)
    outsider.get(path, 404)
    owner.get(f"/imports/{uuid4()}/progress/fragment", 404)
