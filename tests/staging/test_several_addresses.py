"""Several e-mails and phones of a row in the staging table, and when its cells are corrected."""

from sqlalchemy import text

from webapp.contacts import exporting
from webapp.contacts.filters import ContactFilter
from webapp.imports import import_commands
from webapp.models import Contact, ImportRow
from webapp.staging import corrections

FILE = """Name,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Work phone,Mobile
Ann Ash,Home,ann@example.com,* Work,ann at example.org,030 1234567,0170 1234567
Bo Bay,,bo@example.com,,,,
"""


def staged(session, import_id, row: int) -> ImportRow:
    return session.get(ImportRow, (import_id, row), populate_existing=True)


def address(value: str, label: str | None) -> dict[str, str | None]:
    return {"value": value, "key": value, "label": label}


def test_a_row_is_staged_with_all_its_addresses(importer, session):
    ready = importer.check(FILE, default_country="DE")
    ann, bo = staged(session, ready.id, 2), staged(session, ready.id, 3)
    assert (ann.email, ann.email_label, ann.further_emails) == (
        "ann@example.com",
        "home",
        None,
    )
    assert (ann.phone, ann.phone_label) == ("+49301234567", "work")
    assert ann.further_phones == [address("+491701234567", "mobile")]
    assert (ann.status, [found["code"] for found in ann.problems]) == (
        "valid",
        ["email_further_invalid"],
    )
    assert (bo.email_label, bo.further_emails, bo.problems) == (None, None, None)


def test_a_corrected_cell_counts_with_the_label_beside_it(importer, session):
    ready = importer.check(FILE, default_country="DE")
    corrections.correct(session, ready.id, 2, {4: "ann@example.org"})
    session.commit()
    ann = staged(session, ready.id, 2)
    assert (ann.email, ann.email_label) == ("ann@example.org", "work")
    assert ann.further_emails == [address("ann@example.com", "home")]

    corrections.correct(session, ready.id, 2, {3: "Boat"})
    session.commit()
    ann = staged(session, ready.id, 2)
    assert (ann.email, ann.further_emails) == (
        "ann@example.com",
        [address("ann@example.org", "other")],
    )


def test_a_kept_mapping_with_a_custom_field_stays_as_it_was_chosen(importer, session):
    file = "Email,E-mail 2\nann@example.com,ann@example.org\n"
    chosen = ["email", "custom:E-mail 2"]
    first = importer.check(file, mapping=chosen)
    again = importer.upload(file)
    assert again.suggested_mapping == chosen
    for found in (first, importer.check(file)):
        ann = staged(session, found.id, 2)
        assert (ann.custom, ann.further_emails) == ({"E-mail 2": "ann@example.org"}, None)


def test_an_import_that_waits_since_before_gets_its_addresses_when_it_is_mapped_anew(
    importer, session
):
    """An older check knew one of a kind; its mapping stays until a person takes the suggestion."""
    file = "Email,E-mail 2\nann@example.com; ann@example.net,ann@example.org\n"
    ready = importer.check(file, mapping=["email", "custom:E-mail 2"])
    session.execute(
        text(
            "UPDATE contact_import_rows SET further_emails = NULL,"
            """ custom = '{"E-mail (further)": "ann@example.net"}' WHERE import_id = :id"""
        ),
        {"id": ready.id},
    )
    import_commands.check_again(session, ready.id)
    session.commit()
    importer.work(ready.id)
    ann = staged(session, ready.id, 2)
    assert (ann.custom, ann.further_emails) == (
        {"E-mail 2": "ann@example.org"},
        [address("ann@example.net", None)],
    )

    import_commands.map_columns(session, ready.id, ["email", "email"])
    session.commit()
    importer.work(ready.id)
    ann = staged(session, ready.id, 2)
    assert (ann.custom, ann.further_emails) == (
        None,
        [address("ann@example.net", None), address("ann@example.org", None)],
    )


def test_what_comes_in_goes_out_and_comes_back_unchanged(importer, session):
    file = FILE.replace("ann at example.org", "ann@example.org")
    importer.run(file, default_country="DE")
    selection = exporting.Selection(session, exporting.Wanted(ContactFilter()))
    exported = b"".join(exporting.as_csv(session, selection)).decode("utf-8-sig")
    session.rollback()
    done = importer.run(exported, "update")
    assert (done.unchanged, done.updated, done.created) == (2, 0, 0)

    ann = session.query(Contact).order_by(Contact.id).first()
    assert (ann.email, ann.email_label) == ("ann@example.org", "work")
    assert ann.further_emails == [address("ann@example.com", "home")]
    assert ann.further_phones == [address("+491701234567", "mobile")]
