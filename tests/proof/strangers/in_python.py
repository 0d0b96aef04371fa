"""Clients of PyPI, as they are, at WeChat's real names: a line of JSON about each.

`tests.proof.clients` runs this with the Python that has them, among these names. It
uses nothing of ours: what people do is told to the simulator by its control API. Names
behind it pick some of them.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import flask
import requests

WEB = ("wx0000000000000a01", "secret-of-web")
OA = ("wx0000000000000a02", "secret-of-oa")
CALLBACK = "https://shop.example/callback"
NAME = "小明😀"


class WeChat:
    """What 小明 does in WeChat, and the dials of the simulator."""

    def __init__(self) -> None:
        self._url = os.environ["WECHAT_SIMULATOR_URL"]

    def asks(self, method: str, call: str, given: object = None) -> Any:
        where = f"{self._url}/_sim/{call}"
        answer = requests.request(method, where, json=given, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sets(self, **switches: object) -> None:
        self.asks("PUT", "switches", switches)

    def scans(self, link: str) -> str:
        """Where the browser goes after this QR page."""
        return self._redirect(self.asks("POST", "login", self._by(link)))

    def opens(self, link: str, note: Callable[[str], None]) -> str:
        """The same of a link inside WeChat, with the switch that lets it through."""
        told = self.asks("POST", "authorize", self._by(link))
        if "redirect" not in told and told.get("switch"):
            name, _, value = told["switch"].partition("=")
            self.sets(**{name: value})
            try:
                back = self._redirect(self.asks("POST", "authorize", self._by(link)))
            finally:
                self.sets(**{name: None})
            note(told["switch"])
            return back
        return self._redirect(told)

    def _by(self, link: str) -> dict[str, str]:
        return {"url": link, "person": "xiaoming"}

    def _redirect(self, told: dict[str, str]) -> str:
        if "redirect" not in told:
            raise AssertionError(f"{told['page']}: {told.get('rule', '')}")
        return told["redirect"]


def code_of(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["code"]


def same(person: dict[str, Any]) -> None:
    assert person["nickname"] == NAME, person


class Checks:
    """What a client can do, each a function; those it has not stay `none`."""

    def __init__(self, name: str, package: str = "") -> None:
        self.line = {"client": name, "version": version(package or name)}

    def does(self, what: str, act: Callable[[], object]) -> Any:
        try:
            made = act()
        except Exception as error:
            self.line[what] = f"FAILED: {type(error).__name__}: {error}"[:300]
            return None
        self.line.setdefault(what, "ok")
        return made

    def note(self, what: str) -> Callable[[str], None]:
        def said(switch: str) -> None:
            self.line[what] = f"ok with {switch}"

        return said


def wechatpy(wechat: WeChat) -> Checks:
    from wechatpy.oauth import WeChatOAuth

    checks = Checks("wechatpy")

    def client(app: tuple[str, str], scope: str) -> Any:
        return WeChatOAuth(*app, CALLBACK, scope, "S1")

    web, oa = client(WEB, "snsapi_login"), client(OA, "snsapi_userinfo")
    back = checks.does("qr", lambda: wechat.scans(web.qrconnect_url))
    link = oa.authorize_url
    h5 = checks.does("h5", lambda: wechat.opens(link, checks.note("h5")))

    def exchanges() -> None:
        web.fetch_access_token(code_of(back))
        oa.fetch_access_token(code_of(h5))
        assert oa.check_access_token()
        web.refresh_access_token(web.refresh_token)

    checks.does("token", exchanges)
    checks.does("user_info", lambda: [same(one.get_user_info()) for one in (web, oa)])
    checks.does("push", lambda: _pushes_to_wechatpy(wechat))
    return checks


def _pushes_to_wechatpy(wechat: WeChat) -> None:
    from wechatpy import create_reply, parse_message
    from wechatpy.crypto import WeChatCrypto
    from wechatpy.utils import check_signature

    [app] = [one for one in wechat.asks("GET", "apps") if one["name"] == "oa"]
    crypto = WeChatCrypto(app["token"], app["aes_key"], app["appid"])
    shop = flask.Flask("wechatpy")

    @shop.route("/push", methods=["GET", "POST"])
    def push() -> str:
        given = flask.request.args
        proof = (given["timestamp"], given["nonce"])
        check_signature(app["token"], given["signature"], *proof)
        if flask.request.method == "GET":
            return given["echostr"]
        text = crypto.decrypt_message(
            flask.request.data, given["msg_signature"], *proof
        )
        answer = create_reply("你好", parse_message(text)).render()
        return crypto.encrypt_message(answer, given["nonce"])

    _is_pushed_to(wechat, shop, "你好")


def _is_pushed_to(wechat: WeChat, shop: flask.Flask, answer: str) -> None:
    """The address proves itself, and a person's words are answered."""
    with serving(shop) as url:
        verified = wechat.asks(
            "POST", "push/verify", {"appid": "oa", "push_url": f"{url}/push"}
        )
        assert verified["ok"], verified
        said = {"appid": "oa", "person": "xiaoming", "event": "text", "content": "hi"}
        told = wechat.asks("POST", "push", said)
        assert told["shown"] == answer, told
    wechat.asks("PUT", "apps", {"name": "oa", "push_url": ""})


