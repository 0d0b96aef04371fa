"""The small mini program that the phone plays, at a server that we stand for."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import responses
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid

from .conftest import MP, Program

DOMAIN = "https://login.shop.test/wx"
SCENE = "k3J9-_xyz"
ASKED = {
    "state": "scanned",
    "site": {"name": "茶铺 <b>"},
    "browser": {
        "address": "192.0.2.x",
        "system": "Chrome, Windows",
        "since": "2026-11-27T12:00:05+00:00",
    },
    "number_wanted": False,
    "expires_in": 280,
}
DISTANT = ASKED | {"number_wanted": True}
FIELD = 'data-field="number"'
Answer = tuple[int, dict[str, Any] | str]


def problem(status: int, detail: str = "Not now.", **more: object) -> Answer:
    return status, {"status": status, "code": "x", "title": "No", "detail": detail} | (
        more
    )


@dataclass
class Server:
    """The program's own server: what it heard, and what it answers next."""

    heard: list[tuple[str, dict[str, Any], Any]] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def says(self, what: str, *answers: Answer) -> None:
        self.answers[what] = list(answers)

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict, str]:
        what = str(request.url).rpartition("/")[2]
        given = json.loads(request.body or b"null")
        self.heard.append((str(request.url), given, request.headers))
        answers = self.answers[what]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return status, {}, body if isinstance(body, str) else json.dumps(body)

    @property
    def asked_for(self) -> list[str]:
        return [url.rpartition("/")[2] for url, _, _ in self.heard]


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    world.registry.put_apps({"name": "mp", "appid": MP, "request_domain": f"{DOMAIN}/"})
    known = Server()
    known.says("login", (200, {"token": "token-1", "user": {"uid": "u"}}))
    known.says("scanned", (200, ASKED))
    known.says("confirm", (200, {"state": "confirmed"}))
    known.says("cancel", (200, {"state": "refused"}))
    known.says("following", (200, {"following": None, "accounts": {"oa": None}}))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        pattern = re.compile(re.escape(DOMAIN) + "/.*")
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, pattern, callback=known)
        yield known


def opens(client: FlaskClient, scene: str = SCENE, **more: str) -> str:
    query = {"appid": MP, "page": "pages/scan/scan", "scene": scene} | more
    headers = {"Accept-Language": "zh-CN"}
    named = {"person": "xiaoming"} | query
    return client.get("/phone/mp", query_string=named, headers=headers).text


def taps(client: FlaskClient, action: str, **more: str) -> str:
    form = {"appid": MP, "page": "pages/scan/scan", "scene": SCENE, "action": action}
    answer = client.post("/phone/mp", data=form | {"person": "xiaoming"} | more)
    assert answer.status_code == 200
    return answer.text


def told(page: str) -> str:
    found = re.search(r'data-told="(\w+)"', page)
    assert found, page
    return found[1]


def test_opening_a_code_is_the_scan(
    client: FlaskClient, server: Server, program: Program
) -> None:
    page = opens(client)
    assert told(page) == "ask"
    assert "茶铺 &lt;b&gt;" in page
    assert "192.0.2.x" in page
    assert "Chrome, Windows" in page
    assert 'data-action="confirm"' in page
    (login, given, headers), (scanned, _, with_token) = server.heard
    assert login == f"{DOMAIN}/api/mp/mp/login"
    assert len(given["attempt"]) >= 22
    assert program.exchanges(given["code"])["openid"] == openid(MP, "xiaoming")
    assert "Authorization" not in headers
    assert scanned == f"{DOMAIN}/api/mp/mp/scan/{SCENE}/scanned"
    assert with_token["Authorization"] == "Bearer token-1"
    assert with_token["Accept-Language"] == "zh"
    # It is in the program's storage, and nowhere to be read.
    assert "token-1" not in page
    # What WeChat gives a program is there as well.
    assert f'data-scene="{SCENE}"' in page
    assert 'data-call="login"' in page


def test_yes_and_no(client: FlaskClient, server: Server) -> None:
    opens(client)
    assert told(taps(client, "confirm")) == "confirmed"
    assert told(taps(client, "cancel")) == "refused"
    # One wx.login for all of it.
    assert server.asked_for == ["login", "scanned", "confirm", "cancel"]


def test_the_number_of_the_browser(client: FlaskClient, server: Server) -> None:
    assert FIELD not in opens(client)
    server.says("scanned", (200, DISTANT))
    assert FIELD in opens(client)
    server.says("confirm", problem(403, "不是电脑上的数字。"), (200, {"state": "ok"}))
    again = taps(client, "confirm", number="17")
    assert told(again) == "ask"
    assert FIELD in again
    assert "不是电脑上的数字。" in again
    assert "Chrome, Windows" in again
    assert told(taps(client, "confirm", number="42")) == "confirmed"
    assert [given for _, given, _ in server.heard[3:]] == [
        {"number": "17"},
        {"number": "42"},
    ]


def test_a_phone_in_another_network(
    client: FlaskClient, server: Server, world: World
) -> None:
    opens(client)
    assert "X-Forwarded-For" not in server.heard[-1][2]
    world.switch(phone_address="203.0.113.9")
    opens(client)
    assert server.heard[-1][2]["X-Forwarded-For"] == "203.0.113.9"
    for wrong in ("203.0.113", "a, b", 7):
        answer = client.put("/_sim/switches", json={"phone_address": wrong})
        assert answer.status_code == 400


