"""Update from WeChat, with tokens that are good, due, stale and dead."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import REFRESH, USERINFO, Browser, asks_wechat, calls
from wxlogin.accounts.models import (
    Grant,
    Identity,
    LoginEvent,
    Session,
    UnionId,
    User,
)
from wxlogin.db import db

HOUR = 3600
DAY = 24 * HOUR


def renames(simulator, person: str, nickname: str) -> None:
    body = {"name": person, "nickname": nickname}
    asks_wechat(simulator, "POST", "/_sim/people", json=body)


def rows(app, *models) -> list[list[tuple]]:
    """Every row of these tables, column by column."""
    with app.app_context():
        return [
            sorted(
                tuple(map(str, row))
                for row in db.session.execute(db.select(*model.__table__.columns))
            )
            for model in models
        ]


def grant(app) -> Grant:
    with app.app_context():
        return db.session.scalars(db.select(Grant)).one()


def updates(browser: Browser):
    return browser.post(f"{browser.prefix}/me/profile")


def test_a_good_token_is_used_as_it_is(signed_in, simulator):
    renames(simulator, "xiaoming", "大明")
    answer = updates(signed_in)
    assert (answer.status_code, answer.location) == (303, "/me")
    assert "昵称和头像已更新" in signed_in.get("/me").text
    assert "昵称和头像已更新" not in signed_in.get("/me").text
    assert signed_in.who()["nickname"] == "大明"
    assert calls(simulator, REFRESH) == []


def test_two_hours_later_it_is_refreshed_once(signed_in, simulator):
    simulator.world.advance(2 * HOUR + 60)
    renames(simulator, "xiaoming", "大明")
    assert updates(signed_in).status_code == 303
    assert signed_in.who()["nickname"] == "大明"
    assert len(calls(simulator, REFRESH)) == 1
    # The new token serves the next one.
    renames(simulator, "xiaoming", "老明")
    assert updates(signed_in).status_code == 303
    assert signed_in.who()["nickname"] == "老明"
    assert len(calls(simulator, REFRESH)) == 1


@pytest.mark.parametrize(
    ("seconds", "refreshes"), [(2 * HOUR - 600, 0), (2 * HOUR - 240, 1)]
)
def test_by_our_clock_a_token_is_due_five_minutes_before_its_end(
    signed_in, simulator, clock, seconds, refreshes
):
    """The simulator's clock is ours in this process: both move."""
    clock.shift(seconds)
    renames(simulator, "xiaoming", "大明")
    assert updates(signed_in).status_code == 303
    assert signed_in.who()["nickname"] == "大明"
    assert len(calls(simulator, REFRESH)) == refreshes


def test_a_refresh_does_not_prolong_the_thirty_days(signed_in, simulator, app, clock):
    before = grant(app)
    clock.shift(3 * HOUR)
    assert updates(signed_in).status_code == 303
    after = grant(app)
    assert after.authorized_at == before.authorized_at
    assert after.expires_at > before.expires_at
    assert after.version == before.version + 1


def test_thirty_days_later_wechat_wants_a_new_sign_in(signed_in, simulator, app):
    simulator.world.advance(30 * DAY + 60)
    before = rows(app, User, Identity, Session, LoginEvent)
    renames(simulator, "xiaoming", "大明")
    answer = updates(signed_in)
    assert answer.status_code == 409
    assert 'href="/login"' in answer.text
    assert len(calls(simulator, REFRESH)) == 1
    assert rows(app, User, Identity, Session, LoginEvent) == before
    assert grant(app).dead_at is not None
    assert signed_in.who()["nickname"] == "小明😀"
    # WeChat is not asked again for what is dead.
    assert updates(signed_in).status_code == 409
    assert len(calls(simulator, REFRESH)) == 1


def test_a_new_sign_in_brings_a_new_grant(signed_in, simulator, app, xiaoming):
    simulator.world.advance(30 * DAY + 60)
    assert updates(signed_in).status_code == 409
    started = signed_in.starts()
    assert signed_in.returns(started, xiaoming.confirms(started)).status_code == 303
    assert grant(app).dead_at is None
    renames(simulator, "xiaoming", "大明")
    assert updates(signed_in).status_code == 303
    assert signed_in.who()["nickname"] == "大明"


def test_by_our_clock_thirty_days_need_no_call(app_for, simulator, xiaoming, clock):
    """A session that is used every day may outlive its grant."""
    browser = Browser(app_for(session_days=60))
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    for _ in range(3):
        clock.shift(10 * DAY)
        assert browser.who()
    asked = len(calls(simulator))
    assert updates(browser).status_code == 409
    assert len(calls(simulator)) == asked


@pytest.mark.parametrize("together", [2, 8])
def test_several_at_once_refresh_once(signed_in, simulator, together):
    simulator.world.advance(2 * HOUR + 60)
    simulator.world.switch(latency_ms=150)
    twins = [signed_in.copy() for _ in range(together)]
    with ThreadPoolExecutor(together) as pool:
        answers = list(pool.map(updates, twins))
    assert [answer.status_code for answer in answers] == [303] * together
    assert len(calls(simulator, REFRESH)) == 1


def test_a_fault_of_the_refresh_leaves_the_grant(signed_in, simulator, app):
    simulator.world.advance(2 * HOUR + 60)
    simulator.world.switch(body="status:500")
    before = rows(app, User, Identity, Grant, Session)
    answer = updates(signed_in)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert rows(app, User, Identity, Grant, Session) == before
    simulator.world.switch(body=None)
    assert updates(signed_in).status_code == 303


def test_without_kept_grants_no_token_is_stored(app_for, simulator, xiaoming):
    """security row 39"""
    app = app_for(keep_grants=False)
    browser = Browser(app)
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["nickname"] == "小明😀"
    assert rows(app, Grant) == [[]]
    answer = updates(browser)
    assert answer.status_code == 409
    assert len(calls(simulator, USERINFO)) == 1


def test_another_person_in_the_answer_changes_nothing(signed_in, simulator, app):
    """security row 43"""
    before = rows(app, User, Identity, Grant)
    simulator.world.switch(userinfo_openid="another")
    assert updates(signed_in).status_code == 502
    assert rows(app, User, Identity, Grant) == before


@pytest.fixture
def moved(signed_in, app_for, settings_for) -> Browser:
    """The same browser, once the app has moved to another open platform."""
    apps = [
        {**app.model_dump(), "open_platform": "other"} for app in settings_for().apps
    ]
    browser = Browser(app_for(apps=apps, simulator="on"))
    browser.client._cookies = dict(signed_in.client._cookies)
    return browser


def unionids(app) -> set[tuple[str, str]]:
    with app.app_context():
        query = db.select(UnionId.open_platform, UnionId.unionid)
        return {tuple(row) for row in db.session.execute(query)}


def test_a_unionid_of_the_former_platform_stays_there(moved, simulator):
    """security row 44: WeChat names none now"""
    before = unionids(moved.app)
    simulator.world.switch(drop_unionid=True)
    assert updates(moved).status_code == 303
    assert {platform for platform, _ in unionids(moved.app)} == {"main"}
    assert unionids(moved.app) == before


def test_the_unionid_of_the_new_platform_contradicts_nothing(moved, simulator):
    """security row 43: another platform, another unionid"""
    before = unionids(moved.app)
    simulator.world.switch(userinfo_unionid="oNew0000000000000000000000001")
    assert updates(moved).status_code == 303
    gained = ("other", "oNew0000000000000000000000001")
    assert unionids(moved.app) == before | {gained}


def test_nobody_updates_without_a_session(browser, simulator):
    answer = updates(browser)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert calls(simulator) == []
