"""What an account's openids became when it moved: what is sent, and what is read."""

import json

import pytest

from tests.support.broken_wechat import says
from wxlogin.errors import WeChatBusy, WeChatMisconfigured, WeChatUnavailable
from wxlogin.wechat.new_openids import MOST, NewOpenid, new_openids

OLD = "wx00000000000000ff"


@pytest.fixture
def asks(wechat, app):
    def ask(*openids, source=OLD):
        deadline = wechat.deadline()
        return new_openids(
            wechat, app, "MARKERtoken", openids, source=source, deadline=deadline
        )

    return ask


def moved(old, new):
    return {"ori_openid": old, "new_openid": new, "err_msg": "ok"}


def test_a_list_in_the_body(asks, server):
    lines = [{"ori_openid": "o2", "err_msg": "ori_openid error"}, moved("o1", "n1")]
    server.will(says({"errcode": 0, "errmsg": "ok", "result_list": lines}))
    assert asks("o1", "o2") == [
        NewOpenid("o1", "n1"),
        NewOpenid("o2", None, "ori_openid error"),
    ]
    assert server.targets == ["/cgi-bin/changeopenid?access_token=MARKERtoken"]
    assert json.loads(server.bodies[0]) == {
        "from_appid": OLD,
        "openid_list": ["o1", "o2"],
    }


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "did not answer"),
        ([moved("other", "n1")], "did not answer"),
        (["o1", None, 7, {}, {"ori_openid": ["o1"]}], "did not answer"),
        ([{"ori_openid": "o1", "new_openid": "n1"}], "no err_msg"),
        ([{"ori_openid": "o1", "err_msg": "\x1b[2Jno" + "x" * 99}], "[2Jno"),
        ([moved("o1", "")], "no usable"),
        ([moved("o1", "undefined")], "no usable"),
        ([moved("o1", 7)], "no usable"),
        ([moved("o1", "n1"), moved("o1", "n2")], "not alike"),
        ([moved("o1", "n1"), moved("o2", "n1")], "two people alike"),
    ],
)
def test_an_answer_that_names_nobody(asks, server, lines, why):
    server.will(says({"errcode": 0, "result_list": lines}))
    found = asks("o1", "o2")[0]
    assert (found.old, found.new) == ("o1", None)
    assert why in found.why and len(found.why) <= 80


def test_the_same_answer_twice_is_one(asks, server):
    server.will(says({"result_list": [moved("o1", "n1"), moved("o1", "n1")]}))
    assert asks("o1") == [NewOpenid("o1", "n1")]


def test_no_more_than_a_hundred_at_a_time(asks):
    with pytest.raises(ValueError, match="100"):
        asks(*map(str, range(MOST + 1)))


@pytest.mark.parametrize("lines", [None, {}, "[]"])
def test_an_answer_without_a_list(asks, server, lines):
    server.will(says({"errcode": 0, "result_list": lines}))
    with pytest.raises(WeChatUnavailable):
        asks("o1")


@pytest.mark.parametrize(
    ("errcode", "error"), [(63178, WeChatMisconfigured), (45009, WeChatBusy)]
)
def test_a_refusal(asks, server, errcode, error):
    server.will(says({"errcode": errcode, "errmsg": "no"}))
    with pytest.raises(error) as refused:
        asks("o1")
    assert refused.value.facts["call"] == "new_openids"
    assert "MARKER" not in refused.value.operator
