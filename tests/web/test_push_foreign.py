"""Another library's pushes are taken and our answers are read by it, in every mode; and
the pushes of docs/wechat.md's public reports, byte for byte."""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
import wechatpy
from cryptography.hazmat.primitives.padding import PKCS7
from flask import Flask
from wechatpy.crypto import PrpCrypto, WeChatCrypto, _get_signature
from wechatpy.utils import WeChatSigner
from werkzeug.test import TestResponse

from tests.support.journey import Browser
from tests.unit.wechat.test_push_envelope import KEY, MESSAGE
from tests.unit.wechat.test_pushes import CONTROL, TAKEN_BACK
from tests.web.following_door import FollowPage
from tests.web.pushes import db_of, is_refused, is_taken, rows
from wxlogin.accounts.models import Follower, Push
from wxlogin.config.demo import demo_apps
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.push_letter import written

OA = demo_apps()[1]
OPENID = "ousmv0Tz_2eG1mSkMdPfaai-bQxS"
TOKEN = "simCaseToken2025A"


def message(event: str, key: str = "") -> str:
    return (
        "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event>"
        f"<EventKey><![CDATA[{key}]]></EventKey></xml>"
    )


def as_json(text: str) -> str:
    pairs = re.findall(r"<(\w+)>(?:<!\[CDATA\[)?([^<\]]+)", text)
    return json.dumps(dict(pairs))


class Foreign:
    """Somebody who writes and reads pushes with wechatpy alone."""

    is_json = False

    def __init__(self, app: Flask, mode: str) -> None:
        self.app, self.mode, self.nonce = app, mode, 0
        self.crypto = WeChatCrypto(OA.token, OA.aes_key, OA.appid)

    def sends(self, text: str) -> TestResponse:
        self.nonce += 1
        stamp, nonce = str(int(time.time())), str(self.nonce)
        signer = WeChatSigner()
        signer.add_data(OA.token, stamp, nonce)
        asked = {"timestamp": stamp, "nonce": nonce, "signature": signer.signature}
        body = text
        if self.mode != "plain":
            encrypt = PrpCrypto(self.crypto.key).encrypt(text, OA.appid).decode()
            proof = _get_signature(OA.token, stamp, nonce, encrypt)
            asked |= {"encrypt_type": "aes", "msg_signature": proof}
            body = self._around(text if self.mode == "compatible" else "", encrypt)
        client = self.app.test_client(use_cookies=False)
        return client.post("/oa/oa", query_string=asked, data=body.encode())

    def _around(self, text: str, encrypt: str) -> str:
        if self.is_json:
            return json.dumps(json.loads(text or "{}") | {"Encrypt": encrypt})
        inside = text.removeprefix("<xml>").removesuffix("</xml>")
        return f"<xml>{inside}<Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"

    def reads(self, body: bytes) -> Any:
        """A sealed answer, as the person's WeChat shows it."""
        if self.is_json:
            told = json.loads(body)
            assert isinstance(told["TimeStamp"], int)
        else:
            told = {
                name: re.search(rf"<{name}>(?:<!\[CDATA\[)?([^<\]]+)", body.decode())[1]
                for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
            }
        assert told["Nonce"] == str(self.nonce)
        assert re.fullmatch("[0-9]{10}", str(told["TimeStamp"]))
        text = self.crypto.decrypt_message(
            {"Encrypt": told["Encrypt"]},
            *(told["MsgSignature"], str(told["TimeStamp"]), told["Nonce"]),
        )
        if self.is_json:
            told = json.loads(text)
            text = written(told, "xml").decode()
        return wechatpy.parse_message(text)


def app_in(mode: str, app_for: Callable[..., Flask]) -> Flask:
    aes_key = None if mode == "plain" else OA.aes_key
    others = [one for one in demo_apps() if one.name != OA.name]
    return app_for(apps=[OA.model_copy(update={"aes_key": aes_key}), *others])


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_its_pushes_are_taken(
    app_for: Callable[..., Flask], simulator: SimulatorServer, mode: str
) -> None:
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    foreign = Foreign(app_in(mode, app_for), mode)
    for is_json in (False, True):
        foreign.is_json = is_json
        for event, follows in (("subscribe", True), ("unsubscribe", False)):
            text = message(event)
            assert is_taken(foreign.sends(as_json(text) if is_json else text))
            (found,) = rows(foreign.app, Follower)
            assert (found.openid, found.followed) == (OPENID, follows)
            forgets(foreign.app)


