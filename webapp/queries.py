"""Named queries: `webapp/sql/NAME.sql` holds statements, each under a line `-- name: its_name`.

    SQL = queries.load("leases", deaths=...)
    conn.execute(SQL.move_token, {"import_id": import_id})

A SQLAlchemy session runs one by `db.execute`.

Values are psycopg's named parameters, `%(name)s`, and nothing else; a per cent sign is `%%`. What
is made of the vocabulary (a list of columns, say) is a part, `{{name}}`: of SQL from our own closed
lists, never of anything that a person sent. Files are read and checked when their module is
imported.

A file may use its own statements as parts of others. What is no statement by itself stands under
`-- part: its_name`. Where a part depends on what a person chose, it is filled in later, by `fill`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
_HEADING = re.compile(r"^-- (name|part): (\w+)\n", re.MULTILINE)
_PART = re.compile(r"\{\{(\w+)\}\}")


class Queries:
    """The statements and parts of one file, as attributes; its statements when iterated over.

    Raises AttributeError for a name that the file does not have.
    """

    def __init__(self, file: str, statements: dict[str, str], parts: dict[str, str]) -> None:
        self.file = file
        self._statements = statements
        self._texts = {**parts, **statements}

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"sql/{self.file}.sql has no statement {name}") from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._statements.items())


def load(file: str, **parts: str) -> Queries:
    """The statements of `sql/{file}.sql`, with their parts filled in.

    Raises ValueError where a name stands twice, a statement lacks a part, or a part given is not
    used.
    """
    before, *pieces = _HEADING.split((FOLDER / f"{file}.sql").read_text())
    kinds, names = pieces[0::3], pieces[1::3]
    if _without_comments(before).strip() or len(set(names)) < len(names):
        raise ValueError(f"sql/{file}.sql: text before the first name, or a name twice")

    texts = {
        name: _without_comments(text).strip().rstrip(";")
        for name, text in zip(names, pieces[2::3], strict=True)
    }
    used = {part for text in texts.values() for part in _PART.findall(text)}
    if idle := parts.keys() - used:
        raise ValueError(f"sql/{file}.sql: {', '.join(sorted(idle))} is not used")

    filled = {name: _filled(text, {**texts, **parts}) for name, text in texts.items()}
    statements = {
        name: filled.pop(name)
        for name, kind in zip(names, kinds, strict=True)
        if kind == "name"
    }
    if missing := {part for text in statements.values() for part in _PART.findall(text)}:
        raise ValueError(f"sql/{file}.sql: {', '.join(sorted(missing))} is not given")

    return Queries(file, statements, filled)


def fill(text: str, **parts: str) -> str:
    """A text of a file with the parts that it still lacks.

    Raises ValueError for one too many or too few.
    """
    if wrong := set(_PART.findall(text)) ^ parts.keys():
        raise ValueError(f"{', '.join(sorted(wrong))} is not given, or not used")

    return _put(text, parts)


def _filled(text: str, parts: Mapping[str, str]) -> str:
    """With the parts that are known, and those within them."""
    while any(part in parts for part in _PART.findall(text)):
        text = _put(text, parts)

    return text


def _put(text: str, parts: Mapping[str, str]) -> str:
    """With the parts given, one level deep.

    A part's lines are indented as the line in which it stands; a line that comes out empty goes.
    """
    lines = []

    for line in text.split("\n"):
        indent = "\n" + line[: len(line) - len(line.lstrip())]
        filled = line
        for name in set(_PART.findall(line)) & parts.keys():
            filled = filled.replace(f"{{{{{name}}}}}", parts[name].replace("\n", indent))

        if filled.strip():
            lines.append(filled.rstrip())

    return "\n".join(lines)


def _without_comments(text: str) -> str:
    """Whole lines of comment only: they speak to the reader of the file, not to the server."""
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("--"))
