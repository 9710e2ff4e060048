"""A column is cleaned as its cells would be one by one, sign by sign."""

import sys
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from webapp.checking.cleaning import AROUND, CONTROL, cleaned_column
from webapp.reading.formulas import unprotected

SIGNS = "ab'=+-@ \t\n\r\v\0\x07\x1f\x85\u00a0\u200b\ufeffé\u0301\u0308\u212b\uac00\u11a8\ud800\u2028😀"
CELLS = st.lists(
    st.text(SIGNS, max_size=8)
    | st.sampled_from(["Müller", "O'Neill", "'tHart", "rock 'n' roll", ""])
)


def by_the_book(cell: str, kept: str) -> str:
    text = unprotected(cell)
    if not text.isprintable():
        for line_end in ("\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"):
            text = text.replace(line_end, "\n")
        text = "".join(sign if sign in kept else without_control(sign) for sign in text).strip(
            AROUND
        )
    return unicodedata.normalize("NFC", text).strip()


def without_control(sign: str) -> str:
    if unicodedata.category(sign) not in {"Cc", "Cs"}:
        return sign
    return " " if sign in "\n\t" else ""


@given(CELLS, st.sampled_from(["", "\n\t"]))
@example(["e", "\u0301"], "")  # A letter and the accent of the next cell are no é.
@example(["a", "'=b"], "")
@example([" '\r="], "")  # A quote behind a blank or a line end is the person's own.
@settings(max_examples=examples(400, 1500), deadline=None)
def test_a_column_is_cleaned_like_its_cells(cells, kept):
    assert cleaned_column(cells, kept) == [by_the_book(cell, kept) for cell in cells]


def test_every_control_character_is_known():
    found = {chr(code) for code in range(sys.maxunicode + 1) if CONTROL.match(chr(code))}
    controls = {
        chr(c)
        for c in range(sys.maxunicode + 1)
        if unicodedata.category(chr(c)) in {"Cc", "Cs"}
    }
    assert found == controls
