"""Hostile names in a real browser: shown as text, never run."""

import pytest

from tests.support import journey
from tests.support.names import expected
from tests.support.vectors import NICKNAMES

# The session's cookie, from a browser without scripts to the real one.
COOKIE = "wxlogin_session"


@pytest.fixture
def signed_in(service, simulator):
    """小明 in a browser without scripts; the real one takes over the session."""
    browser = journey.Browser(service.app)
    started = browser.starts()
    code = journey.Phone(simulator, "xiaoming").confirms(started)
    assert browser.returns(started, code).status_code == 303
    return browser


def test_a_name_is_shown_and_never_run(service, simulator, window, signed_in):
    """security row 92"""
    page = window(locale="en-GB")
    page.context.add_cookies(
        [{"name": COOKIE, "value": signed_in.cookies()[COOKIE], "url": service.url}]
    )
    happened: list[str] = []
    page.on("dialog", lambda dialog: (happened.append("dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: happened.append(f"error: {error}"))
    page.on("console", lambda message: happened.append(message.text))
    before = "小明😀"
    for name in NICKNAMES:
        simulator.world.switch(nickname=name)
        assert signed_in.post("/me/profile").status_code == 303
        # A name that is none leaves the one before.
        before = expected(name) or before
        page.goto(f"{service.url}/me")
        assert page.locator("h1 bdi").evaluate("e => e.textContent") == before
        assert page.title() == "My account"
        assert page.locator("h1 bdi > *").count() == 0
    page.goto(f"{service.url}/login")
    assert page.locator("bdi").evaluate("e => e.textContent") == before
    assert happened == []
