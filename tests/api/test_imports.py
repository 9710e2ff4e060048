"""Every address of the API, as a program uses it, checked against the ledger."""

import csv
import io
import re
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.api.conftest import people_table, table
from webapp import db, jobs
from webapp.imports import leases
from webapp.staging import check
from webapp.undoing import undo_preview
from webapp.vocabulary import messages
from webapp.vocabulary.refusals import Refusal
from webapp.web.api import imports, schemas

OUTCOMES = set(schemas.Outcomes.model_fields)


def ledger(session, import_id):
    rows = session.execute(
        text(
            "SELECT row, outcome::text, contact_id, code FROM contact_import_results WHERE import_id = :id ORDER BY row"
        ),
        {"id": import_id},
    )
    return [tuple(row) for row in rows]


def test_upload_answers_with_what_the_file_is(owner_program):
    content = people_table(3)
    answer = owner_program.ask(
        "POST",
        "/imports",
        201,
        data={"file": (io.BytesIO(content), "people.csv"), "default_country": "DE"},
    )
    found = schemas.ImportSession.model_validate(answer.json)
    assert answer.headers["Location"] == f"/api/imports/{found.import_id}"
    assert (found.state, found.filename, found.size_bytes) == (
        "uploaded",
        "people.csv",
        len(content),
    )
    assert found.columns == [
        "ID",
        "Email",
        "First name",
        "Last name",
        "Company",
        "Tags",
        "Shoe size",
    ]
    assert found.suggested_mapping[:4] == ["external_id", "email", "first_name", "last_name"]
    assert found.suggested_mapping[6] == "custom:Shoe size"
    assert found.sample[0][1] == "p1@example.com"
    assert found.options.default_country == "DE"
    assert found.mapping is None
    assert not found.rollback_possible


def test_chosen_encoding_and_delimiter_are_used(owner_program):
    content = "Name|Email\nMüller|m@example.com\n".encode("latin-1")
    found = owner_program.upload(content, encoding="latin-1", delimiter="|")
    assert found["sample"] == [["Müller", "m@example.com"]]
    assert found["delimiter"] == "|"


def test_same_key_and_bytes_is_one_import(owner_program, session):
    key = {"Idempotency-Key": "monday"}
    first = owner_program.upload(people_table(2), headers=key)
    assert owner_program.upload(people_table(2), headers=key) == first
    refused = owner_program.upload(people_table(3), headers=key, status=422)
    assert refused["code"] == "key_used_before"
    assert session.scalar(text("SELECT count(*) FROM contact_imports")) == 1


def test_keys_of_two_people_are_two_keys(program):
    key = {"Idempotency-Key": "monday"}
    assert program("owner").upload(people_table(1), headers=key) != program("outsider").upload(
        people_table(2), headers=key
    )


