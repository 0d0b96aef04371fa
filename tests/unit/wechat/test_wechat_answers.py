"""Tokens and profiles as values, however oddly WeChat spells them."""

import pytest

from tests.support.broken_wechat import PROFILE, TOKENS
from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.answers import (
    PLACEHOLDER_AVATAR,
    PLACEHOLDER_IN_PROGRAMS,
    disagreement,
    parse_tokens,
    parse_userinfo,
)

GREY = f"https://thirdwx.qlogo.cn/mmopen/vi_32{PLACEHOLDER_AVATAR}BWmiaIGuG1/132"
GREY_IN_PROGRAMS = f"https://mmbiz.qpic.cn/mmbiz{PLACEHOLDER_IN_PROGRAMS}QP6yfMxBgJ0F/0"
OTHER_TYPES = [None, 5, 1.5, True, ["x"], {"x": 1}]


def tokens(**changes):
    return parse_tokens(TOKENS | changes)


def profile(**changes):
    return parse_userinfo(PROFILE | changes)


@pytest.mark.parametrize("odd", OTHER_TYPES)
def test_odd_types_in_a_profile_are_as_good_as_nothing(odd):
    info = profile(nickname=odd, headimgurl=odd, language=odd, unionid=odd)
    assert (info.nickname, info.avatar, info.language, info.unionid) == ("",) + (
        None,
    ) * 3


@pytest.mark.parametrize("odd", OTHER_TYPES)
def test_odd_types_in_tokens_are_as_good_as_nothing(odd):
    found = tokens(expires_in="soon", refresh_token=odd, scope=odd, unionid=odd)
    assert found.expires_in == 7200
    assert found.refresh_token is None
    assert found.scope == frozenset()
    assert found.unionid is None


@pytest.mark.parametrize(
    "absent",
    [
        "",
        " ",
        "\u3000",
        None,
        "null",
        "NULL",
        "None",
        "undefined",
        "0",
        0,
        [],
        {},
        False,
        " o6_leading",
        "o6_trailing\n",
        "o6\x00",
        "ö6",
        "o" * 129,
    ],
    ids=repr,
)
def test_an_absent_unionid_is_none_in_every_spelling(absent):
    """security row 44"""
    assert tokens(unionid=absent).unionid is None
    assert profile(unionid=absent).unionid is None


def test_a_missing_unionid_is_none():
    """security row 44"""
    bare = {key: TOKENS[key] for key in TOKENS if key != "unionid"}
    assert parse_tokens(bare).unionid is None


@pytest.mark.parametrize("key", ["access_token", "openid"])
@pytest.mark.parametrize("odd", ["", " ", "null", "a\nb", *OTHER_TYPES], ids=repr)
def test_without_token_or_openid_there_is_no_login(key, odd):
    with pytest.raises(WeChatUnavailable) as caught:
        tokens(**{key: odd})
    assert caught.value.facts["missing"] == key


def test_a_profile_without_openid_is_refused():
    with pytest.raises(WeChatUnavailable) as caught:
        profile(openid="")
    assert caught.value.facts["missing"] == "openid"


def test_an_openid_is_data_whatever_it_spells():
    """security row 56"""
    assert tokens(openid="a' OR '1'='1").openid == "a' OR '1'='1"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(7200, 7200), ("7200", 7200), (0, 0), (-5, 7200), (True, 7200), (1.5, 7200)],
)
def test_expires_in_is_seconds(value, seconds):
    assert tokens(expires_in=value).expires_in == seconds


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("snsapi_login", {"snsapi_login"}),
        ("snsapi_base,snsapi_userinfo,", {"snsapi_base", "snsapi_userinfo"}),
        ("", set()),
    ],
)
def test_scopes_are_a_comma_list(scope, names):
    assert tokens(scope=scope).scope == names


@pytest.mark.parametrize(
    ("mark", "snapshot"),
    [
        *[(mark, True) for mark in (1, "1", True, "yes", [1])],
        *[(mark, False) for mark in (0, "0", None, False, "")],
    ],
)
def test_a_snapshot_is_recognised(mark, snapshot):
    assert tokens(is_snapshotuser=mark).is_snapshot is snapshot


def test_no_mark_is_no_snapshot():
    assert tokens().is_snapshot is False


def test_tokens_do_not_show_themselves():
    """security row 30"""
    assert "68_" not in repr(tokens())
    assert TOKENS["openid"] in repr(tokens())


@pytest.mark.parametrize(
    ("url", "avatar"),
    [
        ("http://thirdwx.qlogo.cn/a/132", "https://thirdwx.qlogo.cn/a/132"),
        ("https://thirdwx.qlogo.cn/a/132", "https://thirdwx.qlogo.cn/a/132"),
        ("", None),
        ("/132", None),
        ("//evil.test/a", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AA", None),
        (GREY, None),
        (GREY_IN_PROGRAMS, None),
        ("https://", None),
        ("https://[", None),
        ("https://a.test/\n", None),
        ("https://头像.test/", None),
        ("https://a.test/" + "x" * 1100, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_avatar_is_an_https_address_or_none(url, avatar):
    assert profile(headimgurl=url).avatar == avatar


def test_only_the_simulators_own_avatars_stay_http():
    origin = "http://localhost:5001"
    for url, avatar in [
        (f"{origin}/a/132", f"{origin}/a/132"),
        (f"{origin}9/a/132", "https://localhost:50019/a/132"),
        (f"{origin}@evil.test/a", "https://localhost:5001@evil.test/a"),
    ]:
        info = parse_userinfo(PROFILE | {"headimgurl": url}, plain_origin=origin)
        assert info.avatar == avatar


@pytest.mark.parametrize(
    ("changes", "placeholder"),
    [
        ({}, False),
        ({"headimgurl": ""}, False),
        ({"nickname": "微信用户"}, True),
        ({"nickname": ""}, True),
        ({"nickname": " \x07"}, True),
        ({"headimgurl": GREY}, False),
        ({"nickname": "微信用户小明"}, False),
    ],
)
def test_a_placeholder_is_recognised(changes, placeholder):
    assert profile(**changes).is_placeholder is placeholder


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, None),
        ({"unionid": None}, None),
        ({"openid": "oOther"}, "openid"),
        ({"unionid": "o6_other"}, "unionid"),
        ({"openid": TOKENS["openid"].lower()}, "openid"),
    ],
)
def test_answers_of_one_login_are_compared(changes, named):
    """security row 43"""
    assert disagreement(tokens(), profile(**changes)) == named
