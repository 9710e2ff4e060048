"""After an import: history, rows, taking it back and its answers, erasing a person."""

import re
from uuid import UUID

from sqlalchemy import select, text

from tests.reports import naughty
from tests.web.test_pages import bring, check, run
from webapp import jobs
from webapp.executing import batches
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport

FIRST = (
    b"ID,Email,First name,Company\n1,ann@example.com,Ann,Acme\n2,ben@example.com,Ben,Acme\n"
)
SECOND = (
    b"ID,Email,First name,Company\n1,ann@example.com,Anna,Beta\n2,ben@example.com,Ben,Beta\n"
)


def edit(browser, importer, email: str, **values: str) -> Contact:
    found = importer.session.scalars(select(Contact).where(Contact.email == email)).one()
    page = f"/contacts/{found.id}"
    browser.post(page, {"version": str(found.version), **values}, at=page)
    importer.session.expire_all()
    return found


def test_taking_back_says_first_what_it_would_do_and_then_what_it_did(owner, importer):
    first = run(owner, importer, FIRST)
    second = run(owner, importer, SECOND, "update")
    ann = edit(owner, importer, "ann@example.com", company="Mine")
    page = owner.get(f"/imports/{second}/rollback").text
    assert [int(n) for n in re.findall(r"<b>(\d+)</b> contact", page)] == [2, 1]
    assert "Edited since: Owner" in page
    assert "Mine" in page
    first_page = owner.get(f"/imports/{first}/rollback").text
    assert "Changed by a later import: people.csv" in first_page
    owner.post(f"/imports/{second}/rollback", {}, at=f"/imports/{second}/rollback")
    importer.work(UUID(second))
    done = owner.get(f"/imports/{second}/rolled-back").text
    assert "2 contacts are as they were before. 1 contact was kept." in " ".join(done.split())
    assert "removed" not in done
    assert ", by Owner, " in done
    listed = owner.get(f"/imports/{second}/rollback.csv").data.decode("utf-8-sig").splitlines()
    assert listed[1] == f"2,{ann.id},company,edited_since,Edited since,Acme,Mine,Owner"
    report = owner.get(f"/imports/{second}/report").text
    assert "This import was undone." in report
    assert "Undone by Owner, " in report
    assert re.search(r"Undone on \d+ \w+ by Owner\.", owner.get("/imports").text)
    again = owner.post(f"/imports/{second}/run-again", {}).location
    assert again.endswith("/checking")


def test_what_somebody_deleted_is_foretold_and_listed_with_who(owner, importer):
    first = run(owner, importer, FIRST)
    second = run(owner, importer, SECOND, "update")
    ann = importer.session.scalars(
        select(Contact).where(Contact.email == "ann@example.com")
    ).one()
    number, version = ann.id, ann.version
    owner.post(
        f"/contacts/{number}/delete", {"version": str(version)}, at=f"/contacts/{number}"
    )
    for import_id, removed, restored in ((second, 0, 1), (first, 1, 0)):
        page = owner.get(f"/imports/{import_id}/rollback").text
        assert [int(n) for n in re.findall(r"<b>(\d+)</b> contact", page)] == [
            removed or restored
        ]
        assert "Deleted since: Owner" in page
        assert f'href="/contacts/{number}"' not in page
        owner.post(f"/imports/{import_id}/rollback", {}, at=f"/imports/{import_id}/rollback")
        importer.work(UUID(import_id))
        report = owner.get(f"/imports/{import_id}/report").text
        assert "1 contact had been deleted by hand before." in report
        assert "Everything was undone." not in report
        assert "Deleted since: Owner" in owner.get(f"/imports/{import_id}/rolled-back").text
        listed = (
            owner.get(f"/imports/{import_id}/rollback.csv")
            .data.decode("utf-8-sig")
            .splitlines()
        )
        assert listed[1:] == [f"2,{number},,deleted_meanwhile,Deleted since,,,Owner"]


def test_each_answer_of_its_own(owner, outsider, viewer, importer, session):
    import_id = bring(owner, FIRST)
    check(owner, importer, import_id)
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    running = owner.post(f"/imports/{import_id}/rollback", {}, status=409).text
    assert "This import is still running" in running
    importer.work(UUID(import_id))
    outsider.post(f"/imports/{import_id}/rollback", {}, status=404)
    viewer.post(f"/imports/{import_id}/rollback", {}, status=403)
    later = bring(owner, SECOND)
    check(owner, importer, later)
    owner.post(f"/imports/{later}/execute", {"duplicate_strategy": "update"})
    importer.work(UUID(later))
    owner.post(f"/imports/{later}/rollback", {})
    importer.work(UUID(later))
    assert owner.post(f"/imports/{later}/rollback", {}).location.endswith("/report")
    session.execute(text("UPDATE contact_imports SET expired_at = now()"))
    session.commit()
    for answer in (
        owner.post(f"/imports/{import_id}/rollback", {}, status=409),
        owner.get(f"/imports/{import_id}/rollback", status=409),
    ):
        assert "This import can no longer be undone" in answer.text
    assert (
        "The file is no longer stored"
        in owner.post(f"/imports/{later}/run-again", {}, status=409).text
    )
    headers = {
        "X-CSRFToken": re.search(
            r'name="csrf_token" value="([^"]+)"', owner.get("/imports").text
        )[1]
    }
    refused = owner.client.delete(f"/api/imports/{import_id}/rollback", headers=headers)
    foreseen = owner.client.get(f"/api/imports/{import_id}/rollback")
    for answer in (refused, foreseen):
        assert (answer.status_code, answer.json["code"]) == (409, "undo_expired")
    assert not owner.client.get(f"/api/imports/{import_id}").json["rollback_possible"]
    report = owner.get(f"/imports/{import_id}/report").text
    assert "Can no longer be undone" in report
    assert "Undo this import" not in report


