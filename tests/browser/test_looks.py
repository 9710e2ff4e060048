"""Every page: nothing for axe to object to in either light, nothing cut off when narrow,
targets large enough, in English and in German.

With SHOTS set to a folder, it leaves eight pictures of each page there: wide and narrow, light
and dark, in both languages.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.browser.steps import Gate, import_id, objections, run, sign_in, to_review, upload
from tests.harness.web import PASSWORD
from webapp.web.accounts import setup_token

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Pixels by which the page, or any of its menus once it is open, goes beyond the window.
CUT_OFF = """Math.max(
  document.documentElement.scrollWidth - document.documentElement.clientWidth,
  ...[...document.querySelectorAll("details.menu > .menu-items")].map(items => {
    const menu = items.parentElement, was = menu.open
    menu.open = true
    const at = items.getBoundingClientRect()
    menu.open = was
    return Math.max(-at.left, at.right - innerWidth)
  }))"""
# A link in a line of text may be as small as its line; what stands alone is 44 pixels high.
TOO_SMALL = """[...document.querySelectorAll("button, .button, select, summary, nav a, input:not([type=hidden])")]
    .map(at => at.closest("label") || at).filter(at => at.checkVisibility() && at.getBoundingClientRect().height < 43.5)
    .map(at => at.outerHTML)"""
PEOPLE = b"""ID,Email,First name,Last name,Company,Phone,Birthday,Tags,Shoe size
1,ann@example.com,Ann,Ash,Ash & Sons,+49 30 1234567,1990-05-06,"fair, vip",37
2,ben at example.com,Ben,Birch,Birch Ltd,call reception,,,42
3,cid@example.com,Cid,Cedar,,+49 30 1234569,,fair,
4,dora@example.com,Dora,Dogwood,An unusually long name of a company that nobody shortened GmbH & Co. KG,,,,39
5,averylongaddressthatleavesnoroomforanythingelse@subdomain.of.a.rather.long.domain.example.com,Eve,Elm,,,03/04/1990,,
6,ann@example.com,Ann,Ash,Ash & Daughters,,,,
"""
CHANGED = PEOPLE.replace(b"GmbH & Co. KG,", b"AG,+49 30 1234570").replace(
    b"Cid,Cedar,,", b"Cid,Cedar,Cedar & Co,"
)
# The templates' own line breaks, where they show: in text that keeps its lines, and in a cell of a
# table that would be left out when narrow if it held nothing at all.
LINES_OF_TEMPLATES = """[...document.querySelectorAll("main *")].filter(at =>
    (getComputedStyle(at).whiteSpace.startsWith("pre") && !at.matches("pre, pre *, textarea, select, select *")
      && [...at.childNodes].some(node => node.nodeType === 3 && /^\\n? {2,}|\\n {2,}$/.test(node.data)))
    || (at.matches(".stacked td") && at.childNodes.length && !at.children.length && !at.textContent.trim()))
    .map(at => at.outerHTML)"""
# The sections of the API's page are all of one make; looking at each takes as long as everything
# else.
FEWER = (
    "document.querySelectorAll('section.card:nth-of-type(n + 9)').forEach(at => at.remove())"
)
PREVIEWED = "#strategies:not([hx-get])"


class Eye:
    """Looks at the page at hand in both lights and both widths, and notes what it finds."""

    def __init__(self, page, address: str) -> None:
        self.page, self.address = page, address
        self.folder = Path(os.environ["SHOTS"]) if "SHOTS" in os.environ else None
        self.found: list[str] = []
        self.german = None  # the other window, once it is open

    def visit(self, path: str, name: str) -> None:
        self.page.goto(self.address + path)
        self.look(name)

    def look(self, name: str) -> None:
        # A page on its way has no heading; a click does not wait for it.
        self.page.locator("main h1:visible").wait_for()
        self.page.wait_for_load_state()
        self.page.set_viewport_size(NARROW)
        self._measure(name)
        self._keep(f"{name}-narrow")
        self.page.set_viewport_size(WIDE)
        self._keep(f"{name}-wide")
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self._note(name, objections(self.page))
        self.page.emulate_media(color_scheme="dark")
        self._note(f"{name}, dark", objections(self.page, ["color-contrast"]))
        self._in_german(name)

    def _in_german(self, name: str) -> None:
        """The page at this address as another window has it, so that the one at hand stays."""
        ours = self.page
        if self.german is None:
            self.german = ours.context.browser.new_context(locale="de-DE").new_page()
        self.page = self.german
        self.page.context.clear_cookies()
        self.page.context.add_cookies(ours.context.cookies())
        self.page.set_viewport_size(NARROW)
        self.page.goto(ours.url)
        if self.page.locator("html[lang=de] main h1:visible").count():
            self._measure(f"{name}, in German")
            self._keep(f"de-{name}-narrow")
            self.page.set_viewport_size(WIDE)
            self._keep(f"de-{name}-wide")

        self.page = ours

    def _measure(self, name: str) -> None:
        if self.page.evaluate(CUT_OFF) > 0:
            self.found.append(f"{name}: wider than the window")
        self._note(f"{name}: too small to touch", self.page.evaluate(TOO_SMALL))
        self._note(f"{name}: a template's line", self.page.evaluate(LINES_OF_TEMPLATES))

    def _note(self, where: str, found: list[str]) -> None:
        self.found += [f"{where}: {one}" for one in found]

    def _keep(self, name: str) -> None:
        if self.folder:
            self.folder.mkdir(exist_ok=True)
            for light in ("light", "dark"):
                self.page.emulate_media(color_scheme=light)
                self.page.screenshot(path=self.folder / f"{name}-{light}.png", full_page=True)


@pytest.mark.timeout(1200)  # about fifty pages, each looked at in both lights and widths
def test_every_page(page, live_server, app, conn, settings):
    eye = Eye(page, live_server)
    first_account(eye, app, conn)
    empty_pages(eye)
    first_import(eye, settings.database_url)
    second = second_import(eye, conn)
    contact_pages(eye, conn)
    undone(eye, settings.database_url, second)
    account_and_errors(eye, second)
    assert not eye.found, "\n".join(eye.found)


def first_account(eye: Eye, app, conn) -> None:
    conn.execute("DELETE FROM users")
    eye.visit("/sign-in", "sign-in-first")
    with app.app_context():
        path = f"/setup/{setup_token()}"
    eye.page.goto(eye.address + path)
    eye.page.fill("#name", "Maria Lopez")
    eye.page.fill("#email", "maria@example.com")
    eye.page.fill("#password", PASSWORD)
    eye.look("setup")
    eye.page.click("main form > button")
    eye.page.wait_for_url("**/imports")


def empty_pages(eye: Eye) -> None:
    eye.visit("/imports", "history-empty")
    eye.visit("/contacts", "contacts-empty")
    eye.visit("/imports/new", "upload")
    eye.page.set_input_files(
        "#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Email\n"}
    )
    eye.page.get_by_text("Choose another file").wait_for()
    eye.look("upload-refused")


def first_import(eye: Eye, database_url: str) -> None:
    """Held while it checks and while it runs, so that both can be looked at."""
    page = eye.page
    upload(page, eye.address, PEOPLE)
    eye.look("columns")
    for summary in page.locator("main summary").all():
        summary.click()
    eye.look("columns-open")
    with Gate(database_url, "contact_import_rows"):
        page.click("button[form=columns]")
        page.wait_for_url("**/checking")
        eye.look("checking")
    page.wait_for_url("**/review")
    page.wait_for_selector(PREVIEWED)
    page.click("main summary")
    eye.look("review-new")
    with Gate(database_url, "contact_import_results"):
        page.click("button[form=review]")
        page.wait_for_url("**/progress")
        eye.look("progress")
    page.wait_for_url("**/report")
    eye.look("report")
    eye.visit(f"/imports/{import_id(page)}/rows", "rows")
    eye.visit("/contacts", "contacts")


def second_import(eye: Eye, conn) -> str:
    """The same people with changes, under each strategy; its id."""
    page = eye.page
    upload(page, eye.address, CHANGED, "people-changed.csv")
    to_review(page)
    for strategy in ("skip", "update", "merge"):
        page.click(f"#s-{strategy}")
        eye.look(f"review-{strategy}")
    eye.visit(f"/imports/{import_id(page)}/problems", "problems")
    page.go_back()
    page.wait_for_selector(PREVIEWED)
    conn.execute("DELETE FROM contact_import_previews WHERE strategy = 'merge'")
    conn.execute("UPDATE contact_import_leases SET deaths = 3")
    conn.commit()
    eye.visit(f"/imports/{import_id(page)}/review", "review-given-up")
    return run(page, "update")


def contact_pages(eye: Eye, conn) -> None:
    """The page of one that was updated; an edit that is wrong; one that comes too late; a
    search for nobody.
    """
    page = eye.page
    someone = conn.execute("SELECT id FROM contacts WHERE first_name = 'Cid'").fetchone()["id"]
    eye.visit(f"/contacts/{someone}", "contact")
    eye.visit("/contacts/new", "contact-new")
    eye.visit(f"/contacts/{someone}/edit", "contact-edit")
    page.get_by_label("E-mail 1", exact=True).fill("cid at example.com")
    page.get_by_role("button", name="Save").click()
    page.locator("[aria-invalid=true]").wait_for()
    eye.look("contact-wrong")
    conn.execute(
        "UPDATE contacts SET version = version + 1, city = 'Oslo' WHERE id = %s", (someone,)
    )
    page.get_by_label("E-mail 1", exact=True).fill("cid@example.org")
    page.get_by_label("E-mail 2, new").fill("cid.cedar@home.example")
    page.get_by_label("Label of E-mail 2").select_option("home")
    page.get_by_label("City").fill("Bergen")
    page.get_by_role("button", name="Save").click()
    eye.look("contact-stale")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    eye.look("contact-several")
    eye.visit("/contacts/changes", "changes-several")
    eye.visit(f"/contacts/{someone}/erase", "erase")
    eye.visit("/contacts?q=zzzz", "contacts-none")


def undone(eye: Eye, database_url: str, of_import: str) -> None:
    page = eye.page
    eye.visit(f"/imports/{of_import}/report", "report-update")
    page.click("text=Undo this import")
    eye.look("rollback")
    with Gate(database_url, "contact_changes"):
        page.get_by_role("button", name="Undo this import").click()
        page.wait_for_url("**/progress")
        eye.look("rolling-back")
    page.wait_for_url("**/report")
    eye.look("report-rolled-back")
    eye.visit(f"/imports/{of_import}/rolled-back", "rolled-back")
    eye.visit("/imports", "history")


def account_and_errors(eye: Eye, of_import: str) -> None:
    page = eye.page
    page.goto(f"{eye.address}/people")
    for label, text in (
        ("Name", "Jonas Weber"),
        ("E-mail", "jonas@example.com"),
        ("Password, at", PASSWORD),
    ):
        page.locator("form[action='/account/users']").get_by_label(label).fill(text)
    page.click("text=Add the person")
    eye.look("people")
    page.goto(f"{eye.address}/account")
    page.get_by_label("Name of the token").fill("Nightly export")
    page.click("text=Create token")
    eye.look("account")
    page.goto(f"{eye.address}/api/docs")
    page.evaluate(FEWER)
    eye.look("api-docs")
    eye.visit(f"/imports/{of_import}x", "error-404")
    page.goto(f"{eye.address}/account")
    page.context.clear_cookies()
    page.click("text=Create token")
    eye.look("error-old-form")
    page.goto(f"{eye.address}/sign-in")
    page.fill("#email", "maria@example.com")
    page.fill("#password", "a guess")
    page.click("main form > button")
    eye.look("sign-in-wrong")


LONG = (
    "A rather long line of notes that somebody typed on the telephone, and that goes on. " * 4
)


def test_changes_by_hand(page, live_server, conn, people):
    """Deleted, back, changed and undone: the line at the place, the list, and what could not
    come back.
    """
    eye = Eye(page, live_server)
    conn.execute(
        """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company, street, notes, tags)
           VALUES ('1', 'ann@example.com', 'ann@example.com', 'Ann', 'Ash', 'Ash & Sons', E'1 Main Street\nFlat 4',
             %s, '{fair,vip}'), ('2', 'ben@example.com', 'ben@example.com', 'Ben', 'Birch', NULL, NULL, NULL, '{}')""",
        (LONG,),
    )
    sign_in(page, live_server)
    eye.visit("/contacts/changes", "changes-empty")
    page.goto(f"{live_server}/contacts/1/edit")
    page.get_by_label("Company").fill("Ash & Daughters")
    page.get_by_label("City").fill("Oslo")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    eye.look("contact-saved")
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Delete Ann Ash").click()
    page.get_by_text("Ann Ash was deleted.").wait_for()
    eye.look("contact-deleted")
    eye.visit("/contacts/changes", "changes")
    page.goto(f"{live_server}/contacts/2/edit")
    page.get_by_label("E-mail 1", exact=True).fill("ann@example.com")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.goto(f"{live_server}/contacts/changes")
    page.get_by_role("button", name="Undo the deletion of Ann Ash").click()
    page.get_by_role("heading", name="Ann Ash is back, but for 1 field.").wait_for()
    eye.look("undone-kept")
    page.goto(f"{live_server}/contacts/changes")
    page.get_by_role("button", name="Undo the edit of Ben Birch").click()
    page.get_by_role("status").wait_for()
    eye.look("changes-undone")
    conn.execute("UPDATE users SET role = 'admin'")
    rows = [f"{n},p{n}@example.com,Ada,+49 30 1234567" for n in range(3, 9)]
    conn.execute(
        "UPDATE contacts SET phone = '+49 30 1234567', phone_key = '+49301234567' WHERE id = 1"
    )
    upload(
        page,
        live_server,
        "\n".join(["ID,Email,First name,Phone", *rows]).encode(),
        "staff.csv",
    )
    to_review(page)
    eye.page.goto(f"{live_server}/contacts/1/erase")
    eye.page.locator("main summary").click()
    eye.look("erase-others")
    assert not eye.found, "\n".join(eye.found)


def test_a_deletion_is_undone_by_keyboard_and_without_scripts(
    chromium, live_server, conn, people
):
    conn.execute(
        "INSERT INTO contacts (first_name, email, email_key) VALUES ('Ann', 'a@example.com', 'a@example.com')"
    )
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts/1/edit")
    page.get_by_role("button", name="Delete Ann").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Ann was deleted.").wait_for()
    undo = page.get_by_role("button", name="Undo")
    for _ in range(20):  # through the top of the page and what stands before it
        page.keyboard.press("Tab")
        if undo.evaluate("at => at === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.get_by_text("Ann is back.").wait_for()
    assert conn.execute("SELECT count(*) AS n FROM contacts").fetchone()["n"] == 1
    context.close()


IN_BOOK = b"""ID,Email,First name,Last name,Company,Phone
K-1,juergen@example.com,Juergen,Rossi,Acme,+49 30 1234567
K-2,marek.conti@acme.example,Marek,Conti,Acme,
K-3,cid@example.com,Cid,Cedar,,
"""
DISPUTED = b"""ID,Email,First name,Last name,Company,Phone
K-1,marek.conti@acme.example,Marek,Conti,Acme Logistics,+49 30 1234569
K-1,cid@example.com,Cid,Cedar,,
K-9,cid@example.com,Cid,Cedar,An unusually long name of a company that nobody shortened GmbH & Co. KG,
K-77,new@example.com,New,Person,,
K-77,cid@example.com,,,,
"""


def test_rows_in_conflict(owner, live_server, conn):
    """None, some and all of them settled, one by another person, and what is left after the run."""
    eye = Eye(owner, live_server)
    upload(owner, live_server, IN_BOOK)
    to_review(owner)
    eye.visit(f"/imports/{import_id(owner)}/conflicts", "conflicts-none")
    owner.go_back()
    run(owner, "skip")
    upload(owner, live_server, DISPUTED, "leads.csv")
    to_review(owner)
    eye.look("review-conflicts")
    here = f"/imports/{import_id(owner)}/conflicts"
    eye.visit(here, "conflicts")
    owner.locator("[data-choice='2']:visible").click()
    owner.wait_for_selector(".bottom >> text=1 of 4 chosen")
    eye.look("conflicts-some")
    owner.goto(f"{live_server}{here}?row=4")
    conn.execute(
        "INSERT INTO contact_import_choices (import_id, row, chosen) VALUES (%s, 4, 'leave_out')",
        (import_id(owner),),
    )
    owner.locator("[data-choice='1']:visible").click()
    owner.wait_for_selector("text=Someone else has already chosen for row 4")
    eye.look("conflicts-settled")
    conn.execute("DELETE FROM contacts WHERE external_id = 'K-2'")
    eye.visit(f"{here}?row=2", "conflicts-contact-deleted")
    owner.goto(f"{live_server}{here}?row=3")
    owner.locator("#alike").check()
    owner.locator("[data-choice]:visible").last.click()
    owner.wait_for_selector("text=that are alike")
    eye.look("conflicts-all")
    owner.goto(f"{live_server}{here.removesuffix('conflicts')}review")
    owner.wait_for_selector(PREVIEWED)
    eye.look("review-conflicts-settled")
    run(owner, "update")
    eye.look("report-conflicts")
    assert not eye.found, "\n".join(eye.found)


def test_the_ways_to_export(owner, live_server, conn):
    conn.execute("INSERT INTO contacts (first_name, company) VALUES ('Ann', 'Ash & Sons')")
    eye = Eye(owner, live_server)
    owner.goto(f"{live_server}/contacts")
    owner.locator("summary", has_text="Export").click()
    eye.look("contacts-export")
    assert not eye.found, "\n".join(eye.found)


def test_an_earlier_day(owner, live_server, conn):
    conn.execute(
        "INSERT INTO contacts (first_name, last_name, company, email, email_key, city, tags)"
        " VALUES ('Ann', 'Ash', 'Ash & Sons', 'a@example.com', 'a@example.com', 'Oslo', '{vip}')"
    )
    eye = Eye(owner, live_server)
    owner.goto(f"{live_server}/contacts/1")
    owner.locator("summary", has_text="as it was").click()
    eye.look("contact-days")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    owner.fill("#day", today)
    owner.get_by_role("button", name="Show").click()
    owner.get_by_text("This is how the contact was").wait_for()
    eye.look("contact-past")
    owner.goto(f"{live_server}/contacts/7/past?day={today}")
    eye.look("contact-past-none")
    assert not eye.found, "\n".join(eye.found)
