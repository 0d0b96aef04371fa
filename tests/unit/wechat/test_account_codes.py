"""An official account's code with a scene: what is sent, and what is read."""

import json

import pytest

from tests.support.broken_wechat import says
from wxlogin.errors import WeChatBusy, WeChatMisconfigured, WeChatUnavailable
from wxlogin.wechat.account_codes import LONGEST, account_code

URL = "http://weixin.qq.com/q/02abc"


@pytest.fixture
def makes(wechat, app):
    def make(scene="s-_1", seconds=300):
        deadline = wechat.deadline()
        return account_code(
            wechat, app, "MARKERtoken", scene, seconds=seconds, deadline=deadline
        )

    return make


def test_a_temporary_code_with_its_scene_two_levels_deep(makes, server):
    server.will(says({"ticket": "gQ==", "expire_seconds": 300, "url": URL}))
    assert makes() == URL
    assert server.targets == ["/cgi-bin/qrcode/create?access_token=MARKERtoken"]
    assert json.loads(server.bodies[0]) == {
        "expire_seconds": 300,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "s-_1"}},
    }


@pytest.mark.parametrize(("seconds", "sent"), [(0, 1), (LONGEST + 1, LONGEST)])
def test_its_life_is_always_sent(makes, server, seconds, sent):
    server.will(says({"ticket": "gQ==", "url": URL}))
    makes(seconds=seconds)
    assert json.loads(server.bodies[0])["expire_seconds"] == sent


@pytest.mark.parametrize("scene", ["", "a b", "x" * 65, "茶", "a\n"])
def test_what_is_no_scene(makes, scene):
    with pytest.raises(ValueError, match="no scene"):
        makes(scene)


@pytest.mark.parametrize("url", [None, "", 7, "javascript:x", "http://a b", URL * 30])
def test_an_answer_without_an_address(makes, server, url):
    server.will(says({"ticket": "gQ==", "url": url}))
    with pytest.raises(WeChatUnavailable):
        makes()


@pytest.mark.parametrize(
    ("errcode", "error"), [(48001, WeChatMisconfigured), (45009, WeChatBusy)]
)
def test_a_refusal(makes, server, errcode, error):
    server.will(says({"errcode": errcode, "errmsg": "no"}))
    with pytest.raises(error) as caught:
        makes()
    assert caught.value.facts["call"] == "account_code"
