"""The closed lists agree with what is spelled out elsewhere, since a type can't be made from a
list.
"""

from typing import get_args

from webapp.vocabulary import keys


def test_the_keys_that_programs_name_are_the_fields_with_a_rank():
    assert get_args(keys.MatchKey) == keys.MATCH_KEYS
    assert keys.DEFAULT_KEYS == keys.UNIQUE_KEYS
