"""The merge of two contacts into one of them.

In the journal a merge is an edit of the contact that is kept and a deletion of the other one, and
`contact_merges` says that they belong together. So imports, undos and retention treat it as they
treat a person's changes. The ledger and the journal stay with the number of the contact that went:
it leads on to the kept one (`leads_to`) for as long as the merge stands.

`undoing/undo_by_hand.py` undoes it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.checked_rows import Address, identity
from webapp.contacts import journal
from webapp.contacts.addresses import addresses_of, as_columns
from webapp.limits import MOST_ADDRESSES
from webapp.models import Contact, ContactChange, ContactMerge
from webapp.vocabulary.choices import Side
from webapp.vocabulary.fields import CUSTOM, SCALARS, SEVERAL
from webapp.vocabulary.keys import KEY_FIELDS
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("merging")
STANDS = SQL.stands  # SQL: whether merge m stands

# Of which contact each field is taken: by its name, or `custom:<label>`; of `email` and `phone`
# the one whose main address stays the main one.
Choices = Mapping[str, Side]
PLAIN = tuple(name for name in SCALARS if name not in SEVERAL)


@dataclass(frozen=True)
class Merged:
    """A merge: the contact that is kept, as it is now, and the number of its change, by which it is
    undone.
    """

    contact: Contact
    change_id: int


def merge_contacts(
    session: Session,
    kept_id: int,
    other_id: int,
    user_id: int,
    *,
    choices: Choices | None = None,
    versions: Mapping[int, int] | None = None,
) -> Merged:
    """Merge the contact `other_id` into `kept_id`. The caller commits.

    A field that `choices` does not name is that of the kept contact, or the other's where it is
    blank there. E-mails, phones and tags are united. `versions` has the version of each contact
    that the person saw, by its number.

    Raises Refusal: merge_same, merge_gone, contact_merged with `into`, merge_changed,
    contact_busy, contact_key_taken, or merge_too_many with `field` and `limit`.
    """
    if kept_id == other_id:
        raise Refusal("merge_same")

    until = time.monotonic() + journal.LONGEST_WAIT
    kept, other = _locked(session, kept_id, other_id, until)
    for contact in (kept, other):
        if (versions or {}).get(contact.id, contact.version) != contact.version:
            raise Refusal("merge_changed")

    then = merged(kept, other, choices or {})
    deletion = _remove(session, other, user_id, until)
    edit = _change(session, kept, then, user_id, until)
    merge = ContactMerge(change_id=edit.id, deletion_id=deletion.id)
    merge.contact_id, merge.other_id = kept_id, other_id
    session.add(merge)
    journal.write(session, until)

    return Merged(kept, edit.id)


def _locked(
    session: Session, kept_id: int, other_id: int, until: float
) -> tuple[Contact, Contact]:
    """Both contacts under a lock, taken in the order in which all take them."""
    journal.limit(session, until)
    both = select(Contact).where(Contact.id.in_([kept_id, other_id])).order_by(Contact.id)
    try:
        found = session.scalars(
            both.with_for_update(), execution_options={"populate_existing": True}
        ).all()
    except OperationalError as error:
        raise journal.busy(session, error) from None

    there = {contact.id: contact for contact in found}
    for contact_id in (kept_id, other_id):
        if contact_id not in there:
            refuse_merged(session, contact_id)
            raise Refusal("merge_gone")

    return there[kept_id], there[other_id]


def merged(kept: Contact, other: Contact, choices: Choices) -> dict[str, Any]:
    """The fields of the contact that the two become, as the journal names them.

    Raises Refusal("merge_too_many").
    """
    fields, theirs = journal.flat(kept), journal.flat(other)
    custom = [name for name in {**fields, **theirs} if name.startswith(CUSTOM)]
    for name in (*PLAIN, *custom):
        if choices.get(name, default_side(fields.get(name))) is Side.OTHER:
            for column in (name, KEY_FIELDS.get(name)):
                if column:
                    fields[column] = theirs.get(column)

    fields["tags"] = list(dict.fromkeys([*kept.tags, *other.tags]))
    for kind in SEVERAL:
        lists = [addresses_of(kept, kind), addresses_of(other, kind)]
        if choices.get(kind) is Side.OTHER:
            lists.reverse()
        fields |= as_columns(_united(lists, kind), kind)

    return fields


def default_side(value: Any) -> Side:
    """What stands at the kept contact stays, and what is blank there is filled in."""
    return Side.OTHER if value in (None, "") else Side.KEPT


def _united(lists: Sequence[list[Address]], kind: str) -> list[Address]:
    """The addresses of all lists; one that several have is taken from the first, with a label if
    any has one.
    """
    united: dict[str, Address] = {}
    for one in chain.from_iterable(lists):
        known = united.setdefault(identity(one), one)
        united[identity(one)] = {**known, "label": known.get("label") or one.get("label")}

    if len(united) > MOST_ADDRESSES:
        raise Refusal("merge_too_many", field=kind, limit=MOST_ADDRESSES)

    return list(united.values())


def _remove(session: Session, other: Contact, user_id: int, until: float) -> ContactChange:
    """Delete the contact that goes, which frees its keys; the entry of the journal."""
    entry = journal.deletion_entry(other, user_id)
    entry.at = func.clock_timestamp()
    session.add(entry)
    journal.write(session, until)
    session.delete(other)
    journal.write(session, until)

    return entry


def _change(
    session: Session, kept: Contact, then: Mapping[str, Any], user_id: int, until: float
) -> ContactChange:
    """Write the fields of the kept contact; the entry of the journal.

    There is one also where no field changed: what stands on the contact keeps it in the book when
    the import that created it is undone.
    """
    now = journal.flat(kept)
    for name, value in journal.in_columns(then).items():
        setattr(kept, name, value)

    kept.version += 1
    kept.updated_at = func.now()
    journal.write(session, until)
    entry = journal.edit_entry(kept.id, now, then, user_id)
    session.add(entry)
    journal.write(session, until)

    return entry


def leads_to(session: Session, contact_id: int) -> int | None:
    """The contact of the book into which this one was merged, over several merges; None where it
    was not, or where the last of them is not in the book any more.
    """
    number: int | None = db.execute(session, SQL.leads_to, {"id": contact_id}).scalar()
    return number


def refuse_merged(session: Session, contact_id: int) -> None:
    """Raise Refusal("contact_merged") where the contact was merged into another one."""
    if into := leads_to(session, contact_id):
        raise Refusal("contact_merged", into=into)


def of_change(session: Session, change_id: int) -> ContactMerge | None:
    """The merge to which an entry of the journal belongs."""
    either = or_(ContactMerge.change_id == change_id, ContactMerge.deletion_id == change_id)
    return session.scalar(select(ContactMerge).where(either))


def standing(session: Session, kept_id: int, other_id: int) -> ContactMerge | None:
    """The merge of the one contact into the other, if there is one that stands."""
    deletion = ContactMerge.deletion_id == ContactChange.id
    stands = select(ContactMerge).join(ContactChange, deletion)
    both = ContactMerge.contact_id == kept_id, ContactMerge.other_id == other_id
    return session.scalar(stands.where(*both, ContactChange.undone_at.is_(None)))
