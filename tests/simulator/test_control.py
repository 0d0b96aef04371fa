"""The control API: people, apps, clock, calls, reset, and who may use it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.refusals import MASK

from .conftest import WEB, Site, errcode, phone


def test_the_fixed_world(client: FlaskClient) -> None:
    apps = client.get("/_sim/apps").get_json()
    assert [(a["name"], a["kind"], a["appid"], a["open_platform"]) for a in apps] == [
        ("web", "website", "wx0000000000000a01", "main"),
        ("oa", "official_account", "wx0000000000000a02", "main"),
        ("mp", "mini_program", "wx0000000000000a03", "main"),
        ("mp2", "mini_program", "wx0000000000000a04", "main"),
        ("app", "mobile", "wx0000000000000a05", "main"),
        ("lone", "official_account", "wx0000000000000a06", ""),
    ]
    assert all(app["secret"] == f"secret-of-{app['name']}" for app in apps)
    assert apps[0]["callback_domains"] == ["127.0.0.1", "localhost"]
    people = client.get("/_sim/people").get_json()
    names = [person["name"] for person in people]
    assert names == ["xiaoming", "lihua", "jose", "bell", "nobody"]
    assert people[0]["nickname"] == "小明😀"


def test_an_app_of_ones_own(client: FlaskClient) -> None:
    mine: dict[str, Any] = {
        "name": "mine",
        "appid": "wxbdc5610cc59c1631",
        "secret": "s3",
        "callback_domains": ["passport.example.com"],
    }
    answer = client.put("/_sim/apps", json=mine)
    assert answer.status_code == 200
    assert answer.get_json()[0]["kind"] == "website"
    callback = "https://passport.example.com/callback"
    site = Site(client)
    page = site.opens_qr_page(appid=mine["appid"], redirect_uri=callback)
    assert "wx_default_tip" in page.text
    uuid = site.shows_qr(appid=mine["appid"], redirect_uri=callback)
    phone(client, "scan", uuid, "lihua")
    url = phone(client, "confirm", uuid, "lihua").get_json()["redirect"]
    code = url.partition("code=")[2].partition("&")[0]
    tokens = site.exchanges(code, appid=mine["appid"], secret="s3")
    assert "unionid" not in tokens


def test_changing_one_field_keeps_the_others(client: FlaskClient) -> None:
    answer = client.put(
        "/_sim/apps", json=[{"name": "web", "callback_domains": ["shop.example"]}]
    )
    (web,) = answer.get_json()
    assert web["appid"] == WEB
    assert web["callback_domains"] == ["shop.example"]


@pytest.mark.parametrize(
    ("app", "status", "named"),
    [
        ({"name": "x", "appid": "wx1"}, 400, "apps[0].secret"),
        ({"name": "x", "secret": "s"}, 400, "apps[0].appid"),
        ({"name": "x", "appid": "a b", "secret": "s"}, 400, "apps[0].appid"),
        ({"name": "web", "kind": "site"}, 400, "apps[0].kind"),
        ({"name": "web", "callback_domains": ["http://x.test"]}, 400, "bare host"),
        ({"name": "web", "callback_domains": ["x.test:80"]}, 400, "bare host"),
        ({"name": "web", "callback_domains": 5}, 400, "apps[0].callback_domains"),
        ({"name": "web", "secret": 5}, 400, "apps[0].secret"),
        ({"name": "web", "aes_key": "short"}, 400, "apps[0].aes_key"),
        ({"name": "web", "push_url": "file:///x"}, 400, "apps[0].push_url"),
        ({"name": "web", "sceret": "x"}, 400, "apps[0].sceret"),
        ({"name": "x", "appid": WEB, "secret": "s"}, 409, "'web'"),
        ("web", 400, "apps[0]"),
    ],
)
def test_a_wrong_app_is_named_and_nothing_is_changed(
    client: FlaskClient, app: Any, status: int, named: str
) -> None:
    before = client.get("/_sim/apps").get_json()
    good = {"name": "good", "appid": "wxgood", "secret": "s"}
    answer = client.put("/_sim/apps", json=[app, good])
    assert answer.status_code == status
    assert named in answer.get_json()["error"]
    assert client.get("/_sim/apps").get_json() == before


def test_people_are_added_and_edited(client: FlaskClient) -> None:
    new = client.post("/_sim/people", json={"name": "zhangsan", "nickname": "张三"})
    assert new.get_json()["openids"]["web"].startswith("o")
    client.post("/_sim/people", json={"name": "lihua", "nickname": "李華"})
    site = Site(client)
    assert site.reads_profile(site.signs_in("lihua"))["nickname"] == "李華"
    assert site.reads_profile(site.signs_in("zhangsan"))["nickname"] == "张三"


@pytest.mark.parametrize(
    "person",
    [{}, {"name": "A B"}, {"name": "x", "nickname": 5}, {"name": "x", "sex": 1}, []],
)
def test_a_wrong_person_is_400(client: FlaskClient, person: Any) -> None:
    answer = client.post("/_sim/people", json=person)
    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_scan_tells_what_the_phone_shows(site: Site) -> None:
    uuid = site.shows_qr()
    shown = phone(site.client, "scan", uuid, "lihua").get_json()
    assert shown["status"] == "scanned"
    assert shown["app"]["appid"] == WEB
    assert shown["person"] == "lihua"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"uuid": "nope", "person": "lihua"}, 404),
        ({"uuid": "UUID", "person": "nope"}, 404),
        ({"uuid": "UUID"}, 400),
        ({"uuid": 5, "person": "lihua"}, 400),
        ({"uuid": "UUID", "person": "lihua", "more": 1}, 400),
        (None, 400),
    ],
)
def test_what_a_scan_refuses(site: Site, body: Any, status: int) -> None:
    if body and body.get("uuid") == "UUID":
        body["uuid"] = site.shows_qr()
    answer = site.client.post("/_sim/scan", json=body)
    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_confirming_what_was_not_scanned_is_409(site: Site) -> None:
    uuid = site.shows_qr()
    assert phone(site.client, "confirm", uuid, "lihua").status_code == 409


def test_a_body_needs_no_content_type(site: Site) -> None:
    body = f'{{"uuid": "{site.shows_qr()}", "person": "lihua"}}'
    answer = site.client.post("/_sim/scan", data=body)
    assert answer.status_code == 200


def test_the_clock(client: FlaskClient, world: World) -> None:
    before = client.get("/_sim/clock").get_json()["now"]
    after = client.post("/_sim/clock", json={"advance": 7200}).get_json()
    assert 7200 <= after["now"] - before < 7210
    assert after["offset"] == 7200
    for wrong in ({"advance": -1}, {"advance": "5"}, {"advance": True}, {}):
        assert client.post("/_sim/clock", json=wrong).status_code == 400


def test_calls_are_noted_without_secrets(site: Site) -> None:
    """Nothing that signs anybody in stands in the journal; security row 30."""
    code = site.gets_code()
    tokens = site.exchanges(code)
    site.reads_profile(tokens)
    site.refreshes(tokens["refresh_token"])
    answer = site.client.get("/_sim/calls")
    for secret in (
        code,
        "secret-of-web",
        tokens["access_token"],
        tokens["refresh_token"],
    ):
        assert secret not in answer.text
    first, second, third = answer.get_json()
    assert first["path"] == "/sns/oauth2/access_token"
    assert (first["appid"], first["errcode"]) == (WEB, 0)
    assert first["params"]["code"] == first["params"]["secret"] == MASK
    assert second["appid"] == WEB
    assert third["method"] == "GET"


def test_calls_of_one_path(site: Site) -> None:
    site.exchanges("wrong")
    site.asks("/sns/auth")
    found = site.client.get("/_sim/calls?path=/sns/auth").get_json()
    assert [call["errcode"] for call in found] == [41001]


def test_reset_brings_the_beginning_back(site: Site, world: World) -> None:
    client = site.client
    tokens = site.signs_in()
    uuid = site.shows_qr()
    client.put("/_sim/apps", json={"name": "web", "secret": "other"})
    client.post("/_sim/people", json={"name": "new"})
    client.put("/_sim/switches", json={"snapshot": True})
    world.advance(100)
    assert client.post("/_sim/reset").get_json() == {"ok": True}
    assert client.get("/_sim/calls").get_json() == []
    assert client.get("/_sim/switches").get_json()["everyone"] == {}
    assert world.clock.offset == 0
    assert len(client.get("/_sim/people").get_json()) == 5
    assert errcode(site.reads_profile(tokens)) == 40001
    assert site.polls(uuid).startswith("window.wx_errcode=402;")
    assert "access_token" in site.signs_in()


def test_a_foreign_page_may_not_turn_the_dials(client: FlaskClient) -> None:
    for headers in (
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = client.put("/_sim/switches", json={}, headers=headers)
        assert answer.status_code == 403
        assert client.post("/", data={"reset": "1"}, headers=headers).status_code == 403
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.put("/_sim/switches", json={}, headers=ours).status_code == 200


def test_errors_are_json(client: FlaskClient) -> None:
    assert client.post("/_sim/calls").get_json()["error"]
    assert client.post("/_sim/calls").status_code == 405
