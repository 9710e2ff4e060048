"""Fixing rows in the grid: with the keyboard alone, by several people, on a phone, without a
script.
"""

import pytest

from tests.browser.steps import accessible, ledger, run, sign_in
from tests.harness.web import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
HEAD = "Email,First name,Last name,Phone,Birthday\n"
SUGGESTED = {
    "olu.brown @acme.example": "olu.brown@acme.example",
    "ruth.castano@@acme.example": "ruth.castano@acme.example",
    "k.okafor(at)lumiere.example": "k.okafor@lumiere.example",
    "sean.nunez(at)lumiere.example": "sean.nunez@lumiere.example",
    "renee.okafor @oresund.example": "renee.okafor@oresund.example",
    "liam.conti @gmail.com": "liam.conti@gmail.com",
    "p.taylor(at)north.example": "p.taylor@north.example",
    "lukasz.simek@@studio.example": "lukasz.simek@studio.example",
    "amy.lee @acme.example": "amy.lee@acme.example",
}
TYPED = {
    "info": ["ella@example.com", "tom@example.com"],
    "call me": ["grace@example.com"],
}
KEYS_A_MINUTE = 200  # of a person who types forty words a minute
FOCUS = "document.activeElement.id"
IN_SIGHT = """() => {
    const bar = document.querySelector('.bottom').getBoundingClientRect().top;
    return [...document.querySelectorAll('.fix-row')].filter(row => {
        const at = row.getBoundingClientRect();
        return at.top >= 0 && at.bottom <= bar;
    }).length;
}"""
SAID = "#said"


def people(emails: list[str], *, good: int = 30) -> str:
    """These e-mails, each of a person of their own with a phone, and then good rows."""
    rows = [
        f"{email},First{n},Last{n},+49 30 12345{n:02},\n" for n, email in enumerate(emails)
    ]
    rows += [f"good{n}@example.com,Good{n},Row,,\n" for n in range(good)]
    return HEAD + "".join(rows)


def to_fix(page, address: str, imports, text: str) -> str:
    """Open the rows to fix of a file that was checked; the import's id."""
    number = str(imports.check(text, drop_bad_cells=False).id)
    page.goto(f"{address}/imports/{number}/problems?column=0")
    return number


def values(conn, number: str) -> list[str]:
    """The e-mails of the rows as they would be imported, in file order."""
    return [
        row["email"]
        for row in conn.execute(
            "SELECT email FROM contact_import_rows WHERE import_id = %s AND status = 'valid'"
            " AND email NOT LIKE 'good%%' ORDER BY row",
            (number,),
        )
    ]


class Keys:
    """The keyboard, and how many keys were pressed."""

    def __init__(self, page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)


def test_twelve_emails_are_fixed_by_keyboard(owner, live_server, conn, imports):
    typed = [value for value, new in TYPED.items() for _ in new]
    number = to_fix(owner, live_server, imports, people([*SUGGESTED, *typed]))
    assert owner.inner_text("h1") == "12 rows left to fix."
    accessible(owner)
    roles(owner)

    keys = Keys(owner)
    owner.focus("#grid [tabindex='0']")  # where Tab leads from the page
    owner.evaluate("document.querySelector('#grid').scrollIntoView()")
    assert owner.evaluate(IN_SIGHT) == len(SUGGESTED) + len(typed)
    for place, new in enumerate(SUGGESTED.values()):
        assert owner.evaluate(FOCUS) == f"r{place + 2}c0"
        keys.press("Tab")
        owner.wait_for_selector(f"#row-{place + 2}[data-done]")
        assert owner.input_value(f"#r{place + 2}c0") == new
    wanted = [new for several in TYPED.values() for new in several]
    for place, new in enumerate(wanted, start=len(SUGGESTED) + 2):
        assert owner.evaluate(FOCUS) == f"r{place}c0"
        keys.type(new)
        keys.press("Enter")
        owner.wait_for_selector(f"#row-{place}[data-done]")
    assert keys.pressed < KEYS_A_MINUTE, keys.pressed
    assert owner.evaluate(IN_SIGHT) == len(SUGGESTED) + len(typed)  # Nothing has moved.
    assert values(conn, number) == [*SUGGESTED.values(), *wanted]
    assert owner.inner_text("h1") == "Nothing left to fix. 12 are done."
    assert "soft" not in owner.get_attribute("#fix-back", "class")
    accessible(owner)
    arrows_and_undo(owner, keys, conn, number)


