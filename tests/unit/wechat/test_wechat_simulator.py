"""The client against the simulator: two readings of one protocol that must agree."""

import time

import pytest

from wxlogin.config import App, AppKind
from wxlogin.errors import CodeInvalid, GrantDead, WeChatBusy, WeChatUnavailable
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import disagreement
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts
from wxlogin.wechat.errcodes import ERRCODES
from wxlogin.wechat.errors import TokenStale

EXCHANGE = "/sns/oauth2/access_token"
HOURS = 3600
DAYS = 24 * HOURS


@pytest.fixture
def simulator(wechat_demo):
    return wechat_demo


@pytest.fixture
def world(simulator):
    return simulator.world


@pytest.fixture
def wechat(simulator, transport, pauses):
    return WeChat(Hosts(api=simulator.url), pool=transport, pause=pauses.append)


@pytest.fixture
def web(world):
    return configured(world, "web", AppKind.website)


def configured(world, name, kind):
    """A simulated app as APPS would name it."""
    known = world.registry.app(name)
    return App(name=name, kind=kind, appid=known.appid, secret=known.secret)


@pytest.fixture
def code(world, web):
    """小明😀 has scanned and confirmed."""
    return world.grants.issue_code(web, "xiaoming")


def test_a_login_in_two_calls(wechat, web, code):
    deadline = wechat.deadline()
    tokens = wechat.exchange(web, code, deadline=deadline)
    info = wechat.userinfo(web, tokens, deadline=deadline)
    assert disagreement(tokens, info) is None
    assert tokens.unionid == info.unionid is not None
    assert info.nickname == "小明😀"
    assert not info.is_placeholder


def test_the_simulators_avatar_can_be_shown(wechat, simulator, web, code):
    deadline = wechat.deadline()
    tokens = wechat.exchange(web, code, deadline=deadline)
    info = wechat.userinfo(web, tokens, deadline=deadline)
    assert info.avatar
    assert info.avatar.startswith((simulator.url, "https://"))


@pytest.mark.parametrize("person", ["bell", "nobody"])
def test_awkward_people_can_sign_in(wechat, world, web, person):
    deadline = wechat.deadline()
    code = world.grants.issue_code(web, person)
    tokens = wechat.exchange(web, code, deadline=deadline)
    info = wechat.userinfo(web, tokens, deadline=deadline)
    assert info.nickname.isprintable()
    assert info.is_placeholder is (person == "nobody")


def test_a_code_works_once_and_ten_minutes(wechat, world, web, code):
    wechat.exchange(web, code, deadline=wechat.deadline())
    late = world.grants.issue_code(web, "lihua")
    world.advance(601)
    for used, errcode in [(code, {40163, 40029}), (late, {40029})]:
        with pytest.raises(CodeInvalid) as caught:
            wechat.exchange(web, used, deadline=wechat.deadline())
        assert caught.value.facts["errcode"] in errcode
        assert caught.value.facts["rid"]


def test_tokens_grow_old(wechat, world, web, code):
    deadline = Deadline(20)
    tokens = wechat.exchange(web, code, deadline=deadline)
    pair = (tokens.access_token, tokens.openid)
    world.advance(2 * HOURS + 1)
    with pytest.raises(TokenStale):
        wechat.userinfo(web, pair, deadline=deadline)
    new = wechat.refresh(web, tokens.refresh_token, deadline=deadline)
    assert new.openid == tokens.openid
    assert wechat.userinfo(web, new, deadline=deadline).nickname == "小明😀"
    world.advance(30 * DAYS)
    with pytest.raises(GrantDead) as caught:
        wechat.refresh(web, new.refresh_token, deadline=deadline)
    assert not isinstance(caught.value, TokenStale)


def test_system_error_once_costs_no_login(wechat, world, web, code, pauses):
    world.switch(errcode={"path": EXCHANGE, "errcode": -1, "times": 1})
    assert wechat.exchange(web, code, deadline=wechat.deadline()).openid
    assert pauses == [0.5]


@pytest.mark.parametrize("errcode", ERRCODES)
def test_every_errcode_ends_where_the_table_says(wechat, world, web, code, errcode):
    world.switch(errcode={"path": EXCHANGE, "errcode": errcode})
    with pytest.raises(Exception, match=f"answers {errcode} to") as caught:
        wechat.exchange(web, code, deadline=wechat.deadline())
    assert caught.value.facts["rid"]


@pytest.mark.parametrize(
    "mode",
    ["drip", "drip_headers", "endless", "cut", "html", "reset", "mute", "status:500"],
)
def test_every_spoiled_answer_ends_in_time(wechat, world, web, code, mode):
    """security row 105"""
    world.switch(body=mode)
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as caught:
        wechat.exchange(web, code, deadline=Deadline(0.5))
    assert time.monotonic() - began < 2
    assert not isinstance(caught.value, WeChatBusy)
    assert caught.value.facts["sent"] is True


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_names_survive_both_content_types(wechat, world, web, code, kind):
    """security row 94"""
    if kind != "text/plain":
        world.switch(content_type=kind)
    deadline = wechat.deadline()
    tokens = wechat.exchange(web, code, deadline=deadline)
    assert wechat.userinfo(web, tokens, deadline=deadline).nickname == "小明😀"


def test_a_missing_unionid_and_a_snapshot_are_read(wechat, world, web, code):
    world.switch(drop_unionid=True)
    tokens = wechat.exchange(web, code, deadline=wechat.deadline())
    assert tokens.unionid is None
    world.switch(drop_unionid=False, snapshot=True)
    again = world.grants.issue_code(web, "xiaoming")
    assert wechat.exchange(web, again, deadline=wechat.deadline()).is_snapshot


@pytest.fixture
def mp(world):
    return configured(world, "mp", AppKind.mini_program)


def test_a_mini_programs_login_in_one_call(wechat, world, web, mp, code):
    deadline = wechat.deadline()
    session = wechat.code2session(
        mp, world.mini_login(mp, "xiaoming"), deadline=deadline
    )
    assert session.unionid == wechat.exchange(web, code, deadline=deadline).unionid
    assert len(session.session_key) == 24


def test_a_mini_programs_code_works_once_and_five_minutes(wechat, world, mp):
    used, late = (world.mini_login(mp, "lihua") for _ in range(2))
    wechat.code2session(mp, used, deadline=wechat.deadline())
    with pytest.raises(CodeInvalid) as caught:
        wechat.code2session(mp, used, deadline=wechat.deadline())
    assert caught.value.facts["errcode"] == 40163
    world.advance(301)
    with pytest.raises(CodeInvalid) as caught:
        wechat.code2session(mp, late, deadline=wechat.deadline())
    assert caught.value.facts["errcode"] == 40029
