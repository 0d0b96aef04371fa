"""Every errcode of the table, and what becomes of it."""

import re

import pytest

from tests.support.broken_wechat import says
from tests.support.words import in_chinese
from tests.unit.wechat import errcode_docs
from wxlogin.errors import (
    CodeInvalid,
    GrantDead,
    LoginFailed,
    WeChatBusy,
    WeChatDenied,
    WeChatMisconfigured,
    WeChatUnavailable,
    WxloginError,
)
from wxlogin.wechat.advice import _KIND_OF, advice
from wxlogin.wechat.errcodes import (
    _ROWS,
    ACCOUNT_PAGE,
    APP_PAGE,
    ERRCODES,
    PROGRAM_PAGE,
    STALE_TOKEN,
    Action,
    Actor,
    Retry,
    Sentence,
    lookup,
)
from wxlogin.wechat.errors import (
    OF_APPS,
    AppTokenStale,
    Call,
    TokenStale,
    to_exception,
    visitor_sentence,
)

# The numbers of Tencent's documents that a login can meet.
DOCUMENTED = (
    {-1, 40001, 40002, 40003, 40013, 40014, 40029, 40030, 40037, 40066, 40125, 40163}
    | {40164, 40188, 40222, 40226, 40243, *range(41001, 41010), 42001, 42002, 42003}
    | {42007, 43001, 43002, 43003, 45009, 45011, 45035, 48001, 48004, 50001, 50002}
    | {50005, 61004, 61023, 61024, 89503}
)
# And those that an app meets in its own name.
OF_APPS_ALONE = {
    40097,
    40129,
    40159,
    40165,
    40169,
    41030,
    43104,
    44002,
    47001,
    61010,
    63178,
} | {87007, 87008, 87009, 89501, 89506, 89507}

ROWS = pytest.mark.parametrize("row", ERRCODES.values(), ids=lambda row: str(row.code))


def raised(code, errmsg="", *, call=Call.EXCHANGE, **more):
    return to_exception(code, errmsg, app="web", call=call, **more)


def test_the_table_has_every_number_once():
    assert set(ERRCODES) == DOCUMENTED | OF_APPS_ALONE
    assert [row.code for row in _ROWS] == sorted(ERRCODES)


@ROWS
def test_a_row_tells_both_readers_what_to_do(row):
    assert row.meaning
    assert row.operator.endswith(".")
    english, chinese = row.visitor, in_chinese(row.visitor)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert chinese.endswith("。")
    assert "请" in chinese
    assert "lease" in english
    assert english.isascii()
    assert not re.search("[0-9]", chinese + english)
    assert "secret" not in english.lower()


@ROWS
def test_who_acts_follows_from_the_action(row):
    if row.action is Action.CFG:
        assert row.actor is Actor.OPERATOR
    if row.action in (Action.AGAIN, Action.DENY):
        assert row.actor is Actor.VISITOR
    if row.action is Action.BUG:
        assert row.actor in (Actor.DEVELOPER, Actor.OPERATOR)


@ROWS
@pytest.mark.parametrize("call", ["exchange", "code2session"])
def test_every_row_ends_a_login_in_a_defined_error(row, call, wechat, server, app):
    errmsg = f"{row.text}, rid: 6aac007a-6c02c771-26bf69c4"
    server.will(says({"errcode": row.code, "errmsg": errmsg}))
    with pytest.raises(WxloginError) as caught:
        getattr(wechat, call)(app, "C", deadline=wechat.deadline())
    expected = {
        Action.AGAIN: CodeInvalid,
        Action.CFG: WeChatMisconfigured,
        Action.BUG: WeChatMisconfigured,
        Action.DENY: WeChatDenied,
        Action.RETRY: WeChatBusy,
        Action.LATER: WeChatBusy,
    }[row.action]
    assert type(caught.value) is expected
    assert caught.value.status != 500
    assert caught.value.facts["errcode"] == row.code
    assert caught.value.facts["rid"] == "6aac007a-6c02c771-26bf69c4"
    assert advice(row, call, app.kind) in caught.value.operator


@ROWS
def test_every_row_has_an_error_for_every_call(row):
    stale = row.code in STALE_TOKEN
    for call in Call:
        error = raised(row.code, call=call)
        assert error.facts["call"] == call.value
        if row.action is Action.AGAIN and call not in OF_APPS:
            spends = call in (Call.EXCHANGE, Call.CODE2SESSION)
            assert isinstance(error, CodeInvalid if spends else GrantDead), call
        of_person = stale and call is Call.USERINFO
        assert isinstance(error, TokenStale) is of_person, call
        of_app = stale and call in OF_APPS - {Call.APP_TOKEN}
        assert isinstance(error, AppTokenStale) is of_app, call


@ROWS
def test_an_apps_call_asks_nobody_to_sign_in_again(row):
    for call in OF_APPS:
        error = raised(row.code, call=call)
        assert not isinstance(error, LoginFailed | GrantDead), call
        sentence = visitor_sentence(error)
        assert sentence not in (Sentence.EXPIRED, Sentence.START_AGAIN), call


