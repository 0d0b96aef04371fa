"""Return addresses through every door: nobody is led away from us.

security rows 13 to 19. The judge is node's URL class, the parser browsers have.
"""

import base64
import itertools
import re
import secrets
from dataclasses import replace

import pytest

from tests.support import redirects
from tests.support.journey import SAME_ORIGIN, Browser
from tests.support.vectors import MORE_RETURN_ADDRESSES, ORIGIN, RETURN_ADDRESSES
from tests.unit.security.conftest import lands_at  # noqa: F401  a fixture
from wxlogin.flows.redirect.attempt import attempt_from_cookie
from wxlogin.security.cookies import cookie_name
from wxlogin.security.signing import STATE_SECONDS, read_state
from wxlogin.service import service_of

ALL = (*RETURN_ADDRESSES, *MORE_RETURN_ADDRESSES)
# Headers that an answer may have; a split one would add to them.
HEADERS = {
    *("Cache-Control", "Content-Length", "Content-Security-Policy", "Content-Type"),
    *("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Location"),
    *("Permissions-Policy", "Referrer-Policy", "Set-Cookie", "Vary"),
    *("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options"),
    "X-Request-Id",
}


@pytest.fixture
def good_app(app_for, settings_for, simulator):
    """The service at the origin that the addresses try to leave."""
    secret = secrets.token_hex(16)
    simulator.world.registry.put_apps(
        {"name": "web", "callback_domains": ["good.test"], "secret": secret}
    )
    web = settings_for().app_named("web").model_copy(update={"secret": secret})
    hosts = ("wechat_open_url", "wechat_api_url", "wechat_res_url", "wechat_mp_url")
    return app_for(
        # One browser follows every address of the list within a second or two.
        limits={"logins_of_browser": 10_000, "requests_of_browser": 10_000},
        public_url=ORIGIN,
        env="trial",
        simulator="off",
        apps=(web,),
        secret_key=secrets.token_urlsafe(32),
        encryption_keys=[base64.b64encode(secrets.token_bytes(32)).decode()],
        **dict.fromkeys(hosts, simulator.url),
    )


@pytest.fixture
def good(good_app, browser_of) -> Browser:
    return browser_of(good_app)


def test_no_login_ends_elsewhere(good, xiaoming, lands_at):  # noqa: F811
    """security row 13"""
    places = [redirects.after_login(good, xiaoming, address) for address in ALL]
    strays = _strays(ALL, places, lands_at)
    assert strays == {}


@pytest.mark.parametrize(("method", "path"), redirects.SIDE_DOORS)
def test_no_side_door_leads_elsewhere(good, lands_at, method, path):  # noqa: F811
    """security row 13"""
    places = [redirects.after_side_door(good, method, path, one) for one in ALL]
    assert _strays(ALL, places, lands_at) == {}


def test_no_link_leads_elsewhere(good, xiaoming, simulator, lands_at):  # noqa: F811
    """security row 13: the page that a signed-in person gets, with its "Continue" """
    redirects.after_login(good, xiaoming, "/")
    links = [redirects.on_login_page(good, address) for address in ALL]
    every = sorted(set(itertools.chain.from_iterable(links)))
    assert len(every) > len(ALL)
    strays = _strays(every, every, lands_at)
    # WeChat's frame, and the link to the simulator's phone.
    assert set(strays.values()) == {simulator.url}


def _strays(addresses, places, judge) -> dict[str, str]:
    """Which addresses lead away, and where to."""
    found = zip(addresses, judge(places), strict=True)
    return {address: origin for address, origin in found if origin != ORIGIN}


def test_a_stored_address_is_checked_again(good_app, good, xiaoming):
    """security row 17: even one that we once signed ourselves"""
    settings = service_of(good_app).settings
    for address in ("//evil.test", "https://evil.test/", "javascript:alert(1)"):
        started = good.starts()
        nonce = read_state(settings, started.state).nonce
        name = cookie_name(settings, f"at-{nonce}")
        mine = attempt_from_cookie(settings, good.cookies()[name])
        led_astray = replace(mine, wish=replace(mine.wish, next=address))
        hostile = led_astray.to_cookie(settings)
        good.client.set_cookie(name, hostile, domain="good.test", max_age=STATE_SECONDS)
        answer = good.returns(started, xiaoming.confirms(started))
        assert (answer.status_code, answer.location) == (303, "/me")


def test_the_address_does_not_travel_through_wechat(browser):
    """security row 17"""
    started = browser.starts(next_url="/a-place-of-ours")
    assert "a-place-of-ours" not in started.url


