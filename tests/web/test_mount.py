"""The service under a path of somebody's Flask application."""

import logging
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import structlog
from flask import Flask, session
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from tests.support.following import wechat_says
from tests.support.journey import (
    AS_A_PAGE,
    AS_A_SCRIPT,
    Browser,
    Phone,
    pictures_arrive,
)
from tests.support.neighbour import neighbour
from wxlogin import flask as wechat
from wxlogin.accounts import people
from wxlogin.db import db, now
from wxlogin.errors import ConfigurationError
from wxlogin.service import service_of as held_by
from wxlogin.simulator.world import ids


class Told:
    """What the signals said, as (name, uid)."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []
        for name in ("signed_in", "created", "merged", "deleted"):
            receiver = self._receiver(name)
            setattr(self, name, receiver)
            getattr(wechat, name).connect(receiver)

    def _receiver(self, name: str):
        return lambda _sender, uid, **_: self.all.append((name, uid))


@pytest.fixture
def host(tmp_path, simulator) -> Flask:
    """An application with a session and a /login of its own, and ours at /wx."""
    app = neighbour()
    app.instance_path = str(tmp_path / "instance")

    @app.get("/account")
    @wechat.login_required
    def account() -> dict[str, object]:
        person = wechat.current()
        session["seen"] = person.uid
        return {"uid": person.uid, "name": person.nickname, "avatar": person.avatar}

    @app.post("/account")
    @wechat.login_required
    def change() -> str:
        return "changed"

    @app.get("/front")
    def front() -> dict[str, object]:
        person = wechat.current()
        links = [wechat.login_url("/front?a=1&b=2"), wechat.logout_url()]
        return {"name": person and person.nickname, "links": links}

    mounted(app, simulator)
    return app


def mounted(app: Flask, simulator, path: str = "/wx", **settings: object) -> Flask:
    return wechat.mount(app, path, simulator_url=simulator.url, **settings)


def service_of(app: Flask) -> Flask:
    return app.extensions["wxlogin"].service


@pytest.fixture
def visitor(host):
    browser = Browser(service_of(host), prefix="/wx")
    browser.client = host.test_client()
    yield browser
    pictures_arrive(service_of(host))
    with service_of(host).app_context():
        db.engine.dispose()


def signs_in(visitor: Browser, phone, next_url: str | None = None):
    started = visitor.starts(next_url=next_url)
    return visitor.returns(started, phone.confirms(started))


def test_a_page_of_the_host_leads_to_the_login_and_back(visitor, xiaoming):
    led = visitor.get("/account?tab=1&x=茶")
    assert led.status_code == 302
    assert led.location == "/wx/login?next=%2Faccount%3Ftab%3D1%26x%3D%25E8%258C%25B6"
    assert visitor.get(led.location).status_code == 200
    back = signs_in(visitor, xiaoming, "/account?tab=1&x=%E8%8C%B6")
    assert (back.status_code, back.location) == (303, "/account?tab=1&x=%E8%8C%B6")
    body = visitor.get(back.location).get_json()
    assert body["name"] == "小明😀"
    assert body["uid"] == visitor.who()["uid"]
    picture = urlsplit(body["avatar"])
    assert visitor.get(f"{picture.path}?{picture.query}").status_code == 200


def test_who_must_follow_an_account_is_led_to_its_page_first(tmp_path, simulator):
    """security row 79a"""
    app = neighbour()
    app.instance_path = str(tmp_path / "instance")
    app.add_url_rule("/account", view_func=wechat.login_required(_account))
    service = mounted(app, simulator, must_follow="oa")
    visitor = Browser(service, prefix="/wx")
    visitor.client = app.test_client()
    back = signs_in(visitor, Phone(simulator, "xiaoming"), "/account")
    assert back.location == "/wx/follow?next=/account"
    led = visitor.get("/account?tab=1")
    assert led.location == "/wx/follow?next=%2Faccount%3Ftab%3D1"
    assert visitor.get("/account", headers=AS_A_SCRIPT[0]).status_code == 401
    _xiaoming(service, follows=True)
    assert visitor.get("/account").status_code == 200
    assert visitor.get("/wx/follow?next=/account").location == "/account"
    # Has come past it, and stays.
    _xiaoming(service, follows=False)
    assert visitor.get("/account").status_code == 200
    pictures_arrive(service)
    with service.app_context():
        db.engine.dispose()


def _account() -> str:
    return "in"


def _xiaoming(service: Flask, *, follows: bool) -> None:
    """WeChat has said so."""
    appid, unionid = "wx0000000000000a02", ids.unionid("main", "xiaoming")
    openid = ids.openid(appid, "xiaoming")
    with service.app_context():
        told = {"follows": follows, "unionid": ("main", unionid), "at": now()}
        wechat_says(appid, openid, **told)


@pytest.mark.parametrize(
    ("asked", "back"),
    [
        ("/account?q=%zz", "/account?q=%25zz"),
        ("/account?q={a}|^`", "/account?q=%7Ba%7D%7C%5E%60"),
        ("/account?q=100%", "/account?q=100%25"),
    ],
)
def test_a_page_with_an_odd_query_is_come_back_to(visitor, xiaoming, asked, back):
    """finding I5"""
    path, _, query = asked.partition("?")
    led = visitor.get(path, query_string=query)
    (next_url,) = parse_qs(urlsplit(led.location).query)["next"]
    assert signs_in(visitor, xiaoming, next_url).location == back


def test_the_login_leads_to_public_url_and_probes_need_no_name(host):
    """findings I17 and I6"""
    client = host.test_client()
    led = client.get("/wx/login?next=/account", base_url="http://localhost:5000")
    assert led.location == "http://127.0.0.1:5000/wx/login?next=/account"
    assert client.get("/wx/readyz", base_url="http://10.0.0.7").status_code == 200


def test_the_host_says_what_it_likes_to_strangers(visitor, xiaoming):
    assert visitor.get("/front").get_json() == {
        "name": None,
        "links": ["/wx/login?next=%2Ffront%3Fa%3D1%26b%3D2", "/wx/logout"],
    }
    signs_in(visitor, xiaoming)
    assert visitor.get("/front").get_json()["name"] == "小明😀"


def test_the_host_keeps_its_own_session_and_login(visitor, xiaoming):
    visitor.get("/login")
    before = visitor.cookies()["session"]
    signs_in(visitor, xiaoming)
    assert visitor.cookies()["session"] == before
    assert "neighbour's user" in visitor.get("/orders").text.replace("&#39;", "'")
    visitor.get("/account")
    assert "neighbour's user" in visitor.get("/orders").text.replace("&#39;", "'")
    visitor.post("/wx/logout", data={"next": "/front"})
    assert visitor.get("/front").get_json()["name"] is None
    assert "neighbour's user" in visitor.get("/orders").text.replace("&#39;", "'")


def test_a_sign_out_leads_where_the_form_wants(visitor, xiaoming):
    signs_in(visitor, xiaoming)
    answer = visitor.post("/wx/logout", data={"next": "/front"})
    assert (answer.status_code, answer.location) == (303, "/front")


def test_the_cookie_reaches_the_host_s_pages(visitor, xiaoming):
    answer = signs_in(visitor, xiaoming)
    lines = answer.headers.getlist("Set-Cookie")
    assert any(line.startswith("wxlogin_session=") for line in lines)
    assert all("; Path=/;" in f"{line};" for line in lines)


def test_a_script_is_refused_instead_of_led(visitor):
    for headers in AS_A_SCRIPT:
        assert visitor.get("/account", headers=headers).status_code == 401, headers


def test_a_page_is_led_whatever_else_it_says(visitor):
    for headers in AS_A_PAGE:
        assert visitor.get("/account", headers=headers).status_code == 302, headers


def test_a_form_comes_back_to_no_page_that_takes_forms_only(visitor):
    answer = visitor.post("/account")
    assert (answer.status_code, answer.location) == (302, "/wx/login")


@pytest.mark.parametrize("cookie", ["x", "", "e30.x.y", "é" * 40])
def test_a_broken_cookie_is_nobody(visitor, cookie):
    visitor.client.set_cookie("wxlogin_session", cookie, domain="127.0.0.1")
    assert visitor.get("/front").get_json()["name"] is None


def test_a_session_that_ended_is_nobody(visitor, xiaoming, host):
    signs_in(visitor, xiaoming)
    twin = visitor.copy()
    twin.client = host.test_client()
    twin.client._cookies = dict(visitor.client._cookies)
    visitor.post("/wx/logout")
    assert twin.get("/front").get_json()["name"] is None


def test_a_closed_account_is_nobody(visitor, xiaoming, host):
    signs_in(visitor, xiaoming)
    with service_of(host).app_context():
        people.disable(visitor.who()["uid"])
    assert visitor.get("/front").get_json()["name"] is None


def test_the_host_is_told_by_signals(visitor, xiaoming):
    told = Told()
    signs_in(visitor, xiaoming)
    uid = visitor.who()["uid"]
    assert sorted(told.all) == [("created", uid), ("signed_in", uid)]
    visitor.post("/wx/me/delete", data={"sure": "yes"})
    assert told.all[2:] == [("deleted", uid)]
    assert visitor.get("/front").get_json()["name"] is None


def test_errors_of_both_stay_apart(visitor):
    assert "X-Request-Id" in visitor.get("/wx/nowhere").headers
    for path in ("/nowhere", "/wxlogin"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "X-Request-Id" not in answer.headers
        assert "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize("path", ["/wx", "/wx/"])
def test_the_path_itself_leads_to_the_account(visitor, path):
    assert visitor.get(path).location == "/wx/me"


def test_the_keys_and_the_database_lie_in_the_instance_folder(host, tmp_path):
    made = {path.name for path in (tmp_path / "instance").iterdir()}
    assert {"wxlogin.db", "secret_key", "encryption_key"} <= made


@pytest.mark.parametrize(
    ("given", "public_url"),
    [
        ({}, "http://127.0.0.1:5000/wx"),
        ({"public_url": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000/wx"),
        ({"public_url": "http://127.0.0.1:8000/wx/"}, "http://127.0.0.1:8000/wx"),
        ({"public_url": "http://127.0.0.1:8000/shop"}, "http://127.0.0.1:8000/shop/wx"),
        ({"public_url": "http://127.0.0.1:81/shop/wx"}, "http://127.0.0.1:81/shop/wx"),
        ({"public_url": "http://wx.localhost"}, "http://wx.localhost/wx"),
    ],
)
def test_public_url_may_leave_the_path_out(tmp_path, simulator, given, public_url):
    app = Flask("host", instance_path=str(tmp_path))
    settings = held_by(mounted(app, simulator, **given)).settings
    assert settings.public_url == public_url
    assert settings.cookie_path == "/"


def test_the_environment_is_read(tmp_path, simulator, monkeypatch):
    monkeypatch.setenv("WXLOGIN_PUBLIC_URL", "http://127.0.0.1:7000")
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path / "elsewhere"))
    app = Flask("host", instance_path=str(tmp_path / "instance"))
    settings = held_by(mounted(app, simulator)).settings
    assert settings.public_url == "http://127.0.0.1:7000/wx"
    assert (tmp_path / "elsewhere" / "wxlogin.db").is_file()


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("wx", {}),
        ("/", {}),
        ("/wx/", {}),
        ("/wx", {"public_url": "https://shop.example"}),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, simulator, path, given):
    app = Flask("host", instance_path=str(tmp_path))
    with pytest.raises(ConfigurationError) as error:
        mounted(app, simulator, path, **given)
    assert error.value.operator
    assert "wxlogin" not in app.extensions


@pytest.mark.parametrize(
    ("name", "meant"),
    [("site_nam", "site_name"), ("publicurl", "public_url"), ("SITES", "sites")],
)
def test_a_misspelled_setting_is_told_with_the_right_one(
    tmp_path, simulator, name, meant
):
    app = Flask("host", instance_path=str(tmp_path))
    with pytest.raises(ConfigurationError, match=f"{name}; did you mean {meant}"):
        mounted(app, simulator, **{name: "x"})
    assert "wxlogin" not in app.extensions


def below(app: Flask, path: str):
    """The application below a path of its host, as WSGI servers put it there."""
    return DispatcherMiddleware(NotFound(), {path: app})


def told_by_proxy(app: Flask, path: str):
    """A proxy that takes the path off and says so; the host heeds it."""
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)

    def take_off(environ, start_response):
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(path)
        environ["HTTP_X_FORWARDED_PREFIX"] = path
        return app(environ, start_response)

    return take_off


def taken_off(app: Flask, path: str):
    """A proxy that takes the path off and says nothing."""

    def take_off(environ, start_response):
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(path)
        return app(environ, start_response)

    return take_off


def guarded(app: Flask) -> Flask:
    app.get("/orders")(wechat.login_required(lambda: wechat.current().nickname))
    return app


@pytest.mark.parametrize("order", ["mount last", "mount first"])
@pytest.mark.parametrize(
    ("placed", "proxies"), [(below, 0), (told_by_proxy, 1), (taken_off, 1)]
)
def test_an_application_below_a_path(
    tmp_path, simulator, xiaoming, placed, proxies, order
):
    """finding I8"""
    app = guarded(Flask("host", instance_path=str(tmp_path)))
    given = {"public_url": "http://127.0.0.1:5000/shop", "trusted_proxies": proxies}
    if order == "mount first":
        mounted(app, simulator, **given)
    outside = placed(app, "/shop")
    if order == "mount last":
        mounted(app, simulator, **given)
    visitor = Browser(service_of(app), prefix="/shop/wx")
    visitor.client = Client(outside)
    led = visitor.get("/shop/orders?a=1")
    assert led.location == f"/shop/wx/login?{urlencode({'next': '/shop/orders?a=1'})}"
    assert visitor.get(led.location).status_code == 200
    signs_in(visitor, xiaoming, "/shop/orders")
    assert visitor.get("/shop/orders").text == "小明😀"
    assert visitor.get("/shop/wx/wx/login").status_code == 404


@pytest.mark.parametrize(
    ("public_path", "path", "proxies", "advice"),
    [
        ("", "/shop", 0, "http://127.0.0.1:5000/shop"),
        ("", "/shop/de", 0, "http://127.0.0.1:5000/shop/de"),
        ("/wx", "/shop", 0, "http://127.0.0.1:5000/shop"),
        ("/shop", "/store", 1, "http://127.0.0.1:5000/store"),
        ("/shop", "", 0, "TRUSTED_PROXIES"),
        ("/login", "", 0, "http://127.0.0.1:5000,"),
    ],
)
def test_an_application_below_another_path_than_it_says(
    tmp_path, simulator, public_path, path, proxies, advice
):
    """finding I8: the first request says what to write, ours and the host's"""
    app = guarded(Flask("host", instance_path=str(tmp_path)))
    app.testing = True
    app.get("/about", endpoint="about")(lambda: "a shop")
    public_url = f"http://127.0.0.1:5000{public_path}"
    mounted(app, simulator, public_url=public_url, trusted_proxies=proxies)
    client = Client(below(app, path) if path else app)
    for page in ("/orders", "/wx/login"):
        with pytest.raises(ConfigurationError) as error:
            client.get(path + page)
        assert advice in error.value.operator
    # What needs nobody to be known goes on.
    assert client.get(f"{path}/about").text == "a shop"


