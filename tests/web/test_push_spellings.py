"""Pushes in every spelling: what WeChat has signed is taken, whatever it holds, and
what it has not is refused without a word (docs/threats.md, security rows 80 to 87)."""

import gzip
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from flask import Flask
from wechatpy.crypto import WeChatCrypto

from tests.web.pushes import (
    Hand,
    db_of,
    in_xml,
    is_refused,
    is_taken,
    rows,
    settle,
)
from wxlogin.accounts.models import Follower, Push
from wxlogin.config.demo import demo_apps
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids, push_crypto

OPENID = ids.openid("wx0000000000000a02", "xiaoming")
OTHER = ids.openid("wx0000000000000a02", "lihua")
KEY = demo_apps()[1].aes_key


@pytest.fixture(params=["plain", "safe"])
def hand(
    request: pytest.FixtureRequest,
    app_for: Callable[..., Flask],
    simulator: SimulatorServer,
) -> Hand:
    """WeChat, which pushes to the account what a test writes, in either mode."""
    # It answers nothing about followers: what pushes say is all there is.
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    aes_key = KEY if request.param == "safe" else None
    oa = demo_apps()[1].model_copy(update={"aes_key": aes_key})
    return Hand(app_for(apps=[oa, *demo_apps()[2:]]))


@pytest.fixture
def safe(app: Flask, simulator: SimulatorServer) -> Hand:
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    return Hand(app)


def xml(_front: str = "", **parts: Any) -> bytes:
    told = {
        "ToUserName": "gh_0123456789ab",
        "FromUserName": OPENID,
        "CreateTime": "1700000000",
        "MsgType": "event",
    }
    told |= parts
    inner = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in told.items() if v != "-")
    return f"{_front}<xml>{inner}</xml>".encode()


def as_json(**parts: Any) -> bytes:
    told = {"ToUserName": "gh", "FromUserName": OPENID, "CreateTime": 1700000000}
    return json.dumps(told | {"MsgType": "event"} | parts).encode()


def followed(hand: Hand) -> dict[str, tuple[bool, str]]:
    """Who follows, and by which scene."""
    found = {one.openid: (one.followed, one.scene) for one in rows(hand.app, Follower)}
    assert all(one.message is None for one in rows(hand.app, Push)), "work is left"
    with db_of(hand.app) as session:
        session.query(Follower).delete()
        session.query(Push).delete()
        session.commit()
    return found


# -- the address proves itself --


ECHOES = [
    ("a+b", b"a b"),
    ("a%2Bb", b"a+b"),
    ("a%00b", b"a\0b"),
    ("%E5%B0%8F", "小".encode()),
    ("%0D%0ASet-Cookie:%20a=b", b"\r\nSet-Cookie: a=b"),
    ("%EF%BB%BF1", b"\xef\xbb\xbf1"),
    ("a=b", b"a=b"),
    ("a;b", b"a;b"),
    ("%22%22", b'""'),
    ("%20", b" "),
    ("%F0%9F%98%80", "😀".encode()),
    ("1" * 1024, b"1" * 1024),
]


def test_the_echo_is_what_was_asked(safe: Hand) -> None:
    # Security row 80.
    for raw, echo in ECHOES:
        answer = safe.asks(raw)
        assert (answer.status_code, answer.data) == (200, echo)
        assert answer.headers["Content-Length"] == str(len(echo))
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert not {"Transfer-Encoding", "Set-Cookie"} & set(answer.headers.keys())


def test_questions_that_are_answered_with_nothing(safe: Hand) -> None:
    assert is_refused(safe.asks(""))
    assert is_refused(safe.asks("1" * 1025))
    assert is_refused(safe.asks("1&echostr=2"))
    assert is_refused(safe.asks("1", signature=""))
    for changed in ("timestamp", "nonce"):
        assert is_refused(safe.asks("1", **{changed: "1700000000"}))
    client = safe.app.test_client(use_cookies=False)
    assert client.head("/oa/oa?echostr=1").status_code == 403
    assert client.put("/oa/oa?echostr=1").status_code == 405
    # WeChat follows no redirect, so there is none.
    for path in ("/oa//oa", "/oa/oa//", "/oa/OA", "/oa", "/oa/"):
        assert client.get(f"{path}?echostr=1").status_code == 404, path


