"""The names of months and countries are those that the Unicode CLDR has today."""

from tests.house import cldr as made
from webapp.checking import cldr


def test_the_file_holds_what_babel_says():
    assert cldr.FILE.read_text() == made.text(), "Run `make names`, and look at what changed."
