"""The API's description: as a document for machines, and the page that shows it.

`make openapi` has written it to openapi.json; openapi.py says how.
"""

import json
from pathlib import Path
from typing import Any

from flask import current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from webapp.web import problems
from webapp.web.api import (
    bulk_acts,
    conflicts,
    contacts,
    corrections,
    duplicates,
    imports,
    mappings,
    plans,
    possible_matches,
    reports,
    uploads,
)

DOCUMENT = Path(__file__).parent / "openapi.json"
blueprint = imports.blueprint
# Whose views the blueprint has.
ROOMS = (
    *(imports, plans, uploads, conflicts, corrections, reports),
    *(contacts, bulk_acts, duplicates, mappings, possible_matches),
)


@blueprint.get("/openapi.json")
def openapi_document() -> ResponseReturnValue:
    """The whole API, as described by its own views."""
    return jsonify(_described())


@blueprint.get("/docs")
def documentation() -> str:
    plain = {status: problems.plain_words(status) for status in problems.CODES}
    return render_template("api/docs.html", api=_described(), problems=plain)


def _described() -> dict[str, Any]:
    """The document, with the path at which this installation answers."""
    servers = [{"url": current_app.extensions["rowcall"].url_path or "/"}]
    return {**json.loads(DOCUMENT.read_text()), "servers": servers}
