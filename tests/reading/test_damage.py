"""A clean file, damaged in one of the ways of `damage`: each row is right, or something is said, or
the file is refused. `make properties` takes more tables of each.
"""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from tests.reading.damage import KINDS
from tests.reading.test_round_trip import InPieces
from webapp.checking import mapping
from webapp.checking.other_lines import OtherLines
from webapp.checking.validation import Checker
from webapp.reading import readers
from webapp.vocabulary.refusals import Refusal

EXAMPLES = examples(8, 300)
NAMES = st.sampled_from(
    ["Ann", "Zoë", "Jörg", "O'Shea", "José María", "Émile", "Per-Åke", "Uwe"]
)
NOTES = st.sampled_from([
    "likes tea", "tea, coffee", 'the "boss"', "Monday\nor Friday", "5 < 6", "a; b", "at 10:30", "C:/new",
    "it's late", "call at noon\n", "x",
])  # fmt: skip


@st.composite
def tables(draw) -> list[list[str]]:
    count = draw(st.integers(3, 7))
    rows = [
        [draw(NAMES), draw(NAMES), f"p{number}@example.com", draw(NOTES)]
        for number in range(count)
    ]
    return [["First name", "Last name", "Email", "Notes"], *rows]


def alike(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("”", '"').strip()


@pytest.mark.parametrize("kind", KINDS)
@given(tables(), st.integers(0, 1000))
@settings(max_examples=EXAMPLES, deadline=None)
def test_nothing_is_wrong_in_silence(kind, table, seed):
    data = KINDS[kind](table, Random(seed))  # noqa: S311
    source = readers.BytesSource(data)
    try:
        head = readers.inspect(source, "people.csv")
        targets = mapping.suggest(head.columns, head.sample)
        mapping.check(targets, head.columns)
        records = list(readers.records(source, head.dialect))
    except Refusal:
        return

    if not head.encoding_certain or head.is_spoilt:
        return  # the page asks

    want = [[alike(cell) for cell in row] for row in table[1:]]
    lines = OtherLines(targets, head.columns, delimiter=head.dialect.delimiter)
    records, said = lines.judge(records)
    for row in Checker(targets).check_block(records):
        values = row.values
        fields = ("first_name", "last_name", "email", "notes")
        got = [alike(values.get(name, "")) for name in fields]
        assert got in want or row.problems or row.row in said, (got, head.dialect)


@pytest.mark.parametrize("kind", KINDS)
@given(tables(), st.integers(0, 1000), st.integers(1, 30))
@settings(max_examples=EXAMPLES // 3 + 1, deadline=None)
def test_reading_goes_on_from_any_record_of_a_damaged_file(kind, table, seed, step):
    data = KINDS[kind](table, Random(seed))  # noqa: S311
    try:
        head = readers.inspect(readers.BytesSource(data), "people.csv")
    except Refusal:
        return

    whole = list(readers.records(readers.BytesSource(data), head.dialect))
    for index, record in enumerate(whole):
        rest = readers.records(InPieces(data, step), head.dialect, start=record.position)
        assert list(rest) == whole[index + 1 :]
