"""What is read in a push, in all the spellings that WeChat's senders have."""

import json
import time

import pytest
import wechatpy
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from wxlogin.errors import PushUnreadable
from wxlogin.wechat.push_envelope import PushKeys, SealedReply, unseal
from wxlogin.wechat.pushes import (
    TEXT_BYTES,
    Push,
    cut,
    is_json,
    is_probe,
    read_push,
    sealed_body,
    sealed_texts,
    text_reply,
)

OPENID = "ousmv0Tz_2eG1mSkMdPfaai-bQxS"
ACCOUNT = "gh_0123456789ab"
# A message with the byte 0x1D in it, which XML forbids and WeChat delivers.
CONTROL = (
    "7CDNaQLTAXjsk8fjLzi1e1Mtaq1JC2kg6gt75nvjXM1ySQs7BMQ5GHPORuhJuqn3x3M9uQbBy1gSUv0E"
    "lLSjI1lK+4mtixN9W7S6xM3fYJPZEUxrqu81/gTPyDlY9VdO0BsFGwYNpa83q+miLnbW2/3to4bQ5VW6"
    "uQJauosAOBOpRIG7KZtNTazTGfvoHGjcvpVSBW5mPe5sa2yl9ji6u0boEPFfKcGdU6Ai4uDcCRO/h0eC"
    "3NgwTtPGZrSgWRglKypG0Vp64KrjFCfy2yqKOR3f4W6bvHkP7CImDbiFF7hPjm9IV7agXqj3muxM2FXx"
    "0CiwqbOjhPow9lxlIEmKZ5fPkHxmJEOi6K21AfBKIUENpM5JoaejcCpTMzRp+GTnEKZSkviGwUhrttjt"
    "omLh0ZZm3K9GLAdq2+ktEUUxU9Q="
)
KEYS = PushKeys(
    "wx0000000000000a02",
    "simCaseToken2025A",
    "kHRMV8BNtxvOXvu3aYe2BnhVjw9Hg45d4W4PJeSYpLv",
)
TAKEN_BACK = (
    '{"ToUserName":"gh_0123456789ac","FromUserName":"oSU8OMIFHEwZYdYFuvbJm7Nxd_NG",'
    '"CreateTime":1700000000,"MsgType":"Event","Event":"user_authorization_revoke",'
    '" OpenID":"o9W6iQCWBbYAzOzR06oyGRUfsWhI"," AppID":"wx0000000000000a03",'
    '" RevokeInfo":"19"}'
)


def xml(**parts: str | int) -> bytes:
    told: dict[str, str | int] = {
        "ToUserName": ACCOUNT,
        "FromUserName": OPENID,
        "CreateTime": 1700000000,
        **parts,
    }
    inner = "".join(f"<{key}><![CDATA[{text}]]></{key}>" for key, text in told.items())
    return f"<xml>{inner}</xml>".encode()


def event(name: str, **parts: str | int) -> Push:
    return read_push(xml(MsgType="event", Event=name, **parts))


def test_who_what_and_when() -> None:
    push = event("subscribe", EventKey="")
    assert (push.to, push.openid, push.at) == (ACCOUNT, OPENID, 1700000000)
    assert (push.kind, push.event, push.scene, push.text) == (
        "event",
        "subscribe",
        "",
        "",
    )


@pytest.mark.parametrize("name", ["SCAN", "scan", "Scan"])
def test_names_of_events_come_in_any_case(name: str) -> None:
    push = read_push(xml(MsgType="Event", Event=name, EventKey="0"))
    assert (push.kind, push.event, push.scene) == ("event", "scan", "0")


@pytest.mark.parametrize(
    ("key", "scene"),
    [
        ({}, ""),
        ({"EventKey": ""}, ""),
        ({"EventKey": "qrscene_login_8f_2c"}, "login_8f_2c"),
        ({"EventKey": "qrscene_qrscene_x"}, "qrscene_x"),
        ({"EventKey": "last_trade_no_4008072001201701105817415015"}, ""),
        ({"EventKey": "QRSCENE_x"}, ""),
    ],
)
def test_the_scene_of_a_code_by_which_somebody_followed(
    key: dict[str, str], scene: str
) -> None:
    assert event("subscribe", **key).scene == scene


