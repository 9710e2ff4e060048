"""What a person does on the pages, and what a test reads from them."""

import io
import re
import sys
from pathlib import Path
from typing import Self

import psycopg
from axe_playwright_python.sync_playwright import Axe

from tests.harness.web import PASSWORD

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "samples"))
import generate

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def sign_in(
    page, address: str, email: str = "owner@example.com", password: str = PASSWORD
) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("main form > button")
    page.wait_for_url("**/imports")


def upload(page, address: str, data: bytes, name: str = "people.csv") -> None:
    page.goto(f"{address}/imports/new")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": data})
    page.wait_for_url("**/columns")


def to_review(page) -> None:
    """Rows with a bad e-mail wait, as they do unless the box is ticked; without a click, for those
    that count clicks.
    """
    page.evaluate("document.querySelector('#drop').checked = false")
    page.get_by_role("button", name=re.compile("^Check .*rows?$")).click()
    page.wait_for_url("**/review")
    page.wait_for_selector("#strategies:not([hx-get])")


def run(page, strategy: str) -> str:
    """Choose, where there is a choice, and execute; the import's id."""
    if page.locator(f"#s-{strategy}").count():
        page.click(f"#s-{strategy}")
    page.click("button[form=review]")
    page.wait_for_url("**/report")
    return import_id(page)


def promised(page, strategy: str) -> dict[str, int]:
    """The numbers under the bar of a strategy on the review, whether it is chosen or not."""
    items = page.locator(f".outcomes.for-{strategy} .legend li").all()
    texts = [" ".join(item.text_content().split()) for item in items]
    found = [text.partition(" ") for text in texts]
    return {word: int(count.replace(",", "")) for count, _, word in found}


def import_id(page) -> str:
    return page.url.split("/")[4]


def ledger(conn, of_import: str) -> dict[str, int]:
    """The import's outcomes in the database, by name."""
    rows = conn.execute(
        "SELECT outcome::text, count(*) FROM contact_import_results WHERE import_id = %s GROUP BY 1",
        (of_import,),
    ).fetchall()
    return {row["outcome"]: row["count"] for row in rows}


def legend(within) -> dict[str, int]:
    """The numbers under the outcome bar, by word."""
    found = {}
    for item in within.locator(".legend").first.locator("li").all():
        count, _, word = item.inner_text().strip().partition(" ")
        found[word.strip()] = int(count.replace(",", ""))
    return found


def generated(count: int, **options) -> bytes:
    stream = io.StringIO(newline="")
    generate.write_csv(stream, count, **options)
    return stream.getvalue().encode()


def press(page, selector: str, key: str) -> None:
    """Go on with Tab to what the selector names, seeing the focus at every step, and press the
    key there.
    """
    wanted = page.locator(selector).locator("visible=true").element_handles()
    for _ in range(60):
        page.keyboard.press("Tab")
        ring, here = page.evaluate(
            "all => { const at = document.activeElement, style = getComputedStyle(at);"
            " return [at === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,"
            " all.includes(at)] }",
            wanted,
        )
        assert ring, page.evaluate("document.activeElement.outerHTML")
        if here:
            page.keyboard.press(key)
            return
    raise AssertionError(f"Tab never came to {selector}")


def accessible(page) -> None:
    assert objections(page) == [], page.url


def objections(page, rules: list[str] | None = None) -> list[str]:
    """What axe objects to on the page, by the given rules or by all of WCAG 2.2 AA and its
    best practice.
    """
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found = Axe().run(page, options={"runOnly": only}).response["violations"]
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


class Gate:
    """Holds every statement that writes to a table until it is opened, from outside the program."""

    KEY = 7_001

    def __init__(self, url: str, table: str) -> None:
        self.table = table
        self.conn = psycopg.connect(url, autocommit=True)
        self.conn.execute(
            f"CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS"
            f" $$ BEGIN PERFORM pg_advisory_xact_lock_shared({self.KEY}); RETURN NULL; END $$"
        )
        self.conn.execute(
            f"CREATE TRIGGER hold BEFORE INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION hold()"
        )

    def __enter__(self) -> Self:
        self.close()
        return self

    def __exit__(self, *_) -> None:
        self.open()
        self.conn.execute(f"DROP TRIGGER hold ON {self.table}")
        self.conn.close()

    def open(self) -> None:
        self.conn.execute("SELECT pg_advisory_unlock(%s)", (self.KEY,))

    def close(self) -> None:
        """Waits for what is on its way through."""
        self.conn.execute("SELECT pg_advisory_lock(%s)", (self.KEY,))

    def let_through(self, number: str) -> None:
        """Open until the number that this query gives has grown, and close again."""
        before = self.conn.execute(number).fetchone()[0]
        self.open()
        while self.conn.execute(number).fetchone()[0] == before:
            pass
        self.close()
