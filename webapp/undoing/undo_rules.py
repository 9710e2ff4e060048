"""What an undo does to one batch of changes: which field comes back, which stays, and why.

See docs/architecture.md.

A change is a journal entry, and the entry says whether it still stands (`undone_at`). A field of a
contact is worth what the newest standing entry that names it left, or else what the oldest entry
found. This is a function of the set of standing entries, so the order in which entries are undone
does not matter, and nothing is handed over.

- Each tag, each custom label, and each e-mail and phone is a field of its own (`email:<key>`), and
  which one is the main one is another (`email`).
- A person's run of edits that ends with exactly what the import before it wrote changes nothing, so
  it does not count.
- An entry whose values retention has deleted (`after` is empty) stands for good: older entries no
  longer matter.
- A value that is not what the journal says was changed by something else. It stays.
- An e-mail address or external id that should come back is not written here, since another contact
  may hold it: it becomes due (`undo_keys`), and the field is blank until then.

The same SQL, that of `sql/undo_rules.sql`, judges for the undo of an import, for the undo of a
change by hand, and for the preview of both.
"""

from webapp import queries
from webapp.contacts.addresses import columns_of
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS, SEVERAL
from webapp.vocabulary.keys import (
    DERIVED_KEYS,
    FURTHER_COLUMN,
    KEY_COLUMN,
    LABEL_COLUMN,
    UNIQUE_KEYS,
    holding,
)

# The unique fields, and the column that holds the key of each: one of them is a contact's
# only value of its kind, and of the others a contact can have several.
KEYS = {name: KEY_COLUMN[name] for name in UNIQUE_KEYS}
(ID,) = [name for name in UNIQUE_KEYS if name not in SEVERAL]
KINDS = ", ".join(f"'{kind}'" for kind in KEYS)
ADDRESS_COLUMNS = tuple(name for kind in SEVERAL for name in columns_of(kind))
_TEXTS = (*SCALARS, *DERIVED_KEYS, *LABEL_COLUMN.values())
COLUMNS = (*SCALARS, "tags", *DERIVED_KEYS, *LABEL_COLUMN.values(), *FURTHER_COLUMN.values())
# An address comes back under its key, whichever of its columns the entry names.
_COLUMNS_OF_KEYS = tuple(
    name for kind in KEYS if kind in SEVERAL for name in (kind, FURTHER_COLUMN[kind])
)

SQL = queries.load(
    "undo_rules",
    id_field=ID,
    kinds=KINDS,
    address_columns=", ".join(str(columns_of(kind)) for kind in SEVERAL),
    names_of_addresses=f"{{{','.join(ADDRESS_COLUMNS)}}}",
    orders=", ".join(f"'{kind}', '{FURTHER_COLUMN[kind]}'" for kind in SEVERAL),
    each_address=f"{{{','.join(f'{kind}:%%' for kind in SEVERAL)}}}",
    lists_to_kinds="\n".join(
        f"WHEN {{{{of_field}}}} = '{FURTHER_COLUMN[kind]}' THEN '{kind}'" for kind in SEVERAL
    ),
    columns=", ".join(f"'{name}', c.{name}" for name in COLUMNS),
    columns_of_keys=f"{{{','.join((ID, *_COLUMNS_OF_KEYS))}}}",
)

# The unit of undo is a set of journal entries: whether entry {{h}} belongs to it.
UNDONE_ALONE = SQL.undone_alone
OF_IMPORT, OF_CHANGE, UNDONE_MEANWHILE = SQL.of_import, SQL.of_change, SQL.undone_meanwhile
OF_ACT = SQL.of_act

GROUP_OF_F = fill(SQL.group, of_field="f.field")
# Whether a field is about e-mails or phones.
IS_OF_ADDRESSES = f"{GROUP_OF_F} IN {SEVERAL}"
KINDS_OF_ADDRESSES = SQL.kinds_of_addresses
WITH_CONTACT, RETURNS, NAMES_KEYS = SQL.with_contact, SQL.returns, SQL.names_keys
NOW = SQL.now  # contact c as the journal would name its fields


def journal(contact: str, since: str = "0") -> str:
    """SQL: the journal entries of a contact, after the entry numbered `since`."""
    return fill(SQL.journal, contact=contact, since=since)


def standing_change(contact: str, undone: str, mine: str = "false") -> str:
    """SQL: the standing changes of a contact, edits first, by others than the unit and the import
    `undone`; null where only rows of an import are.

    `mine` says whether entry h is the unit's.
    """
    return fill(SQL.standing_change, contact=contact, since="0", undone=undone, mine=mine)


def undone_import(import_id: str) -> str:
    """SQL: the import if it is undone as a whole, or is about to be; else null."""
    return fill(SQL.undone_import, import_id=import_id)


def deletion(contact: str) -> str:
    """SQL: the deletion by hand that keeps a contact out of the book, if there is one."""
    return fill(SQL.deletion, contact=contact, since="0")


def why_gone(deletion: str) -> str:
    """SQL: the code for a contact that is not in the book, of its deletion's number."""
    return fill(SQL.why_gone, gone_by=deletion)


def custom_with(entry: str) -> str:
    """SQL: contact c's custom fields with those of a journal entry in place of its own."""
    return fill(SQL.custom_with, entry=entry)


def addresses(side: str) -> str:
    """SQL: the addresses of the kind k in one side of an entry, or in a contact as the journal
    names its fields: id, place, address.
    """
    return fill(SQL.addresses, side=side)


