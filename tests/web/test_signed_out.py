"""A sign-out stays one, inside WeChat too, where /login signs in without a word."""

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, Started
from tests.support.user_agents import WECHAT_IPHONE


@pytest.fixture
def inside(app, xiaoming) -> Browser:
    """小明 in WeChat's own browser, signed in."""
    browser = Browser(app)
    browser.headers = {**browser.headers, "User-Agent": WECHAT_IPHONE}
    path = "/login/h5?scope=snsapi_userinfo"
    browser.goes_to(xiaoming.opens(Started.at(browser.get(path).location)))
    assert browser.who()
    return browser


@pytest.mark.parametrize("path", ["/logout", "/me/sessions/end"])
def test_inside_wechat_it_ends_on_a_page_and_not_in_a_sign_in(inside, path):
    answer = inside.post(path)
    assert (answer.status_code, answer.location) == (303, "/login/signed-out")
    assert inside.who() is None
    chinese = inside.get("/login/signed-out", headers=CHINESE).text
    assert "切换账号" in chinese
    assert "用当前微信登录" in chinese
    english = inside.get("/login/signed-out", headers=ENGLISH).text
    assert "Switch accounts in WeChat" in english
    assert 'href="/login"' in english


def test_inside_wechat_the_account_offers_another_one(inside):
    page = inside.get("/me", headers=CHINESE).text
    assert "换微信账号" in page


def test_after_a_sites_sign_out_the_same_is_said(inside):
    inside.post("/logout")
    assert "切换账号" in inside.get("/oauth2/logout", headers=CHINESE).text


def test_elsewhere_a_code_is_for_whoever_scans_it(signed_in):
    assert "换微信账号" not in signed_in.get("/me", headers=CHINESE).text
    assert signed_in.get("/login/signed-out").location == "/me"
    assert signed_in.post("/logout").location == "/login"
    page = signed_in.get("/login/signed-out", headers=CHINESE).text
    assert "切换账号" not in page
