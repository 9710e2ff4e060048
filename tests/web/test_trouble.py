"""Broken parts, old forms and hostile words: a plain page each time, and nothing lost."""

import io
import re
import time

from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import text

from tests.harness.web import PASSWORD, Page
from tests.web.test_pages import bring, check, run
from webapp.models import ContactImport
from webapp.reports import mail

MAPPING = {
    "column-0": "external_id",
    "column-1": "email",
    "column-2": "first_name",
    "column-3": "birthday",
}
NASTY = "<script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>"


def test_a_broken_part_gives_a_reference_and_no_details(owner, importer, caplog):
    import_id = run(owner, importer)
    importer.session.execute(text("ALTER TABLE contact_imports RENAME TO gone"))
    importer.session.commit()
    for path in ("", "/columns", "/report", "/rows", "/report.csv", "/progress/fragment"):
        answer = owner.client.get(f"/imports/{import_id}{path}")
        assert answer.status_code == 500
        reference = re.search(
            r"Reference for the administrator: <code>(\w{8})</code>", answer.text
        )[1]
        assert any(reference in record.message for record in caplog.records)
        assert not re.search(r"Traceback|psycopg|relation|SELECT", answer.text)
    problem = owner.client.get(f"/api/imports/{import_id}")
    assert (problem.status_code, len(problem.json["reference"])) == (500, 8)


def test_the_database_is_away(make_app, owner):
    client = make_app(database_url="postgresql://postgres@/none?host=/nowhere").test_client()
    client.set_cookie("rowcall", owner.client.get_cookie("rowcall").value)
    for path in ("/sign-in", "/imports", "/imports/new", "/contacts", "/account"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert int(answer.headers["Retry-After"]) > 0
        assert "Nothing is lost" in answer.text
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_a_form_that_waited_an_hour_is_taken(owner, settings, monkeypatch):
    import_id = bring(owner)
    owner.get(f"/imports/{import_id}/columns")
    with owner.client.session_transaction() as kept, monkeypatch.context() as clock:
        clock.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) - 61 * 60)
        token = URLSafeTimedSerializer(settings.secret_key, salt="wtf-csrf-token").dumps(
            kept["csrf_token"]
        )
    answer = owner.client.post(
        f"/imports/{import_id}/columns", data={**MAPPING, "csrf_token": token}
    )
    assert answer.location.endswith("/checking")


def test_a_form_from_before_a_sign_out_loses_nothing(owner, importer):
    import_id = bring(owner)
    page = f"/imports/{import_id}/columns"
    token = Page(owner.get(page).text).tokens[0]
    owner.post("/sign-out", {}, at="/account")
    form = {**MAPPING, "csrf_token": token}
    answer = owner.client.post(page, data=form, headers={"Referer": f"http://localhost{page}"})
    assert answer.status_code == 400
    assert f'href="{page}"' in answer.text
    for elsewhere in (
        f"http://evil.example{page}",
        "http://localhost/account/tokens",
        "http://localhost/nowhere",
    ):
        answer = owner.client.post(page, data=form, headers={"Referer": elsewhere})
        assert 'href="/imports">Reload' in answer.text
    fragment = owner.client.post(page, data=form, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Refresh"] == "true"
    again = owner.client.get(page)
    assert again.location.startswith("/sign-in?next=")
    assert importer.session.get_one(ContactImport, import_id).state == "uploaded"
    sign_in = {"email": "owner@example.com", "password": PASSWORD}
    answer = owner.post("/sign-in", sign_in, at="/sign-in", query_string={"next": page})
    assert answer.location == page
    check(owner, importer, import_id)
    owner.get(f"/imports/{import_id}/review")


def test_words_of_a_file_stay_words(owner, importer):
    """Header, cells and the file's name, on every page that shows them, and in the preview's
    fragment.
    """
    data = f"ID,Email,First name,{NASTY}\n1,a@example.com,{NASTY},{NASTY}\n2,{NASTY},Ben,x\n".encode()
    answer = owner.post(
        "/imports/new", {"file": (io.BytesIO(data), f"{NASTY}.csv")}, at="/imports/new"
    )
    import_id = answer.location.split("/")[2]
    check(owner, importer, import_id)
    shown = [
        owner.get(f"/imports/{import_id}/{path}").text
        for path in ("columns", "review", "preview", "problems")
    ]
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)
    shown += [
        owner.get(f"/imports/{import_id}/{path}").text
        for path in ("report", "rows", "rollback")
    ]
    shown += [owner.get(path).text for path in ("/imports", "/contacts", "/contacts/1")]
    for page in shown:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert ">49<" not in page
    assert sum("{{7*7}}" in page for page in shown) >= 8


def test_a_files_name_is_one_line_of_a_mail(importer, settings):
    done = importer.run("Email\na@example.com\n")
    done.filename, done.notification_email = (
        "a\r\nBcc: everybody@example.com\r\n\r\nb.csv",
        "ann@example.com\r\nCc: x",
    )
    message = mail.compose(settings, importer.session, done)
    assert not {"Cc", "Bcc"} & set(message.keys())
    assert "Bcc: everybody@example.com" in message["Subject"]
