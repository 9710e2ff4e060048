"""Cells as they are kept: trimmed, in NFC, without control characters and without the quote
that protects formulas.
"""

import re
import unicodedata
from collections.abc import Iterable

from webapp.reading.formulas import unprotected

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
AROUND = INVISIBLE + "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
# All that ends a line, in files and in what a browser sends; kept as a line feed.
LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
LINES_AND_TABS = "\n\t"  # the control characters that a multi-line field keeps
# Where the quote that protects against formulas may stand, or a formula that is only a text.
QUOTES = re.compile("[ ;]'|=\"")
FORMULA_OF_TEXT = re.compile(
    '="((?:[^"]|"")*)"'
)  # ="01067": so that a spreadsheet keeps the 0
TEXT_MARK = re.compile(r"^'(?='*\d)")
DECIMALS = re.compile(r"^(\d+)\.0+$")
CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")


def cleaned_column(cells: Iterable[str], kept: str) -> list[str]:
    """The cells of a column, cleaned.

    Of most columns one look at all of them tells that trimming was enough.
    """
    cells = list(cells)
    trimmed = [cell.strip() for cell in cells]
    if _are_clean(trimmed):
        return trimmed

    # Trimmed first, a quote that stands behind a line end would be at the start, and come off.
    return [text and cleaned(cell, kept) for text, cell in zip(trimmed, cells, strict=True)]


def _are_clean(trimmed: list[str]) -> bool:
    """Whether cleaning would change none of them.

    A blank between two texts composes with neither.
    """
    joined = f" {' '.join(trimmed)}"
    return (
        joined.isprintable()
        and not QUOTES.search(joined)
        and unicodedata.is_normalized("NFC", joined)
    )


def cleaned(text: str, kept: str) -> str:
    """Trimmed and NFC; a quote that protects against formulas comes off; control characters
    but `kept` go.

    Of ="01067", a formula that is only a text, the text remains.
    """
    text = meant(text)
    if not text.isprintable():
        text = line_feeds(text)
        text = CONTROL.sub(
            lambda found: found[0] if found[0] in kept else _instead_of(found[0]), text
        )
        text = text.strip(AROUND)

    return unicodedata.normalize("NFC", text).strip()


def meant(cell: str) -> str:
    """The cell without what a spreadsheet needs around it: the quote that protects against
    formulas, or, of a formula that is only a text, all but the text.
    """
    text = unprotected(cell)
    if '="' in text and text == cell and (formula := FORMULA_OF_TEXT.fullmatch(text.strip())):
        return formula[1].replace('""', '"')
    return text


def column_of_digits(texts: list[str]) -> list[str]:
    """A cleaned column of digits that are no amounts, such as IDs."""
    joined = " ".join(texts)
    return list(map(of_digits, texts)) if "'" in joined or ".0" in joined else texts


def of_digits(text: str) -> str:
    """01067 for '01067, with the quote by which a spreadsheet keeps the 0, and else 1024 for
    1024.0, as programs write a column that has blanks.
    """
    bare = TEXT_MARK.sub("", text)
    return bare if bare != text else DECIMALS.sub(r"\1", text)


def is_same_text(shown: str, returned: str) -> bool:
    """Whether a form returned the text that it showed: browsers send CR LF for each line end."""
    return cleaned(shown, LINES_AND_TABS) == cleaned(returned, LINES_AND_TABS)


def line_feeds(text: str) -> str:
    """The text with a line feed for each line end, whichever kind it has."""
    return LINE_END.sub("\n", text)


def _instead_of(control: str) -> str:
    return " " if control in "\n\t" else ""
