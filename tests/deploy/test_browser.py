"""A real browser in front of a real nginx with TLS, at the root of the name and under a path."""

import pytest

from tests.api.conftest import people_table
from tests.browser.steps import to_review, upload
from tests.harness.browser import PATIENCE
from tests.harness.gates import Gate
from tests.harness.house import House
from tests.harness.web import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture
def visitor(chromium):
    """A page of a browser that takes the site's own certificate."""
    context = chromium.new_context(ignore_https_errors=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ["", "/rowcall"], ids=["root", "path"])
def test_an_import_is_watched_over_the_socket(site, visitor, settings, people, path):
    here = site(path)
    complaints, sockets, foreign = [], [], []
    visitor.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    visitor.on("pageerror", lambda error: complaints.append(str(error)))
    visitor.on("websocket", lambda opened: sockets.append(opened.url))
    visitor.on(
        "request",
        lambda asked: (
            foreign.append(asked.url) if not asked.url.startswith(here.url) else None
        ),
    )

    # Asked for a page, the person signs in and comes to that page.
    visitor.goto(f"{here.url}/contacts?q=ada")
    visitor.fill("#email", "owner@example.com")
    visitor.fill("#password", PASSWORD)
    visitor.click("main form > button")
    visitor.wait_for_url(f"{here.url}/contacts?q=ada")

    upload(visitor, here.url, people_table(500))
    to_review(visitor)
    gate = Gate(House(settings, people["owner"], None))
    with visitor.expect_websocket() as opened:
        visitor.click("button[form=review]")
    of_import = import_id_below(visitor.url, path)
    opened.value.wait_for_event("framereceived")
    gate.open()
    visitor.wait_for_url("**/report")

    assert f"{here.url.replace('https', 'wss')}/imports/{of_import}/live" in sockets
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="All rows (CSV)").first.click()
    assert download.value.path().read_text(encoding="utf-8-sig").count("\n") == 501
    visitor.click("a.brand")
    visitor.wait_for_url(f"{here.url}/imports")
    assert complaints == []
    assert [url for url in foreign if not url.startswith("wss:")] == []


def import_id_below(url: str, path: str) -> str:
    return url.split("/")[4 + path.count("/")]
