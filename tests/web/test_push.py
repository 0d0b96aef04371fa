"""What WeChat pushes reaches the service, in every mode, and only from WeChat."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.journey import Browser, Phone
from tests.web.pushes import Post, db_of, is_refused, is_taken, rows
from wxlogin.accounts import followers
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Event, Follower, Push, Session, User
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import resolve
from wxlogin.config import Site
from wxlogin.config.demo import demo_apps
from wxlogin.db import now, transaction
from wxlogin.errors import Unready
from wxlogin.flows import push, push_inbox
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids
from wxlogin.simulator.world.push_crypto import signature
from wxlogin.simulator.world.push_letter import Letter
from wxlogin.sites import members

OPENID = ids.openid("wx0000000000000a02", "xiaoming")
UNIONID = ids.unionid("main", "xiaoming")
SHOP = Site(name="shop", client_id="shop", client_secret="sh0p-secret-of-24-characters")
OA = "wx0000000000000a02"


@pytest.fixture
def wechat(app: Flask, simulator: SimulatorServer) -> Iterator[Post]:
    """WeChat, which pushes what happens at the official account."""
    # It answers nothing about followers: what pushes say is all there is.
    simulator.world.switch(errcode={"path": "/cgi-bin/user/info", "errcode": 48001})
    with Post(app, simulator) as post:
        yield post


@pytest.fixture
def plain(app_for: Callable[..., Flask], simulator: SimulatorServer) -> Iterator[Post]:
    """The same for an account without an aes_key, which has pushed one follow."""
    simulator.world.switch(
        errcode={"path": "/cgi-bin/user/info", "errcode": 48001}, push_mode="plain"
    )
    oa = demo_apps()[1].model_copy(update={"aes_key": None})
    with Post(app_for(apps=[oa]), simulator) as post:
        post.pushes("subscribe")
        yield post


def again_signed(wechat: Post, body: bytes) -> TestResponse:
    """Another body under the time of the last push, rightly signed."""
    sent = wechat.letters[-1]
    at = dict(parse_qsl(urlsplit(sent.url).query))["timestamp"]
    asked = {"nonce": "n", "signature": signature("token-of-oa", at, "n")}
    return wechat.again(Letter("POST", sent.url, body, "text/xml"), **asked)


def follower(app: Flask) -> Follower:
    (found,) = rows(app, Follower)
    return found


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_follow_is_taken_in_each_mode_that_the_app_has(
    app_for: Callable[..., Flask], simulator: SimulatorServer, mode: str
) -> None:
    aes_key = None if mode == "plain" else demo_apps()[1].aes_key
    app = app_for(apps=[demo_apps()[1].model_copy(update={"aes_key": aes_key})])
    wechat = Post(app, simulator)
    simulator.world.switch(push_mode=mode)
    assert is_taken(wechat.pushes("subscribe"))
    assert follower(app).followed


def test_the_worlds_key_is_the_demos(simulator: SimulatorServer) -> None:
    for mine in demo_apps():
        theirs = simulator.world.registry.app(mine.name)
        assert (mine.token, mine.aes_key) == (theirs.token, theirs.aes_key)


def test_an_address_proves_itself(wechat: Post) -> None:
    world = wechat.simulator.world
    oa = world.registry.app("oa")
    assert world.pushes.verify(oa, oa.push_url) == ""
    answer = wechat.answers[-1]
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize(
    "echo", ["4375120948345356249", "0007", "1" * 64, "<script>", "a b+c", "小"]
)
def test_the_echo_is_the_text_and_nothing_else(wechat: Post, echo: str) -> None:
    world = wechat.simulator.world
    oa = world.registry.app("oa")
    world.pushes.verify(oa, oa.push_url)
    (letter,) = wechat.letters
    assert wechat.again(letter, echostr=echo).data == echo.encode()
    slash = Letter(letter.method, letter.url.replace("/oa/oa?", "/oa/oa/?"))
    assert wechat.again(slash, echostr=echo).data == echo.encode()


@pytest.mark.parametrize("wrong", ["signature", "timestamp", "nonce"])
def test_an_echo_that_is_not_signed_tells_nothing(wechat: Post, wrong: str) -> None:
    # Security row 80.
    world = wechat.simulator.world
    oa = world.registry.app("oa")
    world.pushes.verify(oa, oa.push_url)
    (letter,) = wechat.letters
    for text in ("1", "", None):
        answer = wechat.again(letter, echostr="<script>", **{wrong: text})
        assert is_refused(answer)
        assert b"script" not in answer.data
    doubled = Letter("GET", f"{letter.url}&nonce=1")
    client = wechat.app.test_client(use_cookies=False)
    url = urlsplit(doubled.url)
    assert client.get(f"{url.path}?{url.query}").status_code == 403


def test_an_app_without_a_token_takes_nothing(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    bare = demo_apps()[1].model_copy(update={"aes_key": None, "token": None})
    wechat = Post(app_for(apps=[bare]), simulator)
    assert wechat.pushes("subscribe").status_code == 404
    assert rows(wechat.app, Push) == []


@pytest.mark.parametrize(
    "change",
    [
        {"msg_signature": "a" * 40},
        {"msg_signature": None},
        {"encrypt_type": None},
        {"encrypt_type": "raw"},
        {"nonce": "7"},
    ],
)
def test_what_is_sealed_needs_the_signature_over_it(
    wechat: Post, change: dict[str, str | None]
) -> None:
    # Security row 83.
    wechat.pushes("subscribe")
    letter = wechat.letters[-1]
    assert is_refused(wechat.again(letter, **change))


def test_the_plain_signature_of_a_sealed_push_is_not_looked_at(wechat: Post) -> None:
    wechat.pushes("subscribe")
    assert is_taken(wechat.again(wechat.letters[-1], signature="a" * 40))


def test_no_plain_push_where_there_is_a_key(wechat: Post) -> None:
    # Security row 84.
    wechat.simulator.world.switch(push_mode="plain")
    assert is_refused(wechat.pushes("subscribe"))
    assert rows(wechat.app, Push) == []


def test_of_a_compatible_push_the_sealed_part_counts(wechat: Post) -> None:
    wechat.simulator.world.switch(push_mode="compatible")
    wechat.pushes("subscribe")
    sent = wechat.letters[-1]
    forged = sent.body.replace(b"subscribe", b"unsubscribe", 1)
    assert forged != sent.body
    again = Letter(sent.method, sent.url, forged, sent.content_type)
    # Another body under the same timestamp and nonce.
    assert is_refused(wechat.again(again))
    assert follower(wechat.app).followed


@pytest.mark.parametrize("seconds", [-310, 301, 86400])
def test_an_old_push_is_refused(
    wechat: Post, clock: Any, seconds: int, log: Callable[[], list[dict[str, Any]]]
) -> None:
    # Security row 81.
    wechat.pushes("subscribe")
    clock.shift(seconds)
    assert is_refused(wechat.again(wechat.letters[-1]))
    clock.shift(-seconds)
    assert is_taken(wechat.again(wechat.letters[-1]))


def test_wechats_own_retry_has_one_effect(wechat: Post) -> None:
    # Security rows 81 and 85: the same to the byte, and signed anew.
    wechat.pushes("subscribe", faults=["duplicate"])
    assert len(wechat.letters) == 2
    assert all(is_taken(answer) for answer in wechat.answers)
    assert is_taken(wechat.again(wechat.letters[0]))
    assert len(rows(wechat.app, Push)) == 1


def test_one_triple_is_good_for_one_body(plain: Post) -> None:
    sent = plain.letters[-1]
    body = sent.body.replace(b"[subscribe]", b"[unsubscribe]")
    assert body != sent.body
    forged = Letter(sent.method, sent.url, body, sent.content_type)
    assert is_refused(plain.again(forged))
    assert follower(plain.app).followed


def test_three_at_once_are_one(wechat: Post) -> None:
    # Security row 85.
    wechat.pushes("subscribe")
    wechat.pushes("unsubscribe")
    letter = wechat.letters[-1]
    with db_of(wechat.app) as session:
        session.execute(sa.delete(Push))
        session.commit()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(wechat.again, [letter] * 3))
    assert all(is_taken(answer) for answer in answers)
    assert len(rows(wechat.app, Push)) == 1


def test_follow_and_unfollow_in_one_second_end_as_unfollowed(
    wechat: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = time.time()
    monkeypatch.setattr(wechat.simulator.world, "now", lambda: at)
    for first, second in (("subscribe", "unsubscribe"), ("unsubscribe", "subscribe")):
        with db_of(wechat.app) as session:
            session.execute(sa.delete(Push))
            session.execute(sa.delete(Follower))
            session.commit()
        wechat.pushes(first)
        wechat.pushes(second)
        assert len(rows(wechat.app, Push)) == 2
        assert not follower(wechat.app).followed


def test_a_late_event_undoes_nothing(wechat: Post) -> None:
    # Security row 86.
    wechat.pushes("subscribe")
    assert is_taken(wechat.pushes("unsubscribe", age=60))
    assert follower(wechat.app).followed


def test_another_accounts_push_is_refused(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    # Security row 84: two accounts, one token, in plain mode.
    oa, lone = demo_apps()[1], demo_apps()[5]
    bare = {"aes_key": None, "token": "token-of-lone"}
    apps = [oa.model_copy(update=bare), lone.model_copy(update=bare)]
    simulator.world.switch(push_mode="plain")
    app = app_for(apps=apps)
    wechat = Post(app, simulator, name="lone")
    simulator.world.registry.put_apps(
        {"name": "lone", "push_url": "http://127.0.0.1:5000/oa/oa"}
    )
    assert is_refused(wechat.pushes("subscribe"))
    original = simulator.world.registry.app("oa").original_id
    named = [apps[0].model_copy(update={"original_id": original}), apps[1]]
    wechat = Post(app_for(apps=named), simulator, name="lone")
    simulator.world.registry.put_apps(
        {"name": "lone", "push_url": "http://127.0.0.1:5000/oa/oa"}
    )
    assert is_refused(wechat.pushes("subscribe"))


@pytest.mark.parametrize(
    "body",
    [b"", b"<xml/>", b"<xml>", b"\x00\xff", b"[]", "<xml>é</xml>".encode("utf-16")],
)
def test_a_signed_push_is_no_fault_whatever_it_holds(plain: Post, body: bytes) -> None:
    assert is_taken(again_signed(plain, body))


def test_no_parser_sees_what_is_not_signed(
    plain: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Security row 81.
    def never(_body: bytes) -> None:
        raise AssertionError("read before it was proven")

    monkeypatch.setattr(push, "read_push", never)
    assert is_refused(plain.again(plain.letters[-1], signature="a" * 40))
    assert is_refused(plain.again(plain.letters[-1], signature=None))


def test_a_document_type_is_refused(plain: Post) -> None:
    # Security row 82.
    body = b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>'
    answer = again_signed(plain, body)
    assert (answer.status_code, answer.data) == (400, b"")


def test_a_push_signs_nobody_in_and_makes_no_user(wechat: Post) -> None:
    answer = wechat.pushes("subscribe", key="login_1", ticket="gQ==")
    assert "Set-Cookie" not in answer.headers
    assert (rows(wechat.app, User), rows(wechat.app, Session)) == ([], [])


def test_a_killed_workers_push_is_worked_on_by_another(
    wechat: Post, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    # Security row 85: between the answer and the work.
    monkeypatch.setattr(push_inbox, "work", lambda push_id: False)
    assert is_taken(wechat.pushes("subscribe"))
    assert rows(wechat.app, Follower) == []
    monkeypatch.undo()
    with wechat.app.app_context():
        assert push_inbox.work_due() == 1
        assert push_inbox.work_due() == 0
    assert follower(wechat.app).followed
    (kept,) = rows(wechat.app, Push)
    assert kept.message is None


def test_what_waits_is_sealed(wechat: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_inbox, "work", lambda push_id: False)
    wechat.pushes("text", content="my number is 13800138000")
    (kept,) = rows(wechat.app, Push)
    assert b"13800138000" not in kept.message
    assert OPENID.encode() not in kept.message


@pytest.fixture
def customer(app_for: Callable[..., Flask], xiaoming: Phone) -> tuple[Flask, str]:
    """小明, whom the shop knows, and the service."""
    app = app_for(sites=(SHOP,))
    browser = Browser(app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    uid = browser.who()["uid"]
    with app.app_context():
        user_id = accounts.find_user(uid).user_id
        transaction(lambda session: members.join(session, "shop", user_id, at=now()))
    return app, uid


def test_sites_hear_who_follows(
    customer: tuple[Flask, str], simulator: SimulatorServer
) -> None:
    app, uid = customer
    wechat = Post(app, simulator)
    with app.app_context():
        # By H5 the openid of the account is known.
        who = Person(OA, "official_account", OPENID, "main", UNIONID)
        transaction(lambda session: resolve(session, who, at=now()))
    wechat.pushes("subscribe")
    wechat.pushes("unsubscribe")
    told = [(row.type, row.data) for row in rows(app, Event)]
    about = {
        "uid": uid,
        "external_id": None,
        "identities": [{"appid": OA, "kind": "official_account"}],
    }
    assert told[-2:] == [("user.followed", about), ("user.unfollowed", about)]
    with app.app_context():
        user_id = accounts.find_user(uid).user_id
        assert followers.of_user(user_id) == {OA: False}


def test_a_large_push_is_refused(wechat: Post) -> None:
    # Security row 87.
    wechat.pushes("subscribe")
    sent = wechat.letters[-1]
    large = Letter("POST", sent.url, b"<xml>" + b" " * 65536 + b"</xml>", "text/xml")
    assert wechat.again(large).status_code == 413


def test_a_slow_database_gets_it_after_the_answer(
    wechat: Post, monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[Any]]
) -> None:
    # Security row 85. The database refuses twice; the answer does not wait for it.
    answered, refusals, keep = threading.Event(), [Unready("slow")] * 2, push_inbox.keep

    def slowly(appid: str, pushed: Any) -> int | None:
        if refusals:
            raise refusals.pop()
        assert answered.wait(5)
        return keep(appid, pushed)

    monkeypatch.setattr(push_inbox, "keep", slowly)
    monkeypatch.setattr(push, "_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(push, "PATIENCE_SECONDS", 0.05)
    assert is_taken(wechat.pushes("subscribe"))
    answered.set()
    assert follower(wechat.app).followed
    assert "push answered before it was kept" in [line["event"] for line in log()]


def test_a_database_that_is_away_for_long_is_said_to_wechat(
    wechat: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(appid: str, pushed: Any) -> int | None:
        raise Unready("away")

    monkeypatch.setattr(push_inbox, "keep", never)
    monkeypatch.setattr(push, "_PAUSES", ())
    # So it comes again.
    assert wechat.pushes("subscribe").status_code == 503
    assert len(wechat.letters) == 3


def test_an_effect_that_fails_is_made_later(
    wechat: Post, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    note = followers.note

    def failing(*_: Any, **__: Any) -> bool:
        raise RuntimeError("no")

    monkeypatch.setattr(followers, "note", failing)
    assert is_taken(wechat.pushes("subscribe"))
    assert rows(wechat.app, Follower) == []
    monkeypatch.setattr(followers, "note", note)
    with wechat.app.app_context():
        assert push_inbox.work_due() == 0
        clock.shift(push_inbox.LEASE.total_seconds() + 1)
        assert push_inbox.work_due() == 1
    assert follower(wechat.app).followed


def test_old_pushes_are_forgotten(wechat: Post, clock: Any) -> None:
    wechat.pushes("subscribe")
    assert len(rows(wechat.app, Push)) == 1
    with wechat.app.app_context():
        assert push_inbox.forget(now()) == 0
        assert push_inbox.forget(now() + push_inbox.KEPT) == 1


def test_what_a_push_that_is_given_up_said_is_forgotten_too(
    wechat: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed at each try, or its key is no more: it may hold a person's words."""
    monkeypatch.setattr(push_inbox, "_finish", lambda *_: None)
    wechat.pushes("subscribe")
    with wechat.app.app_context():
        # Until the last try nothing is lost, however late it is.
        assert push_inbox.forget(now() + 9 * push_inbox.KEPT) == 0
        given_up = sa.update(Push).values(tries=push_inbox.TRIES)
        transaction(lambda session: session.execute(given_up))
        assert push_inbox.forget(now()) == 0
        assert push_inbox.forget(now() + push_inbox.KEPT) == 1
