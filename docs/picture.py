"""Takes the README's picture anew, from an installation that runs and has no contacts yet.

ROWCALL_PASSWORD=… python -m docs.picture http://127.0.0.1:8000 maria@example.com
"""

import csv
import io
import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.steps import generated, run, sign_in, to_review, upload
from tests.harness.browser import FLAGS, chromium_path

KNOWN, FILLED, ALSO_KNOWN = 574, 361, 17


def files() -> tuple[bytes, bytes]:
    """What is there before, and the fair's list: it completes some of those contacts and contradicts a few."""
    header, *rows = csv.reader(
        io.StringIO(generated(10_000, duplicates=0).decode(), newline="")
    )
    email, company = header.index("Email"), header.index("Company")
    before = [list(row) for row in rows[:KNOWN] if "@" in row[email]]
    for row in before[:FILLED]:
        row[company] = ""
    for known, row in zip(before, rows[-ALSO_KNOWN:], strict=False):
        row[email] = known[email]
    return _csv(header, before), _csv(header, rows)


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue().encode()


def main() -> None:
    address, email = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        sign_in(page, address, email, os.environ["ROWCALL_PASSWORD"])
        for name, data in zip(("crm-export.csv", "spring-fair.csv"), files(), strict=True):
            upload(page, address, data, name)
            to_review(page)
            run(page, "merge")
        page.screenshot(path=Path(__file__).parent / "report.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
