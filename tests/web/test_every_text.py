"""Every text that a person reads is a message of the catalogue.

The pages are walked in a language that a catalogue alone makes, ⟦English⟧: what a person reads
outside the brackets can only be what people wrote, or a template's text that is no message.
"""

import io
import re
from collections.abc import Iterable, Iterator
from gettext import GNUTranslations
from html.parser import HTMLParser
from uuid import UUID

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sqlalchemy import func, select

from tests.harness.web import KINDS
from tests.house.catalogue import CATALOGUE
from tests.web.test_pages import PEOPLE, bring, check, run
from webapp.imports import approval_requests
from webapp.imports.approval_requests import End
from webapp.models import Contact, ContactImport, PossibleMatch
from webapp.reading import encodings
from webapp.reports import mail, pdf
from webapp.reports.wording import TEMPLATES
from webapp.vocabulary import catalogue, languages
from webapp.vocabulary.country_names import COUNTRIES

READ = {"aria-label", "placeholder", "title", "alt", "data-label"}  # attributes
UNREAD = {"code", "script", "style"}
LETTERS = re.compile("[^\\W\\d_]+")
# What no person wrote and no language changes: the product, names of formats, an example's cells.
# F2 is a key.
NAMES = {"Rowcall", "CSV", "PDF", "UTC", "vCard", "F", "Google", "Outlook"}
DIGEST = re.compile("[0-9a-f]{64}")
DISC = re.compile(r'<span class="disc.*?</span>', re.DOTALL)  # a person's initials
TROUBLE = PEOPLE + b"4,ann@example.com,Anna,1990-05-06\n4,dan@example.com,Dan,31/31/1990\n"