def test_whole_way_there_and_back(owner_program, session):
    found = owner_program.upload(
        table(
            "1,a@example.com,Ada,L,Acme,x|y,40",
            "2,nonsense,Bob,M,Acme,,",
            "3,c@example.com,Cy,N,,,",
        )
    )
    path = f"/imports/{found['import_id']}"

    check = owner_program.ask(
        "PUT", f"{path}/mapping", 202, json={"mapping": found["suggested_mapping"]}
    ).json
    assert check["state"] == "checking"
    assert (
        owner_program.ask("GET", f"{path}/preview?duplicate_strategy=skip", 202).headers[
            "Retry-After"
        ]
        == "1"
    )
    jobs.work(found["import_id"])
    jobs.work(found["import_id"])  # the previews

    preview = schemas.Preview.model_validate(
        owner_program.ask("GET", f"{path}/preview?duplicate_strategy=skip").json
    )
    ready = schemas.ImportSession.model_validate(owner_program.ask("GET", path).json)
    assert (ready.state, ready.total) == ("ready", 3)

    started = owner_program.execute(found["import_id"], batch_size=2).json
    assert started["state"] == "queued"
    assert started["options"]["batch_size"] == 2
    again = owner_program.execute(found["import_id"]).json
    assert again["options"]["batch_size"] == 2, "pressing twice is one import"
    jobs.work(found["import_id"])

    done = schemas.ImportSession.model_validate(owner_program.ask("GET", path).json)
    assert done.state == "completed"
    assert done.outcomes == preview.outcomes
    assert (done.imported_count, done.outcomes.created, done.outcomes.invalid) == (2, 2, 1)
    assert done.rollback_possible

    progress = schemas.Progress.model_validate(
        owner_program.ask("GET", f"{path}/progress").json
    )
    assert (progress.progress, progress.processed, progress.success, progress.skipped) == (
        100,
        3,
        2,
        1,
    )

    result = schemas.ImportResult.model_validate(
        owner_program.ask("GET", f"{path}/result").json
    )
    assert (result.total_contacts, result.successfully_imported, result.failed_contacts) == (
        3,
        2,
        0,
    )
    assert [(entry.row, entry.category) for entry in result.error_log] == [(3, "validation")]
    assert result.import_duration_ms >= 0

    rows = schemas.RowList.model_validate(owner_program.ask("GET", f"{path}/rows").json)
    assert [(row.row, row.outcome, row.contact_id, row.code) for row in rows.items] == ledger(
        session, found["import_id"]
    )

    would = schemas.RollbackPreview.model_validate(
        owner_program.ask("GET", f"{path}/rollback").json
    )
    assert (would.contacts_removed, would.contacts_restored, would.contacts_kept) == (2, 0, 0)


def test_rollback_that_takes_long_is_answered_with_where_to_look(owner_program):
    import_id = owner_program.run(people_table(5))
    answer = owner_program.ask("DELETE", f"/imports/{import_id}/rollback", 202)
    assert answer.headers["Location"] == f"/api/imports/{import_id}"
    assert answer.json["state"] == "rolling_back"
    jobs.work(import_id)
    done = schemas.RollbackResult.model_validate(
        owner_program.ask("DELETE", f"/imports/{import_id}/rollback", 200).json
    )
    assert (done.contacts_removed, done.contacts_restored, done.contacts_kept) == (5, 0, 0)
    assert (
        owner_program.ask("GET", f"/imports/{import_id}").json["rolled_back_at"].endswith("Z")
    )
    assert owner_program.ask("GET", "/contacts").json["items"] == []


def test_rollback_lists_what_it_keeps(owner_program, session):
    import_id = owner_program.run(table("1,a@example.com,Ada,L,Acme,,"))
    later = owner_program.run(table("1,a@example.com,Ada,L,Other,,"), "update")
    would = owner_program.ask("GET", f"/imports/{import_id}/rollback").json
    assert would["contacts_kept"] == 1
    assert would["conflicts"][0]["contact_id"] == session.scalar(
        text("SELECT id FROM contacts")
    )
    assert (
        owner_program.ask("GET", f"/imports/{later}/rollback").json["contacts_restored"] == 1
    )


def test_rows_come_in_pages_in_file_order(owner_program):
    import_id = owner_program.run(people_table(25))
    seen, after = [], ""
    while after is not None:
        page = owner_program.ask(
            "GET", f"/imports/{import_id}/rows?limit=10&after={after}"
        ).json
        seen += [row["row"] for row in page["items"]]
        after = page["next"]
    assert seen == list(range(2, 27))


def test_rows_show_what_changed(owner_program):
    owner_program.run(table("1,a@example.com,Ada,L,Acme,,"))
    import_id = owner_program.run(table("1,a@example.com,Ada,L,Other,,"), "update")
    (row,) = owner_program.ask("GET", f"/imports/{import_id}/rows?outcome=updated").json[
        "items"
    ]
    assert row["changes"] == [{"field": "company", "before": "Acme", "after": "Other"}]
    assert (
        owner_program.ask("GET", f"/imports/{import_id}/rows?outcome=created").json["items"]
        == []
    )


