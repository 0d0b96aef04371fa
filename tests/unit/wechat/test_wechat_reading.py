"""WeChat's bytes to data: by example, and by whatever hypothesis thinks of."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.broken_wechat import PROFILE, TOKENS
from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.answers import errcode, parse_tokens, parse_userinfo, read_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*TOKENS, *PROFILE, "errcode", "errmsg"]) | st.text(),
            inner,
        )
    ),
)


def read(text):
    return read_json(text if isinstance(text, bytes) else text.encode())


def refuses(body):
    with pytest.raises(WeChatUnavailable) as caught:
        read(body)
    assert caught.value.facts["fault"] == "garbage"
    assert caught.value.facts["sent"] is True


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"<html>",
        b'{"a":1',
        b'{"a":1}}',
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":0.' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
        '{"a":1}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_plain_object_is_refused(body):
    """security row 45"""
    refuses(body)


def test_a_byte_order_mark_is_no_obstacle():
    """security row 45"""
    assert read(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_raw_control_characters_in_a_name_are_dropped():
    raw = b'{"openid":"o1","nickname":"A\x07\x14\x00B\x7f\xc2\x85\\u0007C"}'
    assert parse_userinfo(read(raw)).nickname == "ABC"


def test_damaged_bytes_cost_a_character_not_the_login():
    raw = b'{"openid":"o1","nickname":"A\xff\xe5\xb0B"}'
    assert parse_userinfo(read(raw)).nickname == "A��B"


@pytest.mark.parametrize(
    ("escape", "name"),
    [("\\ud83d", "�"), ("\\ude00\\ud83d", "��"), ("\\ud83d\\ude00", "😀")],
)
def test_half_an_emoji_is_replaced_a_whole_one_kept(escape, name):
    """security row 45: a lone surrogate cannot be stored."""
    raw = f'{{"openid":"o1","nickname":"{escape}"}}'
    assert parse_userinfo(read(raw)).nickname == name


@pytest.mark.parametrize(
    "name",
    [
        "小明😀",
        "José",
        "👨‍👩‍👧‍👦",
        " leading and trailing ",
        "‮right to left",
        "\u2066isolated\u2069",
        "ㅤ",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "%s%s%n",
        "null",
        "微\ue415信",
        "a" + "\u0301" * 5000,
        "好" * 10_000,
    ],
    ids=lambda name: repr(name[:12]),
)
def test_a_name_is_otherwise_kept_as_it_is(name):
    body = json.dumps(PROFILE | {"nickname": name}, ensure_ascii=False)
    assert parse_userinfo(read(body)).nickname == name


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), ("0", 0), (None, 0), (-1, -1), ("-1", -1), ("40029", 40029), (4e4, 40000)],
)
def test_an_errcode_is_a_number_in_any_spelling(value, number):
    """security row 45"""
    assert errcode({"errcode": value}) == number
    assert errcode({}) == 0


@pytest.mark.parametrize("value", [True, "", "x", "1.5", 1.5, [], {}, "٣", "9" * 30])
def test_an_errcode_that_is_no_number_is_refused(value):
    """security row 45"""
    with pytest.raises(WeChatUnavailable) as caught:
        errcode({"errcode": value})
    assert caught.value.facts["fault"] == "garbage"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_object_or_a_defined_error(body):
    """security row 45"""
    try:
        assert isinstance(read_json(body), dict)
    except WeChatUnavailable as error:
        assert error.facts["fault"] == "garbage"


@settings(deadline=None)
@given(JSON)
def test_any_json_is_a_value_or_a_defined_error(data):
    """security row 45"""
    for parse in (parse_tokens, parse_userinfo, errcode):
        try:
            found = parse(read(json.dumps(data)))
        except WeChatUnavailable as error:
            assert error.facts["fault"] == "garbage"
        else:
            assert found is not None


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_a_name_loses_its_control_characters_and_nothing_else(name):
    kept = "".join(
        "�" if unicodedata.category(char) == "Cs" else char
        for char in name
        if unicodedata.category(char) != "Cc"
    )
    found = parse_userinfo(PROFILE | {"nickname": name}).nickname
    assert found == kept
    found.encode("utf-8")
