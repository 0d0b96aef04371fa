"""The headers and cookies of every answer, errors included."""

import base64
import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.journey import Browser
from tests.web.routes import methods_by_path, routes
from wxlogin.config import App, AppKind
from wxlogin.wechat import endpoints

HOST = "login.shop.test"
WEB = App(
    name="web",
    kind=AppKind.website,
    appid="wx0000000000000a01",
    secret="0123456789abcdef0123456789abcdef",
    open_platform="main",
)
# The embedded code, and the callback that leaves its frame.
FRAMED = {"login.embed", "callback.callback"}
UNUSED = {"PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"}


@pytest.fixture
def https_app(app_for, simulator, monkeypatch) -> Callable[..., Flask]:
    """The service as in production, on https; WeChat stays the simulated one."""
    for name in ("API_HOST", "OPEN_HOST"):
        monkeypatch.setattr(endpoints, name, simulator.url)

    def make(path: str = "") -> Flask:
        simulator.world.registry.put_apps(
            {"name": "web", "secret": WEB.secret, "callback_domains": [HOST]}
        )
        return app_for(
            public_url=f"https://{HOST}{path}",
            simulator="off",
            apps=(WEB,),
            secret_key="K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2",
            encryption_keys=(base64.b64encode(bytes(range(32))).decode(),),
        )

    return make


def broken(*args: object, **values: object) -> None:
    raise RuntimeError("secret=MARKER /srv/wxlogin SELECT * FROM users")


def answers(app: Flask, browser: Browser):
    """What each route answers: as it is, to another method, and when it breaks."""
    found = list(routes(app))
    for endpoint, path, methods in found:
        for method in sorted((methods & {"GET", "POST"}) | {"PUT"}):
            # A visitor who signs out or deletes would leave the rest untested.
            one = browser.copy() if method == "GET" else Browser(app)
            yield endpoint, method, one._send(method, path)
    views = dict(app.view_functions)
    for endpoint, path, methods in found:
        app.view_functions[endpoint] = broken
        method = min(methods - {"HEAD", "OPTIONS"})
        headers = {"Sec-Fetch-Site": "same-origin"}
        yield endpoint, method, browser.copy()._send(method, path, headers=headers)
    app.view_functions.update(views)
    for path in ("/nowhere", "/static/none.css", "/api/nowhere", "/login/callback/web"):
        yield "none", "GET", browser.copy().get(path)
    for host in ("evil.test", "127.0.0.1.evil.test", "evil.test:5000"):
        yield "none", "GET", browser.get("/login", headers={"Host": host})


def check_headers(endpoint: str, answer) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    # No site is listed here, so even what may be framed is framed by us alone.
    framed = endpoint in FRAMED and "frame-ancestors 'self'" in policy
    assert framed or "frame-ancestors 'none'" in policy, endpoint
    assert (headers.get("X-Frame-Options") == "DENY") != framed
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"]
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])
    assert "Server" not in headers
    assert "X-Powered-By" not in headers
    is_public = endpoint == "static" or endpoint.startswith("openid_metadata.")
    kept = is_public and answer.status_code == 200
    assert ("no-store" in headers["Cache-Control"]) != kept
    if answer.data:
        assert headers["Content-Type"].partition(";")[0] in (
            "text/html",
            "application/json",
            "application/problem+json",
            "text/plain",
            "text/css",
        )