def test_a_number_that_is_wanted_only_then(client: FlaskClient, server: Server) -> None:
    """The phone has changed its network meanwhile."""
    opens(client)
    server.says("confirm", problem(403, number_wanted=True))
    page = taps(client, "confirm")
    assert told(page) == "ask"
    assert FIELD in page
    assert "Chrome, Windows" in page


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (problem(404), "unknown"),
        (problem(409), "taken"),
        (problem(410), "expired"),
        (problem(429), "wait"),
        (problem(403), "failed"),
        (problem(503), "failed"),
        # A proxy's page comes with 200, too.
        ((200, "<html>Please log in"), "odd"),
        ((200, {}), "odd"),
        ((502, "Bad Gateway"), "odd"),
        ((200, "[1]"), "odd"),
    ],
)
@pytest.mark.parametrize("what", ["login", "scanned"])
def test_a_refusal_is_said_in_the_server_s_words(
    client: FlaskClient, server: Server, what: str, answer: Answer, state: str
) -> None:
    server.says(what, answer)
    page = opens(client)
    assert told(page) == state
    assert ("Not now." in page) == (state != "odd")
    assert 'data-action="again"' in page
    assert DOMAIN in page or state != "odd"


def test_a_token_that_is_over(client: FlaskClient, server: Server) -> None:
    opens(client)
    server.says("scanned", problem(401), (200, ASKED))
    assert told(opens(client)) == "ask"
    assert server.asked_for == ["login", "scanned", "scanned", "login", "scanned"]
    # After a fresh one it gives up.
    server.heard.clear()
    server.says("scanned", problem(401))
    assert told(opens(client)) == "failed"
    assert server.asked_for == ["scanned", "login", "scanned"]


def test_each_person_has_a_phone(client: FlaskClient, server: Server) -> None:
    opens(client)
    server.says("login", (200, {"token": "token-2"}))
    opens(client, person="lihua")
    assert server.heard[-1][2]["Authorization"] == "Bearer token-2"
    opens(client)
    assert server.heard[-1][2]["Authorization"] == "Bearer token-1"


def test_a_stranger_agrees_first(client: FlaskClient, server: Server) -> None:
    terms = {"terms_url": "https://shop.test/terms", "terms_version": "v3"}
    opens(client)
    server.says("confirm", problem(403, registration=terms), (200, {"state": "x"}))
    page = taps(client, "confirm")
    assert told(page) == "word"
    assert 'href="https://shop.test/terms"' in page
    server.says("registrations", (200, {"token": "token-9"}))
    assert told(taps(client, "agree", terms_version="v3")) == "confirmed"
    (url, given, _), (_, _, headers) = server.heard[-2:]
    assert url == f"{DOMAIN}/api/registrations"
    assert given == {"registration": "token-1", "agree": "yes", "terms_version": "v3"}
    assert headers["Authorization"] == "Bearer token-9"


def test_a_web_view_opens_signed_in(client: FlaskClient, server: Server) -> None:
    server.says("handover", (200, {"url": f"{DOMAIN}/handover/xyz"}))
    assert 'data-call="web-view"' in opens(client, scene="")
    form = {"appid": MP, "person": "xiaoming", "action": "web-view"}
    answer = client.post("/phone/mp", data=form)
    assert (answer.status_code, answer.location) == (302, f"{DOMAIN}/handover/xyz")
    assert server.heard[-1][0] == f"{DOMAIN}/api/handover"
    for odd in ((200, {"url": "javascript:alert(1)"}), (200, {})):
        server.says("handover", odd)
        assert told(client.post("/phone/mp", data=form).text) == "odd"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"following": True}, "yes"),
        ({"following": False}, "no"),
        ({"following": None}, "unknown"),
        ({"following": "odd"}, "unknown"),
    ],
)
def test_its_first_page_says_whether_the_account_is_followed(
    client: FlaskClient, server: Server, body: dict[str, Any], word: str
) -> None:
    server.says("following", (200, body))
    page = opens(client, scene="")
    assert told(page) == "home" and f'data-follows="{word}"' in page
    assert server.asked_for == ["login", "following"]
    assert server.heard[-1][2]["Authorization"] == "Bearer token-1"


def test_a_server_without_that_word_shows_the_bare_program(
    client: FlaskClient, server: Server
) -> None:
    for answer in (problem(404), (200, "<html>"), (200, {})):
        server.says("following", answer)
        assert "data-told" not in opens(client, scene="")


def test_a_server_that_is_not_there(client: FlaskClient, world: World) -> None:
    world.registry.put_apps(
        {"name": "mp", "appid": MP, "request_domain": "http://127.0.0.1:9"}
    )
    page = opens(client)
    assert told(page) == "silent"
    assert "http://127.0.0.1:9" in page
    assert "data-told" not in opens(client, scene="")


def test_no_program_plays_without_a_server_a_code_and_a_page(
    client: FlaskClient, world: World, server: Server
) -> None:
    assert "data-told" not in opens(client, page="pages/new/new")
    world.reset()
    assert "data-told" not in opens(client)
    answer = client.post(
        "/phone/mp",
        data={"appid": MP, "person": "lihua", "scene": "s", "action": "confirm"},
    )
    assert answer.status_code == 400
    assert server.heard == []


@pytest.mark.parametrize("url", ["shop.test", "ftp://shop.test", "http://", "http://["])
def test_what_is_no_server(client: FlaskClient, url: str) -> None:
    answer = client.put("/_sim/apps", json={"name": "mp", "request_domain": url})
    assert answer.status_code == 400


def test_the_scene_stays_one_part_of_the_path(
    client: FlaskClient, server: Server
) -> None:
    opens(client, scene="../../x?a=1")
    assert server.heard[-1][0].startswith(f"{DOMAIN}/api/mp/mp/scan/..%2F..%2Fx%3Fa")
    assert html.escape("../../x?a=1") in opens(client, scene="../../x?a=1")
