"""What an intruder would have a worker run: it leaves a mark where MARKS says."""

import os
from pathlib import Path


def mark(*_given: object) -> None:
    """Leave a mark. Takes what a job, and what each of RQ's callbacks is called with."""
    Path(os.environ["MARKS"], str(os.getpid())).touch()


class Pickled:
    """An object that leaves the mark while it is read from a pickle."""

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return mark, ()
