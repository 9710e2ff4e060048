"""E-mail addresses: the key by which two spellings are the same address, or None for what is no address."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from webapp.folding import folded

LONGEST = 254
LONGEST_LOCAL = 64
LONGEST_PLAIN = (
    64  # so that neither the part before the @ nor a label of the domain can be too long
)
ATEXT = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# The plain majority, RFC 5321's dot-string at an ordinary domain; anything else takes the library's
# slower way, some 40 µs instead of half of one: names reserved for special use, Punycode,
# international addresses.
PLAIN = re.compile(
    rf"{ATEXT}(?:\.{ATEXT})*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++"
    r"(?!(?:arpa|invalid|local|localhost|onion)$)[a-z]{2,}"
)
ATOMS = re.compile(rf"{ATEXT}(?:\.{ATEXT})*", re.IGNORECASE | re.ASCII)


def key_of(address: str) -> str | None:
    """The whole address in lower case, its domain as IDNA; dots and plus signs stay.

    None if it is no address.
    """
    if len(address) > LONGEST or "@" not in address:
        return None
    if (
        len(address) <= LONGEST_PLAIN
        and address.isascii()
        and PLAIN.fullmatch(plain := folded(address))
    ):
        return plain

    local, _, domain = address.rpartition("@")

    if len(local) <= LONGEST_LOCAL and ATOMS.fullmatch(local):
        host = _domain(domain)
        key = f"{folded(local)}@{host}"
        return key if host and len(key) <= LONGEST else None

    return by_library(address)


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> str | None:
    """The verdict on a domain, remembered: a file's domains repeat."""
    found = by_library(f"a@{domain}")
    return found.rpartition("@")[2] if found else None


def by_library(address: str) -> str | None:
    """The key as the library alone would have it: what the short cuts above must agree with."""
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None

    return folded(f"{found.local_part}@{found.ascii_domain}")
