"""What pages and API ask of imports and contacts: load, check the right, ask the engine, commit.

Each command raises Refusal where a rule says no, 404 for what is not this person's to see, and 403
for a person who only looks. Then nothing was changed.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from webapp import jobs
from webapp.contacts import journal
from webapp.imports import import_commands, mappings, uploads
from webapp.imports.stored_files import sha256_of
from webapp.models import Contact, ContactImport
from webapp.reports import summary
from webapp.retention import discarding, erasure
from webapp.staging import corrections
from webapp.undoing import undo_by_hand
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.web import forms
from webapp.web.access import (
    change_import,
    load_import,
    refuse_others,
    refuse_viewers,
    settings,
)
from webapp.web.extensions import db

Result = TypeVar("Result")


def _committed(ask: Callable[[Session], Result]) -> Result:
    """Ask the engine and commit; an error leaves nothing behind."""
    try:
        result = ask(db.session())
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise

    return result


def _of_import(
    import_id: UUID, ask: Callable[[Session], Result], *, wakes: bool = True
) -> Result:
    """Ask something of an import that this person may change, and wake a worker for it."""
    change_import(import_id)
    try:
        result = _committed(ask)
    except Refusal as refusal:
        if refusal.kind is Kind.NOT_NOW:
            refusal.facts.setdefault("state", load_import(import_id).state)
        raise

    if wakes:
        jobs.wake(import_id, settings())

    return result


PASTED = "pasted.txt"


def upload(
    filename: str, stream: BinaryIO, asked: forms.UploadForm, key: str | None = None
) -> ContactImport:
    """A new import of this file.

    The same `key` with the same bytes gives the first import again.
    """
    refuse_viewers()
    if first := key and _first_with(key, stream):
        return first

    try:
        return _committed(
            lambda session: uploads.create(
                session,
                current_user.id,
                filename,
                stream,
                settings(),
                upload_key=key,
                **asked.model_dump(exclude={"text"}),
            )
        )
    except IntegrityError:  # The same key at the same moment: the other request was first.
        first = key and _first_with(key, stream)
        if not first:
            raise
        return first
    except Refusal as refusal:
        refusal.at = refusal.at or "/file"
        raise


def paste(asked: forms.UploadForm, key: str | None = None) -> ContactImport:
    """A new import of the table in `asked.text`, as a spreadsheet copies it: tabs between columns."""
    text = asked.text or ""
    first_line = text.strip("\r\n").partition("\n")[0]
    found = {"encoding": "utf-8", "delimiter": "\t" if "\t" in first_line else asked.delimiter}
    return upload(PASTED, BytesIO(text.encode()), asked.model_copy(update=found), key)


def _first_with(key: str, stream: BinaryIO) -> ContactImport | None:
    """The import that this person made with this key. Other bytes under the key are refused."""
    wanted = select(ContactImport).where(
        ContactImport.created_by == current_user.id, ContactImport.upload_key == key
    )
    first = db.session.scalar(wanted)
    if first is not None and sha256_of(stream) != first.sha256:
        raise Refusal("key_used_before", at="Idempotency-Key")

    return first


def read_again(import_id: UUID, asked: forms.UploadForm) -> None:
    """Read the file in this way from now on."""
    how = asked.model_dump(exclude={"default_country", "text"})
    _of_import(
        import_id,
        lambda session: uploads.reread(session, import_id, settings(), **how),
        wakes=False,
    )


def map_columns(import_id: UUID, asked: forms.MappingRequest, save_as: str = "") -> None:
    """Take the columns, keep them under a name where one is given, and start the check."""
    run = change_import(import_id)
    choices = asked.model_dump(exclude={"mapping", "name_order"})
    if "default_country" not in asked.model_fields_set:  # The one given with the file holds.
        choices["default_country"] = run.default_country

    def ask(session: Session) -> None:
        import_commands.map_columns(session, import_id, asked.targets(), **choices)
        if save_as:
            mappings.save(session, current_user.id, save_as, run.columns, asked.targets())

    _of_import(import_id, ask)


def choose_dates(import_id: UUID, order: str) -> None:
    """Check the file again, with this one order of day and month in all dates."""
    run = change_import(import_id)
    _check_again(import_id, **{**import_commands.choices_of(run), "date_order": order})


def choose_words(import_id: UUID, *, keep: int | None, blank: int | None) -> None:
    """Check the file again: column `keep` keeps its words for nothing, and the value that fills most
    of column `blank` is such a word.
    """
    run = change_import(import_id)
    choices = import_commands.choices_of(run)
    if keep is not None and keep < len(run.columns):
        choices["keep_words"] = [*run.keep_words, keep]

    for told in summary.told_of_columns(run, "value_repeated"):
        if told["column"] == blank and told["value"]:
            words = BLANK_WORDS if run.blank_words is None else run.blank_words
            choices["blank_words"] = [*words, told["value"]]

    _check_again(import_id, **choices)


def _check_again(import_id: UUID, **choices: Any) -> None:
    """Check the file again under the same columns, with these choices."""
    targets = list(load_import(import_id).mapping or [])
    _of_import(
        import_id,
        lambda session: import_commands.map_columns(session, import_id, targets, **choices),
    )


def forget_mapping(import_id: UUID, mapping_id: int) -> None:
    """Delete a saved mapping of this person's."""
    _of_import(
        import_id,
        lambda session: mappings.forget(session, current_user.id, mapping_id),
        wakes=False,
    )


