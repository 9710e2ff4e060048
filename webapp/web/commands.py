"""What pages and API ask of imports and contacts: load, check the right, ask the engine, commit.

Each command raises Refusal where a rule says no, 404 for what is not this person's to see, and 403
for a person who only looks. Then nothing was changed.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from webapp import jobs
from webapp.contacts import bulk_acts, journal, merging, past, views
from webapp.deciding import approval
from webapp.deciding import preview as previews
from webapp.deciding import rerun_preview as rerun_previews
from webapp.duplicates import pairs, searches
from webapp.imports import import_commands, leases, mappings, reruns, uploads
from webapp.imports.stored_files import sha256_of
from webapp.models import Contact, ContactImport, ImportPreview, RerunPreview
from webapp.reports import summary
from webapp.retention import discarding, erasure
from webapp.staging import corrections, problem_list, row_choices
from webapp.staging.row_choices import UNSEEN, Seen
from webapp.undoing import undo_by_hand, undo_by_row
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import PREVIEWED, Command, State
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web import forms
from webapp.web.access import (
    change_import,
    import_to_approve,
    load_import,
    refuse_others,
    refuse_viewers,
    retention_days,
    settings,
    undo_is_over,
)
from webapp.web.extensions import db
from webapp.web.forms import queries

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
    import_id: UUID,
    ask: Callable[[Session], Result],
    *,
    wakes: bool = True,
    right: Callable[[UUID], ContactImport] = change_import,
) -> Result:
    """Ask something of an import to which this person has the right, and wake a worker for it."""
    right(import_id)
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
    """A new import of the table in `asked.text`, as a spreadsheet copies it: tabs between
    columns.
    """
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


def map_columns(
    import_id: UUID,
    asked: forms.MappingRequest,
    save_as: str = "",
    *,
    shared: bool = False,
    used: int = 0,
) -> None:
    """Take the columns, keep them under a name where one is given, and start the check.

    `shared`: others may use what is kept. `used` is the saved mapping that they come from, 0 for
    none.
    """
    run = change_import(import_id)
    choices = asked.model_dump(exclude={"mapping", "name_order"})
    choices["column_rules"] = choices.pop("rules")
    if "default_country" not in asked.model_fields_set:  # The one given with the file holds.
        choices["default_country"] = run.default_country

    def ask(session: Session) -> None:
        import_commands.map_columns(session, import_id, asked.targets(), **choices)
        if save_as:
            mappings.save(session, current_user.id, save_as, run, shared=shared)
        if used:
            mappings.use(session, current_user.id, used)

    _of_import(import_id, ask)


def choose_dates(import_id: UUID, order: str) -> None:
    """Check the file again, with this one order of day and month in all dates."""
    run = change_import(import_id)
    _check_again(import_id, **{**import_commands.choices_of(run), "date_order": order})


def choose_strategy(import_id: UUID, strategy: Strategy) -> None:
    """Keep what is chosen for people who are known, until the import is run."""
    _of_import(
        import_id,
        lambda session: import_commands.choose_strategy(session, import_id, strategy),
        wakes=False,
    )


def choose_words(import_id: UUID, *, keep: int | None, blank: int | None) -> None:
    """Check the file again: column `keep` keeps its words for nothing, and the value that fills
    most of column `blank` is such a word.
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


def keep_draft(import_id: UUID, draft: dict[str, list[str]]) -> None:
    """Keep the form of the columns as a person left it."""
    _of_import(
        import_id,
        lambda session: import_commands.keep_draft(session, import_id, draft),
        wakes=False,
    )


def save_mapping(asked: forms.SavedMappingRequest) -> mappings.Saved:
    """Keep a mapping under a name."""
    refuse_viewers()
    choices = {"constants": asked.constants, "tag": asked.tag, "column_rules": asked.rules}
    said = mappings.Said(asked.columns, asked.mapping, choices)
    return _committed(
        lambda session: mappings.create(
            session, current_user.id, asked.name, said, shared=asked.shared
        )
    )


def change_mapping(mapping_id: int, asked: forms.SavedMappingPatch) -> mappings.Saved:
    """Give a saved mapping another name, or share it, or no longer."""
    refuse_viewers()
    try:
        return _committed(
            lambda session: mappings.change(
                session,
                current_user.id,
                mapping_id,
                name=asked.name,
                shared=asked.shared,
                of_all_people=current_user.role == "admin",
            )
        )
    except IntegrityError:  # Another request took the name at the same moment.
        raise Refusal("mapping_name_taken", at="/name", name=asked.name or "") from None


