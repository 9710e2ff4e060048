"""Odd input: what cannot be kept is refused before any view, with a sentence, and nothing is
stored.
"""

import io
from itertools import product
from urllib.parse import quote

import pytest
from markupsafe import escape
from sqlalchemy import text

from tests.harness.web import HASHED, Page
from tests.web.test_pages import bring, check, run
from webapp.models import ApiToken, ContactImport, MappingTemplate, User
from webapp.reading import encodings, readers
from webapp.reports import mail
from webapp.web import forms
from webapp.web.accounts import add_token

HUGE = (
    str(2**63),
    str(2**64),
    "9" * 30,
    "9" * 5000,
    "-1",
    "1e3",
    "²",
    "٣",
    "1_0",
    "+1",
    "0x1",
)
NUMBERS = (
    *(
        "/imports?page={}",
        "/imports?who={}",
        "/contacts?after={}",
        "{own}/problems?after={}",
        "{own}/conflicts?after={}",
        "{own}/rows?after={}",
    ),
    *("{own}/rows?row={}", "{own}/columns?saved={}", "{own}/reading?header_row={}"),
)


@pytest.fixture
def ready(owner, importer):
    import_id = bring(owner)
    check(owner, importer, import_id)
    return import_id


def test_numbers_in_addresses(owner, ready):
    for number, address in product(HUGE, NUMBERS):
        path = address.replace("{own}", f"/imports/{ready}").format(quote(number))
        answer = owner.client.get(path)
        assert answer.status_code == 422, path
        told = ("whole number", "as a number", "first page of the list", "on one line")
        assert any(words in answer.text for words in told), path
    for number in HUGE:
        assert owner.client.get(f"/contacts/{quote(number)}").status_code == 404
        assert owner.client.post(f"/imports/{ready}/problems/{quote(number)}").status_code in {
            400,
            404,
        }
        path = f"/imports/{ready}/conflicts/{quote(number)}"
        assert owner.client.post(path).status_code in {400, 404}


def test_numbers_in_forms(owner, ready, importer):
    at = f"/imports/{ready}/review"
    for number in HUGE:
        form = {"duplicate_strategy": "skip", "batch_size": number}
        answer = owner.post(f"/imports/{ready}/execute", form, at=at, status=422)
        assert "Use a batch size from 1 to 1000, or auto." in answer.text
        owner.get(f"/imports/{ready}/columns?saved={quote(number)}", status=422)
        assert owner.client.get(f"/mappings/{quote(number)}").status_code == 404
        owner.post(f"/imports/{ready}/reading", {"header_row": number}, at=at, status=422)
    importer.session.expire_all()
    assert importer.session.query(ContactImport).one().state == "ready"


TEXTS = ("/imports?q={}", "/imports?{}=1", "/contacts?q={}", "/sign-in?next={}", "{own}/rows?q={}",
         "{own}/rows?code={}", "{own}/problems?code={}", "{own}/reading?sheet={}", "{own}/reading?encoding={}",
         "/setup/{}", "/static/{}", "/{}", "/contacts/{}")  # fmt: skip


def test_nul_and_halves_of_pairs_in_addresses(owner, ready):
    for odd, address in product(("%00", "a%00b", "%ED%A0%80", "%ED%BF%BF%00"), TEXTS):
        path = address.replace("{own}", f"/imports/{ready}").format(odd)
        answer = owner.client.get(path)
        assert answer.status_code < 500, path
        assert "%00" not in odd or answer.status_code in {404, 422}, (path, answer.status_code)


def test_nul_in_forms_is_refused_before_any_view(owner, sign_in, session):
    admin = sign_in("admin")
    for path in ("/account/tokens", "/account/users", "/imports/sample"):
        answer = admin.post(
            path, {"name": "a\0b", "email": "a\0b@example.com"}, at="/account", status=422
        )
        assert "characters that cannot be stored" in answer.text
    answer = admin.client.post(
        "/imports/new", data={"a\0": "x", "file": (io.BytesIO(b"a,b\n1,2\n"), "a.csv")}
    )
    assert answer.status_code == 422
    assert session.query(ApiToken).count() == session.query(ContactImport).count() == 0


def test_hosts_that_are_no_names(owner):
    hosts = ("a" * 300, f"a.{'b' * 64}", "..a", "a b", "[", "é")
    for host, path in product(
        hosts, ("/imports", "/nowhere", "/api/imports", "/sign-in", "/healthz")
    ):
        for method in ("GET", "POST"):
            answer = owner.client.open(
                path, method=method, headers={"Host": host.encode().decode("latin-1")}
            )
            assert answer.status_code in {200, 302, 400, 401, 404, 405}, (
                path,
                answer.status_code,
            )


