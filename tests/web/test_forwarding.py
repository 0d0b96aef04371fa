"""What is none of ours goes to another system, and its answer to the person."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from tests.support.journey import Browser
from tests.support.receiver import Heard, Receiver, receiver
from tests.web.following_door import FollowPage
from tests.web.pushes import Post, rows
from wxlogin.accounts.models import Follower
from wxlogin.config.demo import demo_apps
from wxlogin.flows import forwarding, push
from wxlogin.service import service_of
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids, push_crypto, push_letter
from wxlogin.simulator.world.push_answers import OUT_OF_ORDER

OA = demo_apps()[1]
PERSON = ids.openid(OA.appid, "xiaoming")
THEIRS = {"forward_token": "TheirToken", "forward_aes_key": "b" * 42 + "A"}
NEWS = (
    "<Articles><item><Title><![CDATA[新品]]></Title><Description/>"
    "<PicUrl/><Url><![CDATA[https://shop.example/]]></Url></item></Articles>"
)


@dataclass
class Crm:
    """The other system: what it hears, and a reply that it writes."""

    server: Receiver
    account: str
    keys: tuple[str, str | None] = (OA.token or "", OA.aes_key)
    heard: list[str] = field(default_factory=list)

    def message(self, heard: Heard) -> bytes:
        """The message in a request, which has to be signed as WeChat signs."""
        query = {n: v for n, (v,) in parse_qs(urlsplit(heard.path).query).items()}
        token, key = self.keys
        stamp, nonce = query["timestamp"], query["nonce"]
        assert query["signature"] == push_crypto.signature(token, stamp, nonce)
        if key is None:
            return heard.body
        encrypt = heard.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]")[0].decode()
        wanted = push_crypto.signature(token, stamp, nonce, encrypt)
        assert query["msg_signature"] == wanted
        message, appid = push_crypto.unseal(encrypt, key)
        assert appid == OA.appid
        return message

    def reply(self, text: str = "", *, kind: str = "text", more: str = "") -> bytes:
        return (
            f"<xml><ToUserName><![CDATA[{PERSON}]]></ToUserName>"
            f"<FromUserName><![CDATA[{self.account}]]></FromUserName>"
            f"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
            f"{f'<Content><![CDATA[{text}]]></Content>' if text else more}</xml>"
        ).encode()

    def sealed(self, text: str) -> bytes:
        token, key = self.keys
        encrypt = push_crypto.seal(self.reply(text), key or "", OA.appid)
        signed = push_crypto.signature(token, "1700000000", "n", encrypt)
        return push_letter.written(
            {
                "Encrypt": encrypt,
                "MsgSignature": signed,
                "TimeStamp": 1700000000,
                "Nonce": "n",
            },
            push_letter.XML,
        )

    def says(self, answer: bytes) -> None:
        self.server.says = lambda _heard: answer


@pytest.fixture
def crm(simulator: SimulatorServer) -> Iterator[Crm]:
    with receiver() as server:
        server.answers = lambda _heard: 200
        yield Crm(server, simulator.world.registry.app("oa").original_id)


@pytest.fixture
def wechat_for(
    app_for: Callable[..., Flask], simulator: SimulatorServer, crm: Crm
) -> Iterator[Callable[..., Post]]:
    """An account whose rest goes to the other system."""
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    made: list[Post] = []

    def make(**changes: Any) -> Post:
        url = f"{crm.server.url}/wechat?shop=1"
        given = {"oa_rest": "forward", "forward_url": url, **changes}
        oa = type(OA)(**(OA.model_dump() | given))
        made.append(Post(app_for(apps=[oa], simulator="on"), simulator))
        return made[-1]

    yield make
    for post in made:
        post.__exit__()


def chat(wechat: Post, person: str = "xiaoming") -> list[tuple[str, str]]:
    world = wechat.simulator.world
    lines = world.pushes.chat(world.registry.app("oa"), person)
    return [(line["from"], line["text"]) for line in lines]


def test_it_goes_on_as_it_came_and_is_answered(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    """cases 7 and 20: query and body byte for byte; the message, with a character that
    XML forbids, in it."""
    wechat = wechat_for()
    crm.says(crm.reply("在的"))
    answer = wechat.pushes("text", content="有货吗\x1d")
    (heard,) = crm.server.requests
    (letter,) = wechat.letters
    assert heard.body == letter.body
    assert heard.path == f"/wechat?shop=1&{urlsplit(letter.url).query}"
    assert heard.headers["content-type"] == "text/xml"
    assert "有货吗\x1d".encode() in crm.message(heard)
    assert chat(wechat) == [("account", "在的")]
    assert answer.mimetype == "text/xml"
    assert "cookie" not in heard.headers


def test_signed_and_sealed_by_a_token_and_a_key_of_its_own(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    """It can read what it gets, and write nothing to us."""
    wechat = wechat_for(**THEIRS)
    crm.keys = (THEIRS["forward_token"], THEIRS["forward_aes_key"])
    crm.says(crm.sealed("在的"))
    wechat.pushes("text", content="有货吗")
    (heard,) = crm.server.requests
    assert "<![CDATA[有货吗]]>".encode() in crm.message(heard)
    assert chat(wechat) == [("account", "在的")]
    # What it knows proves nothing here.
    query = {n: v for n, (v,) in parse_qs(urlsplit(heard.path).query).items()}
    sent = wechat.letters[-1]
    forged = push_letter.Letter("POST", sent.url, heard.body, "text/xml")
    assert wechat.again(forged, **query).status_code == 403


def test_in_the_clear_by_a_token_of_its_own(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    wechat = wechat_for(forward_token="TheirToken")
    crm.keys = ("TheirToken", None)
    crm.says(crm.reply("在的"))
    wechat.pushes("text", content="有货吗")
    (heard,) = crm.server.requests
    assert crm.message(heard).startswith(b"<xml><ToUserName>")
    assert chat(wechat) == [("account", "在的")]


def test_a_mini_programs_json_goes_and_comes_as_json(
    app_for: Callable[..., Flask], simulator: SimulatorServer, crm: Crm
) -> None:
    given = {"oa_rest": "forward", "forward_url": crm.server.url, **THEIRS}
    mp = type(OA)(**(demo_apps()[2].model_dump() | given))
    simulator.world.registry.put_apps({"name": "mp", "push_format": "json"})
    account = simulator.world.registry.app("mp").original_id
    reply = {
        "ToUserName": ids.openid(mp.appid, "xiaoming"),
        "FromUserName": account,
        "CreateTime": 1700000000,
        "MsgType": "transfer_customer_service",
    }
    crm.says(json.dumps(reply).encode())
    with Post(app_for(apps=[mp], simulator="on"), simulator, "mp") as wechat:
        wechat.pushes("text", content="有货吗")
        (heard,) = crm.server.requests
        sent = json.loads(heard.body)
        assert sent["ToUserName"] == account
        message, appid = push_crypto.unseal(sent["Encrypt"], THEIRS["forward_aes_key"])
        assert (json.loads(message)["Content"], appid) == ("有货吗", mp.appid)
        done = simulator.world.pushes.done()[-1]
        assert (done.outcome, done.reply["MsgType"]) == ("reply", reply["MsgType"])


def test_a_plain_account_passes_on_plain_bytes(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    wechat = wechat_for(aes_key=None)
    wechat.simulator.world.switch(push_mode="plain")
    crm.keys = (OA.token or "", None)
    crm.says(crm.reply("在的"))
    wechat.pushes("text", content="有货吗\x02\x08\x10")
    assert crm.server.requests[0].body == wechat.letters[0].body
    assert chat(wechat) == [("account", "在的")]


def test_each_answer_is_read_by_the_person_or_nothing_is(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    """case 20. Never that the account is out of order, and ours is done."""
    wechat = wechat_for()
    answers = {
        "plain": (200, crm.reply("一"), "一"),
        "sealed": (200, crm.sealed("二"), "二"),
        "of an <Encrypt>": (200, crm.reply("<Encrypt>QUJD</Encrypt>"), "<Encrypt>"),
        "news": (200, crm.reply(kind="news", more=NEWS), "[news]"),
        "staff": (200, crm.reply(kind="transfer_customer_service"), ""),
        "success": (200, b"success", ""),
        "nothing": (200, b"", ""),
        "HTML": (200, b"<html><body>Hello</body></html>", ""),
        "JSON": (200, b'{"errcode":0}', ""),
        "moved": (302, crm.reply("moved"), ""),
        "broken": (500, crm.reply("broken"), ""),
        "long": (200, crm.reply("长" * 40_000), ""),
        "too long a text": (200, crm.reply("长" * 700), ""),
        "a foreign seal": (
            200,
            crm.sealed("x").replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[AAAA"),
            "",
        ),
        "for somebody else": (200, crm.reply("x").replace(PERSON.encode(), b"o2"), ""),
        "a document type": (200, b"<!DOCTYPE x>" + crm.reply("x"), ""),
    }
    crm.server.location = f"{crm.server.url}/elsewhere"
    for name, (status, body, shown) in answers.items():
        crm.server.answers = lambda _heard, status=status: status
        crm.says(body)
        before = len(chat(wechat))
        assert wechat.pushes("text", content=name).status_code == 200, name
        said = chat(wechat)[before:]
        assert [text[: len(shown)] for _, text in said] == ([shown] if shown else [])
        assert all(who == "account" for who, _ in said), name
    assert len(crm.server.requests) == len(answers)
    assert wechat.pushes("subscribe").status_code == 200
    assert [one.followed for one in rows(wechat.app, Follower)] == [True]


def test_a_slow_one_is_not_waited_for(
    wechat_for: Callable[..., Post], crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 85: WeChat has its answer in time."""
    wechat = wechat_for()
    monkeypatch.setattr(push, "ANSWER_SECONDS", 0.3)
    crm.server.hangs = True
    began = time.monotonic()
    assert wechat.pushes("subscribe").data == b"success"
    assert time.monotonic() - began < 2
    assert [one.followed for one in rows(wechat.app, Follower)] == [True]
    assert OUT_OF_ORDER not in [text for _, text in chat(wechat)]


