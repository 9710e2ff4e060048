"""How many random cases a property tries: a few in each run, many by `make properties`."""

import os

WANTED = int(os.environ.get("PROPERTIES", "0"))


def examples(few: int, most: int = 100_000) -> int:
    """`few`, or as many as PROPERTIES says where that is more, but not above `most`."""
    return min(max(few, WANTED), most)
