"""The four calls, as WeChat's documents describe them."""

import gc
import json
import threading
import weakref
from urllib.parse import parse_qs

import pytest

from tests.support.broken_wechat import PROFILE, TOKENS, says
from wxlogin.errors import (
    CodeInvalid,
    GrantDead,
    WeChatBusy,
    WeChatDenied,
    WeChatMisconfigured,
    WeChatUnavailable,
)
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import UserInfo
from wxlogin.wechat.errcodes import lookup
from wxlogin.wechat.errors import TokenStale, about_code, never_left

OPENID = TOKENS["openid"]
MINI = {
    "session_key": "4Mhn8IM6WGTk+g4X/5CnWA==",
    "openid": OPENID,
    "unionid": TOKENS["unionid"],
}


def refusal(errcode, errmsg="text, rid: 653f6a60-70851a2e-4e50da8d"):
    return says({"errcode": errcode, "errmsg": errmsg})


def test_exchange_sends_the_documented_query_and_reads_the_answer(wechat, server, app):
    tokens = wechat.exchange(app, "0717zQ", deadline=wechat.deadline())
    assert server.targets == [
        "/sns/oauth2/access_token?appid=wx0000000000000a01&secret=MARKERsecret"
        "&code=0717zQ&grant_type=authorization_code"
    ]
    assert tokens.openid == OPENID
    assert tokens.access_token == "68_access"
    assert tokens.scope == {"snsapi_login"}
    assert tokens.unionid == TOKENS["unionid"]
    assert not tokens.is_snapshot


def test_a_code_with_awkward_characters_arrives_as_it_was(wechat, server, app):
    wechat.exchange(app, "a&b=c d/é+%", deadline=wechat.deadline())
    assert server.queries()[0]["code"] == "a&b=c d/é+%"


def test_refresh_sends_no_secret(wechat, server, app):
    server.will(says({key: TOKENS[key] for key in list(TOKENS)[:5]}))
    tokens = wechat.refresh(app, "68_refresh", deadline=wechat.deadline())
    assert server.targets == [
        "/sns/oauth2/refresh_token?appid=wx0000000000000a01"
        "&grant_type=refresh_token&refresh_token=68_refresh"
    ]
    assert tokens.unionid is None


def test_userinfo_sends_the_documented_query_and_reads_the_profile(wechat, server, app):
    """security row 94: the bytes are UTF-8 though the header names no charset."""
    server.will(says(PROFILE))
    pair = ("68_access", OPENID)
    info = wechat.userinfo(app, pair, deadline=wechat.deadline())
    assert server.targets == [
        f"/sns/userinfo?access_token=68_access&openid={OPENID}&lang=zh_CN"
    ]
    assert info == UserInfo(
        openid=OPENID,
        nickname="小明😀",
        avatar="https://thirdwx.qlogo.cn/mmopen/vi_32/ABC/132",
        language=None,
        unionid=PROFILE["unionid"],
    )


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("kind", ["text/plain", "application/json", None])
def test_a_name_survives_every_content_type(wechat, server, app, kind, escaped):
    """security row 94"""
    body = json.dumps(PROFILE | {"nickname": "中文é😀"}, ensure_ascii=escaped).encode()
    header = b"Content-Type: %s\r\n" % kind.encode() if kind else b""
    answer = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s"
    server.will(lambda wire: wire.send(answer % (header, len(body), body)))
    info = wechat.userinfo(app, ("t", OPENID), deadline=wechat.deadline())
    assert info.nickname == "中文é😀"


def test_the_avatars_of_a_plain_simulator_stay_plain(wechat, server, app):
    avatar = f"http://127.0.0.1:{server.port}/mmopen/vi_32/x/132"
    server.will(says(PROFILE | {"headimgurl": avatar}))
    info = wechat.userinfo(app, ("t", OPENID), deadline=wechat.deadline())
    assert info.avatar == avatar


def test_system_error_is_asked_once_more_after_a_pause(wechat, server, app, pauses):
    """security row 105: the one case in which a sent exchange is repeated."""
    server.will(refusal(-1), says(TOKENS))
    assert wechat.exchange(app, "C", deadline=wechat.deadline()).openid == OPENID
    assert len(server.targets) == 2
    assert pauses == [0.5]


