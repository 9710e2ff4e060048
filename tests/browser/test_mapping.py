"""The columns page and the strategy page in a real browser: a look before anything is kept,
examples to choose by.
"""

import pytest

from tests.browser.steps import accessible, import_id, ledger, run, to_review, upload

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
UMLAUTS = "E-Mail;Vorname;Nachname;Größe\nänne@example.com;Änne;Müller;42\n".encode("cp1252")
KNOWN = b"ID,Email,First name,Company,Phone\n1,ann@example.com,Ann,Acme,\n2,ben@example.com,Ben,Beta,+493012345678\n"
CHANGED = (
    b"ID,Email,First name,Company,Phone\n1,ann@example.com,Ann,Acme Ltd,+4930111111\n"
    b"2,ann@example.com,Nobody,,\n3,cid@example.com,Cid,,\n2,ben@example.com,Ben,Beta,-\n"
)


def test_columns(owner, live_server, conn):
    """Another encoding shows at once and is kept by the button alone; the columns come back
    for the next file.
    """
    upload(owner, live_server, UMLAUTS)
    accessible(owner)
    where = owner.url
    assert "Größe" in owner.inner_text("#sample")
    owner.select_option("#encoding", "cp1251")
    owner.wait_for_selector("#sample >> text=Дnne")
    assert owner.locator("#column-3 summary b").inner_text() == "Größe"
    owner.select_option("#delimiter", "tab")
    owner.wait_for_selector("#sample th:only-child")
    owner.select_option("#encoding", "cp1252")
    owner.select_option("#delimiter", ";")
    owner.fill("#header_row", "0")
    owner.wait_for_selector("#sample th >> text=Column D")
    owner.fill("#header_row", "9")
    owner.wait_for_selector("#sample [role=alert] >> text=Row 9 holds no column names")
    accessible(owner)
    owner.fill("#header_row", "1")
    owner.wait_for_selector("#sample th >> text=Größe")
    assert owner.url == where
    owner.click("text=Apply")
    owner.wait_for_selector(
        "summary >> text=How the file is read: Western European (Windows), semicolon"
    )

    owner.select_option("#c3", "notes")
    owner.click("summary >> text=Save this mapping")
    owner.fill("#save_as", "Kunden")
    accessible(owner)
    owner.click("button[form=columns]")
    owner.wait_for_url("**/review")

    upload(owner, live_server, UMLAUTS)
    assert "Saved mapping: Kunden." in owner.inner_text("main")
    assert owner.input_value("#c3") == "notes"
    owner.click("text=Use the automatic matches")
    assert owner.input_value("#c3") == "custom:Größe"
    owner.click("summary >> text=Saved mappings")
    owner.click(".menu-items >> text=Kunden")
    owner.wait_for_url("**saved=*")
    assert owner.input_value("#c3") == "notes"
    accessible(owner)
    assert conn.execute("SELECT count(*) FROM contacts").fetchone()["count"] == 0


def test_strategies(owner, live_server, conn):
    """Each strategy shows what it would do to which contact; a conflict has its door; what is
    promised comes.
    """
    upload(owner, live_server, KNOWN)
    to_review(owner)
    run(owner, "skip")
    upload(owner, live_server, CHANGED)
    owner.click("summary >> text=More choices")
    owner.fill("#clear", "-")
    to_review(owner)
    accessible(owner)
    shown = {}
    for strategy in ("skip", "update", "merge"):
        owner.check(f"#s-{strategy}")
        shown[strategy] = owner.locator("form.review").inner_text()
        accessible(owner)
    assert "They stay as they are." in shown["skip"]
    assert "Unchanged" in shown["skip"]
    assert "Acme Ltd" in shown["update"]
    assert "stays (file:" not in shown["update"]
    assert "stays (file: Acme Ltd)" in shown["merge"]
    assert "Empties 1 field, where the file says “-”." in shown["update"]
    assert "Choose for 1" in shown["merge"]
    owner.check("#s-update")
    assert owner.inner_text("button[form=review]") == "Import 3 rows"
    done = run(owner, "update")
    assert ledger(conn, done) == {"created": 1, "updated": 2, "conflict": 1}
    assert import_id(owner) == done
    phones = conn.execute("SELECT phone FROM contacts ORDER BY external_id").fetchall()
    assert [row["phone"] for row in phones] == ["+4930111111", None, None]
