"""The tests that failed in the last run, which `make again` runs once more; status 1 if they are
many.
"""

import json
import sys
from pathlib import Path

KEPT = Path(__file__).parent.parent.parent / ".pytest_cache/v/cache/lastfailed"
MOST = 5


def main() -> int:
    """Print their names."""
    failed = sorted(json.loads(KEPT.read_text())) if KEPT.exists() else []
    print(f"FAILED BESIDE OTHERS, once more by themselves: {len(failed)}", *failed, sep="\n  ")
    return int(len(failed) > MOST)


if __name__ == "__main__":
    sys.exit(main())