def test_system_error_twice_is_busy(wechat, server, app):
    server.will(refusal(-1))
    with pytest.raises(WeChatBusy) as caught:
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert len(server.targets) == 2
    assert caught.value.facts["errcode"] == -1


@pytest.mark.parametrize("errcode", [40163, 40029])
def test_a_code_spent_by_system_error_means_start_again(wechat, server, app, errcode):
    server.will(refusal(-1), refusal(errcode))
    with pytest.raises(CodeInvalid) as caught:
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert caught.value.facts["errcode"] == errcode
    assert len(server.targets) == 2


def test_without_time_for_a_second_try_there_is_none(wechat, server, app, pauses):
    server.will(refusal(-1))
    with pytest.raises(WeChatBusy):
        wechat.exchange(app, "C", deadline=Deadline(0.9))
    assert len(server.targets) == 1
    assert pauses == []


@pytest.mark.parametrize("errcode", [40001, 40029, 40163, 45011, 50001, 12345])
def test_no_other_errcode_repeats_an_exchange(wechat, server, app, errcode):
    """security row 105"""
    server.will(refusal(errcode))
    with pytest.raises(Exception, match=str(errcode)):
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert len(server.targets) == 1


def test_a_fresh_token_refused_at_first_is_tried_once_more(wechat, server, app):
    server.will(says(TOKENS), refusal(40001), says(PROFILE))
    deadline = wechat.deadline()
    tokens = wechat.exchange(app, "C", deadline=deadline)
    info = wechat.userinfo(app, tokens, deadline=deadline)
    assert info.nickname == "小明😀"


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_stored_token_that_is_over_asks_for_a_refresh(wechat, server, app, errcode):
    server.will(refusal(errcode))
    with pytest.raises(TokenStale) as caught:
        wechat.userinfo(app, ("old", OPENID), deadline=wechat.deadline())
    assert caught.value.facts["errcode"] == errcode
    assert len(server.targets) == 1


@pytest.mark.parametrize("errcode", [40030, 42002, 42007])
def test_a_dead_refresh_token_ends_the_grant(wechat, server, app, errcode):
    server.will(refusal(errcode))
    with pytest.raises(GrantDead) as caught:
        wechat.refresh(app, "68_refresh", deadline=wechat.deadline())
    assert not isinstance(caught.value, TokenStale)
    assert caught.value.facts["errcode"] == errcode


def test_an_error_names_app_call_errcode_and_rid(wechat, server, app):
    server.will(refusal(40125, "invalid appsecret, rid: 66b5fb8f-5e3c0071-3d7f539a"))
    with pytest.raises(WeChatMisconfigured) as caught:
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert caught.value.facts == {
        "errcode": 40125,
        "errmsg": "invalid appsecret",
        "rid": "66b5fb8f-5e3c0071-3d7f539a",
        "app": "web",
        "call": "exchange",
        "sent": True,
    }
    assert "AppSecret" in caught.value.operator


@pytest.mark.parametrize("status", ["500 Oops", "429 Slow", "302 Found", "404 No"])
def test_the_errcode_decides_whatever_the_status(wechat, server, app, status):
    server.will(
        says({"errcode": 40029, "errmsg": "invalid code"}, status),
        says(TOKENS, status),
    )
    with pytest.raises(CodeInvalid):
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert wechat.exchange(app, "D", deadline=wechat.deadline()).openid == OPENID


def test_many_calls_share_a_connection(wechat, server, app):
    for _ in range(20):
        wechat.exchange(app, "C", deadline=wechat.deadline())
    assert server.connections == 1


