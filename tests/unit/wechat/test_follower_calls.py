"""The calls about an official account's followers: what is sent, and what is read."""

import json

import pytest

from tests.support.broken_wechat import says
from wxlogin.errors import WeChatMisconfigured, WeChatUnavailable
from wxlogin.wechat import follower_calls
from wxlogin.wechat.errors import errcode_of
from wxlogin.wechat.follower_calls import Follower, FollowerPage

ONE, TWO = "oExample0123456789_abcdefG-H", "oExample0123456789_abcdefG-I"
NOT_FOLLOWING = {"subscribe": 0, "openid": TWO, "tagid_list": []}


@pytest.fixture
def asks(wechat, app):
    def ask(name, *args):
        call = getattr(follower_calls, name)
        return call(wechat, app, "MARKERtoken", *args, deadline=wechat.deadline())

    return ask


def follows(openid=ONE, **more):
    return {"subscribe": 1, "openid": openid, "subscribe_time": 1700000000, **more}


def test_one_person(asks, server):
    told = follows(unionid="oUnion", qr_scene=0, qr_scene_str="login_8f_2c")
    server.will(says(told))
    found = asks("follower", ONE)
    assert found == Follower(ONE, True, "oUnion", 1700000000, "login_8f_2c")
    query = f"access_token=MARKERtoken&openid={ONE}&lang=zh_CN"
    assert server.targets == [f"/cgi-bin/user/info?{query}"]


def test_a_hundred_in_one_call(asks, server):
    others = [{"openid": ONE}, {"subscribe": 2, "openid": ONE}, None, follows("oOther")]
    server.will(says({"user_info_list": [NOT_FOLLOWING, *others, follows()]}))
    found = asks("followers", [ONE, TWO])
    assert found == {
        TWO: Follower(TWO, False, None),
        ONE: Follower(ONE, True, None, 1700000000),
    }
    assert server.targets == ["/cgi-bin/user/info/batchget?access_token=MARKERtoken"]
    assert json.loads(server.bodies[0]) == {
        "user_list": [
            {"openid": ONE, "lang": "zh_CN"},
            {"openid": TWO, "lang": "zh_CN"},
        ]
    }


@pytest.mark.parametrize("count", [0, 101])
def test_more_than_a_hundred_are_never_sent(asks, count):
    with pytest.raises(ValueError, match="1 to 100"):
        asks("followers", [f"o{number}" for number in range(count)])


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"qr_scene": 123, "qr_scene_str": ""}, (1700000000, "123")),
        ({"qr_scene_str": "x" * 65}, (1700000000, "")),
        ({"qr_scene_str": "a\nb", "subscribe_time": "now"}, (0, "")),
        ({"qr_scene": True, "qr_scene_str": "", "subscribe_time": -1}, (0, "")),
    ],
)
def test_what_stands_beside_it_is_taken_only_where_it_can_be(asks, server, told, found):
    server.will(says(follows(**told)))
    one = asks("follower", ONE)
    assert (one.since, one.scene) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"total": 0, "count": 0, "next_openid": ""}, FollowerPage((), "", 0)),
        (
            {"total": 3, "data": {"openid": [ONE, TWO, ONE]}, "next_openid": TWO},
            FollowerPage((ONE, TWO), TWO, 3),
        ),
    ],
)
def test_a_page(asks, server, told, found):
    server.will(says(told), says(told))
    assert asks("follower_page", "") == found
    assert asks("follower_page", ONE) == found
    query = "/cgi-bin/user/get?access_token=MARKERtoken"
    assert server.targets == [query, f"{query}&next_openid={ONE}"]


@pytest.mark.parametrize(
    "told",
    [
        {"data": []},
        {"data": {"openid": ONE}},
        {"data": {"openid": [ONE, ""]}},
        {"data": {"openid": [7]}},
    ],
)
def test_a_page_that_is_none(asks, server, told):
    server.will(says({"total": 1, **told}))
    with pytest.raises(WeChatUnavailable):
        asks("follower_page", "")


def test_ten_thousand_are_longer_than_any_other_answer(asks, server):
    """And an answer without end is still none."""
    people = [f"oExample0123456789_abc{number:06}" for number in range(10_000)]
    page = says({"total": 10_000, "data": {"openid": people}, "next_openid": ""})
    server.will(page, says({"user_info_list": [follows()], "x": "x" * 300_000}))
    assert len(asks("follower_page", "").openids) == 10_000
    with pytest.raises(WeChatUnavailable) as raised:
        asks("followers", [ONE, TWO])
    assert raised.value.facts["fault"] == "too_long"
    server.will(says({"total": 1, "x": "x" * 2_200_000}))
    with pytest.raises(WeChatUnavailable) as raised:
        asks("follower_page", "")
    assert raised.value.facts["fault"] == "too_long"


def test_an_account_without_the_right(asks, server):
    server.will(says({"errcode": 48001, "errmsg": "api unauthorized rid: x"}))
    with pytest.raises(WeChatMisconfigured) as raised:
        asks("followers", [ONE])
    assert errcode_of(raised.value) == 48001
