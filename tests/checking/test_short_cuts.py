"""The quick ways to judge an address or a number say what the libraries say."""

import random

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from webapp.checking import emails, phones

NAMES = """
    example.com EXAMPLE.Com a.b.c.de x.local foo.test test arpa.com a.arpa x.onion localhost.com a.localhost
    xn--mnchen-3ya.de xn--a.de a--b.com ab--c.com münchen.de straße.de 1.2.3.4 a.c0m a.b1 -a.de a-.de a..de .de a_b.de
    \u212a.com \uff21\uff22.com
"""
DOMAINS = NAMES.split()
DOMAINS += [
    "a" * 63 + ".de",
    "a" * 64 + ".de",
    ".".join(["a" * 60] * 4) + ".de",
    "a." + "b" * 63,
    "a." + "b" * 64,
]
LOCAL = "abcXYZ019.-_+@'\"üß! K,;<>()[]"


@given(st.text(LOCAL, max_size=70), st.sampled_from(DOMAINS) | st.text(LOCAL, max_size=20))
@example("a" * 64, "example.com")
@example("a" * 65, "example.com")
@example("a" * 60, ".".join(["b" * 60] * 3) + ".com")
@settings(max_examples=examples(400, 1500), deadline=None)
def test_addresses_are_judged_as_the_library_does(local, domain):
    address = f"{local}@{domain}"
    expected = emails.by_library(address) if len(address) <= emails.LONGEST else None
    assert emails.key_of(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "Anna.Berg.1@firm5834.example.com",
        "a_b+news@mail.bau-und-holz.co.uk",
        "o'neil@x1.example.museum",
    ],
)
def test_plain_addresses_do_not_need_the_library(address, monkeypatch):
    monkeypatch.setattr(emails, "by_library", pytest.fail)

    assert emails.key_of(address) == address.lower()


@given(st.text(LOCAL + ".-", max_size=80).filter(lambda text: "@" not in text))
@settings(max_examples=examples(150, 500), deadline=None)
def test_what_has_no_at_sign_is_no_address_to_the_library_either(text):
    assert emails.key_of(text) is emails.by_library(text) is None


@pytest.mark.parametrize(
    "tail", ["@example.com", "@" + "b" * 63 + ".com", "@x.onion", "@a-b.c-d.example.org"]
)
def test_long_addresses_are_judged_as_the_library_does(tail):
    """Around the length up to which an address can be a plain one."""
    for length in range(1, 80):
        address = "a" * length + tail
        assert emails.key_of(address) == emails.by_library(address), address


@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_read_as_the_library_does(seed):
    """Of every region and calling code: international, national, formatted, too short, with
    prefixes.
    """
    chance = random.Random(seed)  # noqa: S311 - the same numbers every time
    quick = 0
    for number in range(6_000):
        text, region = (international if number % 2 else national)(chance)
        found = phones._plainly(text, region)
        if found is not None:
            quick += 1
            assert found == phones.by_library.__wrapped__(text, region), (text, region)
    assert quick > 1_000


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def international(chance: random.Random) -> tuple[str, str | None]:
    text = f"+{chance.choice(CODES)}{digits(chance)}"
    example_number = phonenumbers.example_number(chance.choice(REGIONS))
    if example_number and chance.random() < 0.5:
        whole = phonenumbers.national_significant_number(example_number)
        prefix = chance.choice(["", "0", "(0)", "1", "8", "06"])
        text = f"+{example_number.country_code} {prefix}{whole[: chance.choice([None, -1])]}"
    return text, chance.choice([None, "DE", chance.choice(REGIONS)])


def national(chance: random.Random) -> tuple[str, str | None]:
    region = chance.choice(REGIONS)
    example_number = phonenumbers.example_number(region)
    if example_number and chance.random() < 0.5:
        text = phonenumbers.format_number(example_number, chance.choice([0, 1, 2]))
        return (text if chance.random() < 0.7 else text[:-1]), region
    return chance.choice(["", "0", "00", "1", "8", "06", "15", "011"]) + digits(chance), region


def digits(chance: random.Random) -> str:
    signs = chance.choice(["", " ", "-", ".", " ./()-"])
    return "".join(
        (chance.choice(signs) if signs and chance.random() < 0.2 else "")
        + chance.choice("0123456789")
        for _ in range(chance.randrange(1, 16))
    )


@given(
    st.text("+0123456789 ().-/xe,;#~٣", max_size=24),
    st.sampled_from(["DE", "US", "IT", "BR", None]),
)
@settings(max_examples=examples(400, 1500), deadline=None)
def test_anything_like_a_number_is_read_as_the_library_does(text, region):
    if text.strip():
        assert phones.read(text.strip(), region) == phones.by_library.__wrapped__(
            text.strip(), region
        )