def test_addresses_in_headers_that_cannot_be_read(owner, make_app, ready):
    secure = make_app(public_url="https://import.example.com").test_client()
    paths = ("/sign-in", "/imports", f"/imports/{ready}/execute")
    for name, client, path in product(("Referer", "Origin"), (owner.client, secure), paths):
        answer = client.post(
            path, headers={name: "http://["}, base_url="https://import.example.com"
        )
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://["}
    assert owner.client.get(f"/imports/{ready}/live", headers=upgrade).status_code == 400


def test_utf_7_with_half_a_pair_is_damage_and_no_failure(owner, session):
    """Python's decoder lets halves of a pair through, which nothing can store."""
    data = b"Email,Name\na@example.com,+2AA-\nb@example.com,+AOk-\n"
    import_id = bring(owner, data)
    page = f"/imports/{import_id}/reading"
    assert owner.get(f"{page}?encoding=utf_7").status_code == 200
    owner.post(page, {"encoding": "utf_7"}, at="/account")
    kept = session.get_one(ContactImport, import_id)
    assert (kept.encoding, kept.sample) == (
        "utf-7",
        [["a@example.com", "\ufffd"], ["b@example.com", "é"]],
    )
    found = list(readers.records(readers.BytesSource(data), readers.inspect(
        readers.BytesSource(data), "a.csv", encoding="utf-7").dialect))  # fmt: skip
    assert [record.problem for record in found] == ["undecodable", None]


def test_encodings_are_those_on_the_list(owner, ready):
    for odd in (
        "rot13",
        "charmap",
        "undefined",
        "x" * 5000,
        "..",
        "aliases",
        "utf_8\u00b2",
        "base64",
        "mbcs",
    ):
        answer = owner.client.get(f"/imports/{ready}/reading?encoding={quote(odd)}")
        assert answer.status_code in {200, 422}
        assert "is not an encoding" in answer.text or "Choose an encoding" in answer.text, odd
    for offered in (
        *encodings.FAMILIAR,
        *encodings.OTHERS,
        "utf-8-sig",
        "latin-1",
        "ISO-8859-1",
        "UTF8",
    ):
        assert encodings.known(offered)


def test_python_keeps_no_names_that_strangers_made_up(owner, ready):
    import encodings as codecs_  # noqa: PLC0415

    before = len(codecs_._cache)
    for number in range(50):
        owner.client.get(f"/imports/{ready}/reading?encoding=made-up-{number}")
    assert len(codecs_._cache) <= before + 1


# The page and the API take the same command.


ADDRESSES = ("none", "a@x", "a@example.com,b@example.com", "a@example.com, b@example.com,c@example.com",
             "a@example.com\nBcc: b@example.com", "@", f"a@{'b' * 300}.com")  # fmt: skip


@pytest.fixture
def token(app, people):
    """The headers of a program with the owner's token."""
    with app.app_context():
        return {"Authorization": f"Bearer {add_token(people['owner'], 'test')}"}


# Field of the command → what neither takes, as a page sends it and as a program does.
REFUSED = {
    "mapping": ({"column-0": "is_admin"}, ["is_admin", "email", None, None]),
    "default_country": ({"default_country": "XX"}, "XX"),
    "match_keys": ({"match_keys": "id"}, ["id"]),
    "clear_token": ({"clear_token": "x" * 101}, "x" * 101),
    "date_order": ({"date_order": "ymd"}, "ymd"),
    "blank_words": ({"more_words": "x" * 101}, ["x" * 101]),
    "constants": (
        {"constant_field": "email", "constant_name": "", "constant_value": "a@example.com"},
        {"email": "a@example.com"},
    ),
    "tag": ({"tag": "x" * 2001}, "x" * 2001),
    "rules": ({"rule-1": "never"}, {"email": "never"}),
    "duplicate_strategy": ({"duplicate_strategy": "replace"}, "replace"),
    "batch_size": ({"batch_size": "1001"}, 1001),
    "notification_email": ({"notification_email": "a@x"}, "a@x"),
}
# Part of the address, boxes that are ticked or not, and what the page says by a column's target.
NOT_TYPED = {
    *("import_id", "skip_errors", "drop_bad_cells", "keep_words", "name_order"),
    *("create_new", "hold_other_names"),
}


