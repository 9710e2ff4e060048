"""Figures of the pages, by a browser: what is in sight, how long pages are, how many words and
clicks they take, and how soon they stand.

python bench/pages.py [--json FILE]

The file is the messy export of 600 rows that `samples/fair.py` makes. Words of ours are the visible
ones less the file's and the book's own values; what is folded does not count.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import fair  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, sync_playwright  # noqa: E402
from playwright.sync_api import Error as BrowserError  # noqa: E402

from bench.house import House  # noqa: E402
from bench.sign_in import cookie_of  # noqa: E402

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# 4 times slower, 1.6 Mbit/s and 150 ms: a phone on a slow line.
SLOWER, BYTES_A_SECOND, LATENCY_MS = 4, 200_000, 150
PASSWORD = "a password for the bench alone"  # noqa: S105 - thrown away with its database
EMAILS = 12  # that are fixed by keyboard
FIXED_SECONDS = 60  # after which those that are not fixed count as lost

WATCH_PAINTS = """
window.seen = { lcp: 0, shift: 0, moved: [] };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) seen.lcp = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    seen.shift += entry.value;
    for (const { node } of entry.sources) seen.moved.push(node && (node.outerHTML || node.data || "").slice(0, 90));
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# Of a list to choose from only what is chosen; nothing that is folded, nothing for screen readers
# alone, and no initials of people.
VISIBLE = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node; (node = walk.nextNode()); ) {
    const at = node.parentElement;
    if (!node.data.trim() || at.closest("option, script, style, noscript, datalist, textarea")) continue;
    if (at.closest(".sr, .skip, .disc")) continue;
    if (!at.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    found.push(node.data.replace(/\\s+/g, " ").trim());
  }
  for (const list of document.querySelectorAll("select"))
    if (list.checkVisibility() && list.selectedOptions.length) found.push(list.selectedOptions[0].text);
  for (const field of document.querySelectorAll("[placeholder]"))
    if (field.checkVisibility() && !field.value) found.push(field.placeholder);
  return found;
}"""
IMPORT = re.compile(r"^(Import( [\d,]+ rows?)?|Ask for approval)$")


class Hands:
    """What a person does on a page, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.fields, self.keys = page, 0, 0, 0

    def click(self, name: str | re.Pattern[str]) -> None:
        self.clicks += 1
        _named(self.page, name).click()

    def fill(self, selector: str, text: str) -> None:
        self.fields += 1
        self.page.fill(selector, text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.keys += len(text)
        self.page.keyboard.type(text)


def _named(page: Page, name: str | re.Pattern[str]) -> Locator:
    wanted = re.compile(name) if isinstance(name, str) else name
    button, link = (page.get_by_role(role, name=wanted) for role in ("button", "link"))
    label = page.locator("label").filter(has_text=wanted)
    return button.or_(link).or_(label).locator("visible=true").first


class Bench:
    """A house with its pages, and a browser in front of it."""

    def __init__(self, house: House, browser: Browser) -> None:
        self.house, self.browser = house, browser
        self.address = f"http://127.0.0.1:{house.port}"
        self.figures: dict[str, Any] = {}
        self.import_id = ""

    def page(self, cookie: str | None = None, size: dict[str, int] | None = None) -> Page:
        context = self.browser.new_context(viewport=size or WIDE)
        context.set_default_timeout(60_000)
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": self.address}])
        return context.new_page()

    def say(self, name: str, value: Any) -> None:
        self.figures[name] = value
        print(f"{name}: {value}", flush=True)

    def measure(self) -> None:
        self.first_report()
        cookie = cookie_of(self.house)
        file = Path(self.house.folder.name) / "book.csv"
        file.write_text(fair.book(), "utf-8")
        book = self.house.checked(file)
        self.house.execute(book, "skip")
        self.house.wait(book, "completed")

        page = self.page(cookie)
        self.from_upload_to_review(page)
        self.in_sight(page)
        self.by_keyboard(self.page(cookie))
        before = [self.of(at) for at in ("columns", "review", "problems", "conflicts")]
        self.scripts()
        self.paints(cookie, ["imports/new", *before])
        self.to_report(page)
        self.long(page)
        after = [self.of(at) for at in ("report", "rows", "rollback")]
        self.paints(cookie, ["imports", *after, "contacts", "account"])

    def of(self, at: str) -> str:
        return f"imports/{self.import_id}/{at}"

    def first_report(self) -> None:
        """From the set-up link to the report on the sample, on a new installation."""
        link = self._set_up()
        page = self.page()
        hands = Hands(page)
        page.goto(link)
        hands.fill("#name", "Nora Whitfield")
        hands.fill("#email", "bench@example.com")
        hands.fill("#password", PASSWORD)
        hands.click("^(Create|Set up|Make|Start)")
        page.wait_for_url("**/imports*")
        if not _named(page, "sample").is_visible():
            hands.click(r"^(Upload|New import|Bring|Import) ?(a file)?")
        hands.click("sample")
        page.wait_for_url("**/columns")
        hands.click("^Check ")
        self._review(page)
        hands.click(IMPORT)
        page.wait_for_url("**/report")
        self.say(
            "clicks and fields to the first report (at most 12)", hands.clicks + hands.fields
        )
        self.house.user_id = self.house.conn.execute("SELECT id FROM users").fetchone()["id"]
        page.context.close()

    def _set_up(self) -> str:
        from webapp.app import create_app  # noqa: PLC0415 - Flask, for this alone
        from webapp.web.accounts import setup_token  # noqa: PLC0415

        self.house.conn.execute("DELETE FROM users")
        with create_app(self.house.settings).app_context():
            return f"{self.address}/setup/{setup_token()}"

    def _review(self, page: Page) -> None:
        page.wait_for_url("**/review")
        page.wait_for_selector("#strategies:not([hx-get]):not([data-counting])")
        page.wait_for_load_state("networkidle")

    def from_upload_to_review(self, page: Page) -> None:
        page.goto(f"{self.address}/imports/new")
        self.say("words, upload", self.words(page))
        data = fair.leads().encode("cp1252")
        page.set_input_files(
            "#file",
            {"name": "Messe Basel leads 2025.csv", "mimeType": "text/csv", "buffer": data},
        )
        with suppress(BrowserError):  # A page may send the file at once.
            page.wait_for_url("**/columns", timeout=3000)
        if "/columns" not in page.url:
            page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/columns")
        self.import_id = page.url.split("/")[4]
        page.wait_for_load_state("networkidle")
        self.say("words, columns", self.words(page))
        page.evaluate(
            "() => { const at = document.querySelector('#drop'); if (at) at.checked = false }"
        )
        with self.no_worker():
            _named(page, "^Check ").click()
            page.wait_for_url("**/checking")
            self.say("words, checking", self.words(page))
        self._review(page)
        self.say("words, review", self.words(page))
        self.say("height of the review, 1280 px", _height(page))

    def words(self, page: Page) -> int:
        """Words of ours that are visible."""
        found = self._values()
        text = "\n".join(part for part in page.evaluate(VISIBLE) if part not in found)
        values = [
            re.escape(one) for one in sorted(found, key=len, reverse=True) if len(one) > 2
        ]
        theirs = re.compile(rf"(?<!\w)(?:{'|'.join(values)})(?!\w)", re.IGNORECASE)
        left = theirs.sub(" ", text)
        if os.environ.get("SHOW_WORDS"):
            print(left)
        return len(re.findall(r"[^\W\d_][\w'\u2019-]*", left))

    def _values(self) -> set[str]:
        """The values of the file and of the book, as they stand there and as pages say them."""
        rows = [line.split(";") for line in fair.leads().splitlines()]
        found = {cell.strip('"') for row in rows for cell in row}
        found |= {"Messe Basel leads 2025.csv", "Nora Whitfield", "contacts.csv", "book.csv"}
        for table in ("contacts", "contact_import_rows"):
            for row in self.house.conn.execute(f"SELECT * FROM {table}"):
                found |= {value for value in row.values() if isinstance(value, str)}
                found |= {f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()}
        found |= {part for name in fair.FIRST for part in [name]}
        return {value.strip() for value in found if value.strip() and "\n" not in value}

    def in_sight(self, page: Page) -> None:
        page.set_viewport_size(NARROW)
        page.goto(f"{self.address}/{self.of('review')}")
        button = _named(page, IMPORT).bounding_box() or {"y": 0, "height": 0}
        bottom = round(button["y"] + button["height"])
        self.say("Import in sight at 390 px", bottom <= NARROW["height"])
        self.say("lower edge of Import at 390 x 844", bottom)
        self.say("height of the review, 390 px", _height(page))
        page.set_viewport_size(WIDE)

    def by_keyboard(self, page: Page) -> None:
        """Twelve e-mails, each typed whole: what a person who takes no suggestion does."""
        column = fair.HEADER.index("E-mail address")
        page.goto(f"{self.address}/{self.of('problems')}?column={column}")
        page.wait_for_load_state("networkidle")
        hands, began = Hands(page), time.monotonic()
        fields = page.locator(CELLS).locator("visible=true")
        if fields.count() < EMAILS:
            raise RuntimeError(f"the page shows {fields.count()} e-mails to fix")
        first, last = (fields.nth(at).bounding_box() or {} for at in (0, EMAILS - 1))
        self.say(
            "px from the first to the twelfth e-mail, 1280 px",
            round(last["y"] + last["height"] - first["y"]),
        )
        fields.first.focus()
        for at in range(EMAILS):
            self._type_one(hands, f"person{at}@fixed.example")
        self._wait_until_fixed()
        self.say(
            "seconds until twelve e-mails typed by keyboard are fixed",
            round(time.monotonic() - began, 1),
        )
        self.say("keys for twelve e-mails", hands.keys)
        page.context.close()

    def _wait_until_fixed(self) -> None:
        """Until the rows hold what was typed, as the database has them."""
        fixed = "SELECT count(*) AS n FROM contact_import_rows WHERE import_id = %s AND email LIKE '%%@fixed.example'"
        ends = time.monotonic() + FIXED_SECONDS
        while True:
            found = self.house.conn.execute(fixed, (self.import_id,)).fetchone()["n"]
            if found == EMAILS:
                return
            if time.monotonic() > ends:
                raise RuntimeError(f"{found} of {EMAILS} e-mails were fixed")
            time.sleep(0.02)

    def _type_one(self, hands: Hands, text: str) -> None:
        page = hands.page
        before = page.evaluate("document.activeElement.outerHTML")
        hands.press("Control+A")
        hands.type(text)
        hands.press("Enter")
        moved = "before => ![document.body.outerHTML, before].includes(document.activeElement.outerHTML)"
        with suppress(BrowserError):  # Behind the last one nothing may be left to go to.
            page.wait_for_function(moved, arg=before, timeout=5_000)

    def to_report(self, page: Page) -> None:
        page.goto(f"{self.address}/{self.of('review')}")
        self._review(page)
        with self.no_worker():
            _named(page, IMPORT).click()
            page.wait_for_url("**/progress")
            self.say("words, run", self.words(page))
        page.wait_for_url("**/report")
        page.wait_for_load_state("networkidle")
        self.say("words, report", self.words(page))
        said = sum(count for name, count in self.figures.items() if name.startswith("words, "))
        self.say("words of ours from upload to report (under 500)", said)

    def long(self, page: Page) -> None:
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            page.goto(f"{self.address}/{self.of('rows')}")
            self.say(
                f"height of a page of report rows, {size['width']} px (under 3,000)",
                _height(page),
            )
        page.set_viewport_size(WIDE)

    def paints(self, cookie: str, paths: list[str]) -> None:
        for path in paths:
            page = self.page(cookie)
            page.add_init_script(WATCH_PAINTS)
            devtools = page.context.new_cdp_session(page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            line = {
                "offline": False,
                "latency": LATENCY_MS,
                "downloadThroughput": BYTES_A_SECOND,
                "uploadThroughput": BYTES_A_SECOND,
            }
            devtools.send("Network.emulateNetworkConditions", line)
            name, found = path.split("/")[-1], []
            for _ in range(2):
                page.goto(f"{self.address}/{path}", wait_until="networkidle")
                page.wait_for_timeout(500)
                found.append(page.evaluate("seen"))
            size = page.evaluate(
                "performance.getEntriesByType('navigation')[0].encodedBodySize"
            )
            self.say(f"kB of {name} on the line", round(size / 1000, 1))
            cold, warm = found
            self.say(
                f"largest paint of {name}, ms: first visit, next (under 1,000)",
                (round(cold["lcp"]), round(warm["lcp"])),
            )
            self.say(
                f"layout shift of {name} (none)", round(max(cold["shift"], warm["shift"]), 4)
            )
            if moved := [*cold["moved"], *warm["moved"]]:
                print("  moved:", *dict.fromkeys(filter(None, moved)), sep="\n    ")
            page.context.close()

    def scripts(self) -> None:
        sizes = {
            file.name: len(gzip.compress(file.read_bytes()))
            for file in (ROOT / "static").rglob("*.js")
        }
        self.say("kB of script, compressed (at most 60)", round(sum(sizes.values()) / 1000, 1))

    @contextmanager
    def no_worker(self) -> Iterator[None]:
        """Nothing moves meanwhile, so that a page that hurries past can be read."""
        for worker in self.house.workers:
            worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in self.house.workers:
                worker.send_signal(signal.SIGCONT)


CELLS = "[role=grid] [data-cell], .corrections input[name^='cell-']"


def _height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()

    chromium = shutil.which("chromium")
    with sync_playwright() as playwright, House(web=True) as house:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        bench = Bench(house, browser)
        try:
            bench.measure()
        finally:
            browser.close()
            if asked.json:
                asked.json.write_text(json.dumps(bench.figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