def correct(import_id: UUID, row: int, asked: forms.CorrectionRequest) -> None:
    """Put in what the person typed; with `alike`, in every row that holds the same value there."""
    run = change_import(import_id)
    _refuse_what_no_file_has(run, asked)

    def ask(session: Session) -> None:
        if asked.alike is not None and asked.alike in asked.values:
            corrections.correct_alike(
                session, import_id, row, asked.alike, asked.values[asked.alike]
            )
        else:
            corrections.correct(session, import_id, row, asked.values)

    _of_import(import_id, ask)


def _refuse_what_no_file_has(run: ContactImport, asked: forms.CorrectionRequest) -> None:
    if max(asked.values) > max(settings().max_columns, len(run.columns)):
        raise Refusal("column_unknown", at="/values")

    longest = settings().max_cell_chars
    if max(map(len, asked.values.values())) > longest:
        raise Refusal("cell_longer", at="/values", limit=f"{longest:,}")


def leave_out(import_id: UUID, row: int, *, out: bool) -> None:
    """Leave a row out of the import, or take it in again."""
    _of_import(
        import_id, lambda session: corrections.leave_out(session, import_id, row, out=out)
    )


def execute(import_id: UUID, asked: forms.ExecuteRequest) -> None:
    """Run the import. Asking twice is one run."""
    change_import(import_id)
    if asked.import_id != import_id:
        raise Refusal("other_import", at="/import_id")

    _of_import(
        import_id,
        lambda session: import_commands.execute(
            session,
            import_id,
            strategy=asked.duplicate_strategy,
            skip_errors=asked.skip_errors,
            batch_size=asked.batch_size,
            notification_email=asked.notification_email,
            site_url=settings().site_url,
        ),
    )


def cancel(import_id: UUID) -> None:
    """Stop the import; what is committed stays."""
    _of_import(import_id, lambda session: import_commands.cancel(session, import_id))


def retry(import_id: UUID) -> None:
    """Run the rows that failed again."""
    _of_import(import_id, lambda session: import_commands.retry_failed(session, import_id))


def roll_back(import_id: UUID) -> None:
    """Take the import back. Asking twice is one undo."""
    _of_import(import_id, lambda session: import_commands.roll_back(session, import_id))


def run_again(import_id: UUID) -> ContactImport:
    """A new import of the same file and mapping, or the one that waits already."""
    user_id = current_user.id
    new = _of_import(
        import_id,
        lambda session: import_commands.run_again(session, import_id, user_id, settings()),
        wakes=False,
    )
    jobs.wake(new.id, settings())

    return new


def discard(import_id: UUID) -> None:
    """Delete an import that was never run."""
    _of_import(import_id, lambda session: discarding.discard(session, import_id), wakes=False)


def load_contact(contact_id: int) -> Contact:
    """The contact; 404 where it is not in the book."""
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound
    return contact


def edit_contact(contact_id: int, asked: forms.ContactEdit) -> Contact:
    """Write a person's values. The contact's version is one higher where that changed anything."""
    refuse_viewers()
    load_contact(contact_id)
    user_id = current_user.id

    return _committed(
        lambda session: journal.edit_contact(
            session, contact_id, asked.version, asked.values, user_id
        )
    )


def delete_contact(contact_id: int, asked: forms.ContactDeletion) -> None:
    """Delete a contact by hand; the journal keeps what it was."""
    refuse_viewers()
    load_contact(contact_id)
    user_id = current_user.id
    _committed(
        lambda session: journal.delete_contact(session, contact_id, asked.version, user_id)
    )


def erase_contact(contact_id: int, asked: forms.Erasure) -> None:
    """Erase the person behind a contact, and what was ticked beside. For administrators."""
    refuse_others("admin")
    load_contact(contact_id)
    _committed(lambda session: erasure.erase(session, contact_id, set(asked.also)))


def undo_change(change_id: int) -> undo_by_hand.ChangeUndone:
    """Undo an edit or a deletion."""
    refuse_viewers()
    user_id = current_user.id
    return _committed(lambda session: undo_by_hand.undo_change(session, change_id, user_id))