def test_a_page_refuses_what_the_api_refuses(owner, ready, importer, token):
    """Field by field of each command, so that a new field comes with what it refuses."""
    commands = (
        ("PUT", "mapping", "columns", forms.MappingRequest, {"mapping": [None, "email", None, None]},
         {"column-1": "email"}),
        ("POST", "execute", "execute", forms.ExecuteRequest, {"import_id": ready, "duplicate_strategy": "skip"},
         {"duplicate_strategy": "skip"}),
    )  # fmt: skip
    for method, path, page, model, body, form in commands:
        for field in model.model_fields.keys() - NOT_TYPED:
            typed, sent = REFUSED[field]
            address = f"/api/imports/{ready}/{path}"
            refused = owner.client.open(
                address, method=method, json={**body, field: sent}, headers=token
            )
            pointer = refused.json["errors"][0]["pointer"]
            assert (refused.status_code, pointer.split("/")[1]) == (422, field)
            owner.post(
                f"/imports/{ready}/{page}",
                {**form, **typed},
                at=f"/imports/{ready}/review",
                status=422,
            )
    importer.session.expire_all()
    assert importer.session.query(ContactImport).one().state == "ready"


def test_a_notice_goes_to_one_address(owner, ready, importer, token):
    for address in ADDRESSES:
        form = {"duplicate_strategy": "skip", "notification_email": address}
        answer = owner.post(
            f"/imports/{ready}/execute", form, at=f"/imports/{ready}/review", status=422
        )
        assert "Enter one e-mail address, as in name@example.com." in answer.text
        body = {"import_id": ready, **form}
        refused = owner.client.post(f"/api/imports/{ready}/execute", json=body, headers=token)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (
            422,
            "/notification_email",
        )
    importer.session.expire_all()
    kept = importer.session.query(ContactImport).one()
    assert (kept.state, kept.notification_email) == ("ready", None)


def test_the_links_of_a_notice_lead_to_the_web_process(
    make_app, sign_in, importer, settings, token
):
    """A worker that is started beside it has a port of its own, and need not know the public
    address.
    """
    web = make_app(port=8123)
    owner = sign_in("owner", web)
    worker = settings.model_copy(update={"port": 9999})
    for by_page in (True, False):
        import_id = bring(owner)
        check(owner, importer, import_id)
        form = {"duplicate_strategy": "skip", "notification_email": "a@example.com"}
        if by_page:
            owner.post(
                f"/imports/{import_id}/execute", form, at=f"/imports/{import_id}/review"
            )
        else:
            headers = {**token, "Accept": "application/json"}
            body = {"import_id": import_id, **form}
            answer = owner.client.post(
                f"/api/imports/{import_id}/execute", json=body, headers=headers
            )
            assert answer.status_code == 202
        notice = mail.compose(worker, importer.session, importer.work(import_id))
        words = notice.get_body(("plain",)).get_content()
        assert f"http://127.0.0.1:8123/imports/{import_id}/report" in words
        assert "9999" not in words


def test_the_public_address_goes_before_the_port(settings):
    assert (
        settings.model_copy(update={"public_url": "https://x.example/rc/"}).site_url
        == "https://x.example/rc"
    )


def test_a_clear_token_is_short_and_in_one_line(owner, ready, importer, token):
    for clear_token in ("x" * 5000, "x" * 101, "a\nb", "a\r\nb"):
        form = {"column-1": "email", "clear_token": clear_token}
        answer = owner.post(
            f"/imports/{ready}/columns", form, at=f"/imports/{ready}/columns", status=422
        )
        assert (
            "Use at most 100 characters, on one line, for the word that clears a field."
            in answer.text
        )
        body = {"mapping": [None, "email", None, None], "clear_token": clear_token}
        refused = owner.client.put(f"/api/imports/{ready}/mapping", json=body, headers=token)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (
            422,
            "/clear_token",
        )
    importer.session.expire_all()
    kept = importer.session.query(ContactImport).one()
    assert (kept.state, kept.clear_token) == ("ready", None)


LONG = "x" * 100_000


def test_names_that_are_too_long_are_refused_and_not_cut(owner, sign_in, ready, session):
    admin = sign_in("admin")
    for name in (LONG, "x" * 201, "a\nb"):
        form = {
            "email": "new@example.com",
            "password": "long enough, this one",
            "role": "viewer",
            "name": name,
        }
        assert (
            "on one line" in admin.post("/account/users", form, at="/account", status=422).text
        )
        assert (
            "on one line"
            in admin.post("/account/tokens", {"name": name}, at="/account", status=422).text
        )
        saved = {"column-1": "email", "save_as": name}
        assert (
            "on one line"
            in owner.post(f"/imports/{ready}/columns", saved, at="/account", status=422).text
        )
    session.expire_all()
    assert session.query(ApiToken).count() == 0
    assert session.query(User).filter_by(email="new@example.com").count() == 0
    assert session.query(ContactImport).one().state == "ready"
    for path in ("/imports?q=", "/contacts?q=", f"/imports/{ready}/rows?q="):
        assert owner.client.get(f"{path}{'x' * 201}").status_code == 422


