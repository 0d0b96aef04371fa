"""After the sign-in a visitor is where the proxy had stopped them: at any address."""

import pytest

from tests.support.journey import Browser
from tests.unit.security.conftest import lands_at  # noqa: F401  a fixture
from wxlogin.config import Site
from wxlogin.errors import Crowded
from wxlogin.web import forward_auth

HERE = "http://127.0.0.1:5000"
SHOP = Site(name="shop", origins=("https://shop.test",))

# What a browser or a program asks for, and where it is brought back to.
ADDRESSES = {
    "/app/x?a=1&b=%2F": "/app/x?a=1&b=%2F",
    '/app/x?filter={"a":1}': "/app/x?filter=%7B%22a%22:1%7D",
    "/app/x?a=1|2": "/app/x?a=1%7C2",
    "/app/x?q=a^b`c": "/app/x?q=a%5Eb%60c",
    "/app/x?tag[]=1&a=\\": "/app/x?tag%5B%5D=1&a=%5C",
    "/app/x?q=<b>'&x=\"": "/app/x?q=%3Cb%3E'&x=%22",
    "/app/x?q=100%": "/app/x?q=100%25",
    "/app/x?q=%zz&r=%4": "/app/x?q=%25zz&r=%254",
    "/app/x?q=\u00e8\u008c\u00b6": "/app/x?q=%E8%8C%B6",
    "/app/x?q=\u00b2\u00e8": "/app/x?q=%B2%E8",
    "/app/\u00e8\u008c\u00b6/{a}|[b]": "/app/%E8%8C%B6/%7Ba%7D%7C%5Bb%5D",
    "/app/a b": "/app/a%20b",
    "/app/100%/x": "/app/100%25/x",
    "/app/%zz": "/app/%25zz",
    "/app/x#top": "/app/x%23top",
    "/app/x??a=?": "/app/x??a=?",
    "/app/group%2Fproject?a=1": "/app/group%2Fproject?a=1",
    "/app/a%5Cb": "/app/a%5Cb",
    "/app/a\\b": "/app/a%5Cb",
    "/app/%2e%2e/x": "/app/%2e%2e/x",
    "/app/../x": "/app/../x",
    "/app//x": "/app//x",
    "/app/%0d%0aX-A:b": "/app/%0d%0aX-A:b",
    "/app/x?q=" + "a" * 3000: "/app/x?q=" + "a" * 3000,
    "/app/" + "a/" * 2000: "/app/" + "a/" * 2000,
}
# What is no path of a host.
NOWHERE = (
    "//evil.test/x",
    "/\\evil.test/x",
    "@evil.test/",
    ".evil.test/",
    ":80@evil.test/",
    "*",
    "",
    "http://evil.test/",
    "https://127.0.0.1:5000/app",
    "evil.test:443",
    "\\evil.test",
)


@pytest.fixture
def app(app_for):
    return app_for(sites=(SHOP,))


def led_to(browser: Browser, target: str, **more: str) -> str | None:
    """Where the proxy's visitor will be after the login: the Location of `next`."""
    headers = {"X-Forwarded-Uri": target, **more}
    answer = browser.get("/auth", headers=headers)
    assert answer.status_code == 302
    # The visitor has signed in meanwhile; the language's door leads the same way.
    query = answer.location.partition("?")[2]
    back = browser.get(f"/language/en?{query}").location
    if back.startswith("/auth/back/"):
        assert len(answer.location) < 200
        back = browser.get(back).location
    return None if back == "/login" else back


@pytest.mark.parametrize(("target", "back"), ADDRESSES.items(), ids=range(25))
def test_whatever_was_asked_for_is_come_back_to(browser, target, back):
    """finding I5"""
    assert led_to(browser, target) == HERE + back


def test_none_of_them_leaves_the_host(browser, lands_at):  # noqa: F811
    """security row 13, by the parser that browsers have"""
    there = [led_to(browser, target) for target in ADDRESSES]
    assert set(lands_at(there)) == {HERE}
    listed = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.test"}
    there = [led_to(browser, target, **listed) for target in ADDRESSES]
    assert set(lands_at(there)) == {"https://shop.test"}


@pytest.mark.parametrize("target", NOWHERE)
def test_what_is_no_path_leads_nowhere(browser, target):
    headers = {"X-Forwarded-Uri": target, "X-Forwarded-Method": "GET"}
    assert browser.get("/auth", headers=headers).location == f"{HERE}/login"


@pytest.mark.parametrize(
    "more",
    [
        {"X-Forwarded-Host": "evil.test"},
        {"X-Forwarded-Host": "127.0.0.1:5000@evil.test"},
        {"X-Forwarded-Host": "127.0.0.1:5000, evil.test"},
        {"X-Forwarded-Host": "127.0.0.1:5000/evil.test"},
        {"X-Forwarded-Host": "evil.test#"},
        {"X-Forwarded-Host": ""},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Proto": "http://evil.test/?"},
    ],
)
@pytest.mark.parametrize("target", ["/app/x", "/app//x", "/app/x?" + "a" * 2000])
def test_another_host_leads_nowhere(browser, more, target):
    """security row 14"""
    headers = {"X-Forwarded-Uri": target, **more}
    assert browser.get("/auth", headers=headers).location == f"{HERE}/login"


def test_the_longest_come_back_without_their_query(browser):
    assert led_to(browser, "/app/x?q=" + "a" * 9000) == f"{HERE}/app/x"


def test_a_way_back_leads_there_again_and_an_unknown_one_to_me(browser):
    headers = {"X-Forwarded-Uri": "/app//x"}
    led = browser.get("/auth", headers=headers).location
    back = led.partition("next=")[2]
    assert browser.get(back).location == f"{HERE}/app//x"
    assert browser.get(back).location == f"{HERE}/app//x"
    assert browser.get("/auth/back/nobodys").location == "/me"


def test_strangers_leave_a_bounded_number_of_ways_back(app_for, browser_of):
    """security row 102: a proxy asks for all of them, so no address can be limited."""
    stranger = browser_of(app_for(waiting_requests=100))
    kept = [led_to(stranger, f"/app//{number}") for number in range(20)]
    assert kept.count(None) == 15


def test_where_too_many_wait_the_path_is_still_known(browser, monkeypatch):
    def crowded(*_, **most):
        raise Crowded("as many wait as may")

    monkeypatch.setattr(forward_auth._addresses, "put", crowded)
    assert led_to(browser, "/app/x?q=" + "a" * 2000) == f"{HERE}/app/x"
    assert led_to(browser, "/app//x") is None


def test_a_whole_sign_in_ends_there(browser, xiaoming):
    led = browser.get("/auth", headers={"X-Forwarded-Uri": "/app/group%2Fproject"})
    back = led.location.partition("next=")[2]
    started = browser.starts(next_url=back)
    answer = browser.returns(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, back)
    assert browser.get(back).location == f"{HERE}/app/group%2Fproject"
