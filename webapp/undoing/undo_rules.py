"""What an undo does to one batch of changes: which field comes back, which stays, and why.

See docs/architecture.md.

A change is a journal entry, and the entry says whether it still stands (`undone_at`). A field of a
contact is worth what the newest standing entry that names it left, or else what the oldest entry
found. This is a function of the set of standing entries, so the order in which entries are undone
does not matter, and nothing is handed over.

- Each tag and each custom label is a field of its own. E-mail and phone carry their matching key
  with them.
- A person's run of edits that ends with exactly what the import before it wrote changes nothing, so
  it does not count.
- An entry whose values retention has deleted (`after` is empty) stands for good: older entries no
  longer matter.
- A value that is not what the journal says was changed by something else. It stays.
- An e-mail address or external id that another contact may hold is not written here: it becomes due
  (`undo_keys`).

The same SQL, that of `sql/undo_rules.sql`, judges for the undo of an import, for the undo of a
change by hand, and for the preview of both.
"""

from webapp import queries
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS, KEY_COLUMN, KEY_FIELDS, UNIQUE_KEYS

# The unique fields, and the column that holds the key of each.
KEYS = {name: KEY_COLUMN[name] for name in UNIQUE_KEYS}
CARRIERS = ", ".join(f"'{field}'" for field in KEY_FIELDS)
KINDS = ", ".join(f"'{kind}'" for kind in KEYS)

# What contact c has in the field of a due claim d, and the key of that.
HELD = "CASE d.kind {} END".format(" ".join(f"WHEN '{kind}' THEN c.{kind}" for kind in KEYS))
_OWN_KEY = "CASE d.kind {} END".format(
    " ".join(f"WHEN '{kind}' THEN c.{key}" for kind, key in KEYS.items())
)

SQL = queries.load(
    "undo_rules",
    held_now=HELD,
    own_key=_OWN_KEY,
    carriers=CARRIERS,
    kinds=KINDS,
    is_carried=" OR ".join(
        f"(b.key = '{key}' AND {{{{h}}}}.before ? '{field}')"
        for field, key in KEY_FIELDS.items()
    ),
    columns=", ".join(f"'{name}', c.{name}" for name in (*SCALARS, "tags", *DERIVED_KEYS)),
)

# The unit of undo is a set of journal entries: whether entry {{h}} belongs to it.
OF_IMPORT, OF_CHANGE, UNDONE_MEANWHILE = SQL.of_import, SQL.of_change, SQL.undone_meanwhile

NOW = SQL.now  # contact c as the journal would name its fields


def journal(contact: str, since: str = "0") -> str:
    """SQL: the journal entries of a contact, after the entry numbered `since`."""
    return fill(SQL.journal, contact=contact, since=since)


def standing_change(contact: str, creator: str, mine: str = "false") -> str:
    """SQL: the standing changes of a contact, edits first, by others than its creator and the unit.

    `mine` says whether entry h is the unit's.
    """
    return fill(SQL.standing_change, contact=contact, since="0", creator=creator, mine=mine)


def deletion(contact: str) -> str:
    """SQL: the deletion by hand that keeps a contact out of the book, if there is one."""
    return fill(SQL.deletion, contact=contact, since="0")


def custom_with(entry: str) -> str:
    """SQL: contact c's custom fields with those of a journal entry in place of its own."""
    return fill(SQL.custom_with, entry=entry)


def fields(h: str) -> str:
    """SQL: one row for each field that journal entry `h` names: field, before, after."""
    before, after = (_value(f"{h}.{side}", "b.key") for side in ("before", "after"))
    return fill(SQL.fields, h=h, before=before, after=after)


def _value(entry: str, field: str) -> str:
    return fill(SQL.value_in, entry=entry, field=field)


def shown(value: str) -> str:
    """SQL: a field's value as people see it, without its key."""
    return fill(SQL.shown, value=value)


def judging(unit: str, entries: str) -> str:
    """The steps `found`, `others` and those up to `judged` and `retagged`, for the unit's
    `entries`.
    """
    return ",\n".join((found(unit, entries), SQL.others, _judged(unit)))


def found(unit: str, entries: str) -> str:
    """The step `found`: the unit's entries that the condition `entries` picks, with
    their contacts.
    """
    return fill(
        SQL.found,
        entries=entries,
        contact="h.contact_id",
        since="0",
        custom_with_after=custom_with("h.after"),
        o_is_return=fill(SQL.is_return, h="o"),
        o_is_mine=fill(unit, h="o"),
    )


def _judged(unit: str) -> str:
    return fill(
        SQL.judged,
        mine=fill(unit, h="h"),
        journal_of_h=journal("h.contact_id"),
        journal_of_o=journal("o.contact_id"),
        fields_of_h=fields("h"),
        fields_of_i=fields("i"),
        held=_value("h.before", "field"),
        h_is_return=fill(SQL.is_return, h="h"),
        said=_replay("(stands OR mine) AND NOT was_idle"),
        will=_replay("stands AND NOT mine AND NOT idle"),
        wanted=_replay("stands AND NOT mine AND NOT idle AND id < first"),
        key=fill(SQL.key_of, value="COALESCE(r.will, n.now)"),
        key_now=fill(SQL.key_of, value="n.now"),
        value_now=_value("o.now", "r.field"),
        shown_now=shown("now"),
    )


def _replay(standing: str) -> str:
    return fill(SQL.replay, standing=standing)


# What stays of the judged fields; what plain entries would bring back of unique keys.
LISTED = fill(
    SQL.listed,
    shown_wanted=shown("wanted"),
    shown_outcome=shown("CASE fate WHEN 'back' THEN will ELSE now END"),
)
PLAIN_KEYS = " UNION ALL\n".join(
    fill(SQL.plain_keys, kind=kind, key=key) for kind, key in KEYS.items()
)


def holder(claim: str) -> str:
    """SQL: the contact that holds the key of a claim now."""
    return " UNION ALL\n".join(
        fill(SQL.holder, kind=f"{claim}.kind", key=f"{claim}.key", name=kind, column=key)
        for kind, key in KEYS.items()
    )


def void(mine: str = "false") -> str:
    """SQL: whether the due claim d of contact c is out of date.

    Others than the unit wrote the field since; `mine` says whether entry h is the unit's.
    """
    return fill(SQL.void, mine=mine)


def giver(contact: str, kind: str) -> str:
    """SQL: who or which import gave the key of that kind to the contact: import_id, user_id."""
    return fill(SQL.giver, contact=contact, kind=kind)


BLOCKED = fill(SQL.blocked, holder_of_c=holder("c"))
