"""The service and a simulated WeChat as tests of the web have them, and what is taken
from them: disk, file handles, time, database, Redis, the process itself."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.services.conftest import own_redis
from tests.support.journey import ENGLISH, Browser, Phone
from tests.web.conftest import (
    app,
    app_for,
    browser,
    browser_of,
    clock,
    lihua,
    log,
    settings_for,
    signed_in,
    simulator,
    xiaoming,
)

__all__ = [
    "app",
    "app_for",
    "browser",
    "browser_of",
    "clock",
    "lihua",
    "log",
    "own_redis",
    "settings_for",
    "signed_in",
    "simulator",
    "xiaoming",
]

SignsIn = Callable[[Browser, Phone], TestResponse]


@pytest.fixture
def signs_in() -> SignsIn:
    """`signs_in(browser, phone)`: the whole way, and the last answer of it."""

    def whole_way(browser: Browser, phone: Phone) -> TestResponse:
        started = browser.starts()
        return browser.returns(started, phone.confirms(started))

    return whole_way


def check_503(answer: TestResponse, log: Callable[[], list[dict]]) -> None:
    """A page of ours that says when to come back, and no trace in the log."""
    assert (answer.status_code, answer.mimetype) == (503, "text/html"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Request-Id"] in answer.text
    assert "Traceback" not in answer.text
    assert all("exception" not in line for line in log())


def stranger(app: Flask) -> Browser:
    """Another browser, in which nobody is signed in."""
    made = Browser(app)
    made.headers |= ENGLISH
    return made
