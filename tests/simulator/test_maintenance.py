"""What an operator asks of WeChat: quotas, addresses, whether pushes arrive."""

import json
from threading import Condition
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.quotas import MONTH, Quotas

from .conftest import MP, MP2, OA, Program, Site, errcode

CLEAR, BY_SECRET = "/cgi-bin/clear_quota", "/cgi-bin/clear_quota/v2"
QUOTA, CHECK = "/cgi-bin/openapi/quota/get", "/cgi-bin/callback/check"
TOKEN = "/cgi-bin/token"
DAY = 24 * 3600


def posts(program: Program, path: str, given: object) -> dict[str, Any]:
    return program.posts(path, given, {"access_token": program.token()})


def clears(program: Program, **changes: str) -> dict[str, Any]:
    """By secret, in the query."""
    query = {"appid": program.appid, "appsecret": f"secret-of-{program.app}"} | changes
    answer = program.client.post(BY_SECRET, query_string=query)
    told: dict[str, Any] = json.loads(answer.data)
    return told


def test_a_day_begins_anew(program: Program, world: World) -> None:
    world.switch(quota={"path": TOKEN, "calls": 1})
    program.asks_token()
    assert errcode(program.asks_token()) == 45009
    assert posts(program, CLEAR, {"appid": MP}) == {"errcode": 0, "errmsg": "ok"}
    assert "access_token" in program.asks_token()
    assert errcode(program.asks_token()) == 45009
    assert clears(program) == {"errcode": 0, "errmsg": "ok"}
    assert "access_token" in program.asks_token()


def test_of_ones_own_app_alone(
    program: Program, other_program: Program, world: World
) -> None:
    world.switch(quota={"path": TOKEN, "calls": 1})
    other_program.asks_token()
    assert errcode(posts(program, CLEAR, {"appid": MP2})) == 40013
    assert errcode(posts(program, CLEAR, {"appid": MP})) == 0
    assert errcode(other_program.asks_token()) == 45009


def test_ten_times_a_month_by_both_ways(program: Program, world: World) -> None:
    for _ in range(5):
        assert errcode(clears(program)) == 0
        assert errcode(posts(program, CLEAR, {"appid": MP})) == 0
    for told in (clears(program), posts(program, CLEAR, {"appid": MP})):
        assert errcode(told) == 48006
        assert told["errmsg"].startswith(
            "forbid to clear quota because of reaching the limit rid: "
        )
    world.advance(31 * DAY)
    assert errcode(clears(program)) == 0


def test_a_month_is_chinas() -> None:
    # 2023-02-01 00:00 in Shanghai.
    february = 1675180800
    clock = [february - 1]
    quotas = Quotas(Condition(), lambda: clock[0])

    def taken() -> bool:
        return quotas.take("n", MP, most=1, seconds=MONTH)

    assert (taken(), taken()) == (True, False)
    clock[0] = february
    assert (taken(), taken()) == (True, False)
    clock[0] = february + 28 * DAY - 1
    assert taken() is False
    clock[0] += 1
    assert taken() is True


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx1"}, 40013),
        ({"appsecret": ""}, 41004),
        ({"appsecret": "x"}, 40125),
    ],
)
def test_by_secret(program: Program, changes: dict[str, str], wanted: int) -> None:
    assert errcode(clears(program, **changes)) == wanted


def test_by_secret_in_the_body(program: Program) -> None:
    given = {"appid": MP, "appsecret": "secret-of-mp"}
    assert errcode(program.posts(BY_SECRET, given)) == 0
    assert "secret-of-mp" not in program.client.get("/_sim/calls").text


def test_a_list_of_addresses_covers_it(program: Program) -> None:
    program.client.put("/_sim/apps", json={"name": "mp", "ip_list": ["::1"]})
    assert errcode(clears(program)) == 40164


def test_what_is_left_of_a_day(program: Program, world: World) -> None:
    for _ in range(3):
        program.asks_token()
    told = posts(program, QUOTA, {"cgi_path": TOKEN})
    left = {"daily_limit": 2000, "used": 3, "remain": 1997}
    assert told == {"errcode": 0, "errmsg": "ok", "quota": left}
    world.switch(quota={"path": TOKEN, "calls": 2})
    told = posts(program, QUOTA, {"cgi_path": TOKEN})["quota"]
    assert told == {"daily_limit": 2, "used": 2, "remain": 0}
    world.switch(quota=None)
    world.advance(DAY)
    assert posts(program, QUOTA, {"cgi_path": TOKEN})["quota"]["used"] == 0


