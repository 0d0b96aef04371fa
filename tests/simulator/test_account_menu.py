"""An account's menu and automatic replies, by the calls of its server."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import OA, Program, errcode
from .receiver import Receiver

CREATE, GET, DELETE = (
    "/cgi-bin/menu/create",
    "/cgi-bin/menu/get",
    "/cgi-bin/menu/delete",
)
SELF, REPLIES = (
    "/cgi-bin/get_current_selfmenu_info",
    "/cgi-bin/get_current_autoreply_info",
)
CLICK = {"type": "click", "name": "今日歌曲", "key": "V1001"}
VIEW = {"type": "view", "name": "搜索", "url": "https://shop.example/"}
MENU = {"button": [CLICK, {"name": "菜单", "sub_button": [VIEW, CLICK]}]}
WHO = {"app": "oa", "person": "lihua"}


@pytest.fixture
def oa(client: FlaskClient) -> Program:
    """The account's server."""
    return Program(client, "oa", OA)


def asks(server: Program, path: str) -> dict[str, Any]:
    answer = server.client.get(path, query_string={"access_token": server.token()})
    told: dict[str, Any] = json.loads(answer.data)
    return told


def makes(server: Program, menu: object = MENU) -> dict[str, Any]:
    return server.posts(CREATE, menu, {"access_token": server.token()})


def sets_console(client: FlaskClient, **console: Any) -> None:
    answer = client.put("/_sim/console", json={"appid": "oa"} | console)
    assert answer.status_code == 200, answer.text


def test_a_menu_is_made_read_and_deleted(oa: Program) -> None:
    assert errcode(asks(oa, GET)) == 46003
    assert makes(oa) == {"errcode": 0, "errmsg": "ok"}
    # There each button has a list, and here only that which has any below it.
    assert asks(oa, GET) == {
        "menu": {
            "button": [
                CLICK | {"sub_button": []},
                {
                    "name": "菜单",
                    "sub_button": [
                        VIEW | {"sub_button": []},
                        CLICK | {"sub_button": []},
                    ],
                },
            ]
        }
    }
    told = {"name": "菜单", "sub_button": {"list": [VIEW, CLICK]}}
    assert asks(oa, SELF) == {
        "is_menu_open": 1,
        "selfmenu_info": {"button": [CLICK, told]},
    }
    assert asks(oa, DELETE) == {"errcode": 0, "errmsg": "ok"}
    assert errcode(asks(oa, GET)) == 46003
    assert asks(oa, SELF) == {"is_menu_open": 0, "selfmenu_info": {"button": []}}


def test_what_is_inside_menu_can_be_sent_back(oa: Program) -> None:
    makes(oa)
    read = asks(oa, GET)
    assert errcode(makes(oa, read)) == 40016
    assert errcode(makes(oa, asks(oa, SELF))) == 40016
    assert errcode(makes(oa, read["menu"])) == 0
    assert asks(oa, GET) == read


def below(*items: object) -> dict[str, Any]:
    return {"button": [{"name": "a", "sub_button": list(items)}]}


@pytest.mark.parametrize(
    ("menu", "number"),
    [
        ({}, 40016),
        ({"button": []}, 40016),
        ({"button": [CLICK] * 4}, 40016),
        ({"button": CLICK}, 40016),
        ({"button": ["x"]}, 47001),
        ({"button": [CLICK | {"type": "klick"}]}, 40017),
        ({"button": [CLICK | {"type": ["click"]}]}, 40017),
        ({"button": [{"name": "a"}]}, 40017),
        # Six letters of three bytes each.
        ({"button": [CLICK | {"name": "一二三四五六"}]}, 40018),
        ({"button": [CLICK | {"name": ""}]}, 40018),
        ({"button": [CLICK | {"name": 1}]}, 47001),
        ({"button": [CLICK | {"key": "k" * 129}]}, 40019),
        ({"button": [{"type": "click", "name": "a"}]}, 40019),
        ({"button": [VIEW | {"url": ""}]}, 40020),
        ({"button": [VIEW | {"url": "https://a.example/" + "a" * 1007}]}, 40020),
        ({"button": [VIEW | {"url": "shop.example"}]}, 40055),
        ({"button": [VIEW | {"type": "miniprogram"}]}, 40013),
        ({"button": [VIEW | {"type": "media_id"}]}, 40007),
        (below(*[CLICK] * 6), 40023),
        ({"button": [{"name": "a", "sub_button": "b"}]}, 40023),
        (below({"name": "b", "sub_button": [CLICK]}), 40022),
        (below(CLICK | {"type": ""}), 40024),
        (below(CLICK | {"name": "n" * 61}), 40025),
        (below(CLICK | {"key": ""}), 40026),
        (below(VIEW | {"url": ""}), 40027),
        (below(VIEW | {"url": "javascript:1"}), 40054),
    ],
)
@pytest.mark.fact(
    "`/cgi-bin/menu/create`: how many buttons of which types; the menu stays while "
    "a push address is set"
)
def test_what_is_no_menu(oa: Program, menu: object, number: int) -> None:
    makes(oa)
    before = asks(oa, GET)
    assert errcode(makes(oa, menu)) == number
    assert asks(oa, GET) == before


def test_other_buttons(oa: Program) -> None:
    program = {
        "type": "miniprogram",
        "appid": "wx1",
        "pagepath": "p",
        "url": VIEW["url"],
    }
    stored = {"type": "view_limited", "media_id": "M", "name": "c"}
    assert errcode(makes(oa, {"button": [program | {"name": "b"}, stored]})) == 0
    assert asks(oa, SELF)["selfmenu_info"]["button"] == [
        program | {"name": "b"},
        stored,
    ]
    longest = below(VIEW | {"name": "二" * 20}, CLICK | {"key": "k" * 128})
    assert errcode(makes(oa, longest)) == 0