@contextmanager
def serving(shop: flask.Flask) -> Any:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, shop, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


def social_auth_core(wechat: WeChat) -> Checks:
    from social_core.backends.weixin import WeixinOAuth2, WeixinOAuth2APP
    from social_core.strategy import BaseStrategy

    settings = {
        "SOCIAL_AUTH_WEIXIN_KEY": WEB[0],
        "SOCIAL_AUTH_WEIXIN_SECRET": WEB[1],
        "SOCIAL_AUTH_WEIXINAPP_KEY": OA[0],
        "SOCIAL_AUTH_WEIXINAPP_SECRET": OA[1],
        "SOCIAL_AUTH_WEIXINAPP_SCOPE": ["snsapi_userinfo"],
        "SOCIAL_AUTH_WEIXINAPP_IGNORE_DEFAULT_SCOPE": True,
    }

    class Nonces:
        def use(self, *_: object) -> bool:
            return True

        consume = use

    class Strategy(BaseStrategy):
        """A web framework of a dictionary."""

        def __init__(self) -> None:
            super().__init__(storage=SimpleNamespace(nonce=Nonces()))
            self.kept: dict[str, Any] = {}

        def get_setting(self, name: str) -> Any:
            return settings[name]

        def request_data(self, merge: bool = True) -> dict[str, str]:
            return {}

        def session_get(self, name: str, default: Any = None) -> Any:
            return self.kept.get(name, default)

        def session_set(self, name: str, value: Any) -> None:
            self.kept[name] = value

        def session_pop(self, name: str) -> Any:
            return self.kept.pop(name, None)

        def session_setdefault(self, name: str, value: Any) -> Any:
            return self.kept.setdefault(name, value)

        def build_absolute_uri(self, path: str | None = None) -> str:
            return path or ""

        def authenticate(self, *_: Any, **known: Any) -> Any:
            return known["response"]

    checks = Checks("social-auth-core")
    web = WeixinOAuth2(Strategy(), redirect_uri=CALLBACK)
    oa = WeixinOAuth2APP(Strategy(), redirect_uri=CALLBACK)
    backs = [
        checks.does("qr", lambda: wechat.scans(web.auth_url())),
        checks.does("h5", lambda: wechat.opens(oa.auth_url(), checks.note("h5"))),
    ]
    people = []

    def exchanges() -> None:
        for backend, back in zip((web, oa), backs, strict=True):
            backend.data = dict(parse_qsl(urlsplit(back).query))
            people.append(backend.auth_complete())

    checks.does("token", exchanges)
    checks.does("user_info", lambda: [same(people[0]), same(people[1])])
    return checks


def django_allauth(wechat: WeChat) -> Checks:
    import django
    from django.conf import settings

    own = {
        "web": {"client_id": WEB[0], "secret": WEB[1]},
        "oa": {"client_id": OA[0], "secret": OA[1]},
    }
    settings.configure(
        SECRET_KEY="of-no-use",
        ALLOWED_HOSTS=["shop.example"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            "allauth.socialaccount.providers.weixin",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"]
                },
            }
        ],
        SOCIALACCOUNT_LOGIN_ON_GET=True,
        ACCOUNT_DEFAULT_HTTP_PROTOCOL="https",
        SOCIALACCOUNT_PROVIDERS={"weixin": {"APPS": [own["web"]]}},
    )
    django.setup()
    from allauth.socialaccount.models import SocialAccount
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    checks = Checks("django-allauth")

    def signs_in(app: str, door: Callable[[str], str], **more: object) -> None:
        provider = {"APPS": [own[app]], **more}
        settings.SOCIALACCOUNT_PROVIDERS["weixin"] = provider
        browser = Client(headers={"host": "shop.example"})
        link = browser.get("/weixin/login/", secure=True)["Location"]
        back = door(link)
        where = back.removeprefix("https://shop.example")
        answer = browser.get(where, secure=True)
        assert answer.status_code == 302, answer.content[:300]

    checks.does("qr", lambda: signs_in("web", wechat.scans))
    checks.does(
        "h5",
        lambda: signs_in(
            "oa",
            lambda link: wechat.opens(link, checks.note("h5")),
            AUTHORIZE_URL="https://open.weixin.qq.com/connect/oauth2/authorize",
            SCOPE=["snsapi_userinfo"],
        ),
    )
    accounts = SocialAccount.objects.all()
    checks.does("token", lambda: accounts[0])
    checks.does("user_info", lambda: [same(one.extra_data) for one in accounts])
    return checks


