"""Rowcall behind a real nginx with TLS, with the files of docs/deploy, also under a path."""

import http.client
import json
import re
import socket
import ssl
import time
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urlsplit

import pytest
import requests
from simple_websocket import Client

from tests.api.conftest import people_table
from tests.harness.gates import Gate
from tests.harness.house import House
from tests.harness.site import NAME, Site, Visitor
from tests.harness.web import PASSWORD
from webapp.limits import MEBIBYTE

pytestmark = pytest.mark.timeout(400)
PEOPLE = 300
ELSEWHERE = ("mailto:", "tel:")  # what a contact's own addresses open
MOST_PAGES = 60
PATIENCE = 90  # seconds; the machine may be busy
ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-ws:connect"}


def signed_in(site: Site, name: str = "owner") -> Visitor:
    visitor = site.visitor()
    form = {"email": f"{name}@example.com", "password": PASSWORD}
    answer = visitor.send_form("/sign-in", form)
    assert answer.status_code == 200
    assert answer.url == f"{site.url}/imports"
    return visitor


def until_at(visitor: Visitor, path: str, ending: str) -> requests.Response:
    """Reload the page until its address ends so."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = visitor.get(path)
        if (
            urlsplit(answer.url).path.endswith(ending)
            and 'id="strategies" hx-get' not in answer.text
        ):
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{path} never led to {ending}, but to {answer.url}")


def uploaded(visitor: Visitor, rows: int = PEOPLE) -> str:
    """An import whose columns are to be chosen; its id."""
    answer = visitor.send_form(
        "/imports/new", files={"file": ("people.csv", people_table(rows))}
    )
    assert answer.status_code == 200, answer.text
    found = re.fullmatch(
        f"{re.escape(visitor.site.url)}/imports/([0-9a-f-]{{36}})/columns", answer.url
    )
    assert found, answer.url
    return found[1]


def executed(visitor: Visitor, rows: int = PEOPLE) -> str:
    import_id = uploaded(visitor, rows)
    page = visitor.get(f"/imports/{import_id}/columns").text
    form = re.search(r'<form[^>]*action="[^"]*/columns".*?</form>', page, re.DOTALL)
    fields = Fields(form[0] if form else page).values
    visitor.post(f"/imports/{import_id}/columns", data=fields)
    review = until_at(visitor, f"/imports/{import_id}", "/review")
    answer = visitor.post(
        f"/imports/{import_id}/execute",
        data={**Fields(review.text).values, "strategy": "skip"},
    )
    assert answer.status_code == 200, answer.text
    return import_id


class Fields(HTMLParser):
    """What a page's form would send as it stands, and the addresses that the page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.addresses: list[str] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.addresses += [value for name, value in attrs if name in ADDRESSES and value]
        if tag == "select":
            self._select = found["name"]
        elif tag == "option" and "selected" in found:
            self.values.setdefault(self._select, []).append(found.get("value", ""))
        elif (
            tag == "input"
            and "name" in found
            and found.get("type") not in {"checkbox", "radio", "file", "submit"}
        ):
            self.values.setdefault(found["name"], []).append(found.get("value", ""))
        elif tag == "input" and "checked" in found:
            self.values.setdefault(found["name"], []).append(found.get("value", "on"))


PATHS = pytest.mark.parametrize("path", ["", "/rowcall"], ids=["root", "path"])


@PATHS
def test_the_whole_way_with_every_link_below_the_path(site, path):
    here = site(path)
    visitor = here.visitor()
    asked = visitor.get("/imports?q=ann&state=", allow_redirects=False)
    assert asked.headers["Location"].startswith(f"{path}/sign-in?next=")
    form = {"email": "owner@example.com", "password": PASSWORD}
    following = visitor.send_form(
        asked.headers["Location"].removeprefix(path), form, allow_redirects=False
    )
    assert following.status_code == 302, following.text
    assert following.headers["Location"].startswith(f"{path}/imports?q=ann")
    assert (
        visitor.get(f"https://{NAME}:{here.port}{following.headers['Location']}").status_code
        == 200
    )

    import_id = executed(visitor)
    until_at(visitor, f"/imports/{import_id}", "/report")
    seen = crawl(visitor, here)
    for page in (
        "/imports",
        "/contacts",
        "/account",
        f"/imports/{import_id}/report",
        "/api/docs",
    ):
        assert path + page in seen
    assert any("/static/app.css?v=" in address for address in seen)
    csv = visitor.get(f"/imports/{import_id}/report.csv")
    assert csv.text.count("\n") == PEOPLE + 1
    assert csv.headers["Content-Disposition"].startswith("attachment")


