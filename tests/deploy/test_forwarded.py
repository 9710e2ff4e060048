"""What is believed of the headers that a proxy adds: addresses, the host and the path."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.harness.web import Page

SITE = "https://rowcall.example"


def forwarded(client: str, **more: str) -> dict[str, str]:
    """The headers that the proxy sends for a client's address."""
    headers = {"X-Forwarded-For": client, "X-Forwarded-Proto": "https"}
    return headers | {"X-Forwarded-Host": "rowcall.example"} | more


def failures(app, addresses: list[str]) -> list[int]:
    """The statuses of one wrong sign-in from each address, for an account of its own each time."""
    browser = app.test_client()
    statuses = []

    for number, address in enumerate(addresses):
        headers = forwarded(address, Referer=f"{SITE}/sign-in")
        page = browser.get("/sign-in", headers=headers, base_url=SITE)
        form = {"email": f"n{number}@example.com", "password": "wrong, all along"}
        form["csrf_token"] = Page(page.text).tokens[0]
        answer = browser.post("/sign-in", data=form, headers=headers, base_url=SITE)
        statuses.append(answer.status_code)

    return statuses


@pytest.mark.usefixtures("people")
def test_each_client_behind_the_proxy_has_a_sign_in_limit_of_its_own(make_app):
    app = make_app(public_url=SITE)
    assert 429 in failures(app, ["198.51.100.1"] * 40)
    others = [f"198.51.100.{number}" for number in range(2, 32)]
    assert failures(app, others) == [401] * len(others)


@pytest.mark.usefixtures("people")
def test_an_address_that_the_client_claims_does_not_pass_the_limit(make_app):
    app = make_app(public_url=SITE)
    claimed = [f"203.0.113.{number}, 198.51.100.1" for number in range(40)]
    assert 429 in failures(app, claimed)


@pytest.mark.usefixtures("people")
def test_without_a_proxy_no_forwarded_address_is_believed(make_app):
    app = make_app()
    assert 429 in failures(app, [f"203.0.113.{number}" for number in range(40)])


@pytest.mark.usefixtures("people")
def test_with_no_proxy_in_front_of_a_public_site_none_is_believed_either(make_app):
    app = make_app(public_url=SITE, trusted_proxies=0)
    assert 429 in failures(app, [f"203.0.113.{number}" for number in range(40)])


@pytest.mark.usefixtures("people")
def test_with_two_proxies_the_client_is_the_second_address_from_the_right(make_app):
    app = make_app(public_url=SITE, trusted_proxies=2)
    outer = [f"203.0.113.{number}, 198.51.100.1, 192.0.2.7" for number in range(40)]
    assert 429 in failures(app, outer)
    assert failures(app, ["198.51.100.2, 192.0.2.7"]) == [401]


@pytest.mark.parametrize("host", ["evil.example", "x" * 300, "rowcall.example:99999", "a b"])
def test_a_host_that_is_not_ours_is_refused(make_app, host):
    headers = forwarded("198.51.100.1") | {"X-Forwarded-Host": host}
    answer = make_app(public_url=SITE).test_client().get("/sign-in", headers=headers)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert answer.text == "This site does not answer under that name.\n"


@pytest.mark.parametrize("host", ["rowcall.example", "localhost:8000", "127.0.0.1:8000"])
def test_our_host_and_the_machine_itself_are_answered(make_app, host):
    headers = forwarded("198.51.100.1") | {"X-Forwarded-Host": host}
    answer = make_app(public_url=SITE).test_client().get("/healthz", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"SCRIPT_NAME": "/elsewhere"},
        {"SCRIPT_NAME": "/imports"},
        {"PATH_INFO": "/healthz"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "http"},
    ],
    ids=str,
)
def test_the_web_process_itself_believes_no_forwarded_header(live_server, headers):
    parts = urlsplit(live_server)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request("GET", "/imports", headers=headers)
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    assert (answer.status, answer.headers["Location"]) == (302, "/sign-in?next=/imports")


def test_a_forged_header_changes_nothing_behind_nginx(site):
    here = site()
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "//evil.example",
        "X-Forwarded-Proto": "http",
    }
    answer = here.visitor().get("/imports", headers=forged, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=/imports")
    page = here.visitor().get("/sign-in", headers=forged)
    assert "evil.example" not in page.text
    assert "Secure" in page.headers["Set-Cookie"]