def forget_mapping(mapping_id: int) -> None:
    """Delete a saved mapping."""
    refuse_viewers()
    _committed(
        lambda session: mappings.forget(
            session,
            current_user.id,
            mapping_id,
            of_all_people=current_user.role == "admin",
        )
    )


def correct(import_id: UUID, row: int, asked: forms.CorrectionRequest) -> corrections.Made:
    """Put in what the person typed; with `alike`, in every row that holds the same value there."""
    run = change_import(import_id)
    _refuse_what_no_file_has(run, asked)
    user_id = current_user.id

    def ask(session: Session) -> corrections.Made:
        if asked.alike is not None and asked.alike in asked.values:
            return corrections.correct_alike(
                session, import_id, row, asked.alike, asked.values[asked.alike], by=user_id
            )

        return corrections.correct(
            session, import_id, row, asked.values, by=user_id, seen=asked.seen
        )

    return _of_import(import_id, ask)


def fix(import_id: UUID, asked: forms.FixRequest) -> corrections.Made:
    """Change many rows alike."""
    run, user_id = change_import(import_id), current_user.id
    _refuse_columns(run, asked.column)
    where, told = asked.where(), _asked_of(asked)

    def ask(session: Session) -> corrections.Made:
        if asked.group is not None:
            where["filter"] = _group(session, import_id, asked.group)
        return corrections.fix(session, import_id, asked.act, where, by=user_id, **told)

    return _of_import(import_id, ask)


def preview_replace(import_id: UUID, asked: forms.FixRequest) -> corrections.Replacing:
    """What a find and replace would do; nothing is changed."""
    _refuse_columns(load_import(import_id), asked.column)
    where = asked.where()

    def ask(session: Session) -> corrections.Replacing:
        if asked.group is not None:
            where["filter"] = _group(session, import_id, asked.group)
        return corrections.replacements(session, import_id, where, **_asked_of(asked))

    return _committed(ask)


def undo_fix(import_id: UUID, number: int | None) -> corrections.Undone:
    """Undo one act of correction, or all where no number is given."""
    user_id = current_user.id
    return _of_import(
        import_id, lambda session: corrections.undo(session, import_id, number, by=user_id)
    )


def undo_all_fixes(import_id: UUID) -> corrections.Undone:
    """Undo every act of correction."""
    return undo_fix(import_id, None)


def _asked_of(asked: forms.FixRequest) -> dict[str, Any]:
    names = {"column", "value", "find", "replace_with", "match_case"}
    return asked.model_dump(include=names, exclude_defaults=True)


def _group(session: Session, import_id: UUID, number: int) -> dict[str, Any]:
    """The filter of a group. Raises Refusal("no_rows") where there is none of this number."""
    kind = problem_list.kind_of_group(session, import_id, number)
    if kind is None:
        raise Refusal("no_rows")
    return {"kind": kind.value, "group": number}


def _refuse_columns(run: ContactImport, column: int | None) -> None:
    if column is not None and column > max(settings().max_columns, len(run.columns)):
        raise Refusal("column_unknown", at="/column")


def patch_row(import_id: UUID, row: int, asked: forms.RowPatch) -> corrections.Made:
    """The same, with cells named by what their columns are."""
    run = change_import(import_id)
    if asked.alike and len(asked.values) > 1:
        raise Refusal("one_value_alike", at="/alike")

    values = {_column(run, name): text for name, text in asked.values.items()}
    alike = next(iter(values)) if asked.alike else None
    return correct(import_id, row, forms.CorrectionRequest(values=values, alike=alike))


def _column(run: ContactImport, name: str) -> int:
    """The column, from 0, that a name of `RowPatch` means."""
    at = f"/values/{name.replace('~', '~0').replace('/', '~1')}"
    if number := re.fullmatch("column:([0-9]{1,6})", name):
        if int(number[1]) >= len(run.columns):
            raise Refusal("no_such_column", at=at, column=name)
        return int(number[1])

    columns = [column for column, target in enumerate(run.mapping or []) if target == name]
    if not columns:
        raise Refusal("no_such_column", at=at, column=name)
    if len(columns) > 1:
        raise Refusal("several_columns", at=at, column=name)

    return columns[0]


