"""An app's own access token: shared, renewed early, and not asked for in vain."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine

from tests.support.journey import calls
from tests.web.mini_program import MP, MiniProgram
from wxlogin.errors import (
    Unready,
    WeChatMisconfigured,
    WeChatUnavailable,
    WxloginError,
)
from wxlogin.flows import held_token
from wxlogin.flows.call_rests import Failure, Rest
from wxlogin.flows.credentials import with_token
from wxlogin.service import running, service_of
from wxlogin.wechat import app_calls, follower_calls
from wxlogin.wechat.app_calls import ProgramCode
from wxlogin.wechat.errors import AppTokenStale, Call, refused_address

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


def says(simulator, expires_in):
    """What stable_token answers from now on; None leaves the seconds out."""
    left = "" if expires_in is None else f',"expires_in":{expires_in}'
    text = f'{{"access_token":"68_x"{left}}}'
    simulator.world.switch(raw_body={"path": STABLE, "text": text})


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("300", 300),
        ("345", 345),
        ("7200", 7200),
        ('"7200"', 7200),
        ("7200.0", 7200),
        ("7", 7),
        ("0", 0),
        # What is no number of seconds is what any stable token has left.
        (None, 300),
        ("-1", 300),
        ("null", 300),
        ("true", 300),
        ('"soon"', 300),
        ('{"s":1}', 300),
        # And none lives longer than two hours.
        ("1000000000", 7200),
        ("1e9", 7200),
        ('"999999999"', 7200),
    ],
)
def test_no_token_is_kept_longer_than_told(
    app, mp, asked, simulator, clock, told, seconds
):
    """WeChat is asked once in a minute at most, also near the end."""
    says(simulator, told)
    assert token_of(app, mp) == "68_x"
    key = held_token.key_of(mp)
    with app.app_context():
        left = held_token.found_at(key).ends - time.time()
    assert seconds - 5 <= left <= seconds
    for _ in range(11):
        clock.shift(5)
        try:
            assert token_of(app, mp) == "68_x"
        except WeChatUnavailable:
            assert seconds < 60
    assert asked() == 1
    clock.shift(max(10, seconds - 300 - 50))
    assert token_of(app, mp) == "68_x"
    assert asked() == 2


def test_a_store_that_fails_after_the_token_came(app, mp, asked, monkeypatch):
    """It is used, and so it is for the next ones of this process, while it lives."""
    stable, store = app_calls.app_token, service_of(app).tickets

    def away(*_given, **_more):
        raise Unready("the store is away")

    def fails(*given, **more):
        token = stable(*given, **more)
        for name in ("add", "get", "swap", "take"):
            monkeypatch.setattr(store, name, away)
        return token

    with monkeypatch.context() as patched:
        patched.setattr(app_calls, "app_token", fails)
        first = token_of(app, mp)
    assert [token_of(app, mp) for _ in range(3)] == [first] * 3
    assert asked() == 1
    assert code_of(app, mp)
    # What WeChat refuses is not given again, nor what is over.
    with pytest.raises(Unready):
        token_of(app, mp, refuses)
    with time_machine.travel(time.time() + 7200), pytest.raises(Unready):
        token_of(app, mp)
    # Another app's is not taken for it.
    with pytest.raises(Unready):
        token_of(app, app_named(app, "oa"))


def refuses(token):
    raise AppTokenStale("over", errcode=40001)


def test_what_another_version_has_kept_is_no_token(app, mp, asked):
    with app.app_context():
        running().tickets.add("app_token", held_token.key_of(mp), "{}?", ttl=7000)
    assert token_of(app, mp)
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
                key = held_token.key_of(mp)
                held = held_token._tokens.get(key)
                held_token._tokens.swap(replace(held, token="68_newer"))
            raise AppTokenStale("over", errcode=42001)
        return token

    assert token_of(app, mp, call) == "68_newer"
    assert seen == [first, "68_newer"]
    assert asked() == 1


def test_a_token_that_came_is_kept_whatever_was_noted_meanwhile(
    app, mp, asked, monkeypatch
):
    """Another call's quota is used up while WeChat is asked for the token."""
    stable = app_calls.app_token

    def asks(*given, **more):
        token = stable(*given, **more)
        failure = Failure(Call.FOLLOWER, "the quota is used up", errcode=45009)
        rest = Rest(Call.FOLLOWER, time.time() + 60, failure)
        held_token.change(held_token.key_of(mp), lambda held: held.resting_for(rest))
        return token

    monkeypatch.setattr(app_calls, "app_token", asks)
    first = token_of(app, mp)
    assert token_of(app, mp) == first
    assert asked() == 1
    with app.app_context():
        [rest] = held_token.found_at(held_token.key_of(mp)).resting
    assert rest.call == Call.FOLLOWER


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
    errors, times = [], []
    for _ in range(3):
        with pytest.raises(WxloginError) as caught:
            token_of(app, mp)
        errors.append(caught.value)
        times.append(asked())
    # On a kept connection that is cut the question is sent once more.
    once = times[0]
    assert times == [once, once, once]
    assert once <= (2 if fault.get("body", {}).get("mode") == "reset" else 1)
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
    assert asked() == once + 1


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
    assert mp.secret not in held_token.key_of(mp)


