"""An account moves to another: programs in seven days, followers at once."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import LONE, MP, MP2, OA, Program, Site, errcode

DAY = 24 * 3600
PATH = "/cgi-bin/changeopenid"


def control(client: FlaskClient, path: str, **given: Any) -> Any:
    answer = client.post(f"/_sim/{path}", json=given)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def refusal(client: FlaskClient, path: str, **given: Any) -> str:
    answer = client.post(f"/_sim/{path}", json=given)
    assert answer.status_code in (404, 409)
    return str(answer.get_json()["error"])


@pytest.fixture
def moved(client: FlaskClient, world: World) -> FlaskClient:
    """mp has moved to mp2."""
    control(client, "migrate", **{"from": "mp", "to": "mp2"})
    world.advance(7 * DAY)
    return client


def test_a_program_has_seven_days(client: FlaskClient, world: World) -> None:
    (move,) = control(client, "migrate", **{"from": "mp", "to": "mp2"})
    assert (move["from"], move["to"], move["state"]) == (MP, MP2, "frozen")
    world.advance(7 * DAY - 60)
    assert "openid" in Program(client).signs_in()
    assert control(client, "migrate/cancel", **{"from": "mp"}) == []
    world.advance(DAY)
    assert "openid" in Program(client).signs_in()


def test_then_it_is_gone(client: FlaskClient, world: World) -> None:
    code, token = Program(client).gets_code(), Program(client).token()
    control(client, "migrate", **{"from": "mp", "to": "mp2"})
    world.advance(7 * DAY)
    (move,) = client.get("/_sim/migrations").get_json()
    assert move["state"] == "done"
    assert "done" in refusal(client, "migrate/cancel", **{"from": "mp"})
    assert errcode(Program(client).exchanges(code)) == 40013
    assert errcode(Program(client).asks_stable_token()) == 40013
    answer = Site(client).asks("/wxa/checksession", access_token=token)
    assert errcode(answer) == 42001
    assert "mp2" in refusal(client, "mp/login", appid="mp", person="xiaoming")


def test_a_token_of_it_opens_nothing(client: FlaskClient, world: World) -> None:
    control(client, "migrate", **{"from": "mp", "to": "mp2"})
    world.advance(7 * DAY - 60)
    token = Program(client).token()
    world.advance(60)
    answer = Site(client).asks("/wxa/checksession", access_token=token)
    assert errcode(answer) == 40013


def test_who_a_person_is_afterwards(moved: FlaskClient) -> None:
    told = Program(moved, "mp2", MP2).signs_in()
    assert told["openid"] == openid(MP2, "xiaoming") != openid(MP, "xiaoming")
    assert told["unionid"] == unionid("main", "xiaoming")


def test_whoever_opens_it_opens_the_other(client: FlaskClient, world: World) -> None:
    given = {"appid": "mp", "page": "pages/scan/scan", "scene": "a=b&c"}
    assert control(client, "mp/launch", **given) == {
        "appid": MP,
        "path": "pages/scan/scan",
        "query": {"scene": "a%3Db%26c"},
        "scene": 1047,
    }
    control(client, "migrate", **{"from": "mp", "to": "mp2"})
    world.advance(7 * DAY)
    assert control(client, "mp/launch", **given) == {
        "appid": MP2,
        "path": "pages/index/index",
        "query": {
            "migrateSourceAppId": MP,
            "migrateSourcePath": "pages%2Fscan%2Fscan",
            "migrateSourceQuery": "scene%3Da%253Db%2526c",
            "migrateSourceScene": "1047",
            "migrateSourceAppIdIsStared": "0",
        },
        "scene": 1248,
    }


def test_the_phone_shows_the_other(moved: FlaskClient) -> None:
    link = f"/phone/mp?appid={MP}&page=pages/scan/scan&scene=s&person=xiaoming"
    page = moved.get(link).text
    assert 'data-page="pages/index/index"' in page
    assert "migrateSourceScene=1047" in page
    assert "1248" in page
    form = {"appid": MP, "page": "pages/scan/scan", "scene": "s", "person": "xiaoming"}
    answer = moved.post("/phone/mp", data=form | {"action": "login"}).text
    code = answer.split('data-code="')[1].split('"')[0]
    assert "openid" in Program(moved, "mp2", MP2).exchanges(code)


def test_from_one_to_the_next(moved: FlaskClient, world: World) -> None:
    for number in range(4):
        app = {"name": f"old{number}", "kind": "mini_program", "secret": "s"}
        app |= {"appid": f"wx{number}", "open_platform": "main"}
        moved.put("/_sim/apps", json=app)
        control(moved, "migrate", **{"from": f"old{number}", "to": "mp2"})
    app = {"name": "new", "kind": "mini_program", "secret": "s", "appid": "wxnew"}
    moved.put("/_sim/apps", json=app | {"open_platform": "main"})
    assert "5" in refusal(moved, "migrate", **{"from": "new", "to": "mp2"})
    assert "gone" in refusal(moved, "migrate", **{"from": "new", "to": "mp"})
    assert "already" in refusal(moved, "migrate", **{"from": "mp", "to": "new"})
    assert "six months" in refusal(moved, "migrate", **{"from": "mp2", "to": "new"})
    world.advance(191 * DAY)
    control(moved, "migrate", **{"from": "mp2", "to": "new"})
    world.advance(7 * DAY)
    launch = control(moved, "mp/launch", appid="mp")
    assert (launch["appid"], launch["scene"]) == ("wxnew", 1248)
    assert launch["query"]["migrateSourceAppId"] == MP2


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("mp", "mp", "another one"),
        ("mp", "oa", "another one"),
        ("web", "app", "another one"),
        ("nobody", "mp", "no app"),
    ],
)
def test_what_does_not_move(
    client: FlaskClient, source: str, target: str, why: str
) -> None:
    assert why in refusal(client, "migrate", **{"from": source, "to": target})
    assert refusal(client, "migrate/confirm", **{"from": "mp"})
    assert refusal(client, "migrate/cancel", **{"from": "mp"})


def test_programs_of_two_platforms_do_not(client: FlaskClient) -> None:
    client.put("/_sim/apps", json={"name": "mp2", "open_platform": "other"})
    assert "platform" in refusal(client, "migrate", **{"from": "mp", "to": "mp2"})
    assert (
        client.post("/_sim/migrate", json={"from": "mp", "too": "x"}).status_code == 400
    )


class Account:
    """lone, whose followers 小明 and 李华 are to move to oa."""

    def __init__(self, client: FlaskClient, world: World) -> None:
        self.client, self.world = client, world
        for person in ("xiaoming", "lihua"):
            control(client, "follow", appid="lone", person=person)
        self.openids = [openid(LONE, p) for p in ("xiaoming", "lihua", "jose")]

    def asks(self, **changes: Any) -> dict[str, Any]:
        given = {"from_appid": LONE, "openid_list": self.openids} | changes
        account = Program(self.client, "oa", OA)
        return account.posts(PATH, given, {"access_token": account.token()})

    def moves(self) -> None:
        control(self.client, "migrate", **{"from": "lone", "to": "oa"})
        control(self.client, "migrate/confirm", **{"from": "lone"})


@pytest.fixture
def account(client: FlaskClient, world: World) -> Account:
    return Account(client, world)


@pytest.mark.fact(
    "`/cgi-bin/changeopenid`: openids old and new, 63178 before the confirmation, "
    "-1 after fifteen days; the old account's appid, or its `gh_` id"
)
def test_who_was_who(account: Account) -> None:
    account.moves()
    assert account.asks() == {
        "errcode": 0,
        "errmsg": "ok",
        "result_list": [
            {
                "ori_openid": openid(LONE, "xiaoming"),
                "new_openid": openid(OA, "xiaoming"),
                "err_msg": "ok",
            },
            {
                "ori_openid": openid(LONE, "lihua"),
                "new_openid": openid(OA, "lihua"),
                "err_msg": "ok",
            },
            {"ori_openid": openid(LONE, "jose"), "err_msg": "ori_openid error"},
        ],
    }


def test_followers_follow_the_other(account: Account, world: World) -> None:
    account.moves()
    old, new = world.registry.app("lone"), world.registry.app("oa")
    assert not world.relations.follows(old, "lihua")
    assert world.relations.follows(new, "lihua")
    assert not world.relations.follows(new, "jose")


@pytest.mark.fact(
    "`/cgi-bin/changeopenid`: openids old and new, 63178 before the confirmation, "
    "-1 after fifteen days; the old account's appid, or its `gh_` id"
)
def test_only_after_the_confirmation_and_for_fifteen_days(
    account: Account, world: World
) -> None:
    assert errcode(account.asks()) == 63178
    control(account.client, "migrate", **{"from": "lone", "to": "oa"})
    refused = account.asks()
    assert errcode(refused) == 63178
    assert refused["errmsg"].startswith("appid wrong rid: ")
    control(account.client, "migrate/confirm", **{"from": "lone"})
    world.advance(15 * DAY - 60)
    assert errcode(account.asks()) == 0
    world.advance(60)
    assert errcode(account.asks()) == -1


@pytest.mark.fact(
    "`/cgi-bin/changeopenid`: openids old and new, 63178 before the confirmation, "
    "-1 after fifteen days; the old account's appid, or its `gh_` id"
)
def test_which_name_the_old_account_has(account: Account, world: World) -> None:
    account.moves()
    original = world.registry.app("lone").original_id
    assert errcode(account.asks(from_appid=original)) == 63178
    world.switch(from_original_id=True)
    assert errcode(account.asks(from_appid=original)) == 0
    assert errcode(account.asks()) == 63178


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"openid_list": []}, 63182),
        ({"openid_list": None}, 63182),
        ({"openid_list": ["o"] * 101}, 40032),
        ({"openid_list": ["o"] * 100}, 0),
        ({"from_appid": ""}, 63178),
        ({"from_appid": MP}, 63178),
        ({"from_appid": 5}, 47001),
    ],
)
def test_lists(account: Account, changes: dict[str, Any], wanted: int) -> None:
    account.moves()
    assert errcode(account.asks(**changes)) == wanted


def test_a_text_is_no_list(account: Account) -> None:
    account.moves()
    text = f'["{account.openids[0]}"]'
    assert account.asks(openid_list=text)["result_list"] == [
        {"ori_openid": text, "err_msg": "ori_openid error"}
    ]
    assert account.asks(openid_list=[[1]])["result_list"] == [
        {"ori_openid": [1], "err_msg": "ori_openid error"}
    ]


def test_with_the_new_accounts_token_alone(account: Account) -> None:
    account.moves()
    given = {"from_appid": LONE, "openid_list": account.openids}
    for app, appid, wanted in (("lone", LONE, 63178), ("mp", MP, 48001)):
        other = Program(account.client, app, appid)
        answer = other.posts(PATH, given, {"access_token": other.token()})
        assert errcode(answer) == wanted
    assert b"43002" in account.client.get(PATH).data


def test_reset_forgets_moves(moved: FlaskClient, world: World) -> None:
    world.reset()
    assert moved.get("/_sim/migrations").get_json() == []
    assert "openid" in Program(moved).signs_in()
