"""The pieces in a browser: both lights and widths, twice as large, on paper, with the reader's
own colours and in the reader's own zone.
"""

import re

import pytest

from tests.browser.steps import sign_in
from tests.browser.test_looks import CUT_OFF, Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
TWICE = {"width": 640, "height": 400}  # what a window of 1280 by 800 pixels shows at 200 %
COVERED = """() => {
  const at = document.activeElement.getBoundingClientRect();
  const bar = document.querySelector(".bottom").getBoundingClientRect();
  return !document.activeElement.matches("body, .bottom *") && at.bottom > bar.top + 1 && at.top < bar.bottom;
}"""
BORDERLESS = """[...document.querySelectorAll("button:not(.link), .pill, .chip, input")]
    .filter((at) => at.checkVisibility() && getComputedStyle(at).appearance === "none")
    .filter((at) => getComputedStyle(at).borderInlineStartStyle === "none").map((at) => at.outerHTML)"""


def test_the_pieces_in_every_light(page, live_server, people, conn):
    conn.execute("UPDATE users SET role = 'admin' WHERE email = 'owner@example.com'")
    eye = Eye(page, live_server)
    sign_in(page, live_server)
    eye.visit("/styleguide", "styleguide")

    page.emulate_media(color_scheme="light", forced_colors="active")
    eye._keep("styleguide-forced")
    assert page.evaluate(BORDERLESS) == []
    page.emulate_media(forced_colors="none")

    page.set_viewport_size(TWICE)
    assert page.evaluate(CUT_OFF) == 0
    nothing_lies_under_the_bar(page)
    account_menu(page)

    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert (
        not page.locator(".bottom, .top nav, .steps, main button").filter(visible=True).count()
    )
    if eye.folder:
        page.pdf(path=eye.folder / "styleguide.pdf")
    assert not eye.found, "\n".join(eye.found)


def nothing_lies_under_the_bar(page) -> None:
    """The keyboard goes through the whole page; what has it is never covered."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("body").press("Home")
    page.locator(".skip").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        covered = page.evaluate(COVERED)
        assert not covered, page.evaluate("document.activeElement.outerHTML")


def account_menu(page) -> None:
    """Opens and closes by keyboard, and gives the keyboard back."""
    summary = page.locator(".top summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Account").focus()
    page.keyboard.press("Escape")
    assert summary.evaluate("at => at === document.activeElement && !at.parentElement.open")


def test_moments_are_told_in_the_readers_zone(chromium, live_server, people, conn):
    conn.execute("UPDATE users SET role = 'admin' WHERE email = 'owner@example.com'")
    context = chromium.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/styleguide")
    told = page.locator("main time").all()
    hour = (
        "new Intl.DateTimeFormat('en-GB', {timeStyle: 'short'}).format(new Date(at.dateTime))"
    )
    here = told[0].evaluate(f"at => {hour}")
    assert told[0].inner_text() == f"Today {here}"
    assert told[1].inner_text() == f"Yesterday {here}"
    assert re.fullmatch(r"\d+ \w+ \d{4} \d\d:\d\d", told[2].inner_text())
    assert told[0].get_attribute("title").endswith("UTC")
    assert told[0].inner_text().split()[-1] not in told[0].get_attribute("title")
    context.close()
