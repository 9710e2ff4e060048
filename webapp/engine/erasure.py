"""Erasing a person: everything that is kept of them goes, and every count stays true.

The ledger keeps that there was a row and what became of it. A stored file in which the person stands is deleted
whole: cutting one row out of it would make another file of it, with other bytes than its fingerprint says. So reports
on such an import no longer show the original cells, and it cannot be run again; it can still be taken back.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.engine import finding, sessions
from webapp.engine.states import NEVER_RUN, WORKED_ON
from webapp.models import Contact


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


def traces(session: Session, contact_id: int) -> Traces:
    """Every row and import that holds the person: by the ledger, by their keys now and earlier, and by the files.

    A look over the bytes finds most of these at once; the others are read.
    """
    keys = _keys(session, contact_id)
    rows = [(row.import_id, row.row) for row in session.execute(text(_ROWS), {"id": contact_id, **keys})]
    imports = {import_id for import_id, _ in rows}
    imports |= set(session.scalars(text(_BY_JOURNAL), {"id": contact_id}))
    imports |= set(session.scalars(text(_FILES), {"mails": [mail.encode() for mail in keys["mails"]]}))
    sought = finding.Sought.of(mails=keys["mails"], ids=keys["ids"], phone_keys=keys["phone_keys"])
    imports |= set(finding.in_files(session, sought, imports))
    found = session.execute(
        text("SELECT id, filename, state FROM contact_imports WHERE id = ANY(:ids) ORDER BY created_at"),
        {"ids": list(imports)},
    )
    return Traces(rows, list(found))


def _keys(session: Session, contact_id: int) -> dict[str, list[str]]:
    """The keys that the contact has or ever had, as the journal knows them."""
    found = session.execute(text(_KEYS), {"id": contact_id}).one()
    return {name: [value for value in set(getattr(found, name) or []) if value] for name in found._fields}


_SOURCES = """(
    SELECT to_jsonb(c) AS v FROM contacts c WHERE c.id = :id
    UNION ALL SELECT before FROM contact_changes WHERE contact_id = :id
    UNION ALL SELECT after FROM contact_changes WHERE contact_id = :id) s"""
_KEYS = f"""
    SELECT array_agg(v ->> 'external_id') AS ids, array_agg(v ->> 'email_key') AS email_keys,
      array_agg(v ->> 'phone_key') AS phone_keys,
      array_agg(v ->> 'email') || array_agg(v ->> 'email_key') AS mails FROM {_SOURCES}"""

_ROWS = """
    SELECT import_id, row FROM contact_import_results
    WHERE contact_id = :id OR detail -> 'contacts' @> to_jsonb(CAST(:id AS bigint))
    UNION
    SELECT import_id, row FROM contact_import_rows
    WHERE email_key = ANY(:email_keys) OR external_id = ANY(:ids) OR phone_key = ANY(:phone_keys)
      OR lower(email) = ANY(:email_keys) OR EXISTS (
        SELECT FROM unnest(CAST(:mails AS text[])) m
        WHERE position(lower(m) IN lower(concat_ws(' ', notes, custom::text, array_to_string(record, ' ')))) > 0)"""

_FILES = """
    SELECT DISTINCT f.import_id FROM contact_import_files f, unnest(CAST(:mails AS bytea[])) m
    WHERE position(m IN f.content) > 0"""

_BY_JOURNAL = """
    SELECT DISTINCT import_id FROM contact_changes WHERE contact_id = :id AND import_id IS NOT NULL
    UNION SELECT import_id FROM contact_undo_kept WHERE contact_id = :id"""


def erase(session: Session, contact_id: int) -> Traces:
    """Erase the person behind a contact. The caller commits.

    Raises sessions.Refused("erase_while_running", filename=…) while an import that holds them is worked on.
    """
    contact = session.get_one(Contact, contact_id, with_for_update=True, populate_existing=True)
    found = traces(session, contact_id)
    ids = [one.id for one in found.imports]
    found = Traces(found.rows, list(session.execute(text(_LOCKED), {"ids": ids})))
    if found.busy:
        raise sessions.Refused("erase_while_running", filename=found.busy[0].filename)
    facts = {
        "id": contact_id,
        "ids": ids,
        "unused": [one.id for one in found.unused],
        "imports": [import_id for import_id, _ in found.rows],
        "rows": [row for _, row in found.rows],
    }
    for statement in _ERASURE:
        session.execute(text(statement), facts)
    session.delete(contact)
    session.flush()
    return found


# The look through the files takes its time, and an import may have been started meanwhile.
_LOCKED = "SELECT id, filename, state FROM contact_imports WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"

_THEIR_ROWS = "(SELECT * FROM unnest(CAST(:imports AS uuid[]), CAST(:rows AS bigint[])))"
_ERASURE = (
    "DELETE FROM contact_changes WHERE contact_id = :id",
    "DELETE FROM contact_undo_kept WHERE contact_id = :id",
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
