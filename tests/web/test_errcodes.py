"""Every errcode of WeChat's, at each call of a login: words, log line, no trace."""

import html

import pytest

from tests.support.journey import (
    CHINESE,
    ENGLISH,
    EXCHANGE,
    USERINFO,
    Browser,
    Phone,
    calls,
)
from tests.support.records import stored
from tests.support.words import in_chinese
from wxlogin.wechat.errcodes import ERRCODES, FOREIGN_OPENID, lookup

# One that no table names stands for all that WeChat may invent.
UNKNOWN = 99999
ALL = (*ERRCODES, UNKNOWN)
# How often WeChat is asked by two who come one after the other: "system error" is asked
# again, and once; a quota that is used up rests.
ASKED = {-1: 4, 45009: 1, 45011: 1}
QUOTAS = (45009, 45011)
LANGUAGES = {"zh": CHINESE, "en": ENGLISH}


def words_of(errcode: int, language: str) -> str:
    sentence = lookup(errcode).visitor
    return in_chinese(sentence) if language == "zh" else str(sentence)


def check_page(answer, errcode: int, language: str) -> None:
    """A page of ours with the errcode's sentence, and nothing of WeChat's."""
    assert answer.status_code in (400, 403, 409, 502, 503)
    assert answer.mimetype == "text/html"
    assert words_of(errcode, language) in html.unescape(answer.text)
    assert answer.headers["X-Request-Id"] in answer.text
    assert "errcode" not in answer.text
    assert ("Retry-After" in answer.headers) == (answer.status_code == 503)


def check_log(lines: list[dict], event: str, errcode: int, call: str) -> None:
    """The operator reads what it was, where to look, and what Tencent asks for."""
    (line,) = [line for line in lines if line["event"] == event]
    assert (line["errcode"], line["call"], line["app"]) == (errcode, call, "web")
    assert line["rid"].count("-") == 2
    assert lookup(errcode).operator in line["why"]


@pytest.mark.parametrize("errcode", ALL)
def test_at_the_exchange(app, browser, xiaoming, simulator, log, clock, errcode):
    """Nobody is signed in, nothing is written, and another scan works."""
    before = stored(app)
    started = browser.starts()
    simulator.world.switch(errcode={"path": EXCHANGE, "errcode": errcode})
    log()
    for language, headers in LANGUAGES.items():
        code = xiaoming.confirms(started)
        answer = browser.get(started.with_code(code), headers=headers)
        check_page(answer, errcode, language)
        check_log(log(), "refused", errcode, "exchange")
    assert len(calls(simulator, EXCHANGE)) == ASKED.get(errcode, 2)
    assert stored(app) == before
    simulator.world.switch(errcode=None)
    if errcode in QUOTAS:
        clock.shift(601)
        started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["nickname"] == "小明😀"


@pytest.fixture
def stranger(simulator):
    """`stranger()`: the phone of somebody who has never been here."""

    def arrives() -> Phone:
        name = f"person-{len(simulator.world.registry.people())}"
        simulator.world.registry.put_person({"name": name, "nickname": "新人"})
        return Phone(simulator, name)

    return arrives


def test_at_the_profile(app, browser_of, stranger, simulator, log, clock):
    """Who can be placed by a unionid signs in without a profile."""
    for errcode in sorted(set(ALL) - {FOREIGN_OPENID}):
        simulator.world.switch(errcode={"path": USERINFO, "errcode": errcode})
        browser = browser_of(app)
        started = browser.starts()
        log()
        assert browser.returns(started, stranger().confirms(started)).status_code == 303
        who = browser.who()
        assert (who["nickname"], who["avatar"]) == ("", None)
        check_log(log(), "no profile", errcode, "userinfo")
        if errcode in QUOTAS:
            clock.shift(601)


def test_at_the_profile_of_somebody_we_cannot_place(
    app_for, stranger, simulator, clock
):
    """Without a unionid a second account would be the price, so nobody signs in."""
    app = app_for(limits="off")
    browser = Browser(app)
    before = stored(app)
    for errcode in sorted(set(ALL) - {FOREIGN_OPENID}):
        rule = {"path": USERINFO, "errcode": errcode}
        simulator.world.switch(drop_unionid=True, errcode=rule)
        started = browser.starts()
        for language, headers in LANGUAGES.items():
            code = stranger().confirms(started)
            answer = browser.get(started.with_code(code), headers=headers)
            check_page(answer, errcode, language)
        assert browser.who() is None
        assert stored(app) == before
        if errcode in QUOTAS:
            clock.shift(601)


def test_a_known_person_keeps_the_profile_there_was(
    app_for, simulator, xiaoming, browser_of
):
    browser = browser_of(app_for(profile="always"))
    for errcode in (None, 45011, 48001, 50002):
        rule = errcode and {"path": USERINFO, "errcode": errcode}
        simulator.world.switch(errcode=rule)
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
        assert browser.who()["nickname"] == "小明😀"


def test_a_busy_wechat_that_recovers_costs_one_more_call(browser, xiaoming, simulator):
    rule = {"path": EXCHANGE, "errcode": -1, "times": 1}
    simulator.world.switch(errcode=rule)
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert len(calls(simulator, EXCHANGE)) == 2


def test_a_code_that_a_busy_wechat_has_spent_means_start_again(
    browser, xiaoming, simulator
):
    """The second try of an exchange may find the code used up by the first."""
    rule = {"path": EXCHANGE, "errcode": -1, "times": 1, "spend": True}
    simulator.world.switch(errcode=rule)
    started = browser.starts()
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 400
    assert words_of(40163, "zh") in answer.text
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


@pytest.mark.parametrize("path", [EXCHANGE, USERINFO])
def test_what_wechat_writes_is_data(app, browser, xiaoming, simulator, log, path):
    """security row 34: the errmsg is on no page, and one short line of the log"""
    errmsg = "<script>alert(1)</script>\r\n{}\u2028\x1b[2J" + "长" * 60_000
    rule = {"path": path, "errcode": 40013, "errmsg": errmsg}
    simulator.world.switch(drop_unionid=True, errcode=rule)
    started = browser.starts()
    log()
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 502
    assert "alert" not in answer.text
    assert "长" not in answer.text
    (line,) = [line for line in log() if line["event"] == "refused"]
    assert len(line["errmsg"]) <= 120
    assert line["errmsg"].isprintable()


@pytest.mark.parametrize("errcode", [40001, 45011, 48001, 50002])
def test_a_form_gets_a_page_and_loses_nothing(signed_in, simulator, errcode):
    """Problem documents are for /api/ alone."""
    before = signed_in.who()
    simulator.world.switch(errcode={"path": USERINFO, "errcode": errcode})
    answer = signed_in.post("/me/profile", headers=ENGLISH)
    check_page(answer, errcode, "en")
    assert signed_in.who() == before
