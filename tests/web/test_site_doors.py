"""Through each door to the site that asked, and back to it also when WeChat forgets."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, Started
from tests.support.user_agents import WECHAT_ANDROID, WECHAT_IPHONE
from tests.web.openid_site import SHOP, SiteServer, answer_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def app(app_for):
    return app_for(sites=(SHOP,))


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, SHOP)


@pytest.fixture
def wechat(browser) -> Browser:
    browser.headers = {**browser.headers, "User-Agent": WECHAT_ANDROID}
    return browser


def arrives(browser: Browser, shop: SiteServer, reply) -> str:
    """The subject that the site reads, after the last redirect of ours."""
    assert reply.status_code == 303, reply.text
    told = answer_of(browser.goes_to(reply.location))
    assert told["state"] == shop.sent["state"]
    token = shop.redeems(told["code"]).get_json()["access_token"]
    return shop.userinfo(token).get_json()["name"]


def test_inside_wechat(wechat, xiaoming, shop):
    login = wechat.get(shop.link()).location
    silent = Started.at(wechat.get(login).location)
    explicit = Started.at(wechat.goes_to(xiaoming.opens(silent)).location)
    done = wechat.goes_to(xiaoming.opens(explicit))
    assert arrives(wechat, shop, done) == "小明😀"


def test_inside_wechat_with_the_cookie_lost(app, wechat, xiaoming, shop):
    """A quirk of WeChat's own browser: one silent restart, and still to the site."""
    login = wechat.get(shop.link()).location
    silent = Started.at(wechat.get(login).location)
    lost = Browser(app)
    lost.headers = wechat.headers
    again = Started.at(lost.goes_to(xiaoming.opens(silent)).location)
    explicit = Started.at(lost.goes_to(xiaoming.opens(again)).location)
    done = lost.goes_to(xiaoming.opens(explicit))
    assert arrives(lost, shop, done) == "小明😀"


def test_by_the_frame_on_the_login_page(browser, xiaoming, shop):
    page = browser.get(browser.get(shop.link()).location)
    frame = re.search(r'<iframe[^>]* src="([^"]+)"', page.text).group(1)
    started = Started.at(frame.replace("&amp;", "&"))
    done = browser.get(started.with_code(xiaoming.confirms(started)))
    assert arrives(browser, shop, done) == "小明😀"


def test_a_callback_that_comes_twice_leads_to_the_site_twice(browser, xiaoming, shop):
    """Android's double callback: two codes of ours, each good for the same person."""
    login = browser.get(shop.link()).location
    started = browser.starts(parse_qs(urlsplit(login).query)["next"][0])
    code = xiaoming.confirms(started)
    first, second = (browser.returns(started, code) for _ in range(2))
    assert first.location == second.location
    assert arrives(browser, shop, first) == arrives(browser, shop, second) == "小明😀"


def test_the_page_says_which_site_it_is_for(browser, shop):
    login = browser.get(shop.link()).location
    for headers, words in (
        (CHINESE, "<h1>登录shop</h1>"),
        (ENGLISH, "<h1>Sign in to shop</h1>"),
    ):
        assert words in browser.get(login, headers=headers).text
    assert "Sign in to" not in browser.get("/login", headers=ENGLISH).text


def test_a_phone_without_wechat_is_led_there(browser, shop):
    browser.headers = {**browser.headers, "User-Agent": IPHONE}
    login = browser.get(shop.link()).location
    page = browser.get(login, headers=ENGLISH, follow_redirects=True)
    assert "Open WeChat" in page.text
    assert "to go on to shop" in page.text


def test_who_is_signed_in_goes_straight_through(wechat, xiaoming, shop, app):
    wechat.headers = {**wechat.headers, "User-Agent": WECHAT_IPHONE}
    login = wechat.get(shop.link()).location
    silent = Started.at(wechat.get(login).location)
    explicit = Started.at(wechat.goes_to(xiaoming.opens(silent)).location)
    wechat.goes_to(xiaoming.opens(explicit))
    assert answer_of(wechat.get(shop.link()))["code"]