def test_slow_ones_hold_no_more_than_some_threads(
    wechat_for: Callable[..., Post], crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat = wechat_for()
    monkeypatch.setattr(forwarding, "AT_ONCE", 1)
    crm.server.hangs = True
    first = threading.Thread(
        target=wechat.pushes, args=("text",), kwargs={"content": "一"}
    )
    first.start()
    while not crm.server.requests:
        time.sleep(0.01)
    began = time.monotonic()
    assert wechat.pushes("text", "lihua", content="二").data == b"success"
    assert time.monotonic() - began < 1
    assert len(crm.server.requests) == 1
    crm.server.released.set()
    first.join()
    crm.server.hangs = False
    crm.says(crm.reply("三"))
    wechat.pushes("text", content="三")
    assert chat(wechat)[-1] == ("account", "三")


def test_three_deliveries_are_passed_on_once(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    """case 11: the same to the byte, signed anew, and all at once."""
    wechat = wechat_for()
    crm.says(crm.reply("在的"))
    wechat.pushes("text", content="有货吗", faults=("duplicate",))
    again = wechat.again(wechat.letters[0])
    assert again.data == wechat.answers[0].data
    assert chat(wechat) == [("account", "在的")] * 2
    assert len(crm.server.requests) == 1


def test_what_is_ours_is_passed_on_to_nobody(
    wechat_for: Callable[..., Post], crm: Crm
) -> None:
    wechat = wechat_for()
    page = FollowPage(Browser(wechat.app))
    page.opens()
    wechat.pushes("SCAN", key=page.ticket)
    assert (page.state, crm.server.requests) == ("scanned", [])
    assert "http" in chat(wechat)[-1][1]
    wechat.pushes("SCAN", key="theirs_7")
    assert len(crm.server.requests) == 1


def test_two_services_that_pass_on_to_each_other_stop(
    wechat_for: Callable[..., Post], crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes back is the same push, which is on its way already."""
    wechat = wechat_for()
    monkeypatch.setattr(push, "ANSWER_SECONDS", 0.5)
    came_back: Queue[bytes] = Queue()

    def back(_heard: Heard) -> bytes:
        came_back.put(wechat.again(wechat.letters[0]).data)
        return b"success"

    crm.server.says = back
    wechat.pushes("text", content="一")
    assert came_back.get(timeout=5) == b"success"
    assert len(crm.server.requests) == 1


def test_staff_get_messages_and_no_events(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    """case 19: without an account's name; JSON for a program whose pushes are that."""
    apps = [
        type(app)(**(app.model_dump() | {"oa_rest": "customer_service"}))
        for app in (OA, demo_apps()[2])
    ]
    service = app_for(apps=apps, simulator="on")
    with Post(service, simulator) as wechat:
        wechat.pushes("text", content="有货吗")
        wechat.pushes("subscribe")
        told = wechat.simulator.world.pushes.done()
        assert [one.reply and one.reply["MsgType"] for one in told] == [
            "transfer_customer_service",
            None,
        ]
        assert "TransInfo" not in told[0].reply
    simulator.world.registry.put_apps({"name": "mp", "push_format": "json"})
    with Post(service, simulator, "mp") as wechat:
        wechat.pushes("text", content="有货吗")
        last = wechat.simulator.world.pushes.done()[-1]
        assert last.reply["MsgType"] == "transfer_customer_service"
        assert wechat.answers[-1].mimetype == "application/json"


def test_it_goes_to_no_inner_network_unless_that_is_said(
    wechat_for: Callable[..., Post], crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 104; in development everything is on one machine."""
    crm.says(crm.reply("在的"))
    for inside, heard in ((False, 0), (True, 1)):
        wechat = wechat_for(forward_inside=inside)
        held = service_of(wechat.app)
        monkeypatch.setattr(
            held, "settings", held.settings.model_copy(update={"env": "production"})
        )
        assert wechat.pushes("text", content="有货吗").status_code == 200
        assert len(crm.server.requests) == heard
