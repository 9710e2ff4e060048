"""The main pages in other languages, in a browser: nothing left in English, nothing cut off, and
mirrored where lines begin on the right.

With SHOTS set to a folder, it leaves pictures of each page there, wide and narrow.
"""

import os
from pathlib import Path

import pytest

from tests.browser import steps
from tests.browser.test_looks import CUT_OFF, NARROW, WIDE
from tests.web.test_every_text import TROUBLE, Walk, words
from tests.web.test_pages import PEOPLE, bring, check, run
from webapp.models import Contact
from webapp.reading import encodings
from webapp.vocabulary import languages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
# Buttons, and what looks like one, whose words reach over their edge.
TOO_NARROW = """[...document.querySelectorAll("button, .button, .pill, .chip, th, label, h1, h2")]
    .filter(at => at.checkVisibility() && at.scrollWidth > at.clientWidth + 1 && at.clientWidth > 2
      && getComputedStyle(at).overflowX === "visible" && getComputedStyle(at).display !== "inline")
    .map(at => at.outerHTML.slice(0, 300))"""
MIRRORED = """(() => {
    const brand = document.querySelector(".brand").getBoundingClientRect();
    return getComputedStyle(document.body).direction === "rtl" && brand.left > innerWidth / 2;
})()"""

# Moments and countries are told by the browser, in the languages that it has.
WITHOUT_THE_BROWSERS_WORDS = """document.querySelectorAll("time, .countries")
    .forEach(at => at.remove())"""


@pytest.fixture
def pseudo(monkeypatch):
    """The made-up language may be chosen."""
    monkeypatch.setenv("PSEUDO_LANGUAGE", "yes")


@pytest.mark.parametrize("code", [languages.PSEUDO, "de"])
def test_the_main_pages_in_another_language(pseudo, paths, page, live_server, conn, code):
    conn.execute("UPDATE users SET language = %s", (code,))
    steps.sign_in(page, live_server)
    walk, wrong = Walk(), []

    for path in paths:
        if code == languages.PSEUDO and path.endswith("/rows"):
            break  # It cuts long sentences off, and with them the brackets.
        page.goto(live_server + path)
        page.locator("main h1").first.wait_for()
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            keep(page, code, path, size)
            if page.evaluate(CUT_OFF) > 0:
                wrong.append(f"{path}: wider than {size['width']}")
            if found := page.evaluate(TOO_NARROW):
                wrong.append(f"{path} at {size['width']}: {found}")
        if code == languages.PSEUDO:
            assert page.evaluate(MIRRORED), path
            page.evaluate(WITHOUT_THE_BROWSERS_WORDS)
            walk.look(
                path,
                page.content(),
                {word for one in encodings.OTHERS for word in words(one)},
            )

    assert (wrong, walk.strays) == ([], {}), str((wrong, walk.strays))


@pytest.fixture
def paths(sign_in, importer):
    """The pages of an import that has ended, of one in review, of one to be matched, and the
    rest.
    """
    browser = sign_in("owner")
    done = run(browser, importer)
    review = bring(browser, TROUBLE)
    check(browser, importer, review)
    columns = bring(browser, PEOPLE)
    contact = importer.session.query(Contact).first().id
    ended = ("report", "rows")
    checked = ("review", "problems", "conflicts", "plan?duplicate_strategy=merge")

    return [
        "/imports",
        "/imports/new",
        f"/imports/{columns}/columns",
        *(f"/imports/{review}/{path}" for path in checked),
        *(f"/imports/{done}/{path}" for path in ended),
        "/contacts",
        f"/contacts/{contact}",
        "/contacts/changes",
        "/account",
    ]


def keep(page, code: str, path: str, size: dict[str, int]) -> None:
    if folder := os.environ.get("SHOTS"):
        Path(folder).mkdir(exist_ok=True)
        name = path.partition("?")[0].strip("/").split("/")
        name = "-".join(part for part in name if len(part) < 30) or "home"
        page.screenshot(path=f"{folder}/{code}-{name}-{size['width']}.png", full_page=True)