ADDRESS = {
    40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: "
    "658cff8e-7783352d-44cb33e5",
    61004: "access clientip is not registered requestIP: 203.0.113.7 rid: "
    "658cff8e-7783352d-44cb33e5",
}
FOLLOWER = "/cgi-bin/user/info"


def refuses_address(simulator, path, errcode):
    rule = {"path": path, "errcode": errcode, "errmsg": ADDRESS[errcode]}
    simulator.world.switch(errcode=rule)


def follower_of(app, openid="o6_bmjrPTlm6_2sgVt7hMZOPfL2M"):
    """An account's call with its token; of nobody that there is."""
    oa, wechat = app_named(app, "oa"), service_of(app).wechat
    deadline = wechat.deadline()
    with app.app_context():
        return with_token(
            oa,
            lambda token: follower_calls.follower(
                wechat, oa, token, openid, deadline=deadline
            ),
            deadline=deadline,
            asks=Call.FOLLOWER,
        )


def app_named(app, name):
    return service_of(app).settings.app_named(name)


def refused(call, *given):
    with pytest.raises(WxloginError) as caught:
        call(*given)
    return caught.value


@pytest.mark.parametrize("errcode", [40164, 61004])
@pytest.mark.parametrize("path", [STABLE, FOLLOWER])
def test_an_account_whose_address_is_refused_rests_for_a_minute(
    app, simulator, asked, clock, log, path, errcode
):
    """With a good token too: an account's list covers every call. One call a minute."""
    refuses_address(simulator, path, errcode)
    for minute in range(3):
        for _ in range(4):
            error = refused(follower_of, app)
            assert error.facts["errcode"] == errcode
            assert refused_address(error) == "203.0.113.7"
            assert "IP白名单" in error.operator
        assert asked(path) == minute + 1
        clock.shift(61)
    refused(follower_of, app)
    # All other calls of this account rest as well, and no other app's.
    oa, mp = app_named(app, "oa"), app_named(app, "mp")
    assert refused(token_of, app, oa).facts["errcode"] == errcode
    if path != STABLE:
        assert token_of(app, mp)
    assert asked(path) == 4
    told = [one for one in log() if "203.0.113.7" in one.get("errmsg", "")]
    assert {one["app"] for one in told} == {"oa"}


def test_one_tries_after_the_minute_and_the_others_wait_for_it(
    app, simulator, asked, clock
):
    refuses_address(simulator, FOLLOWER, 40164)
    refused(follower_of, app)
    clock.shift(61)
    with ThreadPoolExecutor(6) as pool:
        errors = list(pool.map(lambda _: refused(follower_of, app), range(6)))
    assert {error.facts["errcode"] for error in errors} == {40164}
    assert asked(FOLLOWER) == 2
    # The address is on the list now: the next one that tries comes through.
    simulator.world.switch(errcode=None)
    assert refused(follower_of, app).facts["errcode"] == 40164
    clock.shift(61)
    assert [refused(follower_of, app).facts["errcode"] for _ in "ab"] == [40003] * 2
    assert asked(FOLLOWER) == 4


def test_a_mini_programs_list_is_for_the_token_alone(app, mp, asked, simulator, clock):
    token_of(app, mp)
    clock.shift(6950)
    refuses_address(simulator, STABLE, 61004)
    assert [code_of(app, mp)[:2] for _ in "abc"] == [b"\xff\xd8"] * 3
    assert (asked(), asked(WXACODE)) == (2, 3)


def test_a_call_whose_quota_is_used_up_rests(app, mp, asked, simulator):
    """Until midnight in China, but tried now and then: the count may be emptied."""
    evening = datetime(2026, 3, 1, 15, 45, tzinfo=UTC)
    with time_machine.travel(evening, tick=True) as clock:
        simulator.world.switch(errcode={"path": FOLLOWER, "errcode": 45009})
        for _ in range(3):
            assert refused(follower_of, app).facts["errcode"] == 45009
        assert asked(FOLLOWER) == 1
        clock.shift(601)
        refused(follower_of, app)
        assert asked(FOLLOWER) == 2
        # Not five minutes are left of the day in China.
        simulator.world.switch(errcode=None)
        refused(follower_of, app)
        assert asked(FOLLOWER) == 2
        clock.shift(300)
        assert refused(follower_of, app).facts["errcode"] == 40003
        # Other calls go on with the token that is there.
        simulator.world.switch(errcode={"path": WXACODE, "errcode": 45009})
        refused(code_of, app, mp)
        assert token_of(app, mp)


def test_two_apps_and_two_secrets_share_no_refusal(app, asked, simulator, clock):
    oa = app_named(app, "oa")
    refuses_address(simulator, STABLE, 40164)
    refused(token_of, app, oa)
    simulator.world.switch(errcode=None)
    assert token_of(app, app_named(app, "lone"))
    assert refused(token_of, app, oa).facts["errcode"] == 40164
    other = replace_secret(oa, "secret-of-someone")
    assert refused(token_of, app, other).facts["errcode"] == 40125
    assert asked() == 3


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