def test_who_takes_consent_back_is_named_apart() -> None:
    push = read_push(TAKEN_BACK.encode())
    assert push.event == "user_authorization_revoke"
    assert push.openid == "o9W6iQCWBbYAzOzR06oyGRUfsWhI"
    assert (push.fields["RevokeInfo"], push.fields["AppID"]) == (
        "19",
        "wx0000000000000a03",
    )
    without = read_push(xml(MsgType="event", Event="user_info_modified"))
    assert without.openid == ""


def test_a_character_that_xml_forbids_hides_nothing() -> None:
    push = read_push(unseal(KEYS, CONTROL))
    assert (push.openid, push.fields["MsgId"]) == (OPENID, "24000000000000001")
    assert push.text.replace("\ufffd", "") == "482913"


@pytest.mark.parametrize(
    "content",
    [
        b"4\x028",
        b"4\x088",
        b"4\x008",
        b"4\xff8",
        b"\xe5\xb0",
        b"4\xef\xbf\xbe8",
        b"]]&gt;",
        b"\xed\xa0\x80",
    ],
)
def test_what_people_paste_is_no_fault(content: bytes) -> None:
    body = xml(MsgType="text", Content="X", MsgId="1").replace(b"X", content, 1)
    push = read_push(body)
    assert (push.openid, push.fields["MsgId"]) == (OPENID, "1")


def test_a_reference_to_a_forbidden_character_is_no_fault() -> None:
    body = b"<xml><FromUserName>o1</FromUserName><Content>a&#2;b&#x1F;&#65;</Content>"
    push = read_push(body + b"<MsgType>text</MsgType></xml>")
    assert (push.openid, push.text) == ("o1", "a\ufffdb\ufffdA")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<xml/>",
        b"<xml>",
        b"hello",
        b"{",
        b"[]",
        b"{}",
        b"\x00" * 30,
        "<xml><A>é</A></xml>".encode("utf-16"),
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b"<a>&unknown;</a>",
    ],
)
def test_what_is_not_understood_is_a_push_without_a_sender(body: bytes) -> None:
    push = read_push(body)
    assert (push.openid, push.kind, push.event, push.at) == ("", "", "", 0)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>',
        "<!DOCTYPE x>",
    ],
)
def test_a_document_type_is_refused(head: str) -> None:
    # Security row 82: also the tiny one that Python's own parser takes.
    with pytest.raises(PushUnreadable):
        read_push(f"{head}<xml><Content>&a;</Content></xml>".encode())
    with pytest.raises(PushUnreadable):
        read_push(f"{head}<xml><Content>&#2;</Content></xml>".encode())


def test_parts_with_parts_of_their_own_are_left_out() -> None:
    body = xml(MsgType="event", Event="scancode_push").replace(
        b"</xml>", b"<ScanCodeInfo><ScanType>qr</ScanType></ScanCodeInfo></xml>"
    )
    assert "ScanCodeInfo" not in read_push(body).fields
    nested = json.dumps({"FromUserName": "o1", "List": [{"a": 1}], "x": True})
    assert dict(read_push(nested.encode()).fields) == {"FromUserName": "o1"}


def test_a_long_number_stays_as_it_came() -> None:
    for number in ("6311930491764374545", "18446744073709551615"):
        assert read_push(f'{{"MsgId":{number}}}'.encode()).fields["MsgId"] == number
        assert read_push(xml(MsgId=number)).fields["MsgId"] == number


def test_the_same_push_is_known_again_and_no_other_is() -> None:
    message = {"MsgType": "text", "Content": "1", "MsgId": "7"}
    first = read_push(xml(**message)).digest
    assert read_push(xml(**message)).digest == first
    # A delivery may be written otherwise; people who speak at once may share an id.
    assert read_push(xml(**{**message, "CreateTime": 1700000001})).digest == first
    assert read_push(xml(**{**message, "FromUserName": "another"})).digest != first
    assert read_push(xml(**{**message, "ToUserName": "gh_other"})).digest != first