def roles(page) -> None:
    """The grid as a screen reader has it."""
    grid = page.get_by_role("grid", name="Rows to fix")
    assert grid.get_by_role("columnheader").count() == 6
    assert grid.get_by_role("row").count() == 12 + page.locator(".group-head").count() + 1
    numbers = grid.locator("[aria-rowindex]").evaluate_all(
        "rows => rows.map(row => Number(row.ariaRowIndex))"
    )
    assert numbers == list(range(1, len(numbers) + 1))
    assert grid.locator("[tabindex='0']").count() == 1
    cell = page.locator("#r2c0")
    assert cell.get_attribute("aria-invalid") == "true"
    told = page.locator(f"#{cell.get_attribute('aria-describedby')}")
    assert "e-mail" in told.inner_text().lower()
    assert page.locator("[role=status]").count() == 1
    assert (
        "leave the grid"
        in page.locator(f"#{grid.get_attribute('aria-describedby')}").inner_text()
    )


def arrows_and_undo(page, keys: Keys, conn, number: str) -> None:
    """The other keys: arrows, Escape, a value that is still wrong, Ctrl+Z, and out of the grid."""
    page.focus("#r3c0")
    keys.press("ArrowUp")
    assert page.evaluate(FOCUS) == "r2c0"
    keys.press("ArrowLeft")
    assert page.evaluate(FOCUS) == "t2"
    keys.press("ArrowDown")
    assert page.evaluate(FOCUS) == "t3"
    keys.press("ArrowRight")
    assert page.evaluate(FOCUS) == "r3c0"
    keys.type("nonsense")
    keys.press("Escape")
    assert page.input_value("#r3c0") == SUGGESTED["ruth.castano@@acme.example"]
    keys.type("ruth@")
    keys.press("Enter")
    page.wait_for_selector("#row-3.judged:not([data-done])")
    assert page.evaluate(FOCUS) == "r4c0"  # The row that came back did not take it.
    assert "Row 3 is still not valid" in page.inner_text(SAID)
    assert page.locator("#h3c0").is_visible()
    assert page.get_attribute("#r3c0", "aria-invalid") == "true"
    accessible(page)
    keys.press("Control+z")
    page.wait_for_selector("#row-3[data-done]")
    assert page.input_value("#r3c0") == SUGGESTED["ruth.castano@@acme.example"]
    assert "Undone" in page.inner_text(SAID)
    assert page.evaluate(FOCUS) == "r4c0"
    keys.press("Shift+Tab")
    assert page.evaluate("!document.activeElement.closest('#grid')")
    keys.press("Tab")
    assert page.evaluate(FOCUS) == "r4c0"
    keys.press("Tab")  # without a suggestion Tab leads out too
    assert page.evaluate("!document.activeElement.closest('#grid')")
    assert len(values(conn, number)) == len(SUGGESTED) + 3


def test_many_at_once_and_undone(owner, live_server, conn, imports):
    """Use all, a group, ticked rows, and find and replace."""
    emails = [*SUGGESTED, *["info"] * 4, "jean#example.com", "mo#example.com", "call me"]
    number = to_fix(owner, live_server, imports, people(emails))
    owner.click("#use-all")
    owner.wait_for_selector("#row-2[data-done]")
    assert f"in {len(SUGGESTED)} rows" in owner.inner_text(SAID)
    assert owner.evaluate(FOCUS) != ""
    assert owner.locator(".fix-row[data-done]").count() == len(SUGGESTED)

    group = owner.locator("[data-group]:has-text('info')")
    group.get_by_role("button", name="Clear all 4").click()
    owner.wait_for_selector("#row-11[data-done]")
    assert "in 4 rows" in owner.inner_text(SAID)
    owner.click(f"{SAID} >> text=Undo")
    owner.wait_for_selector("#row-11:not([data-done])")

    owner.check("#t11")
    owner.check("#t12")
    assert owner.inner_text("#ticked") == "2 rows ticked"
    owner.click("#bulk-leave")
    owner.wait_for_selector("#row-12[data-done] >> text=Left out")
    assert owner.locator(".c-tick :checked").count() == 0
    owner.focus("#m13")
    for key in ("Enter", "Tab", "Enter"):  # the menu of a row, and the first thing in it
        owner.keyboard.press(key)
    owner.wait_for_selector("#row-13[data-done] >> text=Left out")

    owner.goto(f"{live_server}/imports/{number}/problems?column=0&panel=1")
    owner.fill("#find", "#")
    owner.fill("#with", "@")
    owner.click("#look")
    owner.wait_for_selector("#would >> text=2 rows would change")
    accessible(owner)
    assert len(values(conn, number)) == len(SUGGESTED)  # Nothing is written yet.
    owner.click("#write")
    owner.wait_for_selector(f"{SAID} >> text=in 2 rows")
    assert "jean@example.com" in values(conn, number)


