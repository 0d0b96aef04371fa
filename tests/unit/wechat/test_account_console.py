"""What is read of an account's console, and how a menu is made."""

import json

import pytest

from tests.support.broken_wechat import says
from wxlogin.wechat import account_console
from wxlogin.wechat.account_console import Button, Keyword, Reply, Rule

# As Tencent's pages show them, with other words.
MENU = {
    "is_menu_open": 1,
    "selfmenu_info": {
        "button": [
            {"type": "click", "name": "歌曲", "key": "V1001"},
            {
                "name": "菜单",
                "sub_button": {
                    "list": [
                        {"type": "view", "name": "搜索", "url": "https://a.example/"},
                        {"type": "text", "name": "时间", "value": "九点"},
                        {"type": "news", "name": "文章", "value": "M", "news_info": {}},
                    ]
                },
            },
        ]
    },
}
REPLIES = {
    "is_add_friend_reply_open": 1,
    "is_autoreply_open": 0,
    "add_friend_autoreply_info": {"type": "text", "content": "欢迎"},
    "message_default_autoreply_info": {"type": "img", "content": "MEDIA"},
    "keyword_autoreply_info": {
        "list": [
            {
                "rule_name": "r",
                "create_time": 1423028166,
                "reply_mode": "random_one",
                "keyword_list_info": [
                    {"type": "text", "match_mode": "contain", "content": "价"},
                    {"type": "text", "match_mode": "equal", "content": "在吗"},
                ],
                "reply_list_info": [
                    {"type": "text", "content": "一"},
                    {"type": "news", "news_info": {"list": [{"title": "t"}]}},
                ],
            }
        ]
    },
}


@pytest.fixture
def asks(wechat, app):
    def ask(name, *args):
        call = getattr(account_console, name)
        return call(wechat, app, "MARKERtoken", *args, deadline=wechat.deadline())

    return ask


def test_the_menu(asks, server):
    server.will(says(MENU))
    menu = asks("menu")
    assert server.targets == [
        "/cgi-bin/get_current_selfmenu_info?access_token=MARKERtoken"
    ]
    song, more = menu.buttons
    assert (menu.is_open, song) == (True, Button("歌曲", "click", {"key": "V1001"}))
    assert [one.can_be_made for one in more.below] == [True, False, False]
    assert more.below[1].fields == {"value": "九点"}


def test_the_replies(asks, server):
    server.will(says(REPLIES))
    found = asks("replies")
    assert (found.follow_is_open, found.message_is_open) == (True, False)
    assert (found.follow, found.message) == (Reply("text", "欢迎"), Reply("img"))
    words = (Keyword("价"), Keyword("在吗", "equal"))
    assert found.rules == (
        Rule("r", words, (Reply("text", "一"), Reply("news")), at_random=True),
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"selfmenu_info": [], "keyword_autoreply_info": {"list": "x"}},
        {"selfmenu_info": {"button": [1, None]}, "add_friend_autoreply_info": 7},
        {"keyword_autoreply_info": {"list": [3]}, "is_menu_open": "1"},
    ],
)
def test_what_is_missing_or_odd_is_nothing(asks, server, answer):
    server.will(says(answer), says(answer))
    assert asks("menu") == account_console.Menu(False, ())
    found = asks("replies")
    assert (found.follow, found.message, found.rules) == (None, None, ())


def test_a_menu_is_made_in_its_own_letters(asks, server):
    server.will(says({"errcode": 0, "errmsg": "ok"}))
    view = Button("搜索", "view", {"url": "https://a.example/?a=b&c", "value": "x"})
    asks("make_menu", (Button("菜单", below=(view,)),))
    [text] = server.bodies
    assert "菜单".encode() in text
    assert json.loads(text) == {
        "button": [
            {
                "name": "菜单",
                "sub_button": [
                    {"type": "view", "name": "搜索", "url": "https://a.example/?a=b&c"}
                ],
            }
        ]
    }
