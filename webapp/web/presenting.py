"""Gives the templates the words of the reports, so that a page and a PDF say the same, and the
review its tables.

The style sheet `vocabulary.css` is made from the closed lists: the colours of outcomes, and
which strategy's parts of the review page are shown.
"""

import hashlib
import re
import unicodedata
import zlib

from flask import Flask, Response
from jinja2.ext import Extension

from webapp.reports.wording import furnish
from webapp.vocabulary.outcomes import REST, STORED_OUTCOMES
from webapp.vocabulary.strategies import Strategy
from webapp.web import access, examples, static_files

DISCS = 8  # pairs of colours, c0 to c7 in app.css
SECONDS = 24 * 3600  # that a browser keeps the style sheet, whose address changes with it
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
COLOURS = {**{outcome.value: outcome.colour for outcome in STORED_OUTCOMES}, "rest": REST}


def register(app: Flask) -> None:
    """Give the templates these words, and the pages their style sheets, scripts and icons."""
    app.jinja_env.add_extension(WithoutIndentation)
    furnish(app.jinja_env, "page-unindented")
    app.jinja_env.filters.update(initials=initials, disc_colour=disc_colour)
    app.jinja_env.globals.update(
        changes_of=examples.changes, name_of=examples.name, key_of=examples.key
    )
    app.jinja_env.globals.update(may_change=access.may_change)
    app.jinja_env.globals.update(style_version=hashlib.sha256(STYLE.encode()).hexdigest()[:12])
    app.add_url_rule("/vocabulary.css", "style", _style)
    static_files.register(app)


class WithoutIndentation(Extension):
    """Leaves all but one of the spaces before a line out of a page, a third of it: for a slow
    line.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """The template without them, but where they are shown."""
        return source if "<pre" in source else INDENTATION.sub(" ", source)


def initials(name: str | None) -> str:
    """At most two letters of a name: of its first and its last word, or of an address its first."""
    words = [word for word in (name or "").split("@")[0].replace(".", " ").split() if word]
    firsts = [next((sign for sign in word if sign.isalnum()), "") for word in words]
    ends = [sign for sign in firsts if sign]
    found = ends[:1] + ends[-1:] if len(ends) > 1 else ends
    return unicodedata.normalize("NFC", "".join(found)).upper() or "?"


def disc_colour(name: str | None, number: int | None = None) -> int:
    """Which pair of colours a person's disc has; by the contact's number, so that it stays."""
    of = name or "" if number is None else str(number)
    return zlib.crc32(of.encode()) % DISCS


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
            f"body:has(#s-{chosen}:checked) {_others(chosen)}, {_early(chosen)} {_others(chosen)}"
            " { display: none; }"
            for chosen in Strategy
        ),
    ]


def _others(chosen: Strategy) -> str:
    """The parts of the review page that tell of the other strategies."""
    return f":is({', '.join(f'.for-{other}' for other in Strategy if other is not chosen)})"


def _early(chosen: Strategy) -> str:
    """The review while it comes in, and the choice is still on the way."""
    return f"body:not(:has([name=duplicate_strategy])) .chosen-{chosen}"


STYLE = "\n".join(_lines()) + "\n"
