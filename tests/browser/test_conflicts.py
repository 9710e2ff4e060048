"""Rows in conflict, settled with the keyboard alone and imported as the preview says."""

import re

import pytest

from tests.browser.steps import (
    accessible,
    import_id,
    ledger,
    promised,
    sign_in,
    to_review,
    upload,
)
from tests.browser.steps import run as run_import

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
HEAD = "ID,Email,First name,Last name,Company\n"
PEOPLE, ROWS, SWAPPED, OTHER_ID = 40, 600, 6, 5


def book() -> str:
    """Forty people with an ID and an e-mail each."""
    return HEAD + "".join(line(n, n) for n in range(PEOPLE))


def line(number: int, address: int | str, company: str = "") -> str:
    return f"K-{number},p{address}@example.com,First {number},Last,{company}\n"


def file() -> bytes:
    """600 rows, of which six have the ID of one contact and the e-mail of another, and five a known
    e-mail with an ID of their own.
    """
    rows = [line(n, n + SWAPPED, "Acme") for n in range(SWAPPED)]
    rows += [line(1000 + n, 20 + n, "Acme") for n in range(OTHER_ID)]
    rows += [line(2000 + n, 2000 + n) for n in range(ROWS - len(rows))]
    return (HEAD + "".join(rows)).encode()


def settled_before(owner, live_server, imports) -> None:
    """A book of forty, and a file of which eleven rows are in conflict, on its review."""
    imports.run(book())
    upload(owner, live_server, file())
    to_review(owner)


def test_eleven_conflicts_are_settled_by_keyboard(owner, live_server, conn, imports):
    settled_before(owner, live_server, imports)
    owner.locator("a[href$='/conflicts']").first.focus()
    owner.keyboard.press("Enter")
    owner.wait_for_url("**/conflicts")
    accessible(owner)
    assert owner.title().startswith("Who is row 2? (1 of 11)")
    described(owner)
    owner.set_viewport_size({"width": 390, "height": 844})
    accessible(owner)
    assert owner.locator(".bottom [data-choice]").first.is_visible()
    assert owner.locator(".bottom [data-choice]").last.is_visible()
    owner.set_viewport_size({"width": 1280, "height": 900})

    # The ID's contact, the e-mail's, a new one, left out; and again.
    for done, key in enumerate("12341213124", start=1):
        row = owner.inner_text("h1")
        if done == 3:  # Backspace leads to the row before, and the arrow at its side back
            owner.keyboard.press("Backspace")
            owner.wait_for_selector("h1 >> text=Row 3")
            owner.get_by_role("link", name="Next row").first.press("Enter")
            owner.wait_for_selector(f"h1 >> text={row}")
        if done == 2:  # the same button without the digits
            owner.locator("[data-choice='2']:visible").press("Enter")
        else:
            owner.keyboard.press(key if done <= SWAPPED else str(min(int(key), 3)))
        said = "All 11 chosen" if done == 11 else f"{done} of 11 chosen"
        owner.wait_for_selector(f"main, .bottom >> text={said}")
        assert owner.inner_text("[role=status]").startswith(f"Row {done + 1}: ")
    accessible(owner)
    owner.get_by_role("link", name="Back to review").press("Enter")

    owner.wait_for_url("**/review")
    owner.wait_for_selector("#strategies:not([hx-get])")
    assert "You chose for all 11 rows that fit two people." in owner.inner_text("main")
    foreseen = promised(owner, "update")
    assert "to choose" not in foreseen
    done = run_import(owner, "update")
    came_to = ledger(conn, done)
    assert came_to == {
        "created": foreseen["created"],
        "updated": foreseen["updated"],
        "left_out": foreseen["left out"],
    }
    assert sum(came_to.values()) == ROWS
    assert import_id(owner) == done


def described(page) -> None:
    """What a screen reader gets: headings of rows and columns, marks in words, what a choice
    means.
    """
    name = page.get_by_role("row", name=re.compile("^E-mail"))
    assert "differs:" in name.inner_text()
    assert "same:" in name.inner_text()
    assert page.get_by_role("columnheader", name="First 6 Last has this e-mail").count() == 1
    button = page.get_by_role("button", name="It is First 6 Last").first
    means = page.locator(f"#{button.get_attribute('aria-describedby')}").inner_text()
    assert "stays with First 0 Last" in means
    assert page.get_by_role("progressbar", name="0 of 11 chosen").count() == 1


def test_without_a_script_each_answer_leads_to_the_next(chromium, live_server, owner, imports):
    settled_before(owner, live_server, imports)
    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/imports/{import_id(owner)}/conflicts")
    page.get_by_role("button", name="It is First 6 Last").click()
    page.wait_for_url("**/conflicts?row=3&chosen=2&rows=1")
    assert page.get_by_role("status").inner_text().startswith("Row 2: It is First 6 Last.")
    page.goto(f"{live_server}/imports/{import_id(owner)}/conflicts?row=8")
    page.get_by_label("The same for all 5 like it").check()
    page.locator("[data-choice='1']:visible").click()
    page.wait_for_url("**/conflicts?row=3&chosen=8&rows=5")
    assert "6 of 11 chosen" in page.inner_text(".bottom")
    page.goto(f"{live_server}/imports/{import_id(owner)}/conflicts?row=8")
    page.get_by_role("button", name="Undo this choice").click()
    page.wait_for_url("**/conflicts?row=8")
    assert "5 of 11 chosen" in page.inner_text(".bottom")
    plain.close()