def test_every_answer_has_every_header(app, signed_in):
    """security rows 33, 88, 91 and 96"""
    seen = set()
    for endpoint, method, answer in answers(app, signed_in):
        check_headers(endpoint, answer)
        assert "Strict-Transport-Security" not in answer.headers
        seen.add(answer.status_code // 100)
        for hint in ("MARKER", "Traceback", "RuntimeError", "SELECT", "Werkzeug"):
            assert hint not in answer.text, (endpoint, method)
    assert seen == {2, 3, 4, 5}


def test_over_https_every_answer_has_hsts(https_app):
    """security row 91"""
    app = https_app()
    for endpoint, _method, answer in answers(app, Browser(app)):
        check_headers(endpoint, answer)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_callback_tells_nobody_its_address(browser, xiaoming):
    """security row 32"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    for answer in (
        browser.returns(started, None),
        browser.get(started.with_code(code).replace("state=", "state=A")),
        browser.copy().get("/login/callback/web"),
    ):
        assert answer.status_code == 400
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert started.state not in answer.text
        assert code not in answer.text


def test_a_page_with_a_form_lets_the_browser_say_where_it_comes_from(signed_in):
    """security row 32: with no-referrer the form would say `Origin: null`."""
    answer = signed_in.get("/me")
    assert "<form" in answer.text
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("url", "name", "path", "secure"),
    [
        ("http", "wxlogin_", "/", False),
        ("https", "__Host-wxlogin_", "/", True),
        ("https/wx", "__Secure-wxlogin_", "/wx", True),
    ],
)
def test_every_cookie_is_as_strict_as_it_can_be(
    app, https_app, xiaoming, url, name, path, secure
):
    """security row 21, over a whole journey"""
    scheme, slash, below = url.partition("/")
    prefix = slash + below
    app = https_app(prefix) if scheme == "https" else app
    browser = Browser(app, prefix=prefix)
    answers = [browser.get(f"{prefix}/login?next=/orders")]
    started = browser.starts()
    answers.append(browser.returns(started, xiaoming.confirms(started)))
    assert browser.who()["nickname"] == "小明😀"
    answers += [
        browser.get(f"{prefix}/me"),
        browser.post(f"{prefix}/me/profile"),
        browser.get(f"{prefix}/me"),
        browser.get(f"{prefix}/language/en"),
        *(browser.get(f"{prefix}/login") for _ in range(12)),
        browser.post(f"{prefix}/logout"),
    ]
    lines = [
        line for answer in answers for line in answer.headers.getlist("Set-Cookie")
    ]
    kinds = set()
    for line in lines:
        pair, *attributes = line.split("; ")
        assert pair.startswith(name)
        kinds.add(pair.removeprefix(name).partition("=")[0].partition("-")[0])
        assert f"Path={path}" in attributes
        assert "HttpOnly" in attributes
        assert "SameSite=Lax" in attributes
        assert ("Secure" in attributes) == secure
        assert not any(each.startswith("Domain") for each in attributes)
        assert len(line) < 4096
    assert kinds == {"at", "session", "language"}


def test_methods_that_nothing_uses_are_closed(app):
    """security row 103"""
    for path, methods in methods_by_path(app).items():
        for method in (UNUSED | {"GET", "POST"}) - methods:
            answer = Browser(app)._send(method, path)
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/wxlogin.db",
        "/instance/secret_key",
        "/static/../wxlogin/errors.py",
        "/static/..%2fpyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/",
        "/static",
        "/console",
        "/me//",
        "/login/",
        "/me/1",
        "/LOGIN",
    ],
)
def test_there_is_nothing_at_other_paths(browser, path):
    """security row 103"""
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "evil.test" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:80",
        "127.0.0.1@evil.test",
        "a b",
        "[",
        "localhost.evil.test",
    ],
)
def test_an_unknown_host_is_refused(browser, host):
    """security row 98"""
    for path in ("/login", "/api/me", "/static/wxlogin.css", "/nowhere"):
        answer = browser.get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert host not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_a_forwarded_host_is_not_believed(app_for):
    """security rows 19 and 98, also behind a proxy that is trusted"""
    headers = {
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "666",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.test;proto=https",
    }
    for proxies in (0, 1):
        app = app_for(trusted_proxies=proxies)
        answer = Browser(app).get("/login", headers=headers)
        assert answer.status_code == 200
        assert "evil" not in answer.text
        assert "666" not in answer.text
        assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2F" in answer.text


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "127.0.0.1"),
        (0, "", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "6.6.6.6", "127.0.0.1"),
    ],
)
def test_addresses_are_believed_from_trusted_proxies_only(
    app_for, xiaoming, proxies, forwarded, address
):
    """security row 97"""
    browser = Browser(app_for(trusted_proxies=proxies))
    browser.headers["X-Forwarded-For"] = forwarded
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    page = browser.get("/me").text
    assert f"{address} ·" in page
    assert "6.6.6.6" not in page


@pytest.mark.parametrize("path", ["/login", "/me", "/static/wxlogin.css", "/api/me"])
def test_head_answers_as_get_without_a_body(browser, path):
    head, get = browser._send("HEAD", path), browser.get(path)
    assert head.status_code == get.status_code
    assert head.data == b""
    get.close()
    assert set(head.headers.keys()) == set(get.headers.keys())


def test_a_body_that_is_too_large_is_not_read(signed_in):
    """security row 100"""
    answer = signed_in.post("/me/delete", data={"sure": "x" * 70_000})
    assert answer.status_code == 413
    assert signed_in.who()


def test_files_may_be_kept_for_a_year_and_change_their_address(browser):
    page = browser.get("/login").text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert re.search(r"\?v=[0-9a-f]{10}$", path)
        answer = browser.get(path, buffered=True)
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        again = browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        again.close()


@pytest.mark.parametrize("version", ["", "?v=0123456789"])
def test_a_file_of_no_or_another_version_is_asked_for_again(browser, version):
    """A site's page names the script it includes without a version; and while a new
    release starts, an old worker may be asked for a file that is not its own."""
    answer = browser.get(f"/static/wxlogin-widget.js{version}", buffered=True)
    assert "max-age=3600" in answer.headers["Cache-Control"]
    assert answer.headers["ETag"]
