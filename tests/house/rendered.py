"""Writes `webapp/sql/rendered`: each strategy's decision with the default match keys, for reading.

A change of the rules then shows as a change of the SQL, too. `make render` runs this.
"""

from collections.abc import Iterator
from pathlib import Path

from webapp import queries
from webapp.deciding.decision import Options, statement
from webapp.vocabulary.keys import DEFAULT_KEYS
from webapp.vocabulary.strategies import Strategy

FOLDER = queries.FOLDER / "rendered"
HEADING = """\
-- The row decision for the strategy `{strategy}`, with the default match keys.
--
-- `make render` makes this file from sql/decide.sql and deciding/decision.py, for reading: the
-- program does not use it. In psql, \\i prepares it, once a function stands in for
-- pg_temp.is_other_person (sql/other_names.sql), and this shows its plan:
--   EXPLAIN EXECUTE decide('the import', 1, 100);
PREPARE decide (uuid, bigint, bigint) AS
"""


def texts() -> Iterator[tuple[Path, str]]:
    """Each file, and what is to be in it."""
    for strategy in Strategy:
        text = statement(Options(strategy, DEFAULT_KEYS))
        yield (
            FOLDER / f"decide_{strategy}.sql",
            HEADING.format(strategy=strategy) + text + ";\n",
        )


if __name__ == "__main__":
    for file, content in texts():
        file.write_text(content)
