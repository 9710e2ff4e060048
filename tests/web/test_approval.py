"""The pages of an import that waits for approval: of who asked, of who decides, and of others."""

import html
import re
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.web import Form, as_read
from tests.web.test_pages import bring, check, run
from webapp.deciding import plan
from webapp.models import ContactImport
from webapp.reports import pdf
from webapp.retention import expiry
from webapp.vocabulary.strategies import Strategy, Variant

HEAD = b"Email,First name\n"
THERE = HEAD + b"".join(b"p%d@example.com,Ada\n" % n for n in range(5))
LARGE = (
    HEAD + b"".join(b"p%d@example.com,Eve\n" % n for n in range(5)) + b"ben at example,Ben\n"
)
BAD = 7  # the row of Ben
VARIANT = Variant(Strategy.UPDATE)


@pytest.fixture
def app(make_app):
    return make_app(approval_above=2)


@pytest.fixture
def ready(owner, importer):
    run(owner, importer, THERE)
    import_id = bring(owner, LARGE, "new names.csv")
    check(owner, importer, import_id)
    return import_id


@pytest.fixture
def waiting(owner, ready):
    ask(owner, ready)
    return ready


def ask(browser, import_id: str, **more) -> None:
    answer = browser.post(
        f"/imports/{import_id}/execute", {"duplicate_strategy": "update", **more}
    )
    assert answer.location == f"/imports/{import_id}/progress"


def page_of(browser, import_id: str) -> str:
    return browser.get(f"/imports/{import_id}/approval").text


def state(session, import_id: str) -> str:
    session.rollback()
    return session.scalar(
        text("SELECT state FROM contact_imports WHERE id = :id"), {"id": import_id}
    )


def approve(browser, import_id: str, status: int = 302, **more):
    """Press the button as a browser does, the box ticked."""
    form = Form(page_of(browser, import_id), f"/imports/{import_id}/approve").values
    return browser.post(
        f"/imports/{import_id}/approve", {**form, "sure": "on", **more}, status=status
    )


def test_the_review_says_which_choice_needs_approval(owner, ready):
    page = owner.get(f"/imports/{ready}/review").text
    assert page.count("Ask for approval") == 1
    assert "This changes 5 of your contacts. Up to 2 may be changed without approval" in page


def test_the_person_who_asked_sees_what_was_asked_and_can_withdraw_it(
    owner, waiting, importer
):
    assert owner.get(f"/imports/{waiting}", 302).location == f"/imports/{waiting}/approval"
    owner.get(f"/imports/{waiting}/progress", 302)
    owner.get(f"/imports/{waiting}/review", 302)
    page = page_of(owner, waiting)
    for words in (
        "new names.csv waits for approval",
        "You asked for this import on",
        "5 of your contacts are changed",
        "Update. The file replaces your values.",
        "<li>Admin</li>",
        "<li>Outsider</li>",
        "Withdraw the request",
        "Discard",
    ):
        assert words in page, words
    assert "Approve and import" not in page
    assert "Viewer" not in page

    owner.post(f"/imports/{waiting}/cancel", {}, at=f"/imports/{waiting}/approval")
    page = owner.get(f"/imports/{waiting}/review").text
    assert "The request for approval was withdrawn on" in page


def test_another_person_finds_it_looks_and_approves(
    owner, outsider, waiting, importer, session
):
    page = outsider.get("/imports").text
    assert "1 import waits for you" in page
    assert "Owner asks for your approval" in page
    assert "waits for approval" in outsider.get("/imports?state=awaiting_approval").text
    assert f'href="/imports/{waiting}/approval"' in page
    assert f"/imports/{waiting}/discard" not in page
    assert "asks for your approval" not in owner.get("/imports").text

    page = page_of(outsider, waiting)
    assert "Owner asked for this import on" in page
    assert "Withdraw" not in page
    assert "Discard" not in page
    assert plan.digest(session, UUID(waiting), VARIANT) in page
    for path, words in (
        ("problems", "To change a row, withdraw the request first."),
        ("conflicts", "No row to choose for"),
    ):
        for browser in (outsider, owner):
            rows = browser.get(f"/imports/{waiting}/{path}").text
            assert words in rows
            forms = [form for form in re.findall(r"<form\b[^>]*>", rows) if waiting in form]
            assert not [form for form in forms if 'method="post"' in form]
    door = html.unescape(re.search(r'href="(/imports/[^"]*/plan\?[^"]*)"', page)[1])
    assert "Eve" in outsider.get(door).text

    # The box has to be ticked.
    form = Form(page, f"/imports/{waiting}/approve").values
    said = outsider.post(f"/imports/{waiting}/approve", form, status=422).text
    assert "Check what the import would change, then tick the box to confirm." in said
    assert state(session, waiting) == "awaiting_approval"

    assert approve(outsider, waiting).location == f"/imports/{waiting}/progress"
    importer.work(waiting)
    page = outsider.get(f"/imports/{waiting}/report").text
    assert re.search("Asked for by Owner on .*, approved by Outsider on .*", page)
    assert "Undo this import</a>" not in page
    assert "Undo this import</a>" in owner.get(f"/imports/{waiting}/report").text


def test_the_report_on_paper_says_who_approved_it(owner, outsider, waiting, importer):
    approve(outsider, waiting)
    importer.work(waiting)
    paper = as_read(pdf.page(importer.session, waiting))
    assert re.search("<dd>Asked for by Owner on .*, approved by Outsider on .*</dd>", paper)
    found = importer.session.get_one(ContactImport, waiting)
    assert found.approval["plan"] == found.plan_digest
    assert f"<code>{found.plan_digest}</code>" in paper