def test_cancelled_import_says_what_was_not_processed(owner_program):
    import_id = owner_program.ready(people_table(7))
    owner_program.execute(import_id)
    assert (
        owner_program.ask("POST", f"/imports/{import_id}/cancel", 202).json["state"]
        == "cancelled"
    )
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert found["outcomes"]["not_processed"] == 7
    page = owner_program.ask(
        "GET", f"/imports/{import_id}/rows?outcome=not_processed&limit=5"
    ).json
    assert [row["row"] for row in page["items"]] == [2, 3, 4, 5, 6]
    assert page["next"] == "6"
    progress = owner_program.ask("GET", f"/imports/{import_id}/progress").json
    assert (progress["progress"], progress["processed"], progress["state"]) == (
        0,
        0,
        "cancelled",
    )


def test_cancelled_while_running_ends_after_the_batch_at_hand(owner_program, session):
    import_id = owner_program.ready(people_table(7))
    owner_program.execute(import_id)
    session.execute(
        text("UPDATE contact_imports SET state = 'running' WHERE id = :id"), {"id": import_id}
    )
    session.commit()
    assert (
        owner_program.ask("POST", f"/imports/{import_id}/cancel", 202).json["state"]
        == "cancelling"
    )
    jobs.work(import_id)
    assert owner_program.ask("GET", f"/imports/{import_id}").json["state"] == "cancelled"


def test_invalid_rows_block_a_start_that_will_not_skip_them(owner_program):
    import_id = owner_program.ready(table("1,a@example.com,,,,,", "2,nonsense,,,,,"))
    refused = owner_program.execute(import_id, skip_errors=False, status=409).json
    assert (refused["code"], refused["rows"], refused["state"]) == (
        "invalid_rows_block_start",
        1,
        "ready",
    )
    assert owner_program.ask("GET", f"/imports/{import_id}").json["state"] == "ready"


def test_failed_rows_run_again(owner_program, session):
    session.execute(
        text("ALTER TABLE contacts ADD CONSTRAINT no_bob CHECK (first_name <> 'Bob')")
    )
    session.commit()
    import_id = owner_program.run(table("1,a@example.com,Ada,,,,", "2,b@example.com,Bob,,,,"))
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert result["failed_contacts"] == 1
    assert [(entry["row"], entry["category"]) for entry in result["error_log"]] == [
        (3, "database")
    ]
    session.execute(text("ALTER TABLE contacts DROP CONSTRAINT no_bob"))
    session.commit()
    assert (
        owner_program.ask("POST", f"/imports/{import_id}/retry", 202).json["state"] == "queued"
    )
    jobs.work(import_id)
    assert (
        owner_program.ask("GET", f"/imports/{import_id}/result").json["successfully_imported"]
        == 2
    )
    assert (
        owner_program.ask("POST", f"/imports/{import_id}/retry", 409).json["code"]
        == "nothing_failed"
    )


def test_a_conflict_is_a_matter_of_business(owner_program):
    owner_program.run(table("1,a@example.com,Ada,,,,", "2,b@example.com,Bob,,,,"))
    import_id = owner_program.run(table("1,b@example.com,Ada,,,,", "3,c@example.com,Cid,,,,"))
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert (result["failed_contacts"], result["outcomes"]["conflict"]) == (1, 1)
    assert [(entry["row"], entry["category"]) for entry in result["error_log"]] == [
        (2, "business")
    ]


def test_downloads(owner_program):
    import_id = owner_program.run(table("1,a@example.com,=1+1,,,,", "2,nonsense,Bob,,,,"))
    report = owner_program.ask("GET", f"/imports/{import_id}/report.csv")
    assert report.mimetype == "text/csv"
    assert report.headers["Content-Disposition"].startswith("attachment; filename=")
    lines = list(csv.DictReader(io.StringIO(report.get_data().decode("utf-8-sig"))))
    assert [line["Rowcall outcome"] for line in lines] == ["created", "invalid"]
    assert lines[0]["First name"] == "'=1+1"
    rejected = (
        owner_program.ask("GET", f"/imports/{import_id}/rejected.csv")
        .get_data()
        .decode("utf-8-sig")
    )
    assert [line["Email"] for line in csv.DictReader(io.StringIO(rejected))] == ["nonsense"]


