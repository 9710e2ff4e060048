"""Every page, as the three people see it."""

import io
from uuid import UUID

from sqlalchemy import text

from webapp.models import Contact, ContactImport

PEOPLE = b"ID,Email,First name,Birthday\n1,ann@example.com,Ann,\n2,nobody,Ben,\n3,cid@example.com,Cid,03/04/1990\n"


def bring(browser, data: bytes = PEOPLE, name: str = "people.csv") -> str:
    answer = browser.post(
        "/imports/new", {"file": (io.BytesIO(data), name)}, at="/imports/new"
    )
    return answer.location.split("/")[2]


def run(browser, importer, data: bytes = PEOPLE, strategy: str = "skip") -> str:
    import_id = bring(browser, data)
    check(browser, importer, import_id)
    browser.get(f"/imports/{import_id}/review")
    browser.post(f"/imports/{import_id}/execute", {"duplicate_strategy": strategy})
    browser.get(f"/imports/{import_id}/progress")
    importer.work(import_id)
    return import_id


def check(browser, importer, import_id: str, **choices: str) -> None:
    found = importer.session.get_one(ContactImport, import_id)
    chosen = {f"column-{n}": target or "" for n, target in enumerate(found.suggested_mapping)}
    browser.get(f"/imports/{import_id}/columns")
    browser.post(f"/imports/{import_id}/columns", {**chosen, **choices})
    browser.get(f"/imports/{import_id}/checking")
    importer.work(import_id)
    importer.work(import_id)  # the previews


def test_the_whole_way(owner, importer):
    import_id = run(owner, importer)
    page = owner.get(f"/imports/{import_id}/report").text
    assert "1 new contact</a> is in." in page
    assert "2 rows</a> are not in yet." in page
    for path in ("rows", "rows?outcome=invalid", "problems", "conflicts", "rollback"):
        owner.get(f"/imports/{import_id}/{path}")
    report = owner.get(f"/imports/{import_id}/report.csv")
    assert report.data.startswith(b"\xef\xbb\xbfRowcall row,")
    assert b"2,created," in report.data
    assert owner.get("/imports").text.count(import_id) >= 2
    found = importer.session.query(Contact).one()
    assert "people.csv, row 2" in owner.get(f"/contacts/{found.id}").text
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    assert "Everything was undone." in owner.get(f"/imports/{import_id}/report").text
    assert "No contacts yet" in owner.get("/contacts").text


def test_sample(owner, importer):
    answer = owner.post("/imports/sample", {})
    import_id = answer.location.split("/")[2]
    check(owner, importer, import_id)
    owner.get(f"/imports/{import_id}/review")
    owner.get(f"/imports/{import_id}/problems")


def test_a_step_too_early_leads_to_the_first_open_one(owner):
    import_id = bring(owner)
    for path in ("checking", "review", "progress", "report", "rollback"):
        assert owner.get(f"/imports/{import_id}/{path}", status=302).location.endswith(
            "/columns"
        )


def test_files_that_are_none(owner, session):
    for data, name, words in (
        (b"", "a.csv", "empty"),
        (b"Email,Name\n", "a.csv", "but no rows"),
        (b"%PDF-1.4 abc", "a.csv", "PDF"),
        (b"a,b\n1,2\n", "a.pdf", "We cannot read"),
    ):
        answer = owner.post(
            "/imports/new", {"file": (io.BytesIO(data), name)}, at="/imports/new", status=422
        )
        assert words in answer.text
    assert session.query(ContactImport).count() == 0
    from webapp.models import ImportFileChunk  # noqa: PLC0415

    assert session.query(ImportFileChunk).count() == 0


def test_account_pages(owner, sign_in):
    assert (
        "rowcall_"
        in owner.post("/account/tokens", {"name": "x"}, at="/account", status=200).text
    )
    owner.get("/account")
    assert "/people" not in owner.get("/account").text
    owner.get("/people", status=403)
    admin = sign_in("admin")
    assert "/people" in admin.get("/account").text
    admin.get("/people")
    new = {"email": "new@example.com", "password": "short", "role": "viewer"}
    assert "12 characters" in admin.post("/account/users", new, at="/account", status=422).text
    admin.post("/account/users", {**new, "password": "long enough, this one"}, at="/account")
    owner.post("/account/users", new, at="/account", status=403)


def test_editing_a_contact(owner, viewer, importer):
    run(owner, importer)
    ann = importer.session.query(Contact).one()
    page = f"/contacts/{ann.id}"
    owner.post(
        page, {"version": "1", "company": "Acme", "first_name": "Anna", "email": ""}, at=page
    )
    importer.session.expire_all()
    assert (ann.company, ann.first_name, ann.email, ann.external_id, ann.version) == (
        "Acme",
        "Anna",
        None,
        "1",
        2,
    )
    stale = owner.post(page, {"version": "1", "company": "Beta"}, at=page, status=409)
    assert "Beta" in stale.text
    assert "Now: Acme" in stale.text
    assert (
        "Write the e-mail with an @"
        in owner.post(page, {"version": "2", "email": "x"}, at=page, status=422).text
    )
    viewer.post(page, {"version": "2"}, at=page, status=403)
    owner.post(f"{page}/delete", {"version": "1"}, at=page, status=409)
    owner.post(f"{page}/delete", {"version": "2"}, at=page)
    owner.get(page, status=404)


def test_the_review_speaks_of_one_row_in_the_singular(owner, importer):
    one = b"ID,Email\n1,ann@example.com\n1,ann@example.com\n3,nobody\n"
    import_id = bring(owner, one)
    check(owner, importer, import_id)
    page = " ".join(owner.get(f"/imports/{import_id}/review").text.split())
    assert "1 row repeats a person of this file: what should happen?" in page
    assert "Fix 1</a>" in page


def test_a_preview_that_was_given_up_is_no_longer_waited_for(owner, importer, session):
    """Workers broke off three times over it: the page says so, and the import can be started."""
    import_id = bring(owner)
    check(owner, importer, import_id)
    session.execute(text("DELETE FROM contact_import_previews WHERE strategy = 'skip'"))
    session.commit()
    waiting = owner.get(f"/imports/{import_id}/review").text
    assert "You can import once it is counted." in waiting
    assert 'hx-trigger="every 1s"' in waiting
    session.execute(text("UPDATE contact_import_leases SET deaths = 3"))
    session.commit()
    given_up = owner.get(f"/imports/{import_id}/review").text
    assert "could not be calculated in advance" in given_up
    assert 'hx-trigger="every 1s"' not in given_up
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    assert importer.work(UUID(import_id)).state == "completed"
