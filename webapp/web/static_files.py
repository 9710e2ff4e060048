"""Style sheets, scripts and icons, as a slow line wants them: compressed, and asked for once.

The address of a file carries a digest of what it holds. So a browser keeps it for a year without
asking again, and a changed file has another address. Pages are not compressed: they hold a form's
token beside words of the request, and the length of a compressed page can tell of such a token.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

ENDPOINT = "static"
COMPRESSED = {".css", ".js", ".svg"}
SECONDS = 365 * 24 * 3600
DIGITS = 12  # of the digest


def register(app: Flask) -> None:
    """Put the digest into the addresses, and answer for the files."""
    app.url_defaults(_digest_in_address)
    app.after_request(_answer)


def _digest_in_address(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint != ENDPOINT or "filename" not in values:
        return

    file = _file(values["filename"])
    if file.is_file():
        values.setdefault("v", _digest(file, file.stat().st_mtime_ns))


def _file(name: str) -> Path:
    return Path(current_app.static_folder or "") / name


@lru_cache(maxsize=64)
def _digest(file: Path, changed: int) -> str:  # noqa: ARG001 - a changed file is read anew
    return hashlib.sha256(file.read_bytes()).hexdigest()[:DIGITS]


@lru_cache(maxsize=64)
def _compressed(file: Path, changed: int) -> bytes:  # noqa: ARG001
    return gzip.compress(file.read_bytes(), 9, mtime=0)


def _answer(response: Response) -> Response:
    if request.endpoint != ENDPOINT or response.status_code not in {200, 304}:
        return response

    file = _file((request.view_args or {})["filename"])
    changed = file.stat().st_mtime_ns
    if request.query_string == f"v={_digest(file, changed)}".encode():
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = SECONDS
        response.cache_control.immutable = True

    if file.suffix not in COMPRESSED:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings["gzip"] > 0:  # noqa: PLR2004
        response.direct_passthrough = False
        response.set_data(_compressed(file, changed))
        response.content_encoding = "gzip"
        # Its bytes are others than the plain file's, of which the tag tells.
        response.set_etag(response.get_etag()[0] or "", weak=True)

    return response
