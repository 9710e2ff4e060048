"""Second runs of an import: the closed list of the rows that one takes."""

from enum import StrEnum


class Rerun(StrEnum):
    """Which rows a run takes. `NONE` is the first run, over all of them."""

    NONE = ""
    FAILED = "failed"  # those that the database refused
    CORRECTED = "corrected"  # corrected, settled or taken in since the run before
    REMAINING = "remaining"  # those that a stop left without an outcome

    @property
    def amends(self) -> bool:
        """Whether the rows have an entry in the ledger, which the run replaces."""
        return self in {Rerun.FAILED, Rerun.CORRECTED}