def test_an_old_question_is_answered(safe: Hand) -> None:
    safe.at = 1700000000
    assert safe.asks("1").data == b"1"


# -- the address of a push --


OTHER_QUERIES: list[dict[str, str | None]] = [
    {"timestamp": "+{}"},
    {"timestamp": " {}"},
    {"timestamp": "{}.0"},
    {"timestamp": "-{}"},
    {"timestamp": "{}000"},
    {"timestamp": ""},
    {"timestamp": None},
    {"timestamp": "１７００００００００"},
    {"timestamp": "1" * 200},
    {"nonce": ""},
    {"nonce": None},
    {"nonce": "1" * 200},
    {"nonce": "\0"},
]


def test_another_time_or_nonce_is_refused(hand: Hand) -> None:
    # Security row 81.
    for query in OTHER_QUERIES:
        changed = {k: v and v.format(hand.at) for k, v in query.items()}
        answer = hand.sends(xml(Event="subscribe"), query=changed)
        assert is_refused(answer), query
    assert followed(hand) == {}


def test_whatever_nonce_is_signed_is_taken(hand: Hand) -> None:
    for nonce in ("0", "1" * 200, "a b", "小", "%00", ""):
        hand.nonces = iter([nonce])
        assert is_taken(hand.sends(xml(Event="subscribe"))), nonce
        assert followed(hand) == {OPENID: (True, "")}


def test_a_signed_time_is_of_now_or_refused(hand: Hand) -> None:
    now = hand.at
    for stamp in ("0{}", "00{}", "{}"):
        hand.at = stamp.format(now)
        assert is_taken(hand.sends(xml(Event="subscribe"))), stamp
    for stamp in ("-1", "1700000000", "9999999999", "", "{}.5", "１", "+{}", "{}\n"):
        hand.at = stamp.format(now)
        assert is_refused(hand.sends(xml(Event="subscribe"))), stamp


PROOFS: list[dict[str, str | None]] = [
    {"msg_signature": ""},
    {"msg_signature": None},
    {"msg_signature": "{}A"},
    {"msg_signature": "é"},
    {"encrypt_type": "AES"},
    {"encrypt_type": ""},
    {"encrypt_type": None},
    {"encrypt_type": "aes "},
]


@pytest.mark.parametrize("form", [xml, as_json])
def test_a_sealed_push_needs_its_own_proof(
    safe: Hand, form: Callable[..., bytes]
) -> None:
    # Security rows 83 and 84; the plain signature is right each time.
    for change in PROOFS:
        assert is_refused(safe.sends(form(Event="subscribe"), query=change)), change
    assert followed(safe) == {}


def test_a_doubled_parameter_is_refused(hand: Hand) -> None:
    client = hand.app.test_client(use_cookies=False)
    signed = hand._signed()
    path = "/oa/oa?" + "&".join(f"{k}={v}" for k, v in signed.items())
    body = {"data": xml(), "content_type": "text/xml"}
    for name in signed:
        assert is_refused(client.post(f"{path}&{name}={signed[name]}", **body))


