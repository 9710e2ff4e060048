"""Every field of every form and every parameter of every page, with what nobody should send.

The pages of a prepared installation are crawled as its administrator. What they ask for is noted as
they ask: each name that a view takes from its address or its form is fuzzed, in every form and link
of the crawl that leads to the view. An address of the URL map that the crawl does not reach fails
the test, so a new page comes with what leads to it.

Each request happens in a transaction of its own that is rolled back at the end, on the one
connection that the app is given for the time: the next one meets the same installation.
"""

import io
import re
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import pytest
from flask_sqlalchemy.session import Session as FlaskSession
from limits import RateLimitItemPerMinute
from sqlalchemy import select, text
from werkzeug.datastructures import ImmutableMultiDict

from tests.harness.web import Page
from tests.web.test_pages import bring, check, run
from webapp import jobs
from webapp.models import Base, Contact
from webapp.web import accounts, attempts
from webapp.web.extensions import db, limiter

pytestmark = pytest.mark.timeout(1500)  # some minutes of work, and machines are busy
LONG = "x" * 100_000
VALUES = {
    "NUL": "a%00b",
    "half a pair": "a%ED%A0%80b",
    "both halves": "%ED%A0%BD%ED%B8%80",
    "no UTF-8": "%FF%FE",
    "2^63": str(2**63),
    "many digits": "9" * 5000,
    "negative": "-1",
    "superscript": quote("²"),
    "other digits": quote("٣"),
    "100 kB": LONG,
    "right to left": quote("\u202eabc\u200f\u202c"),
    "CR LF": "a%0D%0Ab",
    "CR": "%0D",
    "blank": "",
    "markup": quote("<b>'\"&%s{{7*7}}"),
}
# Sockets and files are no pages; the first account has a test of its own below.
# `corrections.news` and `duplicates.search` are asked by the scripts of their pages; a search is
# cancelled only while there is one, in place of the button that begins it.
NO_PAGES = {
    "corrections.news",
    "duplicates.cancel",
    "duplicates.search",
    "static",
    "live.live",
    "account.setup",
    "health.alive",
    "health.ready",
}
AT_MOST = 1200  # seconds on a busy machine; a quiet one takes a quarter of that


class Asked(ImmutableMultiDict):
    """The parameters or fields of a request, which note by name what a view asks for."""

    names: ClassVar[defaultdict[tuple[str, str], set[str]]] = defaultdict(set)
    note = None  # (endpoint, "args" or "form") while a request runs

    def _asked(self, name) -> None:
        if self.note and isinstance(name, str):
            self.names[self.note].add(name)

    def __getitem__(self, key):
        self._asked(key)
        return super().__getitem__(key)

    def __contains__(self, key) -> bool:
        self._asked(key)
        return super().__contains__(key)

    def get(self, key, default=None, type=None):  # noqa: A002 - as Werkzeug calls it
        self._asked(key)
        return super().get(key, default, type)

    def getlist(self, key, type=None):  # noqa: A002 - as Werkzeug calls it
        self._asked(key)
        return super().getlist(key, type)


class Crawled(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[dict] = []
        self.by_id: dict[str, dict] = {}
        self.loose: list[
            tuple[str, str, str]
        ] = []  # (form's id, name, value) of fields outside their form
        self.inside: dict | None = None
        self.select: dict | None = None
        self.feed(words)
        for form, name, value in self.loose:
            self.by_id[form]["fields"].setdefault(name, value)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found[name] for name in ("href", "hx-get") if found.get(name)]
        if tag == "form":
            self.inside = {"method": (found.get("method") or "get").upper(), "action": found.get("action"),
                           "enctype": found.get("enctype", ""), "fields": {}, "files": set()}  # fmt: skip
            self.forms.append(self.inside)
            if "id" in found:
                self.by_id[found["id"]] = self.inside
        elif tag in {"input", "textarea", "button", "select"} and found.get("name"):
            self._field(tag, found)
        if tag == "button" and "formaction" in found and self.inside is not None:
            method = found.get("formmethod", self.inside["method"]).upper()
            self.forms.append({**self.inside, "action": found["formaction"], "method": method})
        elif (
            tag == "option"
            and self.select is not None
            and ("selected" in found or self.select["value"] is None)
        ):
            self.select["value"] = found.get("value", "")
            self._keep(self.select["form"], self.select["name"], found.get("value", ""))

    def _field(self, tag, found) -> None:
        name, value = found["name"], found.get("value", "")
        if tag == "select":
            self.select = {"name": name, "form": found.get("form"), "value": None}
        elif found.get("type") == "file":
            self.inside["files"].add(name)
        elif found.get("type") not in {"checkbox", "radio"} or "checked" in found:
            self._keep(found.get("form"), name, value)

    def _keep(self, form, name, value) -> None:
        if form:
            self.loose.append((form, name, value))
        elif self.inside is not None:
            self.inside["fields"][name] = value

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = None
        if tag == "select":
            self.select = None


