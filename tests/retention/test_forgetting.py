"""What is no longer needed, or no longer wanted, is gone from the whole database; what was
counted stays counted.
"""

import csv
import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from tests.corpus.workbooks import Written
from tests.deciding import test_ledger_digest
from tests.harness.imports import table
from webapp import db, jobs
from webapp.contacts import journal
from webapp.deciding.ledger_digest import Ledger
from webapp.imports import import_commands, mappings, stored_files, uploads
from webapp.models import Contact, ContactImport, ImportDocument
from webapp.reports import exports, summary
from webapp.retention import erasure
from webapp.staging import corrections
from webapp.undoing import undo_preview
from webapp.vocabulary.refusals import Refusal

recompute = test_ledger_digest.recompute
PEOPLE = table(
    "1,zebedee@example.com,Zebedee,Quill,Acme,a,40",
    "2,ben@example.com,Ben,Birch,Acme,,41",
    "3,no address,Cid,Cedar,Acme,,",
    "1,zebedee@example.com,Zebedee,Quillfeather,Acme,,",
)
LATER = table(
    "1,zebedee.q@example.com,Zebedee,Quill,Umbra,b,42", "2,ben@example.com,Ben,Birch,Other,,"
)
THEIRS = ("zebedee", "quill", "umbra")


def dump(session) -> str:
    """The whole database as text: every value of every table, bytes decoded, files put
    together and unpacked.
    """
    names = session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ).all()
    values = [
        value
        for name in names
        for row in session.execute(text(f'SELECT * FROM "{name}"'))
        for value in row
    ]
    files = "SELECT string_agg(content, '' ORDER BY position) FROM contact_import_files GROUP BY import_id"
    values += [unpacked(bytes(file)) for file in session.scalars(text(files))]
    return "\n".join(shown(v) if isinstance(v, bytes) else repr(v) for v in values).lower()


def shown(value: bytes) -> str:
    """Bytes as text; without its zeros, UTF-16 is text too."""
    return bytes(value).replace(b"\0", b"").decode("utf-8", "replace")


def unpacked(file: bytes) -> bytes:
    if not file.startswith(b"PK"):
        return file
    with zipfile.ZipFile(io.BytesIO(file)) as book:
        return b"\n".join(map(book.read, book.namelist()))


def age(session, import_id, days: int) -> None:
    session.execute(
        text(
            """UPDATE contact_imports SET completed_at = completed_at - make_interval(days => :days),
                 created_at = created_at - make_interval(days => :days),
                 rolled_back_at = rolled_back_at - make_interval(days => :days) WHERE id = :id"""
        ),
        {"id": import_id, "days": days},
    )
    session.commit()


def forget(settings, session) -> None:
    while jobs.forget(settings):
        pass
    session.expire_all()


def lines(chunks) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))


def test_what_is_older_than_the_retention_time_is_deleted(importer, session, settings):
    old = importer.run(PEOPLE).id
    later = importer.run(LATER, "update", match_keys=["external_id"]).id
    unused = importer.check(table("9,unused@example.com,Una,Used,,,")).id
    session.get_one(ContactImport, old).draft = {"value:first_name": "Zebedee"}
    before, digest = (
        summary.report(session, old),
        session.get(ContactImport, old).ledger_digest,
    )
    headline = before.headline
    for found in (old, later, unused):
        age(session, found, settings.retention_days - 1)
    forget(settings, session)
    assert not session.get(ContactImport, old).expired_at
    for found in (old, later, unused):
        age(session, found, 2)
    people = {c.id: (c.email, c.company) for c in session.scalars(select(Contact))}
    forget(settings, session)
    session.execute(text("TRUNCATE contacts"))
    assert not [
        word
        for word in (*THEIRS, "una", "cedar")
        if word in dump(session).replace("unavailable", "")
    ]
    session.rollback()
    assert {c.id: (c.email, c.company) for c in session.scalars(select(Contact))} == people
    assert session.get(ContactImport, unused) is None
    after = summary.report(session, old)
    assert (after.outcomes, after.headline) == (before.outcomes, headline)
    assert session.get(ContactImport, old).ledger_digest == digest
    report = lines(exports.report_csv(session, old))
    assert [",".join(row[:2]) for row in report[1:]] == [
        "2,created",
        "3,created",
        "4,invalid",
        "5,duplicate_skipped",
    ]
    assert len(lines(exports.rejected_csv(session, old))) == 1
    for ask in (import_commands.roll_back, import_commands.retry):
        if ask is import_commands.retry:
            session.execute(text("UPDATE contact_imports SET failed = 1"))
        with pytest.raises(Refusal) as refusal:
            ask(session, old)
        assert refusal.value.code == "undo_expired"
        session.rollback()
    ben = session.scalars(select(Contact).where(Contact.email == "ben@example.com")).one()
    origin = journal.provenance(session, ben)["company"]
    assert (origin.import_id, origin.row, origin.before) == (later, 3, None)


