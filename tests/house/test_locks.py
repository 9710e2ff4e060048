"""Advisory locks: each number is of one lock, so that nothing waits for what it has nothing to do
with.
"""

import re
from collections import Counter
from pathlib import Path

WEBAPP = Path(__file__).parents[2] / "webapp"
NUMBER = re.compile(r"^\w+ = (7_665_\d{3})\b", re.MULTILINE)


def test_each_number_is_of_one_lock():
    numbers = Counter(
        number for file in WEBAPP.rglob("*.py") for number in NUMBER.findall(file.read_text())
    )
    assert len(numbers) >= 7
    assert set(numbers.values()) == {1}, numbers
