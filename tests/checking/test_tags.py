"""The tags of a cell."""

import pytest

from webapp.checking.tags import split_tags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("VIP, vip, Fair", ["VIP", "Fair"]),
        ("Ärzte;ÄRZTE", ["Ärzte"]),
        ('["VIP", "Trade fair, spring", "vip"]', ["VIP", "Trade fair, spring"]),
        ('["a\\nb", 7]', ["a b", "7"]),
        ("[]", []),
        ("[red], blue", ["[red]", "blue"]),
        ('[["a"]]', ['[["a"]]']),
        ("VIP\nFair\n", ["VIP", "Fair"]),
        ('"Fair","VIP"', ["Fair", "VIP"]),
        ("* Friends ::: * VIP", ["Friends", "VIP"]),
        ("[" * 5_000, ["[" * 5_000]),
    ],
)
def test_the_tags_of_a_cell(text, tags):
    assert list(split_tags(text)) == tags
