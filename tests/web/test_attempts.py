"""A page of a listed site draws its own widget (security rows 27 and 89)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.journey import Browser, Started
from tests.support.user_agents import USER_AGENTS
from wxlogin.config import Site

SHOP = "http://127.0.0.1:7777"
SITES = (Site(name="shop", origins=(SHOP, "https://*.good.test")),)


@pytest.fixture
def app(app_for):
    return app_for(sites=SITES)


def asks(browser: Browser, origin: str | None, site: str = "same-site", **body: str):
    headers = {"Sec-Fetch-Site": site}
    if origin is not None:
        headers["Origin"] = origin
    return browser.client.post(
        "/api/attempts",
        json=body,
        headers=headers,
        base_url="http://127.0.0.1:5000",
    )


def test_a_listed_page_gets_all_it_needs(browser, xiaoming):
    answer = asks(browser, SHOP, next=f"{SHOP}/back")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert "Origin" in answer.headers["Vary"]
    body = answer.get_json()
    assert body["appid"] == "wx0000000000000a01"
    assert body["expires_in"] == 600
    started = Started.at(body["frame_url"])
    assert (started.state, started.callback) == (body["state"], body["redirect_uri"])
    back = browser.returns(started, xiaoming.confirms(started))
    assert (back.status_code, back.location) == (303, f"{SHOP}/back")


def instead(browser: Browser, agent: str, **body: str) -> list[tuple[str, str]]:
    """What the page shows in the code's place there."""
    browser.client.environ_base["HTTP_USER_AGENT"] = USER_AGENTS[agent][0]
    answer = asks(browser, SHOP, **body)
    assert answer.status_code == 200
    return [(one["url"], one["text"]) for one in answer.get_json()["instead"]]


def test_on_a_desktop_the_code_is_shown(browser):
    for agent in ("chrome windows", "wecom windows"):
        assert instead(browser, agent, next=f"{SHOP}/back") == []


def test_a_phone_gets_the_way_of_login_and_no_code_of_its_own_screen(browser):
    """finding 5 of use: nobody scans a code with the phone that shows it"""
    back = {"next": f"{SHOP}/back"}
    login = f"http://127.0.0.1:5000/login?{urlencode(back, safe='/:')}"
    code = f"http://127.0.0.1:5000/login/qr?app=web&{urlencode(back, safe='/:')}"
    assert instead(browser, "safari iphone", app="web", lang="zh", **back) == [
        (login, "使用微信登录"),
        (code, "我可以用另一部手机扫码"),
    ]
    for agent in ("wechat iphone", "wecom iphone", "mini program iphone"):
        assert instead(browser, agent, lang="en", **back) == [
            (login, "Continue with WeChat")
        ]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.test",
        "https://good.test.evil.test",
        "https://evilgood.test",
        "https://good.test",
        "http://127.0.0.1:7778",
        "https://127.0.0.1:7777",
        "http://127.0.0.1:7777/",
        "http://127.0.0.1:7777 http://evil.test",
    ],
)
def test_other_pages_get_nothing(browser, origin):
    """security row 27"""
    answer = asks(browser, origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_a_wildcard_origin_may_call(browser):
    answer = asks(browser, "https://a.good.test")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.good.test"


def test_a_listed_page_of_another_site_is_told_no(browser):
    """There our cookie would be a third-party cookie."""
    answer = asks(browser, SHOP, site="cross-site")
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_the_preflight_is_answered_for_listed_pages_only(browser):
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    answer = browser.client.options(
        "/api/attempts", headers=headers, base_url="http://127.0.0.1:5000"
    )
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert answer.headers["Access-Control-Max-Age"] == "600"
    headers["Origin"] = "https://evil.test"
    answer = browser.client.options(
        "/api/attempts", headers=headers, base_url="http://127.0.0.1:5000"
    )
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_other_call_is_open_to_pages(browser):
    """security row 27"""
    answer = browser.get("/api/me", headers={"Origin": SHOP})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_embedded_page_may_be_framed_by_listed_sites_only(browser):
    """security row 88"""
    policy = browser.get("/login/embed").headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SHOP} https://*.good.test" in policy
    policy = browser.get("/login").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy


