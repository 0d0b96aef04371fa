"""What people take back in WeChat is wiped, for every kind of app, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.support.journey import CHINESE, ENGLISH, Browser, Phone, Started
from tests.web.mini_program import MiniProgram
from tests.web.pushes import Post, rows
from wxlogin.accounts import history
from wxlogin.accounts.history import Happened
from wxlogin.accounts.models import (
    Avatar,
    Event,
    Grant,
    Identity,
    PhoneNumber,
    Session,
    User,
)
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import resolve
from wxlogin.config.demo import demo_apps
from wxlogin.db import now, transaction
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids

OA = "wx0000000000000a02"
REVOKE, CLOSE = "user_authorization_revoke", "user_authorization_cancellation"


@pytest.fixture
def pushes_of(
    app: Flask, simulator: SimulatorServer
) -> Iterator[Callable[[str], Post]]:
    """`pushes_of("mp")`: WeChat, which pushes what happens at this app."""
    made: list[Post] = []

    def make(name: str) -> Post:
        made.append(Post(app, simulator, name=name))
        return made[-1].__enter__()

    yield make
    for post in reversed(made):
        post.__exit__()


@pytest.fixture
def program(app: Flask, signed_in: Browser, simulator: SimulatorServer) -> MiniProgram:
    """小明's program, whose account has his name and picture from the website."""
    program = MiniProgram(app, simulator)
    program.logs_in()
    return program


def user(app: Flask) -> User:
    (found,) = rows(app, User)
    return found


@pytest.mark.parametrize("info", ["6", "19", "20", "6,8", "1,6"])
def test_name_and_picture_go_and_the_account_stays(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post], info: str
) -> None:
    assert user(app).nickname
    answer = pushes_of("mp").pushes(REVOKE, info="6", more={"RevokeInfo": info})
    assert (answer.status_code, answer.data) == (200, b"success")
    found = user(app)
    assert (found.nickname, found.avatar) == ("", None)
    assert rows(app, Avatar) == []
    named = [one for one in rows(app, Identity) if one.nickname or one.avatar]
    assert named == []
    assert program.who()["uid"] == found.uid
    assert len(rows(app, Grant)) == 1


@pytest.mark.parametrize("info", ["1", "2", "5", "12", "99", "", "666", "205", "301"])
def test_what_we_never_had_changes_nothing(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post], info: str
) -> None:
    before = user(app)
    pushes_of("mp").pushes(REVOKE, person="xiaoming", more={"RevokeInfo": info})
    after = user(app)
    assert (after.nickname, after.avatar) == (before.nickname, before.avatar)


def test_the_phone_number_goes(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    apps = [
        one.model_copy(update={"keep_phone": True}) if one.name == "mp" else one
        for one in demo_apps()
    ]
    app = app_for(apps=apps, simulator="on")
    program = MiniProgram(app, simulator)
    program.logs_in()
    program.post("phone", code=program.of_wechat("phone")["code"])
    assert len(rows(app, PhoneNumber)) == 1
    with Post(app, simulator, name="mp2") as other:
        other.pushes(REVOKE, info="8")
        assert len(rows(app, PhoneNumber)) == 1
    with Post(app, simulator, name="mp") as mine:
        mine.pushes(REVOKE, info="8")
    assert rows(app, PhoneNumber) == []


def test_a_website_takes_back_its_tokens_too(
    app: Flask, signed_in: Browser, pushes_of: Callable[[str], Post]
) -> None:
    pushes_of("web").pushes(REVOKE, info="301")
    assert (user(app).nickname, rows(app, Grant)) == ("", [])
    assert signed_in.who()["uid"] == user(app).uid


@pytest.mark.parametrize(("info", "stays"), [("205", False), ("201", True)])
def test_an_account_takes_back_name_and_picture(
    app: Flask,
    signed_in: Browser,
    pushes_of: Callable[[str], Post],
    info: str,
    stays: bool,
) -> None:
    openid, unionid = ids.openid(OA, "xiaoming"), ids.unionid("main", "xiaoming")
    who = Person(OA, "official_account", openid, "main", unionid)
    with app.app_context():
        transaction(lambda session: resolve(session, who, at=now()))
    assert user(app).nickname
    pushes_of("oa").pushes(REVOKE, info=info)
    assert bool(user(app).nickname) is stays
    # The website's tokens are no account's.
    assert len(rows(app, Grant)) == 1
    assert signed_in.who()["uid"] == user(app).uid


def test_who_it_is_stands_apart_from_the_sender(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post]
) -> None:
    wechat = pushes_of("mp")
    wechat.pushes(REVOKE, info="6", faults=["no_openid"])
    assert user(app).nickname
    wechat.pushes(REVOKE, info="6", faults=["sample_names"])
    assert user(app).nickname == ""