def test_refused_it_is_its_owners_again(owner, outsider, waiting, session):
    answer = outsider.post(f"/imports/{waiting}/refuse", {}, at=f"/imports/{waiting}/approval")
    assert answer.location == "/imports"
    assert state(session, waiting) == "ready"
    page = owner.get(f"/imports/{waiting}/review").text
    assert "Outsider refused this import on" in page
    ask(owner, waiting)
    approve(outsider, waiting)


def test_a_viewer_reads_it(viewer, waiting):
    page = page_of(viewer, waiting)
    for words in ("Approve and import", "Refuse</button>", "Withdraw", "Discard"):
        assert words not in page, words


def test_who_sees_it_only_to_decide_changes_nothing_else(
    app, outsider, waiting, importer, session
):
    """Every address that takes a form, as the page of a person who may approve."""
    values = {"import_id": waiting, "row": BAD, "what": "leave"}
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        paths = [
            urls.build(rule.endpoint, {name: values[name] for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "POST" in rule.methods
            and not rule.rule.startswith("/api")
            and "import_id" in rule.arguments
            and rule.endpoint not in {"approvals.approve", "approvals.refuse"}
            and rule.arguments <= values.keys()
        ]
    assert len(paths) > 8
    for path in paths:
        form = {"duplicate_strategy": "skip", "cell-0": "ben@example.com"}
        outsider.post(path, form, status=403)
    assert state(session, waiting) == "awaiting_approval"


@pytest.mark.parametrize("how", ["correct", "leave out", "columns", "read again"])
def test_what_changes_the_import_voids_the_request(how, owner, outsider, waiting, session):
    """As from a page that was open before; an approval from one as old is refused."""
    form = Form(page_of(outsider, waiting), f"/imports/{waiting}/approve").values
    found = session.get_one(ContactImport, waiting)
    columns = {f"column-{n}": target for n, target in enumerate(found.suggested_mapping)}
    session.rollback()
    path, sent = {
        "correct": (f"problems/{BAD}", {"cell-0": "ben@example.com"}),
        "leave out": (f"problems/{BAD}/leave", {}),
        "columns": ("columns", columns),
        "read again": ("reading", {"header_row": "0"}),
    }[how]
    owner.post(f"/imports/{waiting}/{path}", sent)
    assert state(session, waiting) in {"ready", "checking", "uploaded"}

    said = outsider.post(
        f"/imports/{waiting}/approve", {**form, "sure": "on"}, status=409
    ).text
    assert "The import has changed since approval was requested" in html.unescape(said)
    assert state(session, waiting) != "queued"


def test_an_approval_of_an_earlier_request_does_not_count(
    owner, outsider, waiting, importer, session
):
    """The plan may have the same lines again, with another name in a row."""
    form = Form(page_of(outsider, waiting), f"/imports/{waiting}/approve").values
    owner.post(f"/imports/{waiting}/problems/{BAD}/leave", {})
    owner.post(f"/imports/{waiting}/problems/{BAD}/take", {})
    session.execute(text("UPDATE contact_imports SET mended_at = now() - interval '1 hour'"))
    session.commit()
    importer.work(waiting)
    ask(owner, waiting)
    assert form["plan"] in page_of(outsider, waiting)
    said = outsider.post(f"/imports/{waiting}/approve", {**form, "sure": "on"}, status=409)
    assert "The import has changed since approval was requested" in html.unescape(said.text)
    approve(outsider, waiting)


def test_a_page_says_when_its_plan_is_another_one(owner, outsider, waiting, importer, session):
    session.execute(text("DELETE FROM contact_import_previews"))
    session.commit()
    page = page_of(outsider, waiting)
    assert "is being worked out again" in page
    assert "Approve and import" not in page

    session.execute(
        text("UPDATE contacts SET first_name = 'Eve' WHERE email = 'p0@example.com'")
    )
    session.commit()
    importer.work(waiting)
    page = page_of(outsider, waiting)
    assert "Owner has to ask again" in page
    assert "Approve and import" not in page
    assert "Refuse</button>" in page


def test_it_may_be_discarded(owner, outsider, waiting, session):
    outsider.post(f"/imports/{waiting}/discard", {}, status=403)
    owner.post(f"/imports/{waiting}/discard", {})
    outsider.get(f"/imports/{waiting}/approval", 404)


def test_it_expires_counted_from_the_request(owner, outsider, waiting, conn, session):
    session.execute(
        text("""UPDATE contact_imports SET created_at = now() - interval '40 days'""")
    )
    session.commit()
    expiry.forget(conn, 30)
    assert state(session, waiting) == "awaiting_approval"

    session.execute(
        text("""UPDATE contact_imports SET approval = approval
          || jsonb_build_object('at', now() - interval '31 days') WHERE id = :id"""),
        {"id": waiting},
    )
    session.commit()
    assert "Approve" not in outsider.get("/imports").text
    while expiry.forget(conn, 30):
        pass
    assert state(session, waiting) is None
    owner.get(f"/imports/{waiting}", 404)


def test_newer_rules_void_the_request(owner, waiting, settings, session):
    from webapp import jobs  # noqa: PLC0415

    session.execute(
        text("UPDATE contact_imports SET rules = 0 WHERE id = :id"), {"id": waiting}
    )
    session.commit()
    jobs.sweep(settings)
    assert state(session, waiting) == "checking"
    found = session.get_one(ContactImport, waiting)
    assert found.approval["end"] == "voided"
