"""A program with a token, in this process or over the wire; files to import; batches slowed
down from outside.
"""

import functools
import http.client
import io
import json
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest

from tests.harness.web import PASSWORD, Browser
from webapp import jobs
from webapp.web.accounts import add_token

HEADER = "ID,Email,First name,Last name,Company,Tags,Shoe size"


def table(*rows: str) -> bytes:
    return ("\n".join([HEADER, *rows]) + "\n").encode()


def people_table(rows: int, first: int = 1) -> bytes:
    return table(
        *[
            f"{n},p{n}@example.com,Ada {n},Example,Acme,a|b,{n % 50}"
            for n in range(first, first + rows)
        ]
    )


@pytest.fixture
def token_of(app, people):
    """`token_of("owner")` → a new token of that person."""

    def make(name: str) -> str:
        with app.app_context():
            return add_token(people[name], "test")

    return make


class Program:
    """A client with a token, in this process.

    Every JSON answer is looked at by the tests that call it.
    """

    def __init__(self, client, token: str) -> None:
        self.client, self.token = client, token

    def ask(self, method: str, path: str, status: int | None = 200, **more):
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        answer = self.client.open(
            f"/api{path}", method=method, headers=headers, buffered=True, **more
        )
        assert status is None or answer.status_code == status, (
            method,
            path,
            answer.status_code,
            answer.text[:2000],
        )
        return answer

    def upload(
        self,
        content: bytes,
        name: str = "people.csv",
        status: int = 201,
        headers=None,
        **fields,
    ):
        data = {"file": (io.BytesIO(content), name), **fields}
        return self.ask("POST", "/imports", status, data=data, headers=headers or {}).json

    def ready(self, content: bytes, **mapping) -> str:
        """Uploaded, mapped as suggested and checked; the import's id."""
        found = self.upload(content)
        body = {"mapping": found["suggested_mapping"], **mapping}
        self.ask("PUT", f"/imports/{found['import_id']}/mapping", 202, json=body)
        jobs.work(found["import_id"])
        return found["import_id"]

    def execute(self, import_id: str, strategy: str = "skip", status: int = 202, **options):
        body = {"import_id": import_id, "duplicate_strategy": strategy, **options}
        headers = {"Accept": "application/json"}
        return self.ask(
            "POST", f"/imports/{import_id}/execute", status, json=body, headers=headers
        )

    def run(self, content: bytes, strategy: str = "skip", **options) -> str:
        import_id = self.ready(content)
        self.execute(import_id, strategy, **options)
        jobs.work(import_id)
        return import_id


@pytest.fixture
def program(app, token_of):
    """`program("owner")` → that person's program."""
    return lambda name="owner": Program(app.test_client(), token_of(name))


@pytest.fixture
def owner_program(program):
    return program("owner")


@pytest.fixture
def cookie_of(app, people):
    """`cookie_of("owner")` → the Cookie header of that person, signed in."""

    @functools.cache
    def enter(name: str) -> str:
        browser = Browser(app.test_client())
        browser.post(
            "/sign-in", {"email": f"{name}@example.com", "password": PASSWORD}, at="/sign-in"
        )
        cookie = browser.client.get_cookie("rowcall")
        return f"{cookie.key}={cookie.value}"

    return enter


class Wire:
    """A program of the standard library's, over a real connection."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.headers = address, {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body=None, **headers):
        """Status and decoded JSON."""
        with self.open(method, path, body, **headers) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None

    def open(self, method: str, path: str, body=None, **headers) -> "Answer":
        content = (
            None
            if body is None
            else body
            if isinstance(body, bytes)
            else json.dumps(body).encode()
        )
        kind = (
            {}
            if body is None or isinstance(body, bytes)
            else {"Content-Type": "application/json"}
        )
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(
            self.address, method, f"/api{path}", content, {**self.headers, **kind, **names}
        )

    def upload(self, content: bytes):
        body = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
            + content
            + b"\r\n--x--\r\n"
        )
        status, found = self.ask(
            "POST", "/imports", body, Content_Type="multipart/form-data; boundary=x"
        )
        assert status == 201, found
        return found

    def ready(self, content: bytes) -> str:
        """Uploaded, mapped and checked by the worker; the import's id."""
        found = self.upload(content)
        path = f"/imports/{found['import_id']}"
        assert (
            self.ask("PUT", f"{path}/mapping", {"mapping": found["suggested_mapping"]})[0]
            == 202
        )
        self.wait(found["import_id"], "ready")
        return found["import_id"]

    def start(self, import_id: str, **options) -> None:
        body = {"import_id": import_id, "duplicate_strategy": "skip", **options}
        assert (
            self.ask("POST", f"/imports/{import_id}/execute", body, Accept="application/json")[
                0
            ]
            == 202
        )

    def wait(self, import_id: str, *states: str) -> None:
        """Follow the events until the import is in one of the states."""
        with self.open("GET", f"/imports/{import_id}/events") as answer:
            for name, data in answer.events():
                if name == "progress" and data["state"] in states:
                    return
        raise AssertionError(f"the stream ended before {states}")


class Answer:
    """An answer that is read as it comes, with its connection closed at the end."""

    def __init__(self, address: str, method: str, path: str, body, headers) -> None:
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.connection.request(method, path, body, headers)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def __enter__(self):
        return self

    def __exit__(self, *_error) -> None:
        self.answer.close()
        self.connection.close()

    def read(self) -> bytes:
        return self.answer.read()

    def blocks(self):
        """The stream's blocks: lines up to a blank one."""
        block = []
        for raw in self.answer:
            line = raw.decode().rstrip("\n")
            if line:
                block.append(line)
            elif block:
                yield block
                block = []

    def events(self):
        """(event, data) of each block that is an event; comments and `retry` are left out."""
        for block in self.blocks():
            fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if "data" in fields:
                yield fields["event"], json.loads(fields["data"])


@pytest.fixture
def wire(live_server, token_of):
    """`wire("owner")` → that person's program in front of the real processes."""
    return lambda name="owner": Wire(live_server, token_of(name))


SLOW = """
    CREATE OR REPLACE FUNCTION slow_batch() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER slow_batch BEFORE INSERT ON contact_import_logs FOR EACH ROW
      WHEN (NEW.event = 'batch') EXECUTE FUNCTION slow_batch();
"""


@pytest.fixture
def slow_batches(database_url):
    """`slow_batches(0.1)` makes each batch take so many seconds more, 0 as fast as it can."""

    def slow(seconds: float) -> None:
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(SLOW.format(seconds=seconds))

    yield slow
    slow(0)


def is_uuid(text: str) -> bool:
    return str(UUID(text)) == text