@pytest.fixture
def prepared(app, sign_in, importer, people, monkeypatch):
    """An administrator's browser, in an installation with an import in every state that has a
    page of its own.
    """
    monkeypatch.setattr(limiter, "enabled", False)
    monkeypatch.setattr(attempts, "FAILURES", RateLimitItemPerMinute(10**9, namespace="fuzz"))
    admin, session = sign_in("admin"), importer.session

    def end(*statements: str, **values) -> None:
        for statement in statements:
            session.execute(text(statement), values)
        session.commit()

    admin.post("/imports/sample", {}, at="/imports")  # uploaded
    undone = run(admin, importer, b"ID,Email\n1,ann@example.com\n2,ben@example.com\n")
    ann, ben = session.scalars(select(Contact.id).order_by(Contact.id))
    admin.post(
        f"/contacts/{ann}", {"version": "1", "company": "Acme"}, at=f"/contacts/{ann}"
    )  # which an undo keeps
    admin.post(f"/contacts/{ben}/delete", {"version": "1"}, at=f"/contacts/{ben}")
    admin.post("/contacts/views?tag=fair", {"name": "Of the fair"}, at="/contacts")
    admin.post(f"/imports/{undone}/rollback", {}, at="/imports")
    importer.work(undone)
    failed = run(admin, importer)
    end(
        "UPDATE contact_imports SET failed = 1 WHERE id = :id",
        "INSERT INTO contact_import_results (import_id, row, outcome, code) VALUES (:id, 99, 'failed', 'constraint')",
        "INSERT INTO contact_import_documents (import_id, kind, state, made_at)"
        " VALUES (:id, 'pdf', 'failed', now() + interval '1 hour')",  # A failure is soon no answer any more.
        id=failed,
    )
    queued = bring(admin)
    check(admin, importer, queued)
    admin.post(f"/imports/{queued}/execute", {"duplicate_strategy": "update"}, at="/imports")
    checking = bring(admin)
    admin.post(
        f"/imports/{checking}/columns",
        {"column-1": "email", "save_as": "A mapping"},
        at="/imports",
    )
    # Ready, with a row left out, and dates of which the day may be the month.
    ready = bring(admin)
    check(admin, importer, ready)
    admin.post(f"/imports/{ready}/problems/3/leave", {}, at="/imports")
    importer.work(ready)
    admin.sheets = admin.post(
        "/imports/new", {"file": (io.BytesIO(_two_tables()), "people.zip")}, at="/imports/new"
    ).location
    run(admin, importer, b"ID,Email\n55,zoe@example.com\n")  # a row that can be undone
    other = bring(
        admin,
        b"ID,Email,Birthday\n1,nobody,03/04/1990\n2,b@example.com,05/06/1991\n3,c@example.com,N/A\n4,none,\n",
    )
    check(admin, importer, other)
    admin.post(f"/imports/{other}/problems/5/leave", {}, at="/imports")  # which can be undone
    importer.work(other)
    # Three contacts of which each two may be one person.
    end(
        "INSERT INTO contacts (first_name) VALUES ('Ann'), ('Anna'), ('Anne')",
        "INSERT INTO duplicate_pairs (contact_id, other_id, score, evidence, version, other_version)"
        " SELECT a.id, b.id, 9, '{same_given}', a.version, b.version"
        " FROM contacts a JOIN contacts b ON b.id > a.id AND b.first_name LIKE 'Ann%'"
        " WHERE a.first_name LIKE 'Ann%'",
    )
    one, another = session.scalars(
        text("SELECT id FROM contacts WHERE first_name LIKE 'Ann%' ORDER BY id LIMIT 2")
    )
    admin.merge = f"/contacts/{one}/merge?other={another}"
    # Two new rows that look like one of them, the second one answered.
    end(
        "INSERT INTO contact_import_possible_matches (import_id, row, contact_id, score, evidence)"
        " VALUES (:id, 2, :ann, 9, '{same_given}'), (:id, 4, :ann, 8, '{same_given}')",
        id=ready,
        ann=one,
    )
    alike = f"/imports/{ready}/possible-matches"
    admin.post(f"{alike}/4", {"choice": "new"}, at=alike)
    importer.work(ready)
    # A change of many contacts that is done, and one under way.
    for tags in ("fair", "vip"):
        jobs.act_on_contacts()
        asked = {"kind": "tag", "ids": str(ann), "tags": tags}
        admin.post("/contacts/acts", asked, at="/contacts/changes")
    # Two rows in conflict, of which one is settled.
    disputed = bring(admin, b"ID,Email\n98,ann@example.com\n99,ann@example.com\n")
    check(admin, importer, disputed)
    at = f"/imports/{disputed}/conflicts"
    admin.post(f"{at}/2", {"choice": "leave_out"}, at=at)
    waits = bring(admin)
    check(admin, importer, waits)
    end(
        "UPDATE contact_imports SET state = 'awaiting_approval', duplicate_strategy = 'update',"
        " approval = jsonb_build_object('by', CAST(:owner AS bigint), 'at', now(),"
        " 'reason', 'large_change', 'plan', (SELECT plan_digest FROM contact_import_previews"
        " WHERE import_id = :id AND strategy = 'update')) WHERE id = :id",
        owner=people["owner"],
        id=waits,
    )
    admin.post("/account/tokens", {"name": "A token"}, at="/account", status=200)
    return admin


