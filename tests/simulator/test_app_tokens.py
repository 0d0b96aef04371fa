"""/cgi-bin/token and /cgi-bin/stable_token: two pools, their ends and their quotas."""

import json
import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.refusals import ApiError

from .conftest import MP, OA, Program, Site, errcode

TOKEN, STABLE = "/cgi-bin/token", "/cgi-bin/stable_token"
DAY = 24 * 3600
NOT_LATEST = "invalid credential, access_token is invalid or not latest, could get"


def use(world: World, answer: dict[str, object] | str) -> int:
    """The errcode of a call with this token, 0 where it is good."""
    token = answer if isinstance(answer, str) else str(answer["access_token"])
    try:
        world.app_tokens.check(token)
    except ApiError as error:
        return error.errcode
    return 0


def test_the_answers_in_wechats_words(program: Program) -> None:
    for answer in (program.asks_token(), program.asks_stable_token()):
        assert list(answer) == ["access_token", "expires_in"]
        assert answer["expires_in"] == 7200
        assert re.fullmatch(r"\d\d_[A-Za-z0-9_-]{100}", answer["access_token"])
    raw = program.client.get(TOKEN)
    assert raw.headers["Content-Type"] == "application/json; encoding=utf-8"


@pytest.mark.parametrize(
    ("changes", "wanted", "text"),
    [
        ({"grant_type": None, "appid": None}, 40002, "invalid grant_type\n"),
        ({"grant_type": "client_credentials"}, 40002, "invalid grant_type\n"),
        ({"appid": None, "secret": None}, 41002, "appid missing"),
        ({"appid": "wx1", "secret": None}, 40013, "invalid appid"),
        ({"secret": None}, 41004, "appsecret missing"),
        ({"secret": "x"}, 40125, "invalid appsecret"),
    ],
)
def test_order_of_checks(
    program: Program, changes: dict[str, str | None], wanted: int, text: str
) -> None:
    answers = program.asks_token(**changes), program.asks_stable_token(**changes)
    for answer in answers:
        assert errcode(answer) == wanted
        assert re.match(re.escape(text) + " rid: ", answer["errmsg"])


def test_each_wants_its_method(client: FlaskClient, program: Program) -> None:
    assert json.loads(client.post(TOKEN).data)["errcode"] == 43001
    answer = json.loads(client.get(STABLE).data)
    assert answer["errmsg"].startswith("require POST method rid: ")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"data": b""}, 44002),
        ({"data": {"grant_type": "client_credential", "appid": MP}}, 47001),
        ({"data": b"{"}, 47001),
        ({"data": b"[]"}, 47001),
        ({"data": b"\xff{}"}, 47001),
        ({"data": b"[" * 100_000}, 47001),
        ({"json": {}}, 40002),
        ({"json": {"grant_type": "client_credential", "appid": 5}}, 47001),
    ],
)
@pytest.mark.fact(
    "`/cgi-bin/stable_token`: the same token to all until five minutes before its "
    "end; `force_refresh` ends it; a form is 47001"
)
def test_the_body_is_json(
    client: FlaskClient, given: dict[str, object], wanted: int
) -> None:
    assert json.loads(client.post(STABLE, **given).data)["errcode"] == wanted


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_a_wrong_type_is_a_format_error(program: Program, value: object) -> None:
    proof = program._proof() | {"force_refresh": value}
    assert errcode(program.posts(STABLE, proof)) == 47001


@pytest.mark.fact("an app's token that is over is 40001, 40014 or 42001")
def test_the_token_before_lives_five_minutes_more(
    program: Program, world: World
) -> None:
    first, second = program.asks_token(), program.asks_token()
    assert first["access_token"] != second["access_token"]
    world.advance(299)
    assert (use(world, first), use(world, second)) == (0, 0)
    world.advance(1)
    assert (use(world, first), use(world, second)) == (40001, 0)
    third = program.asks_token()
    world.advance(6900)
    assert (use(world, second), use(world, third)) == (40001, 0)
    world.advance(300)
    assert use(world, third) == 42001


@pytest.mark.fact("an app's token that is over is 40001, 40014 or 42001")
def test_what_is_no_token(world: World) -> None:
    assert use(world, "MARKER") == 40014
    with pytest.raises(ApiError) as refused:
        world.app_tokens.check("98_" + "x" * 100)
    assert refused.value.errcode == 40001
    assert str(refused.value.errmsg).startswith(NOT_LATEST)


@pytest.mark.fact(
    "`/cgi-bin/stable_token`: the same token to all until five minutes before its "
    "end; `force_refresh` ends it; a form is 47001"
)
def test_a_stable_token_is_the_same_until_five_minutes_before_its_end(
    program: Program, world: World
) -> None:
    first = program.asks_stable_token()
    world.advance(6855)
    again = program.asks_stable_token()
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 345)
    world.advance(60)
    new = program.asks_stable_token()
    assert new["access_token"] != first["access_token"]
    assert new["expires_in"] == 7200
    assert (use(world, first), use(world, new)) == (0, 0)
    world.advance(285)
    assert (use(world, first), use(world, new)) == (42001, 0)


