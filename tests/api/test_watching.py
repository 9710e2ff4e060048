"""The progress page in a real browser: the socket, polling without it, and the end."""

import re
import time

import pytest

from tests.api.conftest import people_table
from tests.harness.web import PASSWORD

pytestmark = pytest.mark.browser


class Watch:
    """A signed-in page, what it asked for over HTTP, and its sockets."""

    def __init__(self, page, address: str) -> None:
        self.page, self.address = page, address
        self.polls: list[float] = []
        self.requests: list[str] = []
        self.sockets = []
        page.on("request", self._note)
        page.on("websocket", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - Playwright marks handlers

    def _note(self, request) -> None:
        self.requests.append(request.url)
        if request.url.endswith("/fragment"):
            self.polls.append(time.monotonic())

    def sign_in(self, name: str = "owner") -> None:
        self.page.goto(f"{self.address}/sign-in")
        self.page.get_by_label("E-mail").fill(f"{name}@example.com")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/imports")

    def open(self, import_id: str) -> None:
        self.page.goto(f"{self.address}/imports/{import_id}/progress")

    def percent(self) -> float:
        return float(self.page.locator(".percent").inner_text().removesuffix("%"))

    def wait_for_percent_above(self, percent: float) -> None:
        self.page.wait_for_function(
            "least => { const e = document.querySelector('.percent'); return e && parseFloat(e.innerText) > least }",
            arg=percent,
        )

    def wait_for_push(self) -> None:
        """Until what stands on the page was pushed: it asks only when the socket is lost."""
        self.page.wait_for_function(
            "() => document.querySelector('#progress')?.getAttribute('hx-trigger')?.includes('ws:close')"
        )


@pytest.fixture
def watch(page, live_server):
    watching = Watch(page, live_server)
    watching.sign_in()
    return watching


@pytest.fixture
def running(wire, slow_batches):
    """An import at work, slow enough to be watched: about `seconds` for all of it."""

    def start(seconds: float) -> str:
        program = wire()
        import_id = program.ready(people_table(2000))
        slow_batches(seconds / 20)
        program.start(import_id)
        return import_id

    return start


def come_late(route) -> None:
    time.sleep(1)
    route.continue_()


def test_socket_moves_the_page_and_polling_rests(watch, running):
    watch.page.route("**/htmx-ext-ws-*", come_late)
    watch.open(running(20))
    watch.wait_for_push()
    polled = len(watch.polls)
    first = watch.percent()
    watch.wait_for_percent_above(first + 25)
    assert len(watch.sockets) == 1
    assert len(watch.polls) == polled
    assert re.match(r"[\d.]+% ", watch.page.title())
    assert re.fullmatch(
        r"\d?0 percent done", watch.page.locator("#progress [aria-live=polite]").inner_text()
    )
    assert len(watch.page.locator(".spark polyline").get_attribute("points").split()) > 2


def test_blocked_socket_leaves_polling_at_work(watch, running):
    watch.page.route_web_socket(re.compile("/live$"), lambda socket: socket.close())
    watch.open(running(20))
    watch.wait_for_percent_above(0)
    watch.wait_for_percent_above(watch.percent() + 20)
    assert len(watch.polls) > 1


def test_lost_socket_is_polled_for_until_it_is_back(watch, running):
    relays = []
    watch.page.route_web_socket(
        re.compile("/live$"),
        lambda socket: relays.append((socket, socket.connect_to_server())),
    )
    watch.open(running(30))
    watch.wait_for_push()
    before = len(watch.polls)
    relays[0][0].close(code=1012)
    watch.wait_for_percent_above(watch.percent() + 10)
    assert len(watch.polls) > before, "the loss was not polled for"
    watch.wait_for_push()
    assert len(relays) > 1
    polled = len(watch.polls)
    watch.wait_for_percent_above(watch.percent() + 10)
    assert len(watch.polls) <= polled + 1


@pytest.mark.parametrize("blocked", [False, True], ids=["socket", "polling"])
def test_end_turns_the_page_into_the_report_and_nothing_is_asked_after(
    watch, running, slow_batches, blocked
):
    if blocked:
        watch.page.route_web_socket(re.compile("/live$"), lambda socket: socket.close())
    import_id = running(60)
    watch.open(import_id)
    watch.wait_for_percent_above(0)
    slow_batches(0)
    watch.page.wait_for_url(f"**/imports/{import_id}/report", timeout=60_000)
    watch.page.wait_for_load_state("networkidle")
    asked, sockets = len(watch.requests), len(watch.sockets)
    watch.page.wait_for_timeout(5_000)
    assert watch.requests[asked:] == []
    assert len(watch.sockets) == sockets


def test_page_goes_on_by_reloading_without_scripts(
    chromium, live_server, running, slow_batches
):
    context = chromium.new_context(java_script_enabled=False)
    watching = Watch(context.new_page(), live_server)
    watching.sign_in()
    import_id = running(60)
    watching.open(import_id)
    assert watching.percent() < 100
    slow_batches(0)
    watching.page.wait_for_url(f"**/imports/{import_id}/report", timeout=60_000)
    context.close()
