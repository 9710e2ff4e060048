"""The decision as rendered in files: what they show is what the program runs."""

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.house import rendered
from webapp.deciding import other_names

TEXTS = dict(rendered.texts())


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.stem)
def test_the_file_shows_what_the_code_renders(file):
    written = file.read_text() if file.exists() else ""
    assert written == TEXTS[file], (
        f"Run `make render`, and look at what changed in {file.name}."
    )


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.stem)
def test_postgresql_understands_the_file(file, database_url):
    with psycopg.connect(database_url, row_factory=dict_row) as conn:
        other_names.define(conn)
        conn.execute(file.read_text(), prepare=False)


def test_no_file_is_left_over():
    assert set(rendered.FOLDER.iterdir()) == set(TEXTS)
