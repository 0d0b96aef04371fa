"""Answers that could be read in two ways, or not at all, through the whole journey.

A reading is either right or refused: with an error of ours, never a 500, and
without a row written. How each is read is for the tests of `wechat.answers`.
"""

import base64
import json

import pytest

from tests.support.journey import EXCHANGE, USERINFO, calls
from tests.support.records import stored
from wxlogin.simulator.world import ids

WEB = "wx0000000000000a01"
OPENID = ids.openid(WEB, "xiaoming")
TOKENS = {
    "access_token": "98_madeup-access-token",
    "expires_in": 7200,
    "refresh_token": "98_madeup-refresh-token",
    "openid": OPENID,
    "scope": "snsapi_login",
    "unionid": "oUnionidOfXiaoming",
}
GOOD = json.dumps(TOKENS)
INSIDE = GOOD[1:-1]

SIGNED_IN = {
    "plain": GOOD,
    "a byte order mark": "\ufeff" + GOOD,
    "blanks around": f"\r\n\t {GOOD}\n",
    "errcode 0": f'{{{INSIDE},"errcode":0,"errmsg":"ok"}}',
    "errcode as text": f'{{{INSIDE},"errcode":"0"}}',
    "errcode null": f'{{{INSIDE},"errcode":null}}',
    "errcode with a fraction of nothing": f'{{{INSIDE},"errcode":0.0}}',
    "unknown keys": f'{{{INSIDE},"new":{{"a":[1,null]}},"":""}}',
    "a lone surrogate": f'{{{INSIDE},"new":"\\ud83d"}}',
    "a control character": f'{{{INSIDE},"new":"a\x07b"}}',
    "expires_in as text": GOOD.replace("7200", '"7200"'),
    "expires_in as nonsense": GOOD.replace("7200", '"soon"'),
    "expires_in below zero": GOOD.replace("7200", "-7200"),
    "expires_in as a list": GOOD.replace("7200", "[]"),
    "scope as a list": GOOD.replace('"snsapi_login"', '["snsapi_login"]'),
    "no scope": json.dumps({k: v for k, v in TOKENS.items() if k != "scope"}),
    "no refresh token": json.dumps(
        {k: v for k, v in TOKENS.items() if k != "refresh_token"}
    ),
    "a unionid that is a number": GOOD.replace('"oUnionidOfXiaoming"', "7"),
}
REFUSED = {
    "nothing": "",
    "a list": f"[{GOOD}]",
    "an empty object": "{}",
    "null": "null",
    "true": "true",
    "a text": json.dumps(GOOD),
    "a number": "7",
    "two objects": GOOD + GOOD,
    "a comma too many": f"{{{INSIDE},}}",
    "single quotes": GOOD.replace('"', "'"),
    "a callback around": f"callback({GOOD})",
    "a key twice": f'{{{INSIDE},"openid":"oSomebodyElse"}}',
    "a key twice, deeper": f'{{{INSIDE},"new":{{"a":1,"a":2}}}}',
    "NaN": f'{{{INSIDE},"new":NaN}}',
    "Infinity": f'{{{INSIDE},"new":-Infinity}}',
    "an infinite number": f'{{{INSIDE},"new":1e999}}',
    "a long number": f'{{{INSIDE},"new":{"7" * 5000}}}',
    "a long errcode": f'{{"errcode":{"4" * 5000}}}',
    "deep brackets": "[" * 100_000,
    "a deep object": '{"a":' * 100_000,
    "deep inside": f'{{{INSIDE},"new":{"[" * 100_000}{"]" * 100_000}}}',
    "errcode true": f'{{{INSIDE},"errcode":true}}',
    "errcode a word": f'{{{INSIDE},"errcode":"ok"}}',
    "errcode a list": f'{{{INSIDE},"errcode":[]}}',
    "errcode a fraction": f'{{{INSIDE},"errcode":0.5}}',
    "an errcode, too": f'{{{INSIDE},"errcode":40029,"errmsg":"invalid code"}}',
    "no openid": json.dumps({k: v for k, v in TOKENS.items() if k != "openid"}),
    "no access token": json.dumps(
        {k: v for k, v in TOKENS.items() if k != "access_token"}
    ),
    "openid null": GOOD.replace(f'"{OPENID}"', "null"),
    "openid a list": GOOD.replace(f'"{OPENID}"', f'["{OPENID}"]'),
    "openid a number": GOOD.replace(f'"{OPENID}"', "7"),
    "openid empty": GOOD.replace(OPENID, ""),
    "openid with a blank": GOOD.replace(OPENID, f" {OPENID}"),
    "openid 10 kB": GOOD.replace(OPENID, "o" * 10_000),
    "openid with a NUL": GOOD.replace(OPENID, f"{OPENID}\\u0000"),
    "openid in another script": GOOD.replace(OPENID, "о" + OPENID[1:]),
    "access token with a line end": GOOD.replace("98_madeup-a", "98_\\r\\nX: a"),
    "UTF-16": GOOD.encode("utf-16"),
    "random bytes": bytes(range(256)),
    "300 kB of blanks": GOOD + " " * 300_000,
}

