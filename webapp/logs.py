"""What a process writes about an error: its kind and where it arose, never its text, which may
quote a person.

Only the standard library is loaded here.
"""

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

QUERY = re.compile(
    r"\?\S*"
)  # of an address: it may hold what a person searched for, or a token


def describe(error: BaseException) -> str:
    """The chain of an exception's kinds, oldest first, each with the lines that it came through."""
    parts: list[str] = []
    link: BaseException | None = error

    while link is not None and len(parts) < 10:  # noqa: PLR2004 - longer ones tell nothing more
        frames = "".join(traceback.format_tb(link.__traceback__))
        parts.append(f"{frames}{type(link).__module__}.{type(link).__qualname__}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)

    return "\n".join(reversed(parts))


def keep_values_out() -> None:
    """From here on nothing that this process logs or ends with quotes an exception's text or a
    query.
    """
    logging.setLogRecordFactory(_Record)
    sys.excepthook = _end
    threading.excepthook = lambda told: _end(
        told.exc_type, told.exc_value or told.exc_type(), None
    )
    sys.unraisablehook = lambda told: _end(
        told.exc_type, told.exc_value or told.exc_type(), None
    )


class _Record(logging.LogRecord):
    """A record whose exception is described already, so that no formatter quotes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[1]:
            self.exc_text = describe(self.exc_info[1])

        self.exc_info = None

        if self.name.startswith("gunicorn") and isinstance(self.args, tuple):
            self.args = tuple(
                type(value).__name__
                if isinstance(value, BaseException)
                else QUERY.sub("?…", value)
                if isinstance(value, str)
                else value
                for value in self.args
            )


def _end(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if not isinstance(error, SystemExit | KeyboardInterrupt):
        sys.stderr.write(f"{describe(error)}\n")
