"""Which language a request is answered in: the account's, else the browser's, else English.

Programs are answered in English; their Accept-Language does not count.
"""

from flask import Flask, Response, request
from flask_login import current_user

from webapp.vocabulary import languages
from webapp.vocabulary.catalogue import ENGLISH, speak
from webapp.web import access, problems


def register(app: Flask) -> None:
    """Choose the language before any other handler of requests can answer."""
    app.before_request(_choose)
    app.after_request(_tell)
    app.teardown_request(_forget)


def known(code: str) -> bool:
    """Whether an account may choose this language."""
    return code in offered()


def offered() -> dict[str, str]:
    """What an account can choose: what each language calls itself, by its code."""
    found = dict(languages.names())
    if access.settings().pseudo_language:
        found[languages.PSEUDO] = languages.PSEUDO

    return found


def _choose() -> None:
    """The browser's. That of the account takes its place as soon as the person is known."""
    speak(ENGLISH if problems.concerns_api() else _of_browser())


def _of_browser() -> str:
    """The first that it names and we have; `de` for `de-CH`, which is not ours."""
    ours = {code.lower(): code for code in offered()}
    for tag, quality in request.accept_languages:
        whole = tag.lower().replace("_", "-")
        found = ours.get(whole) or ours.get(whole.partition("-")[0])
        if found and quality:
            return found

    return ENGLISH


def of_account(code: str) -> None:
    """Answer this request in the language that the person chose, where they chose one."""
    if code and known(code) and not problems.concerns_api():
        speak(code)


def know_reader() -> None:
    """Find out who reads, before a text is looked up: a page without a sign-in did not ask yet."""
    _ = current_user.is_authenticated


def _tell(response: Response) -> Response:
    if response.mimetype == "text/html" and not problems.concerns_api():
        response.vary.add("Accept-Language")

    return response


def _forget(_error: BaseException | None) -> None:
    speak(ENGLISH)