def __getattr__(name: str) -> Any:
    # Django asks this module for its addresses, once it is set up.
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("", include("allauth.urls"))]
    raise AttributeError(name)


def weixin_python(wechat: WeChat) -> Checks:
    from weixin import Weixin

    checks = Checks("weixin-python")
    oa = Weixin({"WEIXIN_APP_ID": OA[0], "WEIXIN_APP_SECRET": OA[1]})
    web = Weixin({"WEIXIN_APP_ID": WEB[0], "WEIXIN_APP_SECRET": WEB[1]})
    quoted = urlencode({"": CALLBACK})[1:]
    link = oa.authorize(quoted, "snsapi_userinfo", "S1")
    h5 = checks.does("h5", lambda: wechat.opens(link, checks.note("h5")))
    # It writes no links to the QR page, and takes its codes.
    given = {"appid": WEB[0], "redirect_uri": CALLBACK, "response_type": "code"}
    own = urlencode({**given, "scope": "snsapi_login", "state": "S1"})
    own = f"https://open.weixin.qq.com/connect/qrconnect?{own}"
    back = checks.does("qr", lambda: wechat.scans(own))
    checks.line["qr"] += " by a link of one's own"
    tokens = []

    def exchanges() -> None:
        tokens.append((web, web.access_token(code_of(back))))
        tokens.append((oa, oa.access_token(code_of(h5))))
        for one, token in tokens:
            one.auth(token.access_token, token.openid)
            one.refresh_token(token.refresh_token)

    checks.does("token", exchanges)
    checks.does(
        "user_info",
        lambda: [same(one.userinfo(t.access_token, t.openid)) for one, t in tokens],
    )

    def pushes() -> None:
        from weixin import WeixinMsg

        shop, msg = flask.Flask("weixin"), WeixinMsg("token-of-oa")

        @shop.route("/push", methods=["GET", "POST"])
        def push() -> Any:
            # What its own view does, which knows `basestring` of Python 2 alone.
            given = flask.request.args
            proof = [given[name] for name in ("signature", "timestamp", "nonce")]
            assert msg.validate(*proof)
            if flask.request.method == "GET":
                return given["echostr"]
            said = msg.parse(flask.request.data)
            return msg.reply(said["sender"], sender=said["receiver"], content="你好")

        wechat.sets(push_mode="plain")
        try:
            _is_pushed_to(wechat, shop, "你好")
        finally:
            wechat.sets(push_mode=None)
        checks.line["push"] = "ok with push_mode=plain"

    checks.does("push", pushes)
    return checks


def flask_wx_oauth(wechat: WeChat) -> Checks:
    from flask_wx_oauth import WXOAuth

    checks = Checks("flask-wx-oauth", "Flask-WX-OAuth")
    web, oa = WXOAuth(appid=WEB[0], secret=WEB[1]), WXOAuth(appid=OA[0], secret=OA[1])
    # For a website app its address is another: that of the QR page.
    web.authorize_url = "https://open.weixin.qq.com/connect/qrconnect"
    qr = web.get_authorize_url(CALLBACK, "snsapi_login", state="S1")
    link = oa.get_authorize_url(CALLBACK, "snsapi_userinfo", state="S1")
    back = checks.does("qr", lambda: wechat.scans(qr))
    h5 = checks.does("h5", lambda: wechat.opens(link, checks.note("h5")))
    tokens = []

    def exchanges() -> None:
        for client, url in ((web, back), (oa, h5)):
            token = client.get_access_token(code_of(url))
            told = client.check_access_token(token["access_token"], token["openid"])
            assert told["errcode"] == 0
            client.refresh_token(token["refresh_token"])["access_token"]
            tokens.append((client, token))

    def reads() -> None:
        for client, token in tokens:
            told = client.get_userinfo(token["access_token"], token["openid"])
            same(told)

    checks.does("token", exchanges)
    checks.does("user_info", reads)
    return checks


CLIENTS = (wechatpy, social_auth_core, django_allauth, weixin_python, flask_wx_oauth)


def main(names: list[str]) -> None:
    """These clients, or all of them."""
    wechat = WeChat()
    for name in ("web", "oa"):
        wanted = {"name": name, "callback_domains": ["shop.example"]}
        wechat.asks("PUT", "apps", wanted)
    for client in CLIENTS:
        if not names or client.__name__ in names:
            print(json.dumps(client(wechat).line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.modules["in_python"] = sys.modules["__main__"]
    main(sys.argv[1:])
