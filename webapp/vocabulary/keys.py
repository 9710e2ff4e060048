"""The keys that a contact is found by, made from the fields, and the columns that hold them."""

from typing import Literal, get_args

from webapp.vocabulary.fields import FIELDS, SEVERAL, TARGETS, WHOLE_NAME, ranked

# As programs name them: the fields with a rank, in its order. A type can't be made from a list.
MatchKey = Literal["external_id", "email", "phone"]

MATCH_KEYS = ranked("match_rank")  # strongest first
KEYS = {name: TARGETS[name] for name in MATCH_KEYS}
UNIQUE_KEYS = tuple(name for name, field in KEYS.items() if field.unique)
# What is matched by where nothing is chosen.
DEFAULT_KEYS: tuple[MatchKey, ...] = tuple(
    key for key in get_args(MatchKey) if key in UNIQUE_KEYS
)
KEY_COLUMN = {name: field.key for name, field in KEYS.items()}
# Where contacts are looked up by a key: tables, and their columns for the key and the contact. Of
# e-mails a view has the main and the further ones.
HOLDERS = {
    "external_id": [("contacts", "external_id", "id")],
    "email": [("contact_email_keys", "key", "contact_id")],
    "phone": [
        ("contacts", "phone_key", "id"),
        ("contact_further_phones", "key", "contact_id"),
    ],
}


def holdings(key: str) -> list[dict[str, str]]:
    """Where contacts are looked up by that key, as the parts `table`, `column` and `contact` of
    statements.
    """
    parts = ("table", "column", "contact")
    return [dict(zip(parts, place, strict=True)) for place in HOLDERS[key]]


def holding(key: str) -> dict[str, str]:
    """The only place where a unique key is looked up."""
    (place,) = holdings(key)
    return place


# Derived keys travel with their field.
KEY_FIELDS = {field.name: field.key for field in FIELDS if field.has_key}
DERIVED_KEYS = tuple(KEY_FIELDS.values())
# Whom a row means that has no key: the contact in which all of these are the same.
PERSON = (*WHOLE_NAME, *("company", "street", "postal_code", "city", "birthday"))
KEYLESS = " AND ".join(
    f"{name} IS NULL" for name in MATCH_KEYS
)  # SQL: whether a row has neither ID, e-mail nor phone
# A contact can have several of these, each with a label: the main one stands in the field itself,
# those behind it in a list.
LABEL_COLUMN = {name: f"{name}_label" for name in SEVERAL}
FURTHER_COLUMN = {name: f"further_{name}s" for name in SEVERAL}