def test_the_time_is_over_before_anybody_deletes_anything(owner, importer, session, settings):
    """The sweep may be hours away: every door is shut at the same moment."""
    import_id, undone = run(owner, importer, FIRST), run(owner, importer, FIRST)
    owner.post(f"/imports/{undone}/rollback", {})
    importer.work(UUID(undone))
    failed = "UPDATE contact_imports SET failed = 1 WHERE state = 'completed'"
    aged = """UPDATE contact_imports SET completed_at = completed_at - make_interval(days => :days),
        rolled_back_at = rolled_back_at - make_interval(days => :days)"""
    session.execute(text(failed))
    session.execute(text(aged), {"days": settings.retention_days - 1})
    session.commit()
    last_day = owner.get(f"/imports/{import_id}/report").text
    assert "Later edits are kept. Possible until" in last_day
    assert "Try 1 row again" in last_day
    assert "Undo</a>" in owner.get(f"/imports/{import_id}/row").text
    assert "Run again" in owner.get(f"/imports/{undone}/row").text
    session.execute(text(aged), {"days": 1})
    session.commit()
    report = owner.get(f"/imports/{import_id}/report").text
    assert "Can no longer be undone" in report
    assert "Try 1 row again" not in report
    row = owner.get(f"/imports/{import_id}/row").text
    assert "Undo</a>" not in row
    assert "Undo ended on" in row
    assert "Run again" not in owner.get(f"/imports/{undone}/row").text
    assert "Import again" not in owner.get(f"/imports/{undone}/report").text
    assert (
        "This import can no longer be undone"
        in owner.get(f"/imports/{import_id}/rollback", status=409).text
    )
    for path in (f"{import_id}/rollback", f"{import_id}/retry", f"{undone}/run-again"):
        owner.post(f"/imports/{path}", {}, status=409)
    assert not owner.client.get(f"/api/imports/{import_id}").json["rollback_possible"]
    assert (
        owner.client.get(f"/api/imports/{import_id}/rollback").json["code"] == "undo_expired"
    )
    assert (
        session.get(ContactImport, UUID(import_id), populate_existing=True).state
        == "completed"
    )


def test_history_narrowed_and_live(owner, sign_in, importer, session):
    done = run(owner, importer, FIRST)
    waiting = bring(owner, SECOND, "second.csv")
    check(owner, importer, waiting)
    import_commands.execute(session, UUID(waiting), strategy="update")
    session.commit()
    page = owner.get("/imports").text
    assert page.count("hx-get") == 1
    assert f'hx-get="/imports/{waiting}/row"' in page
    row = owner.get(f"/imports/{waiting}/row").text
    assert row.strip().startswith("<li")
    assert "Stop" in row
    importer.work(UUID(waiting))
    assert "hx-get" not in owner.get(f"/imports/{waiting}/row").text
    assert done not in owner.get("/imports?q=second").text
    assert "No imports found" in owner.get("/imports?state=failed").text
    admin = sign_in("admin")
    owner_id = session.get(ContactImport, UUID(done)).created_by
    assert done in admin.get(f"/imports?who={owner_id}").text
    assert done not in admin.get(f"/imports?who={owner_id + 1}").text
    narrowed = owner.get(f"/imports/{done}/rows?row=3&outcome=created&q=ben").text
    assert 'id="row-3"' in narrowed
    assert 'id="row-2"' not in narrowed
    assert (
        "ben@example.com" not in owner.get(f"/imports/{done}/rows?q=nobody%20like%20that").text
    )


def test_stopped_halfway_and_taken_back(owner, importer, session, monkeypatch):
    monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
    rows = "".join(f"{n},p{n}@example.com,P{n},Acme\n" for n in range(50))
    import_id = bring(owner, b"ID,Email,First name,Company\n" + rows.encode())
    check(owner, importer, import_id)
    import_commands.execute(session, UUID(import_id), strategy="skip", batch_size=10)
    session.commit()
    jobs.stop_request.told = True  # One batch, then room is made.
    try:
        importer.work(UUID(import_id))
    finally:
        jobs.stop_request.told = False
    owner.post(f"/imports/{import_id}/cancel", {})
    stopped = importer.work(UUID(import_id))
    assert stopped.state == "cancelled"
    assert 0 < stopped.created < 50
    report = owner.get(f"/imports/{import_id}/report").text
    assert "rows were not imported" in re.sub("<[^>]*>", "", report)
    assert "Import the remaining" in report
    owner.post(f"/imports/{import_id}/rollback", {})
    assert importer.work(UUID(import_id)).rollback["removed"] == stopped.created
    assert session.query(Contact).count() == 0


