"""What must hold after any fault, asked of the database and of the report alone."""

import csv
import hashlib
import io
from collections import Counter
from itertools import pairwise
from uuid import UUID

from tests.harness.house import House
from webapp.imports.reruns import LOOK_AHEAD
from webapp.reports import exports
from webapp.vocabulary.outcomes import STORED_OUTCOMES


def check_invariants(house: House, import_id: UUID, *, complete: bool = True) -> dict:
    """I1 to I3 and I6 to I8 of one import, whatever happened to it; its facts."""
    found = house.facts(import_id)
    ledger = house.query(
        "SELECT * FROM contact_import_results WHERE import_id = %s ORDER BY row", import_id
    )
    counted = Counter(entry["outcome"] for entry in ledger)
    for outcome in STORED_OUTCOMES:  # I1
        assert found[outcome.value] == counted[outcome.value], outcome
    staged = [
        entry["row"]
        for entry in house.query(
            "SELECT row FROM contact_import_rows WHERE import_id = %s ORDER BY row", import_id
        )
    ]
    entered = [entry["row"] for entry in ledger]
    _check_order(staged, entered)
    if complete:
        assert len(entered) == found["total"], "rows without an outcome"
    _check_contacts(house, import_id, ledger)
    _check_batches(house, import_id, found, entered)
    if found["ledger_digest"]:
        _check_report(house, import_id, found["ledger_digest"], ledger)
    return found


def rows_lost(house: House, import_id: UUID) -> int:
    """Rows of the file that have no outcome."""
    return house.query(
        """SELECT count(*) AS n FROM contact_import_rows r WHERE r.import_id = %s AND NOT EXISTS (
             SELECT FROM contact_import_results l WHERE l.import_id = r.import_id AND l.row = r.row)""",
        import_id,
    )[0]["n"]


def rows_doubled(house: House, import_id: UUID) -> int:
    """Contacts that carry the import's id beyond those that its ledger calls created."""
    return house.query(
        """SELECT count(*) AS n FROM contacts c WHERE c.imported_from = %s AND NOT EXISTS (
             SELECT FROM contact_import_results l
             WHERE l.import_id = c.imported_from AND l.outcome = 'created' AND l.contact_id = c.id)""",
        import_id,
    )[0]["n"]


def _check_contacts(house: House, import_id: UUID, ledger: list[dict]) -> None:
    """I2: what the ledger calls created is there, once, and nothing else carries the import's
    id.
    """
    created = {
        entry["row"]: entry["contact_id"] for entry in ledger if entry["outcome"] == "created"
    }
    made = house.query(
        "SELECT id, imported_row FROM contacts WHERE imported_from = %s", import_id
    )
    assert {row["imported_row"]: row["id"] for row in made} == created
    assert len(made) == len(created), "a contact was made twice"
    doubled = house.query(
        "SELECT email_key FROM contacts WHERE email_key IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    )
    assert not doubled


def _check_order(staged: list[int], entered: list[int]) -> None:
    """The entries are of the file's first rows, but for gaps that two lanes left among the last."""
    assert set(entered) <= set(staged), "the ledger has a stranger"
    missing = min(set(staged) - set(entered), default=None)
    if missing is not None and entered:
        assert max(entered) - missing < LOOK_AHEAD, "the ledger has a gap"


def _check_batches(house: House, import_id: UUID, found: dict, entered: list[int]) -> None:
    """I3 and I8: the settled batches are numbered without gap or overlap, and have as many rows as
    there are entries, so no two executors ever wrote. A run of what remains goes on with the first
    run's; any other second run amends entries, and logs beforehand what they were.
    """
    settled = [batch for batch in house.batches(import_id) if batch["rows"]]
    amended = house.query(
        r"SELECT min(id) AS id FROM contact_import_logs WHERE import_id = %s AND event LIKE 'row\_%%'",
        import_id,
    )[0]["id"]
    first_run = [one for one in settled if amended is None or one["id"] < amended]
    for before, after in pairwise(first_run):
        assert after["batch"] == before["batch"] + 1, "a batch was committed twice"
    assert sum(batch["rows"] for batch in first_run) == len(entered), (
        "a batch was neither whole nor absent"
    )
    if len(first_run) == len(settled):
        assert found["batches_done"] == len(settled)


def _check_report(house: House, import_id: UUID, digest: str, ledger: list[dict]) -> None:
    """I7: the report says what the database says, and its digest can be had from the CSV alone."""
    with house.session() as session:
        text = b"".join(exports.report_csv(session, import_id)).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))[1:]
    told = [line[:4] for line in lines if line[1] != "not_processed"]
    assert told == [
        [
            str(entry["row"]),
            entry["outcome"],
            str(entry["contact_id"] or ""),
            entry["code"] or "",
        ]
        for entry in ledger
    ]
    assert (
        hashlib.sha256("".join(",".join(line) + "\n" for line in told).encode()).hexdigest()
        == digest
    )