@pytest.mark.parametrize(
    "path", ["/wx/wx/login", "/wx//login", "//wx/login", "/wx/wx", "/WX/login"]
)
def test_a_page_of_ours_has_one_address(visitor, path):
    """finding L12"""
    answer = visitor.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404


def test_what_others_put_around_the_application_stays_in_reach(tmp_path, simulator):
    class Prefixed:
        script_name = "/books"

        def __init__(self, app):
            self.app = app

        def __call__(self, *given):
            return self.app(*given)

    app = Flask("host", instance_path=str(tmp_path))
    app.wsgi_app = Prefixed(app.wsgi_app)
    mounted(app, simulator)
    assert app.wsgi_app.script_name == "/books"
    assert app.wsgi_app.app.__self__ is app
    assert not hasattr(app.wsgi_app, "nothing_of_the_kind")
    assert app.test_client().get("/wx/healthz").status_code == 200


def test_twice_is_once_too_often(host, simulator):
    with pytest.raises(ConfigurationError, match="already"):
        mounted(host, simulator)


def test_without_a_mount_it_says_what_is_missing(tmp_path):
    app = Flask("host", instance_path=str(tmp_path))
    with app.test_request_context(), pytest.raises(ConfigurationError, match="mount"):
        wechat.current()


def test_the_host_s_own_logging_stays_as_it_is(tmp_path, simulator):
    structlog.reset_defaults()
    mounted(Flask("host", instance_path=str(tmp_path)), simulator)
    assert not structlog.is_configured()


