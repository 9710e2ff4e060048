"""The style guide shows every piece, to administrators, and every icon that a page asks for is
there.
"""

import re
from pathlib import Path

import pytest

from webapp.reports.wording import segments
from webapp.web.presenting import disc_colour, initials

ROOT = Path(__file__).parent.parent.parent
MACRO = re.compile(r"\{% macro (\w+)\(")
ICON = re.compile(r"""(?:icon|icon_box|door|empty)\("([\w-]+)\"""")
ICONS = set(
    re.findall(
        r'<symbol id="([\w-]+)"', (ROOT / "static/vendor/lucide-1.62.0.svg").read_text()
    )
)


def test_every_piece_is_shown(sign_in):
    page = sign_in("admin").get("/styleguide").text
    shown = set(" ".join(re.findall(r'data-piece="([^"]+)"', page)).split())
    pieces = set(MACRO.findall((ROOT / "templates/partials/pieces.html").read_text()))
    assert pieces <= shown
    assert all(f"#{name}" in page for name in ICONS)


def test_only_administrators_see_it(owner, viewer):
    owner.get("/styleguide", status=403)
    viewer.get("/styleguide", status=403)


def test_every_icon_of_a_template_is_in_the_sprite():
    asked = {
        name
        for path in (ROOT / "templates").glob("**/*.html")
        for name in ICON.findall(path.read_text())
    }
    assert asked
    assert asked <= ICONS


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Nora Whitfield", "NW"),
        ("Anna Maria van der Berg", "AB"),
        ("Prince", "P"),
        ("info@acme.example", "I"),
        ("nora.whitfield@acme.example", "NW"),
        ("łukasz šimek", "ŁŠ"),
        ("陳 大文", "陳大"),
        ("(+)", "?"),
        ("", "?"),
        (None, "?"),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_a_person_keeps_their_colour_under_another_name():
    assert disc_colour("Nora Whitfield", 7) == disc_colour("Nora Berg", 7)
    assert {disc_colour("", number) for number in range(100)} == set(range(8))


@pytest.mark.parametrize("small", [False, True])
def test_no_part_of_the_bar_is_too_thin_to_be_seen(small):
    pieces = segments(
        {"created": 99_990, "merged": 1, "invalid": 8, "failed": 1}, 100_000, small
    )
    pixels = (100 if small else 358) / 1000
    assert all(piece.width * pixels >= (4 + 1 if small else 4 + 2) for piece in pieces)
    assert sum(piece.width for piece in pieces) == pytest.approx(1000, abs=1)