def fields(h: str) -> str:
    """SQL: one row for each field that journal entry `h` names: field, before, after."""
    return fill(
        SQL.fields,
        h=h,
        main_before=fill(SQL.main, side=f"{h}.before"),
        main_after=fill(SQL.main, side=f"{h}.after"),
        addresses_before=addresses(f"{h}.before"),
        addresses_after=addresses(f"{h}.after"),
    )


def judging(unit: str, entries: str, claim: str = "false") -> str:
    """The steps from `found` to `readdressed`, for the unit's `entries`.

    With `claim` all unique keys of plain entries become due, also where they seem free.
    """
    steps = (
        found(unit, entries),
        plain_keys(),
        fill(SQL.others, claim=claim),
        replayed(fill(unit, h="h")),
        _JUDGED,
        READDRESSED,
    )
    return ",\n".join((*steps, SQL.other_mains))


def found(unit: str, entries: str) -> str:
    """The step `found`: the unit's entries that the condition `entries` picks, with
    their contacts.
    """
    return fill(SQL.found, entries=entries, **_parts_of_plain(unit))


def is_plain(unit: str) -> str:
    """SQL: whether nothing else happened to the contact c of the unit's entry h that matters, and
    it holds what the entry left. Both are of `WITH_CONTACT`.
    """
    return fill(SQL.is_plain, **_parts_of_plain(unit))


def _parts_of_plain(unit: str) -> dict[str, str]:
    return {
        "holds_after": _holds("unpacked.after"),
        "contact": "h.contact_id",
        "since": "0",
        "custom_with_after": custom_with("unpacked.after"),
        "o_is_return": fill(SQL.is_return, h="o"),
        "o_is_mine": fill(unit, h="o"),
    }


def _holds(side: str) -> str:
    """SQL: whether contact c holds each column that a side of an entry names as it names it.

    A column after the other: to make a whole contact of the entry takes three times as long.
    """
    values = {name: f"{side} ->> '{name}' IS NOT DISTINCT FROM c.{name}" for name in _TEXTS}
    values |= {
        name: f"{side} -> '{name}' = to_jsonb(c.{name})"
        for name in ("tags", *FURTHER_COLUMN.values())
    }
    return "\n  AND ".join(
        f"CASE WHEN {side} ? '{name}' THEN {holds} ELSE true END"
        for name, holds in values.items()
    )


def plain_keys() -> str:
    """The step `plain_keys`: what keys the plain entries of `found` would bring back, and who holds
    them.
    """
    return fill(
        SQL.plain_keys,
        addresses_before_f=addresses("f.before"),
        addresses_after_f=addresses("f.after"),
        holder_of_w=holder("w"),
    )


def replayed(mine: str = "false") -> str:
    """The steps up to `replayed`: what the journal says of the contacts in `others`; `mine` says
    whether entry h is the unit's.
    """
    return fill(
        SQL.replayed,
        of_field="field",
        mine=mine,
        journal_of_h=journal("h.contact_id"),
        journal_of_o=journal("o.contact_id"),
        fields_of_h=fields("h"),
        fields_of_i=fields("i"),
        main_before_h=fill(SQL.main, side="h.before"),
        addresses_before_h=addresses("h.before"),
        h_is_return=fill(SQL.is_return, h="h"),
        said=_replay("(stands OR mine) AND NOT was_idle"),
        will=_replay("stands AND NOT mine AND NOT idle"),
        wanted=_replay("stands AND NOT mine AND NOT idle AND id < first"),
    )


def _replay(standing: str) -> str:
    return fill(SQL.replay, standing=standing)


_JUDGED = fill(
    SQL.judged,
    of_field="r.field",
    main_now=fill(SQL.main, side="o.now"),
    addresses_now=addresses("o.now"),
)
READDRESSED = fill(SQL.readdressed, addresses_now=addresses("o.now"))
# The fields of a contact that `readdressed` row a writes.
AS_COLUMNS = SQL.as_columns
# What stays of the judged fields.
LISTED = fill(
    SQL.listed,
    shown_wanted=fill(SQL.shown_addresses, a="j.wanted"),
    shown_outcome=fill(SQL.shown_addresses, a="j.outcome"),
)


def holder(claim: str) -> str:
    """SQL: the contact that holds the key of a claim now."""
    return " UNION ALL\n".join(
        fill(SQL.holder, kind=f"{claim}.kind", key=f"{claim}.key", name=kind, **holding(kind))
        for kind in KEYS
    )


def assignments(back: str) -> str:
    """SQL: the columns of contact c, those that the object `back` names as it has them."""
    sources = [(name, "->>") for name in _TEXTS]
    sources += [(name, "->") for name in FURTHER_COLUMN.values()]

    return ", ".join(
        f"{name} = CASE WHEN {back} ? '{name}' THEN {back} {as_} '{name}' ELSE c.{name} END"
        for name, as_ in sources
    )


DUE_FIELD = SQL.field_of_d  # the field that the due claim d is about


def void(mine: str = "false") -> str:
    """SQL: whether the due claim d of contact c is out of date.

    Others than the unit wrote the field since; `mine` says whether entry h is the unit's.
    """
    return fill(SQL.void, mine=mine, holder_of_d=holder("d"), fields_of_h=fields("h"))


def giver(contact: str, kind: str, key: str) -> str:
    """SQL: who or which import gave the key of that kind to the contact: import_id, user_id."""
    return fill(SQL.giver, contact=contact, kind=kind, key=key, fields_of_h=fields("h"))


BLOCKED = fill(SQL.blocked, holder_of_c=holder("c"))