# A profile needs no access token, so these two are readable profiles.
NO_PROFILE = {name: body for name, body in REFUSED.items() if "token" not in name}


def raw(body: str | bytes, path: str = EXCHANGE) -> dict[str, object]:
    """The switch that puts this body in the place of an answer."""
    if isinstance(body, str):
        return {"raw_body": {"path": path, "text": body}}
    return {"raw_body": {"path": path, "base64": base64.b64encode(body).decode()}}


@pytest.fixture
def silent_app(app_for):
    """A service that asks for no profile: the exchange alone decides."""
    return app_for(profile="never")


@pytest.fixture
def browser(silent_app, browser_of):
    return browser_of(silent_app)


@pytest.mark.parametrize("body", SIGNED_IN.values(), ids=SIGNED_IN)
def test_lenient_where_nothing_is_at_stake(browser, xiaoming, simulator, body):
    """security row 45"""
    simulator.world.switch(**raw(body))
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["identities"][0]["openid"] == OPENID


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_strict_where_it_matters(silent_app, browser, xiaoming, simulator, body):
    """security row 45"""
    before = stored(silent_app)
    simulator.world.switch(**raw(body))
    started = browser.starts()
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code in (400, 503)
    assert "x-request-id" in answer.headers
    assert browser.who() is None
    assert stored(silent_app) == before


def test_a_profile_that_cannot_be_read_costs_name_and_picture(
    app_for, browser_of, xiaoming, simulator
):
    """security row 45"""
    browser = browser_of(app_for(profile="always"))
    for name, body in NO_PROFILE.items():
        simulator.world.switch(**raw(body, USERINFO))
        started = browser.starts()
        answer = browser.returns(started, xiaoming.confirms(started))
        assert answer.status_code == 303, name
        assert browser.who()["nickname"] == "", name
    assert len(calls(simulator, USERINFO)) == len(NO_PROFILE)


# Every way of writing "there is none" that somebody's program has come up with.
NO_UNIONID = ("", " ", None, "null", "NULL", "None", "undefined", "0", 0, False, [], {})
ODD_UNIONIDS = (*NO_UNIONID, "nan", "false", " oLeading", "oTrailing ", "o\u0000", 7.5)


@pytest.mark.parametrize("unionid", ODD_UNIONIDS, ids=repr)
def test_no_unionid_is_nobodys(
    silent_app, browser_of, xiaoming, lihua, simulator, unionid
):
    """security row 44: two people without a unionid stay two"""
    who = []
    for phone in (xiaoming, lihua):
        openid = ids.openid(WEB, phone.person)
        body = json.dumps({**TOKENS, "openid": openid, "unionid": unionid})
        simulator.world.switch(**raw(body))
        browser = browser_of(silent_app)
        started = browser.starts()
        assert browser.returns(started, phone.confirms(started)).status_code == 303
        who.append(browser.who())
    assert [one["unionid"] for one in who] == [None, None]
    assert who[0]["uid"] != who[1]["uid"]
    assert stored(silent_app)["conflicts"] == []


@pytest.mark.parametrize("unionid", ["", " ", "null", "0", " oLeading"])
def test_no_unionid_in_the_profile_is_nobodys_either(
    app_for, browser_of, xiaoming, lihua, simulator, unionid
):
    """security row 44"""
    app = app_for()
    uids = set()
    for phone in (xiaoming, lihua):
        openid = ids.openid(WEB, phone.person)
        body = json.dumps({"openid": openid, "nickname": "x", "unionid": unionid})
        simulator.world.switch(drop_unionid=True, **raw(body, USERINFO))
        browser = browser_of(app)
        started = browser.starts()
        assert browser.returns(started, phone.confirms(started)).status_code == 303
        assert browser.who()["unionid"] is None
        uids.add(browser.who()["uid"])
    assert len(uids) == 2
