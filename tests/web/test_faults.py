"""WeChat is ill, or the way to it is: each login still ends, soon and cleanly.

security rows 31 and 105, faults F1 to F9. A fault at the exchange ends on a page of
ours that says so, with nothing written and nothing lost but the code; one at the
profile costs a person we can place nothing but name and picture.
"""

import html
import socket
import time

import pytest

from tests.support.journey import CHINESE, ENGLISH, EXCHANGE, USERINFO, calls
from tests.support.records import stored
from wxlogin.net import breaker, names
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

BUDGET = 2.0
# What the machine may add to the budget.
GRACE = 1.0
FAULTS = (
    *("status:400", "status:404", "status:429", "status:500", "status:502"),
    *("status:503", "status:302", "status:307", "status:204"),
    *("html", "cut", "reset", "endless", "mute", "drip", "drip_headers"),
)
SORRY = {"zh": "微信暂时没有响应", "en": "WeChat is not answering"}


@pytest.fixture
def timed(browser):
    """Comes back from WeChat and checks how long that takes."""

    def returns(started, code, headers=CHINESE):
        begun = time.monotonic()
        answer = browser.get(started.with_code(code), headers=headers)
        assert time.monotonic() - begun < BUDGET + GRACE
        return answer

    return returns


def check_sorry(answer, language: str) -> None:
    """Our words, when to try again, and nothing of the answer or the network."""
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert SORRY[language] in html.unescape(answer.text)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Request-Id"] in answer.text
    for inner in ("Bad Gateway", "Traceback", "/sns/", "localhost:", "Error"):
        assert inner not in _without_frame(answer.text)


def _without_frame(text: str) -> str:
    # The strip of the simulator mode names its phone.
    return text.replace('<p class="strip">', "").partition("<main>")[2]


