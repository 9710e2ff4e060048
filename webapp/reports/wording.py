"""How values read, on a page, on paper and in a mail: numbers, times, and the outcome bar."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, pass_context, select_autoescape
from jinja2.runtime import Context

from webapp.reports import plan_results
from webapp.reports.compiled_templates import TEMPLATES, CompiledTemplates
from webapp.vocabulary import catalogue, messages
from webapp.vocabulary.catalogue import gettext, gettext_noop, ngettext
from webapp.vocabulary.fields import ADDRESS_LABELS, TARGETS, label_of
from webapp.vocabulary.outcomes import REST, STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

BAR_WIDTH = 1000
LEAST, LEAST_SMALL = 17, 50  # of the bar: 4 pixels, and the gap, at 358 and at 100 pixels
KILO, WHOLE = 1000, 100  # sizes from 100 on are told without a decimal
DATE = re.compile(r"(?:(?P<year>\d{4})|-)-(?P<month>\d\d)-(?P<day>\d\d)")
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
    "true": gettext_noop("Read HTML as text and repair garbled letters"),
    "false": gettext_noop("Leave it as it is"),
}
# What a column does to people who are there; short, for a narrow choice in a table.
RULES = {
    "": gettext_noop("As chosen next"),
    "replace": gettext_noop("Replace"),
    "fill": gettext_noop("Fill blanks"),
    "keep": gettext_noop("Keep theirs"),
}
RULES_OF_TAGS = {
    "": RULES[""],
    "replace": RULES["replace"],
    "fill": gettext_noop("Add"),
    "keep": RULES["keep"],
}
RULES_OF_ADDRESSES = {
    "": gettext_noop("Each part of it by its own column"),
    "replace": gettext_noop("Replace the whole address"),
    "fill": gettext_noop("Only where they have no address"),
    "keep": gettext_noop("Keep the whole address"),
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


def segments(outcomes: Mapping[str, int], total: int, small: bool = False) -> list[Segment]:
    """The bar's pieces, in the order that never changes; nothing for an outcome that did
    not occur.

    A piece is never thinner than what shows in a narrow window, or in a small bar; the others
    make room for it.
    """
    found, x = [], 0.0
    widths = _widths(outcomes, total, LEAST_SMALL if small else LEAST)
    for outcome, width in widths.items():
        count = outcomes[outcome]
        place = round(x, 1), round(width, 1)
        found.append(
            Segment(outcome, count, outcome.word(count), *place, outcome.colour.light)
        )
        x += width

    return found


def _widths(outcomes: Mapping[str, int], total: int, least: int) -> dict[Outcome, float]:
    """How much of the bar each outcome takes."""
    shares = {
        outcome: count / max(total, 1) * BAR_WIDTH
        for outcome in STORED_OUTCOMES
        if (count := outcomes.get(outcome, 0))
    }
    lifted = sum(least - share for share in shares.values() if share < least)
    wide = sum(share for share in shares.values() if share >= least)
    left = 1 - lifted / wide if wide > lifted else 1

    return {
        outcome: least if share < least else max(share * left, least)
        for outcome, share in shares.items()
    }


def number(value: float | None) -> str:
    """12,345, or 1,234.5."""
    return catalogue.written(f"{value or 0:,}")


def percent(value: float) -> str:
    """45%, of a whole number or one with a decimal."""
    return gettext("{number}%").format(number=number(value))


def size(count: int) -> str:
    """Bytes as people say them: 310 bytes, 1.2 kB, 12.4 MB."""
    if count < KILO:
        text = ngettext("{count} byte", "{count} bytes", count)
        return text.format(count=number(count))
    if count < KILO * KILO:
        return gettext("{number} kB").format(number=number(_rounded(count / KILO)))

    return gettext("{number} MB").format(number=number(_rounded(count / KILO / KILO)))


def _rounded(value: float) -> float:
    return round(value) if value >= WHOLE else round(value, 1)


def birthday(value: str | None) -> str:
    """A date as the book has it: 23 April 1985; without a year 23 April. Other text stays."""
    found = DATE.fullmatch(value or "")
    if not found or not 1 <= int(found["month"]) <= len(MONTHS):
        return value or ""

    year = found["year"]
    text = gettext("{day} {month} {year}") if year else gettext("{day} {month}")
    month = gettext(MONTHS[int(found["month"]) - 1])

    return text.format(day=int(found["day"]), month=month, year=year)


def moment(value: datetime | None) -> str:
    """23 November 2026, 14:02 UTC."""
    return _date(gettext("{day} {month} {year}, {time} UTC"), value, MONTHS) if value else ""


def brief(value: datetime) -> str:
    """24 Nov 2026, 14:02 UTC."""
    return _date(gettext("{day} {month} {year}, {time} UTC"), value, SHORT_MONTHS)


def day(value: date) -> str:
    """23 December: of a moment as it is in UTC, and of a date itself."""
    return _date(gettext("{day} {month}"), value, MONTHS)


def _date(text: str, value: date, months: tuple[str, ...]) -> str:
    told = value.astimezone(UTC) if isinstance(value, datetime) else value
    return text.format(
        day=told.day,
        month=gettext(months[told.month - 1]),
        year=told.year,
        time=f"{told:%H:%M}",
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
        return gettext("{seconds} s").format(seconds=catalogue.written(some))

    minutes, rest = divmod(int(seconds), 60)
    return gettext("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)


def eta(seconds: int | None) -> str:
    """The time left, in words; "" until it is known."""
    if seconds is None:
        return ""
    if seconds < LONG:
        count = max(seconds, 1)
        text = ngettext("about {count} second left", "about {count} seconds left", count)
    else:
        count = round(seconds / 60)
        text = ngettext("about {count} minute left", "about {count} minutes left", count)

    return text.format(count=number(count))


def speed(rows: int | None) -> str:
    """1,200 a minute; "" until it is known."""
    return gettext("{count} a minute").format(count=number(rows)) if rows else ""


def shown(value: Any, field: str = "") -> str:
    """A journal's value: lists with commas, an address with its label, and a birthday as a date."""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, Mapping):
        return address(value)
    if field == "birthday":
        return birthday(value)
    return str(value)


