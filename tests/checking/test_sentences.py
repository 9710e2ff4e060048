"""Every code has its sentence, and every sentence is an instruction."""

import ast
import gettext
import re
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import webapp
from tests.house import catalogue as template
from webapp.reading import file_kinds
from webapp.reports import summary
from webapp.vocabulary import catalogue, languages, messages
from webapp.vocabulary.catalogue import speaking
from webapp.vocabulary.fields import TARGETS
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

ROOM = Path(webapp.__file__).parent
SAY_CODES = {"Refusal", "Problem"}
CODE = re.compile("[a-z]+(_[a-z]+)*")


def codes_of_the_room() -> set[str]:
    """Texts given to what carries a code, and those that stand in the tables and conditions
    beside it.
    """
    found = {code for _, code in (*file_kinds.MAGIC, *file_kinds.BINARY_MAGIC)}
    for path in [*ROOM.glob("*.py"), *ROOM.glob("[!w]*/*.py"), *ROOM.glob("web/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in SAY_CODES and node.args:
                found |= {
                    part.value
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and CODE.fullmatch(part.value)
                }
            named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "")
            if path.parent.name == "intake" and named in {"code", "problem", "problems"}:
                found |= {
                    part.value
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant) and part.value
                }
    return {code for code in found if isinstance(code, str) and "_" in code}


def test_every_code_has_a_sentence():
    codes = codes_of_the_room() | {
        "undecodable",
        "damaged_characters",
        "row_too_long",
        "cell_too_long",
    }
    assert len(codes) > 30
    assert codes - set(messages.MESSAGES) == set()


@pytest.mark.parametrize("code", messages.MESSAGES)
def test_sentences_are_plain(code):
    sentence = messages.MESSAGES[code]
    both = f"{sentence.title} {sentence.instruction}"
    assert not re.search(
        r"please|success|sorry|oops|!|invalid input|\berror\b", both, re.IGNORECASE
    )
    assert not sentence.title.endswith(".")
    assert sentence.instruction.endswith(".")
    assert sentence.instruction[0].isupper()


def test_facts_are_filled_in():
    assert (
        messages.instruction("no_identity", row=14)
        == "Give row 14 an e-mail, a phone or a name."
    )
    too_long = {"code": "too_long", "field": "first_name"}
    assert (
        messages.of_problem(too_long, 14)
        == "Shorten the first name to at most 200 characters."
    )
    assert "10,000 characters" in messages.of_problem({**too_long, "field": "custom:Shoe"}, 14)
    assert (
        messages.instruction("no_identity") == "Give these rows an e-mail, a phone or a name."
    )
    assert (
        messages.instruction("too_long")
        == "Shorten the value to at most the allowed number of characters."
    )
    assert messages.instruction("unheard_of") == "unheard_of"


def test_sentences_are_messages_of_gettext(monkeypatch):
    """Each is looked up under its English text before the facts are filled in."""
    asked = []

    class German(gettext.NullTranslations):
        def gettext(self, message):
            asked.append(message)
            return message.replace(
                "The file has more than {limit} rows", "Die Datei hat mehr als {limit} Zeilen"
            )

    monkeypatch.setattr(catalogue, "translations", German())
    assert messages.title("too_many_rows", limit="9") == "Die Datei hat mehr als 9 Zeilen"
    for code in messages.MESSAGES:
        messages.whole(code)
    texts = {
        text
        for message in messages.MESSAGES.values()
        for text in (message.title, message.instruction)
    }
    assert texts - {""} == set(asked) - set(messages.OF_MANY.values())


def test_the_catalogue_for_translators_is_up_to_date():
    assert template.CATALOGUE.read_text() == template.catalogue(), "make catalogue"


def test_a_title_behind_a_number_agrees_with_it():
    assert messages.counted("email_no_at", 1) == "e-mail has no @"
    assert messages.counted("email_no_at", 9) == "e-mails have no @"
    assert messages.counted("database_error", 1) == "row: The database refused the row"
    assert messages.counted("database_error", 2) == "rows: The database refused the row"
    with speaking("de"):
        assert messages.counted("date_unreadable", 12) == "Geburtstage sind kein Datum"


def test_the_catalogue_has_the_texts_of_every_closed_list():
    with template.CATALOGUE.open("rb") as file:
        kept = {
            text
            for entry in read_po(file)
            for text in (entry.id if isinstance(entry.id, tuple) else (entry.id,))
        }

    of_one = list(messages.MESSAGES.values())
    shown = {text for message in of_one for text in astuple(replace(message, counted=None))}
    shown = (shown - {None}) | {text for message in of_one for text in message.counted or ()}
    shown |= {field.english for field in TARGETS.values()}
    shown |= {text for strategy in Strategy for text in strategy.texts}
    shown |= {word for outcome in Outcome for word in outcome.words}
    shown |= {text for state in State for text in (state.facts.label, state.facts.sentence)}
    assert shown - kept == set()


def test_a_headline_is_in_the_language_in_use(monkeypatch, importer, session):
    class German(gettext.NullTranslations):
        def ngettext(self, _one, several, _count):
            return several.replace("All {total} contacts are in.", "Alle {total} sind da.")

    done = importer.execute(importer.check("Email\na@example.com\nb@example.com").id, "skip")
    assert summary.report(session, done.id).headline == "All 2 contacts are in."
    monkeypatch.setattr(catalogue, "translations", German())
    assert summary.report(session, done.id).headline == "Alle 2 sind da."


PLACES = re.compile(r"\{\w*\}|%\(\w+\)s|</?\w+[^>]*>")


def forms(texts: str | tuple[str, ...]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


@pytest.mark.parametrize("code", languages.codes())
def test_a_language_has_every_text_with_its_facts(code):
    """No text lacks a translation, and each names the facts that the English one names; one for a
    single thing may leave its number out.
    """
    with template.CATALOGUE.open("rb") as file:
        texts = [message for message in read_po(file) if message.id]
    with (template.LANGUAGES / f"{code}.po").open("rb") as file:
        said = read_po(file)

    missing, wrong = [], []
    for text in texts:
        english = forms(text.id)
        found = said.get(english[0], text.context)
        if (
            found is None
            or not all(forms(found.string))
            or len(forms(found.id)) != len(english)
        ):
            missing.append(text.id)
            continue
        may, must = ({*PLACES.findall(one)} for one in ("".join(english), english[-1]))
        ours = [{*PLACES.findall(one)} for one in forms(found.string)]
        if not must <= ours[-1] or not all(one <= may for one in ours):
            wrong.append((text.id, found.string))

    assert (missing, wrong) == ([], [])


@pytest.mark.parametrize("code", languages.codes())
def test_a_languages_file_is_read_as_babel_reads_it(code):
    with (template.LANGUAGES / f"{code}.po").open("rb") as file:
        entries = [entry for entry in read_po(file) if entry.id]
    found = languages.translations(code)

    for entry in entries:
        english, ours = forms(entry.id), forms(entry.string)
        for count, wanted in zip((1, 2), (ours[0], ours[-1]), strict=True):
            if entry.context:
                assert found.pgettext(entry.context, english[0]) == wanted
            elif len(english) > 1:
                assert found.ngettext(*english, count) == wanted
                assert found.gettext(english[0]) == ours[0]
            else:
                assert found.gettext(english[0]) == wanted
