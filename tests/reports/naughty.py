"""A file with the naughtiest cells, and what a program that took them at their word would do."""

import csv
import io
import socket
import threading
from contextlib import contextmanager

FORMULAS = [
    '=HYPERLINK("http://{0}/f")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\uff1d1+1",
    "x;=1+1;y",
    " =1+1",
]
MARKUP = [
    "<img src=http://{0}/img>",
    "<link rel=stylesheet href=http://{0}/css>",
    "<link rel=attachment href=file:///etc/passwd>",
    "<style>@import url(http://{0}/import)</style>",
    "<script src=http://{0}/js></script>",
    "</td></table><object data=http://{0}/object></object>",
    "{{{{7*7}}}}",
    "<svg><image href=http://{0}/svg></svg>",
]
FAMILY = "👩\u200d👩\u200d👧\u200d👦 Zoë"
ODD = [
    "\u202egnp.exe",
    FAMILY,
    "שלום עולם",
    "a\u0007b\u001b[31mred",
    "y" * 100_000,
    "two\nlines",
]


def cells(address: str) -> list[str]:
    return [cell.format(address) for cell in (*FORMULAS, *MARKUP)] + ODD


def table(address: str) -> str:
    """Each cell once as a name, and in rows that are invalid, so that every report shows it."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["Email", "First name", "=cmd|' /C calc'!A0"])
    for number, cell in enumerate(cells(address)):
        writer.writerow([f"p{number}@example.com", cell, cell])
        writer.writerow([cell[:200] if "@" not in cell else "nobody", "", cell])
    return stream.getvalue()


@contextmanager
def listener():
    """A server on loopback that counts who calls: address, and the list of calls."""
    calls: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def hear() -> None:
            while not stop.is_set():
                try:
                    caller, _ = server.accept()
                except TimeoutError:
                    continue
                with caller:
                    caller.settimeout(1)
                    calls.append(caller.recv(200))

        thread = threading.Thread(target=hear)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", calls
        stop.set()
        thread.join()
