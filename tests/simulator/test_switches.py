"""Every switch does what it says, for those it is meant for."""

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.switch_values import SWITCHES

from .conftest import Site, errcode

TOKEN = "/sns/oauth2/access_token"
USERINFO = "/sns/userinfo"


def put(client: FlaskClient, **values: Any) -> dict[str, Any]:
    answer = client.put("/_sim/switches", json=values)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_all_are_off_at_the_start(client: FlaskClient) -> None:
    on = client.get("/_sim/switches").get_json()
    assert on == {"everyone": {}, "apps": {}, "people": {}}


@pytest.mark.fact("unionid is missing now and then")
def test_drop_unionid_for_one_person(site: Site) -> None:
    put(site.client, **{"for": {"person": "lihua"}, "drop_unionid": True})
    lihua = site.signs_in("lihua")
    assert "unionid" not in lihua
    assert "unionid" not in site.reads_profile(lihua)
    assert "unionid" in site.signs_in("xiaoming")


def test_the_narrowest_setting_wins_and_null_turns_off(client: FlaskClient) -> None:
    put(client, latency_ms=1)
    put(client, **{"for": {"app": "wx0000000000000a01"}, "latency_ms": 2})
    on = put(client, **{"for": {"person": "lihua"}, "latency_ms": 3})
    assert on["apps"] == {"web": {"latency_ms": 2}}
    switches = client.application.extensions["world"].switches
    assert switches.get("latency_ms", app="web", person="lihua") == 3
    assert switches.get("latency_ms", app="web", person="jose") == 2
    assert switches.get("latency_ms", app="oa", person="jose") == 1
    on = put(client, latency_ms=None)
    assert on["everyone"] == {}


@pytest.mark.parametrize(
    "values",
    [
        {"no_such_switch": True},
        {"no_such_switch": None},
        {"snapshot": "yes"},
        {"double_callback": "thrice"},
        {"latency_ms": -1},
        {"latency_ms": True},
        {"latency_ms": "5"},
        {"body": "explode"},
        {"body": "status:99"},
        {"body": {"path": "sns", "mode": "drip"}},
        {"errcode": {"path": "/sns/auth"}},
        {"errcode": {"errcode": "40029"}},
        {"errcode": {"errcode": 1, "times": 0}},
        {"errcode": {"errcode": 1, "tiems": 1}},
        {"raw_body": {"path": "/sns/auth"}},
        {"raw_body": {"base64": "%%"}},
        {"content_type": "a\r\nb: c"},
        {"fast_login": 5},
        {"for": {"app": "web", "person": "lihua"}, "snapshot": True},
        {"for": {}, "snapshot": True},
        ["snapshot"],
    ],
)
def test_what_is_wrong_is_400_and_changes_nothing(
    client: FlaskClient, values: Any
) -> None:
    if isinstance(values, dict):
        values = {"drop_unionid": True} | values
    answer = client.put("/_sim/switches", json=values)
    assert answer.status_code == 400
    assert answer.get_json()["error"]
    assert client.get("/_sim/switches").get_json()["everyone"] == {}


def test_a_misspelt_name_is_answered_with_what_was_meant(client: FlaskClient) -> None:
    answer = client.put("/_sim/switches", json={"link_chek": "off"})
    assert "did you mean link_check?" in answer.get_json()["error"]
    wrong = client.put("/_sim/switches", json={"link_check": "strict"})
    assert wrong.get_json()["error"] == (
        "link_check: one of fragment_optional, off, not 'strict'; null turns it off"
    )


def test_unknown_names_behind_for_are_404(client: FlaskClient) -> None:
    for who in ({"app": "nope"}, {"person": "nope"}):
        answer = client.put("/_sim/switches", json={"for": who, "snapshot": True})
        assert answer.status_code == 404
    answer = client.put("/_sim/switches", json={"fast_login": "nope"})
    assert answer.status_code == 404


@pytest.mark.fact("a snapshot's visitor is made up and marked")
def test_snapshot_makes_a_virtual_person(site: Site) -> None:
    """The flag is the number 1, the last key, and in the token answer only."""
    real = site.signs_in("lihua")
    put(site.client, snapshot=True)
    first, second = site.signs_in("lihua"), site.signs_in("xiaoming")
    assert list(first)[-2:] == ["unionid", "is_snapshotuser"]
    assert first["is_snapshotuser"] == 1
    assert first["unionid"] == second["unionid"] != real["unionid"]
    assert len({first["openid"], second["openid"], real["openid"]}) == 3
    profile = site.reads_profile(first)
    assert profile["openid"] == first["openid"]
    assert "is_snapshotuser" not in profile
    assert profile["nickname"] == "微信用户"
    avatar = profile["headimgurl"].removeprefix("http://localhost")
    assert site.client.get(avatar).status_code == 200