SPLITTING = (
    "next=/ok%0d%0aX-Evil:%20b",
    "next=/ok%0aSet-Cookie:%20a=b",
    "next=/ok\r\nX-Evil: b",
    "next=/ok%00",
    "next=%09//evil.test",
    "next=/ok%e2%80%a8X-Evil:b",
    "next=%ff%fe",
    "next=/a&next=//evil.test",
    "next[]=//evil.test",
    "next=/ok&app=%0d%0aX-Evil:b",
)


@pytest.mark.parametrize("path", ["/login", "/login/qr", "/language/en", "/logout"])
def test_no_header_can_be_split(browser, path):
    """security row 14"""
    for query in SPLITTING:
        if path == "/logout":
            answer = browser.post(path, data=query, content_type=redirects.FORM)
        else:
            answer = browser.get(path, query_string=query)
        assert answer.status_code in (200, 302, 303, 400, 404), query
        assert {name for name, _ in answer.headers} <= HEADERS, query
        for value in answer.headers.values():
            assert value.isprintable(), query
        assert "a=b" not in str(answer.headers), query


LISTED = ("https://shop.test", "https://*.wild.test", "https://port.test:8443")


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.test/cart?id=7",
        "https://a.wild.test/",
        "https://a.b.wild.test/",
        "https://port.test:8443/",
    ],
)
def test_listed_origins_are_reached(app_for, browser_of, xiaoming, address):
    """security row 15"""
    browser = browser_of(app_for(sites=({"name": "shop", "origins": LISTED},)))
    assert redirects.after_login(browser, xiaoming, address) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.test/",
        "https://shop.test:8443/",
        "https://shop.test.evil.test/",
        "https://shop.test@evil.test/",
        "https://evilshop.test/",
        "https://a.shop.test/",
        "https://wild.test/",
        "https://evilwild.test/",
        "https://a.wild.test.evil.test/",
        "https://a.wild.test:8443/",
        "https://port.test/",
    ],
)
def test_their_neighbours_are_not(app_for, browser_of, xiaoming, address):
    """security row 15: scheme, host and port, and the border of a label"""
    browser = browser_of(app_for(sites=({"name": "shop", "origins": LISTED},)))
    assert redirects.after_login(browser, xiaoming, address) == "/me"


@pytest.mark.parametrize(
    "query",
    [
        "next=/%252f%252fevil.test",
        "next=%2F%252f%252fevil.test",
        "next=/%255cevil.test",
        "next=/%5cevil.test",
        "next=/%09/evil.test",
        "next=%2f%2fevil.test",
        "next=%2525252f%2525252fevil.test",
    ],
)
def test_what_is_encoded_twice_stays_with_us(browser, query):
    """security row 16: decoded once, and still ours after following"""
    answer = browser.get(f"/language/en?{query}")
    for _ in range(5):
        if answer.status_code not in (301, 302, 303, 307, 308):
            break
        assert answer.location.startswith("/") and answer.location[1:2] not in "/\\"
        answer = browser.get(answer.location)
    assert answer.status_code in (200, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.test"},
        {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"},
        {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "666"},
        {"Forwarded": "host=evil.test;proto=https"},
        {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil"},
        {"X-Host": "evil.test", "X-Forwarded-Server": "evil.test"},
    ],
    ids=lambda headers: next(iter(headers)),
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_the_callback_comes_from_the_settings(app_for, browser_of, headers, proxies):
    """security row 19"""
    browser = browser_of(app_for(trusted_proxies=proxies))
    answer = browser.get("/login/qr", headers=headers)
    assert answer.status_code == 302
    back = re.search(r"redirect_uri=([^&]+)", answer.location)[1]
    assert back == "http%3A%2F%2F127.0.0.1%3A5000%2Flogin%2Fcallback%2Fweb"
    assert "evil" not in answer.location
    page = browser.get("/login", headers=headers)
    assert "evil" not in page.text


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "evil.test:5000"])
def test_a_foreign_host_is_refused(app, host):
    """security row 19"""
    answer = app.test_client().get("/login/qr", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "Location" not in answer.headers


def test_after_a_post_the_browser_asks_again_with_get(app, signed_in):
    """security row 18: 303 after every POST that redirects, never 307 or 308"""
    seen = set()
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.rule.startswith("/api/"):
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for browser in (signed_in.copy(), Browser(app)):
            status = browser.post(path).status_code
            assert not 300 <= status < 400 or status == 303, rule.rule
            seen.add(status)
    assert 303 in seen


@pytest.mark.parametrize(
    "path", ["//evil.test", "//login", "/login/", "/me//", "/./me"]
)
def test_no_path_is_repaired_by_a_redirect(app, path):
    """security rows 13 and 18: a path that is not ours is not found"""
    answer = app.test_client().post(
        "/", headers=SAME_ORIGIN, environ_overrides={"PATH_INFO": path}
    )
    assert answer.status_code in (404, 405)
    assert "Location" not in answer.headers