def test_pdf_is_made_once_asked_for(owner_program):
    import_id = owner_program.run(people_table(2))
    assert (
        owner_program.ask("GET", f"/imports/{import_id}/report.pdf", 202).headers[
            "Retry-After"
        ]
        == "2"
    )
    jobs.render_pdf(import_id)
    answer = owner_program.ask("GET", f"/imports/{import_id}/report.pdf", None)
    if answer.status_code == 503:
        assert answer.json["code"] == "pdf_failed"
        pytest.skip("Pango is missing: bin/system-packages pdf")
    assert answer.get_data().startswith(b"%PDF-")


def test_a_pdf_that_failed_can_be_asked_for_again(owner_program, session):
    import_id = owner_program.run(people_table(2))
    owner_program.ask("GET", f"/imports/{import_id}/report.pdf", 202)
    session.execute(
        text("UPDATE contact_import_documents SET state = 'failed', code = 'pdf_too_much'")
    )
    session.commit()
    for _ in range(2):
        refused = owner_program.ask("GET", f"/imports/{import_id}/report.pdf", 503).json
        assert (refused["code"], refused["detail"]) == (
            "pdf_failed",
            messages.whole("pdf_too_much"),
        )
    session.execute(
        text("UPDATE contact_import_documents SET made_at = made_at - interval '91 seconds'")
    )
    session.commit()
    owner_program.ask("GET", f"/imports/{import_id}/report.pdf", 202)
    assert session.scalar(text("SELECT state FROM contact_import_documents")) == "rendering"


def test_history_newest_first_in_pages(owner_program):
    made = [owner_program.upload(people_table(1))["import_id"] for _ in range(5)]
    seen, after = [], ""
    while after is not None:
        page = owner_program.ask("GET", f"/imports?limit=2&after={after}").json
        schemas.ImportList.model_validate(page)
        seen += [item["import_id"] for item in page["items"]]
        after = page["next"]
    assert seen == made[::-1]
    assert owner_program.ask("GET", "/imports?state=completed").json == {
        "items": [],
        "next": None,
    }
    assert len(owner_program.ask("GET", "/imports?state=&after=&limit=").json["items"]) == 5


def test_history_shows_a_person_their_own_and_a_viewer_all(program):
    program("owner").upload(people_table(1))
    assert program("outsider").ask("GET", "/imports").json["items"] == []
    assert len(program("viewer").ask("GET", "/imports").json["items"]) == 1


def test_contacts_are_searched_and_paged(owner_program):
    import_id = owner_program.run(people_table(12))
    assert (
        owner_program.ask("GET", "/contacts?q=p7@").json["items"][0]["email"]
        == "p7@example.com"
    )
    first = owner_program.ask("GET", f"/contacts?limit=10&imported_from={import_id}").json
    rest = owner_program.ask(
        "GET", f"/contacts?limit=10&imported_from={import_id}&after={first['next']}"
    ).json
    schemas.ContactList.model_validate(first)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (10, 2, None)
    assert {contact["imported_from"] for contact in first["items"]} == {import_id}


def test_one_contact_knows_where_its_values_came_from(owner_program):
    owner_program.run(table("1,a@example.com,Ada,L,Acme,x,40"))
    later = owner_program.run(table("1,a@example.com,Ada,L,Other,x,41"), "update")
    contact_id = owner_program.ask("GET", "/contacts").json["items"][0]["id"]
    found = schemas.ContactWithProvenance.model_validate(
        owner_program.ask("GET", f"/contacts/{contact_id}").json
    )
    assert (found.company, found.custom, found.version) == ("Other", {"Shoe size": "41"}, 2)
    origin = found.provenance["company"]
    assert (str(origin.import_id), origin.before, origin.row) == (later, "Acme", 2)
    assert found.provenance["first_name"].row == 2


