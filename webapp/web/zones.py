"""The zone in which the person at hand tells the time, as the script of each page leaves it in a
cookie.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request

COOKIE = "zone"  # such as Europe/Berlin; no secret, and written by `app.js`
UTC = ZoneInfo("UTC")
LONGEST = 64  # characters of a zone's name


def of_reader() -> ZoneInfo:
    """The reader's zone; UTC on a first visit, without a script, and for a name that is no zone."""
    name = request.cookies.get(COOKIE, "")
    if not name or len(name) > LONGEST:
        return UTC

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
