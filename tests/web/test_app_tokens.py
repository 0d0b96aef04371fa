"""GET and POST /api/apps/<app>/access_token: one token for the operator's systems."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import time_machine
from flask import Flask
from wechatpy import WeChatClient
from werkzeug.test import TestResponse

from tests.support.journey import Browser, calls
from wxlogin.config import App, demo_apps
from wxlogin.config.limits import Limits
from wxlogin.simulator.server import SimulatorServer

KEY = "0perator-key-for-the-tests-81"
PATH = "/api/apps/{}/access_token"
STABLE = "/cgi-bin/stable_token"
Log = Callable[[], list[dict[str, Any]]]


def apps(*sharing: str) -> tuple[App, ...]:
    """The simulator's apps, some of which share their token."""
    return tuple(
        app.model_copy(update={"share_access_token": app.name in sharing})
        for app in demo_apps()
    )


@pytest.fixture
def app(app_for: Callable[..., Flask]) -> Flask:
    return app_for(operator_key=KEY, simulator="on", apps=apps("oa", "mp"))


class Neighbour:
    """Another system of the operator's, such as a shop that sends messages."""

    def __init__(self, app: Flask, key: str = KEY) -> None:
        self._browser = Browser(app)
        self._headers = {"Authorization": f"Bearer {key}"}

    def asks(self, name: str = "oa") -> TestResponse:
        return self._browser.get(PATH.format(name), headers=self._headers)

    def complains(self, refused: object, name: str = "oa") -> TestResponse:
        """WeChat has said 40001 to it."""
        path, body = PATH.format(name), {"refused": refused}
        return self._browser._send("POST", path, json=body, headers=self._headers)


@pytest.fixture
def neighbour(app: Flask) -> Neighbour:
    return Neighbour(app)


def test_it_gets_the_token_that_we_have(
    neighbour: Neighbour, simulator: SimulatorServer, clock: time_machine.Traveller
) -> None:
    """WeChat takes it, and is asked for it once."""
    answer = neighbour.asks()
    told = answer.get_json()
    assert set(told) == {"access_token", "expires_in"}
    assert 7190 <= told["expires_in"] <= 7200
    assert "no-store" in answer.headers["Cache-Control"]
    url = f"{simulator.url}/cgi-bin/getcallbackip"
    query = {"access_token": told["access_token"]}
    assert "ip_list" in requests.get(url, params=query, timeout=5).json()
    clock.shift(1000)
    later = neighbour.asks().get_json()
    assert later["access_token"] == told["access_token"]
    assert 6190 <= later["expires_in"] <= 6200
    other = neighbour.asks("mp").get_json()["access_token"]
    assert other != told["access_token"]
    assert len(calls(simulator, STABLE)) == 2


def test_nobody_else_gets_it(app: Flask, simulator: SimulatorServer) -> None:
    """security row 106a"""
    for key in ("another-key-of-24-letters-0", "", KEY[:-1]):
        for name in ("oa", "web", "none"):
            answer = Neighbour(app, key).asks(name)
            assert (answer.status_code, answer.get_json()["code"]) == (
                401,
                "key_needed",
            )
            assert Neighbour(app, key).complains("x", name).status_code == 401
    assert Browser(app).get(PATH.format("oa")).status_code == 401
    basic = Browser(app).get(PATH.format("oa"), auth=("shop", KEY))
    assert basic.status_code == 401
    assert calls(simulator, STABLE) == []


@pytest.mark.parametrize("name", ["lone", "web", "none"])
def test_an_app_that_does_not_share_is_not_there(
    neighbour: Neighbour, name: str, simulator: SimulatorServer
) -> None:
    """security row 106a"""
    for answer in (neighbour.asks(name), neighbour.complains("x", name)):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
        assert "share_access_token" in answer.get_json()["reason"]
    assert calls(simulator, STABLE) == []


def test_no_app_shares_by_itself(app_for: Callable[..., Flask]) -> None:
    """security row 106a"""
    app = app_for(operator_key=KEY)
    assert Neighbour(app).asks("oa").status_code == 404