def test_preview_is_kept_for_each_strategy(owner_program):
    owner_program.run(table("1,a@example.com,Ada,L,Acme,,"))
    import_id = owner_program.ready(table("1,a@example.com,Ada,L,Other,,"))
    jobs.work(import_id)
    found = {
        strategy: owner_program.ask(
            "GET", f"/imports/{import_id}/preview?duplicate_strategy={strategy}"
        ).json["outcomes"]
        for strategy in ("skip", "update", "merge")
    }
    assert all(set(outcomes) == OUTCOMES for outcomes in found.values())
    assert (
        found["skip"]["duplicate_skipped"],
        found["update"]["updated"],
        found["merge"]["unchanged"],
    ) == (1, 1, 1)


def test_error_log_holds_the_first_thousand_and_rows_the_rest(owner_program):
    import_id = owner_program.run(
        table(*[f"{n},nonsense,Ada,L,Acme,," for n in range(1, 1052)])
    )
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert [entry["row"] for entry in result["error_log"]] == list(range(2, 1002))
    rest = owner_program.ask(
        "GET", f"/imports/{import_id}/rows?outcome=invalid&after=1001"
    ).json
    assert [entry["row"] for entry in rest["items"]] == list(range(1002, 1053))
    assert rest["next"] is None
    assert (result["total_contacts"], result["outcomes"]["invalid"]) == (1051, 1051)


def test_health_names_each_part(app):
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json) == (
        503,
        {"database": "ok", "queue": "ok", "worker": "none", "disk": "ok"},
    )


def test_error_log_says_the_same_as_the_download(owner_program):
    import_id = owner_program.run(table(f"1,ada@example.com,{'x' * 300},L,Acme,,"))
    entry = owner_program.ask("GET", f"/imports/{import_id}/result").json["error_log"][0]
    assert (entry["code"], entry["category"]) == ("too_long", "validation")
    assert entry["message"] == "Shorten the first name to at most 200 characters."
    assert (
        entry["message"] in owner_program.ask("GET", f"/imports/{import_id}/report.csv").text
    )


def test_country_given_with_the_file_holds_until_another_is_given(owner_program):
    found = owner_program.upload(table("1,ada@example.com,Ada,L,Acme,,"), default_country="DE")
    plain = {"mapping": found["suggested_mapping"]}
    mapped = owner_program.ask(
        "PUT", f"/imports/{found['import_id']}/mapping", 202, json=plain
    )
    assert mapped.json["options"]["default_country"] == "DE"
    jobs.work(found["import_id"])
    none = {**plain, "default_country": None}
    mapped = owner_program.ask("PUT", f"/imports/{found['import_id']}/mapping", 202, json=none)
    assert mapped.json["options"]["default_country"] is None


def test_header_row_may_be_given_with_the_file(owner_program):
    content = b"Ada,ada@example.com\nName,Email\nBob,bob@example.com\n"
    assert owner_program.upload(content, header_row="2")["columns"] == ["Name", "Email"]
    assert owner_program.upload(content, header_row="0")["columns"] == ["Column A", "Column B"]


def test_preview_says_how_many_fields_the_clear_token_empties(owner_program):
    owner_program.run(table("1,ada@example.com,Ada,L,Acme,a,40"))
    for token, cleared in (("-", 2), (None, None)):
        import_id = owner_program.ready(
            table("1,ada@example.com,Ada,-,-,,"), clear_token=token
        )
        path = f"/imports/{import_id}/preview?duplicate_strategy=update"
        assert owner_program.ask("GET", path, 202).json["cleared"] is None
        jobs.work(import_id)
        assert owner_program.ask("GET", path).json["cleared"] == cleared


