"""Erasing a person: everything that is kept of them goes, and every count stays true.

The ledger keeps that there was a row and what became of it. A stored file in which the person stands is deleted
whole: cutting one row out of it would make another file of it, with other bytes than its fingerprint says. So reports
on such an import no longer show the original cells, and it cannot be run again; it can still be taken back.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.engine import finding, journal, mappings, sessions
from webapp.engine.states import NEVER_RUN, WORKED_ON
from webapp.intake import mapping
from webapp.intake.fields import SCALARS
from webapp.intake.records import column_names
from webapp.models import Contact, ContactImport

LONGEST_WAIT = "1s"  # for each import and for the contact; a batch waits longer before it fails
LOOKS = 3  # for one erasure: each but the first is at what became new during the one before


@dataclass(frozen=True)
class Traces:
    """Where a person stands: rows by import, the imports themselves, and which of these are still being worked on."""

    rows: list[tuple[UUID, int]] = field(default_factory=list)
    imports: list[Any] = field(default_factory=list)  # id, filename, state

    @property
    def busy(self) -> list[Any]:
        return [found for found in self.imports if found.state in WORKED_ON]

    @property
    def unused(self) -> list[Any]:
        """Uploads that were not run yet."""
        return [found for found in self.imports if found.state in NEVER_RUN]


@dataclass(frozen=True)
class _Look:
    """What was found of a person, by which keys, and how each import stood just before."""

    keys: dict[str, list[str]]
    standing: frozenset[Any] = frozenset()
    rows: frozenset[tuple[UUID, int]] = frozenset()
    imports: frozenset[UUID] = frozenset()

    @property
    def sought(self) -> finding.Sought:
        keys = self.keys
        return finding.Sought.of(mails=keys["mails"], ids=keys["ids"], phone_keys=keys["phone_keys"])


def traces(session: Session, contact_id: int) -> Traces:
    """Every row and import that holds the person: by the ledger, by their keys now and earlier, by headers and files.

    Nothing is locked meanwhile.
    """
    look = _look(session, contact_id)
    found = session.execute(
        text("SELECT id, filename, state FROM contact_imports WHERE id = ANY(:ids) ORDER BY created_at"),
        {"ids": list(look.imports)},
    )
    return Traces(sorted(look.rows), list(found))


def _look(session: Session, contact_id: int, before: _Look | None = None) -> _Look:
    """Look for the person everywhere, or, after an earlier look by the same keys, where something is new since."""
    keys, standing = _keys(session, contact_id), _standing(session)
    known = before if before is not None and before.keys == keys else _Look(keys)
    among = [stands.id for stands in standing - known.standing]
    mails = [mail.lower() for mail in keys["mails"]]
    patterns = [finding.mail_pattern(mail) for mail in mails]
    asked = {"id": contact_id, "among": among, **keys, "mails": mails, "patterns": patterns}
    rows = {(row.import_id, row.row) for row in session.execute(text(_ROWS), asked)}
    imports = known.imports | {import_id for import_id, _ in rows} | _by_journal(session, contact_id)
    sought = known.sought
    imports |= set(finding.in_headers(session, sought, set(among) - imports))
    imports |= set(finding.in_files(session, sought, set(among) - imports))
    return _Look(keys, standing, known.rows | rows, imports)


def _settled(session: Session, contact_id: int) -> _Look:
    """Look until nothing became new meanwhile; where that has no end, the look under the lock will say so."""
    look = _look(session, contact_id)
    for _ in range(LOOKS - 1):
        if not _anything_new(session, contact_id, look):
            break
        look = _look(session, contact_id, look)
    return look


def _anything_new(session: Session, contact_id: int, look: _Look) -> bool:
    """Whether there is anything that the look may have missed. It takes no reading."""
    return bool(
        _keys(session, contact_id) != look.keys
        or _standing(session) - look.standing
        or _by_journal(session, contact_id) - look.imports
    )


def _standing(session: Session) -> frozenset[Any]:
    """Each import with what changes when there is something new in it: a start, a correction, a check."""
    return frozenset(session.execute(text(_STANDING)))


def _by_journal(session: Session, contact_id: int) -> frozenset[UUID]:
    return frozenset(session.scalars(text(_BY_JOURNAL), {"id": contact_id}))


def _keys(session: Session, contact_id: int) -> dict[str, list[str]]:
    """The keys that the contact has or ever had, as the journal knows them."""
    found = session.execute(text(_KEYS), {"id": contact_id}).one()
    return {name: sorted(value for value in set(getattr(found, name) or []) if value) for name in found._fields}


_SOURCES = """(
    SELECT to_jsonb(c) AS v FROM contacts c WHERE c.id = :id
    UNION ALL SELECT before FROM contact_changes WHERE contact_id = :id
    UNION ALL SELECT after FROM contact_changes WHERE contact_id = :id) s"""
_KEYS = f"""
    SELECT array_agg(v ->> 'external_id') AS ids, array_agg(v ->> 'email_key') AS email_keys,
      array_agg(v ->> 'phone_key') AS phone_keys,
      array_agg(v ->> 'email') || array_agg(v ->> 'email_key') AS mails FROM {_SOURCES}"""

# A check that is begun anew takes back the rows of the one before, so which one it is counts too. What was started
# once is not checked again.
_STANDING = """
    SELECT id, started_at, mended_at, total, CASE WHEN started_at IS NULL THEN (
        SELECT max(l.id) FROM contact_import_logs l WHERE l.import_id = i.id AND l.event = 'check_started') END AS check
    FROM contact_imports i"""

# Its cells, parted by what is no sign of an address.
_CELLS = f"""lower(concat_ws(' | ', {", ".join(SCALARS)}, array_to_string(tags, ' | '),
          (SELECT string_agg(value, ' | ') FROM jsonb_each_text(custom)), array_to_string(record, ' | ')))"""

_ROWS = f"""
    SELECT import_id, row FROM contact_import_results
    WHERE import_id = ANY(:among) AND (contact_id = :id OR detail -> 'contacts' @> to_jsonb(CAST(:id AS bigint)))
    UNION
    SELECT import_id, row FROM contact_import_rows
    WHERE import_id = ANY(:among) AND (email_key = ANY(:email_keys) OR external_id = ANY(:ids)
      OR phone_key = ANY(:phone_keys) OR EXISTS (
        SELECT FROM {_CELLS} AS cells, unnest(CAST(:mails AS text[]), CAST(:patterns AS text[])) AS m(mail, pattern)
        WHERE position(mail IN cells) > 0 AND cells ~ pattern))"""

_BY_JOURNAL = """
    SELECT DISTINCT import_id FROM contact_changes WHERE contact_id = :id AND import_id IS NOT NULL
    UNION SELECT import_id FROM contact_undo_kept WHERE contact_id = :id"""


def erase(session: Session, contact_id: int) -> Traces:
    """Erase the person behind a contact. The caller commits.

    Raises sessions.Refused("erase_while_running", filename=…) while an import that holds them is worked on, and
    Refused("erase_meanwhile") where more came in than could be looked at; journal.Busy while a batch has the contact.
    """
    look = _settled(session, contact_id)
    session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
    try:
        return _erase(session, contact_id, look)
    except OperationalError as error:
        session.rollback()
        raise (journal.Busy() if getattr(error.orig, "sqlstate", None) in journal.HELD else error) from None


def _erase(session: Session, contact_id: int, look: _Look) -> Traces:
    """The contact comes last: nobody who wants it waits for the files and rows to be deleted."""
    found = Traces(sorted(look.rows), list(session.execute(text(_LOCKED), {"ids": list(look.imports)})))
    if found.busy:
        raise sessions.Refused("erase_while_running", filename=found.busy[0].filename)
    _forget_headers(session, look)
    for statement in _FROM_IMPORTS:
        session.execute(text(statement), _facts(found))
    contact = session.get_one(Contact, contact_id, with_for_update=True, populate_existing=True)
    if _anything_new(session, contact_id, look):
        raise sessions.Refused("erase_meanwhile")
    for statement in _FROM_JOURNAL:
        session.execute(text(statement), {"id": contact_id})
    session.delete(contact)
    session.flush()
    return found


def _forget_headers(session: Session, look: _Look) -> None:
    """Columns that were named by the person are named by their letters; mappings kept for such a header go."""
    for import_id in finding.in_headers(session, look.sought, look.imports):
        headed = session.get_one(ContactImport, import_id)
        headed.columns = column_names(len(headed.columns))
        headed.mapping = headed.mapping and mapping.relabelled(headed.mapping, headed.columns)
        headed.suggested_mapping = mapping.relabelled(headed.suggested_mapping, headed.columns)
    mappings.forget_where(session, lambda columns: look.sought.is_in(columns, []))
    session.flush()


def _facts(found: Traces) -> dict[str, list[Any]]:
    return {
        "ids": [one.id for one in found.imports],
        "unused": [one.id for one in found.unused],
        "imports": [import_id for import_id, _ in found.rows],
        "rows": [row for _, row in found.rows],
    }


# The look through the files takes its time, and an import may have been started meanwhile.
_LOCKED = "SELECT id, filename, state FROM contact_imports WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"

_THEIR_ROWS = "(SELECT * FROM unnest(CAST(:imports AS uuid[]), CAST(:rows AS bigint[])))"
_FROM_JOURNAL = (
    "DELETE FROM contact_changes WHERE contact_id = :id",
    "DELETE FROM contact_undo_kept WHERE contact_id = :id",
)
_FROM_IMPORTS = (
    # The numbers stay, so that the ledger's digest can still be computed again; the contact's number leads nowhere.
    f"""UPDATE contact_import_results SET detail = NULLIF(detail - 'message' - 'contacts', '{{}}')
        WHERE (import_id, row) IN {_THEIR_ROWS} AND detail IS NOT NULL""",
    f"""UPDATE contact_import_rows SET external_id = NULL, email = NULL, first_name = NULL, last_name = NULL,
          phone = NULL, company = NULL, job_title = NULL, street = NULL, city = NULL, region = NULL,
          postal_code = NULL, country = NULL, website = NULL, birthday = NULL, notes = NULL, tags = NULL,
          custom = NULL, email_key = NULL, phone_key = NULL, clears = NULL, record = NULL,
          problems = (SELECT jsonb_agg(p || '{{"value": null}}') FROM jsonb_array_elements(problems) p)
        WHERE (import_id, row) IN {_THEIR_ROWS}""",
    f"DELETE FROM contact_import_corrections WHERE (import_id, row) IN {_THEIR_ROWS}",
    f"""UPDATE contact_import_logs SET message = NULL
        WHERE event = 'row_failed' AND (import_id, first_row) IN {_THEIR_ROWS}""",
    "DELETE FROM contact_import_files WHERE import_id = ANY(:ids)",
    "DELETE FROM contact_import_previews WHERE import_id = ANY(:ids)",
    "DELETE FROM contact_import_documents WHERE import_id = ANY(:ids)",
    """UPDATE contact_imports SET sample = '[]', file_gone = true,
         check_summary = check_summary || jsonb_build_object('problems', COALESCE((
           SELECT jsonb_agg(p || '{"example": null}')
           FROM jsonb_path_query(check_summary, '$.problems[*] ? (@.type() == "object")') p), '[]'))
       WHERE id = ANY(:ids)""",
    "INSERT INTO contact_import_logs (import_id, event) SELECT unnest(CAST(:ids AS uuid[])), 'person_erased'",
    "DELETE FROM contact_import_rows WHERE import_id = ANY(:unused)",
    "DELETE FROM contact_import_problems WHERE import_id = ANY(:unused)",
    "DELETE FROM contact_import_logs WHERE import_id = ANY(:unused)",
    "DELETE FROM contact_imports WHERE id = ANY(:unused)",
)
