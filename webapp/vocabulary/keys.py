"""The keys by which a contact is found, made from the fields: which there are, and in which columns they are kept."""

from typing import Literal, get_args

from webapp.vocabulary.fields import FIELDS, Field

MatchKey = Literal["external_id", "email", "phone"]  # as programs name them: the fields with a rank, in its order


def _rank(field: Field) -> int:
    return field.match_rank or 0


KEYS = {field.name: field for field in sorted(FIELDS, key=_rank) if field.match_rank}
MATCH_KEYS = tuple(KEYS)  # strongest first
UNIQUE_KEYS = tuple(name for name, field in KEYS.items() if field.unique)
# What is matched by where nothing is chosen.
DEFAULT_KEYS: tuple[MatchKey, ...] = tuple(key for key in get_args(MatchKey) if key in UNIQUE_KEYS)
KEY_COLUMN = {name: field.key for name, field in KEYS.items()}
KEY_FIELDS = {field.name: field.key for field in FIELDS if field.has_key}  # derived keys travel with their field
DERIVED_KEYS = tuple(KEY_FIELDS.values())
