"""The environment, read once into one frozen value."""

import ipaddress
import os
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from webapp import limits
from webapp.limits import MEBIBYTE

SHORTEST_KEY = 32  # characters
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
ADDRESSES = {  # the schemes of each, and how one is written
    "database_url": (("postgresql", "postgres"), "postgresql://user:password@host/name"),
    "redis_url": (
        ("redis", "rediss", "unix"),
        "redis://:password@host:6379/0 or unix:///path",
    ),
    "public_url": (("http", "https"), "https://import.example.com"),
}


class Misconfigured(Exception):  # noqa: N818 - told to the administrator as it is
    """A setting with which Rowcall does not start."""


class Settings(BaseModel):
    """Everything an administrator can set.

    Names in the environment are upper case; that of `var` is ROWCALL_VAR.

    Times are in seconds, sizes in the unit that the name says. Raises Misconfigured, a sentence for
    each value that cannot be used.
    """

    # pydantic-settings would do no more than `_environment`, for a megabyte in every process.
    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True)

    database_url: str = ""
    redis_url: str = ""
    secret_key: str = ""
    public_url: str = ""
    trusted_proxies: Annotated[int | None, Field(ge=0)] = None  # see `proxies`
    smtp_url: str = ""
    mail_from: str = "rowcall@localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    var: Annotated[Path, Field(alias="ROWCALL_VAR")] = Path("var")

    max_upload_mb: Count = limits.UPLOAD_MEBIBYTES
    max_rows: Count = limits.ROWS
    max_columns: Count = limits.COLUMNS
    max_cell_chars: Count = limits.CELL_CHARS
    retention_days: Count = 30  # taken over by `rowcall migrate`: see retention/expiry.py
    uploads_per_minute: Count = limits.UPLOADS_PER_MINUTE  # for each person
    pending_uploads: Count = (
        limits.PENDING_UPLOADS
    )  # that one person may have brought and neither run nor discarded

    # More contacts than that are changed only when another person approves it; None: no approval.
    approval_above: Annotated[int | None, Field(ge=0)] = None

    # Connections that one client address may have open; not counted behind a proxy.
    connections_per_address: Count = limits.CONNECTIONS_PER_ADDRESS
    max_streams: Count = (
        limits.STREAMS
    )  # open event streams and sockets in one web process; each holds a thread
    streams_per_user: Count = limits.STREAMS_PER_USER
    stream_seconds: Seconds = (
        limits.STREAM_SECONDS
    )  # then a stream is ended, and the watcher comes back
    page_size: Literal["A4", "Letter"] = "A4"
    # For developers: offer a made-up language that shows texts which were forgotten.
    pseudo_language: bool = False
    pdf_seconds: Count = (
        limits.PDF_SECONDS
    )  # the longest that rendering a PDF may take, and the most memory
    pdf_memory_mb: Count = limits.PDF_MEBIBYTES

    lease_seconds: Seconds = 15.0
    slice_seconds: Seconds = 2.0

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{**_environment(type(self)), **values})
        except ValidationError as error:
            raise Misconfigured("\n".join(map(_sentence, error.errors()))) from None

    @field_validator(*ADDRESSES)
    @classmethod
    def _is_address(cls, value: str, info: ValidationInfo) -> str:
        schemes, example = ADDRESSES[info.field_name or ""]
        try:
            url = urlsplit(value)
            names_a_place = url.hostname or (url.path and info.field_name != "public_url")
            readable = url.scheme in schemes and names_a_place and url.port != 0
        except ValueError:  # of the port, or of brackets
            readable = False

        if value and not readable:
            raise ValueError(f"write it as {example}")

        return value

    @property
    def site_url(self) -> str:
        """Where people reach the site, as the web process's settings have it; no slash at the
        end.
        """
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * MEBIBYTE

    @property
    def proxies(self) -> int:
        """How many proxies stand in front, one where PUBLIC_URL is set and nothing else is said.

        Each appends the address that it was asked from to X-Forwarded-For. What stands further to
        the left was sent by the client itself, and is not believed.
        """
        if self.trusted_proxies is not None:
            return self.trusted_proxies
        return 1 if self.public_url else 0

    @property
    def url_path(self) -> str:
        """The path of PUBLIC_URL, without a slash at its end: "" or as in "/rowcall"."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def heartbeat_seconds(self) -> float:
        """A third of the lease: two heartbeats may be lost before the lease is."""
        return self.lease_seconds / 3

    @property
    def sweep_seconds(self) -> float:
        return self.lease_seconds / 3


def _environment(settings: type[BaseModel]) -> dict[str, str]:
    """What the environment says of each setting, by the setting's name; blank says nothing."""
    names = {
        name: os.environ.get(field.alias or name.upper(), "")
        for name, field in settings.model_fields.items()
    }
    return {name: text for name, text in names.items() if text}