def test_where_each_value_came_from(owner, importer):
    run(owner, importer, FIRST)
    second = run(owner, importer, SECOND, "update")
    ann = edit(owner, importer, "ann@example.com", first_name="Annie")
    page = owner.get(f"/contacts/{ann.id}").text
    company = page[page.index('data-label="Field">Company') :][:700]
    assert f'href="/imports/{second}/rows?after=1"' in company
    assert "Acme" in company
    first_name = page[page.index('data-label="Field">First name') :][:500]
    assert "Owner" in first_name
    assert "Anna" in first_name


def test_erasing_is_for_administrators_and_asks_first(owner, sign_in, importer):
    import_id = run(owner, importer, FIRST)
    ann = importer.session.scalars(
        select(Contact).where(Contact.email == "ann@example.com")
    ).one()
    page = f"/contacts/{ann.id}/erase"
    edit = f"/contacts/{ann.id}/edit"
    assert "Erase this person" not in owner.get(edit).text
    owner.get(page, status=403)
    owner.post(page, {}, status=403)
    admin = sign_in("admin")
    assert page in admin.get(edit).text
    asked = admin.get(page).text
    assert "people.csv" in asked
    assert "This cannot be undone." in asked
    admin.post(page, {}, at=page)
    admin.get(f"/contacts/{ann.id}", status=404)
    report = owner.get(f"/imports/{import_id}/report").text
    assert "A person was erased from this import" in report
    assert "2 new contacts</a> are in." in report


def test_the_naughtiest_cells_on_every_page(owner, importer):
    with naughty.listener() as (address, calls):
        import_id = run(owner, importer, naughty.table(address).encode())
        pages = [
            owner.get(f"/imports/{import_id}/{path}").text
            for path in ("report", "rows", "rows?outcome=invalid")
        ]
        numbers = [contact.id for contact in importer.session.scalars(select(Contact))]
        pages += [owner.get(f"/contacts/{number}").text for number in numbers[::4]]
        owner.get(f"/imports/{import_id}/rollback")
    for page in pages:
        markup = re.sub(r'value="[^"]*"', "", page)  # Attributes hold the cells too, escaped.
        assert not re.search(rf"<\w[^>]*{address}", markup)
        assert ">49<" not in page
    assert not calls


def test_downloads_read_as_wide_a_file_as_the_check_did(
    make_app, sign_in, importer, monkeypatch
):
    """300 columns, where the administrator allows them: every cell of every row is in the lists."""
    monkeypatch.setenv("MAX_COLUMNS", "300")
    owner = sign_in("owner", make_app(max_columns=300))
    wide = ",".join(["Email", *[f"c{n}" for n in range(299)]])
    cells = ",".join(f"v{n}" for n in range(299))
    import_id = run(
        owner, importer, f"{wide}\nann@example.com,{cells}\nnobody,{cells}\n".encode()
    )
    for path in ("report.csv", "rejected.csv"):
        last = owner.get(f"/imports/{import_id}/{path}").text.splitlines()[-1]
        assert last.endswith(f"nobody,{cells}"), path


def test_what_waits_stands_on_top(owner, outsider, viewer, importer, session):
    """Each import that its person can do something about, with that act, and none of others."""
    first_visit = owner.get("/imports").text
    assert "No imports yet." in first_visit
    assert "Try it with a sample" in first_visit
    done = run(owner, importer, FIRST)
    mapped, open_ = bring(owner, SECOND, "second.csv"), bring(owner, SECOND, "third.csv")
    check(owner, importer, mapped)
    session.execute(
        text(
            "UPDATE contact_imports SET invalid = 4, conflict = 2, total = total + 9 WHERE id = :id"
        ),
        {"id": done},
    )
    session.commit()
    page = owner.get("/imports").text
    assert "3 imports wait for you" in page
    assert "4 to fix, 2 to choose, 3 not imported yet" in page
    for address in (
        f"/imports/{done}/problems",
        f"/imports/{done}/conflicts",
        f"/imports/{done}/retry",
        f"/imports/{mapped}/review",
        f"/imports/{open_}/columns",
    ):
        assert f'"{address}"' in page, address
    for other in (outsider, viewer):
        assert "for you" not in other.get("/imports").text
    session.execute(
        text("UPDATE contact_imports SET expired_at = now() WHERE id = :id"), {"id": done}
    )
    session.commit()
    assert "2 imports wait for you" in owner.get("/imports").text
