"""The bench's user with a browser."""

import re

from bench.house import House

PASSWORD = "a password for the bench alone"  # noqa: S105 - thrown away with its database


def cookie_of(house: House) -> str:
    """The bench's user, signed in."""
    from webapp.app import create_app  # noqa: PLC0415 - Flask, for this alone
    from webapp.web.passwords import hashed  # noqa: PLC0415

    house.conn.execute(
        "UPDATE users SET password_hash = %s WHERE id = %s", (hashed(PASSWORD), house.user_id)
    )
    app = create_app(house.settings)
    client = app.test_client()  # The bench's own process; what is measured is another.
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None, "the page to sign in has no token"
    form = {"email": "bench@example.com", "password": PASSWORD, "csrf_token": token[1]}
    client.post("/sign-in", data=form)
    cookie = client.get_cookie("rowcall")
    assert cookie is not None, "the bench could not sign in"
    return f"{cookie.key}={cookie.value}"