def test_the_documented_line_finds_the_digest_after_forgetting_and_erasing(
    importer, session, settings, recompute
):
    erased, old = (
        importer.run(PEOPLE),
        importer.run(LATER, "update", match_keys=["external_id"]),
    )
    digests = {one.id: one.ledger_digest for one in (erased, old)}
    age(session, old.id, settings.retention_days + 1)
    forget(settings, session)
    assert session.get_one(ContactImport, old.id).purged_at
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one()
    erasure.erase(session, whom.id)
    session.commit()
    session.expire_all()
    assert session.get_one(ContactImport, erased.id).file_gone
    assert digests[erased.id] != digests[old.id]
    for import_id, digest in digests.items():
        assert recompute(b"".join(exports.report_csv(session, import_id))) == digest


def test_an_undo_leaves_what_an_expired_import_wrote_and_hands_it_nothing(
    importer, session, settings
):
    first = importer.run(PEOPLE)
    later = importer.run(LATER, "update", match_keys=["external_id"])
    age(session, later.id, settings.retention_days + 1)
    forget(settings, session)
    planned = undo_preview.preview(session, first.id)
    undone = importer.undo(first.id)
    assert (
        (planned.removed, planned.kept)
        == (undone.rollback["removed"], undone.rollback["kept"])
        == (0, 2)
    )
    kept = text(
        "SELECT before, after FROM contact_changes WHERE import_id = :id AND kind = 'import'"
    )
    assert all(
        not any(row.before.values()) and not row.after
        for row in session.execute(kept, {"id": later.id})
    )


def test_erasing_a_person_leaves_no_trace_and_true_counts(importer, session, conn):
    first = importer.run(PEOPLE).id
    later = importer.run(LATER, "update", match_keys=["external_id"]).id
    stuck = importer.run(table("2,zebedee.q@example.com,Who,,,,"), "update").id
    others = importer.run(table("7,eve@example.com,Eve,Elm,,,")).id
    waiting = importer.check(
        table("8,new@example.com,New,,,,", "1,zebedee@example.com,Zebedee,,,,")
    ).id
    session.add(
        ImportDocument(
            import_id=first, kind="pdf", state="ready", content=b"a PDF with Zebedee in it"
        )
    )
    session.commit()
    importer.undo(later)
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one()
    before = {
        found: summary.report(session, found).outcomes
        for found in (first, later, stuck, others)
    }
    session.expire_all()
    digests = {
        found: session.get(ContactImport, found).ledger_digest
        for found in (first, later, stuck)
    }
    assert all(word in dump(session) for word in THEIRS)

    erased = erasure.erase(session, whom.id)
    session.commit()
    assert {found.id for found in erased.imports} == {first, later, stuck, waiting}
    assert not [word for word in THEIRS if word in dump(session)]
    session.expire_all()
    assert {found: summary.report(session, found).outcomes for found in before} == before
    assert {found: Ledger(found).read(conn).digest for found in digests} == digests
    assert session.get(ContactImport, waiting) is None
    report = lines(exports.report_csv(session, first))
    assert [row[1] for row in report[1:]] == [
        "created",
        "created",
        "invalid",
        "duplicate_skipped",
    ]
    assert any(
        "eve@example.com" in cell
        for row in lines(exports.report_csv(session, others))
        for cell in row
    )
    with pytest.raises(Refusal, match="file_gone"):
        import_commands.run_again(session, later, importer.user_id)
    session.rollback()
    undone = importer.undo(first)
    assert undone.rollback["removed"] == 1
    assert [c.email for c in session.scalars(select(Contact))] == ["eve@example.com"]


def workbook(*sheets: list[list[object]]) -> bytes:
    book = Written()
    for number, rows in enumerate(sheets):
        book.sheet(f"s{number}", rows)
    return book.data()


