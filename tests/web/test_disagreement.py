"""Answers of one login that speak of two persons sign in nobody."""

import html

import pytest

from tests.support.journey import ENGLISH, EXCHANGE, USERINFO, calls
from tests.support.records import stored

# Switches of the simulator, and the id in which its answers then differ.
QUIRKS = {
    "another openid": ({"userinfo_openid": "oSomebodyElse"}, "openid"),
    "another unionid": ({"userinfo_unionid": "oSomebodyElse"}, "unionid"),
    "the openid refused": (
        {"errcode": {"path": USERINFO, "errcode": 40003}},
        "openid",
    ),
}


@pytest.fixture(params=QUIRKS)
def quirk(request) -> tuple[dict[str, object], str]:
    return QUIRKS[request.param]


def test_a_stranger_gets_no_account(app, browser, xiaoming, simulator, log, quirk):
    """security row 43"""
    switches, about = quirk
    before = stored(app)
    simulator.world.switch(**switches)
    started = browser.starts()
    log()
    code = xiaoming.confirms(started)
    answer = browser.get(started.with_code(code), headers=ENGLISH)
    assert answer.status_code == 502
    assert "nobody was signed in" in html.unescape(answer.text)
    assert browser.who() is None
    assert stored(app) == before
    (line,) = [line for line in log() if line.get("security")]
    assert (line["event"], line["about"]) == ("answers disagree", about)


def test_a_known_person_is_not_signed_in_either(
    app_for, browser_of, xiaoming, simulator, quirk
):
    """security row 43"""
    app = app_for(profile="always")
    first, second = browser_of(app), browser_of(app)
    started = first.starts()
    assert first.returns(started, xiaoming.confirms(started)).status_code == 303
    before = stored(app)
    simulator.world.switch(**quirk[0])
    started = second.starts()
    assert second.returns(started, xiaoming.confirms(started)).status_code == 502
    assert second.who() is None
    assert stored(app) == before


def test_another_scan_is_possible_afterwards(browser, xiaoming, simulator):
    simulator.world.switch(userinfo_openid="oSomebodyElse")
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 502
    simulator.world.switch(userinfo_openid=None)
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert len(calls(simulator, EXCHANGE)) == 2


def test_an_update_from_wechat_changes_nothing(app, signed_in, simulator, log):
    """security row 43: the profile of somebody else is not taken over"""
    before = signed_in.who()
    simulator.world.switch(nickname="Mallory", userinfo_openid="oSomebodyElse")
    log()
    assert signed_in.post("/me/profile").status_code == 502
    assert signed_in.who() == before
    assert len([line for line in log() if line.get("security")]) == 1


def test_an_id_that_only_one_answer_names_is_no_contradiction(
    app, browser, xiaoming, simulator
):
    simulator.world.switch(drop_unionid=True, userinfo_unionid="oLateUnionid")
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["unionid"] == "oLateUnionid"
