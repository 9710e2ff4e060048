"""Compiled templates are kept for every account, and taken only where they are of this source."""

import os
import stat
import subprocess
import sys

from jinja2 import DictLoader, Environment

from webapp.reports import compiled_templates
from webapp.reports.compiled_templates import CompiledTemplates


def made(folder, monkeypatch, source: str) -> Environment:
    monkeypatch.setattr(compiled_templates, "TEMPLATES", folder)
    return Environment(  # noqa: S701 - no page
        loader=DictLoader({"a.html": source}), bytecode_cache=CompiledTemplates("page")
    )


def test_they_are_loaded_and_not_compiled_again(tmp_path, monkeypatch):
    assert made(tmp_path, monkeypatch, "one").get_template("a.html").render() == "one"
    (kept,) = (tmp_path / "__pycache__").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644

    again = made(tmp_path, monkeypatch, "one")
    monkeypatch.setattr(again, "compile", None)
    monkeypatch.setattr(again, "_generate", None)
    assert again.get_template("a.html").render() == "one"
    assert made(tmp_path, monkeypatch, "another").get_template("a.html").render() == "another"


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path, monkeypatch):
    (tmp_path / "__pycache__").write_text("a file where the folder would be")
    assert made(tmp_path, monkeypatch, "one").get_template("a.html").render() == "one"


def test_an_installation_is_compiled_once(tmp_path):
    """What `make` runs behind the installation; it needs no server."""
    command = [sys.executable, "-OO", "-m", "webapp.prepare"]
    unset = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run(command, check=True, env=environment, timeout=120)
    kept = list((compiled_templates.TEMPLATES / "__pycache__").glob("page-*.cache"))
    assert len(kept) >= len(list(compiled_templates.TEMPLATES.glob("**/*.html")))