HEAD = ["ID", "Email", "First name"]
SOMEBODY = ["7", "eve@example.com", "Eve"]
SPLIT = "Email,First name\n" + "eve@example.com,Eve\n" * 10_000
SPLIT = (
    SPLIT[: SPLIT.rindex("\n", 0, stored_files.CHUNK - 9) + 1]
    + "zebedee@example.com,Zebedee\neve@example.com,Eve\n"
)
HOLDING = {
    "workbook": workbook([HEAD, SOMEBODY, ["1", "zebedee@example.com", "Zebedee"]]),
    "another sheet": workbook([HEAD, SOMEBODY], [["call", "Zebedee@Example.com"]]),
    "above the header": workbook(
        [["", "zebedee@example.com"], [], HEAD, SOMEBODY, SOMEBODY, SOMEBODY]
    ),
    "UTF-16": "ID,Email,First name\n1,zebedee@example.com,Zebedee\n".encode("utf-16"),
    "other case": b"Email,First name\nZEBEDEE@Example.com,Zebedee\n",
    "two chunks": SPLIT.encode(),
    "within a text": b"Email,Notes\neve@example.com,ask Zebedee (ZEBEDEE@example.com)\n",
    "domain in other letters": "Email,Name\nzebedee@exämple.com,Zebedee\n".encode(),
    "id alone": b"Customer ID,First name\n1,Zebedee\n",
    "phone without a country": "ID,Phone,First name\n77,030\u00a0123-45 67,Zebedee\n".encode(),
    "damaged": b"PK\x03\x04 Zebedee",
}
WITHOUT = {
    "a number like the id": b"Email,First name,Shoe size\neve@example.com,Eve,1\n",
    "others": b"ID,Email,Phone,First name\n11,eve@example.com,030 12345670,Eve\n",
    "a workbook": workbook([HEAD, SOMEBODY], [["1"]]),
}


def brought(importer, name: str, content: bytes):
    """An upload that was never checked; a damaged one was whole when it came."""
    ending = "xlsx" if content.startswith(b"PK") else "csv"
    whole = workbook([HEAD, SOMEBODY]) if name == "damaged" else content
    found = uploads.create(
        importer.session,
        importer.user_id,
        f"{name}.{ending}",
        io.BytesIO(whole),
        importer.settings,
    )
    if name == "damaged":
        importer.session.execute(
            text("UPDATE contact_import_files SET content = :content WHERE import_id = :id"),
            {"content": content, "id": found.id},
        )
    importer.session.commit()
    return found.id


# In these the person is mentioned, or their phone stands, in a row that may be somebody else's.
OTHERS = {"within a text", "phone without a country"}


def ticked(found: erasure.Traces) -> set:
    """Everything that the page offers beside what is theirs."""
    ways = {(other.import_id, way) for other in found.others for way in other.counts}
    return ways | {(other.import_id, erasure.FILE) for other in found.others if other.file}


@pytest.mark.parametrize("name", HOLDING)
def test_erasing_reads_the_files_that_were_never_checked(importer, session, name):
    assert b"zebedee@example.com" not in SPLIT.encode()[: stored_files.CHUNK]
    first = importer.run(
        "ID,Email,Phone,First name\n1,zebedee@example.com,+49 30 1234567,Zebedee\n2,z2@example.com,,Zo\n"
        "3,zebedee@exämple.com,,Zebedee\n"
    ).id
    whom = session.scalars(
        select(Contact).where(Contact.external_id == ("3" if "letters" in name else "1"))
    ).one()
    holding = brought(importer, name, HOLDING[name])
    others = {brought(importer, other, content) for other, content in WITHOUT.items()}
    found = erasure.traces(session, whom.id)
    assert {one.id for one in found.unused} == ({holding} - {holding for _ in OTHERS & {name}})
    assert {other.import_id for other in found.others if other.file} == {
        holding for _ in OTHERS & {name}
    }
    for one in session.scalars(select(Contact).where(Contact.first_name == "Zebedee")).all():
        erasure.erase(session, one.id, ticked(erasure.traces(session, one.id)))
    session.commit()
    assert "zebedee" not in dump(session)
    kept = set(session.scalars(text("SELECT DISTINCT import_id FROM contact_import_files")))
    assert kept == others
    assert session.get(ContactImport, first, populate_existing=True).file_gone


def test_a_phone_without_a_key_is_looked_for_by_its_digits(importer, session):
    importer.run("ID,Phone,First name\n1,555-0187-99,Zebedee\n")
    staged = importer.run("ID,Phone,First name\n2,555-0187-99,Eve\n").id
    brought_only = brought(importer, "later", b"ID,Phone,First name\n3,555 0187 99,Eve\n")
    whom = session.scalars(select(Contact).where(Contact.first_name == "Zebedee")).one()
    assert (whom.phone, whom.phone_key) == ("555-0187-99", None)
    others = {other.import_id: other.file for other in erasure.traces(session, whom.id).others}
    assert others.keys() == {staged, brought_only}
    assert others[brought_only]


