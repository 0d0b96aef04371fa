"""An AppSecret is changed, and nobody's sign-in fails for it (`client.with_secret`)."""

import json

import pytest

from tests.support.broken_wechat import TOKENS, App, Server, says
from wxlogin.errors import CodeInvalid, WeChatMisconfigured
from wxlogin.wechat import app_calls
from wxlogin.wechat.client import WeChat

APP = App(secret="MARKERsecret", secret_previous="MARKERprevious")
NEW, OLD = "MARKERsecret", "MARKERprevious"
WRONG = says({"errcode": 40125, "errmsg": "invalid appsecret MARKERprevious"})
SESSION = {"openid": TOKENS["openid"], "session_key": "4Mhn8IM6WGTk+g4X/5CnWA=="}


def exchange(wechat: WeChat, app: App = APP) -> str:
    return wechat.exchange(app, "C", deadline=wechat.deadline()).openid


def asked_with(server: Server) -> list[str]:
    return [query["secret"] for query in server.queries()]


def test_the_new_one_is_asked_with_first_and_alone(wechat: WeChat, server: Server):
    assert exchange(wechat) == TOKENS["openid"]
    assert asked_with(server) == [NEW]


def test_the_previous_one_where_the_new_one_is_refused(
    wechat: WeChat, server: Server, caplog: pytest.LogCaptureFixture
):
    server.will(WRONG, says(TOKENS))
    assert exchange(wechat) == TOKENS["openid"]
    assert asked_with(server) == [NEW, OLD]
    assert [query["code"] for query in server.queries()] == ["C", "C"]
    assert "takes the previous secret of app web" in caplog.text
    assert "MARKER" not in caplog.text


def test_both_refused_is_told_once(wechat: WeChat, server: Server):
    server.will(WRONG)
    with pytest.raises(WeChatMisconfigured) as caught:
        exchange(wechat)
    assert caught.value.facts["errcode"] == 40125
    assert "MARKER" not in repr(caught.value.facts) + str(caught.value)
    assert asked_with(server) == [NEW, OLD]


def test_a_code_that_the_first_question_has_spent_means_start_again(
    wechat: WeChat, server: Server
):
    server.will(WRONG, says({"errcode": 40163, "errmsg": "code been used"}))
    with pytest.raises(CodeInvalid):
        exchange(wechat)
    assert asked_with(server) == [NEW, OLD]


@pytest.mark.parametrize("errcode", [40013, 40029, 40164, 40243, 50002])
def test_no_other_refusal_is_the_secrets(wechat: WeChat, server: Server, errcode):
    """Least of all of a code: it is exchanged once."""
    server.will(says({"errcode": errcode, "errmsg": "text"}))
    with pytest.raises(Exception, match=str(errcode)):
        exchange(wechat)
    assert asked_with(server) == [NEW]


def test_without_a_previous_one_it_is_asked_once(wechat: WeChat, server: Server):
    server.will(WRONG)
    with pytest.raises(WeChatMisconfigured):
        exchange(wechat, App())
    assert len(server.targets) == 1


def test_a_mini_programs_code_and_an_apps_token_likewise(
    wechat: WeChat, server: Server
):
    token = {"access_token": "68_app", "expires_in": 7200}
    server.will(WRONG, says(SESSION), WRONG, says(token))
    wechat.code2session(APP, "C", deadline=wechat.deadline())
    assert asked_with(server) == [NEW, OLD]
    given = app_calls.app_token(wechat, APP, deadline=wechat.deadline())
    assert given.value == "68_app"
    sent = [json.loads(body)["secret"] for body in server.bodies[2:]]
    assert sent == [NEW, OLD]
