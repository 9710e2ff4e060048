"""Gives the templates the words of the reports, so that a page and a PDF say the same."""

from flask import Flask

from webapp.reports.wording import FILTERS, GLOBALS


def register(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
