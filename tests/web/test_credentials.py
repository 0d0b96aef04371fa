"""An app's own access token: shared, renewed early, and not asked for in vain."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.journey import calls
from tests.web.mini_program import MP, MiniProgram
from wxlogin.errors import WeChatMisconfigured, WeChatUnavailable, WxloginError
from wxlogin.flows import credentials
from wxlogin.flows.credentials import with_token
from wxlogin.service import running, service_of
from wxlogin.wechat import app_calls
from wxlogin.wechat.app_calls import ProgramCode
from wxlogin.wechat.errors import AppTokenStale

STABLE, WXACODE = "/cgi-bin/stable_token", "/wxa/getwxacodeunlimit"


@pytest.fixture
def mp(app):
    return next(one for one in service_of(app).settings.apps if one.name == "mp")


@pytest.fixture
def asked(simulator):
    """How often WeChat was asked for a token, or by another path."""
    return lambda path=STABLE: len(calls(simulator, path))


def token_of(app, mp, call=lambda token: token):
    with app.app_context():
        return with_token(mp, call, deadline=running().wechat.deadline())


def code_of(app, mp):
    """A call that only a live token may make."""
    wechat = service_of(app).wechat
    deadline = wechat.deadline()
    wanted = ProgramCode("scene", "pages/scan/scan")
    with app.app_context():
        return with_token(
            mp,
            lambda token: app_calls.program_code(
                wechat, mp, token, wanted, deadline=deadline
            ),
            deadline=deadline,
        )


def test_one_token_serves_all_workers(app, app_for, mp, asked, settings_for):
    """Another process with the same database goes on with it."""
    first = token_of(app, mp)
    other = app_for()
    assert token_of(other, mp) == token_of(app, mp) == first
    assert asked() == 1


def test_many_at_once_ask_once(app, mp, asked, simulator):
    simulator.world.switch(latency_ms=200)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: token_of(app, mp), range(6)))
    assert len(set(found)) == 1
    assert asked() == 1


def test_it_is_renewed_before_its_end_and_not_at_once_again(
    app, mp, asked, simulator, clock
):
    first = token_of(app, mp)
    for seconds in (6800, 101):
        clock.shift(seconds)
        simulator.world.advance(seconds)
        token_of(app, mp)
    assert asked() == 2
    assert token_of(app, mp) != first
    assert asked() == 2


def test_little_that_is_left_is_no_reason_to_ask_each_time(app, mp, asked, simulator):
    simulator.world.switch(
        raw_body={"path": STABLE, "text": '{"access_token":"68_x","expires_in":7}'}
    )
    assert [token_of(app, mp) for _ in range(3)] == ["68_x"] * 3
    assert asked() == 1


def test_a_renewal_that_fails_costs_nobody_anything(app, mp, asked, simulator, clock):
    """The old one is good for five minutes more."""
    first = token_of(app, mp)
    clock.shift(6950)
    simulator.world.switch(errcode={"path": STABLE, "errcode": 40164})
    assert [token_of(app, mp) for _ in range(3)] == [first] * 3
    assert asked() == 2
    clock.shift(300)
    with pytest.raises(WeChatMisconfigured):
        token_of(app, mp)


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_token_that_fails_is_replaced_once(app, mp, asked, simulator, errcode):
    first = token_of(app, mp)
    simulator.world.switch(errcode={"path": WXACODE, "errcode": errcode, "times": 1})
    assert code_of(app, mp).startswith(b"\xff\xd8")
    assert (asked(), asked(WXACODE)) == (2, 2)
    # WeChat says that the same one is good.
    assert token_of(app, mp) == first


def test_a_token_that_was_ended_from_elsewhere(app, mp, asked, simulator):
    first = token_of(app, mp)
    tokens = simulator.world.app_tokens
    tokens.force(simulator.world.registry.app("mp"))
    assert code_of(app, mp)
    assert token_of(app, mp) != first
    assert (asked(), asked(WXACODE)) == (2, 2)


def test_one_that_another_worker_has_replaced_is_not_dropped(app, mp, asked):
    """Compare and swap: who comes late with the old one takes the new one."""
    first = token_of(app, mp)
    seen = []

    def call(token):
        seen.append(token)
        if len(seen) == 1:
            with app.app_context():
                key = credentials._key(mp)
                held = credentials._tokens.get(key)
                credentials._tokens.swap(replace(held, token="68_newer"))
            raise AppTokenStale("over", errcode=42001)
        return token

    assert token_of(app, mp, call) == "68_newer"
    assert seen == [first, "68_newer"]
    assert asked() == 1


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_it_never_loops(app, mp, asked, simulator, errcode):
    simulator.world.switch(errcode={"path": WXACODE, "errcode": errcode})
    with pytest.raises(AppTokenStale):
        code_of(app, mp)
    assert (asked(), asked(WXACODE)) == (2, 2)
    # Nor does the next visitor begin anew.
    with pytest.raises(AppTokenStale) as caught:
        code_of(app, mp)
    assert caught.value.status == 503
    assert (asked(), asked(WXACODE)) == (2, 2)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"errcode": {"path": STABLE, "errcode": 40164}}, 60),
        ({"errcode": {"path": STABLE, "errcode": 40125}}, 60),
        ({"body": {"path": STABLE, "mode": "reset"}}, 20),
        ({"body": {"path": STABLE, "mode": "html"}}, 20),
    ],
)
def test_a_failure_is_remembered_for_a_while(
    app, mp, asked, simulator, clock, fault, seconds
):
    simulator.world.switch(**fault)
    errors = []
    for _ in range(3):
        with pytest.raises(WxloginError) as caught:
            token_of(app, mp)
        errors.append(caught.value)
    assert asked() == 1
    first, second, _ = errors
    assert type(first) is type(second)
    for fact in ("errcode", "errmsg", "rid", "fault", "app", "call"):
        assert first.facts.get(fact) == second.facts.get(fact)
    assert first.operator == second.operator
    simulator.world.switch(**dict.fromkeys(fault))
    clock.shift(seconds - 2)
    with pytest.raises(WxloginError):
        token_of(app, mp)
    clock.shift(3)
    assert token_of(app, mp)
    assert asked() == 2


def test_a_mute_wechat_holds_one_request_and_no_second(app_for, simulator, asked):
    app = app_for(wechat_budget=0.5)
    mp = next(one for one in service_of(app).settings.apps if one.name == "mp")
    simulator.world.switch(body={"path": STABLE, "mode": "mute"})
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(WeChatUnavailable):
            token_of(app, mp)
    assert time.monotonic() - began < 0.3
    assert asked() == 1


def test_another_secret_is_another_token(app, mp, asked):
    """A rotated secret must not go on with the token of the old one."""
    token_of(app, mp)
    with pytest.raises(WeChatMisconfigured) as caught:
        token_of(app, replace_secret(mp, "secret-of-someone"))
    assert caught.value.facts["errcode"] == 40125
    assert asked() == 2


def replace_secret(mp, secret):
    return mp.model_copy(update={"secret": secret})


def test_two_programs_have_two_tokens(app, mp, asked):
    mp2 = next(one for one in service_of(app).settings.apps if one.name == "mp2")
    assert token_of(app, mp) != token_of(app, mp2)
    assert asked() == 2


def test_the_store_shows_neither_token_nor_secret(app, mp):
    """security row 35"""
    token = token_of(app, mp)
    with app.app_context():
        from wxlogin.db import db

        rows = db.session.execute(db.text("select kind, key, value from ticket"))
        said = " ".join(f"{kind} {key} {bytes(value)!r}" for kind, key, value in rows)
    assert "app_token" in said
    for secret in (token, mp.secret, MP):
        assert secret not in said
    assert mp.secret not in credentials._key(mp)


def test_nobody_needs_a_token_to_sign_in(app, simulator, asked):
    """40164 on the token calls while 小明 signs in."""
    for fault in (
        {"errcode": {"path": STABLE, "errcode": 40164}},
        {"errcode": {"path": STABLE, "errcode": 40125}},
        {"errcode": None, "body": {"path": STABLE, "mode": "mute"}},
    ):
        simulator.world.switch(**fault)
        program = MiniProgram(app, simulator)
        assert program.logs_in().status_code == 200
        assert (
            program.post("session", code=program.code(), attempt="a" * 20).status_code
            == 200
        )
        data = program.of_wechat("userdata", form="legacy")
        names = ("rawData", "signature", "encryptedData", "iv")
        answer = program.post("bind", **{name: data[name] for name in names})
        assert answer.status_code == 200
    assert asked() == 0
