"""How values read, on a page, on paper and in a mail: numbers, times, and the outcome bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from webapp.vocabulary import messages
from webapp.vocabulary.fields import TARGETS, label_of
from webapp.vocabulary.outcomes import REST, STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

TEMPLATES = Path(__file__).parent.parent.parent / "templates"
BAR_WIDTH = 1000
SHORT, LONG = 60, 90  # seconds up to which a duration and a time left are told in seconds
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Pipe"}


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


def counted(count: int | None, noun: str) -> str:
    """1 batch, 2 batches; 1 contact, 2 contacts."""
    plural = noun if count == 1 else f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count or 0:,} {plural}"


def number(value: int | None) -> str:
    """12,345."""
    return f"{value or 0:,}"


def moment(value: datetime | None) -> str:
    """23 November 2026, 14:02 UTC."""
    return f"{value.astimezone(UTC):%-d %B %Y, %H:%M} UTC" if value else ""


def brief(value: datetime) -> str:
    """24 Nov 2026, 14:02 UTC."""
    return f"{value.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def day(value: datetime) -> str:
    """23 December."""
    return f"{value.astimezone(UTC):%-d %B}"


def rows_word(count: int | None) -> str:
    """1 row, 2 rows."""
    return counted(count, "row")


def contacts_word(count: int | None) -> str:
    """1 contact, 2 contacts."""
    return counted(count, "contact")


def duration(seconds: float | None) -> str:
    """Seconds as 4.4 s or 3 min 20 s."""
    if seconds is None:
        return ""
    if seconds < SHORT:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"

    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def eta(seconds: int | None) -> str:
    """The time left, in words."""
    if seconds is None:
        return "working out the time left"
    if seconds < LONG:
        return f"about {counted(max(seconds, 1), 'second')} left"

    return f"about {counted(round(seconds / 60), 'minute')} left"


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
    "counted": counted,
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
    found.filters.update(FILTERS)
    found.globals.update(GLOBALS)

    return found