@pytest.mark.parametrize(
    ("code", "call", "kind", "told", "untold"),
    [
        # A mini program's code never came from the page of a website app.
        (40029, Call.CODE2SESSION, "mini_program", PROGRAM_PAGE, "网站应用"),
        (40029, Call.EXCHANGE, "website", APP_PAGE, PROGRAM_PAGE),
        (40029, Call.EXCHANGE, "official_account", ACCOUNT_PAGE, "网站应用"),
        (40125, Call.CODE2SESSION, None, f"{PROGRAM_PAGE} > AppSecret", "网站应用"),
        (40125, Call.APP_TOKEN, "official_account", ACCOUNT_PAGE, "网站应用"),
        (40125, Call.EXCHANGE, "mobile", "移动应用", "网站应用"),
        (48001, Call.USERINFO, "website", "微信登录", "微信认证"),
        (48001, Call.USERINFO, "official_account", "网页授权", "微信登录"),
        (48001, Call.FOLLOWER, None, "微信认证", "微信登录"),
        (48001, Call.ACCOUNT_CODE, None, "已认证的服务号", "微信登录"),
        (48001, Call.PHONE_NUMBER, None, "手机号快速验证", "微信登录"),
        (48001, Call.CHECK_TEXT, None, "内容安全", "微信登录"),
        (48001, Call.PROGRAM_CODE, None, "接口设置", "微信登录"),
        (45009, Call.FOLLOWER, "official_account", "midnight in China", "No login"),
        (45009, Call.PROGRAM_CODE, "mini_program", "5 000", "No login"),
        (45009, Call.EXCHANGE, "website", "No login", "clear_quota"),
    ],
)
def test_advice_fits_the_app_and_the_call(code, call, kind, told, untold):
    error = raised(code, call=call, kind=kind)
    assert told in error.operator
    assert untold not in error.operator


def test_every_call_of_one_kind_of_app_is_known():
    of_any = {Call.APP_TOKEN, Call.CALLBACK_CHECK, Call.PUSH_ADDRESSES}
    of_any |= {Call.API_ADDRESSES, Call.QUOTA, Call.RID}
    assert {Call(name) for name in _KIND_OF} == OF_APPS - of_any | {Call.CODE2SESSION}


def test_only_two_errcodes_may_be_asked_again_at_once():
    again = {row.code for row in ERRCODES.values() if row.retry is Retry.ONCE}
    assert again == {-1, 40001}
    assert lookup(45011).retry is Retry.MINUTE


@pytest.mark.parametrize("code", [1, 10003, 99999, -2, 2**40])
def test_an_unknown_number_has_the_default_row(code):
    row = lookup(code)
    assert (row.code, row.action) == (code, Action.LATER)
    error = raised(code)
    assert type(error) is WeChatUnavailable
    assert error.facts["errcode"] == code


@pytest.mark.parametrize(
    ("errmsg", "message", "rid"),
    [
        (
            "invalid code, rid: 67447ed3-66c5b062-3b543676",
            "invalid code",
            "67447ed3-66c5b062-3b543676",
        ),
        (
            "invalid ip 203.0.113.7, not in whitelist rid: 67447ed3-66c5b062-3b543676",
            "invalid ip 203.0.113.7, not in whitelist",
            "67447ed3-66c5b062-3b543676",
        ),
        (
            "invalid grant_type\n, rid: 65aa2cd5-0345a3f6-5c30965c",
            "invalid grant_type",
            "65aa2cd5-0345a3f6-5c30965c",
        ),
        (
            "invalid code, hints: [ req_id: SNZPLa02074675 ]",
            "invalid code",
            "SNZPLa02074675",
        ),
        ("code been used, hint: [ req_id: aB3 ]", "code been used", "aB3"),
        ("invalid code", "invalid code", None),
        ("invalid code, rid: <script>", "invalid code, rid: <script>", None),
        ("a\r\nb\x1b[2J\u2028c", "a  b [2J c", None),
        ("", "", None),
        (None, None, None),
        (5, None, None),
        (["x"], None, None),
    ],
)
def test_an_errmsg_is_cleaned_for_the_log(errmsg, message, rid):
    """security row 34"""
    facts = raised(40029, errmsg).facts
    assert facts.get("errmsg") == message
    assert facts.get("rid") == rid


def test_a_long_errmsg_is_cut():
    """security row 34"""
    assert len(raised(40029, "<script> " * 100_000).facts["errmsg"]) == 120


def test_an_errmsg_that_quotes_a_secret_loses_it():
    """security rows 30 and 34"""
    long = "68_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"
    hide = ("short", "")
    error = raised(40125, f"secret short of {long}", hide=hide)
    assert error.facts["errmsg"] == "secret … of …"
    assert "short" not in str(error)


def test_the_errmsg_is_not_in_the_sentence():
    """security row 34: the sentence is ours, the errmsg stays a fact of the log."""
    assert "<script>" not in str(raised(40029, "<script>"))


def test_the_table_in_the_documents_is_this_one():
    """To mend it: python -m tests.unit.wechat.errcode_docs"""
    assert errcode_docs.written().strip() == errcode_docs.table().strip()


def test_the_page_in_chinese_has_the_sentences_people_read():
    page = errcode_docs.PAGE.with_suffix(".zh-CN.md").read_text("utf-8")
    for sentence in errcode_docs.NAMES:
        assert f" | {in_chinese(sentence)} | {sentence} |\n" in page
