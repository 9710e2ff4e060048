"""Passwords: how they are kept, and how one is held against what is kept."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from webapp.vocabulary.refusals import Refusal
from webapp.web import attempts
from webapp.web.forms import LONGEST_PASSWORD, UNSTORABLE

SHORTEST_PASSWORD = 12  # characters
# Of OWASP's equal choices for Argon2id the one with the least memory: 7 MB for each sign-in at a
# time.
hasher = PasswordHasher(time_cost=5, memory_cost=7 * 1024, parallelism=1)
_one_at_a_time = threading.RLock()  # however many sign in at once
UNKNOWN = hasher.hash(
    secrets.token_urlsafe()
)  # so that an unknown address takes as long as a wrong password


def hashed(password: str) -> str:
    """The password as argon2 keeps it. Raises Refusal for one that is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal("password_too_short", at="/password", limit=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Refusal("password_too_long", at="/password", limit=LONGEST_PASSWORD)
    if UNSTORABLE.search(password):
        raise Refusal("password_untypable", at="/password")

    with _one_at_a_time:
        return hasher.hash(password)


def verified(kept: str, password: str, email: str) -> bool:
    """Whether the password is right.

    Raises 429 where it was wrong too often, from here or for this account.
    """
    with (
        _one_at_a_time
    ):  # from the look at the failures to the count, so that none slips in between
        attempts.refuse_further(email)
        right = matches(kept, password[: LONGEST_PASSWORD + 1])
        if not right:
            attempts.count_failure(email)

        return right


def matches(kept: str, password: str) -> bool:
    """Whether this is the password that is kept so."""
    try:
        with _one_at_a_time:
            return hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False
