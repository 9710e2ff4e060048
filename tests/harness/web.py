"""An app, signed-in clients, and `browse`, which checks every page that it gets."""

import re
from html.parser import HTMLParser

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from webapp.models import User

PASSWORD = "correct horse battery"
# Signing in checks a hash at the cost that it was made with; this one is cheap, since every test
# pays for it.
HASHED = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
KINDS = {"admin": "admin", "owner": "importer", "outsider": "importer", "viewer": "viewer"}


# A line break of a template's own, with the next line's indent.
BREAK = re.compile(r"\s*\n[ \n]* +|\n\s*\n")
BLOCKS = (
    "article|body|button|d[dlt]|details|div|fieldset|figure|footer|form|h[1-6]|header|label|legend|li|main|nav"
    "|ol|option|p|section|select|summary|table|tbody|t[dhr]|thead|title|ul"
)


def as_read(html: str) -> str:
    """The HTML without the white space that a browser does not show: a template's line breaks
    and indents.
    """
    parts = re.split("(<textarea.*?</textarea>)", html, flags=re.DOTALL)
    return "".join(part if part.startswith("<textarea") else _flowing(part) for part in parts)


def _flowing(html: str) -> str:
    flowing = BREAK.sub(" ", html)
    flowing = re.sub(rf"(<(?:{BLOCKS})(?: [^<>]*)?>) (?! )", r"\1", flowing)
    return re.sub(
        rf" (</(?:{BLOCKS})>)", r"\1", re.sub(rf"(</(?:{BLOCKS})>) (?=<)", r"\1", flowing)
    )


class AsRead:
    """An answer whose text is as a browser shows it, where it is a page."""

    @property
    def text(self) -> str:
        return as_read(super().text) if self.mimetype == "text/html" else super().text


class Client(FlaskClient):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.response_wrapper = type("Answer", (AsRead, self.response_wrapper), {})


@pytest.fixture
def make_app(settings):
    """`make_app(public_url=…)` → an app with other settings than the environment's."""
    from webapp.app import create_app  # noqa: PLC0415
    from webapp.web.extensions import db  # noqa: PLC0415

    made = []

    def make(**changes):
        made.append(create_app(settings.model_copy(update=changes)))
        made[-1].test_client_class = Client
        return made[-1]

    yield make
    for one in made:
        with one.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def people(session):
    """One user of each kind: id by name."""
    made = {
        name: User(
            email=f"{name}@example.com", name=name.title(), role=role, password_hash=HASHED
        )
        for name, role in KINDS.items()
    }
    session.add_all(made.values())
    session.commit()
    return {name: user.id for name, user in made.items()}


@pytest.fixture
def sign_in(app, people):
    """`sign_in("owner")` → a Browser signed in as that person, at another app where one is
    given.
    """

    def enter(name: str, at=app) -> "Browser":
        browser = Browser(at.test_client())
        browser.post(
            "/sign-in", {"email": f"{name}@example.com", "password": PASSWORD}, at="/sign-in"
        )
        return browser

    return enter


@pytest.fixture
def owner(sign_in):
    return sign_in("owner")


@pytest.fixture
def viewer(sign_in):
    return sign_in("viewer")


@pytest.fixture
def outsider(sign_in):
    return sign_in("outsider")


class Page(HTMLParser):
    """What a test wants to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.labels: set[str] = set()
        self.tokens: list[str] = []
        self.inline: list[str] = []
        self.title = ""
        self._in: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._in.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "label":
            self.labels.add(found.get("for", "*"))
        if tag in {"input", "select", "textarea"}:
            self.fields.append({**found, "_labelled": str("label" in self._in)})
            if found.get("name") == "csrf_token":
                self.tokens.append(found["value"])
        if "style" in found or any(name.startswith("on") for name in found):
            self.inline.append(tag)
        if tag in {"input", "meta", "link", "br", "img", "hr", "rect", "path", "use"}:
            self._in.pop()

    def handle_endtag(self, tag):
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data):
        if self._in and self._in[-1] == "title":
            self.title += data


class Browser:
    """A test client that fills in the CSRF token and looks at every page."""

    def __init__(self, client) -> None:
        self.client = client

    def get(self, path: str, status: int = 200):
        answer = self.client.get(
            path, buffered=True
        )  # A stream left open would hold its connection.
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        if answer.mimetype == "text/html" and status == 200 and "<html" in answer.text:
            check_page(answer)
        return answer

    def post(self, path: str, data: dict, *, at: str = "/imports", status: int = 302, **more):
        token = Page(self.client.get(at).text).tokens[0]
        answer = self.client.post(path, data={**data, "csrf_token": token}, **more)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer


def _is_sent(field: dict) -> bool:
    """Whether a browser sends it as it stands: a box only where it is ticked."""
    ticked = field.get("type") not in {"radio", "checkbox"} or "checked" in field
    return "name" in field and ticked


class Form(HTMLParser):
    """The fields of the form that posts to `action`, as a browser would send them untouched."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.action, self.values = action, {}
        self._inside, self._area, self._select = False, None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "form":
            self._inside = found.get("action") == self.action
        elif self._inside and tag == "textarea":
            self._area = (found["name"], [])
        elif self._inside and tag == "select":
            self._select = found["name"]
        elif self._inside and tag == "option":
            if "selected" in found or self._select not in self.values:
                self.values[self._select] = found["value"]
        elif self._inside and tag == "input" and _is_sent(found):
            self.values[found["name"]] = re.sub("[\r\n]", "", found.get("value") or "")

    def handle_data(self, data):
        if self._area:
            self._area[1].append(data)

    def handle_endtag(self, tag):
        if tag == "textarea" and self._area:
            name, pieces = self._area
            self._area = None
            self.values[name] = "".join(pieces).removeprefix("\n").replace("\n", "\r\n")


def check_page(answer) -> None:
    page = Page(answer.text)
    assert page.title.strip()
    assert len(page.ids) == len(set(page.ids)), page.ids
    assert not page.inline
    for field in page.fields:
        if field.get("type") in {"hidden", "submit"}:
            continue
        labelled = (
            field["_labelled"] == "True"
            or field.get("id") in page.labels
            or "aria-label" in field
        )
        assert labelled, field
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
