"""The API's document, `make openapi`: webapp/web/api/openapi.json."""

import json

from webapp.app import create_app
from webapp.prepare import NOWHERE
from webapp.web.api.documentation import DOCUMENT
from webapp.web.api.openapi import document


def described() -> str:
    """The document's text, of an app that is connected to nothing."""
    return json.dumps(document(create_app(NOWHERE)), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(described())