def _sentence(problem: Any) -> str:
    """What is wrong with one setting, from pydantic's entry for it.

    Addresses are not repeated: they hold passwords.
    """
    name = str(problem["loc"][0]).upper()
    facts = problem.get("ctx", {})
    match problem["type"]:
        case "value_error":
            return f"{name} cannot be read: {facts['error']}."
        case "int_parsing" | "int_from_float":
            wanted = "a whole number"
        case "greater_than_equal":
            wanted = f"at least {facts['ge']}"
        case "less_than_equal":
            wanted = f"at most {facts['le']}"
        case _:
            return f"{name} is {problem['input']!r}. {problem['msg']}."

    return f"{name} is {problem['input']!r}: set it to {wanted}."


def refuse_unsafe_start(settings: Settings) -> None:
    """Look at what the environment names before anything starts. A key that it leaves out is made.

    Raises Misconfigured.
    """
    if settings.secret_key:
        refuse_short_key(settings)
    refuse_open_queue(settings)
    refuse_bad_mail(settings)


def refuse_unusable(settings: Settings) -> None:
    """What the web process cannot serve with. Raises Misconfigured."""
    refuse_short_key(settings)
    if not settings.database_url or not settings.redis_url:
        raise Misconfigured("Set DATABASE_URL and REDIS_URL, or start Rowcall with make run.")
    refuse_unsafe_start(settings)


def refuse_short_key(settings: Settings) -> None:
    """Who guesses the key can sign in as any person.

    Raises Misconfigured for one that is too short.
    """
    if len(settings.secret_key) < SHORTEST_KEY:
        raise Misconfigured(f"Set SECRET_KEY to at least {SHORTEST_KEY} random characters.")


def refuse_open_queue(settings: Settings) -> None:
    """Who can write to the queue decides what workers do.

    Raises Misconfigured for one that strangers may reach.
    """
    queue = urlsplit(settings.redis_url)
    if not queue.password and _public(queue.hostname or ""):
        raise Misconfigured(
            "REDIS_URL is open to everybody: give it a password, a private address or a unix socket."
        )


def _public(host: str) -> bool:
    """Whether an address is one of the internet, or stands for all of this machine's.

    Names are not looked up.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False

    return address.is_global or address.is_unspecified


@dataclass(frozen=True)
class MailServer:
    """What SMTP_URL says.

    `tls` is "at once" (smtps://), "required" (STARTTLS or nothing) or "offered".
    """

    host: str
    port: int
    tls: Literal["at once", "required", "offered"]
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent to it never leaves the machine.

        Names but localhost are not looked up.
        """
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


MAIL_PORTS = {"smtp": 25, "smtps": 465}


def mail_server(settings: Settings) -> MailServer | None:
    """The server that takes mail, None where SMTP_URL is empty.

    Raises Misconfigured with a sentence.

    SMTP_URL is smtp://[user:password@]host[:port][?tls=required] or
    smtps://[user:password@]host[:port].
    """
    if not settings.smtp_url:
        return None

    try:
        url = urlsplit(settings.smtp_url)
        port = url.port
    except ValueError:
        raise Misconfigured(f"SMTP_URL cannot be read. {MAIL_ADVICE}") from None

    options = parse_qsl(url.query, keep_blank_values=True)
    if url.scheme not in MAIL_PORTS or not url.hostname or url.path.strip("/") or url.fragment:
        raise Misconfigured(f"SMTP_URL cannot be read. {MAIL_ADVICE}")
    if options not in ([], [("tls", "required")]):
        raise Misconfigured(
            "SMTP_URL takes one option only, ?tls=required: no mail goes out without TLS."
        )
    if url.password and not url.username:
        raise Misconfigured(f"SMTP_URL has a password and no user. {MAIL_ADVICE}")
    if not parseaddr(settings.mail_from)[1].count("@") or not settings.mail_from.isprintable():
        raise Misconfigured("MAIL_FROM is no address: set it as in rowcall@example.com.")

    return MailServer(
        host=url.hostname,
        port=port or MAIL_PORTS[url.scheme],
        tls="at once" if url.scheme == "smtps" else "required" if options else "offered",
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
    )


def refuse_bad_mail(settings: Settings) -> None:
    """Raises Misconfigured where SMTP_URL or MAIL_FROM cannot be used."""
    mail_server(settings)


MAIL_ADVICE = "Write it as smtp://user:password@host:587 or smtps://host; in a password, write @ as %40 and / as %2F."
