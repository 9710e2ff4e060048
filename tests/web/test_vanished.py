"""What is deleted by another request between the look and the deed: 404 or 409, never a failure."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text

from tests.harness.web import Page
from tests.web.test_pages import bring, check, run
from webapp.models import ApiToken, Contact, ContactImport, ImportLease
from webapp.retention import discarding
from webapp.web.accounts import add_token

NONE = str(UUID(int=0))
LOOKS = {"api.preview_correction"}  # a POST that changes nothing
# The form that makes each POST on an import do its work; what is not here needs none.
FORMS = {
    "columns.choose": {"column-1": "email"},
    "columns.draft": {"column-1": "email"},
    "columns.reread": {"encoding": "utf-8"},
    "wizard.execute": {"duplicate_strategy": "skip"},
    "wizard.choose_dates": {"date_order": "dmy"},
    "corrections.correct": {"cell-1": "x@example.com"},
    "corrections.fix": {"act": "leave_out", "rows": "3"},
    "corrections.paste": {"column": "1", "row": "3", "value": "x@example.com", "given": "1"},
    "corrections.replace": {"find": "a", "replace_with": "b", "write": "1"},
    "corrections.undo": {"number": "1"},
    "approvals.approve": {"plan": "0" * 64, "sure": "on"},
    "conflicts.choose": {"choice": "new"},
}


@pytest.fixture
def asked_of_imports(app):
    """(method, address with the id of none, form or JSON, endpoint) of whatever changes an
    import.
    """
    bodies = {
        "api.map_columns": {"mapping": [None, "email", None, None]},
        "api.execute_import": {"import_id": NONE, "duplicate_strategy": "skip"},
        "api.approve_import": {"plan": "0" * 64},
        "api.choose_contact": {"new": True},
        "api.correct_row": {"values": {"email": "x@example.com"}},
        "api.correct_rows": {"act": "leave_out", "rows": [3]},
    }
    values = {"import_id": NONE, "row": 3, "what": "leave", "number": 1}
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        return [
            (
                method,
                path,
                FORMS.get(rule.endpoint, bodies.get(rule.endpoint, {})),
                rule.endpoint,
            )
            for rule in app.url_map.iter_rules()
            for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"})
            if "import_id" in rule.arguments and rule.endpoint not in LOOKS
            for path in [
                urls.build(
                    rule.endpoint, {name: values[name] for name in rule.arguments}, method
                )
            ]
        ]


@contextmanager
def deleted_between(session, what, ask):
    """Run `ask` in a thread; once it waits for the lock that `session` holds, `what` is done
    and committed.
    """
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not waiting_or_done(session, asked):
            wait([asked], timeout=0.02)
        what()
        session.commit()
        yield asked.result()


def waiting_or_done(session, asked) -> bool:
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return asked.done() or session.scalar(text(question)) > 0


@pytest.mark.timeout(600)
def test_an_import_that_is_discarded_beside_any_request(
    app, owner, importer, people, asked_of_imports
):
    session = importer.session
    # Each request wants an upload of its own, all within one minute.
    many = {"uploads_per_minute": 2 * len(asked_of_imports)}
    app.extensions["rowcall"] = app.extensions["rowcall"].model_copy(update=many)
    with app.app_context():
        program = {
            "Authorization": f"Bearer {add_token(people['owner'], 'test')}",
            "Accept": "application/json",
        }
    held = 0
    for method, path, body, endpoint in asked_of_imports:
        import_id = bring(owner)
        check(owner, importer, import_id)
        address = path.replace(NONE, import_id)
        token = Page(owner.get("/account").text).tokens[0]
        if endpoint.startswith("api."):
            json = {
                name: import_id if value == NONE else value for name, value in body.items()
            } or None
            more = {"json": json, "headers": program}
        else:
            more = {"data": {**body, "csrf_token": token}}

        session.commit()
        for table in (ImportLease.import_id, ContactImport.id):
            session.execute(select(table).where(table == import_id).with_for_update())
        ask = lambda: owner.client.open(address, method=method, **more)  # noqa: E731, B023 - asked at once
        with deleted_between(
            session,
            lambda: discarding.discard(session, import_id),  # noqa: B023 - asked at once
            ask,
        ) as answer:
            held += 1
            assert answer.status_code in {302, 404, 409}, (method, address, answer.status_code)
            if answer.status_code == 302:
                assert owner.client.get(answer.location).status_code in {200, 404}, address
        assert session.get(ContactImport, import_id, populate_existing=True) is None
    assert held > 12


def test_a_contact_that_is_deleted_beside_an_edit(owner, sign_in, importer):
    admin, session = sign_in("admin"), importer.session
    for path, browser, form in (
        ("", owner, {"company": "Acme"}),
        ("/delete", owner, {}),
        ("/erase", admin, {}),
    ):
        run(owner, importer, strategy="update")
        contact = session.scalars(select(Contact)).first()
        address = f"/contacts/{contact.id}"
        token = Page(browser.get(address).text).tokens[0]
        data = {"version": str(contact.version), **form, "csrf_token": token}
        session.commit()
        session.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update())
        gone = delete(Contact).where(Contact.id == contact.id)
        ask = lambda: browser.client.post(address + path, data=data)  # noqa: E731, B023 - asked at once
        with deleted_between(session, lambda: session.execute(gone), ask) as answer:  # noqa: B023
            assert answer.status_code == 404, (path, answer.status_code)
        session.execute(delete(Contact))
        session.commit()


def test_a_token_that_is_revoked_twice(app, owner, people, session):
    with app.app_context():
        add_token(people["owner"], "test")
    token = session.scalars(select(ApiToken)).one()
    for _ in range(2):
        owner.post(f"/account/tokens/{token.id}/revoke", {}, at="/account")
    session.refresh(token)
    assert token.revoked_at is not None


def test_an_account_that_is_none(sign_in):
    admin = sign_in("admin")
    admin.post("/account/users/999999", {"role": "viewer"}, at="/account", status=404)


def test_a_session_that_is_signed_out_while_it_is_looked_at(owner, session):
    """Its row is gone by the time that it is noted when it was last seen."""
    session.execute(text("UPDATE sessions SET seen_at = now() - interval '1 hour'"))
    session.commit()
    session.execute(text("SELECT FROM sessions FOR UPDATE"))
    gone = text("DELETE FROM sessions")
    with deleted_between(
        session, lambda: session.execute(gone), lambda: owner.client.get("/imports")
    ) as answer:
        assert answer.status_code in {200, 302}