def test_two_events_of_one_second_are_two() -> None:
    told = [
        event("subscribe"),
        event("unsubscribe"),
        event("SCAN", EventKey="a"),
        event("SCAN", EventKey="b"),
        event("SCAN", EventKey="b", Ticket="t"),
        event("subscribe", CreateTime=1700000001),
        event("user_authorization_revoke", OpenID="o1", RevokeInfo="19"),
        event("user_authorization_revoke", OpenID="o2", RevokeInfo="19"),
        event("user_authorization_revoke", OpenID="o2", RevokeInfo="20"),
    ]
    assert len({push.digest for push in told}) == len(told)
    assert event("Subscribe").digest == event("subscribe").digest


def test_a_probe_of_wechats_cloud() -> None:
    assert is_probe(read_push(b'{"action":"CheckContainerPath"}'))
    assert is_probe(read_push(b"<xml><action>CheckContainerPath</action></xml>"))
    assert not is_probe(event("subscribe"))


def test_an_answer_is_read_by_another_library() -> None:
    push = read_push(xml(MsgType="text", Content="hello", MsgId="1"))
    said = "茶]]>铺 <&> 😀"
    reply = text_reply(push, said, at=1700000005)
    read = wechatpy.parse_message(reply)
    assert (read.target, read.source, read.content) == (OPENID, ACCOUNT, said)
    assert fromstring(reply).findtext("CreateTime") == "1700000005"


@given(st.text(max_size=900))
def test_a_long_text_is_cut_between_characters(text: str) -> None:
    found = cut(text)
    assert len(found.encode()) <= TEXT_BYTES
    assert text.encode("utf-8", "replace").decode().startswith(found)


def test_seven_hundred_characters_are_cut() -> None:
    assert cut("汉" * 700) == "汉" * 682


def test_a_sealed_answer_has_the_form_of_the_push() -> None:
    reply = SealedReply("TEXT", "a" * 40, 1700000000, "99")
    assert json.loads(sealed_body(reply, is_json=True)) == {
        "Encrypt": "TEXT",
        "MsgSignature": "a" * 40,
        "TimeStamp": 1700000000,
        "Nonce": "99",
    }
    root = fromstring(sealed_body(reply, is_json=False))
    assert [child.tag for child in root] == [
        "Encrypt",
        "MsgSignature",
        "TimeStamp",
        "Nonce",
    ]
    assert root.findtext("TimeStamp") == "1700000000"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<xml><Encrypt>AA==</Encrypt></xml>", ["AA=="]),
        (b"<xml><Encrypt><![CDATA[AA==]]></Encrypt></xml>", ["AA=="]),
        (b"<xml>\n <Encrypt>\n  <![CDATA[ AA== ]]>\n </Encrypt></xml>", ["AA=="]),
        (b"<a><Encrypt>A</Encrypt><Encrypt>B</Encrypt></a>", ["A", "B"]),
        (b"<a><Encrypt>A<Encrypt>B</Encrypt></a>", ["B"]),
        (b'{"ToUserName":"gh","Encrypt":"AA=="}', ["AA=="]),
        (b'\xef\xbb\xbf \n{"Encrypt":"AA=="}', ["AA=="]),
        (b'{"Content":"\x1d\xff","Encrypt":"AA=="}', ["AA=="]),
        (b'{"Content":"<Encrypt>A</Encrypt>","Encrypt":"B"}', ["A", "B"]),
        (b'{"n":' + b"1" * 9000 + b',"Encrypt":"AA=="}', ["AA=="]),
        (b'{"Encrypt":["AA=="]}', []),
        (b'{"Encrypt":{"Encrypt":"AA=="}}', []),
        (b'[{"Encrypt":"AA=="}]', []),
        (b"<xml Encrypt='AA=='/>", []),
        (b"<xml><x:Encrypt>AA==</x:Encrypt></xml>", []),
        (b"<xml><encrypt>AA==</encrypt></xml>", []),
        (b"<Encrypt></Encrypt>", []),
        (b"", []),
    ],
)
def test_whatever_may_be_the_sealed_text(body: bytes, found: list[str]) -> None:
    assert list(sealed_texts(body)) == found