def address(of: Mapping[str, Any]) -> str:
    """One of several e-mails or phones: ann@example.com (work)."""
    label = of.get("label")
    if not label:
        return str(of["value"])

    said = gettext(ADDRESS_LABELS.get(label, label))
    return gettext("{address} ({label})").format(address=of["value"], label=said)


FILTERS: dict[str, Callable[..., Any]] = {
    "planned": plan_results.in_words,
    "one_row": lambda outcome: Outcome(outcome).one,
    "number": number,
    "percent": percent,
    "size": size,
    "birthday": birthday,
    "moment": moment,
    "brief": brief,
    "day": day,
    "rows": rows_word,
    "contacts": contacts_word,
    "duration": duration,
    "eta": eta,
    "speed": speed,
    "shown": shown,
    "address": address,
    "label": label_of,
    "within": catalogue.within,
}
GLOBALS = {
    "segments": segments,
    "Outcome": Outcome,
    "State": State,
    "Strategy": Strategy,
    "rest_colour": REST.light,
    "targets": TARGETS,
    "address_labels": ADDRESS_LABELS,
    "messages": messages,
    "language": catalogue.language,
    "direction": catalogue.direction,
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
    furnish(found, "paper")

    return found


def of_paper(template: str) -> bool:
    """Whether this name of a template is one of those."""
    return template.startswith(("pdf/", "mail/")) and not template.endswith(".css")


def furnish(templates: Environment, kind: str) -> None:
    """Give templates these words, and their texts the catalogue. Every `trans` is trimmed.

    `kind` tells apart the environments in which one template is compiled otherwise.
    """
    templates.bytecode_cache = CompiledTemplates(kind)
    templates.policies["ext.i18n.trimmed"] = True
    templates.add_extension("jinja2.ext.i18n")
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext,
        catalogue.ngettext,
        newstyle=True,
        pgettext=catalogue.pgettext,
        npgettext=catalogue.npgettext,
    )
    templates.filters.update({name: _late(said) for name, said in FILTERS.items()})
    templates.globals.update(GLOBALS)


def _late(said: Callable[..., Any]) -> Callable[..., Any]:
    """The filter as one that is asked when a page is rendered.

    What one without the context makes of a constant, Jinja would work out as it compiles the
    template: in the language of that moment.
    """

    @pass_context
    def asked(_context: Context, *values: Any, **named: Any) -> Any:
        return said(*values, **named)

    return asked
