"""Faults F14 and F20: the worker is killed in the middle of a sign-in.

At each statement, each commit, and before and after each call of WeChat's, in turn.
Whatever it was, the person signs in after starting again once, as one person, and
nothing is half written.
"""

import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import sqlalchemy as sa
from flask import Flask

from tests.faults.conftest import stranger
from tests.support.journey import Browser, Started
from tests.support.people import check_invariants
from tests.support.records import stored
from wxlogin.db import db
from wxlogin.net.transport import Transport
from wxlogin.service import service_of

# More steps than a sign-in takes.
MANY = 60
# Seconds that a worker may hold an attempt; see service.once.
LEASE = 4


def killed_at(number: int, app: Flask, act: Callable[[], object]) -> bool:
    """Runs `act` in a process that dies at its step `number`; False if it was over
    before."""
    with app.app_context():
        db.engine.dispose()
    service_of(app).wechat._api._transport.close()
    with warnings.catch_warnings():
        # The child uses none of the threads that the test has.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            _die_at(number, app)
            act()
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _die_at(number: int, app: Flask) -> None:
    left = number

    def step(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    asks = Transport._try

    def asked(self: Transport, *given):  # type: ignore[no-untyped-def]
        step()
        answer = asks(self, *given)
        step()
        return answer

    Transport._try = asked  # type: ignore[method-assign]
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", step)
        sa.event.listen(db.engine, "commit", step)


def comes_back(browser: Browser, started: Started, code: str) -> int:
    return browser.returns(started, code).status_code


def test_at_any_step_one_start_again_is_enough(app, xiaoming, clock) -> None:
    for number in range(1, MANY):
        browser = stranger(app)
        started = browser.starts()
        code = xiaoming.confirms(started)
        url = started.with_code(code)
        dead = killed_at(number, app, partial(browser.get, url))
        if not dead:
            break
        with app.app_context():
            check_invariants()
        # The lease of the dead worker is over.
        clock.shift(LEASE + 1)
        # The browser's own reload: signed in, or told to start again.
        again = comes_back(browser, started, code)
        assert again in (303, 400), f"step {number}: {again}"
        if again == 400:
            started = browser.starts()
            assert comes_back(browser, started, xiaoming.confirms(started)) == 303
        assert browser.who()["nickname"] == "小明😀", f"step {number}"
    assert not dead and number > 10
    assert len(stored(app)["users"]) == 1