def test_a_changed_profile_is_asked_for_again(
    app: Flask, signed_in: Browser, pushes_of: Callable[[str], Post]
) -> None:
    assert user(app).profile_at is not None
    pushes_of("web").pushes("user_info_modified")
    found = user(app)
    assert (found.profile_at, bool(found.nickname)) == (None, True)


def test_of_a_closed_wechat_nothing_is_left(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post]
) -> None:
    pushes_of("mp").pushes(CLOSE)
    assert (rows(app, User), rows(app, Identity), rows(app, Session)) == ([], [], [])
    assert program.sends("GET", "/api/me").status_code == 401


def test_a_closed_wechat_leaves_who_shares_the_account(
    app: Flask, signed_in: Browser, lihua: Phone, pushes_of: Callable[[str], Post]
) -> None:
    """Also in the first seven days, in which nobody pushes an elder out."""
    started = Started.at(signed_in.post("/me/identities").location)
    signed_in.returns(started, lihua.confirms(started))
    pushes_of("web").pushes(CLOSE)
    (left,) = rows(app, Identity)
    assert left.openid == ids.openid(left.appid, "lihua")
    browser = Browser(app)
    started = browser.starts()
    browser.returns(started, lihua.confirms(started))
    assert browser.who()["uid"] == user(app).uid
    page = browser.get("/me", headers=ENGLISH).text
    assert "A WeChat account was closed for good." in page


def test_the_account_page_says_what_was_taken_back(
    app: Flask,
    signed_in: Browser,
    program: MiniProgram,
    pushes_of: Callable[[str], Post],
) -> None:
    wechat = pushes_of("mp")
    wechat.pushes(REVOKE, info="6", more={"RevokeInfo": "6,8"}, faults=["duplicate"])
    wechat.pushes(REVOKE, info="6", more={"RevokeInfo": "12"})
    page = signed_in.get("/me", headers=ENGLISH).text
    assert page.count("In WeChat you took your name and picture back.") == 1
    assert page.count("In WeChat you took your phone number back.") == 1
    assert page.count("· 127.0.0.1") == 2
    page = signed_in.get("/me", headers=CHINESE).text
    assert "你在微信中收回了昵称和头像。" in page
    assert "你在微信中收回了手机号。" in page


def test_each_line_of_the_history_has_words(app: Flask, signed_in: Browser) -> None:
    def write(session: Any) -> None:
        for happened in Happened:
            history.note(session, 1, happened, appid="wx0000000000000a02", at=now())

    with app.app_context():
        transaction(write)
    for language, words in (
        (ENGLISH, "An official account moved to a new one, and you along with it."),
        (CHINESE, "公众号已迁移到新的账号，你的登录也随之迁移。"),
    ):
        page = signed_in.get("/me", headers=language)
        assert (page.status_code, words in page.text) == (200, True)


def test_somebody_elses_push_wipes_nothing_of_yours(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post]
) -> None:
    pushes_of("mp").pushes(CLOSE, person="lihua")
    assert user(app).nickname


def test_a_plain_push_wipes_nothing(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    apps = [one.model_copy(update={"aes_key": None}) for one in demo_apps()]
    app = app_for(apps=apps, simulator="on")
    simulator.world.switch(push_mode="plain")
    browser = Browser(app)
    started = browser.starts()
    browser.returns(started, Phone(simulator, "xiaoming").confirms(started))
    with Post(app, simulator, name="web") as wechat:
        for event in (REVOKE, CLOSE):
            answer = wechat.pushes(event, info="301" if event == REVOKE else "")
            assert answer.data == b"success"
    assert user(app).nickname
    assert len(rows(app, Grant)) == 1


def test_it_is_told_once_to_whoever_listens(
    app: Flask, program: MiniProgram, pushes_of: Callable[[str], Post]
) -> None:
    pushes_of("mp").pushes(REVOKE, info="6", faults=["duplicate"])
    assert rows(app, Event) == []
