"""E-mail addresses: the key by which two spellings are the same address, or None for what is no address."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

LONGEST = 254
# The plain majority, RFC 5321's dot-string; anything else takes the library's slower way.
PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LONGEST_LOCAL = 64


def key_of(address: str) -> str | None:
    """The whole address in lower case, its domain as IDNA; dots and plus signs stay. None if it is no address."""
    if len(address) > LONGEST:
        return None
    local, _, domain = address.rpartition("@")
    if len(local) <= LONGEST_LOCAL and PLAIN.fullmatch(local):
        host = _domain(domain)
        return f"{local.lower()}@{host}" if host else None
    return _whole(address)


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> str | None:
    """The verdict on a domain, remembered: a file's domains repeat."""
    found = _whole(f"a@{domain}")
    return found.rpartition("@")[2] if found else None


def _whole(address: str) -> str | None:
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return f"{found.local_part.lower()}@{found.ascii_domain.lower()}"
