"""A simulated world, a browser without scripts, and the journey through both."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.server import SimulatorServer

WEB = "wx0000000000000a01"
CALLBACK = "http://127.0.0.1:5000/login/callback/web"
OA, LONE, MOBILE = "wx0000000000000a02", "wx0000000000000a06", "wx0000000000000a05"
MP, MP2 = "wx0000000000000a03", "wx0000000000000a04"
H5_CALLBACK = "http://127.0.0.1:5000/login/callback/oa"
WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 10) MicroMessenger/8.0.42.2460"}


@pytest.fixture
def world() -> World:
    return World.demo()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_simulator(world, hold_seconds=0).test_client()


@dataclass
class Site:
    """A website's server and the browser of its visitor."""

    client: FlaskClient

    def opens_qr_page(self, **changes: str | None) -> TestResponse:
        query = {
            "appid": WEB,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "snsapi_login",
            "state": "STATE1",
        } | changes
        pairs = [f"{k}={quote(v, safe='')}" for k, v in query.items() if v is not None]
        return self.client.get("/connect/qrconnect?" + "&".join(pairs))

    def shows_qr(self, **changes: str | None) -> str:
        """The uuid of a fresh code."""
        return uuid_in(self.opens_qr_page(**changes).text)

    def polls(self, uuid: str, **more: str) -> str:
        query = {"uuid": uuid, "_": "1700000000000"} | more
        return self.client.get("/connect/l/qrconnect", query_string=query).text

    def gets_code(self, person: str = "xiaoming", **changes: str | None) -> str:
        uuid = self.shows_qr(**changes)
        phone(self.client, "scan", uuid, person)
        phone(self.client, "confirm", uuid, person)
        return code_in(self.polls(uuid))

    def asks(self, path: str, **params: str) -> dict[str, Any]:
        answer = self.client.get(path, query_string=params)
        assert answer.status_code == 200
        read: dict[str, Any] = json.loads(answer.data.decode("utf-8"), strict=False)
        return read

    def exchanges(self, code: str | None, **changes: str | None) -> dict[str, Any]:
        params = {
            "appid": WEB,
            "secret": "secret-of-web",
            "code": code,
            "grant_type": "authorization_code",
        } | changes
        given = {k: v for k, v in params.items() if v is not None}
        return self.asks("/sns/oauth2/access_token", **given)

    def signs_in(self, person: str = "xiaoming") -> dict[str, Any]:
        return self.exchanges(self.gets_code(person))

    def refreshes(self, refresh_token: str, **changes: str) -> dict[str, Any]:
        params = {"appid": WEB, "grant_type": "refresh_token"} | changes
        return self.asks(
            "/sns/oauth2/refresh_token", refresh_token=refresh_token, **params
        )

    def reads_profile(self, tokens: dict[str, Any]) -> dict[str, Any]:
        return self.asks(
            "/sns/userinfo",
            access_token=tokens["access_token"],
            openid=tokens["openid"],
        )


@pytest.fixture
def site(client: FlaskClient) -> Site:
    return Site(client)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world, hold_seconds=0.2) as running:
        yield running


def consent_link(**changes: str | None) -> str:
    """The link of a page inside WeChat, in Tencent's order; None leaves one out."""
    query = {
        "appid": OA,
        "redirect_uri": H5_CALLBACK,
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "STATE1",
    } | changes
    pairs = [f"{k}={quote(v, safe='')}" for k, v in query.items() if v is not None]
    return f"/connect/oauth2/authorize?{'&'.join(pairs)}#wechat_redirect"


@dataclass
class Account:
    """An official account's website and what its visitors do in WeChat."""

    client: FlaskClient

    def visited(
        self, link: str | None = None, person: str = "xiaoming", **more: bool
    ) -> dict[str, Any]:
        """What happens when this person opens the link in WeChat."""
        given = {"url": link or consent_link(), "person": person} | more
        answer = self.client.post("/_sim/authorize", json=given)
        assert answer.status_code == 200, answer.text
        outcome: dict[str, Any] = answer.get_json()
        return outcome

    def signs_in(
        self, link: str | None = None, person: str = "xiaoming", **more: bool
    ) -> dict[str, Any]:
        """The token answer for that visitor."""
        redirect = self.visited(link, person, **more)["redirect"]
        return self.exchanges(code_of(redirect))

    def exchanges(self, code: str, app: str = "oa", appid: str = OA) -> dict[str, Any]:
        site = Site(self.client)
        return site.exchanges(code, appid=appid, secret=f"secret-of-{app}")


@pytest.fixture
def account(client: FlaskClient) -> Account:
    return Account(client)


@dataclass
class Program:
    """A mini program on somebody's phone, and its server."""

    client: FlaskClient
    app: str = "mp"
    appid: str = MP

    def phone(self, act: str, person: str = "xiaoming", **more: Any) -> dict[str, Any]:
        """What the phone gives to the program: `login`, `userdata`, `phone`."""
        given = {"appid": self.app, "person": person} | more
        answer = self.client.post(f"/_sim/mp/{act}", json=given)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.get_json()
        return told

    def gets_code(self, person: str = "xiaoming") -> str:
        return str(self.phone("login", person)["code"])

    def exchanges(self, code: str | None, **changes: str | None) -> dict[str, Any]:
        params = {
            "appid": self.appid,
            "secret": f"secret-of-{self.app}",
            "js_code": code,
            "grant_type": "authorization_code",
        } | changes
        given = {k: v for k, v in params.items() if v is not None}
        return Site(self.client).asks("/sns/jscode2session", **given)

    def signs_in(self, person: str = "xiaoming") -> dict[str, Any]:
        return self.exchanges(self.gets_code(person))

    def posts(
        self, path: str, given: object, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """What a call with a JSON body answers."""
        answer = self.client.post(path, json=given, query_string=query)
        assert answer.status_code == 200
        told: dict[str, Any] = json.loads(answer.data)
        return told

    def asks_token(self, **changes: str | None) -> dict[str, Any]:
        params = self._proof() | changes
        given = {k: v for k, v in params.items() if v is not None}
        return Site(self.client).asks("/cgi-bin/token", **given)

    def asks_stable_token(self, **changes: object) -> dict[str, Any]:
        given = {k: v for k, v in (self._proof() | changes).items() if v is not None}
        return self.posts("/cgi-bin/stable_token", given)

    def token(self) -> str:
        return str(self.asks_stable_token()["access_token"])

    def _proof(self) -> dict[str, Any]:
        secret = f"secret-of-{self.app}"
        return {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": secret,
        }


@pytest.fixture
def program(client: FlaskClient) -> Program:
    return Program(client)


@pytest.fixture
def other_program(client: FlaskClient) -> Program:
    return Program(client, "mp2", MP2)


def code_of(url: str) -> str:
    found = re.search(r"[?&]code=([0-9A-Za-z]+)", url)
    assert found, url
    return found[1]


def phone(client: FlaskClient, act: str, uuid: str, person: str) -> TestResponse:
    return client.post(f"/_sim/{act}", json={"uuid": uuid, "person": person})


def uuid_in(page: str) -> str:
    found = re.search(r"\?uuid=([0-9A-Za-z]{16})\b", page)
    assert found, page
    return found[1]


def code_in(script: str) -> str:
    found = re.search(r"wx_code='([0-9A-Za-z]+)'", script)
    assert found, script
    return found[1]


def errcode(answer: dict[str, Any]) -> int:
    return int(answer["errcode"])


def no_proxies() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
