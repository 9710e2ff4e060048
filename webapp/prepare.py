"""`python -OO -m webapp.prepare`: compile what web and worker load, once, after an installation.

Both run without docstrings (-OO), which saves each process some 7 MB. Python's own modules are
installed compiled with them, and templates not at all; a process that compiles takes memory for it
that it never gives back.
"""

import importlib

from webapp import app
from webapp.config import Settings
from webapp.reports import wording

NOWHERE = Settings(
    database_url="postgresql:///none", redis_url="redis:///0", secret_key="none" * 8
)
# What starts the app is loaded before it, and by nothing that it loads.
LOADED = (
    "worker",
    "webapp.serving",
    "webapp.connections",
    "gunicorn.app.wsgiapp",
    "gunicorn.arbiter",
)


def main() -> None:
    """Load every module and every template, which keeps them compiled."""
    for module in LOADED:
        importlib.import_module(module)

    pages = app.create_app(NOWHERE).jinja_env
    for name in pages.list_templates(extensions=("html",)):
        pages.get_template(name)

    paper = wording.environment()
    for name in paper.list_templates(filter_func=wording.of_paper):
        paper.get_template(name)


if __name__ == "__main__":
    main()