@pytest.mark.parametrize("mode", FAULTS)
def test_at_the_exchange(app, browser, xiaoming, simulator, timed, log, mode):
    before = stored(app)
    simulator.world.switch(body={"path": EXCHANGE, "mode": mode})
    started = browser.starts(next_url="/orders")
    code = xiaoming.confirms(started)
    log()
    check_sorry(timed(started, code), "zh")
    (line,) = [line for line in log() if line["event"] == "refused"]
    assert (line["app"], line["call"], line["sent"]) == ("web", "exchange", True)
    assert stored(app) == before
    simulator.world.switch(body=None)
    # WeChat may have seen the code: it is never sent again, another one is.
    assert timed(started, code).status_code == 400
    assert len(calls(simulator, EXCHANGE)) == 1
    answer = timed(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert browser.who()["nickname"] == "小明😀"


@pytest.mark.parametrize("mode", FAULTS)
def test_at_the_profile(browser, xiaoming, simulator, timed, mode):
    simulator.world.switch(body={"path": USERINFO, "mode": mode})
    started = browser.starts()
    assert timed(started, xiaoming.confirms(started)).status_code == 303
    who = browser.who()
    assert (who["nickname"], who["unionid"] is not None) == ("", True)
    assert browser.get("/me").status_code == 200


@pytest.mark.parametrize("mode", ["status:500", "html", "reset"])
def test_at_the_profile_of_somebody_we_cannot_place(
    app, browser, xiaoming, simulator, timed, mode
):
    before = stored(app)
    simulator.world.switch(drop_unionid=True, body={"path": USERINFO, "mode": mode})
    started = browser.starts()
    answer = timed(started, xiaoming.confirms(started), ENGLISH)
    check_sorry(answer, "en")
    assert stored(app) == before


@pytest.mark.parametrize("mode", ["status:500", "cut", "mute"])
def test_at_an_update_from_wechat(signed_in, simulator, mode):
    before = signed_in.who()
    simulator.world.switch(body={"path": USERINFO, "mode": mode})
    check_sorry(signed_in.post("/me/profile", headers=ENGLISH), "en")
    assert signed_in.who() == before


def test_both_calls_share_one_budget(browser, xiaoming, simulator, timed):
    """Each is within the budget, together they are not: the profile gives way."""
    simulator.world.switch(latency_ms=1200)
    started = browser.starts()
    assert timed(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["nickname"] == ""


def test_with_the_default_budget(app_for, browser_of, xiaoming, simulator):
    """security fault F3: the one test that waits for all of the eight seconds"""
    app = app_for(wechat_budget=8.0)
    browser = browser_of(app)
    simulator.world.switch(body={"path": EXCHANGE, "mode": "drip"})
    started = browser.starts()
    code = xiaoming.confirms(started)
    begun = time.monotonic()
    check_sorry(browser.get(started.with_code(code), headers=CHINESE), "zh")
    assert 7 < time.monotonic() - begun < 8 + GRACE


def test_a_slow_wechat_is_no_fault(browser, xiaoming, simulator, timed):
    simulator.world.switch(latency_ms=500)
    started = browser.starts()
    assert timed(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["nickname"] == "小明😀"


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_what_never_left_needs_no_new_scan(
    app_for, browser_of, xiaoming, simulator, closed_port
):
    """security fault F1: the code is as good as before, a reload signs in"""
    away = app_for(wechat_api_url=f"http://127.0.0.1:{closed_port}")
    browser = browser_of(away)
    started = browser.starts()
    code = xiaoming.confirms(started)
    for _ in range(2):
        answer = browser.get(started.with_code(code), headers=ENGLISH)
        check_sorry(answer, "en")
        # The button asks for this very URL again.
        assert '<a class="button" href="">Try again</a>' in answer.text
    assert stored(away)["users"] == []
    back = browser_of(app_for())
    back.client._cookies = dict(browser.client._cookies)
    assert back.returns(started, code).status_code == 303
    assert len(calls(simulator, EXCHANGE)) == 1


def test_a_name_that_cannot_be_looked_up(
    app_for, browser_of, xiaoming, monkeypatch, simulator
):
    """security fault F8: no cached bad answer keeps people out afterwards"""
    there = names._look_up

    def away(host, port, flags=0):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(names, "_look_up", away)
    # At a port to which nobody has kept a connection, which needs no name.
    with SimulatorServer(simulator.worlds) as fresh:
        browser = browser_of(app_for(wechat_api_url=fresh.url))
        started = browser.starts()
        code = xiaoming.confirms(started)
        check_sorry(browser.get(started.with_code(code), headers=CHINESE), "zh")
        monkeypatch.setattr(names, "_look_up", there)
        assert browser.returns(started, code).status_code == 303


def test_no_tls_where_tls_was_expected(app_for, browser_of, xiaoming, simulator):
    """security fault F9: refused, and never tried without"""
    url = simulator.url.replace("http://", "https://")
    app = app_for(wechat_api_url=url)
    browser = browser_of(app)
    started = browser.starts()
    code = xiaoming.confirms(started)
    check_sorry(browser.get(started.with_code(code), headers=CHINESE), "zh")
    assert calls(simulator, EXCHANGE) == []
    assert stored(app)["users"] == []


def test_a_wechat_that_restarts_between_two_logins(app_for, browser_of, xiaoming):
    """security fault F4: a pooled connection found dead costs nobody a login"""
    with SimulatorServer(World.demo(), hold_seconds=0.1) as first:
        port = first.bind().port
        browser = browser_of(app_for(simulator_url=first.url))
        xiaoming.simulator = first
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    with SimulatorServer(World.demo(), port=port, hold_seconds=0.1) as second:
        xiaoming.simulator = second
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


@pytest.fixture
def breaker_clock(monkeypatch) -> list[float]:
    """`breaker_clock[0]`: the moment of the breaker."""
    now = [1000.0]
    monkeypatch.setattr(breaker, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def ill(browser, xiaoming, simulator, breaker_clock) -> None:
    """faults F1 and F6: WeChat has failed so often that nobody waits for it now."""
    simulator.world.switch(body={"path": EXCHANGE, "mode": "status:503"})
    for _ in range(breaker.FAILURES):
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code
    simulator.world.switch(body=None)


def test_while_a_host_rests_a_visitor_reads_when_to_come_back(
    browser, xiaoming, simulator, ill, breaker_clock
):
    started = browser.starts()
    code = xiaoming.confirms(started)
    breaker_clock[0] += 3
    answer = browser.get(started.with_code(code), headers=ENGLISH)
    check_sorry(answer, "en")
    assert answer.headers["Retry-After"] == "7"
    assert len(calls(simulator, EXCHANGE)) == breaker.FAILURES
    # The code was not sent: the same address signs in after the rest.
    assert '<a class="button" href="">Try again</a>' in answer.text
    breaker_clock[0] += 7
    assert browser.returns(started, code).status_code == 303


def test_while_a_host_rests_a_program_reads_it_too(app, simulator, ill):
    body = {"code": "C", "attempt": "attempt-of-this-phone-1"}
    answer = app.test_client().post("/api/mobile/app/login", json=body)
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (503, "wechat_unavailable")
    assert answer.headers["Retry-After"] == "10"
    assert len(calls(simulator, EXCHANGE)) == breaker.FAILURES


def test_that_a_host_rests_is_logged_once(browser, xiaoming, breaker_clock, log, ill):
    lines = [line for line in log() if "rests" in line["event"]]
    assert len(lines) == 1
    assert lines[0]["level"] == "warning"
    browser.get("/login")
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    assert [line for line in log() if "answers again" in line["event"]] == []
    breaker_clock[0] += breaker.REST_SECONDS
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    assert len([one for one in log() if "answers again" in one["event"]]) == 1
