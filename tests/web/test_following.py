"""Who follows the official account: told by WeChat, known by unionid in every app."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.support.journey import Browser, Phone, calls
from tests.web.mini_program import MiniProgram
from tests.web.pushes import Post, db_of, rows, settle
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Follower
from wxlogin.flows import following
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings, ids

USER_INFO = "/cgi-bin/user/info"
BATCH = "/cgi-bin/user/info/batchget"
CROWD = 103


@pytest.fixture
def wechat(app: Flask, simulator: SimulatorServer) -> Iterator[Post]:
    with Post(app, simulator) as post:
        yield post


@pytest.fixture
def program(app: Flask, simulator: SimulatorServer) -> MiniProgram:
    """李华's phone with the program `mp`, in which she is signed in."""
    program = MiniProgram(app, simulator, person="lihua")
    program.logs_in()
    return program


def follows(wechat: Post, person: str = "lihua") -> None:
    world = wechat.simulator.world
    happenings.follow(world, world.registry.app(wechat.name), person)
    settle(wechat.app)


def unfollows(wechat: Post, person: str = "lihua") -> None:
    world = wechat.simulator.world
    happenings.unfollow(world, world.registry.app(wechat.name), person)
    settle(wechat.app)


def told(program: MiniProgram) -> Any:
    return program.sends("GET", "/api/mp/mp/following").get_json()


def test_a_mini_program_knows_who_follows_the_account(
    wechat: Post, program: MiniProgram
) -> None:
    assert told(program) == {
        "following": None,
        "accounts": {"oa": None, "lone": None},
    }
    follows(wechat)
    assert told(program) == {"following": True, "accounts": {"oa": True, "lone": None}}
    wechat.simulator.world.advance(1)
    unfollows(wechat)
    assert told(program)["following"] is False


def test_so_does_the_account_page_on_a_pc(
    app: Flask, wechat: Post, simulator: SimulatorServer, browser: Browser
) -> None:
    started = browser.starts()
    browser.returns(started, Phone(simulator, "lihua").confirms(started))
    assert browser.who()["following"] is None
    row = 'data-account="oa" data-follows="{}"'
    assert row.format("unknown") in browser.get("/me").text
    follows(wechat)
    assert browser.who()["following"] is True
    assert row.format("yes") in browser.get("/me").text
    wechat.simulator.world.advance(1)
    unfollows(wechat)
    assert row.format("no") in browser.get("/me").text


def test_another_person_is_not_meant(wechat: Post, program: MiniProgram) -> None:
    follows(wechat, "xiaoming")
    assert told(program)["following"] is None


def test_wechat_is_asked_once_for_each_change(
    wechat: Post, program: MiniProgram
) -> None:
    follows(wechat)
    assert len(calls(wechat.simulator, USER_INFO)) == 1
    with wechat.app.app_context():
        assert following.ask_due() == 0
    assert len(calls(wechat.simulator, USER_INFO)) == 1


@pytest.mark.parametrize("errcode", [-1, 45009, 46004, 40003])
def test_who_is_not_answered_about_is_asked_for_later(
    wechat: Post, program: MiniProgram, clock: Any, errcode: int
) -> None:
    fault = {"path": USER_INFO, "errcode": errcode, "times": 2}
    wechat.simulator.world.switch(errcode=fault)
    follows(wechat)
    (kept,) = rows(wechat.app, Follower)
    assert (kept.followed, kept.unionid) == (True, None)
    wechat.simulator.world.switch(errcode=None)
    with wechat.app.app_context():
        assert following.ask_due() == 0
        clock.shift(following.PAUSE.total_seconds() + 1)
        assert following.ask_due() == 1
    assert told(program)["following"] is True


