"""Pages and pictures that are late, broken or somebody else's, by the switches."""

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World, faults

from .conftest import WECHAT, Site, consent_link

POLL = "/connect/l/qrconnect"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each answer waited, in seconds; nobody does."""
    found: list[float] = []
    monkeypatch.setattr(faults.time, "sleep", found.append)
    return found


def ask_all(site: Site) -> dict[str, int]:
    """The status of each page and picture of a login."""
    uuid = site.shows_qr()
    app = site.client.application
    avatar = app.extensions["world"].registry.person("jose").headimgurl("")
    paths = {
        "/connect/qrconnect": site.opens_qr_page().request.url,
        "/connect/qrcode": f"/connect/qrcode/{uuid}",
        POLL: f"{POLL}?uuid={uuid}",
        "/connect/oauth2/authorize": consent_link().partition("#")[0],
        "/mmopen": avatar,
    }
    get = site.client.get
    return {name: get(url, headers=WECHAT).status_code for name, url in paths.items()}


NAMES = (
    "/connect/qrconnect", "/connect/qrcode", POLL, "/connect/oauth2/authorize",
    "/mmopen",
)  # fmt: skip


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.fact("slow, broken, cut or foreign answers, on every path")
def test_one_of_them_breaks_alone(site: Site, world: World, path: str) -> None:
    good = ask_all(site)
    world.switch(body={"path": path, "mode": "status:503"})
    if path == "/connect/qrconnect":
        assert site.opens_qr_page().status_code == 503
    else:
        assert ask_all(site) == good | {path: 503}


def test_without_a_path_the_calls_of_a_server_break_alone(
    site: Site, world: World, slept: list[float]
) -> None:
    good = ask_all(site)
    world.switch(("app", "app"), body="status:503")
    world.switch(latency_ms=0, raw_body={"path": "", "text": "{}"}, errcode=None)
    assert site.client.get("/sns/auth").data == b"{}"
    world.switch(raw_body=None)
    world.switch(body={"path": "/sns/auth", "mode": "status:503"})
    assert ask_all(site) == good
    assert site.client.get("/sns/auth").status_code == 503
    assert slept == []


def test_a_path_stands_for_what_is_below_it(site: Site, world: World) -> None:
    good = ask_all(site)
    uuid = site.shows_qr()
    world.switch(body={"path": "/connect/qrco", "mode": "html"})
    assert ask_all(site) == good
    world.switch(body={"path": "/connect", "mode": "html"})
    assert "502 Bad Gateway" in site.client.get(f"/connect/qrcode/{uuid}").text
    assert "errcode" in site.client.get("/sns/auth").text
    world.switch(body={"path": "/sns", "mode": "html"})
    assert "502 Bad Gateway" in site.client.get("/sns/auth").text


@pytest.mark.fact("slow, broken, cut or foreign answers, on every path")
def test_one_of_them_is_late(site: Site, world: World, slept: list[float]) -> None:
    world.switch(latency_ms={"path": POLL, "ms": 3000})
    ask_all(site)
    assert slept == [3.0]


def test_for_one_app_alone(site: Site, world: World) -> None:
    world.switch(("app", "oa"), body={"path": "/connect", "mode": "status:503"})
    assert site.opens_qr_page().status_code == 200
    assert site.client.get(consent_link().partition("#")[0]).status_code == 503


@pytest.mark.parametrize("number", [500, 666])
@pytest.mark.fact("the poll's numbers 500 and 666")
def test_the_poll_says_another_number(site: Site, world: World, number: int) -> None:
    rule = {"path": POLL, "errcode": number, "times": 1}
    world.switch(errcode=rule)
    uuid = site.shows_qr()
    assert site.polls(uuid) == f"window.wx_errcode={number};window.wx_code='';"
    assert "wx_errcode=408" in site.polls(uuid)


@pytest.mark.fact("slow, broken, cut or foreign answers, on every path")
def test_a_body_of_ones_own_for_a_page(site: Site, world: World) -> None:
    world.switch(raw_body={"path": POLL, "text": "window.wx_errcode=;"})
    assert site.polls(site.shows_qr()) == "window.wx_errcode=;"


@pytest.mark.parametrize(
    "values",
    [
        {"errcode": {"path": "/connect/qrconnect", "errcode": 1}},
        {"errcode": {"path": "/mmopen", "errcode": 1}},
        {"latency_ms": {"path": "/mmopen"}},
        {"latency_ms": {"path": "mmopen", "ms": 5}},
    ],
)
def test_what_makes_no_sense(client: FlaskClient, values: dict[str, object]) -> None:
    assert client.put("/_sim/switches", json=values).status_code == 400
