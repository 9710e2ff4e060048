"""The one catalogue of sentences, looked up by gettext under their English text.

`rowcall.pot` beside this file lists them for a translator; `make catalogue` writes it anew.
English, the only language so far, needs no translation.
"""

from dataclasses import dataclass
from gettext import NullTranslations

translations = NullTranslations()


@dataclass(frozen=True)
class Message:
    """`title` names the problem in a few words; `instruction` says what to do. {facts} are
    filled in.

    The title is "" where the instruction alone says it all.
    """

    title: str
    instruction: str


def gettext(text: str) -> str:
    """The text in the language in use. "" stays: in a catalogue it is the head."""
    return translations.gettext(text) if text else ""


def ngettext(one: str, several: str, count: int) -> str:
    """The text for this many, in the language in use."""
    return translations.ngettext(one, several, count)


def pgettext(context: str, text: str) -> str:
    """The text in the language in use, where the same English text has several meanings."""
    return translations.pgettext(context, text)


def gettext_noop(text: str) -> str:
    """The English text itself: the call marks it for the catalogue, and it is looked up later."""
    return text


def ngettext_noop(one: str, several: str) -> tuple[str, str]:
    """Both English texts, marked for the catalogue and looked up later."""
    return one, several


def language() -> str:
    """The code of the language in use, for the `lang` of a page."""
    return translations.info().get("language", "en")
