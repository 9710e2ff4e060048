"""A contact's e-mail addresses, or phone numbers, as one list: the main one first, then those
behind it.

An address is {"value": text, "key": text or null, "label": text or null}. It is known by its key
or, where no one can read it, by its text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.checking.checked_rows import Address, identity
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, LABEL_COLUMN


def addresses_of(holder: Any, kind: str) -> list[Address]:
    """The addresses of a kind (email, phone), main first, of anything with the columns: a
    contact, a row of a query, or a mapping such as one side of a journal's entry. A column may be
    lacking.
    """
    held = holder if isinstance(holder, Mapping) else _held(holder, kind)
    value, key, label, further = map(held.get, columns_of(kind))
    main = [{"value": value, "key": key, "label": label}] if value else []

    return [*main, *(further or [])]


def _held(holder: object, kind: str) -> dict[str, Any]:
    return {name: getattr(holder, name, None) for name in columns_of(kind)}


def columns_of(kind: str) -> tuple[str, str, str, str]:
    """The columns that hold the addresses of a kind: the main one's value, key and label, and the
    list of those behind it.
    """
    return kind, KEY_FIELDS[kind], LABEL_COLUMN[kind], FURTHER_COLUMN[kind]


def as_columns(addresses: Sequence[Address], kind: str) -> dict[str, Any]:
    """The columns of a contact that has these addresses."""
    main = addresses[0] if addresses else dict.fromkeys(("value", "key", "label"))
    held = (main["value"], main["key"], main["label"], list(addresses[1:]))
    return dict(zip(columns_of(kind), held, strict=True))


def shown(address: Address | None) -> dict[str, Any] | None:
    """An address as people and programs see it, without its key."""
    return address and {name: address.get(name) for name in ("value", "label")}


def differing(
    before: Sequence[Address], after: Sequence[Address]
) -> dict[str, tuple[Address | None, Address | None]]:
    """The addresses that differ between two lists, each by its identity, as it was and as it is."""
    was, now = ({identity(one): one for one in side} for side in (before, after))
    pairs = {known: (was.get(known), now.get(known)) for known in {**was, **now}}

    return {known: (one, other) for known, (one, other) in pairs.items() if one != other}