def test_threads_never_see_each_others_tokens(wechat, server, app):
    def echo(wire):
        code = parse_qs(wire.target)["code"][0]
        says(TOKENS | {"access_token": code, "openid": f"o{code}"})(wire)

    server.will(echo)
    wrong: list[str] = []

    def login(worker):
        for turn in range(25):
            code = f"{worker}x{turn}"
            tokens = wechat.exchange(app, code, deadline=wechat.deadline())
            if (tokens.access_token, tokens.openid) != (code, f"o{code}"):
                wrong.append(code)

    threads = [threading.Thread(target=login, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(server.targets) == 200


class Code(str):
    """A text that tells when it is gone."""

    __slots__ = ("__weakref__",)


def test_nothing_of_a_login_waits_for_the_collector(wechat, server, app):
    server.will(says(TOKENS))
    code = Code("0717zQ")
    gone = weakref.ref(code)
    gc.disable()
    try:
        wechat.exchange(app, code, deadline=wechat.deadline())
        del code
        assert gone() is None
    finally:
        gc.enable()


def code2session(wechat, app, code="0b3ydF"):
    return wechat.code2session(app, code, deadline=wechat.deadline())


def test_code2session_sends_the_documented_query(wechat, server, app):
    server.will(says(MINI))
    session = code2session(wechat, app)
    assert server.targets == [
        "/sns/jscode2session?appid=wx0000000000000a01&secret=MARKERsecret"
        "&js_code=0b3ydF&grant_type=authorization_code"
    ]
    assert (session.openid, session.unionid) == (OPENID, TOKENS["unionid"])
    assert session.session_key == MINI["session_key"]
    assert "session_key" not in repr(session)
    assert MINI["session_key"] not in repr(session)


@pytest.mark.parametrize(
    "code",
    ['"abc"', "abc&secret=x", "a b", "a\nb", "%00", "é#?", "the code is a mock one"],
)
def test_a_code_of_any_spelling_is_one_value(wechat, server, app, code):
    """security row 31: it changes nothing else in the address."""
    server.will(refusal(40029))
    with pytest.raises(CodeInvalid) as caught:
        code2session(wechat, app, code)
    assert len(server.targets) == 1
    assert server.queries() == [
        {
            "appid": app.appid,
            "secret": app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
    ]
    assert code not in str(caught.value)


def test_a_system_error_of_code2session_is_asked_once_more(wechat, server, app, pauses):
    """security row 105"""
    server.will(refusal(-1), says(MINI))
    assert code2session(wechat, app).openid == OPENID
    assert pauses == [0.5]


@pytest.mark.parametrize("cut", ["cut", "reset", "half"])
def test_a_code_whose_answer_was_cut_is_not_sent_again(wechat, server, app, cut):
    """security row 105"""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"

    def breaks(wire):
        if cut == "half":
            wire.send(half)
        wire.reset() if cut == "reset" else wire.sock.close()

    server.will(breaks, says(MINI))
    with pytest.raises(WeChatUnavailable) as caught:
        code2session(wechat, app)
    assert len(server.targets) == 1
    assert about_code(caught.value)
    assert not never_left(caught.value)


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        (40029, CodeInvalid),
        ("40029", CodeInvalid),
        (40163, CodeInvalid),
        (45011, WeChatBusy),
        (40226, WeChatDenied),
        (40125, WeChatMisconfigured),
        (40243, WeChatMisconfigured),
        (41004, WeChatMisconfigured),
    ],
)
def test_busy_is_not_invalid(wechat, server, app, errcode, error):
    server.will(refusal(errcode))
    with pytest.raises(error) as caught:
        code2session(wechat, app)
    assert type(caught.value) is error
    assert caught.value.facts["call"] == "code2session"
    assert len(server.targets) == 1


def test_who_wechat_refuses_reads_a_sentence_of_its_own():
    barred, invalid = lookup(40226).visitor, lookup(40029).visitor
    assert barred not in (invalid, lookup(-1).visitor)


@pytest.mark.parametrize("unionid", ["", None, "None", "undefined", 0])
def test_code2session_without_a_unionid(wechat, server, app, unionid):
    """security row 44"""
    server.will(says(MINI | {"errcode": 0, "expires_in": 7200, "unionid": unionid}))
    assert code2session(wechat, app).unionid is None


@pytest.mark.parametrize("key", ["session_key", "openid"])
@pytest.mark.parametrize("odd", ["", None, 5, ["x"], " "])
def test_a_success_without_what_it_is_about(wechat, server, app, key, odd):
    server.will(says(MINI | {key: odd}))
    with pytest.raises(WeChatUnavailable) as caught:
        code2session(wechat, app)
    assert caught.value.facts["missing"] == key
    assert caught.value.facts["call"] == "code2session"
