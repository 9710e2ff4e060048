"""How values read, on a page, on paper and in a mail: numbers, times, and the outcome bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from webapp.vocabulary import catalogue, messages
from webapp.vocabulary.catalogue import gettext, gettext_noop, ngettext
from webapp.vocabulary.fields import TARGETS, label_of
from webapp.vocabulary.outcomes import REST, STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

TEMPLATES = Path(__file__).parent.parent.parent / "templates"
BAR_WIDTH = 1000
SHORT, LONG = 60, 90  # seconds up to which a duration and a time left are told in seconds
DELIMITERS = {
    ",": gettext_noop("Comma"),
    ";": gettext_noop("Semicolon"),
    "\t": gettext_noop("Tab"),
    "|": gettext_noop("Pipe"),
    "^": gettext_noop("Caret"),
    "~": gettext_noop("Tilde"),
    ":": gettext_noop("Colon"),
    "¦": gettext_noop("Broken bar"),
    "§": gettext_noop("Section sign"),
    "¬": gettext_noop("Not sign"),
    "\x1f": gettext_noop("Unit separator"),
    "\x1e": gettext_noop("Record separator"),
    " ": gettext_noop("Blank"),
}
# What is done with text that another program spoilt, by the form's word for it.
REPAIRS = {
    "html": gettext_noop("Read HTML as text"),
    "true": gettext_noop("Read HTML as text, and put misread letters right"),
    "false": gettext_noop("Leave it as it is"),
}
MONTHS = (
    gettext_noop("January"),
    gettext_noop("February"),
    gettext_noop("March"),
    gettext_noop("April"),
    gettext_noop("May"),
    gettext_noop("June"),
    gettext_noop("July"),
    gettext_noop("August"),
    gettext_noop("September"),
    gettext_noop("October"),
    gettext_noop("November"),
    gettext_noop("December"),
)
SHORT_MONTHS = (
    gettext_noop("Jan"),
    gettext_noop("Feb"),
    gettext_noop("Mar"),
    gettext_noop("Apr"),
    gettext_noop("May"),
    gettext_noop("Jun"),
    gettext_noop("Jul"),
    gettext_noop("Aug"),
    gettext_noop("Sep"),
    gettext_noop("Oct"),
    gettext_noop("Nov"),
    gettext_noop("Dec"),
)


@dataclass(frozen=True)
class Segment:
    """A piece of the outcome bar; `x` and `width` in thousandths of the bar."""

    outcome: str
    count: int
    word: str
    x: float
    width: float
    colour: str  # on paper


def segments(outcomes: Mapping[str, int], total: int) -> list[Segment]:
    """The bar's pieces, in the order that never changes; nothing for an outcome that did
    not occur.
    """
    found, x = [], 0.0
    for outcome in STORED_OUTCOMES:
        if count := outcomes.get(outcome, 0):
            width = max(count / max(total, 1) * BAR_WIDTH, 4)
            place = round(x, 1), round(max(width - 2, 2), 1)
            found.append(
                Segment(outcome, count, outcome.word(count), *place, outcome.colour.light)
            )
            x += width

    return found


def number(value: int | None) -> str:
    """12,345."""
    return f"{value or 0:,}"


def moment(value: datetime | None) -> str:
    """23 November 2026, 14:02 UTC."""
    return _date(gettext("{day} {month} {year}, {time} UTC"), value, MONTHS) if value else ""


def brief(value: datetime) -> str:
    """24 Nov 2026, 14:02 UTC."""
    return _date(gettext("{day} {month} {year}, {time} UTC"), value, SHORT_MONTHS)


def day(value: datetime) -> str:
    """23 December."""
    return _date(gettext("{day} {month}"), value, MONTHS)


def _date(text: str, value: datetime, months: tuple[str, ...]) -> str:
    utc = value.astimezone(UTC)
    return text.format(
        day=utc.day, month=gettext(months[utc.month - 1]), year=utc.year, time=f"{utc:%H:%M}"
    )


def rows_word(count: int | None) -> str:
    """1 row, 2 rows."""
    return ngettext("{count} row", "{count} rows", count or 0).format(count=number(count))


def contacts_word(count: int | None) -> str:
    """1 contact, 2 contacts."""
    text = ngettext("{count} contact", "{count} contacts", count or 0)
    return text.format(count=number(count))


def duration(seconds: float | None) -> str:
    """Seconds as 4.4 s or 3 min 20 s."""
    if seconds is None:
        return ""
    if seconds < SHORT:
        some = f"{seconds:.2g}" if seconds < 1 else f"{seconds:.1f}"
        return gettext("{seconds} s").format(seconds=some)

    minutes, rest = divmod(int(seconds), 60)
    return gettext("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)


def eta(seconds: int | None) -> str:
    """The time left, in words."""
    if seconds is None:
        return gettext("working out the time left")
    if seconds < LONG:
        count = max(seconds, 1)
        text = ngettext("about {count} second left", "about {count} seconds left", count)
    else:
        count = round(seconds / 60)
        text = ngettext("about {count} minute left", "about {count} minutes left", count)

    return text.format(count=number(count))


def shown(value: Any) -> str:
    """A journal's value: lists with commas."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


FILTERS = {
    "one_row": lambda outcome: Outcome(outcome).one,
    "number": number,
    "moment": moment,
    "brief": brief,
    "day": day,
    "rows": rows_word,
    "contacts": contacts_word,
    "duration": duration,
    "eta": eta,
    "shown": shown,
    "label": label_of,
}
GLOBALS = {
    "segments": segments,
    "Outcome": Outcome,
    "State": State,
    "Strategy": Strategy,
    "rest_colour": REST.light,
    "targets": TARGETS,
    "messages": messages,
    "language": catalogue.language,
}


def environment() -> Environment:
    """Jinja for what is rendered outside a request: paper and mail.

    Everything is escaped but plain text.
    """
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(found)

    return found


def furnish(templates: Environment) -> None:
    """Give templates these words, and their texts the catalogue. Every `trans` is trimmed."""
    templates.policies["ext.i18n.trimmed"] = True
    templates.add_extension("jinja2.ext.i18n")
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True, pgettext=catalogue.pgettext
    )
    templates.filters.update(FILTERS)
    templates.globals.update(GLOBALS)
