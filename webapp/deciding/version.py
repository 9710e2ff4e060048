"""The version of the decision: previews that another one made are made anew.

It is worked out from the decision's own texts, so that it is another one with every change of what
is decided, told or counted. Texts that differ by a blank only cost a preview that was good.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from itertools import product

from webapp import queries
from webapp.checking.rules import RULES
from webapp.deciding import duplicates, other_names, person_keys, preview_scan
from webapp.deciding.decision import Options
from webapp.vocabulary.keys import MATCH_KEYS
from webapp.vocabulary.strategies import Rule, Strategy

# What previews run beside the decision itself.
FILES = ("preview", "preview_scan", "plan", "people_counts", "person_keys", "other_names")
# Each rule once for each kind of column that has its own texts.
RULED = ("name", "address", "email", "phone", "tags", "company", "custom:label")


@cache
def current() -> str:
    """Hexadecimal, 64 signs. Text by text, since all of them are 9 MB."""
    digest = hashlib.sha256()
    for text in _texts():
        digest.update(text.encode())
        digest.update(b"\0")

    return digest.hexdigest()


def _texts() -> Iterator[str]:
    yield str(RULES)
    yield from other_names.definitions()
    yield person_keys.definition()

    for options in _options():
        yield duplicates.definition(options)
        yield preview_scan.statement(options)

    for name in FILES:
        yield (queries.FOLDER / f"{name}.sql").read_text()


def _options() -> Iterator[Options]:
    """Options that together take every part of the decision."""
    for strategy, rule in product(Strategy, (None, *Rule)):
        rules = tuple((name, rule) for name in RULED) if rule else ()
        yield Options(strategy, MATCH_KEYS, rules=rules, keyless=True)

    yield Options(Strategy.UPDATE, (), create_new=False, hold_other_names=True)