def _refuse_what_no_file_has(run: ContactImport, asked: forms.CorrectionRequest) -> None:
    if max(asked.values) > max(settings().max_columns, len(run.columns)):
        raise Refusal("column_unknown", at="/values")

    longest = settings().max_cell_chars
    if max(map(len, asked.values.values())) > longest:
        raise Refusal("cell_longer", at="/values", limit=f"{longest:,}")


def leave_out(import_id: UUID, row: int, *, out: bool) -> corrections.Made:
    """Leave a row out of the import, or take it in again."""
    user_id = current_user.id
    return _of_import(
        import_id,
        lambda session: corrections.leave_out(session, import_id, row, out=out, by=user_id),
    )


def choose(
    import_id: UUID, row: int, asked: forms.ChoiceRequest, *, seen: Seen = UNSEEN
) -> int:
    """Settle a row in conflict, or with `alike` all that are in conflict as it is: how many rows.

    `seen` is what the person saw as chosen. Where that is another one by now, this is refused.
    """
    choice = asked.choice()

    def ask(session: Session) -> int:
        if asked.alike:
            return row_choices.choose_alike(session, import_id, row, choice, seen=seen)

        row_choices.choose(session, import_id, row, choice, seen=seen)
        return 1

    return _of_import(import_id, ask)


def take_back_choice(import_id: UUID, row: int, *, seen: Seen = UNSEEN) -> int:
    """Leave a row in conflict, as if nothing had been chosen for it: how many rows had a choice."""
    return _of_import(
        import_id, lambda session: row_choices.take_back(session, import_id, row, seen=seen)
    )


def execute(import_id: UUID, asked: forms.ExecuteRequest) -> None:
    """Run the import, or have it wait for approval. Asking twice is one run."""
    change_import(import_id)
    if asked.import_id != import_id:
        raise Refusal("other_import", at="/import_id")

    user_id, above = current_user.id, settings().approval_above

    def ask(session: Session) -> None:
        import_commands.execute(
            session,
            import_id,
            strategy=asked.duplicate_strategy,
            create_new=asked.create_new,
            hold_other_names=asked.hold_other_names,
            skip_errors=asked.skip_errors,
            batch_size=asked.batch_size,
            notification_email=asked.notification_email,
            site_url=settings().site_url,
            approval_for=partial(approval.needed, session, by=user_id, above=above),
        )

    try:
        _of_import(import_id, ask)
    except Refusal as refusal:
        if refusal.code == "plan_pending":
            _plan_soon(import_id, asked)
        raise


def _plan_soon(import_id: UUID, asked: forms.ExecuteRequest) -> None:
    """Have what was asked for worked out, where no import has it unasked."""
    preview(
        import_id,
        Variant(asked.duplicate_strategy, asked.create_new, asked.hold_other_names),
    )


def approve(import_id: UUID, asked: forms.ApprovalRequest) -> None:
    """Let the import run that another person asked for."""
    user_id = current_user.id
    _of_import(
        import_id,
        lambda session: approval.approve(
            session, import_id, by=user_id, plan=asked.plan, asked_at=asked.asked_at
        ),
        right=import_to_approve,
    )


def refuse(import_id: UUID) -> None:
    """Do not let it run; its owner can go on with it."""
    user_id = current_user.id
    _of_import(
        import_id,
        lambda session: approval.refuse(session, import_id, by=user_id),
        right=import_to_approve,
        wakes=False,
    )


def preview(import_id: UUID, variant: Variant) -> ImportPreview | None:
    """What this variant would do; None while it is computed, or where it never will be."""
    run = load_import(import_id)
    if variant.writes_nothing:
        raise Refusal("nothing_to_write", at="create_new")

    kept = db.session.get(ImportPreview, (import_id, *variant))
    waits = kept is None and run.state in PREVIEWED | {State.CHECKING}
    if waits and _committed(lambda session: previews.request(session, import_id, variant)):
        jobs.wake(import_id, settings())

    return kept


def awaited_preview(import_id: UUID, variant: Variant) -> ImportPreview | None:
    """The same for one who will ask again: Refusal, wrong_state or preview_given_up, where it never
    will be.
    """
    kept = preview(import_id, variant)
    run = load_import(import_id)
    if kept is None and run.state not in PREVIEWED | {State.CHECKING}:
        raise Refusal("wrong_state", state=run.state)
    if kept is None and previews.given_up(db.session(), run):
        raise Refusal("preview_given_up", state=run.state)

    return kept


