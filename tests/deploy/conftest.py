"""Programs in front of the installed files."""

from tests.api.conftest import slow_batches, token_of, wire

__all__ = ["slow_batches", "token_of", "wire"]
