"""The keys by which a contact is found, made from the fields: which there are, and in which columns they are kept."""

from typing import Literal, get_args

from webapp.vocabulary.fields import FIELDS, TARGETS, ranked

MatchKey = Literal["external_id", "email", "phone"]  # as programs name them: the fields with a rank, in its order

MATCH_KEYS = ranked("match_rank")  # strongest first
KEYS = {name: TARGETS[name] for name in MATCH_KEYS}
UNIQUE_KEYS = tuple(name for name, field in KEYS.items() if field.unique)
# What is matched by where nothing is chosen.
DEFAULT_KEYS: tuple[MatchKey, ...] = tuple(key for key in get_args(MatchKey) if key in UNIQUE_KEYS)
KEY_COLUMN = {name: field.key for name, field in KEYS.items()}
KEY_FIELDS = {field.name: field.key for field in FIELDS if field.has_key}  # derived keys travel with their field
DERIVED_KEYS = tuple(KEY_FIELDS.values())