def crawl(visitor: Visitor, site: Site) -> set[str]:
    """Open every address that links lead to; each is ours, below the path, and answers."""
    waiting, seen = [f"{site.path}/"], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = visitor.get(f"https://{NAME}:{site.port}{address}", stream=True)
        assert answer.status_code in {200, 202}, (address, answer.status_code)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        if not answer.headers["Content-Type"].startswith("text/html"):
            answer.close()
            continue
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', answer.text):
            assert link.startswith((f"{site.path}/", "?", *ELSEWHERE)), (address, link)
        for found in Fields(answer.text).addresses:
            assert found.startswith((f"{site.path}/", "#", "?", *ELSEWHERE)), (address, found)
        # Pages of single rows are many and alike: a few of them will do.
        if len(seen) < MOST_PAGES:
            links = re.findall(r'(?:href|src)="(/[^"#]*)', answer.text)
            waiting += [link.replace("&amp;", "&") for link in links if "after=" not in link]
    return seen


@pytest.mark.parametrize(
    ("path", "name"), [("", "__Host-rowcall"), ("/rowcall", "__Secure-rowcall")]
)
def test_the_cookie_is_secure_and_of_the_path(site, path, name):
    here = site(path)
    cookie = here.visitor().get("/sign-in").headers["Set-Cookie"]
    parts = cookie.split("; ")
    assert parts[0].startswith(f"{name}=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path={path or '/'}"} <= {
        part.rstrip() for part in parts
    }
    visitor = signed_in(here)
    visitor.send_form("/sign-out", {}, at="/account")
    assert visitor.get("/imports", allow_redirects=False).status_code == 302


def test_plain_http_leads_to_tls(site):
    here = site()
    answer = requests.get(f"{here.plain_url}/imports?q=1", allow_redirects=False, timeout=20)
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{NAME}:{here.port}/imports?q=1"


def test_a_strangers_name_gets_neither_certificate_nor_answer(site):
    here = site()
    with (
        socket.create_connection(("127.0.0.1", here.port)) as plain,
        pytest.raises(ssl.SSLError),
    ):
        here.trust.wrap_socket(plain, server_hostname="evil.example")
    for address, more in ((here.url, {"verify": str(here.certificate)}), (here.plain_url, {})):
        with pytest.raises(requests.ConnectionError):
            requests.get(
                f"{address}/sign-in", headers={"Host": "evil.example"}, timeout=20, **more
            )
    # Past nginx, at the socket itself, Rowcall refuses the name too.
    assert ask_socket(here, "/sign-in", Host="evil.example") == 400
    assert ask_socket(here, "/healthz", Host="localhost") == 200


def ask_socket(site: Site, path: str, **headers: str) -> int:
    """The status of an answer at the unix socket that nginx passes requests to."""
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(site.folder / "run" / "web.sock"))
    connection.request("GET", path, headers=headers)
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    return answer.status


def test_each_address_has_a_limit_of_its_own_and_claims_none(site):
    here = site()

    def failures(source: str, claims: bool) -> list[int]:
        statuses = []
        visitor = here.visitor()
        visitor.mount("https://", FromAddress(source))
        for number in range(40):
            claimed = {"X-Forwarded-For": f"203.0.113.{number}"} if claims else {}
            form = {"email": f"n{number}@example.com", "password": "wrong, all along"}
            statuses.append(visitor.send_form("/sign-in", form, headers=claimed).status_code)
        return statuses

    assert 429 in failures("127.0.0.1", claims=True)
    assert failures("127.0.0.2", claims=False)[0] == 401


class FromAddress(requests.adapters.HTTPAdapter):
    """Connects from one of this machine's addresses."""

    def __init__(self, source: str) -> None:
        self.source = source
        super().__init__()

    def init_poolmanager(self, *args, **more) -> None:
        super().init_poolmanager(*args, source_address=(self.source, 0), **more)


