"""The page of rows in conflict: one card each, four choices, for one row or for all alike."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from tests.web.test_pages import bring, check, run
from webapp.models import Contact, ContactImport

HEAD = b"ID,Email,First name,Last name,Company\n"
BOOK = HEAD + b"K-1,ben@example.com,Ben,Cole,Acme\nK-2,ann@example.com,Ann,Ash,\n"
# Row 2 has Ben's ID and Ann's e-mail; row 3 Ann's e-mail and a new ID; row 4 is new; row 5 has the
# new ID of row 4 and Ben's e-mail.
FILE = HEAD + (
    b"K-1,ann@example.com,Ann,Ash,Acme Ltd\n"
    b"K-9,ann@example.com,Anna,Ash,\n"
    b"K-4,dan@example.com,Dan,Elm,\n"
    b"K-4,ben@example.com,Ben,Cole,\n"
)


def people(count: int, ahead: int = 0, company: str = "") -> bytes:
    """So many, each with an ID and the e-mail of the one so far ahead."""
    lines = [f"K-{n},p{n + ahead}@example.com,P,{n + ahead},{company}\n" for n in range(count)]
    return HEAD + "".join(lines).encode()


@pytest.fixture
def import_id(owner, importer) -> str:
    """An import whose rows 2, 3 and 5 are in conflict, previewed."""
    run(owner, importer, BOOK)
    found = bring(owner, FILE)
    check(owner, importer, found)
    return found


@pytest.fixture
def ids(session, import_id) -> dict[str, int]:
    """The numbers of the contacts, by first name."""
    return {contact.first_name: contact.id for contact in session.query(Contact)}


def page(browser, import_id: str, row: int | None = None) -> str:
    asked = f"?row={row}" if row else ""
    return browser.get(f"/imports/{import_id}/conflicts{asked}").text


def said(words: str) -> str:
    """The text of a page, in one line."""
    return " ".join(re.sub("<[^>]+>", " ", words.partition("<main")[2]).split())


def buttons(words: str) -> list[str]:
    """The choices under the table; those in the bar at the bottom are the same."""
    table, _, bar = words.partition("</table>")
    found, again = (
        re.findall(r'name="choice" value="([^"]*)"', part) for part in (table, bar)
    )
    assert sorted(found) == sorted(again)
    return found


def answer(browser, import_id: str, row: int, choice: str, *, seen: str = "", **more):
    status = more.pop("status", 302)
    return browser.post(
        f"/imports/{import_id}/conflicts/{row}",
        {"choice": choice, "seen": seen, **more},
        at=f"/imports/{import_id}/conflicts",
        status=status,
    )


def test_a_row_stands_beside_the_contacts_that_it_may_mean(owner, import_id, ids):
    review = owner.get(f"/imports/{import_id}/review").text
    assert "<b>3</b> to choose" in review
    assert "Choose for 3" in review
    found = page(owner, import_id)
    told = said(found)
    assert "Who is row 2?" in told
    assert "1 of 3" in told
    assert "3 to choose, none chosen yet" in told
    assert "Matches two of your contacts" in told
    assert "Ben Cole has this ID" in told
    assert "Ann Ash has this e-mail" in told
    assert "differs: ben@example.com" in told
    assert "same: ann@example.com" in told
    assert "The ID K-1 stays with Ben Cole." in told
    assert "The e-mail ann@example.com stays with Ann Ash." in told
    # Ann has no company; her ID differs, and the row's stays with Ben.
    assert "2 fields are the same. 1 differs. Merge fills: Company." in told
    assert "Then 2 more" in told
    ben, ann = ids["Ben"], ids["Ann"]
    of_two = [f"contact:{ben}:external_id", f"contact:{ann}:email", "new", "leave_out"]
    assert sorted(buttons(found)) == sorted(of_two)
    # The filled button is that of the contact that is more like the row.
    assert re.search(
        rf'<button class="" form="compare" name="choice" value="contact:{ann}:', found
    )

    third = page(owner, import_id, 3)
    assert sorted(buttons(third)) == sorted([f"contact:{ann}:email", "new", "leave_out"])
    assert "Same e-mail, different ID" in said(third)
    fifth = page(owner, import_id, 5)
    of_earlier = ["owner_of:external_id", f"contact:{ben}:email", "new", "leave_out"]
    assert sorted(buttons(fifth)) == sorted(of_earlier)
    assert "It is the contact from row 4" in said(fifth)
    assert "3 of 3" in said(fifth)


def test_each_answer_leads_to_the_next_row_until_all_are_settled(
    owner, import_id, ids, importer, session
):
    here = f"/imports/{import_id}/conflicts"
    moved = answer(owner, import_id, 2, f"contact:{ids['Ann']}:email")
    assert moved.location == f"{here}?row=3&chosen=2&rows=1"
    assert "Row 2: It is Ann Ash." in said(owner.get(moved.location).text)
    moved = answer(owner, import_id, 5, "owner_of:external_id")
    assert moved.location.startswith(f"{here}?row=3&")  # the one that was passed over
    # Settled rows stay where they are, before and after the previews are there again.
    for _ in range(2):
        found = said(page(owner, import_id))
        assert "Who is row 3?" in found
        assert "2 of 3 chosen" in found
        assert "It is Ann Ash." in said(page(owner, import_id, 2))
        assert "Undo this choice" in said(page(owner, import_id, 2))
        assert "It is the contact from row 4" in said(page(owner, import_id, 5))
        importer.work(import_id)
    assert answer(owner, import_id, 3, "new").location == f"{here}?chosen=3&rows=1"
    done = said(page(owner, import_id))
    assert "All 3 chosen." in done
    assert done.count("row=") == 0
    assert "Back to review" in done
    importer.work(import_id)
    assert (
        "You chose for all 3 rows that fit two people."
        in owner.get(f"/imports/{import_id}/review").text
    )

    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    importer.work(import_id)
    run_ = session.get_one(ContactImport, import_id, populate_existing=True)
    assert (run_.created, run_.conflict) == (2, 0)
    people = {
        (c.external_id, c.email, c.first_name, c.company) for c in session.query(Contact)
    }
    assert ("K-2", "ann@example.com", "Ann", "Acme Ltd") in people  # K-1 stayed with Ben
    assert ("K-9", None, "Anna", None) in people
    assert ("K-1", "ben@example.com", "Ben", "Acme") in people


def test_a_choice_is_undone_and_the_row_asked_again(owner, import_id, ids):
    here = f"/imports/{import_id}/conflicts"
    answer(owner, import_id, 2, f"contact:{ids['Ann']}:email")
    seen = {"seen": f"contact:{ids['Ann']}:"}
    back = owner.post(f"{here}/2/back", seen, at=f"{here}?row=2")
    assert back.location == f"{here}?row=2"
    assert "none chosen yet" in said(page(owner, import_id, 2))
    assert "Who is row 2?" in said(page(owner, import_id))
    # A row that is in no conflict is not compared; the first that waits is.
    assert owner.get(f"{here}?row=4", status=302).location == here


def test_one_answer_for_all_alike_names_a_rule(owner, importer, session):
    run(owner, importer, people(8))
    import_id = bring(owner, people(4, 4, "Acme"))
    check(owner, importer, import_id)
    found = page(owner, import_id)
    told = said(found)
    assert "The same for all 4 like it" in told
    assert "“It is P 4” then means, for each row, the contact with its e-mail." in told
    choice = next(one for one in buttons(found) if one.endswith(":email"))
    moved = answer(owner, import_id, 2, choice, alike="on")
    assert "rows=4" in moved.location
    found = said(owner.get(moved.location).text)
    assert "What you chose for row 2 holds for 4 rows that are alike." in found
    assert "All 4 chosen." in found
    assert "It is P 7" in found
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    importer.work(import_id)
    updated = session.query(Contact).filter_by(company="Acme").order_by(Contact.email).all()
    assert [one.external_id for one in updated] == ["K-4", "K-5", "K-6", "K-7"]


def test_two_people_at_once(owner, sign_in, import_id, ids):
    admin = sign_in("admin")
    answer(admin, import_id, 2, "leave_out")
    got = answer(owner, import_id, 2, "new", status=409)
    assert "Someone else has already chosen for row 2" in got.text
    assert "Left out." in said(got.text)
    assert 'name="seen" value="leave_out"' in got.text  # what they see next
    assert "row=3" in answer(owner, import_id, 2, "new", seen="leave_out").location


def test_what_a_page_does_not_offer_is_refused(owner, import_id, ids, session):
    before = session.scalar(text("SELECT count(*) FROM contact_import_choices"))
    for choice in ("", "contact:0:", "contact:1", "owner_of:name", "newer", "contact:x:email"):
        answer(owner, import_id, 2, choice, status=422)
    for choice in (f"contact:{10**17}:", f"contact:{ids['Ben'] + 99}:email", "owner_of:phone"):
        answer(owner, import_id, 2, choice, status=422)
    answer(owner, import_id, 4, "new", status=409)  # in no conflict
    answer(owner, import_id, 99, "new", status=409)
    assert session.scalar(text("SELECT count(*) FROM contact_import_choices")) == before == 0


def test_viewers_look_and_others_find_nothing(viewer, outsider, owner, import_id):
    assert "3 rows to choose for." in said(page(viewer, import_id))
    found = page(viewer, import_id, 2)
    assert "Ben Cole has this ID" in said(found)
    assert "Who is row" not in found
    assert buttons(found) == []
    assert "Look at 3" in viewer.get(f"/imports/{import_id}/review").text
    outsider.get(f"/imports/{import_id}/conflicts", status=404)
    owner.get(f"/imports/{uuid4()}/conflicts", status=404)


def test_nothing_in_conflict_is_said(owner, importer):
    import_id = bring(owner)
    check(owner, importer, import_id)
    assert "No row to choose for" in page(owner, import_id)
    assert "to choose" not in owner.get(f"/imports/{import_id}/review").text


def test_after_the_run_those_that_are_left_are_shown(owner, import_id, importer):
    answer(owner, import_id, 2, "new")
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    answer_while_it_waits = owner.client.get(f"/imports/{import_id}/conflicts")
    assert answer_while_it_waits.status_code == 200
    importer.work(import_id)
    found = said(page(owner, import_id))
    assert "Who is row 3?" in found
    assert "1 of 2" in found
    assert "Ann Ash has this e-mail" in found
    assert "Dan Elm has this ID" in said(page(owner, import_id, 5))
    owner.get(f"/imports/{import_id}/report")


def test_a_page_takes_the_same_statements_however_many_rows_it_has(owner, importer, app):
    """The page of one row, and the list of twenty-five rows that mean fifty contacts, take as many
    as for one.
    """

    def counted(rows: int) -> list[int]:
        importer.session.execute(text("DELETE FROM contacts"))
        importer.session.commit()
        run(owner, importer, people(2 * rows))
        import_id = bring(owner, people(rows, rows))
        check(owner, importer, import_id)
        found = asked(import_id, ""), asked(import_id, "?after=1")
        assert found[1][0].count("row=") >= min(rows, 25)
        assert ("Next rows" in found[1][0]) is (rows > 25)
        return [count for _, count in found]

    def asked(import_id: str, query: str) -> tuple[str, int]:
        sent: list[str] = []
        with app.app_context():
            from webapp.web.extensions import db  # noqa: PLC0415 - the app's own engine

            engine = db.engine

        def note(_conn, _cursor, statement, *_rest) -> None:
            sent.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        found = owner.get(f"/imports/{import_id}/conflicts{query}").text
        event.remove(engine, "before_cursor_execute", note)
        return found, len(sent)

    assert counted(1) == counted(30)


def test_a_report_leads_to_no_contact_that_was_deleted_since(
    owner, import_id, ids, importer, session
):
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)
    there = f'href="/contacts/{ids["Ben"]}"'
    rows = f"/imports/{import_id}/rows?outcome=conflict"
    assert there in owner.get(rows).text
    session.delete(session.get_one(Contact, ids["Ben"]))
    session.commit()
    found = owner.get(rows).text
    assert there not in found
    assert f"contact {ids['Ben']}, deleted since" in found
    assert f'href="/contacts/{ids["Ann"]}"' in found
