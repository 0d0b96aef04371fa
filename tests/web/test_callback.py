"""The callback: once, twice, late, elsewhere, altered (design: state and attempt)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import EXCHANGE, Browser, Started, calls
from wxlogin.accounts.models import Identity, LoginEvent, Session, User
from wxlogin.db import db


def count(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


def test_a_login_ends_at_next_with_a_session(browser, xiaoming, simulator):
    started = browser.starts(next_url="/orders?page=2")
    answer = browser.returns(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/orders?page=2")
    who = browser.who()
    assert who["nickname"] == "小明😀"
    assert [identity["app"] for identity in who["identities"]] == ["web"]
    assert len(calls(simulator, EXCHANGE)) == 1


def test_a_second_login_of_the_same_person_is_the_same_user(
    browser, other_browser, xiaoming
):
    uids = set()
    for one in (browser, other_browser):
        started = one.starts()
        one.returns(started, xiaoming.confirms(started))
        uids.add(one.who()["uid"])
    assert len(uids) == 1


def test_reload_gives_the_same_session(browser, xiaoming, simulator, app):
    """security row 4"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    first, second = browser.returns(started, code), browser.returns(started, code)
    assert [first.status_code, second.status_code] == [303, 303]
    assert second.location == first.location
    assert len(calls(simulator, EXCHANGE)) == 1
    assert count(app, Session) == 1


def test_the_second_of_a_double_callback_needs_no_session_cookie(
    browser, xiaoming, simulator, app
):
    """Android asks twice, the second time before it has read the first cookie."""
    started = browser.starts()
    code = xiaoming.confirms(started)
    twin = browser.copy()
    assert browser.returns(started, code).status_code == 303
    assert twin.returns(started, code).status_code == 303
    assert twin.who()["uid"] == browser.who()["uid"]
    assert len(calls(simulator, EXCHANGE)) == 1
    assert count(app, Session) == 1


def test_twenty_at_once_ask_wechat_once(browser, xiaoming, simulator, app):
    """security row 10"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    twins = [browser.copy() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda twin: twin.returns(started, code), twins))
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert len(calls(simulator, EXCHANGE)) == 1
    assert count(app, Session) == 1
    # Any of them may have been first, and any may have been asked to come again.
    assert len({who["uid"] for twin in twins if (who := twin.who())}) == 1


def test_without_the_cookie_there_is_no_session(
    browser, other_browser, xiaoming, simulator
):
    """security rows 2 and 10"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    answer = other_browser.returns(started, code)
    assert answer.status_code == 400
    assert other_browser.who() is None
    assert calls(simulator, EXCHANGE) == []
    # The attempt is untouched: its own browser finishes it.
    assert browser.returns(started, code).status_code == 303


def test_after_sign_out_the_same_url_is_over(browser, xiaoming, simulator):
    """security row 4"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    browser.returns(started, code)
    browser.post("/logout")
    answer = browser.returns(started, code)
    assert answer.status_code == 400
    assert browser.who() is None
    assert len(calls(simulator, EXCHANGE)) == 1


def test_two_minutes_later_the_same_url_is_over_elsewhere(
    browser, xiaoming, simulator, clock
):
    started = browser.starts()
    code = xiaoming.confirms(started)
    twin = browser.copy()
    browser.returns(started, code)
    clock.shift(121)
    assert twin.returns(started, code).status_code == 400
    assert twin.who() is None
    # The browser that holds the session goes on to where it wanted.
    assert browser.returns(started, code).status_code == 303
    assert len(calls(simulator, EXCHANGE)) == 1


def test_ten_minutes_later_the_state_is_too_old(browser, xiaoming, simulator, clock):
    """security row 5"""
    started = browser.starts(next_url="/orders")
    code = xiaoming.confirms(started)
    clock.shift(601)
    answer = browser.returns(started, code)
    assert answer.status_code == 400
    assert 'href="/login' in answer.text
    assert calls(simulator, EXCHANGE) == []


def test_a_restart_of_all_workers_loses_no_login(app_for, browser, xiaoming, simulator):
    """security row 5"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    after = browser.copy()
    after.app = app_for()
    after.client = after.app.test_client()
    after.client._cookies = dict(browser.client._cookies)
    assert after.returns(started, code).status_code == 303


def respelled(state: str) -> str:
    """Another last letter that base32 decodes to the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    last = letters.index(state[-1])
    return state[:-1] + letters[last ^ 1]


@pytest.mark.parametrize(
    "query",
    [
        "code={code}",
        "code={code}&state=",
        "code={code}&state={state}&state={state}",
        "code={code}&code={code}&state={state}",
        "code[]={code}&state={state}",
        "code={code}&state[]={state}",
        "code={code}&state={respelled}",
        "code={code}&state={lower}",
        "code={code}&state={state}https://i.maxthon.cn",
        "code={code}&state={huge}",
        "code={huge}&state={state}",
        "code={code}&state=%00",
        "code={code}&state=%FF%FE",
        "code={code}&state={state}%20",
    ],
)
def test_a_malformed_callback_is_refused_before_any_call(
    browser, xiaoming, simulator, query
):
    """security row 3"""
    started = browser.starts()
    code = xiaoming.confirms(started)
    path = started.with_code(None).partition("?")[0]
    words = {
        "code": code,
        "state": started.state,
        "respelled": respelled(started.state),
        "lower": started.state.lower(),
        "huge": "A" * 10_000,
    }
    answer = browser.get(f"{path}?{query.format(**words)}")
    assert answer.status_code == 400
    assert "x-request-id" in answer.headers
    assert browser.who() is None
    assert calls(simulator, EXCHANGE) == []


def test_another_apps_state_is_refused(app_for, settings_for, simulator, xiaoming):
    """security row 6: the other app's secret is never sent"""
    apps = settings_for().apps
    second = apps[0].model_copy(
        update={"name": "web2", "appid": "wx00000000000000b1", "secret": "other"}
    )
    browser = Browser(app_for(apps=(*apps, second), simulator="on"))
    started = browser.starts()
    code = xiaoming.confirms(started)
    query = started.with_code(code).partition("?")[2]
    answer = browser.get(f"/login/callback/web2?{query}")
    assert answer.status_code == 400
    assert calls(simulator, EXCHANGE) == []
    assert browser.get(f"/login/callback/nowhere?{query}").status_code == 400