@PATHS
def test_nginx_keeps_no_copy_of_an_upload(site, path, token_of):
    here = site(path)
    whole = people_table(1) + b"1,p1@example.com,Ada,Example,Acme,a,1\n" * 1_000_000
    opening = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    )
    body = opening + whole + b"\r\n--x--\r\n"
    headers = {
        "Authorization": f"Bearer {token_of('owner')}",
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(len(body)),
    }
    with Sending(here, f"{path}/api/imports", headers) as sending:
        sending.send(body[:-1000])
        assert here.spooled() == []
        sending.send(body[-1000:])
        status, text = sending.answer()
    assert status == 201, text
    assert json.loads(text)["state"] == "uploaded"
    assert sending.location == f"{path}/api/imports/{json.loads(text)['import_id']}"

    # The look would see a copy: any other form is kept until it is whole.
    form = b"a=" + b"b" * 400_000
    other = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(form)),
    }
    with Sending(here, f"{path}/sign-in", other) as sending:
        sending.send(form[:-1])
        end = time.monotonic() + PATIENCE
        while not here.spooled():
            assert time.monotonic() < end, "nginx kept no copy of a form"
            time.sleep(0.05)


class Sending:
    """A request over TLS that is sent piece by piece."""

    def __init__(self, site: Site, path: str, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPSConnection(
            NAME, site.port, timeout=60, context=site.trust
        )
        self.connection.putrequest("POST", path)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        self.location = None

    def send(self, part: bytes) -> None:
        self.connection.send(part)

    def answer(self) -> tuple[int, str]:
        with self.connection.getresponse() as answer:
            self.location = answer.headers["Location"]
            return answer.status, answer.read().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error) -> None:
        self.connection.close()


def test_a_file_that_is_too_large_is_told_by_rowcall_and_beyond_210_mb_by_nginx(
    site, token_of
):
    here = site(MAX_UPLOAD_MB="5")
    visitor = signed_in(here)
    large = b"Email\n" + b"ann@example.com\n" * (20 * MEBIBYTE // 16)
    answer = visitor.send_form("/imports/new", files={"file": ("people.csv", large)})
    assert answer.status_code == 413
    assert "The file is too large" in answer.text
    assert "<html" in answer.text

    headers = {
        "Authorization": f"Bearer {token_of('owner')}",
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(211 * MEBIBYTE),
    }
    with Sending(here, "/api/imports", headers) as sending:
        status, text = sending.answer()
    assert (status, text.split(".")[0]) == (413, "The file is too large")


@pytest.fixture
def held(settings, people, site):
    """`held("/rowcall")` → site, visitor, and an import that stands still at its first batch."""
    gates = []

    def start(path: str) -> tuple[Site, Visitor, str]:
        here = site(path)
        gates.append(Gate(House(settings, people["owner"], None)))
        visitor = signed_in(here)
        return here, visitor, executed(visitor)

    yield start
    for gate in gates:
        gate.open()


@PATHS
def test_events_come_while_the_import_stands_still(held, path, token_of):
    here, _, import_id = held(path)
    headers = {"Authorization": f"Bearer {token_of('owner')}"}
    address = f"{here.url}/api/imports/{import_id}/events"
    with requests.get(
        address, headers=headers, verify=str(here.certificate), stream=True, timeout=20
    ) as stream:
        lines = stream.iter_lines()
        event = next(line for line in lines if line.startswith(b"data: "))
    assert json.loads(event.removeprefix(b"data: "))["state"] in {"queued", "running"}
    assert here.spooled() == []


@PATHS
def test_progress_comes_over_the_socket_while_the_import_stands_still(held, path):
    here, visitor, import_id = held(path)
    page = visitor.get(f"/imports/{import_id}").text
    (address,) = re.findall(r'hx-ws:connect="([^"]+)"', page)
    assert address == f"{path}/imports/{import_id}/live"
    client = Client(
        f"wss://{NAME}:{here.port}{address}",
        # This client names the host without its port.
        headers={"Origin": f"https://{NAME}", "Cookie": visitor.cookie_line()},
        ssl_context=here.trust,
    )
    fragment = client.receive(timeout=20)
    client.close()
    client.thread.join(5)
    assert 'id="progress"' in fragment
    assert f'hx-get="{path}/imports/{import_id}/' in fragment


def test_the_api_documents_the_path(site):
    here = site("/rowcall")
    described = here.visitor().get("/api/openapi.json").json()
    assert described["servers"] == [{"url": "/rowcall"}]
    refused = here.visitor().get("/api/imports")
    assert refused.status_code == 401
    assert refused.json()["type"] == "/rowcall/api/docs#not_signed_in"
