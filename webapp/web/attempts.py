"""How often a password may be tried: failures count by address and by account, successes do not."""

import hashlib
import time

import redis
from flask import request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from werkzeug.exceptions import TooManyRequests

from webapp.folding import folded
from webapp.web.extensions import limiter

FAILURES = RateLimitItemPerMinute(10, namespace="failed-sign-ins")
_meanwhile = FixedWindowRateLimiter(MemoryStorage())  # while the queue's server is away


def refuse_further(email: str) -> None:
    """429 where this address or this account has failed as often as one may in a minute.

    The caller holds one lock from here until `count_failure`, so that attempts at the same moment
    are counted one by one.
    """
    counter = _counter()
    for key in _keys(email):
        if not counter.test(FAILURES, *key):
            ends = counter.get_window_stats(FAILURES, *key).reset_time
            raise TooManyRequests(retry_after=max(round(ends - time.time()), 1))


def count_failure(email: str) -> None:
    """Count a wrong password against the address and against the account that it was tried on."""
    counter = _counter()
    for key in _keys(email):
        counter.hit(FAILURES, *key)


def _keys(email: str) -> tuple[tuple[str, str], ...]:
    account = hashlib.sha256(folded(email).encode()).hexdigest()
    return ("address", request.remote_addr or ""), ("account", account)


def _counter() -> RateLimiter:
    """Where failures are counted: beside the queue, or in this process while that is away."""
    try:
        limiter.limiter.test(FAILURES, "reach")
    except redis.RedisError:
        return _meanwhile

    return limiter.limiter
