"""The one catalogue of sentences, looked up by gettext under their English text.

`rowcall.pot` beside this file lists them for a translator; `make catalogue` writes it anew. A
language is one file of `languages`, its translation, from which numbers and dates take their form
as well. English needs none.

Which language is in use is known for each request, job and thread alone. It is English until
something else is said: what programs read, what is kept and what is logged stays English.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import NullTranslations

from webapp.vocabulary import languages

ENGLISH = "en"
translations = NullTranslations()  # of English
_language = ContextVar("language", default=ENGLISH)


@dataclass(frozen=True)
class Message:
    """`title` names the problem in a few words; `instruction` says what to do. {facts} are
    filled in.

    The title is "" where the instruction alone says it all. `fault` says of one value what is wrong
    with it, where the instruction does not. `counted` is the title behind a number, of one and of
    several.
    """

    title: str
    instruction: str
    fault: str = ""
    counted: tuple[str, str] | None = None


def language() -> str:
    """The code of the language in use, for the `lang` of a page."""
    return _language.get()


def speak(code: str) -> None:
    """Use this language from here on, in this request, job or thread."""
    _language.set(code)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Use this language for a while."""
    before = _language.set(code)
    try:
        yield
    finally:
        _language.reset(before)


def _in_use() -> NullTranslations:
    code = _language.get()
    return translations if code == ENGLISH else languages.translations(code)


def gettext(text: str) -> str:
    """The text in the language in use. "" stays: in a catalogue it is the head."""
    return _in_use().gettext(text) if text else ""


def ngettext(one: str, several: str, count: int) -> str:
    """The text for this many, in the language in use."""
    return _in_use().ngettext(one, several, count)


def pgettext(context: str, text: str) -> str:
    """The text in the language in use, where the same English text has several meanings."""
    return _in_use().pgettext(context, text)


def npgettext(context: str, one: str, several: str, count: int) -> str:
    """The text for this many, where the same English text has several meanings."""
    return _in_use().npgettext(context, one, several, count)


def gettext_noop(text: str) -> str:
    """The English text itself: the call marks it for the catalogue, and it is looked up later."""
    return text


def ngettext_noop(one: str, several: str) -> tuple[str, str]:
    """Both English texts, marked for the catalogue and looked up later."""
    return one, several


# How a language writes: each is translated by what the same looks like there.


def direction() -> str:
    """Where lines begin: `ltr` on the left, `rtl` on the right."""
    # Translators: rtl where lines begin on the right, as in Arabic and Hebrew.
    return "rtl" if pgettext("direction of writing", "ltr") == "rtl" else "ltr"


def written(number: str) -> str:
    """A number as Python writes it with its thousands apart, 1,234.5, as the language does."""
    # Translators: the same number as you write it: 1.234,5 or 1 234,5
    sample = pgettext("a number", "1,234.5")
    signs = re.fullmatch("1(.?)234(.)5", sample)
    if sample == "1,234.5" or signs is None:
        return number

    thousands, point = signs.groups()
    return number.replace(",", "\0").replace(".", point).replace("\0", thousands)


def within(label: str) -> str:
    """The name of a field within a sentence: English writes it small, German does not."""
    # Translators: "as it stands" where the name of a field keeps its capital within a sentence.
    small = pgettext("the name of a field within a sentence", "in lower case")
    return label.lower() if small == "in lower case" else label
