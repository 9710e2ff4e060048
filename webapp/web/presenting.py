"""Gives the templates the words of the reports, so that a page and a PDF say the same, and the
review its tables.

The style sheet `vocabulary.css` is made from the closed lists: the colours of outcomes, and
which strategy's parts of the review page are shown.
"""

import hashlib

from flask import Flask, Response

from webapp.reports.wording import furnish
from webapp.vocabulary.outcomes import REST, STORED_OUTCOMES
from webapp.vocabulary.strategies import Strategy
from webapp.web import examples

SECONDS = 24 * 3600  # that a browser keeps the style sheet, whose address changes with it
COLOURS = {**{outcome.value: outcome.colour for outcome in STORED_OUTCOMES}, "rest": REST}


def register(app: Flask) -> None:
    """Give the templates these words, and the pages the style sheet."""
    furnish(app.jinja_env)
    app.jinja_env.globals.update(
        changes_of=examples.changes, comparison_of=examples.comparison, told_of=examples.told
    )
    app.jinja_env.globals.update(style_version=hashlib.sha256(STYLE.encode()).hexdigest()[:12])
    app.add_url_rule("/vocabulary.css", "style", _style)


def _style() -> Response:
    answer = Response(STYLE, mimetype="text/css")
    answer.cache_control.public = True
    answer.cache_control.max_age = SECONDS
    return answer


def _lines() -> list[str]:
    light = " ".join(f"--{name}: {colour.light};" for name, colour in COLOURS.items())
    dark = " ".join(f"--{name}: {colour.dark};" for name, colour in COLOURS.items())

    return [
        f":root {{ {light} }}",
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}",
        *(f".fill-{name} {{ fill: var(--{name}); }}" for name in COLOURS),
        *(
            f".review:has(#s-{chosen}:checked) {_others(chosen)} {{ display: none; }}"
            for chosen in Strategy
        ),
    ]


def _others(chosen: Strategy) -> str:
    """The parts of the review page that tell of the other strategies."""
    return f":is({', '.join(f'.for-{other}' for other in Strategy if other is not chosen)})"


STYLE = "\n".join(_lines()) + "\n"
