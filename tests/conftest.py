"""Real servers for every test: one PostgreSQL and one Valkey a run, one database a test."""

import compileall
from collections import Counter
from pathlib import Path

pytest_plugins = [
    "tests.harness.servers",
    "tests.harness.imports",
    "tests.harness.web",
    "tests.harness.browser",
    "tests.harness.pango",
    "tests.harness.pooler",
    "tests.harness.site",
]

# About how long a test takes that wants these, in seconds, so that the longest files begin first
# and all processes of pytest end at about the same time.
SECONDS = {"site": 7.0, "live_server": 7.0, "clone": 15.0, "house": 4.0, "database_url": 0.4}
SLOW_SECONDS = 15.0
OTHERS_SECONDS = 0.02


def pytest_sessionstart():
    """Compile once what each process that a test starts would compile, where the environment keeps
    Python from writing it down.
    """
    compileall.compile_dir(Path(__file__).parent.parent / "webapp", quiet=2, optimize=[0, 2])


def pytest_collection_modifyitems(items):
    seconds = Counter()
    for item in items:
        seconds[item.path] += _seconds_of(item)
    items.sort(key=lambda item: -seconds[item.path])  # within a file the order stays


def _seconds_of(item) -> float:
    wanted = [seconds for name, seconds in SECONDS.items() if name in item.fixturenames]
    slow = SLOW_SECONDS if item.get_closest_marker("slow") else 0
    return max(wanted, default=OTHERS_SECONDS) + slow