def rerun_preview(import_id: UUID, rerun: Rerun) -> RerunPreview | None:
    """What a second run over these rows would do; None while it is computed. Raises Refusal where
    there may be no such run, and preview_given_up where it cannot be computed.
    """
    run = load_import(import_id)
    if not State(run.state).allows(Command.RETRY):
        raise Refusal("wrong_state", state=run.state)
    if undo_is_over(run):
        raise Refusal("undo_expired", state=run.state)
    if not reruns.counts(db.session(), run)[rerun]:
        raise Refusal(import_commands.NOTHING[rerun], state=run.state)

    kept = rerun_previews.kept(db.session(), import_id, rerun)
    if kept is None and leases.given_up(db.session(), import_id):
        raise Refusal("preview_given_up", state=run.state)
    if kept is None and _committed(
        lambda session: rerun_previews.request(session, import_id, rerun)
    ):
        jobs.wake(import_id, settings())

    return kept


def cancel(import_id: UUID) -> None:
    """Stop the import; what is committed stays. A request for approval is withdrawn."""
    user_id = current_user.id
    _of_import(
        import_id, lambda session: import_commands.cancel(session, import_id, by=user_id)
    )


def retry(import_id: UUID, asked: forms.RetryRequest) -> None:
    """Run rows of an ended import again."""
    rerun, above = Rerun(asked.rows), settings().approval_above
    _of_import(
        import_id,
        lambda session: import_commands.retry(session, import_id, rerun, above=above),
    )


def roll_back(import_id: UUID) -> None:
    """Take the import back. Asking twice is one undo."""
    user_id = current_user.id
    _of_import(
        import_id, lambda session: import_commands.roll_back(session, import_id, user_id)
    )


def undo_row(import_id: UUID, row: int) -> undo_by_row.RowUndone:
    """Undo what a single row of an import did."""
    user_id = current_user.id
    return _of_import(
        import_id,
        lambda session: undo_by_row.undo_row(session, import_id, row, user_id),
        wakes=False,
    )


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
    """The contact; 404 where it is not in the book.

    Raises Refusal("contact_merged") where it was merged into another one.
    """
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        merging.refuse_merged(db.session(), contact_id)
        raise NotFound
    return contact


def contact_on(contact_id: int, day: date) -> Contact:
    """The contact as it was when that day ended; 404 where it was not in the book then.

    Raises Refusal("day_not_kept").
    """
    moment = past.end_of(day, retention_days())
    contact = past.contact_on(db.session(), contact_id, moment)
    if contact is None:
        raise NotFound
    return contact


def merged_into(contact_id: int) -> int | None:
    """The contact to which the number of one that was merged away leads."""
    if db.session.get(Contact, contact_id):
        return None
    return merging.leads_to(db.session(), contact_id)


def create_contact(asked: forms.ContactEdit) -> Contact:
    """A new contact with a person's values."""
    refuse_viewers()
    addresses = {
        kind: [one.model_dump() for one in listed] for kind, listed in asked.addresses.items()
    }
    return _committed(
        lambda session: journal.create_contact(session, asked.values, addresses=addresses)
    )


def edit_contact(contact_id: int, asked: forms.ContactEdit) -> Contact:
    """Write a person's values. The contact's version is one higher where that changed anything."""
    refuse_viewers()
    load_contact(contact_id)
    user_id = current_user.id
    addresses = {
        kind: [one.model_dump() for one in listed] for kind, listed in asked.addresses.items()
    }

    return _of_contact(
        contact_id,
        lambda session: journal.edit_contact(
            session, contact_id, asked.version, asked.values, user_id, addresses=addresses
        ),
    )


def _of_contact(contact_id: int, ask: Callable[[Session], Result]) -> Result:
    """Ask something of a contact; one that was merged away while this waited for it is refused like
    one that was before.
    """
    try:
        return _committed(ask)
    except NoResultFound:
        load_contact(contact_id)
        raise


def delete_contact(contact_id: int, asked: forms.ContactDeletion) -> None:
    """Delete a contact by hand; the journal keeps what it was."""
    refuse_viewers()
    load_contact(contact_id)
    user_id = current_user.id
    _of_contact(
        contact_id,
        lambda session: journal.delete_contact(session, contact_id, asked.version, user_id),
    )