class Read(HTMLParser):
    """The texts of a page: `texts` in their order, `attributes` each by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self._unread = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._unread += tag in UNREAD
        self.attributes += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag):
        self._unread -= tag in UNREAD

    def handle_data(self, data):
        if not self._unread:
            self.texts.append(data)


def outside(text: str) -> str:
    """What stands outside all brackets, which may be nested."""
    depth, found = 0, []
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        found.append(" " if depth or sign == "⟧" else sign)
    assert depth == 0, text

    return "".join(found)


def words(text: str) -> set[str]:
    return set(LETTERS.findall(text))


class Walk:
    """Looks at pages, and keeps the words that are neither a message's nor the people's."""

    def __init__(self) -> None:
        self.strays: dict[str, set[str]] = {}
        self.known = NAMES | words(PEOPLE.decode()) | words(TROUBLE.decode())
        self.known |= words("people.csv example.com Acme Nightly zzz")
        # The upload page shows what pasted cells look like.
        self.known |= words(
            "Ioana Okafor, Olu Ferreira, @lumiere.example, @acme.example, Zürich, Basel"
        )
        self.known |= words("ioana okafor olu ferreira")
        # A language is offered by its own name; countries have theirs from Unicode.
        self.known |= words(" ".join((*languages.names().values(), *COUNTRIES.values())))
        self.known |= {word for kind in (*KINDS, "someone") for word in (kind, kind.title())}

    def look(self, where: str, html: str, known: Iterable[str] = ()) -> None:
        assert "⟦" in html, where
        page = Read(DIGEST.sub("", DISC.sub("", html)))
        left = words(outside("\n".join(page.texts)))
        left |= {word for text in page.attributes for word in words(outside(text))}
        if left := left - self.known - set(known):
            self.strays[where] = left


@pytest.fixture
def bracketed(monkeypatch):
    """The catalogue as a language, each message in brackets."""
    with CATALOGUE.open("rb") as file:
        texts = read_po(file, locale="en")

    for message in texts:
        if message.id:
            several = isinstance(message.id, tuple)
            message.string = (
                tuple(f"⟦{text}⟧" for text in message.id) if several else f"⟦{message.id}⟧"
            )

    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    monkeypatch.setattr(catalogue, "translations", GNUTranslations(compiled))


@pytest.mark.usefixtures("bracketed")
def test_no_text_of_a_page_is_left_in_english(app, owner, sign_in, importer, settings):
    walk = Walk()
    before_any(walk, app, owner)
    refused_uploads(walk, owner)
    import_id = one_import(walk, owner, importer)
    by_hand(walk, owner, importer)
    taken_back(walk, owner, importer, import_id)
    administrator(walk, sign_in("admin"), importer)
    walk.look("paper", pdf.page(importer.session, import_id))
    run = importer.session.get_one(ContactImport, import_id)
    sent = mail.compose(settings, importer.session, run)
    walk.look("mail", sent.get_body(("html",)).get_content())
    plain = outside(sent.get_body(("plain",)).get_content())
    assert words(re.sub(r"http\S+", "", plain)) <= walk.known
    assert walk.strays == {}


def before_any(walk, app, owner) -> None:
    walk.look("sign in", app.test_client().get("/sign-in").text)
    refused = owner.client.get("/imports/nowhere")
    walk.look("nowhere", refused.text)
    for path in ("/imports", "/imports/new", "/contacts", "/contacts/changes", "/account"):
        walk.look(path, owner.get(path).text)
    made = owner.post("/account/tokens", {"name": "Nightly"}, at="/account", status=200)
    walk.look("a token", made.text)
    walk.look("a page too old", owner.client.post("/account/tokens").text)
    described = owner.client.get("/api/openapi.json").text.replace("\\n", " ")
    walk.look("the API", owner.get("/api/docs").text, words(described))


def refused_uploads(walk, owner) -> None:
    for data in (b"", b"Email,Name\n", b"%PDF-1.4 abc"):
        sent = {"file": (io.BytesIO(data), "people.csv")}
        answer = owner.post("/imports/new", sent, at="/imports/new", status=422)
        walk.look(f"upload of {data!r}", answer.text)


def one_import(walk, owner, importer) -> str:
    import_id = run(owner, importer)
    found = importer.session.get_one(ContactImport, import_id)
    for path in ("report", "rows", "rows?outcome=invalid", "rows?differing=1", "problems"):
        walk.look(path, owner.get(f"/imports/{import_id}/{path}").text)
    found.notification_email = "owner@example.com"
    importer.session.commit()

    other = bring(owner, TROUBLE)
    names = {word for name in encodings.OTHERS for word in words(name)}
    walk.look("columns", owner.get(f"/imports/{other}/columns").text, names)
    check(owner, importer, other)
    for path in ("review", "problems", "conflicts", "columns"):
        walk.look(path, owner.get(f"/imports/{other}/{path}").text, names)
    corrected = owner.post(
        f"/imports/{other}/problems/3",
        {"cell-1": "ben"},
        headers={"HX-Request": "true"},
        status=200,
    )
    walk.look("a correction", corrected.text)
    in_conflict(walk, owner, other)
    alike(walk, owner, importer)
    to_be_approved(walk, owner, importer, other)
    owner.post(f"/imports/{other}/execute", {"duplicate_strategy": "merge"})
    walk.look("history", owner.get("/imports").text)
    for path in ("progress", "progress/fragment"):
        answer = owner.client.get(f"/imports/{other}/{path}")
        if answer.status_code == 200:
            walk.look(path, answer.text)
    importer.work(other)
    walk.look("second report", owner.get(f"/imports/{other}/report").text)

    return import_id


def alike(walk, owner, importer) -> None:
    """Rows that look like a contact, before they are looked for, and without and with a choice."""
    session, found = importer.session, bring(owner)
    check(owner, importer, found)
    page = f"/imports/{found}/possible-matches"
    first = session.scalar(select(func.min(Contact.id)))
    for row in (0, 2, 4):
        if row:
            session.add(
                PossibleMatch(
                    import_id=UUID(found),
                    row=row,
                    contact_id=first,
                    score=row,
                    evidence=["same_given"],
                )
            )
            session.commit()
        for path in (page, f"{page}/first", f"/imports/{found}/review"):
            walk.look(path, owner.get(path).text)

    owner.post(f"{page}/2", {"choice": "new"}, at=page)
    walk.look("a match with a choice", owner.get(page).text)
    walk.look(
        "a refused choice",
        owner.post(f"{page}/9", {"choice": "new"}, at=page, status=409).text,
    )


def in_conflict(walk, owner, import_id: str) -> None:
    """Row 5 has Ann's e-mail and another ID."""
    page = f"/imports/{import_id}/conflicts"
    assert "Anna" in owner.get(page).text
    for choice, header in (("new", {}), ("new", {"HX-Request": "true"})):
        status = 409 if header else 302  # what the page did not show was chosen meanwhile
        sent = owner.post(
            f"{page}/5", {"choice": choice}, at=page, status=status, headers=header
        )
        walk.look("a choice", sent.text if header else owner.get(page).text)
    wrong = owner.post(f"{page}/99", {"choice": "new"}, at=page, status=409)
    walk.look("a choice for no conflict", wrong.text)
    owner.post(f"{page}/5/back", {"seen": "new"}, at=page)


