"""The proof at an import's end: sums that must agree, and a digest that the docs say how to
compute again.
"""

import re
import subprocess
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp import db
from webapp.config import Settings
from webapp.contacts import journal
from webapp.deciding import ledger_digest
from webapp.executing import batches, execution
from webapp.imports import import_commands, leases
from webapp.models import Contact, ImportLog
from webapp.reports import exports, summary
from webapp.vocabulary.strategies import Strategy

PAGE = Path(__file__).parent.parent.parent / "docs" / "promises.md"
PEOPLE = table(
    '1,a@example.com,"Ada, ""the first""","two\nlines",Acme,,',
    "2,a@example.com,Bob,,,,",  # e-mail and number of two: a conflict
    "3,nonsense,Cy,,,,",  # invalid
    "4,d@example.com,=1+1,,,,",
    "1,a@example.com,,,,,",  # a duplicate of the first
)


@pytest.fixture
def recompute(tmp_path):
    """The documented line, run by a shell beside the report."""
    (line,) = re.findall(r"```sh\n(python3 .*)\n```", PAGE.read_text())

    def run(report: bytes) -> str:
        (tmp_path / "report.csv").write_bytes(report)
        return subprocess.run(  # noqa: S602 - the line as a reader would run it
            line, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    return run


def test_digest_from_the_report_alone(importer, session, recompute):
    done = importer.run(PEOPLE, batch_size=2)
    assert (done.created, done.conflict, done.invalid, done.duplicate_skipped) == (2, 1, 1, 1)
    report = b"".join(exports.report_csv(session, done.id))
    assert recompute(report) == done.ledger_digest
    assert recompute(report.replace(b"created", b"updated", 1)) != done.ledger_digest
    assert recompute(report.replace(b"\r\n4,", b"\r\n5,", 1)) != done.ledger_digest


def test_digest_of_an_import_that_was_stopped(importer, session, recompute):
    done = importer.run(
        PEOPLE.replace("3,nonsense,Cy,,,,\n", ""), batch_size=1, skip_errors=False
    )
    assert (done.state, done.created, done.conflict) == ("failed", 1, 1)
    assert recompute(b"".join(exports.report_csv(session, done.id))) == done.ledger_digest


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE contact_imports SET updated = updated + 1", "updated: counter 1, ledger 0"),
        (
            "INSERT INTO contacts (imported_from) SELECT id FROM contact_imports",
            "created: ledger 2, contacts 3",
        ),
        ("DELETE FROM contact_import_results WHERE row = 6", "rows: file 5, ledger 4"),
        ("DELETE FROM contacts WHERE external_id = '4'", "created: ledger 2, contacts 1"),
    ],
)
def test_sums_that_do_not_agree_are_told(importer, session, tampering, said):
    """The engine cannot be brought to it, so the database is made to spoil its work just
    before the end.
    """
    session.execute(
        text(
            f"""CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {tampering}; RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER spoil AFTER INSERT ON contact_import_logs DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW WHEN (NEW.event = 'batch') EXECUTE FUNCTION spoil()"""
        )
    )
    session.commit()
    done = importer.run(PEOPLE)
    entry = session.query(ImportLog).filter_by(import_id=done.id, event="completed").one()
    assert (entry.result, entry.category) == ("failed", "system")
    assert said in entry.message
    assert summary.report(session, done.id).contradictions == entry.message


def test_a_contact_that_somebody_deletes_meanwhile_is_no_contradiction(
    importer, session, conn
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "LOOP_SECONDS", 0)
        checked = queued(importer, PEOPLE, batch_size=2)
        one_slice(conn, checked.id)
    contact = session.query(Contact).filter_by(external_id="1").one()
    journal.delete_contact(session, contact.id, contact.version, checked.created_by)
    session.commit()
    done = importer.work(checked.id)
    assert (done.created, session.query(Contact).count()) == (3, 2), (
        "the last row finds nobody and makes her anew"
    )
    assert (
        session.query(ImportLog).filter_by(import_id=done.id, event="completed").one().result
        == "done"
    )


def queued(importer, people: str, **options):
    checked = importer.check(people)
    import_commands.execute(importer.session, checked.id, strategy=Strategy.SKIP, **options)
    importer.session.commit()
    return checked


def one_slice(conn, import_id) -> None:
    """A slice that makes room as soon as it may."""
    lease = leases.claim(conn, import_id, 15)
    execution.execute_slice(
        conn, lease, partial(db.connect_job, Settings().database_url), lambda: True
    )
    leases.release(conn, lease)


def test_an_import_in_many_slices_reads_its_ledger_once(importer, conn, monkeypatch):
    """And at each of their ends it does not wait for what is still to be read."""
    monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
    blocks = []
    block_of = ledger_digest.Ledger._block
    monkeypatch.setattr(
        ledger_digest.Ledger,
        "_block",
        lambda *asked: blocks.append(block_of(*asked)) or blocks[-1],
    )
    people = table(*(f"{n},p{n}@example.com,P{n},,,," for n in range(200)))
    import_id = queued(importer, people, batch_size=10).id
    for _ in range(15):
        one_slice(conn, import_id)
    assert importer.work(import_id).state == "completed"
    read = sum(len(block["letters"]) for block in blocks if block)
    assert 200 <= read <= 210, "once at the end, and what the first slice came to"