def erase_contact(contact_id: int, asked: forms.Erasure) -> None:
    """Erase the person behind a contact, and what was ticked beside. For administrators."""
    refuse_others("admin")
    load_contact(contact_id)
    _committed(lambda session: erasure.erase(session, contact_id, set(asked.also)))


def merge_contacts(contact_id: int, asked: forms.Merge) -> merging.Merged:
    """Merge another contact into this one, which settles the pairs of that one."""
    refuse_viewers()
    user_id = current_user.id

    def merge(session: Session) -> merging.Merged:
        merged = merging.merge_contacts(
            session,
            contact_id,
            asked.other_id,
            user_id,
            choices=asked.fields,
            versions=asked.versions(contact_id),
        )
        pairs.drop_of(session, asked.other_id)
        return merged

    return _committed(merge)


def unmerge_contacts(contact_id: int, other_id: int) -> undo_by_hand.ChangeUndone:
    """Undo the merge of another contact into this one; 404 where there is none that stands."""
    refuse_viewers()
    merge = merging.standing(db.session(), contact_id, other_id)
    if merge is None:
        raise NotFound
    return undo_change(merge.change_id)


def undo_change(change_id: int) -> undo_by_hand.ChangeUndone:
    """Undo an edit, a deletion or a merge."""
    refuse_viewers()
    user_id = current_user.id
    return _committed(lambda session: undo_by_hand.undo_change(session, change_id, user_id))


def find_duplicates() -> searches.SearchRun:
    """Have the book searched for possible duplicates; a search that waits or runs is the one."""
    refuse_viewers()
    user_id = current_user.id
    asked = _committed(lambda session: searches.request(session, user_id))
    jobs.request_duplicates(settings())

    return asked


def cancel_duplicates() -> None:
    """End the search that waits or runs; the pairs that were found before stay."""
    refuse_viewers()
    _committed(searches.cancel)


def answer_pair(asked: forms.PairAnswer) -> None:
    """Keep what a person says of two contacts that may be one."""
    refuse_viewers()
    user_id = current_user.id
    _committed(
        lambda session: pairs.answer(
            session, asked.contact_id, asked.other_id, asked.answer, user_id
        )
    )


def load_bulk_act(act_id: int) -> Any:
    """The act as `bulk_acts.recent` has it. Raises Refusal("bulk_unknown")."""
    found = bulk_acts.recent(db.session(), retention_days(), act_id=act_id)
    if not found:
        raise Refusal("bulk_unknown")
    return found[0]


def start_bulk_act(asked: forms.BulkActRequest) -> int:
    """Have a worker change many contacts: the number of the act."""
    refuse_viewers()
    kind, user_id = bulk_acts.Kind(asked.kind), current_user.id
    wanted = asked.filter.filter() if asked.filter else None
    if wanted and wanted.imported_from:
        load_import(wanted.imported_from)
    parameters = bulk_acts.cleaned(kind, asked.parameters())

    act_id = _committed(
        lambda session: (
            bulk_acts.ask(
                session, user_id, kind, parameters, ids=asked.contact_ids, wanted=wanted
            ).id
        )
    )
    jobs.request_bulk_acts(settings())
    return act_id


def stop_bulk_act(act_id: int) -> None:
    """Stop an act; what is done stays."""
    refuse_viewers()
    _committed(lambda session: bulk_acts.stop(session, act_id))


def undo_bulk_act(act_id: int) -> None:
    """Have a worker undo an act."""
    refuse_viewers()
    user_id, days = current_user.id, retention_days()
    _committed(lambda session: bulk_acts.undo(session, act_id, user_id, days))
    jobs.request_bulk_acts(settings())


def save_view(asked: queries.ContactsQuery, named: queries.ViewForm) -> int:
    """Keep the list as it is shown under a name, for oneself or for all: the view's number."""
    if named.shared:  # Viewers keep views for themselves alone.
        refuse_viewers()
    user_id = current_user.id
    return _committed(
        lambda session: views.save(
            session, user_id, named.name, asked.view(), shared=named.shared
        )
    )


def forget_view(view_id: int) -> str:
    """Delete a view, and return its name; administrators may delete each shared one."""
    user_id, of_all = current_user.id, current_user.role == "admin"
    return _committed(lambda session: views.forget(session, user_id, view_id, of_all=of_all))