def test_others_at_the_same_row(chromium, owner, live_server, imports):
    """Another tab, and another person at the same row."""
    to_fix(owner, live_server, imports, people([*SUGGESTED, "info"]))
    tab = owner.context.new_page()
    tab.goto(owner.url)
    owner.locator("#row-2 .use").click()
    owner.wait_for_selector("#row-2[data-done]")
    tab.locator("#row-2 .use").click()  # The other tab does not know yet.
    tab.wait_for_selector("#row-2[data-done]")

    other = chromium.new_context(viewport={"width": 1280, "height": 900})
    admin = other.new_page()
    sign_in(admin, live_server, "admin@example.com")
    same_row(owner, admin, live_server)
    other.close()
    tab.close()
    signed_out_meanwhile(owner)


def save(page, cell: str, value: str) -> None:
    page.fill(cell, value)
    page.keyboard.press("Enter")


def same_row(owner, admin, address: str) -> None:
    """The last one saves, and is told whose value gave way."""
    admin.goto(owner.url)
    save(admin, "#r3c0", "admin@example.com")
    admin.wait_for_selector("#row-3[data-done]")
    save(owner, "#r3c0", "owner@example.com")
    owner.wait_for_selector(f"{SAID} >> text=Admin had changed it meanwhile")


def signed_out_meanwhile(page) -> None:
    """What was typed after the session's end is there after signing in again, and is saved then."""
    page.context.clear_cookies()
    save(page, "#r4c0", "kept@example.com")
    page.wait_for_url("**/sign-in**")
    page.fill("#email", "owner@example.com")
    page.fill("#password", PASSWORD)
    page.click("main form > button")
    page.wait_for_selector(f"{SAID} >> text=What you typed before you signed in again")
    assert page.input_value("#r4c0") == "kept@example.com"
    assert page.evaluate(FOCUS) == "r4c0"
    page.keyboard.press("Enter")
    page.wait_for_selector("#row-4[data-done]")


def test_on_a_phone_one_card_at_a_time(owner, live_server, imports):
    owner.set_viewport_size({"width": 390, "height": 844})
    to_fix(owner, live_server, imports, people([*SUGGESTED, "info"]))
    shown = owner.locator(".fix-row:visible")
    assert shown.count() == 1
    assert "1 of 10" in shown.inner_text()
    accessible(owner)
    owner.locator("#row-2 .use").click()
    owner.wait_for_selector("#row-3.current")
    assert shown.count() == 1
    owner.get_by_role("button", name="Next").click()
    owner.wait_for_selector("#row-4.current")
    owner.get_by_role("button", name="Clear E-mail").click()
    owner.wait_for_selector("#row-5.current")
    assert owner.locator("#row-4[data-done]").count() == 1
    owner.get_by_role("button", name="Previous").click()
    owner.get_by_role("button", name="Previous").click()
    owner.wait_for_selector("#row-3.current")
    owner.get_by_role("button", name="Show as a list").click()
    assert shown.count() == 10


def test_without_a_script(chromium, owner, live_server, conn, imports):
    """Each act is a plain form."""
    number = to_fix(
        owner, live_server, imports, people([*SUGGESTED, "info", "info", "call me"])
    )
    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, live_server)
    page.goto(owner.url)
    page.fill("#r2c0", "plain@example.com")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{SAID} >> text=in 1 row")
    page.click(f"{SAID} >> text=Undo")
    page.wait_for_selector("#row-2")
    page.locator("#row-3 .use").click()
    page.wait_for_url("**/problems?**#row-3")
    assert values(conn, number) == ["ruth.castano@acme.example"]
    page.click("#use-all")
    page.wait_for_selector(f"{SAID} >> text=in {len(SUGGESTED) - 1} rows")
    page.locator("[data-group] summary").click()
    page.locator("[data-group] [name=value]").fill("both@example.com")
    page.get_by_role("button", name="Change 2 rows").click()
    page.wait_for_selector(f"{SAID} >> text=in 2 rows")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".fix-row .c-tick input").first.check()
    page.click("#bulk-leave")
    page.wait_for_selector("text=Nothing is left to fix here")
    assert len(values(conn, number)) == len(SUGGESTED) + 2
    page.goto(f"{live_server}/imports/{number}/review")
    plain.close()
    owner.goto(f"{live_server}/imports/{number}/review")
    owner.wait_for_selector("#strategies:not([hx-get])")
    assert ledger(conn, run(owner, "skip"))["left_out"] == 1


