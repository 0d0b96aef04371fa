"""Fault F10: the clock of the server is set, forward or back, in the middle of it."""

import pytest

from tests.support.journey import EXCHANGE, calls
from wxlogin.security.signing import STATE_SECONDS

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize("jump", [-9 * MINUTE, -1, 1, 9 * MINUTE])
def test_a_login_under_way_ends_well(browser, xiaoming, clock, jump: int) -> None:
    started = browser.starts()
    code = xiaoming.confirms(started)
    clock.shift(jump)
    answer = browser.returns(started, code)
    assert answer.status_code == 303, answer.text
    assert browser.who()["nickname"] == "小明😀"


@pytest.mark.parametrize("jump", [-24 * HOUR, STATE_SECONDS + MINUTE])
def test_one_that_seems_of_another_time_starts_again(
    browser, xiaoming, simulator, clock, jump
) -> None:
    """By a page; WeChat is not asked."""
    started = browser.starts()
    code = xiaoming.confirms(started)
    clock.shift(jump)
    assert browser.returns(started, code).status_code == 400
    assert calls(simulator, EXCHANGE) == []
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


@pytest.mark.parametrize("jump", [-9 * MINUTE, -1, 10 * MINUTE, 24 * HOUR])
def test_a_session_goes_on(signed_in, clock, jump: int) -> None:
    clock.shift(jump)
    assert signed_in.get("/api/me").status_code == 200
    clock.shift(-jump)
    assert signed_in.get("/api/me").status_code == 200


def test_what_waits_for_wechat_waits_no_longer(browser, xiaoming, simulator, clock):
    """The budget of a login is of the monotonic clock."""
    simulator.world.switch(latency_ms=100)
    started = browser.starts()
    code = xiaoming.confirms(started)
    deadline = browser.app.extensions["wxlogin.service"].wechat.deadline()
    clock.shift(HOUR)
    assert deadline.remaining() > 1
    clock.shift(-HOUR)
    assert browser.returns(started, code).status_code == 303