def test_who_may_and_how(oa: Program, program: Program, client: FlaskClient) -> None:
    assert errcode(makes(program)) == 48001
    assert errcode(asks(program, GET)) == 48001
    assert errcode(asks(program, REPLIES)) == 48001
    token = {"access_token": oa.token()}
    assert errcode(json.loads(client.get(CREATE, query_string=token).data)) == 43002
    assert errcode(oa.posts(DELETE, {}, token)) == 43001
    assert errcode(json.loads(client.post(CREATE, query_string=token).data)) == 44002
    broken = client.post(CREATE, query_string=token, data='{"button": [')
    assert errcode(json.loads(broken.data)) == 40016


def test_a_tap_is_told_to_the_server(
    oa: Program, client: FlaskClient, world: World
) -> None:
    receiver = Receiver(world)
    makes(oa)
    client.post("/phone/account", data=WHO | {"action": "follow"})
    page = client.get("/phone/account", query_string=WHO).text
    # A menu by a call stays where there is an address.
    assert 'data-button="今日歌曲"' in page
    client.post("/phone/account", data=WHO | {"button": "0"})
    assert receiver.told[-1]["Event"] == "CLICK"
    assert receiver.told[-1]["EventKey"] == "V1001"
    opened = client.post("/phone/account", data=WHO | {"button": "1.0"})
    assert opened.location == "https://shop.example/"
    assert receiver.told[-1]["Event"] == "VIEW"
    assert receiver.told[-1]["EventKey"] == "https://shop.example/"


@pytest.mark.fact(
    "`/cgi-bin/get_current_selfmenu_info` and "
    "`/cgi-bin/get_current_autoreply_info` tell of menu and replies, closed while "
    "a push address is set"
)
def test_the_consoles_menu_is_told(
    oa: Program, client: FlaskClient, world: World
) -> None:
    menu = [
        {"name": "官网", "type": "view", "value": "https://shop.example/"},
        {
            "name": "更多",
            "below": [
                {"name": "电话", "type": "text", "value": "400"},
                {"name": "图", "type": "img", "value": "MEDIA"},
                {"name": "文", "type": "news", "value": "NEWS"},
            ],
        },
    ]
    sets_console(client, menu=menu)
    told = {
        "button": [
            {"type": "view", "name": "官网", "url": "https://shop.example/"},
            {
                "name": "更多",
                "sub_button": {
                    "list": [
                        {"type": "text", "name": "电话", "value": "400"},
                        {"type": "img", "name": "图", "value": "MEDIA"},
                        {
                            "type": "news",
                            "name": "文",
                            "value": "NEWS",
                            "news_info": {"list": []},
                        },
                    ]
                },
            },
        ]
    }
    assert asks(oa, SELF) == {"is_menu_open": 1, "selfmenu_info": told}
    assert errcode(asks(oa, GET)) == 46003
    # An address stops it, and a menu by a call stands in its place.
    Receiver(world)
    assert asks(oa, SELF) == {"is_menu_open": 0, "selfmenu_info": told}
    makes(oa, {"button": [CLICK]})
    assert asks(oa, SELF)["selfmenu_info"]["button"] == [CLICK]


@pytest.mark.fact(
    "`/cgi-bin/get_current_selfmenu_info` and "
    "`/cgi-bin/get_current_autoreply_info` tell of menu and replies, closed while "
    "a push address is set"
)
def test_the_replies(oa: Program, client: FlaskClient, world: World) -> None:
    closed = {"is_add_friend_reply_open": 0, "is_autoreply_open": 0}
    assert asks(oa, REPLIES) == closed
    sets_console(
        client,
        follow="欢迎",
        default={"type": "img", "content": "MEDIA"},
        keywords=[
            {"word": "价格", "reply": "十元"},
            {"word": "hi", "match": "equal", "reply": {"type": "news", "content": "N"}},
        ],
    )
    told = asks(oa, REPLIES)
    assert told["is_add_friend_reply_open"] == told["is_autoreply_open"] == 1
    assert told["add_friend_autoreply_info"] == {"type": "text", "content": "欢迎"}
    assert told["message_default_autoreply_info"] == {
        "type": "img",
        "content": "MEDIA",
    }
    first, second = told["keyword_autoreply_info"]["list"]
    assert abs(first["create_time"] - world.now()) < 60
    assert {k: v for k, v in first.items() if k != "create_time"} == {
        "rule_name": "rule 1",
        "reply_mode": "reply_all",
        "keyword_list_info": [
            {"type": "text", "match_mode": "contain", "content": "价格"}
        ],
        "reply_list_info": [{"type": "text", "content": "十元"}],
    }
    assert second["keyword_list_info"][0]["match_mode"] == "equal"
    assert second["reply_list_info"] == [{"type": "news", "content": "N"}]
    Receiver(world)
    assert asks(oa, REPLIES) == told | closed


def test_a_reply_that_is_no_text_is_shown_by_its_type(client: FlaskClient) -> None:
    sets_console(client, follow={"type": "voice", "content": "MEDIA"})
    client.post("/_sim/follow", json={"appid": "oa", "person": "lihua"})
    query = {"appid": "oa", "person": "lihua"}
    chat = client.get("/_sim/chat", query_string=query).get_json()
    assert chat == [{"from": "account", "text": "[voice]"}]
    for wrong in ({"type": "poem", "content": "x"}, {"type": "img"}, 1):
        given = {"appid": "oa", "follow": wrong}
        assert client.put("/_sim/console", json=given).status_code == 400