REQUESTS: list[dict[str, Any]] = [
    {"content_type": None},
    {"content_type": "application/x-www-form-urlencoded"},
    {"content_type": "multipart/form-data"},
    {"content_type": "text/xml; charset=gbk"},
    {"content_type": "application/json; charset=utf-16"},
    {"content_type": "é"},
    {"headers": {"Expect": "100-continue"}},
    {"headers": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
    {"headers": {"Cookie": "a=b"}},
    {"headers": {"Content-Encoding": "identity"}},
    {"headers": {"X-Forwarded-For": "1.2.3.4, 5.6.7.8"}},
]


def test_how_a_push_is_sent_makes_no_difference(hand: Hand) -> None:
    for request in REQUESTS:
        assert is_taken(hand.sends(xml(Event="subscribe"), **request)), request
        assert followed(hand) == {OPENID: (True, "")}


def test_a_packed_body_is_no_push_in_safe_mode(safe: Hand) -> None:
    head = {"Content-Encoding": "gzip"}
    answer = safe.sends(
        b"<xml/>", lambda text: gzip.compress(in_xml(text)), headers=head
    )
    assert is_refused(answer)


def test_the_order_and_spelling_of_the_address(hand: Hand) -> None:
    client, signed = hand.app.test_client(use_cookies=False), hand._signed()
    if hand.keys.aes_key:
        text = push_crypto.seal(xml(Event="subscribe"), KEY or "", hand.keys.appid)
        signed |= {"encrypt_type": "aes", "msg_signature": hand._over(signed, text)}
        body = in_xml(text)
    else:
        body = xml(Event="subscribe")
    spelt = "&".join(
        f"{name[0]}{''.join(f'%{ord(c):02x}' for c in name[1:])}={text}"
        for name, text in reversed(signed.items())
    )
    assert is_taken(client.post(f"/oa/oa/?&&x=1&{spelt}&", data=body))
    assert followed(hand) == {OPENID: (True, "")}


# -- the envelope --


def test_one_refusal_for_whatever_is_wrong_inside(safe: Hand) -> None:
    # Security row 83: rightly signed each time.
    message, keys = xml(Event="subscribe"), safe.keys
    sealed = push_crypto.seal(message, KEY or "", keys.appid)
    foreign = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    texts = [
        push_crypto.seal(message, foreign, keys.appid),
        push_crypto.seal(message, KEY or "", "wx0000000000000a06"),
        push_crypto.seal(message, KEY or "", ""),
        push_crypto.seal(message, KEY or "", keys.appid + " "),
        push_crypto.seal(message, KEY or "", keys.appid.upper()),
        push_crypto.seal(b"", KEY or "", keys.appid),
        *(sealed[:cut] for cut in (4, 64, len(sealed) - 24, len(sealed) - 1)),
        *(sealed + more for more in ("A", "AAAA", "=", "\n", sealed)),
        sealed.rstrip("=") + "é",
        sealed.replace("A", "-"),
        sealed[:30] + "\n" + sealed[30:],
    ]
    for text in texts:
        assert is_refused(safe.sends(message, lambda _, text=text: in_xml(text))), text
        signed = Signing(safe, text)
        assert is_refused(signed.sends(message)), text
    assert followed(safe) == {}


class Signing(Hand):
    """A hand that puts another sealed text into its envelopes, rightly signed."""

    def __init__(self, hand: Hand, text: str) -> None:
        super().__init__(hand.app)
        self.text = text

    def sends(self, message: bytes, *_: Any, **more: Any) -> Any:
        asked = self._signed()
        proof = push_crypto.signature(
            self.keys.token or "", asked["timestamp"], asked["nonce"], self.text
        )
        around = more.pop("around", in_xml)
        query: dict[str, str | None] = {**asked, "msg_signature": proof}
        return super().sends(message, lambda _: around(self.text), query=query)


def test_of_several_sealed_texts_the_signed_one_counts(safe: Hand) -> None:
    # Security row 84: what stands outside may be anybody's.
    real = xml(Event="subscribe")
    fake = "<Encrypt>QUFBQQ==</Encrypt>"
    wrapped = [
        lambda text: f"<xml>{fake}<Encrypt>{text}</Encrypt></xml>",
        lambda text: f"<xml><Encrypt>{text}</Encrypt>{fake}</xml>",
        lambda text: (
            f"<xml><Content><![CDATA[{fake}]]></Content>"
            f"<Encrypt><![CDATA[{text}]]></Encrypt></xml>"
        ),
        lambda text: f"<xml><a><Encrypt>{text}</Encrypt></a></xml>",
        lambda text: f"<xml>\n  <Encrypt>\n{text}\n</Encrypt>\n</xml>\n",
        lambda text: json.dumps({"Content": fake, "Encrypt": text}),
        lambda text: f'{{"Content":"\x1d","Encrypt":"{text}"}}',
        lambda text: f'{{"Encrypt":"AAAA","Encrypt":"{text}"}}',
        lambda text: f'\ufeff {{ "Encrypt" : "{text}" }}',
    ]
    for number, around in enumerate(wrapped):
        answer = safe.sends(real, lambda text, around=around: around(text).encode())
        assert is_taken(answer), number
        assert followed(safe) == {OPENID: (True, "")}, number


def test_what_stands_outside_says_nothing(safe: Hand) -> None:
    outside = xml(Event="unsubscribe", FromUserName=OTHER).removesuffix(b"</xml>")
    safe.sends(
        xml(Event="subscribe"),
        lambda text: outside + in_xml(text).removeprefix(b"<xml>"),
    )
    assert followed(safe) == {OPENID: (True, "")}


NOT_SEALED: list[Callable[[str], bytes]] = [
    lambda text: b"",
    lambda text: f"<xml Encrypt='{text}'/>".encode(),
    lambda text: f"<xml><x:Encrypt>{text}</x:Encrypt></xml>".encode(),
    lambda text: json.dumps({"encrypt": text}).encode(),
    lambda text: json.dumps({"Encrypt": [text]}).encode(),
    lambda text: json.dumps([{"Encrypt": text}]).encode(),
    lambda text: in_xml(text).decode().encode("utf-16"),
    lambda text: b"<Encrypt>" + b" " * 60_000,
    lambda text: b'{"a":' * 10_000,
    lambda text: xml(Event="subscribe"),
]


def test_a_body_without_a_sealed_text_is_refused(safe: Hand) -> None:
    for number, around in enumerate(NOT_SEALED):
        assert is_refused(safe.sends(xml(Event="subscribe"), around)), number
    assert followed(safe) == {}


# -- the message --


DOCUMENT_TYPES = [
    "<!DOCTYPE xml>",
    '<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE xml [<!ENTITY a "b">]>',
    '<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/">',
    '<!DOCTYPE xml [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
    '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE xml [<!ENTITY a "b">]>',
    "\ufeff<!DOCTYPE xml []>",
    '<!DOCTYPE xml [<!ATTLIST xml a CDATA "b">]>',
]


def test_a_document_type_is_refused_in_either_mode(hand: Hand) -> None:
    # Security row 82.
    for head in DOCUMENT_TYPES:
        answer = hand.sends(xml(head, Event="subscribe"))
        assert (answer.status_code, answer.data) == (400, b""), head
    # In an encoding that no push has, it is nothing.
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        body = xml('<!DOCTYPE xml [<!ENTITY a "b">]>', Event="subscribe").decode()
        assert is_taken(hand.sends(body.encode(encoding))), encoding
    assert followed(hand) == {}


SCENES = [
    ("-", ""),
    ("", ""),
    ("qrscene_login_8f_2c", "login_8f_2c"),
    ("qrscene_qrscene_x", "qrscene_x"),
    ("qrscene_", ""),
    ("last_trade_no_4008072001201701105817415015", ""),
    ("scanbarcode|EAN_13|6901", ""),
    ("QRSCENE_x", ""),
    ("qrscene_0", "0"),
    ("qrscene_" + "a" * 64, "a" * 64),
    ("qrscene_" + "a" * 65, ""),
    ("qrscene_" + "汉" * 64, "汉" * 64),
    ("qrscene_小明😀", "小明😀"),
    ("qrscene_a b", "a b"),
    ("\n qrscene_x \n", "x"),
]


def test_the_scene_of_a_follow(hand: Hand) -> None:
    for key, scene in SCENES:
        assert is_taken(hand.sends(xml(Event="subscribe", EventKey=key))), key
        assert followed(hand) == {OPENID: (True, scene)}


NOBODY = ["", " ", "o" * 129, "o" * 300, "小明", "o\u200b", "undefined", "0", "-"]


def test_who_is_nobody_changes_nothing(hand: Hand) -> None:
    for openid in NOBODY:
        for form in (xml, as_json):
            body = form(Event="subscribe", FromUserName=openid)
            assert is_taken(hand.sends(body)), openid
    assert followed(hand) == {}


FOLLOWS: list[tuple[Callable[..., bytes], dict[str, Any]]] = [
    (xml, {"Event": "Subscribe", "MsgType": "Event"}),
    (xml, {"Event": "SUBSCRIBE", "MsgType": "EVENT"}),
    (xml, {"Event": " subscribe\n", "FromUserName": f"\n{OPENID}\n"}),
    (as_json, {"Event": "subscribe"}),
    (as_json, {"Event": "subscribe", "X": "\ud800\0\x1d"}),
    (as_json, {"Event": "subscribe", "CreateTime": "1700000000"}),
    (as_json, {"\tEvent": "subscribe"}),
    *(
        (form, {"Event": "subscribe", "CreateTime": at})
        for form in (xml, as_json)
        for at in (0, -1, 1.5, "1e9", "", 10**11, 253402300800, 10**40, "９")
    ),
    (xml, {"Event": "subscribe", "CreateTime": "-"}),
    (xml, {"Event": "subscribe", "MsgId": "9" * 400}),
    (as_json, {"Event": "subscribe", "MsgId": 10**4000}),
    (as_json, {"Event": "subscribe", "Deep": {"a": [{"b": 1}]}}),
]


def test_a_follow_in_other_words(hand: Hand) -> None:
    for form, parts in FOLLOWS:
        assert is_taken(hand.sends(form(**parts))), parts
        assert followed(hand) == {OPENID: (True, "")}, parts


PASTED = rb"\x02 \x08 \x10 \x1d \x00 \xef\xbf\xbe \xff\xe5 \xed\xa0\x80 \xf0\x9f"


def test_what_xml_forbids_hides_no_follow(hand: Hand) -> None:
    body = xml(Event="subscribe", Content="X")
    for spelt in PASTED.split():
        text = spelt.decode("unicode_escape").encode("latin-1")
        for inside in (b">%s<" % text, b"><![CDATA[%s]]><" % text):
            assert is_taken(hand.sends(body.replace(b">X<", inside))), inside
            assert followed(hand) == {OPENID: (True, "")}, inside


UNKNOWN = [
    xml(Event="weapp_audit_success"),
    xml(Event="scan", EventKey="nobody's"),
    xml(Event="SCAN", EventKey="0"),
    xml(Event="SCAN", EventKey="x" * 5000),
    xml(Event="SCAN", EventKey="\N{PILE OF POO}"),
    xml(Event="VIEW", EventKey="https://shop.example/?a=b"),
    xml(Event="TEMPLATESENDJOBFINISH", MsgID="1"),
    xml(Event="scancode_push").replace(
        b"</xml>", b"<ScanCodeInfo><ScanType>qr</ScanType></ScanCodeInfo></xml>"
    ),
    xml(MsgType="image", PicUrl="http://mmbiz.qpic.cn/x", MsgId="1"),
    xml(MsgType="location", Location_X="23.1", Label="上海", MsgId="2"),
    xml(MsgType="miniprogrampage", Title="x", MsgId="3"),
    xml(MsgType="text", Content="汉" * 700, MsgId="4"),
    xml(MsgType="text", Event="subscribe", MsgId="5"),
    xml(MsgType="-"),
    xml(MsgType="-", Event="subscribe"),
    xml(Event="wxa_media_check", trace_id="-", result="-"),
    xml(Event="wxa_media_check", trace_id="\x01" * 9),
    xml(Event="user_authorization_revoke", OpenID="-", RevokeInfo="205"),
    xml(Event="user_info_modified"),
    b"<xml/>",
    b"<xml></xml>",
    b"<a b='c'>d</a>",
    b"<xml>" * 4000,
    b"<a>" * 6000 + b"</a>" * 6000,
    b"{}",
    b'{"a":' * 6000 + b"1" + b"}" * 6000,
    b"null",
    b"\x1f\x8b\x08\x00",
    b'{"action":"CheckContainerPath"}',
    b"<xml><action>CheckContainerPath</action></xml>",
]


def test_what_nobody_knows_is_taken_and_changes_nothing(hand: Hand) -> None:
    for body in UNKNOWN:
        assert is_taken(hand.sends(body)), body[:200]
    assert followed(hand) == {}


# -- once --


def test_one_id_and_two_people(hand: Hand) -> None:
    # Security row 85.
    for number in ("6311930491764374545", "18446744073709551615"):
        for openid in (OPENID, OTHER, OPENID, OPENID):
            message = {"MsgType": "text", "Content": "1", "MsgId": number}
            assert is_taken(hand.sends(xml(FromUserName=openid, **message)))
        assert len(rows(hand.app, Push)) == 2
        followed(hand)


def test_another_librarys_pushes_are_taken(safe: Hand) -> None:
    crypto = WeChatCrypto(safe.keys.token, safe.keys.aes_key, safe.keys.appid)
    told = crypto.encrypt_message(xml(Event="subscribe").decode(), "7", str(safe.at))
    proof = told.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    query = {"timestamp": safe.at, "nonce": "7", "msg_signature": proof}
    client = safe.app.test_client(use_cookies=False)
    answer = client.post(
        "/oa/oa", query_string=query | {"encrypt_type": "aes"}, data=told
    )
    assert is_taken(answer)
    settle(safe.app)
    assert followed(safe) == {OPENID: (True, "")}
