"""How values look on a page: numbers, times, and the outcome bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from webapp.engine.states import STORED_OUTCOMES
from webapp.intake import sentences
from webapp.intake.fields import TARGETS, label_of

BAR_WIDTH = 1000
WORDS = {
    "created": "created",
    "updated": "updated",
    "merged": "merged",
    "unchanged": "unchanged",
    "duplicate_skipped": "duplicates skipped",
    "left_out": "left out",
    "invalid": "invalid",
    "conflict": "conflicts",
    "failed": "failed",
    "not_processed": "not processed",
}


@dataclass(frozen=True)
class Segment:
    """A piece of the outcome bar; `x` and `width` in thousandths of the bar."""

    outcome: str
    count: int
    word: str
    x: float
    width: float


def segments(outcomes: Mapping[str, int], total: int) -> list[Segment]:
    """The bar's pieces, in the order that never changes; nothing for an outcome that did not occur."""
    found, x = [], 0.0
    for outcome in STORED_OUTCOMES:
        if count := outcomes.get(outcome, 0):
            width = max(count / max(total, 1) * BAR_WIDTH, 4)
            found.append(Segment(outcome, count, WORDS[outcome], round(x, 1), round(max(width - 2, 2), 1)))
            x += width
    return found


def number(value: int | None) -> str:
    return f"{value or 0:,}"


def moment(value: datetime | None) -> str:
    return f"{value.astimezone(UTC):%-d %B %Y, %H:%M} UTC" if value else ""


def day(value: datetime) -> str:
    return f"{value.astimezone(UTC):%-d %B}"


def rows_word(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def eta(seconds: int | None) -> str:
    if seconds is None:
        return "working out the time left"
    if seconds < 90:  # noqa: PLR2004
        return f"about {max(seconds, 1)} seconds left"
    return f"about {round(seconds / 60)} minutes left"


def shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def register(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters.update(
        number=number, moment=moment, day=day, rows=rows_word, duration=duration, eta=eta, shown=shown, label=label_of
    )
    app.jinja_env.globals.update(segments=segments, words=WORDS, targets=TARGETS, sentences=sentences)