def _two_tables() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for name in ("members.csv", "guests.csv"):
            made.writestr(name, "ID,Email\n1,a@example.com\n")

    return archive.getvalue()


@contextmanager
def one_connection(app) -> Iterator:
    """Have the app do everything on one connection, for the block; `forget()` undoes what was
    done on it.
    """
    with app.app_context():
        connection = db.engine.connect()
    transaction = connection.begin()
    get_bind = FlaskSession.get_bind
    options = db.session.session_factory.kw
    options["join_transaction_mode"] = "create_savepoint"
    FlaskSession.get_bind = lambda *_given, **_named: connection

    def forget() -> None:
        nonlocal transaction
        transaction.rollback()
        transaction = connection.begin()

    try:
        yield connection, forget
    finally:
        FlaskSession.get_bind = get_bind
        del options["join_transaction_mode"]
        transaction.rollback()
        connection.close()


def everything(connection) -> str:
    """A digest of all tables."""
    asked = [
        f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t)"
        for name in Base.metadata.tables
    ]
    return connection.execute(text(f"SELECT concat_ws('/', {', '.join(asked)})")).scalar()


class Fuzz:
    """A crawl, and what it found: forms and links by the view that they lead to."""

    def __init__(self, app, client, monkeypatch, start: str) -> None:
        self.client = client
        self.urls = app.url_map.bind("localhost")
        self.links: dict[str, str] = {}  # endpoint → an address with its query
        self.forms: dict[str, list[dict]] = defaultdict(
            list
        )  # endpoint → forms, each with other names
        self.reached: set[tuple[str, str]] = set()
        self.sent = 0
        self.token = Page(self.client.get(start).text).tokens[0]
        self.cookie = self.client.get_cookie("rowcall").value
        monkeypatch.setattr(app.request_class, "parameter_storage_class", Asked)

    def endpoint(self, path: str, method: str = "GET") -> str:
        return self.urls.match(urlsplit(path).path, method=method)[0]

    def get(self, address: str, status: tuple[int, ...] = ()):
        self._note(address, "GET", "args")
        self.sent += 1
        self.client.set_cookie("rowcall", self.cookie)
        answer = self.client.get(address, buffered=True)
        assert answer.status_code < 500 or answer.status_code in status, (
            address[:300],
            answer.status_code,
        )
        return answer

    def _note(self, path: str, method: str, where: str) -> None:
        Asked.note = (self.endpoint(path, method), where)

    def crawl(self, start: tuple[str, ...]) -> None:
        waiting, seen = list(start), set()
        while waiting:
            address = waiting.pop(0).partition("#")[0]
            parts = urlsplit(address)
            kind = self._kind(address)
            if parts.netloc or not parts.path.startswith("/") or kind in seen:
                continue
            seen.add(kind)
            endpoint = self.endpoint(address)
            if endpoint in NO_PAGES or endpoint.startswith("api."):
                continue
            answer = self.get(address)
            self.reached.add(("GET", endpoint))
            if parts.query or endpoint not in self.links:
                self.links[endpoint] = address
            if answer.status_code in {301, 302}:
                waiting.append(answer.location)
            elif answer.mimetype == "text/html":
                waiting += self._read(address, answer.text)

    @staticmethod
    def _kind(address: str) -> str:
        """The address, with numbers of rows and names of parameters only: a hundred rows are
        read once.
        """
        parts = urlsplit(address)
        names = "&".join(
            sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
        )
        return f"{re.sub(r'/[0-9]+(?=/|$)', '/1', parts.path)}?{names}"

    def _read(self, address: str, words: str) -> list[str]:
        page = Crawled(words)
        for form in page.forms:
            action = urljoin(address, form["action"] or urlsplit(address).path)
            form = {**form, "action": action}  # noqa: PLW2901
            endpoint = self.endpoint(action, form["method"])
            self.reached.add((form["method"], endpoint))
            known = self.forms[endpoint]
            names = set(form["fields"]) | form["files"]
            if not any(names <= other["names"] for other in known):
                known.append({**form, "names": names})
            if form["method"] == "GET":
                query = "&".join(
                    f"{name}={quote(value)}" for name, value in form["fields"].items()
                )
                page.links.append(f"{action.partition('?')[0]}?{query}")
        return [urljoin(address, link) for link in page.links]

    def post(self, form: dict, name: str, value: str):
        """Send the form with this percent-encoded value in one field; a file's field gets it
        as the file's name.
        """
        fields = {key: quote(text_) for key, text_ in form["fields"].items()} | {name: value}
        if name != "csrf_token":
            fields["csrf_token"] = self.token
        self.client.set_cookie(
            "rowcall", self.cookie
        )  # An answer before this one may have changed it.
        self._note(form["action"], "POST", "form")
        self.sent += 1
        if form["files"]:
            return self._upload(form, fields)
        body = "&".join(f"{quote(key)}={text_}" for key, text_ in fields.items())
        kind = "application/x-www-form-urlencoded"
        return self.client.post(form["action"], data=body, content_type=kind, buffered=True)

    def _upload(self, form: dict, fields: dict[str, str]):
        from urllib.parse import unquote_to_bytes  # noqa: PLC0415

        parts = []
        for key, value in fields.items():
            plain = unquote_to_bytes(value)
            more = b""
            if key in form["files"]:
                more, plain = (
                    b'; filename="' + plain.replace(b'"', b"%22") + b'.csv"',
                    b"Email\na@example.com\n",
                )
            head = b'Content-Disposition: form-data; name="' + key.encode() + b'"' + more
            parts.append(b"--x\r\n" + head + b"\r\n\r\n" + plain + b"\r\n")
        body = b"".join(parts) + b"--x--\r\n"
        kind = "multipart/form-data; boundary=x"
        return self.client.post(form["action"], data=body, content_type=kind, buffered=True)


