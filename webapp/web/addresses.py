"""Addresses that come from outside: which of them lead to a page of ours."""

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException


def own_page(target: str | None) -> str | None:
    """The path, with its query, of a page of ours that `target` names; None for anything else.

    `target` is a path below the site's prefix, as `request.full_path` has it. What is given back
    is for a Location header or a link: the prefix stands before it.
    """
    if not target or not target.startswith("/") or not target.isprintable():
        return None

    try:
        parts = urlsplit(target)
    except ValueError:
        return None

    if parts.scheme or parts.netloc or not _is_a_page(parts.path):
        return None

    query = f"?{parts.query}" if parts.query else ""

    return request.script_root + parts.path + query


def _is_a_page(path: str) -> bool:
    """Whether a GET of this very path has a view; one that would be redirected has none."""
    try:
        current_app.url_map.bind("localhost").match(path, method="GET")
    except HTTPException:
        return False

    return True


def page_before() -> str | None:
    """The page of ours that the browser came from, with its query, where it names one that can be
    opened again. A page that asks by htmx says itself which it is.
    """
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if page.netloc != request.host or not page.path.startswith(f"{request.script_root}/"):
        return None

    query = f"?{page.query}" if page.query else ""
    return own_page(page.path.removeprefix(request.script_root) + query)