def to_be_approved(walk, owner, importer, import_id: str) -> None:
    """As the page of the person who asked, of one who decides, and the review after each end."""
    session = importer.session
    run = session.get_one(ContactImport, import_id)
    by = run.created_by
    for asker in (by, importer.user_id):
        run.approval = approval_requests.made(session, asker, "0" * 64)
        run.duplicate_strategy = "merge"
        approval_requests.begin(session, run, run.approval)
        session.commit()
        walk.look("approval", owner.get(f"/imports/{import_id}/approval").text)
        walk.look("to be approved", owner.get("/imports").text)
        for how in (End.REFUSED, End.WITHDRAWN, End.VOIDED):
            approval_requests.end(session, run, how, None if how is End.VOIDED else by)
            session.commit()
            walk.look(how, owner.get(f"/imports/{import_id}/review").text)
            approval_requests.begin(session, run, run.approval)
        approval_requests.end(session, run, End.VOIDED)
        run.approval = None
        session.commit()


def by_hand(walk, owner, importer) -> None:
    ann = importer.session.query(Contact).filter_by(email="ann@example.com").one()
    page = f"/contacts/{ann.id}"
    walk.look("a contact", owner.get(page).text)
    walk.look("a contact's form", owner.get(f"{page}/edit").text)
    walk.look("a new contact", owner.get("/contacts/new").text)
    wrong = {"version": str(ann.version), "email": "nobody"}
    walk.look("a wrong edit", owner.post(page, wrong, at=page, status=422).text)
    owner.post(page, {"version": str(ann.version), "company": "Acme"}, at=page)
    walk.look("an edited contact", owner.get(page).text)
    walk.look("changes", owner.get("/contacts/changes").text)
    walk.look("contacts", owner.get("/contacts").text)
    walk.look("no such contact", owner.get("/contacts?q=zzz").text)


def taken_back(walk, owner, importer, import_id: str) -> None:
    walk.look("rollback", owner.get(f"/imports/{import_id}/rollback").text)
    owner.post(f"/imports/{import_id}/rollback", {})
    walk.look("on its way back", owner.get(f"/imports/{import_id}/progress").text)
    importer.work(import_id)
    for path in ("report", "rolled-back"):
        walk.look(path, owner.get(f"/imports/{import_id}/{path}").text)
    walk.look("whole history", owner.get("/imports").text)


def administrator(walk, admin, importer) -> None:
    ann = importer.session.query(Contact).filter_by(email="ann@example.com").one()
    walk.look("accounts", admin.get("/account").text)
    walk.look("people", admin.get("/people").text)
    walk.look("erase", admin.get(f"/contacts/{ann.id}/erase").text)


def stray_texts(template: str) -> Iterator[str]:
    """The texts of a template that no message holds, whatever branch they stand in."""
    html = re.sub(r"\{#.*?#\}|\{%-? trans\b.*?endtrans -?%\}", " ", template, flags=re.DOTALL)
    html = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", html, flags=re.DOTALL)
    page = Read(html)
    for text in (*page.texts, *page.attributes):
        # A block that makes attributes is text to a parser.
        if words(re.sub(r'[\w-]+="[^"]*"|readonly', "", text)) - NAMES:
            yield " ".join(text.split())


# The style guide speaks to developers.
TRANSLATED = set(TEMPLATES.glob("**/*.html")) - {TEMPLATES / "styleguide.html"}


@pytest.mark.parametrize("path", sorted(TRANSLATED), ids=lambda path: path.name)
def test_no_text_of_a_template_stands_outside_a_message(path):
    assert list(stray_texts(path.read_text())) == []
