"""A language made of English: accents, more letters, and written from the right.

A page in it shows which texts are no messages of the catalogue, which are too wide for their place,
and which parts do not turn with the direction.
"""

import re
from gettext import NullTranslations

CODE = "qps-plocm"  # what others call a pseudo-locale that is mirrored
OPEN, CLOSE = "⟦", "⟧"
ACCENTED = str.maketrans("aceiknorsuyzACEIKNORSUYZ", "àçéïķñôřšüýžÀÇÉÏĶÑÔŘŠÜÝŽ")
# Facts, tags and entities stay as they are.
KEPT = re.compile(r"(\{[^{}]*\}|%\(\w+\)s|%%|<[^<>]+>|&\w+;)")
FILLING = "~"
LONGER = 3  # a third
HOW_IT_WRITES = {
    ("direction of writing", "ltr"): "rtl",
    ("a number", "1,234.5"): "1.234,5",
    ("the name of a field within a sentence", "in lower case"): "as it stands",
}


def pseudo(text: str) -> str:
    """The text in brackets, with accents, and a third longer."""
    parts = KEPT.split(text)
    said = [
        part if number % 2 else part.translate(ACCENTED) for number, part in enumerate(parts)
    ]
    length = sum(len(part) for part in parts[::2])
    return f"{OPEN}{''.join(said)}{FILLING * (length // LONGER)}{CLOSE}"


class Translations(NullTranslations):
    """As gettext wants them: each sentence has a translation."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return HOW_IT_WRITES.get((context, message)) or pseudo(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002 - as declared
        return self.ngettext(msgid1, msgid2, n)