@pytest.mark.fact(
    "`/cgi-bin/stable_token`: the same token to all until five minutes before its "
    "end; `force_refresh` ends it; a form is 47001"
)
def test_a_forced_refresh_ends_the_old_one_at_once(
    program: Program, world: World
) -> None:
    first = program.asks_stable_token()
    second = program.asks_stable_token(force_refresh=True)
    assert (use(world, first), use(world, second)) == (40001, 0)
    # The next comes too soon and refreshes nothing.
    world.advance(29)
    assert program.asks_stable_token(force_refresh=True)["expires_in"] == 7171
    world.advance(1)
    third = program.asks_stable_token(force_refresh=True)
    assert third["access_token"] != second["access_token"]
    assert use(world, second) == 40001


def test_twenty_forced_refreshes_a_day(program: Program, world: World) -> None:
    # The day is China's; begin at its midnight.
    world.advance(DAY - (world.now() + 8 * 3600) % DAY + 1)
    for _ in range(20):
        world.advance(30)
        assert "access_token" in program.asks_stable_token(force_refresh=True)
    world.advance(30)
    answer = program.asks_stable_token(force_refresh=True)
    assert answer["errmsg"].startswith("reach max api daily quota limit rid: ")
    assert "access_token" in program.asks_stable_token()
    world.advance(DAY)
    assert "access_token" in program.asks_stable_token(force_refresh=True)


def test_two_pools_of_two_apps(
    program: Program, other_program: Program, world: World
) -> None:
    plain, stable = program.asks_token(), program.asks_stable_token()
    other = other_program.asks_stable_token()
    program.asks_token()
    program.asks_stable_token(force_refresh=True)
    world.advance(300)
    assert [use(world, each) for each in (plain, stable, other)] == [40001, 40001, 0]


@pytest.mark.parametrize(
    ("path", "wanted"), [(TOKEN, 45009), (STABLE, 45011)], ids=["day", "minute"]
)
def test_quotas(
    program: Program, other_program: Program, world: World, path: str, wanted: int
) -> None:
    ask = {TOKEN: Program.asks_token, STABLE: Program.asks_stable_token}[path]
    world.switch(quota={"path": path, "calls": 1})
    assert "access_token" in ask(program)
    assert errcode(ask(program)) == wanted
    assert "access_token" in ask(other_program)


@pytest.mark.fact(
    "40164 names the address; a mini program's list covers its token calls alone"
)
def test_addresses_that_may_ask(program: Program, client: FlaskClient) -> None:
    client.put("/_sim/apps", json={"name": "mp", "ip_list": ["192.0.2.0/24", "::1"]})
    for answer in (program.asks_token(), program.asks_stable_token()):
        assert errcode(answer) == 40164
        assert answer["errmsg"].startswith(
            "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "
        )
    # A wrong secret is told first, and the exchange of codes knows no list.
    assert errcode(program.asks_token(secret="x")) == 40125
    assert "openid" in program.signs_in()
    client.put("/_sim/apps", json={"name": "mp", "ip_list": ["127.0.0.0/8"]})
    assert "access_token" in program.asks_token()
    assert "access_token" in program.asks_stable_token()


def test_an_accounts_list_covers_calls_with_a_token_too(
    program: Program, client: FlaskClient, world: World
) -> None:
    account, path = Program(client, "oa", OA), "/wxa/checksession"
    token = account.token()
    client.put("/_sim/apps", json={"name": "oa", "ip_list": ["::1"]})
    answer = Site(client).asks(path, access_token=token)
    assert errcode(answer) == 40164
    client.put("/_sim/apps", json={"name": "oa", "ip_list": ["127.0.0.1"]})
    assert errcode(Site(client).asks(path, access_token=token)) == 48001
    # A mini program's covers the calls for a token alone.
    token = program.token()
    client.put("/_sim/apps", json={"name": "mp", "ip_list": ["::1"]})
    assert errcode(Site(client).asks(path, access_token=token)) == 41009


def test_an_address_inside_ipv6_is_the_same(program: Program) -> None:
    program.client.put("/_sim/apps", json={"name": "mp", "ip_list": ["127.0.0.1"]})
    proof = program._proof()
    for address, wanted in (("::ffff:127.0.0.1", 0), ("::ffff:192.0.2.1", 40164)):
        answer = program.client.get(
            TOKEN, query_string=proof, environ_base={"REMOTE_ADDR": address}
        )
        told = json.loads(answer.data)
        assert told.get("errcode", 0) == wanted
    assert told["errmsg"].startswith("invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not")


@pytest.mark.parametrize("entry", ["x", "1.2.3.4/99", "http://1.2.3.4"])
def test_a_wrong_address_is_refused(client: FlaskClient, entry: str) -> None:
    answer = client.put("/_sim/apps", json={"name": "mp", "ip_list": [entry]})
    assert answer.status_code == 400
    assert "ip_list" in answer.get_json()["error"]


def test_accounts_have_tokens_too(client: FlaskClient) -> None:
    assert "access_token" in Program(client, "oa", OA).asks_token()


def test_calls_are_noted_without_tokens(program: Program, client: FlaskClient) -> None:
    token = str(program.asks_stable_token(force_refresh=True)["access_token"])
    client.get("/cgi-bin/nosuch", query_string={"access_token": token})
    noted, unknown = client.get("/_sim/calls").get_json()
    assert noted["appid"] == unknown["appid"] == MP
    assert noted["params"]["force_refresh"] == "true"
    text = json.dumps([noted, unknown])
    assert token not in text
    assert "secret-of-mp" not in text


def test_reset_forgets_tokens(program: Program, world: World) -> None:
    token = program.asks_stable_token()
    world.reset()
    assert use(world, token) == 40001