@pytest.mark.fact("status 200, `text/plain` under `/sns/`, raw UTF-8, GET and POST")
def test_content_type(site: Site) -> None:
    put(site.client, content_type="application/json")
    answer = site.client.get(TOKEN)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.fact("busy (-1), the code used up or not")
def test_errcode_for_a_path_a_number_of_times(site: Site, world: World) -> None:
    put(site.client, errcode={"path": TOKEN, "errcode": -1, "times": 1})
    code = site.gets_code()
    answer = site.exchanges(code)
    assert errcode(answer) == -1
    assert answer["errmsg"].startswith("system error, rid: ")
    tokens = site.exchanges(code)
    assert "nickname" in site.reads_profile(tokens)


@pytest.mark.fact("busy (-1), the code used up or not")
def test_errcode_may_use_the_code_up(site: Site) -> None:
    put(
        site.client,
        errcode=[{"path": TOKEN, "errcode": -1, "times": 1, "spend": True}],
    )
    code = site.gets_code()
    assert errcode(site.exchanges(code)) == -1
    assert errcode(site.exchanges(code)) == 40163


@pytest.mark.fact("40001 right after the exchange")
def test_a_token_may_be_refused_right_after_the_exchange(site: Site) -> None:
    tokens = site.signs_in()
    put(site.client, errcode={"path": USERINFO, "errcode": 40001, "times": 1})
    assert errcode(site.reads_profile(tokens)) == 40001
    assert "nickname" in site.reads_profile(tokens)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(
            43003, "require https", marks=pytest.mark.fact("plain http is 43003")
        ),
        pytest.param(
            45011,
            "api minute-quota reach limit, must slower, retry next minute",
            marks=pytest.mark.fact("50 000 calls a minute (45011)"),
        ),
    ],
)
def test_an_errcode_that_no_call_brings_about(
    site: Site, number: int, words: str
) -> None:
    put(site.client, errcode={"errcode": number})
    answer = site.exchanges("x")
    assert errcode(answer) == number
    assert answer["errmsg"].startswith(f"{words}, rid: ")


def test_errcode_with_words_of_ones_own(site: Site) -> None:
    put(site.client, errcode={"errcode": 99999, "errmsg": "<script>\r\n"})
    assert site.exchanges("x")["errmsg"].startswith("<script>\r\n, rid: ")


@pytest.mark.parametrize(
    ("value", "on_the_wire"),
    [
        (5, b'"nickname":5,'),
        (["x"], b'"nickname":["x"],'),
        ({"raw": '"\\ud83d"'}, b'"nickname":"\\ud83d",'),
        ("\ud83d", b'"nickname":"\\ud83d",'),
        ({"raw": "NaN"}, b'"nickname":NaN,'),
        ('"/\n', b'"nickname":"\\"\\/\\n",'),
        ("\x00", b'"nickname":"\x00",'),
        ("", b'"nickname":"",'),
    ],
)
def test_any_value_in_the_place_of_the_nickname(
    site: Site, value: Any, on_the_wire: bytes
) -> None:
    body = json.dumps({"for": {"person": "lihua"}, "nickname": value})
    assert site.client.put("/_sim/switches", data=body).status_code == 200
    tokens = site.signs_in("lihua")
    query = {k: tokens[k] for k in ("access_token", "openid")}
    assert on_the_wire in site.client.get("/sns/userinfo", query_string=query).data


@pytest.mark.fact("userinfo names another openid or unionid")
def test_a_profile_that_disagrees(site: Site) -> None:
    put(site.client, userinfo_openid="oOther", userinfo_unionid="oElse")
    profile = site.reads_profile(site.signs_in())
    assert (profile["openid"], profile["unionid"]) == ("oOther", "oElse")


def test_a_body_of_ones_own(site: Site) -> None:
    raw = b"\xef\xbb\xbf\xff{"
    put(
        site.client,
        raw_body={"path": "/sns/auth", "base64": base64.b64encode(raw).decode()},
    )
    assert site.client.get("/sns/auth").data == raw
    put(site.client, raw_body={"path": "/sns/auth", "text": "[]"})
    assert site.client.get("/sns/auth").data == b"[]"
    assert json.loads(site.client.get("/sns/userinfo").data)["errcode"] == 41001


def test_switches_are_described_for_people() -> None:
    assert all(str(switch.help) for switch in SWITCHES.values())
