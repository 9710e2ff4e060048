"""Named queries: `webapp/sql/NAME.sql` holds a room's statements, each under a line `-- name:
its_name`.

SQL = queries.load("leases", deaths=...) conn.execute(SQL.move_token, {"import_id": import_id})

Values are psycopg's named parameters, `%(name)s`, and nothing else; a per cent sign is `%%`.
What is made of the vocabulary (a list of columns, say) is a part, `{{name}}`: of SQL from our
own closed lists, never of anything that a person sent. A file may use its own statements as
parts of others. Files are read and checked when their module is imported.
"""

import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
_HEADING = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_PART = re.compile(r"\{\{(\w+)\}\}")


class Queries:
    """The statements of one file, as attributes.

    Raises AttributeError for a name that the file does not have.
    """

    def __init__(self, file: str, statements: dict[str, str]) -> None:
        self.file = file
        self._statements = statements

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"sql/{self.file}.sql has no statement {name}") from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._statements.items())


def load(file: str, **parts: str) -> Queries:
    """The statements of `sql/{file}.sql`, with their parts filled in.

    Raises ValueError where a name stands twice, a part is missing, or a part given is not used.
    """
    before, *pieces = _HEADING.split((FOLDER / f"{file}.sql").read_text())
    names = pieces[0::2]
    if _without_comments(before).strip() or len(set(names)) < len(names):
        raise ValueError(f"sql/{file}.sql: text before the first name, or a name twice")

    texts = {
        name: _without_comments(text).strip().rstrip(";")
        for name, text in zip(names, pieces[1::2], strict=True)
    }
    used = {part for text in texts.values() for part in _PART.findall(text)}
    if missing := used - parts.keys() - texts.keys():
        raise ValueError(f"sql/{file}.sql: {', '.join(sorted(missing))} is not given")
    if idle := parts.keys() - used:
        raise ValueError(f"sql/{file}.sql: {', '.join(sorted(idle))} is not used")

    return Queries(
        file, {name: _filled(text, {**texts, **parts}) for name, text in texts.items()}
    )


def _filled(text: str, parts: dict[str, str]) -> str:
    while _PART.search(text):
        text = _PART.sub(lambda found: parts[found[1]], text)

    return text


def _without_comments(text: str) -> str:
    """Whole lines of comment only: they speak to the reader of the file, not to the server."""
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("--"))
