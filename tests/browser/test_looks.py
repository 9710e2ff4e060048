"""Every page: nothing for axe to object to in either light, nothing cut off when narrow, targets large enough.

With SHOTS set to a folder, it leaves four pictures of each page there: wide and narrow, light and dark.
"""

import os
from pathlib import Path

import pytest

from tests.browser.steps import PATIENCE, Gate, import_id, objections, run, to_review, upload
from tests.harness.web import PASSWORD
from webapp.web.account import setup_token

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CUT_OFF = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# A link in a line of text may be as small as its line; what stands alone is 44 pixels high.
TOO_SMALL = """[...document.querySelectorAll("button, .button, select, summary, nav a, input:not([type=hidden])")]
    .map(at => at.closest("label") || at).filter(at => at.checkVisibility() && at.getBoundingClientRect().height < 43.5)
    .map(at => at.outerHTML)"""
HELD = b"""ID,Email,First name,Last name,Company,Phone,Birthday,Tags,Shoe size
1,ann@example.com,Ann,Ash,Ash & Sons,+49 30 1234567,1990-05-06,"fair, vip",37
2,ben at example.com,Ben,Birch,Birch Ltd,call reception,,,42
3,cid@example.com,Cid,Cedar,,+49 30 1234569,,fair,
4,dora@example.com,Dora,Dogwood,An unusually long name of a company that nobody shortened GmbH & Co. KG,,,,39
5,averylongaddressthatleavesnoroomforanythingelse@subdomain.of.a.rather.long.domain.example.com,Eve,Elm,,,03/04/1990,,
6,ann@example.com,Ann,Ash,Ash & Daughters,,,,
"""
CHANGED = HELD.replace(b"GmbH & Co. KG,", b"AG,+49 30 1234570").replace(b"Cid,Cedar,,", b"Cid,Cedar,Cedar & Co,")


class Eye:
    """Looks at the page at hand in both lights and both widths, and notes what it finds."""

    def __init__(self, page) -> None:
        self.page = page
        self.folder = Path(os.environ["SHOTS"]) if "SHOTS" in os.environ else None
        self.found: list[str] = []

    def look(self, name: str) -> None:
        for width in (NARROW, WIDE):
            self.page.set_viewport_size(width)
            for light in ("dark", "light"):
                self.page.emulate_media(color_scheme=light, reduced_motion="reduce")
                self._keep(f"{name}-{width['width']}-{light}")
                if width is NARROW:
                    continue
                wrong = objections(self.page, ["color-contrast"] if light == "dark" else None)
                self.found += [f"{name}, {light}: {one}" for one in wrong]
            if width is NARROW:
                self._measure(name)

    def _measure(self, name: str) -> None:
        if self.page.evaluate(CUT_OFF) > 0:
            self.found.append(f"{name}: wider than the window")
        self.found += [f"{name}: too small to touch: {one}" for one in self.page.evaluate(TOO_SMALL)]

    def _keep(self, name: str) -> None:
        if self.folder:
            self.folder.mkdir(exist_ok=True)
            self.page.screenshot(path=self.folder / f"{name}.png", full_page=True)