def test_questions_about_followers_are_counted(client: FlaskClient) -> None:
    oa, path = Program(client, "oa", OA), "/cgi-bin/user/info"
    oa.client.get(path, query_string={"access_token": oa.token(), "openid": "nobodys"})
    left = {"daily_limit": 5_000_000, "used": 1, "remain": 4_999_999}
    assert posts(oa, QUOTA, {"cgi_path": path})["quota"] == left


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, 76021),
        ({"cgi_path": "cgi-bin/token"}, 76021),
        ({"cgi_path": "/cgi-bin/nothing"}, 76021),
        ({"cgi_path": "/sns/jscode2session"}, 76022),
        ({"cgi_path": 5}, 47001),
    ],
)
def test_paths(program: Program, given: dict[str, object], wanted: int) -> None:
    assert errcode(posts(program, QUOTA, given)) == wanted


def rid_of(told: dict[str, Any]) -> str:
    return str(told["errmsg"]).rsplit("rid: ", 1)[1]


def test_what_a_refusal_was_about(
    program: Program, other_program: Program, world: World
) -> None:
    refused = posts(program, "/wxa/getwxacodeunlimit", {"scene": "", "page": "p"})
    asked = {"rid": rid_of(refused)}
    told = posts(program, "/cgi-bin/openapi/rid/get", asked)
    assert list(told) == ["errcode", "errmsg", "request"]
    request = told["request"]
    assert abs(request.pop("invoke_time") - world.now()) < 60
    assert json.loads(request.pop("response_body")) == refused
    assert request == {
        "cost_in_ms": 30,
        "request_url": "access_token=•••",
        "request_body": '{"page":"p","scene":"•••"}',
        "client_ip": "127.0.0.1",
    }
    assert errcode(posts(other_program, "/cgi-bin/openapi/rid/get", asked)) == 76003
    world.advance(7 * DAY)
    assert errcode(posts(program, "/cgi-bin/openapi/rid/get", asked)) == 76001


def test_rids(program: Program) -> None:
    of_a_login = rid_of(program.exchanges("x"))
    for rid, wanted in (
        ("658cff8e-7783352d-44cb33e5", 76001),
        ("", 76002),
        ("658cff8e", 76002),
        (5, 47001),
        (of_a_login, 76022),
    ):
        told = posts(program, "/cgi-bin/openapi/rid/get", {"rid": rid})
        assert errcode(told) == wanted


def test_no_secret_is_kept_with_a_refusal(program: Program, world: World) -> None:
    refused = program.asks_stable_token(secret="MARKER")
    kept = world.rids.find(rid_of(refused))
    assert kept is not None
    assert "MARKER" not in str(kept)
    assert kept.appid == MP


def test_addresses_of_wechat(program: Program, client: FlaskClient) -> None:
    for each in (program, Program(client, "oa", OA)):
        site, token = Site(client), each.token()
        pushed = site.asks("/cgi-bin/getcallbackip", access_token=token)
        called = site.asks("/cgi-bin/get_api_domain_ip", access_token=token)
        assert list(pushed) == list(called) == ["ip_list"]
        assert "127.0.0.1" in pushed["ip_list"]
        assert "101.226.103.0/25" in pushed["ip_list"]
    assert errcode(Site(client).asks("/cgi-bin/getcallbackip")) == 41001


def test_whether_pushes_arrive(client: FlaskClient) -> None:
    account = Program(client, "oa", OA)
    asked = {"action": "all", "check_operator": "CAP"}
    assert errcode(posts(account, CHECK, asked)) == 40201
    url = "http://192.0.2.7:8000/push"
    client.put("/_sim/apps", json={"name": "oa", "push_url": url})
    dns = [{"ip": "192.0.2.7", "real_operator": "UNICOM"}]
    ping = [
        {
            "ip": "192.0.2.7",
            "from_operator": "CAP",
            "package_loss": "0%",
            "time": "23.079ms",
        }
    ]
    assert posts(account, CHECK, asked) == {"dns": dns, "ping": ping}
    assert posts(account, CHECK, asked | {"action": "dns"}) == {"dns": dns}
    for changes, wanted in (
        ({"action": "x"}, 40202),
        ({"action": ""}, 40202),
        ({"check_operator": "x"}, 40203),
    ):
        assert errcode(posts(account, CHECK, asked | changes)) == wanted


def test_each_wants_its_method(program: Program, client: FlaskClient) -> None:
    for path in (CLEAR, BY_SECRET, QUOTA, CHECK, "/cgi-bin/openapi/rid/get"):
        assert b"43002" in client.get(path).data
    assert b"43001" in client.post("/cgi-bin/getcallbackip").data