@pytest.mark.parametrize(
    ("front", "many"),
    [
        (b"<Encrypt>", b" "),
        (b"<Encrypt>A", b" "),
        (b"<Encrypt><![CDATA[", b"\n"),
        (b"", b"<Encrypt>"),
        (b"", b"<Encrypt>A</Encrypt>"),
        (b"", b'{"Encrypt":'),
        (b'{"Encrypt":', b"1"),
    ],
)
def test_a_body_that_anybody_sends_costs_nothing(front: bytes, many: bytes) -> None:
    # Security row 87: it is looked at before any signature is.
    body = (front + many * 65536)[:65536]
    began = time.process_time()
    list(sealed_texts(body))
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"A":"\\ud800x"}', {"A": "\ufffdx"}),
        (b'{"A":"\\u0000\x1d"}', {"A": "\ufffd\ufffd"}),
        (b'{"\\u0000A":"1"}', {"\ufffdA": "1"}),
        (b'{"A":1,"A":2}', {"A": "2"}),
        # More digits than Python reads as a number.
        (b'{"A":' + b"9" * 5000 + b',"B":"1"}', {"A": "9" * 5000, "B": "1"}),
        (b'{"A":NaN,"B":1e999,"C":null,"D":[1],"E":-7}', {"E": "-7"}),
        (b'{"\tA":"1"," B":"2","C\\u3000":"3"}', {"A": "1", "B": "2", "C": "3"}),
        (b'\xef\xbb\xbf{"A":"1"}', {"A": "1"}),
        (b'{"A":"1"} and more', {}),
        (b'{"result":{"suggest":{"a":1}}}', {}),
        (b'<a><A x="1"> 1\n</A><B><!-- b -->2</B><?p q?></a>', {"A": "1", "B": "2"}),
        (b"<a><A>1</A><A>2</A></a>", {"A": "2"}),
        (b"<a><![CDATA[<A>1</A>]]></a>", {}),
        (b"<?xml version='1.0' encoding='gbk'?><a><A>1</A></a>", {"A": "1"}),
        ("<a><A>名</A></a>".encode("gbk"), {"A": "\ufffd\ufffd"}),
        (b"\xef\xbb\xbf<a><A>1</A></a>", {"A": "1"}),
        (b"<a><A>1</A>", {}),
    ],
)
def test_what_is_read_in_an_odd_body(body: bytes, fields: dict[str, str]) -> None:
    assert dict(read_push(body).fields) == fields


@pytest.mark.parametrize(
    ("openid", "at"),
    [
        ("o" * 129, "-1"),
        ("o 小明", "1.5"),
        ("undefined", "1e9"),
        ("o\u200b1", "１７００００００００"),
        ("0", "253402300800"),
        ("", ""),
        ("o\ufffd1", "99999999999"),
    ],
)
def test_nobody_at_no_time(openid: str, at: str) -> None:
    told = {"FromUserName": openid, "CreateTime": at, "MsgType": "event"}
    push = read_push(json.dumps(told).encode())
    assert (push.openid, push.at) == ("", 0)


@pytest.mark.parametrize(
    "body",
    [
        b"<a><Content><![CDATA[<!DOCTYPE html><p>]]></Content></a>",
        b"<a><!-- <!DOCTYPE html> --><Content>&lt;!DOCTYPE html></Content></a>",
        b'{"Content":"<!DOCTYPE html>"}',
    ],
)
def test_a_document_type_that_somebody_wrote_is_a_text(body: bytes) -> None:
    assert "<!DOCTYPE html>" in read_push(body).fields["Content"]


def test_the_form_of_a_body() -> None:
    assert is_json(b'\xef\xbb\xbf\n {"a":1}')
    assert not is_json(b"<xml/>")
    assert not is_json(b"")
