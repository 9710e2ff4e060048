"""Gives the templates the words of the reports, so that a page and a PDF say the same, and the review its tables."""

from flask import Flask

from webapp.reports.wording import FILTERS, GLOBALS
from webapp.web import examples


def register(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
    app.jinja_env.globals.update(
        changes_of=examples.changes, comparison_of=examples.comparison, told_of=examples.told
    )