def test_a_page_with_the_code_may_ask_whether_wechat_answers(browser, simulator):
    for path in ("/login", "/login/embed"):
        policy = browser.get(path).headers["Content-Security-Policy"]
        assert f"connect-src 'self' {simulator.url};" in policy


def test_the_parts_of_the_widget_are_for_every_page(browser):
    for name in ("wxlogin-widget.js", "wxlogin-arrival.js"):
        answer = browser.get(f"/static/{name}", buffered=True)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_callback_in_a_frame_asks_for_itself_once(browser, xiaoming):
    """A frame that a foreign page navigated comes without our Lax cookies."""
    answer = asks(browser, SHOP, next=f"{SHOP}/back", self_redirect="true")
    started = Started.at(answer.get_json()["frame_url"])
    path = started.with_code(xiaoming.confirms(started))
    framed = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
    stranger = Browser(browser.app)
    bounce = stranger.get(path, headers=framed)
    assert bounce.status_code == 200
    assert "location.replace(location.href)" in bounce.text
    assert "Set-Cookie" not in bounce.headers
    own = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
    # Bounced, and still without the cookie: an end, no loop.
    assert stranger.get(path, headers=own).status_code == 400
    done = browser.get(path, headers=own)
    assert done.status_code == 200
    assert f'"next": "{SHOP}/back"' in done.text or f'next: "{SHOP}/back"' in done.text
    assert browser.who() is not None


def test_messages_go_to_exact_origins(browser, xiaoming):
    """security row 89"""
    answer = asks(browser, SHOP, self_redirect="true")
    started = Started.at(answer.get_json()["frame_url"])
    own = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
    path = started.with_code(xiaoming.confirms(started))
    page = browser.get(path, headers=own).text
    assert f'["http://127.0.0.1:5000", "{SHOP}"]' in page
    assert '"*"' not in page
    # Without a `next` of its own the shop's page is sent to ours, not to its own /me.
    assert 'next: "http://127.0.0.1:5000/me"' in page


@pytest.mark.parametrize("path", ["/login", "/login/embed"])
@pytest.mark.parametrize(
    "query", ["endpoint=x", "_method=POST", "_external=1&_scheme=https", "x=%0Ay"]
)
def test_words_of_the_framework_are_no_wishes(browser, path, query):
    """The link to a new code repeats what we know, and nothing else."""
    answer = browser.get(f"{path}?next=/orders&{query}")
    assert answer.status_code == 200
    assert f'href="{path}?next=/orders"' in answer.text


def frame_of(page: str) -> dict[str, list[str]]:
    frame = re.search(r'<iframe id="frame" src="([^"]+)"', page).group(1)
    return parse_qs(urlsplit(unescape(frame)).query)


@pytest.mark.parametrize(
    "sheet",
    [
        "https://evil.test/a.css",
        "https://good.test.evil.test/a.css",
        "https://a.good.test@evil.test/a.css",
        "http://127.0.0.1:7777/a.css",
        "//evil.test/a.css",
        "/a.css",
        "javascript:alert(1)",
    ],
)
def test_a_foreign_style_sheet_does_not_reach_the_frame(browser, sheet):
    """It could paint an attacker's QR code over WeChat's, on our own page."""
    for path in ("/login", "/login/embed"):
        page = browser.get(path, query_string={"href": sheet}).text
        assert "href" not in frame_of(page)


def test_a_listed_sites_style_sheet_does(browser):
    sheet = "https://a.good.test/wechat.css"
    page = browser.get("/login/embed", query_string={"href": sheet}).text
    assert frame_of(page)["href"] == [sheet]


@pytest.mark.parametrize("path", ["/api/attempts", "/api/mobile/app/login"])
@pytest.mark.parametrize(
    "body",
    [
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"code": "\\ud800", "next": "\\udfff"}',
        '{"code": "c", "attempt": "\\ud83dattempt-0123456789", "app": "\\ud83d"}',
        f'{{"code": {"7" * 6000}, "next": {"7" * 6000}}}',
    ],
)
def test_a_hostile_body_is_a_bad_request(browser, path, body):
    """security rows 33 and 45: what JSON can write, and nobody can read"""
    answer = browser.client.post(
        path,
        data=body,
        content_type="application/json",
        headers={"Origin": SHOP, "Sec-Fetch-Site": "same-site"},
        base_url="http://127.0.0.1:5000",
    )
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_request"
