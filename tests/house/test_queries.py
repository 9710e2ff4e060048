"""Named queries: every one is used, every use is there, and PostgreSQL understands each."""

import ast
import importlib
import re
from pathlib import Path

import psycopg
import pytest

from webapp import queries

ROOT = Path(__file__).parent.parent.parent
USERS = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in (ROOT / "webapp").rglob("*.py")
    if re.search(r"^SQL = ", file.read_text(), re.MULTILINE) and file.name != "queries.py"
)


def uses(module: str) -> set[str]:
    """The names that the module takes off its `SQL`."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id == "SQL"
    }


@pytest.mark.parametrize("module", USERS)
def test_every_statement_is_there(module):
    sql = importlib.import_module(module).SQL
    for name in uses(module):
        getattr(sql, name)


def test_every_statement_is_used_and_every_file_loaded():
    loaded = {}
    for module in USERS:
        sql = importlib.import_module(module).SQL
        loaded.setdefault(sql.file, set()).update(uses(module))
    assert set(loaded) == {file.stem for file in queries.FOLDER.glob("*.sql")}
    for file, used in loaded.items():
        text = (queries.FOLDER / f"{file}.sql").read_text()
        parts = set(re.findall(r"\{\{(\w+)\}\}", text))
        names = set(re.findall(r"^-- (?:name|part): (\w+)$", text, re.MULTILINE))
        assert names - parts == used - parts, file


@pytest.mark.parametrize("module", USERS)
def test_the_database_understands_each(module, database_url):
    """Prepared, not executed: tables, columns and functions are there, and the types fit."""
    sql = importlib.import_module(module).SQL
    with psycopg.connect(database_url) as conn:
        for name, statement in sql:
            if (
                name not in uses(module)
                or statement.startswith(("CREATE", "DO", "SET", "LOCK"))
                or "pg_temp." in statement
            ):
                continue  # What PREPARE does not take, or what is the session's own.
            text = _numbered(statement)
            try:
                conn.execute(f"PREPARE q AS {text.replace('%%', '%')}", prepare=False)
                conn.execute("DEALLOCATE q")
            except psycopg.errors.IndeterminateDatatype:
                conn.rollback()  # psycopg says the type of such a value; PREPARE cannot know it
            else:
                conn.rollback()


def _numbered(statement: str) -> str:
    """With `$1` for the first parameter's name, `$2` for the next, as PREPARE has them."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)[sb]", statement)))
    return re.sub(r"%\((\w+)\)[sb]", lambda found: f"${names.index(found[1]) + 1}", statement)


def test_a_wrong_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    (tmp_path / "one.sql").write_text(
        "-- name: a\nSELECT {{x}}\n-- name: b\nSELECT 1, ({{a}});\n"
    )
    assert dict(queries.load("one", x="2")) == {"a": "SELECT 2", "b": "SELECT 1, (SELECT 2)"}
    with pytest.raises(ValueError, match="x is not given"):
        queries.load("one")
    with pytest.raises(ValueError, match="y is not used"):
        queries.load("one", x="2", y="3")
    with pytest.raises(AttributeError, match=r"one\.sql has no statement c"):
        queries.load("one", x="2").c  # noqa: B018
    (tmp_path / "one.sql").write_text("SELECT 1;\n-- name: a\nSELECT 1\n")
    with pytest.raises(ValueError, match="before the first name"):
        queries.load("one")


def test_a_part_is_filled_in_later(tmp_path, monkeypatch):
    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    (tmp_path / "one.sql").write_text(
        "-- name: a\nSELECT 1\n-- part: b\n-- Why.\n(\n  {{x}}\n  {{y}})\n"
    )
    sql = queries.load("one", x="2,\n3")
    assert dict(sql) == {"a": "SELECT 1"}
    assert queries.fill(sql.b, y="") == "(\n  2,\n  3\n  )"
    with pytest.raises(ValueError, match="y is not given"):
        queries.fill(sql.b)
    with pytest.raises(ValueError, match="z is not given, or not used"):
        queries.fill(sql.b, y="4", z="5")