def test_every_field_and_parameter_of_every_page(app, prepared, monkeypatch):
    Asked.names.clear()
    fuzz, began = Fuzz(app, prepared.client, monkeypatch, "/account"), time.monotonic()
    fuzz.crawl(
        ("/imports", "/contacts", "/account", "/styleguide", prepared.sheets, prepared.merge)
    )
    with one_connection(app) as (connection, forget):
        stranger = Fuzz(app, app.test_client(), monkeypatch, "/sign-in")
        stranger.crawl(("/sign-in?next=/imports",))
        _everything_was_reached(app, fuzz.reached | stranger.reached)
        _fuzz_addresses(fuzz, connection, forget)
        _fuzz_forms(fuzz, connection, forget)
        _fuzz_forms(stranger, connection, forget)
        _fuzz_addresses(stranger, connection, forget)
    Asked.note = None
    assert fuzz.sent > 1000
    assert time.monotonic() - began < AT_MOST


def _fuzz_forms(fuzz: Fuzz, connection, forget) -> None:
    """Each field that a page shows, or that a view asks for, one at a time."""
    before = everything(connection)  # and again after each request, which is undone
    for endpoint, forms in fuzz.forms.items():
        for form in forms:
            if form["method"] != "POST":
                continue
            fuzz.post(form, "unknown", "x")  # so that the view says what else it asks for
            forget()
            asked = Asked.names[endpoint, "form"] - {"csrf_token", "X-CSRFToken"}
            names = (form["names"] | asked) - (
                {"csrf_token"} if endpoint != "account.sign_out" else set()
            )
            for name in _one_of_a_kind(names):
                for what, value in VALUES.items():
                    answer = fuzz.post(form, name, value)
                    case = (form["action"], name, what, answer.status_code)
                    assert answer.status_code < 500, (*case, answer.text[:500])
                    assert endpoint == "account.sign_out" or not _is_sent_away(answer), case
                    if answer.status_code >= 400:
                        assert everything(connection) == before, case
                        assert (
                            answer.mimetype != "text/html" or Page(answer.text).title.strip()
                        ), case
                    if what == "NUL" and name not in form["files"]:
                        assert answer.status_code == 422, case
                    forget()


