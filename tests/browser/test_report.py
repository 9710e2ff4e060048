"""The report of an import, its rows and its undo, in a browser: by keyboard, without scripts,
narrow and wide, in both lights.
"""

import pytest

from tests.browser.steps import sign_in
from tests.browser.test_looks import Eye
from tests.harness.imports import Importer, table
from webapp.models import User

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
NAMES = ["Mia Silva", "Ivo Orlov", "Cleo Jansen", "Otto Feld", "Sara Jung", "Kim Hall"]


def person(n: int, **more: str) -> str:
    first, last = NAMES[n % len(NAMES)].split()
    cells = {"email": f"p{n}@example.com", "company": "", "tags": "", "size": ""} | more
    return f"{n},{cells['email']},{first},{last},{cells['company']},{cells['tags']},{cells['size']}"


BOOK = table(*(person(n) for n in range(100, 130)), "700,j@example.com,Jürgen,Rossi,,,",
             "701,m@example.com,Marek,Conti,,,")  # fmt: skip
BAD = ["info"] * 4 + ["jean@"] * 3 + ["see card", "tom at acme"]
FILE = table(
    *(person(n) for n in range(1, 91)),
    *(person(n, company="Lumière", tags="messe-basel", size="41") for n in range(100, 120)),
    *(person(n) for n in range(125, 130)),
    *(person(200 + n, email=value) for n, value in enumerate(BAD)),
    *[",,,,Nameless,,"] * 4,
    *["700,m@example.com,Jürgen,Rossi,,,"] * 3,
)


@pytest.fixture
def import_id(settings, session, people):
    """Merged: 90 new people, 20 with new details, 5 unchanged, 13 to fix, 3 to choose."""
    owner = session.query(User).filter_by(email="owner@example.com").one()
    importer = Importer(session, settings, owner.id)
    importer.run(BOOK)
    return importer.run(FILE, "merge", drop_bad_cells=False).id


def text_of(page, selector: str) -> str:
    return " ".join(page.inner_text(selector).split())


def test_report_rows_and_undo(import_id, page, live_server, conn, chromium):
    eye = Eye(page, live_server)
    sign_in(page, live_server)
    here = f"{live_server}/imports/{import_id}"
    eye.visit(f"/imports/{import_id}/report", "after-report")
    assert text_of(page, "h1") == (
        "90 new contacts are in. 20 you know got new details. 16 rows are not in yet."
    )
    assert (
        page.locator(
            "main .button:not(.soft, .danger), main button:not(.soft, .danger)"
        ).count()
        == 1
    )
    faults = text_of(page, ".faults")
    assert "info \N{MULTIPLICATION SIGN}4 see card \N{HORIZONTAL ELLIPSIS}" in faults
    assert "Row 130: Jürgen Rossi or Marek Conti? And 2 more." in faults
    page.get_by_role("link", name="Fix 13 now").click()
    page.wait_for_url("**/problems**")
    page.go_back()
    # The folded details open by keyboard.
    page.locator("#technical summary").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Digest of the ledger").wait_for()
    eye.look("after-report-open")
    page.get_by_role("link", name="90 new contacts", exact=True).click()
    page.wait_for_url("**/contacts?imported_from=**")

    eye.visit(f"/imports/{import_id}/rows", "after-rows")
    for size in ({"width": 1280, "height": 900}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollHeight") < 3000, size
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#row-3 summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Undo row 3"
    page.keyboard.press("Enter")
    page.get_by_text("Row 3 is undone.").wait_for()
    assert (
        conn.execute("SELECT count(*) AS n FROM contacts WHERE external_id = '2'").fetchone()[
            "n"
        ]
        == 0
    )
    eye.look("after-row-undone")

    page.goto(f"{here}/rows?outcome=merged")
    page.locator("#row-92 summary").click()
    eye.look("after-rows-open")
    edited = "UPDATE contacts SET company = 'Ours' WHERE external_id = '101' RETURNING id"
    assert conn.execute(edited).fetchone()
    without_scripts(chromium, live_server, here, eye)

    page.goto(f"{here}/report")
    page.get_by_role("link", name="Undo this import").click()
    eye.look("after-rollback")
    page.get_by_role("button", name="Undo this import").click()
    page.wait_for_url("**/report", timeout=60_000)
    eye.look("after-report-undone")
    assert text_of(page, "h1").startswith(
        "This import was undone. 89 contacts were removed. 19 contacts are as they were before."
    )
    eye.visit(f"/imports/{import_id}/rolled-back", "after-rolled-back")
    eye.visit(f"/imports/{import_id}/rows", "after-rows-undone")
    assert not eye.found, "\n".join(eye.found)


def without_scripts(chromium, address: str, here: str, eye: Eye) -> None:
    """What stays is listed, with the value that stays."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{here}/rows?outcome=merged")
    page.locator("#row-93 summary").click()
    page.get_by_role("button", name="Undo row 93").click()
    page.get_by_role("heading", name="Row 93 is undone. 1 value stayed").wait_for()
    assert "Ours" in page.inner_text("main table")
    page.get_by_role("link", name="Back to the rows").first.click()
    page.wait_for_url("**/rows?outcome=merged**")
    page.locator("#row-93 >> text=1 value stayed").wait_for()
    context.close()
