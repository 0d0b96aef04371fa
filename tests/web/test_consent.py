"""Whether to go on: a program on one's device, and a site that asks for a word."""

import re
from urllib.parse import urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser
from tests.web.openid_site import (
    NATIVE,
    PUBLIC,
    SHOP,
    SiteServer,
    answer_of,
    signs_in_at_wechat,
)
from wxlogin.accounts.models import Authorization, Consent, SiteUser
from wxlogin.db import db

# Where a public client may be come back to, and whether that is a program.
ADDRESSES = {
    NATIVE: True,
    "com.shop.app://back": True,
    "COM.Shop.App:/back": True,
    "http://127.0.0.1/back": True,
    "http://127.0.0.1:51234/back": True,
    "http://[::1]/back": True,
    "http://[::1]:51234/back": True,
    "http://localhost:3000/back": True,
    "http://LOCALHOST:3000/back": True,
    "http://app.localhost:3000/back": True,
    "http://127.8.9.10/back": True,
    "https://localhost/back": True,
    "https://127.0.0.1:8443/back": True,
    "https://0.0.0.0:8443/back": True,
    "https://app.test/back": False,
    "https://app.test/back?from=localhost": False,
}


@pytest.fixture
def app(app_for):
    public = PUBLIC.model_copy(update={"redirect_uris": tuple(ADDRESSES)})
    return app_for(sites=(SHOP, public))


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, SHOP)


@pytest.fixture
def program(app) -> SiteServer:
    return SiteServer(app, PUBLIC)


def rows(app, *models) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in models]


def is_asked(browser: Browser, link: str) -> str:
    """The path of the page that asks."""
    answer = browser.get(link)
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/oauth2/authorize/[A-Za-z0-9_-]{30}", answer.location)
    page = browser.get(answer.location)
    assert page.status_code == 200
    return answer.location


def form(browser: Browser, path: str) -> dict[str, str]:
    page = browser.get(path).text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_program_gets_no_code_without_a_click(app, signed_in, address):
    """finding L1: whose port or scheme it is, nobody can prove"""
    client = SiteServer(app, PUBLIC, address)
    if not ADDRESSES[address]:
        assert "code" in answer_of(signed_in.get(client.link()))
        return
    path = is_asked(signed_in, client.link())
    assert rows(app, SiteUser, Authorization) == [0, 0]
    told = answer_of(signed_in.post(path, data=form(signed_in, path)))
    # Names and schemes are the same in capitals.
    assert told["to"].lower() == address.lower()
    assert client.redeems(told["code"]).status_code == 200


def test_a_program_is_asked_each_time(app, signed_in, program):
    """Nothing is remembered: it may be another one the next time."""
    for _ in range(2):
        path = is_asked(signed_in, program.link())
        signed_in.post(path, data=form(signed_in, path))
    is_asked(signed_in, program.link())
    assert rows(app, Consent) == [0]


def test_also_after_a_login(browser, xiaoming, program):
    page = signs_in_at_wechat(browser, xiaoming, browser.get(program.link()))
    assert page.status_code == 200
    assert "Continue" in browser.get(page.request.path, headers=ENGLISH).text


def test_the_page_names_client_and_account(signed_in, program):
    path = is_asked(signed_in, program.link(scope="openid profile wechat"))
    english = signed_in.get(path, headers=ENGLISH)
    for text in ("Continue to", "<bdi>app</bdi>", "小明😀", "your ids in WeChat"):
        assert text in english.text
    assert "program on this device" in english.text
    chinese = signed_in.get(path, headers=CHINESE)
    assert "请求用你的账号登录" in chinese.text
    assert "com.shop.app:" in chinese.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in chinese.headers["Content-Security-Policy"]


@pytest.mark.parametrize("prompt", ["consent", "consent create", "consent login"])
def test_who_asks_for_a_word_gets_it(signed_in, xiaoming, shop, prompt):
    """OpenID Connect Core 3.1.2.1"""
    first = signed_in.get(shop.link(prompt=prompt))
    if "login" in prompt:
        page = signs_in_at_wechat(signed_in, xiaoming, first)
        path = page.request.path
    else:
        path = first.location
    page = signed_in.get(path, headers=ENGLISH)
    assert "Continue to" in page.text
    assert "program" not in page.text
    told = answer_of(signed_in.post(path, data=form(signed_in, path)))
    assert shop.redeems(told["code"]).status_code == 200


def test_without_a_page_there_is_no_code(app, signed_in, program):
    """prompt=none is an error for a program, and nothing is written"""
    told = answer_of(signed_in.get(program.link(prompt="none")))
    assert told["error"] == "consent_required"
    assert told["state"] == program.sent["state"]
    assert rows(app, SiteUser) == [0]


def test_a_no_is_heard(signed_in, program):
    path = is_asked(signed_in, program.link())
    decline = re.search(r'href="([^"]+/decline)"', signed_in.get(path).text)[1]
    assert answer_of(signed_in.get(decline))["error"] == "access_denied"


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:5000"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_nobody_else_clicks(app, signed_in, program, headers):
    """security row 25"""
    path = is_asked(signed_in, program.link())
    fields = form(signed_in, path)
    assert signed_in.post(path, data=fields, headers=headers).status_code == 403
    assert rows(app, SiteUser) == [0]


def test_a_get_never_clicks(app, signed_in, program):
    path = is_asked(signed_in, program.link())
    uid = form(signed_in, path)["uid"]
    for query in (f"?uid={uid}", f"?uid={uid}&agreed=true", "?answer=yes"):
        assert signed_in.get(path + query).status_code == 200
    link = program.link()
    for more in ("&agreed=true", "&uid=" + uid, "&consent=yes"):
        assert "code=" not in signed_in.get(link + more).location
    assert rows(app, SiteUser) == [0]


def test_the_word_is_for_the_account_that_the_page_named(
    app, signed_in, lihua, program
):
    """Another tab has signed somebody else in since."""
    path = is_asked(signed_in, program.link())
    old = form(signed_in, path)
    started = signed_in.starts()
    signed_in.returns(started, lihua.confirms(started))
    for fields in (old, {}, {"uid": ""}):
        answer = signed_in.post(path, data=fields)
        assert (answer.status_code, answer.location) == (303, path)
    assert "李华" in signed_in.get(path).text
    assert Browser(app).post(path, data=old).location == path
    assert rows(app, SiteUser) == [0]


def test_a_site_with_a_server_and_no_wish_asks_nothing(signed_in, shop):
    assert urlsplit(signed_in.get(shop.link()).location).netloc == "shop.test"