def test_every_page(page, live_server, app, conn, settings):
    eye = Eye(page)
    conn.execute("DELETE FROM users")
    first_account(page, live_server, app, eye)
    for path, name in (("/imports", "history-empty"), ("/contacts", "contacts-empty"), ("/imports/new", "upload")):
        page.goto(live_server + path)
        eye.look(name)
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Email\n"})
    page.click("text=Upload >> visible=true >> nth=-1")
    eye.look("upload-refused")

    upload(page, live_server, HELD)
    eye.look("columns")
    page.click("summary")
    eye.look("columns-open")
    with Gate(settings.database_url, "contact_import_rows"):
        page.click("text=Check these columns")
        page.wait_for_url("**/checking")
        eye.look("checking")
    page.wait_for_url("**/review", timeout=PATIENCE)
    page.wait_for_selector("#strategies:not([hx-get])", timeout=PATIENCE)
    page.click("summary")
    eye.look("review-new")
    with Gate(settings.database_url, "contact_import_results"):
        page.click("form.review .actions button")
        page.wait_for_url("**/progress")
        eye.look("progress")
    page.wait_for_url("**/report", timeout=PATIENCE)
    first = import_id(page)
    eye.look("report")
    for path, name in ((f"/imports/{first}/rows", "rows"), ("/contacts", "contacts")):
        page.goto(live_server + path)
        eye.look(name)

    upload(page, live_server, CHANGED, "people-changed.csv")
    to_review(page)
    for strategy in ("skip", "update", "merge"):
        page.click(f"#s-{strategy}")
        eye.look(f"review-{strategy}")
    page.goto(f"{live_server}/imports/{import_id(page)}/problems")
    eye.look("problems")
    page.go_back()
    page.wait_for_selector("#strategies:not([hx-get])", timeout=PATIENCE)
    second = run(page, "update")
    contact_pages(page, live_server, conn, eye)
    rolling_back(page, live_server, settings, eye, second)
    account_and_errors(page, live_server, eye, second)
    assert not eye.found, "\n".join(eye.found)


def first_account(page, address: str, app, eye: Eye) -> None:
    page.goto(f"{address}/sign-in")
    eye.look("sign-in-first")
    with app.app_context():
        page.goto(f"{address}/setup/{setup_token()}")
    page.fill("#name", "Maria Lopez")
    page.fill("#email", "maria@example.com")
    page.fill("#password", PASSWORD)
    eye.look("setup")
    page.click("main button")
    page.wait_for_url("**/imports")


def contact_pages(page, address: str, conn, eye: Eye) -> None:
    """The page of one that was updated; an edit that is wrong; one that comes too late; a search for nobody."""
    someone = conn.execute("SELECT id FROM contacts WHERE first_name = 'Cid'").fetchone()["id"]
    page.goto(f"{address}/contacts/{someone}")
    eye.look("contact")
    page.get_by_label("E-mail").fill("cid at example.com")
    page.get_by_role("button", name="Save").click()
    eye.look("contact-wrong")
    conn.execute("UPDATE contacts SET version = version + 1, city = 'Oslo' WHERE id = %s", (someone,))
    page.get_by_label("E-mail").fill("cid@example.org")
    page.get_by_label("City").fill("Bergen")
    page.get_by_role("button", name="Save").click()
    eye.look("contact-stale")
    page.get_by_role("button", name="Save").click()
    page.goto(f"{address}/contacts?q=zzzz")
    eye.look("contacts-none")


def rolling_back(page, address: str, settings, eye: Eye, of_import: str) -> None:
    page.goto(f"{address}/imports/{of_import}/report")
    eye.look("report-update")
    page.click("text=Roll back this import")
    eye.look("rollback")
    with Gate(settings.database_url, "contact_changes"):
        page.click("main button.danger")
        page.wait_for_url("**/progress")
        eye.look("rolling-back")
    page.wait_for_url("**/report", timeout=PATIENCE)
    eye.look("report-rolled-back")


def account_and_errors(page, address: str, eye: Eye, of_import: str) -> None:
    page.goto(f"{address}/imports")
    eye.look("history")
    page.goto(f"{address}/account")
    for label, text in (("Name", "Jonas Weber"), ("E-mail", "jonas@example.com"), ("Password, at", PASSWORD)):
        page.locator("form[action='/account/users']").get_by_label(label).fill(text)
    page.click("text=Add the account")
    page.get_by_label("Name of the token").fill("Nightly export")
    page.click("text=Make a token")
    eye.look("account")
    for path, name in (("/api/docs", "api-docs"), (f"/imports/{of_import}x", "error-404")):
        page.goto(address + path)
        eye.look(name)
    page.goto(f"{address}/account")
    page.click("text=Sign out")
    page.fill("#email", "maria@example.com")
    page.fill("#password", "a guess")
    page.click("main button")
    eye.look("sign-in-wrong")