# What a field can hold, it holds as it was typed.
TYPED = (
    "Ünï \u202eleft\u202c الاسم",
    "<b>&amp;\"'",
    "a\u200fb",
    "😀 %00 \\x00 \ufffd",
    "O'Hara; --",
)


def test_text_is_kept_and_shown_as_it_was_typed(owner, sign_in, importer):
    admin, session = sign_in("admin"), importer.session
    for number, typed in enumerate(TYPED):
        import_id = bring(owner)
        form = {
            "email": f"new{number}@example.com",
            "password": "long enough, this one",
            "role": "viewer",
        }
        admin.post("/account/users", {**form, "name": typed}, at="/account")
        admin.post("/account/tokens", {"name": typed}, at="/account", status=200)
        for page in ("/account", "/people"):
            assert str(escape(typed)) in admin.get(page).text
        columns = {"column-1": "email", "clear_token": typed, "save_as": typed}
        owner.post(f"/imports/{import_id}/columns", columns, at="/account")
        assert session.query(User).filter_by(email=form["email"]).one().name == typed
        assert session.query(ApiToken).filter_by(name=typed).count() == 1
        assert session.get_one(ContactImport, import_id).clear_token == typed
        assert session.query(MappingTemplate).filter_by(name=typed).count() == 1


def test_lines_of_a_cell_are_kept_when_it_is_corrected(owner, importer, session):
    """An input of one line would join them, and browsers send CR LF where the file had LF."""
    data = b'Email,Notes\nnobody,"one\ntwo"\n'
    import_id = bring(owner, data)
    check(owner, importer, import_id)
    page = owner.get(f"/imports/{import_id}/problems").text
    path = f"/imports/{import_id}/problems/2"
    owner.post(
        path,
        {"cell-0": "a@example.com", "cell-1": "one\r\ntwo"},
        at=f"/imports/{import_id}/problems",
    )
    kept = "SELECT cells FROM contact_import_corrections"
    assert session.scalar(text(kept)) == {
        "0": "a@example.com"
    }  # what was left alone is no correction
    owner.post(
        path,
        {"cell-0": "a@example.com", "cell-1": "one\r\n2"},
        at=f"/imports/{import_id}/problems",
    )
    session.rollback()
    assert session.scalar(text(kept)) == {"0": "a@example.com", "1": "one\n2"}
    assert page


def test_a_cell_has_a_longest_text(owner, importer, session, ready):
    path = f"/imports/{ready}/problems/3"
    answer = owner.post(path, {"cell-1": "x" * 131_073}, at="/account", status=422)
    assert "A cell can hold at most 131,072 characters" in answer.text
    owner.post(path, {f"cell-{'9' * 5000}": "x"}, at="/account", status=400)
    assert session.scalar(text("SELECT count(*) FROM contact_import_corrections")) == 0


# A database that is away changes no answer that needs none.


def test_errors_stay_what_they_are_while_the_database_is_away(make_app, owner):
    away = make_app(database_url="postgresql://postgres@/none?host=/nowhere")
    client = away.test_client()
    client.set_cookie("rowcall", owner.client.get_cookie("rowcall").value)
    assert client.get("/nowhere").status_code == 404
    assert "Page not found" in client.get("/nowhere").text
    assert client.get("/sign-out").status_code == 405
    assert client.get("/imports?page=x").status_code in {422, 503}
    # Who sends much has to be known before it is read; a browser that is signed in may be known
    # again in a moment.
    assert client.post("/sign-in", data={"x": LONG * 6}).status_code == 503
    assert away.test_client().post("/sign-in", data={"x": LONG * 6}).status_code == 413
    assert client.post("/imports/sample").status_code == 400
    assert "This page has expired" in client.post("/imports/sample").text
    token = {"Authorization": "Bearer x"}
    assert client.get("/api/nowhere", headers=token).status_code == 404
    assert client.delete("/api/contacts", headers=token).status_code == 405


def test_signed_in_errors_look_like_ours(owner, people, importer):
    run(owner, importer)
    page = owner.client.get("/nowhere")
    assert page.status_code == 404
    assert "Owner" in page.text
    assert Page(page.text).title.strip()
    assert HASHED not in page.text