def test_a_preview_that_takes_long_is_a_job(owner_program, owner, monkeypatch):
    """With no time to count in a request: 202 with when to ask again, a page that waits, and
    then what a job kept.
    """
    import_id = owner_program.run(people_table(5))
    monkeypatch.setattr(undo_preview, "soon", undo_preview.kept)
    monkeypatch.setattr(imports, "ROLLBACK_SECONDS", 0.3)
    answer = owner_program.ask("GET", f"/imports/{import_id}/rollback", 202)
    assert int(answer.headers["Retry-After"]) > 0
    assert (
        "Counting what would change"
        in owner.get(f"/imports/{import_id}/rollback", status=202).text
    )
    jobs.preview_undo(import_id)
    would = schemas.RollbackPreview.model_validate(
        owner_program.ask("GET", f"/imports/{import_id}/rollback", 200).json
    )
    assert (would.contacts_removed, would.contacts_restored, would.contacts_kept) == (5, 0, 0)
    assert "Undo this import?" in owner.get(f"/imports/{import_id}/rollback").text


def test_a_preview_that_a_request_has_no_time_for_is_broken_off(owner_program, session):
    import_id = owner_program.run(people_table(5))
    session.execute(
        text(
            "CREATE FUNCTION slow(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(1)'"
        )
    )
    session.execute(text("ALTER TABLE contact_import_results RENAME TO entries"))
    session.execute(
        text("""CREATE VIEW contact_import_results AS
        SELECT import_id, slow(row) AS row, outcome, contact_id, code, detail FROM entries""")
    )
    assert undo_preview.soon(session, UUID(import_id), seconds=0.2) is None
    session.rollback()
    assert undo_preview.soon(session, UUID(import_id), seconds=60).removed == 5


def test_an_import_whose_file_was_refused_is_told_as_failed_with_the_reason(
    owner_program, owner, settings
):
    refused, ready = (
        owner_program.upload(people_table(2))["import_id"],
        owner_program.ready(people_table(2)),
    )
    mapping = {
        "mapping": owner_program.ask("GET", f"/imports/{refused}").json["suggested_mapping"]
    }
    owner_program.ask("PUT", f"/imports/{refused}/mapping", 202, json=mapping)
    with db.connect_job(settings.database_url) as conn:
        check.refuse(conn, leases.claim(conn, UUID(refused), 15), Refusal("check_broken_off"))
        kept = conn.execute(
            "SELECT state FROM contact_imports WHERE id = %s", (refused,)
        ).fetchone()
        assert kept["state"] == "refused"

    found = owner_program.ask("GET", f"/imports/{refused}").json
    assert (found["state"], found["failure_reason"]) == ("failed", "check_broken_off")
    assert (found["rollback_possible"], found["total"]) == (False, None)
    assert owner_program.ask("GET", f"/imports/{refused}/progress").json["state"] == "failed"
    wrong = owner_program.ask("DELETE", f"/imports/{refused}/rollback", 409).json
    assert (wrong["state"], wrong["detail"]) == (
        "failed",
        "The import is stopped; this cannot be asked of it now.",
    )
    stopped = owner_program.run(
        b"ID,Email\n1,a@example.com\n1,b@example.com\n2,a@example.com\n", skip_errors=False
    )
    assert owner_program.ask("GET", f"/imports/{stopped}").json["state"] == "failed"
    listed = owner_program.ask("GET", "/imports?state=failed").json["items"]
    assert {one["import_id"]: one["state"] for one in listed} == {
        stopped: "failed",
        refused: "failed",
    }
    owner_program.ask("GET", "/imports?state=refused", 422)

    assert {refused, stopped} == history(owner, "failed")
    assert {refused} == history(owner, "refused")
    assert {ready} == history(owner, "ready")
    page = owner.get(f"/imports/{refused}/report").text
    assert "The file could not be read to the end. Nothing was imported." in page
    assert "Upload the file again. If that does not help, split it." in page
    assert f'href="/imports/{refused}/columns"' in page
    assert "Undo this import" not in page
    assert "All rows (CSV)" not in page  # there are none
    again = owner_program.ask("PUT", f"/imports/{refused}/mapping", 202, json=mapping).json
    assert again["state"] == "checking"


def history(owner, state: str) -> set[str]:
    return set(
        re.findall(r'id="import-([0-9a-f-]+)"', owner.get(f"/imports?state={state}").text)
    )