def test_what_another_person_fixes_appears_by_itself(chromium, owner, live_server, imports):
    """While the owner types in another row, whose cell and text stay."""
    owner.clock.install()
    number = to_fix(owner, live_server, imports, people([*SUGGESTED, "info"]))
    owner.focus("#r4c0")
    owner.keyboard.type("half")
    other = chromium.new_context(viewport={"width": 1280, "height": 900})
    admin = other.new_page()
    sign_in(admin, live_server, "admin@example.com")
    admin.goto(f"{live_server}/imports/{number}/problems?column=0")
    save(admin, "#r3c0", "theirs@example.com")
    admin.wait_for_selector("#row-3[data-done]")
    other.close()

    owner.clock.run_for(16_000)  # The page asks for news every fifteen seconds.
    owner.wait_for_selector("#row-3[data-done]")
    assert owner.input_value("#r3c0") == "theirs@example.com"
    assert "Admin: " in owner.inner_text(SAID)
    assert owner.locator("#row-3 .by").is_visible()
    assert owner.evaluate(FOCUS) == "r4c0"
    assert owner.input_value("#r4c0") == "half"
    accessible(owner)


PASTE = """([cell, text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.querySelector(cell).dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_paste_of_a_hundred_thousand_cells(owner, live_server, conn, imports):
    """As many as there are rows below take one each, and it is said how many had none."""
    number = to_fix(owner, live_server, imports, people(["info"] * 5))
    pasted = [f"pasted{n}@example.com" for n in range(100_000)]
    owner.focus("#r3c0")
    owner.evaluate(PASTE, ["#r3c0", "\n".join(pasted)])
    owner.wait_for_selector(f"{SAID} >> text=99,996 more cells had no row to go to")
    assert values(conn, number) == pasted[:4]
    assert owner.input_value("#r3c0") == pasted[0]
    owner.keyboard.press("Control+z")
    owner.wait_for_selector("#row-3:not([data-done])")
    assert values(conn, number) == []


def test_all_rows_and_the_changes_by_keyboard(owner, live_server, conn, imports):
    """A row without a problem is corrected among all rows, listed as a change, and undone there."""
    number = to_fix(owner, live_server, imports, people(["info"], good=3))
    keys = Keys(owner)
    owner.get_by_role("link", name="All 4 rows").focus()
    keys.press("Enter")
    owner.wait_for_selector("#r3c1")
    assert owner.locator(".fix-row").count() == 4
    owner.focus("#r3c1")
    keys.type("Better")
    keys.press("Enter")
    owner.wait_for_selector(f"{SAID} >> text=in 1 row")
    name = "SELECT first_name FROM contact_import_rows WHERE import_id = %s AND row = 3"
    assert conn.execute(name, (number,)).fetchone()["first_name"] == "Better"

    owner.get_by_role("link", name="All changes").focus()
    keys.press("Enter")
    owner.wait_for_url("**/problems/changes")
    accessible(owner)
    owner.get_by_role("button", name="Undo").first.focus()
    keys.press("Enter")
    owner.wait_for_selector("text=Undone by Owner")
    assert conn.execute(name, (number,)).fetchone()["first_name"] == "Good0"


def test_find_and_replace_by_keyboard(owner, live_server, conn, imports):
    number = to_fix(
        owner, live_server, imports, people(["jean#example.com", "mo#example.com", "info"])
    )
    keys = Keys(owner)
    owner.get_by_role("link", name="Replace").focus()
    keys.press("Enter")
    owner.wait_for_selector("#find")
    owner.focus("#find")
    keys.type("#")
    owner.focus("#with")
    keys.type("@")
    keys.press("Enter")  # looks, and writes nothing
    owner.wait_for_selector("#would >> text=2 rows would change")
    assert values(conn, number) == []
    owner.focus("#write")
    keys.press("Enter")
    owner.wait_for_selector(f"{SAID} >> text=in 2 rows")
    assert values(conn, number) == ["jean@example.com", "mo@example.com"]