def test_what_wechat_refuses_is_told_with_what_to_do(
    neighbour: Neighbour, simulator: SimulatorServer
) -> None:
    errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"
    simulator.world.switch(errcode={"path": STABLE, "errcode": 40164, "errmsg": errmsg})
    for _ in range(3):
        answer = neighbour.asks()
        told = answer.get_json()
        assert answer.status_code == 502
        assert answer.mimetype == "application/problem+json"
        assert (told["code"], told["errcode"]) == ("wechat_misconfigured", 40164)
        assert told["address"] == "203.0.113.7"
        assert "IP白名单" in told["reason"]
    assert len(calls(simulator, STABLE)) == 1


def test_a_silent_wechat_is_503(
    app: Flask, neighbour: Neighbour, simulator: SimulatorServer
) -> None:
    simulator.world.switch(body={"path": STABLE, "mode": "reset"})
    answer = neighbour.asks()
    assert (answer.status_code, answer.get_json()["code"]) == (
        503,
        "wechat_unavailable",
    )
    assert "errcode" not in answer.get_json()
    assert int(answer.headers["Retry-After"]) > 0


def test_a_refused_token_is_given_no_more(
    neighbour: Neighbour, simulator: SimulatorServer, clock: time_machine.Traveller
) -> None:
    """Only where it is still the held one, and WeChat not asked twice a minute."""
    first = neighbour.asks().get_json()["access_token"]
    clock.shift(70)
    world = simulator.world
    world.app_tokens.force(world.registry.app("oa"))
    second = neighbour.complains(first).get_json()["access_token"]
    assert second != first
    # Of another system that comes later with the old one, and of a made-up one.
    for refused in (first, "68_made_up"):
        assert neighbour.complains(refused).get_json()["access_token"] == second
    # It was given a moment ago; whoever is refused it has another trouble.
    for _ in range(5):
        assert neighbour.complains(second).get_json()["access_token"] == second
    assert len(calls(simulator, STABLE)) == 2


@pytest.mark.parametrize("refused", ["", None, 5, ["x"], "x" * 5000])
def test_a_complaint_names_a_token(neighbour: Neighbour, refused: object) -> None:
    answer = neighbour.complains(refused)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


def test_the_log_counts_it_and_holds_no_token(neighbour: Neighbour, log: Log) -> None:
    """security row 106a"""
    token = neighbour.asks().get_json()["access_token"]
    neighbour.complains(token)
    lines = log()
    told = [one for one in lines if one["event"] == "access token handed out"]
    assert [(one["app"], one["after_refusal"]) for one in told] == [
        ("oa", False),
        ("oa", True),
    ]
    assert token not in repr(lines)
    assert KEY not in repr(lines)


def test_it_is_metered(app_for: Callable[..., Flask]) -> None:
    app = app_for(
        operator_key=KEY,
        simulator="on",
        apps=apps("oa", "mp"),
        limits=Limits(token_calls=3),
    )
    neighbour = Neighbour(app)
    told = [neighbour.asks().status_code for _ in range(4)]
    assert told == [200, 200, 200, 429]
    assert neighbour.complains("x").status_code == 429
    assert neighbour.asks("mp").status_code == 200


def test_the_document_shows_wechatpy_how(
    app: Flask, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code of docs/official-account.md, as it stands there."""
    asked: list[str] = []

    def get(url: str, *, headers: dict[str, str], timeout: float) -> Any:
        asked.append(url)
        answer = Browser(app).get(PATH.format("oa"), headers=headers)
        return SimpleNamespace(json=answer.get_json)

    page = Path(__file__).parents[2] / "docs" / "official-account.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    names: dict[str, Any] = {"WeChatClient": WeChatClient, "time": time}
    names |= {"URL": "there", "KEY": KEY, "requests": SimpleNamespace(get=get)}
    exec(code, names)  # noqa: S102  our own document
    monkeypatch.setattr(WeChatClient, "API_BASE_URL", f"{simulator.url}/cgi-bin/")
    client = names["Client"]("wx0000000000000a02", "no secret is needed")
    assert "127.0.0.1" in client.misc.get_wechat_ips()
    assert client.misc.get_wechat_ips()
    assert asked == ["there"]
