"""The quote before formulas: it is there wherever a spreadsheet may begin a cell, and an
upload takes it off again.
"""

import re
import sys
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from webapp.checking.cleaning import cleaned, cleaned_column
from webapp.reading.formulas import protected, unprotected

SIGNS = [
    chr(c)
    for c in range(sys.maxunicode)
    if unicodedata.normalize("NFKC", chr(c))[:1] in set("=+-@")
]
TRICKY = st.sampled_from(
    [*"'\"=+-@;\t\r\n\0 ,|a1x", "\u200b", "\xa0", "\ufe66", "\uff1d", "é"]
)
TEXTS = st.text(TRICKY, max_size=12) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)
BEFORE = (
    "".join(
        c
        for c in map(chr, range(0x3001))
        if c.isspace() or unicodedata.category(c) in {"Cc", "Cf"}
    )
    + "\"'"
)


def runs(text: str) -> bool:
    """Whether a program that splits at these separators, and looks behind blanks and quotes,
    finds a formula.
    """
    cells = re.split("[;\t\r\n]", text)
    return any(cell.lstrip(BEFORE)[:1] in SIGNS and "'" not in cell[: len(cell) - len(cell.lstrip(BEFORE))]
               for cell in cells if cell.lstrip(BEFORE))  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["x;=1+1;y", " =1+1", "x;\t@y", "x\n+1", "\ufe661", "\ufe621", "\ufe631", "\ufe6b1"],
)
def test_what_stayed_bare(text):
    assert runs(text)
    assert not runs(protected(text))
    assert unprotected(protected(text)) == text


def test_every_form_of_the_four_signs_is_known():
    assert len(SIGNS) > 12
    for sign in SIGNS:
        for text in (sign, f"{sign}1", f"a;{sign}1", f" \u200b{sign}1", f'a;"{sign}1;b"'):
            assert not runs(protected(text)), (hex(ord(sign)), text)


@given(TEXTS)
@settings(max_examples=examples(300, 1500), deadline=None)
def test_nothing_runs_and_all_comes_off_again(text):
    assert not runs(protected(text))
    assert unprotected(protected(text)) == text


@given(TEXTS, st.sampled_from(["", "\n\t"]))
@example("  '=1", "")
@example("'\t'=1", "\n\t")
@example("\r'\r1", "")
@settings(max_examples=examples(300, 1500), deadline=None)
def test_an_upload_takes_a_cell_of_a_report_for_the_cell_of_the_file(cell, kept):
    """Trimming a cell changes nothing of what the quotes are."""
    again = protected(unprotected(cell))
    assert cleaned(again, kept) == cleaned(cell, kept)
    assert cleaned_column([again], kept) == cleaned_column([cell], kept)


@pytest.mark.parametrize("part", ["\n", " ", "'", ";'", " '", "'\"", "; ", "\t'"])
def test_a_long_cell_takes_no_longer_than_its_length(part):
    """Ten times as long takes ten times the time, and not a hundred."""

    def seconds(length: int) -> float:
        text = "'" + part * (length // len(part))
        began = time.process_time()
        unprotected(protected(text))
        return time.process_time() - began

    assert seconds(130_000) < 5
