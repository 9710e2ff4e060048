"""Style sheets, scripts and icons: compressed, kept for a year at an address that changes with
them.
"""

import gzip
import re

import pytest


@pytest.fixture
def address(owner):
    """The style sheet's, as a page names it."""
    found = re.search(r'href="(/static/app\.css\?v=[0-9a-f]+)"', owner.get("/imports").text)
    return found[1]


def test_a_file_is_kept_for_a_year_at_the_address_that_names_what_it_holds(owner, address):
    kept = owner.get(address).headers["Cache-Control"]
    assert "immutable" in kept
    assert "max-age=31536000" in kept
    for other in ("/static/app.css", "/static/app.css?v=0123456789ab"):
        assert "immutable" not in owner.get(other).headers["Cache-Control"]


def test_a_file_comes_compressed_to_those_that_take_it(owner, address):
    plain = owner.client.get(address, headers={"Accept-Encoding": "identity"})
    small = owner.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 3
    for answer in (plain, small):
        assert "Accept-Encoding" in answer.headers["Vary"]

    again = {"Accept-Encoding": "gzip", "If-None-Match": small.headers["ETag"]}
    assert owner.client.get(address, headers=again).status_code == 304


def test_a_page_has_no_indentation(owner):
    assert not re.search(r"^[ \t]", owner.get("/imports").text, re.MULTILINE)
