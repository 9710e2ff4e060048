"""The columns page in a real browser: questions at the columns that raise them, by keyboard alone
and on a phone, and what was chosen is there after another tab, Back, and a session that ended.
"""

import csv
import io
import os
from pathlib import Path

import pytest

from tests.browser.steps import accessible, import_id, to_review, upload
from tests.harness.web import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
SHOTS = os.environ.get("SHOTS")
HEADER = (
    *(
        "Full name",
        "E-mail address",
        "Date of birth",
        "Telephone",
        "Comapny",
        "Town",
        "Country",
    ),
    *("Tags", "Newsletter?", "Lead source", "Remarks", "Customer no.", "Badge scan", ""),
)


def fair(rows: int = 60) -> bytes:
    """Leads of a fair: dates of both orders, phones without a country, a field that is misspelt."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream)
    table.writerow(HEADER)
    for n in range(rows):
        day, month = (n % 12 + 13, n % 12 + 1) if n % 10 else (n % 12 + 1, n % 12 + 13)
        if n % 3 == 0:
            day, month = n % 11 + 1, 12
        table.writerow(
            [
                f"O'Brien, Núria {chr(65 + n % 26)}",
                f"N{n}@ORESUND.EXAMPLE",
                f"{day:02}/{month:02}/19{58 + n % 40}" if n % 3 else "",
                "+41 44 668 18 00" if n % 5 else f"044 668 18 {n:02}",
                ("New Brontë & Söhne", "North Harbour Ltd", "Café Zürich AG")[n % 3],
                ("Zürich", "Basel")[n % 2],
                "" if n % 5 == 0 else "Schweiz",
                "vip; fair-2025" if n % 2 else "",
                ("Y", "N", "unknown")[n % 3],
                "LinkedIn",
                "Ask for Élise" if n % 4 == 0 else "",
                f"K-{10001 + n}" if n % 6 == 0 else "",
                f"7F3A-{n:04}",
                "",
            ]
        )
    return stream.getvalue().encode()


def shot(page, name: str) -> None:
    if not SHOTS:
        return
    Path(SHOTS).mkdir(parents=True, exist_ok=True)
    for size, width in (("wide", 1280), ("narrow", 390)):
        for light in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=light)
            page.screenshot(path=f"{SHOTS}/{name}-{size}-{light}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")


def saved_draft(page):
    """Wait until what was chosen is kept."""
    return page.expect_response(lambda answer: answer.url.endswith("/columns/draft"))


def focused(page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


def test_each_column_asks_what_its_values_leave_open(owner, live_server, conn):
    upload(owner, live_server, fair())
    assert owner.inner_text("h1") == "3 columns need a look. 10 are matched."
    assert "Reads 13 of 14 columns" in owner.inner_text(".bottom")
    assert "14 February 1959" in owner.locator("#column-2").inner_text()
    assert "+41446681800" in owner.locator("#column-3").inner_text()
    assert owner.get_by_text("Only day first fits: 36. Only month first: 4.").is_visible()
    assert owner.input_value("#country") == "CH"
    shot(owner, "columns")
    accessible(owner)

    # The keyboard alone: the guess that is chosen is confirmed, and the strip is one line then.
    owner.focus("#date-dmy")
    with saved_draft(owner):
        owner.keyboard.press("ArrowRight")
    owner.wait_for_selector("#q2-date.answered >> text=Dates have the month first.")
    assert focused(owner).startswith("Change")
    with saved_draft(owner):
        owner.keyboard.press("Enter")
    owner.wait_for_selector("#q2-date:not(.answered)")
    assert owner.is_checked("#date-mdy")
    with saved_draft(owner):
        owner.click("label[for=date-dmy]")
    owner.wait_for_selector("#q2-date.answered >> text=Dates have the day first.")
    with saved_draft(owner):
        owner.get_by_role("button", name="Use Company").click()
    owner.wait_for_selector("text=“Comapny” goes to Company.")
    assert owner.input_value("#c4") == "company"
    owner.wait_for_function(
        "document.querySelector('h1').textContent.includes('1 column needs')"
    )

    # The card moves nowhere, and two columns on one field are told at both.
    assert owner.locator(".card.column").count() == 3
    with saved_draft(owner):
        owner.select_option("#c5", "company")
    owner.wait_for_selector("#q4-clash >> text=Company is chosen at Town too.")
    owner.wait_for_selector("#q5-clash >> text=Company is chosen at Comapny too.")
    shot(owner, "columns-answered")
    accessible(owner)
    with saved_draft(owner):
        owner.locator("#q5-clash").get_by_role("button", name="Leave out").click()
    owner.wait_for_selector("#q4-clash", state="detached")

    # Back, or another day, what was chosen is there; and then it is checked.
    owner.reload()
    assert owner.input_value("#c4") == "company"
    assert owner.locator("#q2-date.answered").is_visible()
    assert owner.locator(".left-out b", has_text="Town").is_visible()
    to_review(owner)
    found = conn.execute(
        "SELECT mapping, date_order, default_country, draft FROM contact_imports"
    ).fetchone()
    assert (found["mapping"][4:6], found["date_order"]) == (["company", None], "dmy")
    assert (found["default_country"], found["draft"]) == ("CH", None)
    owner.goto(f"{live_server}/imports/{import_id(owner)}/columns")
    assert owner.input_value("#c4") == "company"


def test_fields_are_searched_by_keyboard_and_all_fits_a_phone(owner, live_server, chromium):
    upload(owner, live_server, fair(12))
    owner.focus("#c8")
    owner.keyboard.type("comp")
    owner.wait_for_selector(".picker li >> text=Company")
    box = owner.get_by_role("combobox", name="Search the fields")
    assert box.get_attribute("aria-activedescendant")
    accessible(owner)
    owner.keyboard.press("Escape")
    assert owner.evaluate("document.activeElement.id") == "c8"
    owner.keyboard.type("web")
    with saved_draft(owner):
        owner.keyboard.press("Enter")
    assert owner.input_value("#c8") == "website"
    assert owner.evaluate("document.activeElement.id") == "c8"
    owner.keyboard.type("Shoe")
    with saved_draft(owner):
        owner.keyboard.press("Enter")
    assert owner.input_value("#c8") == "custom:Shoe"

    owner.set_viewport_size({"width": 390, "height": 844})
    scroll = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert owner.evaluate(scroll)
    assert owner.locator("button[form=columns]").is_visible()
    select = owner.locator("#c5")
    assert not select.is_visible()
    owner.locator("#column-5 summary").click()
    assert select.is_visible()
    shot(owner, "columns-open-line")

    # A session that ends in the middle: what was chosen then is there after signing in again.
    owner.context.clear_cookies()
    owner.select_option("#c5", "country")
    owner.wait_for_url("**/sign-in**")
    owner.fill("#email", "owner@example.com")
    owner.fill("#password", PASSWORD)
    owner.click("main form > button")
    owner.wait_for_url("**/columns")
    owner.wait_for_selector("#q5-clash", state="attached")
    assert owner.input_value("#c5") == "country"
    assert owner.input_value("#c8") == "custom:Shoe"
