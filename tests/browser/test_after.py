"""After an import, in a browser: downloads, finding rows, the history's live lines, and the
way back from there.
"""

import csv
import io
from pathlib import Path

import pytest

from tests.browser.steps import Gate, generated, ledger, run, to_review, upload
from tests.harness.browser import PATIENCE
from webapp.vocabulary import messages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def downloaded(page, link: str) -> bytes:
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.get_by_role("link", name=link, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def narrow_to_invalid(page, rows: int) -> None:
    """Only the invalid rows are shown, and all of them."""
    page.get_by_role("navigation", name="Outcome").get_by_role("link", name="To fix").click()
    page.wait_for_url("**outcome=invalid**")
    assert 0 < page.locator(".rows > li").count() == rows
    assert set(page.locator(".rows .outcome").all_inner_texts()) == {"To fix"}


def find_in_rows(page, text: str) -> None:
    """From the report to the one row that holds the text, and on to its contact."""
    page.get_by_role("link", name="All 300 rows").click()
    page.wait_for_url("**/rows")
    page.get_by_label("Name, e-mail or text in a row").fill(text)
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/rows?**")
    assert page.locator(".rows > li").count() == 1
    page.locator(".rows summary").click()
    page.locator(".rows").get_by_role("link", name="Open ").click()


def test_report_history_and_the_way_back(owner, live_server, conn, database_url, ci):
    page = owner
    upload(page, live_server, generated(300, invalid=0.02, duplicates=0), "three-hundred.csv")
    to_review(page)
    done = run(page, "skip")

    lines = list(
        csv.reader(
            io.StringIO(downloaded(page, "All rows (CSV)").decode("utf-8-sig"), newline="")
        )
    )
    assert len(lines) == 301
    try:
        import weasyprint  # noqa: F401, PLC0415
    except OSError:
        assert not ci, messages.whole("pdf_without_pango")
    else:
        assert downloaded(page, "PDF report").startswith(b"%PDF-")
        page.goto(f"{live_server}/imports/{done}/report")

    someone = conn.execute(
        "SELECT email, id FROM contacts ORDER BY id DESC LIMIT 1"
    ).fetchone()
    find_in_rows(page, someone["email"])
    page.wait_for_url(f"**/contacts/{someone['id']}")
    page.locator(".timeline a").first.click()
    page.wait_for_url(f"**/imports/{done}/rows**")
    invalid = ledger(conn, done)["invalid"]
    narrow_to_invalid(page, invalid)

    upload(page, live_server, generated(300, invalid=0, duplicates=0), "again.csv")
    to_review(page)
    with Gate(database_url, "contact_import_results"):
        page.click("button[form=review]")
        page.wait_for_url("**/progress")
        page.goto(f"{live_server}/imports")
        moving = page.locator("li.import", has_text="again.csv")
        assert moving.locator(".pill.live, .pill").inner_text() != "completed"
        other = page.locator("li.import", has_text="three-hundred.csv").element_handle()
    moving.get_by_role("link", name="Undo again.csv").wait_for(timeout=PATIENCE)
    assert other.is_visible(), "only the line of the moving import was drawn anew"

    page.fill("#q", "three-hundred")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/imports?q=three-hundred**")
    assert page.locator("li.import").count() == 1
    page.get_by_role("link", name="Undo three-hundred.csv").click()
    page.wait_for_url("**/rollback")
    assert page.locator(".faults b").first.inner_text() == f"{300 - invalid}"
    page.get_by_role("button", name="Undo this import").click()
    page.wait_for_url("**/report", timeout=PATIENCE)
    page.get_by_role("link", name="What was undone").click()
    page.wait_for_url("**/rolled-back")
    page.goto(f"{live_server}/imports?q=three-hundred")
    assert page.locator("li.import .pill").inner_text().strip() == "Undone"
    assert page.get_by_role("button", name="Run again").is_visible()