def _is_sent_away(answer) -> bool:
    """Whether somebody unknown asked: then no view has seen the form."""
    return "/sign-in" in answer.headers.get("Location", "")


def _one_of_a_kind(names: set[str]) -> list[str]:
    """The names in order, of those that differ by a number or belong to another field only the
    first.
    """
    kinds = {
        re.sub(r"[0-9]+", "0", re.sub(r"^mark:.*", "mark:", name)): name
        for name in sorted(names, reverse=True)
    }
    return sorted(kinds.values())


def _fuzz_addresses(fuzz: Fuzz, connection, forget) -> None:
    """Each parameter that a link or a form of a page has, or that a view asks for, one at a
    time.
    """
    for endpoint, address in fuzz.links.items():
        parts = urlsplit(address)
        names = {
            name for name, _ in parse_qsl(parts.query, keep_blank_values=True)
        } | Asked.names[endpoint, "args"]
        for name in sorted(names | {"unknown"}):
            for what, value in VALUES.items():
                answer = fuzz.get(f"{parts.path}?{quote(name)}={value}")
                assert what != "NUL" or answer.status_code in {302, 422}, (
                    endpoint,
                    name,
                    answer.status_code,
                )
                forget()


def _everything_was_reached(app, reached: set[tuple[str, str]]) -> None:
    """The pages that the crawl should have met."""
    wanted = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods & {"GET", "POST"}
        if not rule.endpoint.startswith("api.")
        and rule.endpoint not in NO_PAGES
        and not rule.websocket
    }
    assert wanted - reached == set(), "nothing on a page leads there: prepare what does"


def test_the_form_of_the_first_account(app, session, monkeypatch):
    monkeypatch.setattr(limiter, "enabled", False)
    with app.test_request_context():
        link = f"/setup/{accounts.setup_token()}"
    client = app.test_client()
    good = {"name": "Ann", "email": "ann@example.com", "password": "long enough, this one"}
    with one_connection(app) as (connection, forget):
        for name in (*good, "csrf_token", "unknown"):
            for what, value in VALUES.items():
                token = Page(client.get(link).text).tokens[0]
                fields = {
                    **{key: quote(text_) for key, text_ in good.items()},
                    "csrf_token": token,
                    name: value,
                }
                body = "&".join(f"{key}={text_}" for key, text_ in fields.items())
                before = everything(connection)
                answer = client.post(
                    link, data=body, content_type="application/x-www-form-urlencoded"
                )
                assert answer.status_code < 500, (name, what)
                if answer.status_code >= 400:
                    assert everything(connection) == before, (name, what)
                client.delete_cookie("rowcall")
                forget()
    assert session.execute(text("SELECT count(*) FROM users")).scalar() == 0
