"""How much goes on at once in this process, over all and for each person."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.exceptions import TooManyRequests

RETRY_SECONDS = 10


class Full(TooManyRequests):
    """As many are under way as one person, or one process, may have: 429, come back later."""

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_SECONDS)


class ConcurrencyLimit:
    """At most `total` at once in this process, and `per_person` of one person's."""

    def __init__(self, total: int, per_person: int) -> None:
        self.total, self.per_person = total, per_person
        self.lock = threading.Lock()
        self.under_way: Counter[int] = Counter()

    @contextmanager
    def place(self, user_id: int) -> Iterator[None]:
        """One more of this person's, for as long as the block takes. Raises Full."""
        with self.lock:
            if (
                self.under_way.total() >= self.total
                or self.under_way[user_id] >= self.per_person
            ):
                raise Full
            self.under_way[user_id] += 1

        try:
            yield
        finally:
            with self.lock:
                self.under_way[user_id] -= 1
                if not self.under_way[user_id]:
                    del self.under_way[user_id]
