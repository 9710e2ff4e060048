"""The reader's language: by account, browser or neither; and what stays English all the same."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.web.test_pages import bring, run
from webapp.models import User
from webapp.reports import mail
from webapp.vocabulary import catalogue, languages
from webapp.web.accounts import add_token

GERMAN = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"}


def heads(html: str) -> str:
    return html[: html.index("<head>")]


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,de;q=0.5", "de"),
        ("en-GB,de;q=0.5", "en"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("qps-plocm", "en"),  # only a setting offers it
    ],
)
def test_a_page_is_in_the_language_of_the_browser(app, accepted, lang):
    page = app.test_client().get("/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{lang}" dir="ltr">' in page.text
    assert "Accept-Language" in page.headers["Vary"]
    assert page.headers["Cache-Control"] == "no-store"
    assert catalogue.language() == "en"  # it is forgotten with the request


def test_an_account_has_a_language_of_its_own(owner, session):
    assert 'lang="de"' in heads(owner.client.get("/imports", headers=GERMAN).text)
    owner.post("/account/language", {"language": "en"}, at="/account")
    assert 'lang="en"' in heads(owner.client.get("/imports", headers=GERMAN).text)
    owner.post("/account/language", {"language": "de"}, at="/account")
    assert 'lang="de"' in heads(owner.get("/imports").text)
    nowhere = owner.client.get("/imports/nowhere")  # asks for no sign-in
    assert 'lang="de"' in heads(nowhere.text)
    assert catalogue.language() == "en"
    owner.post("/account/language", {"language": ""}, at="/account")
    assert 'lang="en"' in heads(owner.get("/imports").text)

    for unknown in ("xx", "qps-plocm", "../de"):
        owner.post("/account/language", {"language": unknown}, at="/account", status=422)
    assert session.scalar(text("SELECT count(*) FROM users WHERE language <> ''")) == 0


def test_a_notice_is_in_the_language_of_the_account(owner, importer, session, settings):
    done = importer.session.get_one(mail.ContactImport, run(owner, importer))
    person = importer.session.get_one(User, done.created_by)
    said = {}
    for code in ("", "de"):
        person.language = code
        importer.session.commit()
        with mail.in_language_of(importer.session, done):
            said[code] = mail.compose(settings, importer.session, done)

    assert said[""]["Subject"] != said["de"]["Subject"]
    assert 'lang="de"' in said["de"].get_body(("html",)).get_content()


def test_the_form_of_numbers_and_dates_is_the_languages():
    from webapp.reports import wording  # noqa: PLC0415

    assert wording.number(1234567) == "1,234,567"
    with catalogue.speaking("de"):
        assert wording.number(1234567) == "1.234.567"
        assert wording.number(1234.5) == "1.234,5"
        assert wording.birthday("1985-04-23") == "23. April 1985"
        assert wording.birthday("--04-23") == "23. April"
        assert wording.size(12_400_000) == "12,4 MB"
        assert wording.duration(4.4) == "4,4 s"
    with catalogue.speaking(languages.PSEUDO):
        assert catalogue.direction() == "rtl"
    assert wording.birthday("1985-04-23") == "23 April 1985"
    assert wording.birthday("some day") == "some day"


EXAMPLES = {
    "row": 3, "contact_id": 1, "mapping_id": 1, "change_id": 1, "user_id": 1, "extension": "csv", "number": 1,
    "pair": "1-2", "act": 1, "act_id": 1, "other_id": 2,
}  # fmt: skip


def operations(app, import_id: str, prefix: str) -> list[tuple[str, str]]:
    """(method, path) of each operation under this prefix."""
    values = EXAMPLES | {"import_id": import_id}
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        return [
            (
                method,
                urls.build(rule.endpoint, {name: values[name] for name in rule.arguments}),
            )
            for rule in app.url_map.iter_rules()
            for method in sorted(rule.methods - {"OPTIONS", "HEAD"})
            if rule.rule.startswith(prefix) and not rule.websocket
            if rule.rule != "/api/docs"
        ]


REFUSED = ({"json": {"nothing": 1}}, {"data": b"x", "content_type": "a/b"})


def test_programs_are_answered_in_english(app, owner, people, importer, session):
    """Every operation, asked for a person whose account and browser say German: byte for byte
    what one gets who says nothing. What would change something is sent a body that is refused.
    """
    import_id = run(owner, importer)
    second = bring(owner)
    with app.app_context():
        client = Told(app.test_client(), session, add_token(people["owner"], "test"))

    for method, path in operations(app, import_id, "/api/"):
        if not path.endswith((".xlsx", "/events")):  # A workbook holds the time.
            for body in ({},) if method == "GET" else REFUSED:
                client.compare(method, path, **body)

    for one in (second, str(uuid4())):
        for method, path in operations(app, one, "/api/"):
            if one in path and method == "GET" and not path.endswith("/events"):
                client.compare(method, path)

    for path in (
        "/imports?state=x",
        "/contacts?cursor=x",
        "/nowhere",
        f"/imports/{import_id}/ledger?limit=x",
    ):
        client.compare("GET", f"/api{path}")
    client.compare("PATCH", "/api/imports")
    mapping = {"import_id": import_id, "mapping": ["email", None, None, None]}
    client.compare("POST", f"/api/imports/{import_id}/mapping", json=mapping)
    client.compare("GET", "/api/imports", token="no token")
    assert {200, 401, 404, 405, 409, 415, 422} <= client.statuses


def test_downloads_are_in_english(app, owner, importer, session):
    import_id = run(owner, importer, strategy="merge")
    client = Told(owner.client, session)
    names = ("report.csv", "rejected.csv", "plan.csv?duplicate_strategy=merge")
    paths = [f"/imports/{import_id}/{name}" for name in names]
    for path in (*paths, "/contacts/export.csv", "/contacts/export.vcf"):
        client.compare("GET", path)

    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    client.compare("GET", f"/imports/{import_id}/report.csv")
    client.compare("GET", f"/imports/{import_id}/rollback.csv")
    assert client.statuses == {200}


class Told:
    """Asks twice, with and without a language, and wants the same bytes."""

    def __init__(self, client, session, token: str = "") -> None:
        self.client, self.session, self.token = client, session, token
        self.statuses: set[int] = set()

    def compare(self, method: str, path: str, token: str = "", **body) -> None:
        token = token or self.token
        known = {"Authorization": f"Bearer {token}"} if token else {}
        said = []
        for code, headers in (("", {}), ("de", GERMAN)):
            self.session.execute(text("UPDATE users SET language = :code"), {"code": code})
            self.session.commit()
            answer = self.client.open(
                path, method=method, headers=headers | known, buffered=True, **body
            )
            said.append((answer.status_code, answer.data))

        assert said[0] == said[1], (method, path, body)
        self.statuses.add(said[0][0])
