"""/sns/jscode2session and wx.login: codes, session keys, ids."""

import json
import re
from base64 import b64decode
from itertools import pairwise

import pytest
import time_machine
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import MOBILE, MP, MP2, OA, Program, Site, errcode

PATH = "/sns/jscode2session"
DAY = 24 * 3600


@pytest.mark.fact(
    "`/sns/jscode2session`: a code is good for five minutes, once, for its own "
    "appid; the session_key is there, `errcode` is not"
)
def test_the_answer_in_wechats_words(client: FlaskClient, program: Program) -> None:
    code = program.gets_code()
    assert re.fullmatch(r"0[0-9A-Za-z]{31}", code)
    answer = client.get(
        f"{PATH}?appid={MP}&secret=secret-of-mp&js_code={code}"
        "&grant_type=authorization_code"
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain"
    told = json.loads(answer.data)
    # No errcode in a success, no expires_in any more.
    assert list(told) == ["session_key", "openid", "unionid"]
    assert told["openid"] == openid(MP, "xiaoming")
    assert told["unionid"] == unionid("main", "xiaoming")
    assert len(told["session_key"]) == 24
    assert len(b64decode(told["session_key"], validate=True)) == 16


def test_what_the_phone_says(program: Program) -> None:
    assert program.phone("login")["errMsg"] == "login:ok"


@pytest.mark.parametrize(
    ("changes", "wanted", "text"),
    [
        ({"appid": None}, 41002, "appid missing"),
        ({"appid": "wx1", "secret": None, "js_code": None}, 40013, "invalid appid"),
        ({"appid": MP.upper()}, 40013, "invalid appid"),
        ({"secret": None, "js_code": None}, 41004, "appsecret missing"),
        ({"secret": "x", "js_code": None}, 40125, "invalid appsecret"),
        ({"js_code": None, "grant_type": None}, 41008, "missing code"),
        ({"js_code": ""}, 41008, "missing code"),
        ({"grant_type": "client_credential"}, 40002, "invalid grant_type\n"),
        ({"js_code": "x"}, 40029, "invalid code"),
        ({"js_code": "the code is a mock one"}, 40029, "invalid code"),
    ],
)
def test_order_of_checks(
    program: Program, changes: dict[str, str | None], wanted: int, text: str
) -> None:
    given: dict[str, str | None] = {"js_code": "x", **changes}
    answer = program.exchanges(given.pop("js_code"), **given)
    assert (errcode(answer), list(answer)) == (wanted, ["errcode", "errmsg"])
    assert re.fullmatch(
        r"(.*), rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}", answer["errmsg"], re.S
    )
    assert answer["errmsg"].startswith(text)


def test_a_person_whom_wechat_refuses(program: Program, world: World) -> None:
    world.switch(("person", "lihua"), blocked=True)
    code = program.gets_code("lihua")
    answer = program.exchanges(code)
    assert errcode(answer) == 40226
    assert answer["errmsg"].startswith("code blocked, rid: ")
    # What is wrong with the code itself is told first, and others come in.
    assert errcode(program.exchanges("x")) == 40029
    assert "openid" in program.signs_in("xiaoming")
    world.switch(("person", "lihua"), blocked=None)
    assert "openid" in program.exchanges(code)


@pytest.mark.parametrize(
    ("tail", "form"),
    [
        ("hints", r"invalid code, hints: \[ req_id: [\w-]{11} \]"),
        ("hint", r"invalid code hint: \[[\w-]{16}\]"),
        ("hint+rid", r"invalid code hint: \[[\w-]{16}\] rid: \w{8}-\w{8}-\w{8}"),
    ],
)
@pytest.mark.fact("`, rid: …` behind an errmsg, once `hints: [ req_id: … ]`")
def test_older_ends_of_an_errmsg(
    program: Program, world: World, tail: str, form: str
) -> None:
    world.switch(errmsg_tail=tail)
    assert re.fullmatch(form, program.exchanges("x")["errmsg"])


def test_the_first_group_of_a_rid_is_the_time(program: Program, world: World) -> None:
    world.advance(86400)
    errmsg = program.exchanges("x")["errmsg"]
    told = int(errmsg.split("rid: ")[1].split("-")[0], 16)
    assert abs(told - world.now()) < 60


@pytest.mark.fact(
    "`/sns/jscode2session`: a code is good for five minutes, once, for its own "
    "appid; the session_key is there, `errcode` is not"
)
def test_a_code_works_once(program: Program, world: World) -> None:
    code = program.gets_code()
    assert "openid" in program.exchanges(code)
    assert errcode(program.exchanges(code)) == 40163
    world.advance(300)
    assert errcode(program.exchanges(code)) == 40029


@pytest.mark.fact(
    "`/sns/jscode2session`: a code is good for five minutes, once, for its own "
    "appid; the session_key is there, `errcode` is not"
)
def test_a_code_lives_five_minutes(program: Program, world: World) -> None:
    early, late = program.gets_code(), program.gets_code()
    world.advance(299)
    assert "openid" in program.exchanges(early)
    world.advance(2)
    assert errcode(program.exchanges(late)) == 40029


@pytest.mark.fact(
    "`/sns/jscode2session`: a code is good for five minutes, once, for its own "
    "appid; the session_key is there, `errcode` is not"
)
def test_a_code_belongs_to_its_appid(program: Program, other_program: Program) -> None:
    code = program.gets_code()
    assert errcode(other_program.exchanges(code)) == 40029
    assert errcode(program.exchanges(code, secret="wrong")) == 40125
    assert "openid" in program.exchanges(code)


def test_codes_of_the_doors_are_not_interchangeable(
    program: Program, site: Site
) -> None:
    assert errcode(program.exchanges(site.gets_code())) == 40029
    answer = site.exchanges(program.gets_code(), appid=MP, secret="secret-of-mp")
    assert errcode(answer) == 40029


def test_one_unionid_for_two_programs_and_an_openid_each(
    program: Program, other_program: Program
) -> None:
    one, two = program.signs_in(), other_program.signs_in()
    assert one["unionid"] == two["unionid"]
    assert two["openid"] == openid(MP2, "xiaoming") != one["openid"]
    assert two["session_key"] != one["session_key"]


def test_no_unionid_without_an_open_platform(program: Program) -> None:
    program.client.put("/_sim/apps", json={"name": "mp", "open_platform": ""})
    assert list(program.signs_in()) == ["session_key", "openid"]


@pytest.mark.fact(
    "an app that is bound to no open-platform account has no unionid, at another "
    "account it has new ones"
)
def test_another_open_platform_gives_another_unionid(program: Program) -> None:
    before = program.signs_in()
    program.client.put("/_sim/apps", json={"name": "mp", "open_platform": "new"})
    after = program.signs_in()
    assert after["openid"] == before["openid"]
    assert after["unionid"] == unionid("new", "xiaoming") != before["unionid"]


def test_drop_unionid(program: Program, world: World) -> None:
    world.switch(("app", "mp"), drop_unionid=True)
    assert "unionid" not in program.signs_in()
    world.switch(("app", "mp"), drop_unionid=None)
    assert "unionid" in program.signs_in()


def test_the_session_key_stays_and_is_each_persons_own(program: Program) -> None:
    first, second = program.signs_in(), program.signs_in()
    assert first["session_key"] == second["session_key"]
    assert program.signs_in("lihua")["session_key"] != first["session_key"]


def test_use_prolongs_a_session_key_and_disuse_ends_it(
    program: Program, world: World
) -> None:
    first = program.signs_in()["session_key"]
    for _ in range(3):
        world.advance(2 * DAY)
        assert program.signs_in()["session_key"] == first
    world.advance(3 * DAY)
    assert program.signs_in()["session_key"] != first


def test_a_new_session_key_with_every_login(program: Program, world: World) -> None:
    world.switch(rotate_session_key="always")
    world.switch(("app", "mp2"), rotate_session_key="expired")
    earlier = program.gets_code()
    later = program.gets_code()
    key = program.exchanges(later)["session_key"]
    # There is one key at any moment: the elder code answers with it, too.
    assert program.exchanges(earlier)["session_key"] == key
    assert program.signs_in()["session_key"] != key


def test_a_new_session_key_now_and_then(program: Program, world: World) -> None:
    world.switch(rotate_session_key="random")
    keys = [program.signs_in()["session_key"] for _ in range(60)]
    changes = sum(a != b for a, b in pairwise(keys))
    assert 0 < changes < 59


def test_a_hundred_exchanges_a_minute(program: Program, world: World) -> None:
    world.switch(quota={"path": PATH, "calls": 2})
    assert "openid" in program.signs_in()
    assert "openid" in program.signs_in()
    code = program.gets_code()
    answer = program.exchanges(code)
    assert errcode(answer) == 45011
    assert answer["errmsg"].startswith("api minute-quota reach limit")
    assert "openid" in program.signs_in("lihua")
    world.advance(60)
    assert "openid" in program.exchanges(code)


# A minute that begins between two of them would begin to count anew.
@time_machine.travel("2026-03-01T12:00:00Z", tick=False)
def test_the_hundred_is_a_hundred(program: Program) -> None:
    answers = [program.signs_in() for _ in range(101)]
    assert ["openid" in answer for answer in answers] == [True] * 100 + [False]


@pytest.mark.parametrize(("value", "person"), [(True, "xiaoming"), ("lihua", "lihua")])
def test_the_code_of_developer_tools_without_an_appid(
    program: Program, world: World, value: bool | str, person: str
) -> None:
    world.switch(mock_code=value)
    for _ in range(2):
        answer = program.exchanges("the code is a mock one")
        assert answer["openid"] == openid(MP, person)
    assert answer["session_key"] == program.signs_in(person)["session_key"]


@pytest.mark.parametrize(
    "switches",
    [
        {"rotate_session_key": "never"},
        {"rotate_session_key": True},
        {"mock_code": 5},
        {"quota": 5},
        {"quota": {"path": PATH}},
        {"quota": {"path": PATH, "calls": -1}},
    ],
)
def test_wrong_values_of_the_switches(
    client: FlaskClient, switches: dict[str, object]
) -> None:
    assert client.put("/_sim/switches", json=switches).status_code == 400


def test_faults_as_for_the_other_calls(program: Program, world: World) -> None:
    rule = {"path": PATH, "errcode": 40226, "times": 1}
    world.switch(("person", "lihua"), errcode=rule)
    assert "openid" in program.signs_in()
    blocked = program.signs_in("lihua")
    assert blocked["errmsg"].startswith("code blocked, rid: ")
    world.switch(errcode={"path": PATH, "errcode": -1, "times": 1, "spend": True})
    code = program.gets_code()
    assert errcode(program.exchanges(code)) == -1
    assert errcode(program.exchanges(code)) == 40163


def test_calls_are_noted_without_codes_and_keys(program: Program) -> None:
    code = program.gets_code()
    key = program.exchanges(code)["session_key"]
    noted = program.client.get("/_sim/calls").text
    assert PATH in noted
    assert not [secret for secret in (code, key, "secret-of-mp") if secret in noted]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"appid": "oa", "person": "xiaoming"}, 409),
        ({"appid": MOBILE, "person": "xiaoming"}, 409),
        ({"appid": OA, "person": "xiaoming"}, 409),
        ({"appid": "x", "person": "xiaoming"}, 404),
        ({"appid": "mp", "person": "x"}, 404),
        ({"appid": "mp"}, 400),
        ({"appid": "mp", "person": "xiaoming", "code": "x"}, 400),
    ],
)
def test_mistakes_of_who_drives_the_phone(
    client: FlaskClient, given: dict[str, str], status: int
) -> None:
    assert client.post("/_sim/mp/login", json=given).status_code == status


def test_reset_forgets_codes_and_keys(program: Program, world: World) -> None:
    code = program.gets_code()
    key = program.signs_in()["session_key"]
    world.reset()
    assert errcode(program.exchanges(code)) == 40029
    assert program.signs_in()["session_key"] != key
