"""A QR login in one call: from the link of the QR page to where the browser goes."""

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from wxlogin.simulator import World

from .conftest import CALLBACK, WEB, Site, code_in, code_of


def link(host: str = "", **changes: str) -> str:
    query = {
        "appid": WEB,
        "redirect_uri": CALLBACK,
        "scope": "snsapi_login",
        "state": "S&1",
    } | changes
    pairs = [f"{name}={quote(value, safe='')}" for name, value in query.items()]
    return f"{host}/connect/qrconnect?{'&'.join(pairs)}#wechat_redirect"


def login(client: FlaskClient, url: str, person: str = "lihua") -> TestResponse:
    return client.post("/_sim/login", json={"url": url, "person": person})


@pytest.mark.parametrize("host", ["", "http://localhost", "https://open.weixin.qq.com"])
def test_one_call_signs_in(client: FlaskClient, site: Site, host: str) -> None:
    told = login(client, link(host)).get_json()
    code = code_of(told["redirect"])
    assert told["redirect"] == f"{CALLBACK}?code={code}&state=S%261"
    assert told["redirects"] == [told["redirect"]]
    assert site.reads_profile(site.exchanges(code))["nickname"] == "李华"


def test_the_browser_may_come_back_twice(client: FlaskClient, world: World) -> None:
    world.switch(double_callback="different")
    told = login(client, link()).get_json()
    assert len({code_of(url) for url in told["redirects"]}) == 2


def test_it_is_the_person_named_who_signs_in(
    client: FlaskClient, world: World, site: Site
) -> None:
    world.switch(fast_login="jose")
    told = login(client, link()).get_json()
    tokens = site.exchanges(code_of(told["redirect"]))
    assert site.reads_profile(tokens)["nickname"] == "李华"


def test_a_refused_link_names_its_rule(client: FlaskClient) -> None:
    for changes, page, source in (
        ({"appid": "wx0"}, "AppID 参数错误", "guide"),
        ({"scope": "snsapi_base"}, "Scope 参数错误或没有 Scope 权限", "oplatform"),
        (
            {"redirect_uri": "https://else.example"},
            "redirect_uri 参数错误",
            "oplatform",
        ),
    ):
        told = login(client, link(**changes)).get_json()
        assert (told["page"], told["code"]) == (page, None)
        assert source in told["source"] and told["rule"]


def test_what_is_no_link_to_the_qr_page(client: FlaskClient) -> None:
    for url in (
        link("https://shop.example"),
        "/connect/oauth2/authorize?appid=1",
        "http://[",
    ):
        answer = login(client, url)
        assert (answer.status_code, answer.get_json()["error"][:5]) == (400, "url: ")
    assert login(client, link(), "stranger").status_code == 404


def scan(client: FlaskClient, **given: str) -> TestResponse:
    return client.post("/_sim/scan", json={"person": "lihua", **given})


def test_a_phone_scans_the_code_of_a_link(client: FlaskClient, site: Site) -> None:
    told = scan(client, url=link()).get_json()
    assert (told["status"], told["person"]) == ("scanned", "lihua")
    # The same code, by what it holds.
    held = f"https://open.weixin.qq.com/connect/confirm?uuid={told['uuid']}"
    assert scan(client, url=held).get_json() == told
    client.post("/_sim/confirm", json={"uuid": told["uuid"], "person": "lihua"})
    tokens = site.exchanges(code_in(site.polls(told["uuid"])))
    assert site.reads_profile(tokens)["nickname"] == "李华"


def test_a_code_or_a_link_is_scanned_and_nothing_else(client: FlaskClient) -> None:
    told = scan(client, url=link(appid="wx0")).get_json()
    assert (told["page"], told["code"]) == ("AppID 参数错误", None)
    for given in ({}, {"uuid": "x", "url": link()}):
        answer = scan(client, **given)
        assert (answer.status_code, answer.get_json()["error"]) == (
            400,
            "body: either `uuid` or `url`",
        )
    for url in (link("https://shop.example"), "http://["):
        assert scan(client, url=url).status_code == 400