def test_the_development_server_logs_no_secret(host, caplog):
    line = '"GET /wx/login/callback/web?code=%s&state=%s HTTP/1.1"'
    with caplog.at_level(logging.INFO, "werkzeug"):
        for text in (
            line % ("c0de-c0de-c0de", "STATESTATE"),
            *(
                f'"POST /wx/{path}/t1cket-t1cket HTTP/1.1"'
                for path in (
                    "handover",
                    "link",
                    "register/continue",
                    "terms",
                    "oauth2/authorize",
                    "oauth2/logout",
                )
            ),
            '"GET /wx/oauth2/logout?id_token_hint=t1cket.t1cket HTTP/1.1"',
        ):
            logging.getLogger("werkzeug").info('%s "%s" %s', text, "-", 303)
    for secret in ("c0de", "STATE", "t1cket"):
        assert secret not in caplog.text
    assert "/wx/login/callback/web" in caplog.text


def test_limits_of_the_applications_own_are_its_own(tmp_path, simulator):
    """Flask-Limiter's settings and extension there mean nothing to ours."""
    host = neighbour()
    host.instance_path = str(tmp_path / "instance")
    host.config.update(RATELIMIT_ENABLED=False, RATELIMIT_STORAGE_URI="nowhere://")
    host.extensions["limiter"] = theirs = object()
    host.add_url_rule("/front", view_func=lambda: "theirs", endpoint="front")
    mounted(host, simulator, limits={"logins": 2})
    client = host.test_client(use_cookies=False)
    heard = [client.get("/wx/login/qr").status_code for _ in range(4)]
    assert heard == [302, 302, 429, 429]
    assert {client.get("/front").status_code for _ in range(4)} == {200}
    assert host.extensions["limiter"] is theirs
    with service_of(host).app_context():
        db.engine.dispose()
