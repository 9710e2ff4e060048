"""What a contact's e-mails, or phones, and those of a row come to, as SQL.

Those that the contact has already, the main one or a further one, change nothing. Where the row's
replace, its first one takes the main one's place, and further ones are added behind; where they
fill, all are added behind. The word that empties removes the main one, and the next moves up.
"""

from webapp import queries
from webapp.limits import MOST_ADDRESSES
from webapp.queries import fill
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, LABEL_COLUMN
from webapp.vocabulary.strategies import Rule

SQL = queries.load("address_values")


def _columns(field: str) -> dict[str, str]:
    """The columns of a contact's main address by its parts."""
    return {"value": field, "key": KEY_FIELDS[field], "label": LABEL_COLUMN[field]}


def _fill(text: str, field: str, **parts: str) -> str:
    columns = {**_columns(field), "field": field, "further": FURTHER_COLUMN[field]}
    named = {name: column for name, column in columns.items() if f"{{{{{name}}}}}" in text}
    return fill(text, **{**named, **parts})


def values(field: str, rule: Rule, *, empties: bool) -> dict[str, str]:
    """The columns of a kind of address, under a rule. `empties` says whether the word that empties
    is heeded, beside the rule.
    """
    new = {}

    for part, column in _columns(field).items():
        one = _one(field, part, column, rule)
        if empties:
            one = _fill(SQL.unless_cleared, field, value=one)

        new[column] = _fill(SQL.main_of_list, field, one=one, part=part)

    last = str(MOST_ADDRESSES - 1)
    further = _fill(SQL.further_of_list, field, last=last)

    return {**new, FURTHER_COLUMN[field]: further}


def _one(field: str, part: str, column: str, rule: Rule) -> str:
    """A column of the only address."""
    if rule is Rule.KEEP:
        return f"c.{column}"
    if rule is Rule.FILL:
        return _fill(SQL.filled, field, column=column)

    replaced = {
        "value": SQL.replaced_value,
        "key": SQL.replaced_key,
        "label": SQL.replaced_label,
    }
    return _fill(replaced[part], field)


def listed(field: str, rule: Rule, *, empties: bool) -> str:
    """What `values` needs beside contact and row: all addresses of the kind, if there are
    several.
    """
    several = {
        Rule.REPLACE: SQL.replaced_has_several,
        Rule.FILL: SQL.filled_has_several,
        Rule.KEEP: "false",
    }[rule]
    takes_main = SQL.replaced_takes_main if rule is Rule.REPLACE else SQL.filled_takes_main
    when = [several, SQL.cleared_has_several] if empties else [several]

    return _fill(
        SQL.list,
        field,
        has_several=" OR ".join(_fill(text, field) for text in when),
        takes_main=_fill(takes_main, field),
    )


def exceed() -> str:
    """Whether a contact comes to more addresses of a kind than it can have."""
    return " OR ".join(
        _fill(SQL.exceeds, field, most=str(MOST_ADDRESSES)) for field in SEVERAL
    )


def differs(column: str) -> str | None:
    """Whether a column of a main address belongs in the journal: value and key where either
    differs, and the label with them, if there is one. None for other columns.
    """
    of = next((field for field in SEVERAL if column in _columns(field).values()), None)
    if of is None:
        return None

    either = (
        f"n.{of} IS DISTINCT FROM n.old_{of} OR n.{of}_key IS DISTINCT FROM n.old_{of}_key"
    )
    if column != LABEL_COLUMN[of]:
        return either

    return f"({either}) AND (n.{column} IS NOT NULL OR n.old_{column} IS NOT NULL)"