def test_an_account_that_may_not_ask_rests_for_an_hour(
    wechat: Post, program: MiniProgram, clock: Any
) -> None:
    wechat.simulator.world.switch(errcode={"path": USER_INFO, "errcode": 48001})
    follows(wechat)
    follows(wechat, "jose")
    assert len(calls(wechat.simulator, USER_INFO)) == 1
    with wechat.app.app_context():
        clock.shift(following.PAUSE.total_seconds() + 1)
        assert following.ask_due() == 0
        assert len(calls(wechat.simulator, USER_INFO)) == 1
        wechat.simulator.world.switch(errcode=None)
        clock.shift(following.REST.total_seconds())
        assert following.ask_due() == 2


@pytest.fixture
def crowd(wechat: Post) -> Post:
    """So many people are due at once: WeChat was not asked about them yet."""
    world = wechat.simulator.world
    oa, at = world.registry.app("oa"), datetime.now(UTC)
    row = {"appid": oa.appid, "followed": True, "scene": "", "changed_at": at}
    row |= {"followed_at": at, "ask_at": at}
    people = world.registry.crowd(CROWD)
    for person in people:
        world.relations.follow(oa, person.name)
    openids = [ids.openid(oa.appid, person.name) for person in people]
    with db_of(wechat.app) as session:
        session.add_all([Follower(**row, openid=openid) for openid in openids])
        session.commit()
    return wechat


def test_many_are_asked_about_in_one_call(
    crowd: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    rests = following._rests
    real = rests.get
    monkeypatch.setattr(rests, "get", lambda key: looks.append(key) or real(key))
    with crowd.app.app_context():
        assert following.ask_due() == CROWD
        assert following.ask_due() == 0
    assert len(calls(crowd.simulator, BATCH)) == 2
    assert calls(crowd.simulator, USER_INFO) == []
    # Whether the account rests is looked up once.
    assert len(looks) == 1
    kept = rows(crowd.app, Follower)
    assert all(row.unionid and row.followed and row.ask_at is None for row in kept)


def test_a_refusal_is_for_all_of_them(crowd: Post, clock: Any) -> None:
    world = crowd.simulator.world
    world.switch(errcode={"path": BATCH, "errcode": 48001})
    with crowd.app.app_context():
        assert following.ask_due() == following.ask_due() == 0
        assert len(calls(crowd.simulator, BATCH)) == 1
        world.switch(errcode=None)
        clock.shift(following.REST.total_seconds() + 1)
        assert following.ask_due() == CROWD


def test_who_is_left_out_is_asked_for_by_pauses_that_grow(
    wechat: Post, clock: Any
) -> None:
    wechat.simulator.world.switch(errcode={"path": USER_INFO, "errcode": 46004})
    follows(wechat)
    pauses = []
    for _ in range(10):
        [kept] = rows(wechat.app, Follower)
        pauses.append(kept.ask_at.timestamp() - time.time())
        clock.move_to(kept.ask_at + timedelta(seconds=1))
        with wechat.app.app_context():
            assert following.ask_due() == 0
    minutes = [round(pause / 60) for pause in pauses]
    assert minutes[:4] == [10, 10, 20, 40]
    assert minutes[-1] == 24 * 60


def test_without_a_unionid_nobody_is_guessed(
    wechat: Post, program: MiniProgram
) -> None:
    wechat.simulator.world.switch(drop_unionid=True)
    follows(wechat)
    (kept,) = rows(wechat.app, Follower)
    assert (kept.unionid, kept.open_platform) == (None, None)
    assert told(program)["following"] is None


def test_a_push_that_is_no_longer_true_is_corrected(
    wechat: Post, program: MiniProgram
) -> None:
    # A push says that she follows, and WeChat that she does not.
    wechat.pushes("subscribe", "lihua")
    settle(wechat.app)
    assert told(program)["following"] is False


def test_who_deletes_the_account_leaves_nothing(
    app: Flask, wechat: Post, program: MiniProgram
) -> None:
    follows(wechat)
    uid = program.who()["uid"]
    with app.app_context():
        accounts.delete(accounts.find_user(uid).user_id)
    assert rows(app, Follower) == []


def test_a_stranger_is_nobody_to_ask_about(program: MiniProgram) -> None:
    program.token = ""
    answer = program.sends("GET", "/api/mp/mp/following")
    assert answer.status_code == 401
