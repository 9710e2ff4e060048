"""What no part of Rowcall can hold is refused here, before any view: in the address, the
headers and the form.
"""

from urllib.parse import urlsplit

from flask import Flask, Request, abort, request
from werkzeug.routing import IntegerConverter

from webapp.vocabulary.refusals import Refusal
from webapp.web.forms import UNSTORABLE, sent

PAGES_NAMED = ("Origin", "Referer")  # headers


class CheckedRequest(Request):
    """A request whose form holds only text that can be stored, with LF as its line ends.

    The check is made as the form is read, so it comes before everything that looks at a field.
    """

    def _load_form_data(self) -> None:
        if "form" in self.__dict__:
            return

        super()._load_form_data()
        form = self.__dict__["form"]

        # What is refused nothing may look at later.
        self.__dict__["form"] = self.parameter_storage_class()
        fields = [(name, text) for name, texts in form.lists() for text in texts]

        for name, text in fields:
            if UNSTORABLE.search(name) or UNSTORABLE.search(text):
                raise Refusal("unstorable_field", at=f"/{name}")

        self.__dict__["form"] = self.parameter_storage_class(
            (name, _with_lf(text)) for name, text in fields
        )


def _with_lf(text: str) -> str:
    """The text with LF as its only line end: browsers send CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class WholeNumber(IntegerConverter):
    """`<int:…>` in a route: ASCII digits, as many as PostgreSQL counts to in any case.

    Other addresses are not there (404). A limit of the converter would be looked at after the
    method, and another method than GET be told 405.
    """

    regex = "[0-9]{1,18}"


def register(app: Flask) -> None:
    """Have the app refuse odd text. Comes before every route and every other handler of requests.

    The class of requests is set by `receiving`, which builds on CheckedRequest.
    """
    app.url_map.converters["int"] = WholeNumber
    app.before_request(_refuse_odd_text)


def _refuse_odd_text() -> None:
    if UNSTORABLE.search(request.path):
        abort(404)

    for name, texts in sent.parameters().items():
        if any(UNSTORABLE.search(text) for text in (name, *texts)):
            raise Refusal("unstorable_address", at=name)

    for header in PAGES_NAMED:
        try:
            urlsplit(request.headers.get(header, ""))
        except ValueError:
            abort(400)
