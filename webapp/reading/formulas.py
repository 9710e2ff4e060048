"""The quote that keeps a spreadsheet from running a cell of our lists as a formula, and how it
comes off again.

Excel splits a CSV at the system's own separator, a semicolon in half of Europe, and then heeds
no quotation marks in the middle of a line. So each place where a cell may begin is looked at:
the start, and what follows a semicolon, a tab or a line break. `unprotected(protected(text))
== text` for every text.

Source: OWASP, "CSV Injection"; ASVS 5.0, 1.2.10.
"""

import re

# = + - @, and what a program that normalizes text (NFKC) takes for one of them.
SIGNS = (
    "=+\\-@"
    "\u207a\u207c\u208a\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
)
# What a program may strip before it looks: blanks, control characters, marks without a width.
BLANKS = (
    "\0-\x08\x0b\x0c\x0e-\x1f \x7f-\xa0\xad"
    "\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff"
)
# No step back (*+): else a cell of blanks alone would take the square of its length.
_BEGIN = f"(?:\\A|(?<=[;\t\r\n]))[{BLANKS}]*+"
_FORMULA = f"(?=[{BLANKS}'\"]*+[{SIGNS}])"
_BARE = re.compile(f"{_BEGIN}{_FORMULA}")
_QUOTED = re.compile(f"({_BEGIN})'{_FORMULA}")
# A control character at the very start is quoted too, unless all is blank: programs differ in what
# they do with it.
_CONTROL = re.compile("['\"]*[\t\r\n\0].*\\S", re.DOTALL)


def protected(text: str) -> str:
    """The text with a quote wherever a spreadsheet might begin a cell with a formula."""
    if _is_plain(text):
        return text
    quoted = _BARE.sub(r"\g<0>'", text)
    return f"'{quoted}" if _CONTROL.match(quoted) else quoted


def unprotected(text: str) -> str:
    """The text without the quotes that `protected` puts in."""
    if "'" not in text:
        return text
    quoted = text[1:] if text[0] == "'" and _CONTROL.match(text, 1) else text
    return _QUOTED.sub(r"\1", quoted)


def _is_plain(text: str) -> bool:
    """Whether one short look tells that nothing is to be done, as it does for most cells."""
    return text[:1].isalnum() and ";" not in text and text.isprintable()