def test_parallel_tabs_do_not_kill_each_other(browser, xiaoming):
    """security row 7"""
    started = [browser.starts() for _ in range(5)]
    codes = [xiaoming.confirms(one) for one in started]
    for one, code in reversed(list(zip(started, codes, strict=True))):
        assert browser.returns(one, code).status_code == 303


def test_a_thousand_unfinished_logins_stay_small(browser, xiaoming):
    """security row 8"""
    for _ in range(60):
        browser.starts(next_url="/" + "n" * 500)
    newest = browser.starts()
    sent = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    assert len(sent) < 4096
    assert len(browser.cookies()) <= 10
    assert browser.returns(newest, xiaoming.confirms(newest)).status_code == 303


@pytest.mark.parametrize("code", [None, "", "authdeny"])
def test_a_refusal_is_a_normal_ending(browser, simulator, xiaoming, code):
    """security row 9"""
    started = browser.starts()
    answer = browser.returns(started, code)
    assert answer.status_code == 400
    assert "取消" in answer.text
    late = browser.returns(started, xiaoming.confirms(started))
    assert late.status_code == 400
    assert calls(simulator, EXCHANGE) == []


def test_a_refusal_does_not_burn_a_finished_login(browser, xiaoming):
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    assert browser.returns(started, None).status_code == 400
    assert browser.who() is not None


def test_another_code_in_the_browser_that_is_signed_in(browser, xiaoming, simulator):
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    answer = browser.returns(started, "another-code")
    assert answer.status_code == 303
    assert len(calls(simulator, EXCHANGE)) == 1


def test_another_code_without_the_session_must_name_the_same_person(
    browser, xiaoming, lihua, simulator, app
):
    """Android's second pattern: two codes for one state."""
    started = browser.starts()
    twin, stranger = browser.copy(), browser.copy()
    browser.returns(started, xiaoming.confirms(started))
    second = twin.returns(started, xiaoming.confirms(started))
    assert second.status_code == 303
    assert twin.who()["uid"] == browser.who()["uid"]
    third = stranger.returns(started, lihua.confirms(started))
    assert third.status_code == 502
    assert stranger.who() is None
    assert count(app, User) == 1


def test_other_codes_are_exchanged_three_times_at_most(browser, xiaoming, simulator):
    started = browser.starts()
    twin = browser.copy()
    browser.returns(started, xiaoming.confirms(started))
    for number in range(6):
        assert twin.returns(started, f"made-up-{number}").status_code == 400
    assert len(calls(simulator, EXCHANGE)) == 4


def test_a_planted_attempt_gains_nothing(browser, xiaoming, simulator):
    """security row 10a"""
    started = browser.starts()
    victim = browser.copy()
    browser.returns(started, xiaoming.confirms(started))
    before = browser.who()
    assert victim.returns(started, "made-up").status_code == 400
    assert victim.returns(started, None).status_code == 400
    assert victim.who() is None
    assert browser.who() == before
    assert len(calls(simulator, EXCHANGE)) == 2


def test_a_code_wechat_refuses_leaves_the_attempt_open(browser, xiaoming, simulator):
    started = browser.starts()
    assert browser.returns(started, "wrong").status_code == 400
    assert browser.returns(started, "wrong").status_code == 400
    assert len(calls(simulator, EXCHANGE)) == 1
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 303


def test_a_login_never_becomes_a_linking(browser, other_browser, xiaoming, lihua, app):
    """security row 11"""
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    attack = other_browser.starts()
    assert browser.returns(attack, lihua.confirms(attack)).status_code == 400
    assert browser.who()["nickname"] == "小明😀"
    own = browser.starts()
    browser.returns(own, lihua.confirms(own))
    assert browser.who()["nickname"] == "李华"
    assert count(app, User) == 2
    assert count(app, Identity) == 2


def test_a_login_ends_the_session_the_browser_had(browser, xiaoming, lihua, app):
    """security row 20"""
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    old = browser.copy()
    again = browser.starts()
    browser.returns(again, lihua.confirms(again))
    assert old.who() is None
    assert count(app, Session) == 1
    assert count(app, LoginEvent) == 2


def test_a_snapshot_visitor_is_nobody(browser, xiaoming, simulator, app):
    simulator.world.switch(snapshot=True)
    started = browser.starts()
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 303
    assert answer.location == "/login/snapshot"
    page = browser.get(answer.location)
    assert "使用完整服务" in page.text
    assert [count(app, model) for model in (User, Identity, Session)] == [0, 0, 0]


def test_the_callback_url_is_not_kept_anywhere(browser, xiaoming):
    """security row 32"""
    started = browser.starts()
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "code=" not in answer.location
    assert started.state not in answer.location


def test_it_is_one_started_login(started_login: Started):
    """security row 1: the shape of a state"""
    assert 22 <= len(started_login.state) <= 128
    assert started_login.state.isalnum()


@pytest.fixture
def started_login(browser: Browser) -> Started:
    return browser.starts()
