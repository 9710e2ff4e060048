"""What counts as the same text whichever case it is in, by Python and by PostgreSQL alike."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from tests.harness.examples import examples
from webapp.contacts import search
from webapp.folding import FINAL_SIGMA, SIGMA, folded, pattern, searchable

LETTERS = "^]*[\\&+aAiIkKsSzZßẞäÄçÇöÖşŞğĞéÉñÑ\u0130\u0131\u212aΣσςдДжЖ-._@ "  # noqa: RUF001


def test_a_key_is_folded_by_no_language():
    assert folded("INFO.KILIÇ@Example.COM") == "info.kiliç@example.com"
    assert folded("e\u0301") == folded("\u00c9") == "\u00e9"
    assert searchable("ILI\u0130\u0131") == "iliii"
    assert searchable("ΟΔΟΣ") == "οδο" + SIGMA == searchable("οδο" + FINAL_SIGMA)


@given(text=st.text(LETTERS, max_size=12), sought=st.text(LETTERS, min_size=1, max_size=3))
@settings(max_examples=examples(150, 400), deadline=None)
def test_the_database_finds_what_python_finds(engine, text, sought):
    with engine.connect() as conn:
        found = conn.scalar(select(search.holds(literal(text), sought)))
    assert (
        found
        == (searchable(sought) in searchable(text))
        == bool(re.search(pattern(sought), text))
    )


@pytest.fixture(scope="module")
def engine(servers):
    from webapp import db  # noqa: PLC0415

    return db._engine(servers["DATABASE_URL"])
