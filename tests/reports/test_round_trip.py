"""The list of rejected rows is corrected and uploaded again: each cell is taken for what it was."""

from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.contacts.test_exports import ANY, LABELS
from tests.harness.examples import examples
from webapp.checking import mapping
from webapp.checking.validation import Checker
from webapp.reading import readers
from webapp.reading.records import Position, Record
from webapp.reports import exports

if TYPE_CHECKING:
    from webapp.checking.checked_rows import CheckedRow

FIELDS = ["E-mail", "Phone", "First name", "Tags", "Notes", "Postal code", "Birthday"]
REASONS = st.sampled_from(
    [
        "Write the e-mail with an @, as in name@example.com.",
        "Row 3: “a;b” is no date. Use 1985-04-23.",
    ]
)


@st.composite
def tables(draw) -> tuple[list[str], list[list[str]]]:
    """Labels, and rows of odd cells."""
    labels = draw(st.lists(LABELS, unique_by=str.casefold, max_size=3))
    columns = [*draw(st.lists(st.sampled_from(FIELDS), unique=True, min_size=1)), *labels]
    cells = st.lists(st.just("") | ANY, min_size=len(columns), max_size=len(columns))
    rows = draw(st.lists(cells, min_size=1, max_size=4))
    assume(all(any(map(str.strip, row)) for row in rows))
    return columns, rows


def judged(targets: list[str | None], cells: list[str]) -> tuple:
    """What an import makes of a row, but for its number and the places of its cells."""
    row: CheckedRow = Checker(targets).check(Record(2, cells, None, Position(0, 2)))
    told = [(problem.code, problem.field, problem.value) for problem in row.problems]
    return row.status, row.values, row.tags, row.custom, row.email_key, row.phone_key, told


@given(tables(), REASONS)
@settings(max_examples=examples(40, 100), deadline=None)
def test_rejected_rows_say_the_same_when_they_come_again(table, reason):
    columns, rows = table
    lines = [[number, reason, *cells] for number, cells in enumerate(rows, 2)]
    content = b"".join(exports._csv([*exports.REJECTED_COLUMNS, *columns], lines))
    source = readers.BytesSource(content)
    head = readers.inspect(source, "rejected.csv", delimiter=",")
    targets = mapping.suggest(columns, rows)
    again = mapping.suggest(head.columns, head.sample)
    assert again[:2] == [None, None]
    found = [record.cells for record in readers.records(source, head.dialect)]
    assert len(found) == len(rows)
    for cells, given_ in zip(found, rows, strict=True):
        assert judged([None, None, *targets], cells) == judged(
            [None, None, *targets], ["", "", *given_]
        )