def forgets(app: Flask) -> None:
    """Of one second the unfollow counts, and a push that was seen is not new again."""
    with db_of(app) as session:
        session.query(Follower).delete()
        session.query(Push).delete()
        session.commit()


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_our_answers_are_read(
    app: Flask, simulator: SimulatorServer, browser: Browser, mode: str
) -> None:
    foreign = Foreign(app, mode)
    for is_json in (False, True):
        foreign.is_json = is_json
        page = FollowPage(Browser(app))
        page.opens()
        text = message("SCAN", page.ticket)
        answer = foreign.sends(as_json(text) if is_json else text)
        assert answer.mimetype == ("application/json" if is_json else "text/xml")
        read = foreign.reads(answer.data)
        assert (read.type, read.target) == ("text", OPENID)
        assert read.source == "gh_0123456789ab"
        assert "http" in read.content
        # Delivered again, sealed anew: the same words.
        again = foreign.sends(as_json(text) if is_json else text)
        assert foreign.reads(again.data).content == read.content


# -- the pushes of the reports --


@pytest.fixture
def reported(app_for: Callable[..., Flask], simulator: SimulatorServer) -> Any:
    """An account and a program with the reports' token and key, in their second."""
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    keys = {"token": TOKEN, "aes_key": KEY}
    apps = [
        one.model_copy(update=keys) if one.name in ("oa", "mp") else one
        for one in demo_apps()
    ]
    with time_machine.travel(1700000000, tick=False):
        yield app_for(apps=apps)


def push(app: Flask, encrypt: str, proof: str, name: str = "oa") -> TestResponse:
    asked = {
        "timestamp": "1700000000",
        "nonce": "1234567890",
        "encrypt_type": "aes",
        "msg_signature": proof,
        "signature": "7e4023f8b09f1953ff8000864e0445c90250455d",
    }
    body = f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    if name == "mp":
        body = json.dumps({"Encrypt": encrypt})
    client = app.test_client(use_cookies=False)
    return client.post(f"/oa/{name}", query_string=asked, data=body)


def sealed(text: bytes, *, length: int | None = None, tail: str = OA.appid) -> str:
    """The text behind `0123456789abcdef`; `length` and `tail` may be wrong."""
    size = len(text) if length is None else length
    full = b"0123456789abcdef" + size.to_bytes(4, "big") + text + tail.encode()
    padder = PKCS7(256).padder()
    crypto = WeChatCrypto(TOKEN, KEY, OA.appid)
    padded = padder.update(full) + padder.finalize()
    cipher = PrpCrypto(crypto.key).cipher
    return base64.b64encode(cipher.encrypt(padded)).decode()


def test_a_follow_a_message_and_what_is_taken_back(reported: Flask) -> None:
    good = sealed(MESSAGE)
    assert is_taken(push(reported, good, "0c83982240542a8a9e59d3c019b74dd6c7869d63"))
    (found,) = rows(reported, Follower)
    assert (found.openid, found.followed) == (OPENID, True)
    taken = sealed(TAKEN_BACK.encode(), tail="wx0000000000000a03")
    proof = "7612f1608006b4acf96c98d3f8090e20746c6bf4"
    assert is_taken(push(reported, taken, proof, name="mp"))
    # An app's push is no other app's, whatever token and key they share.
    assert is_refused(push(reported, taken, proof))


def test_a_message_with_a_character_that_xml_forbids(reported: Flask) -> None:
    proof = "e8dbcc6688f07622cee390c914d413c4b4cb297c"
    assert is_taken(push(reported, CONTROL, proof))
    assert len(rows(reported, Push)) == 1


@pytest.mark.parametrize(
    ("wrong", "proof"),
    [
        ({"length": 0xFFFFFFFF}, "a851ff64e443523419f0852f7f7910fa6df831b6"),
        ({"length": len(MESSAGE) + 1}, "72d0aa06d0d5921892058263b25c5d7f4141c2d2"),
        ({"length": 0}, "990a5e7286bde54fbf2d6a66b67a06111e959067"),
        ({"tail": "wx0000000000000a06"}, "127a509982b504d78de384b65950e2ea9a5f68d1"),
    ],
)
def test_what_is_broken_inside_is_one_refusal(
    reported: Flask, wrong: dict[str, Any], proof: str
) -> None:
    # Security row 83.
    assert is_refused(push(reported, sealed(MESSAGE, **wrong), proof))
    assert rows(reported, Push) == []


def test_the_log_says_that_the_key_does_not_fit(
    reported: Flask, log: Callable[[], list[dict[str, Any]]]
) -> None:
    """As where it was changed in one console only; WeChat hears the same as ever."""
    foreign = WeChatCrypto(TOKEN, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "")
    text = PrpCrypto(foreign.key).encrypt(MESSAGE.decode(), OA.appid).decode()
    proof = _get_signature(TOKEN, "1700000000", "1234567890", text)
    assert is_refused(push(reported, text, proof))
    (line,) = [one for one in log() if one["event"] == "refused"]
    assert "the aes_key may not be the console's" in line["why"]