def test_what_a_check_left_aside_is_read_too(importer, session):
    """Columns without a target, and sheets beside the chosen one, have no staged cell."""
    importer.run(table("1,zebedee@example.com,Zebedee,,,,"))
    whom = session.scalars(select(Contact)).one()
    file = "ID,Email,Other\n7,eve@example.com,ZEBEDEE@example.com\n"
    left_aside = importer.check(file, mapping=["external_id", "email", None]).id
    noted = importer.check(file, mapping=["external_id", "email", "notes"]).id
    plain = importer.check(
        file.replace("ZEBEDEE", "adam"), mapping=["external_id", "email", None]
    ).id
    found = erasure.traces(session, whom.id)
    assert {(other.import_id, other.file, *other.rows) for other in found.others} == {
        (left_aside, "named"),
        (noted, None, (2, "named", "eve@example.com")),
    }
    erasure.erase(session, whom.id, ticked(found))
    session.commit()
    assert "zebedee" not in dump(session)
    left = set(session.scalars(text("SELECT id FROM contact_imports WHERE state = 'ready'")))
    assert (plain in left, left_aside in left, noted in left) == (True, False, False)


@pytest.mark.parametrize("is_purged", [False, True])
def test_somebody_who_was_taken_for_the_columns_names_goes_too(importer, session, is_purged):
    """A file without a header, whose first row was chosen for one."""
    importer.run(table("1,zebedee@example.com,Zebedee,,,,"))
    whom = session.scalars(select(Contact)).one()
    headless = "zebedee@example.com,Zebedee,Quill\neve@example.com,Eve,Elm\n"
    targets = ["email", "first_name", "custom:Quill"]
    holding = importer.upload(headless).id
    uploads.reread(session, holding, importer.settings, header_row=1)
    import_commands.map_columns(session, holding, targets)
    session.commit()
    importer.work(holding)
    importer.execute(holding)
    others = importer.run(table("8,fay@example.com,Fay,,,,")).id
    for name, columns, constants in (
        ("Mine", ["Zebedee@Example.com", "Name"], {}),
        ("Of mine", ["Email", "Name"], {"custom:Friend of": "zebedee@example.com"}),
        ("Theirs", ["Email", "Name"], {"country": "Germany"}),
    ):
        kept = ContactImport(
            columns=columns, mapping=["email", "full_name"], constants=constants
        )
        mappings.save(session, importer.user_id, name, kept)
    if is_purged:
        session.execute(text("DELETE FROM contact_import_files"))
    session.commit()
    assert {found.id for found in erasure.traces(session, whom.id).imports} >= {holding}
    erasure.erase(session, whom.id)
    session.commit()
    assert "zebedee" not in dump(session)
    found = session.get(ContactImport, holding, populate_existing=True)
    assert found.columns == ["Column A", "Column B", "Column C"]
    assert found.mapping == ["email", "first_name", "custom:Column C"]
    assert [kept.name for kept in mappings.saved(session, importer.user_id)] == ["Theirs"]
    assert session.get(ContactImport, others, populate_existing=True).columns[0] == "ID"


def test_nobody_is_erased_from_under_a_running_import(importer, session):
    importer.run(PEOPLE)
    checked = importer.check(LATER)
    import_commands.execute(session, checked.id, strategy="update")
    session.commit()
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one()
    with pytest.raises(Refusal, match="erase_while_running"):
        erasure.erase(session, whom.id)
    session.rollback()


def test_nobody_is_erased_from_an_import_that_starts_while_they_are_looked_for(
    importer, session, settings, conn
):
    """The import is being started, uncommitted, when the erasure reads that it stands still."""
    importer.run(PEOPLE)
    checked = importer.check(LATER)
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one().id
    import_commands.execute(session, checked.id, strategy="update")
    with ThreadPoolExecutor(1) as pool, db.session(settings.database_url) as other:
        erased = pool.submit(erasure.erase, other, whom)
        while not (erased.done() or conn.execute(WAITING).fetchone()):
            conn.rollback()
            time.sleep(0.01)
        session.commit()
        with pytest.raises(Refusal, match="erase_while_running"):
            erased.result()
    assert importer.work(checked.id).state == "completed"


WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def test_nothing_is_asked_of_an_upload_that_is_being_forgotten(importer, session):
    """Its rows go a few at a time: what is left of them must not be run."""
    checked = importer.check(PEOPLE).id
    session.execute(
        text("UPDATE contact_imports SET expired_at = now() WHERE id = :id"), {"id": checked}
    )
    session.commit()
    asked = (
        lambda: import_commands.execute(session, checked, strategy="skip"),
        lambda: import_commands.map_columns(session, checked, ["email", *[None] * 6]),
        lambda: corrections.leave_out(session, checked, 4, out=True),
    )
    for ask in asked:
        with pytest.raises(Refusal, match="wrong_state") as refusal:
            ask()
        assert refusal.value.facts == {"state": "ready"}
        session.rollback()


def test_a_worker_that_lets_go_of_a_forgotten_upload_is_not_troubled(
    importer, session, settings
):
    upload = importer.upload(PEOPLE).id
    session.execute(text("DELETE FROM contact_imports WHERE id = :id"), {"id": upload})
    session.commit()
    jobs.slices._afterwards(upload, settings, ended=False)
