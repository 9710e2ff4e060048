"""One button, one effect: twenty presses at once, from twenty tabs."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from sqlalchemy import text

from tests.harness.web import Page
from tests.web.test_pages import bring, check
from webapp import jobs
from webapp.models import Contact

TABS = 20


def press(app, cookie: str, path: str, data: dict[str, str]) -> list[str]:
    """Where each of the tabs is sent."""

    def one(_: int) -> str:
        client = app.test_client()
        client.set_cookie("rowcall", cookie)
        answer = client.post(path, data=data)
        assert answer.status_code == 302, answer.text
        return answer.location

    with ThreadPoolExecutor(TABS) as tabs:
        return list(tabs.map(one, range(TABS)))


def events(session, import_id: str, event: str) -> int:
    session.rollback()
    counted = (
        "SELECT count(*) FROM contact_import_logs WHERE import_id = :id AND event = :event"
    )
    return session.scalar(text(counted), {"id": import_id, "event": event})


def test_twenty_presses_are_one_import_and_one_rollback(app, owner, importer, settings):
    import_id = bring(owner)
    check(owner, importer, import_id)
    cookie = owner.client.get_cookie("rowcall").value
    form = {
        "csrf_token": Page(owner.get("/account").text).tokens[0],
        "duplicate_strategy": "skip",
    }
    bell = jobs.queue(settings.redis_url)
    bell.empty()
    sent = press(app, cookie, f"/imports/{import_id}/execute", form)
    assert set(sent) == {f"/imports/{import_id}/progress"}
    assert events(importer.session, import_id, "queued") == 1
    assert bell.count == 1
    importer.work(import_id)
    assert importer.session.query(Contact).count() == 1
    press(app, cookie, f"/imports/{import_id}/rollback", form)
    assert events(importer.session, import_id, "rollback_started") == 1
    importer.work(import_id)
    assert importer.session.query(Contact).count() == 0


def test_those_who_ring_at_the_same_moment_put_one_job_on_the_queue(settings):
    bell, import_id = jobs.queue(settings.redis_url), uuid4()
    for _ in range(20):
        bell.empty()
        with ThreadPoolExecutor(TABS) as tabs:
            assert all(tabs.map(lambda _: jobs.wake(import_id, settings), range(TABS)))
        assert bell.count == 1
