"""The keys that a contact is found by, made from the fields, and the columns that hold them."""

from typing import Literal, get_args

from webapp.vocabulary.fields import FIELDS, TARGETS, ranked

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
# Derived keys travel with their field.
KEY_FIELDS = {field.name: field.key for field in FIELDS if field.has_key}
DERIVED_KEYS = tuple(KEY_FIELDS.values())
