"""Pages inside WeChat: silent first, profile later, and a callback that holds."""

import pytest
import requests

from tests.support.journey import EXCHANGE, USERINFO, Browser, Phone, Started, calls
from tests.support.user_agents import WECHAT_ANDROID, WECHAT_IPHONE
from wxlogin.accounts.models import Identity, Merge, Session, UnionId, User
from wxlogin.db import db


def rows(app, *models) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in models]


def in_wechat(browser: Browser, agent: str = WECHAT_IPHONE) -> Browser:
    browser.headers = {**browser.headers, "User-Agent": agent}
    return browser


@pytest.fixture
def wechat(browser: Browser) -> Browser:
    """WeChat's own browser."""
    return in_wechat(browser)


def begins(wechat: Browser, path: str = "/login") -> Started:
    answer = wechat.get(path)
    assert answer.status_code == 302, answer.text
    return Started.at(answer.location)


def follows(answer) -> Started:
    """WeChat's page that this answer leads to."""
    assert answer.status_code == 302, answer.text
    return Started.at(answer.location)


def signs_in(wechat: Browser, phone: Phone, path: str = "/login"):
    """The whole way, with the upgrade where one follows; the last answer."""
    answer = wechat.goes_to(phone.opens(begins(wechat, path)))
    if answer.status_code == 302:
        answer = wechat.goes_to(phone.opens(follows(answer)))
    return answer


def test_a_stranger_is_asked_once_and_created_from_the_better_answer(
    wechat, xiaoming, app, simulator
):
    first = begins(wechat, "/login?next=/orders")
    assert "scope=snsapi_base" in first.url
    silent = wechat.goes_to(xiaoming.opens(first))
    # Nothing is written from the silent answer while a better one may come.
    assert rows(app, User, Identity, Session) == [0, 0, 0]
    upgrade = follows(silent)
    assert "scope=snsapi_userinfo" in upgrade.url
    done = wechat.goes_to(xiaoming.opens(upgrade))
    assert (done.status_code, done.location) == (303, "/orders")
    assert wechat.who()["nickname"] == "小明😀"
    assert rows(app, User, Identity, Session) == [1, 1, 1]
    # userinfo is never asked with a base token.
    assert len(calls(simulator, USERINFO)) == 1


def test_a_known_person_is_signed_in_silently(
    wechat, other_browser, xiaoming, simulator
):
    signs_in(wechat, xiaoming)
    again = in_wechat(other_browser)
    done = again.goes_to(xiaoming.opens(begins(again, "/login?next=/orders")))
    assert (done.status_code, done.location) == (303, "/orders")
    assert again.who()["uid"] == wechat.who()["uid"]
    assert len(calls(simulator, USERINFO)) == 1


def test_the_same_person_by_qr_and_inside_wechat_is_one(
    wechat, other_browser, xiaoming, app
):
    started = other_browser.starts()
    other_browser.returns(started, xiaoming.confirms(started))
    signs_in(wechat, xiaoming)
    assert wechat.who()["uid"] == other_browser.who()["uid"]
    assert rows(app, User, Identity) == [1, 2]


def test_an_account_bound_nowhere_is_two_until_a_unionid_proves_otherwise(
    app_for, settings_for, xiaoming, simulator
):
    """Then they are one, with the merge on record."""
    apps = settings_for().apps
    lone = next(app for app in apps if app.name == "lone")
    app = app_for(apps=(apps[0], lone), simulator="on")
    pc, wechat = Browser(app), in_wechat(Browser(app))
    started = pc.starts()
    pc.returns(started, xiaoming.confirms(started))
    signs_in(wechat, xiaoming)
    assert wechat.who()["uid"] != pc.who()["uid"]
    # The operator binds the account to the open platform.
    binding = {"name": "lone", "open_platform": "main"}
    requests.put(f"{simulator.url}/_sim/apps", json=binding, timeout=5)
    bound = lone.model_copy(update={"open_platform": "main"})
    app = app_for(apps=(apps[0], bound), simulator="on")
    wechat = in_wechat(Browser(app))
    signs_in(wechat, xiaoming, "/login/h5?scope=snsapi_userinfo")
    assert rows(app, User, Identity, Merge) == [2, 2, 1]
    assert len(wechat.who()["identities"]) == 2
    assert len(wechat.who()["former_uids"]) == 1


def test_a_planted_attempt_does_not_hand_over_the_silent_answer(wechat, xiaoming, app):
    """security row 10a: who planted the attempt brings a code of his own making"""
    planted = begins(wechat)
    attacker = wechat.copy()
    in_wechat(attacker)
    wechat.goes_to(xiaoming.opens(planted))
    # Refusing an upgrade would sign in silently whoever the answer is about.
    assert attacker.get(planted.with_code("made-up")).status_code == 400
    assert attacker.who() is None
    assert rows(app, User, Session) == [0, 0]


def test_a_silent_answer_that_comes_twice_still_leads_to_the_sheet(wechat, xiaoming):
    back = xiaoming.opens(begins(wechat, "/login?next=/orders"))
    wechat.goes_to(back)
    upgrade = follows(wechat.goes_to(back))
    # The same code: whoever brings it may refuse, and is signed in silently.
    answer = wechat.get(upgrade.with_code(None))
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert wechat.who() is not None


def test_a_second_code_of_the_same_person_leads_to_the_sheet_too(wechat, xiaoming):
    """Android's second pattern, where the first answer got lost."""
    silent = begins(wechat, "/login?next=/orders")
    twin = in_wechat(wechat.copy())
    wechat.goes_to(xiaoming.opens(silent))
    upgrade = follows(twin.goes_to(xiaoming.opens(silent)))
    done = twin.goes_to(xiaoming.opens(upgrade))
    assert (done.status_code, done.location) == (303, "/orders")
    assert twin.who()["nickname"] == "小明😀"


def test_profile_never_asks_nobody(app_for, xiaoming, simulator, app_rows=rows):
    app = app_for(profile="never")
    wechat = in_wechat(Browser(app))
    done = wechat.goes_to(xiaoming.opens(begins(wechat)))
    assert done.status_code == 303
    assert wechat.who()["nickname"] == ""
    assert calls(simulator, USERINFO) == []
    assert app_rows(app, User, UnionId) == [1, 0]


def test_a_page_that_wants_a_name_upgrades_once(app_for, xiaoming):
    """PROFILE=never, and one page asks for the name."""
    wechat = in_wechat(Browser(app_for(profile="never")))
    wechat.goes_to(xiaoming.opens(begins(wechat)))
    path = "/login?scope=snsapi_userinfo&next=/profile"
    answer = wechat.goes_to(xiaoming.opens(begins(wechat, path)))
    # Signed in already; the name comes on top.
    assert wechat.who() is not None
    done = wechat.goes_to(xiaoming.opens(follows(answer)))
    assert (done.status_code, done.location) == (303, "/profile")
    assert wechat.who()["nickname"] == "小明😀"
    again = wechat.goes_to(xiaoming.opens(begins(wechat, path)))
    assert (again.status_code, again.location) == (303, "/profile")


def test_a_unionid_that_comes_with_the_name_is_backfilled(app_for, xiaoming):
    app = app_for(profile="never")
    wechat = in_wechat(Browser(app))
    wechat.goes_to(xiaoming.opens(begins(wechat)))
    assert rows(app, User, UnionId) == [1, 0]
    signs_in(wechat, xiaoming, "/login?scope=snsapi_userinfo")
    assert rows(app, User, UnionId) == [1, 1]


def refuses(simulator, wechat: Browser, phone: Phone):
    """The person taps Deny, in an old WeChat that says so."""
    simulator.world.switch(deny_redirect=True)
    upgrade = follows(wechat.goes_to(phone.opens(begins(wechat))))
    return wechat.goes_to(phone.opens(upgrade, allow=False))


def test_a_stranger_who_refuses_is_created_from_the_silent_answer(
    wechat, xiaoming, app, simulator
):
    done = refuses(simulator, wechat, xiaoming)
    assert done.status_code == 303
    assert wechat.who()["nickname"] == ""
    assert rows(app, User, Identity, Session) == [1, 1, 1]


def test_a_closed_sheet_leaves_nothing(wechat, xiaoming, app):
    upgrade = follows(wechat.goes_to(xiaoming.opens(begins(wechat))))
    assert xiaoming.opens(upgrade, allow=False) is None
    assert rows(app, User, Identity, Session) == [0, 0, 0]


def test_a_follower_from_the_menu_sees_no_sheet(wechat, xiaoming, simulator):
    simulator.world.relations.follow(simulator.world.registry.app("oa"), "xiaoming")
    started = begins(wechat, "/login/h5?scope=snsapi_userinfo")
    done = wechat.goes_to(xiaoming.opens(started, from_menu=True, allow=False))
    assert done.status_code == 303
    assert wechat.who()["nickname"] == "小明😀"


def test_a_snapshot_visitor_leaves_no_row_and_gets_in_by_the_full_service(
    wechat, xiaoming, app, simulator
):
    simulator.world.switch(snapshot=True)
    started = begins(wechat, "/login/h5?scope=snsapi_userinfo")
    preview = wechat.goes_to(xiaoming.opens(started))
    assert (preview.status_code, preview.location) == (303, "/login/snapshot")
    assert "使用完整服务" in wechat.get(preview.location).text
    assert rows(app, User, Identity, Session, UnionId) == [0, 0, 0, 0]
    # The preview has cookies of its own: the full page comes without them.
    full = in_wechat(Browser(app))
    back = full.goes_to(xiaoming.opens(started, full_service=True))
    done = full.goes_to(xiaoming.opens(follows(back), full_service=True))
    assert done.status_code == 303
    assert full.who()["nickname"] == "小明😀"


def test_a_lost_cookie_restarts_once_inside_wechat(
    wechat, other_browser, xiaoming, simulator, app
):
    """security row 2"""
    url = xiaoming.opens(begins(wechat))
    lost = in_wechat(other_browser, WECHAT_ANDROID)
    restart = follows(lost.goes_to(url))
    assert calls(simulator, EXCHANGE) == []
    # Lost once more: an end with a page, no loop.
    url = xiaoming.opens(restart)
    lost.client._cookies = {}
    page = lost.goes_to(url)
    assert page.status_code == 400
    assert "/login" in page.text
    assert rows(app, User, Session) == [0, 0]


def test_a_lost_cookie_restarts_nothing_in_an_image(wechat, other_browser):
    """security row 12"""
    started = begins(wechat)
    headers = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"}
    answer = in_wechat(other_browser).get(started.with_code("any"), headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_a_lost_cookie_outside_wechat_is_an_end(wechat, other_browser, xiaoming):
    url = xiaoming.opens(begins(wechat))
    assert other_browser.goes_to(url).status_code == 400


def test_a_restarted_login_signs_in(wechat, other_browser, xiaoming):
    url = xiaoming.opens(begins(wechat))
    lost = in_wechat(other_browser)
    answer = lost.goes_to(xiaoming.opens(follows(lost.goes_to(url))))
    if answer.status_code == 302:
        answer = lost.goes_to(xiaoming.opens(follows(answer)))
    assert answer.status_code == 303
    assert lost.who()["nickname"] == "小明😀"


@pytest.mark.parametrize("change", ["A", "=", "flip"])
def test_an_altered_state_restarts_nothing(wechat, other_browser, xiaoming, change):
    url = xiaoming.opens(begins(wechat))
    path, _, state = url.rpartition("state=")
    altered = ("B" if state[0] == "A" else "A") + state[1:]
    lost = in_wechat(other_browser)
    state = altered if change == "flip" else state + change
    assert lost.goes_to(f"{path}state={state}").status_code == 400


@pytest.mark.parametrize("double", ["same", "different"])
def test_a_double_callback_signs_in_once(wechat, xiaoming, app, simulator, double):
    signs_in(wechat, xiaoming)
    simulator.world.switch(double_callback=double)
    again = in_wechat(Browser(app), WECHAT_ANDROID)
    before = len(calls(simulator, EXCHANGE))
    started = begins(again)
    answer = requests.post(
        f"{simulator.url}/_sim/authorize",
        json={"url": started.url, "person": "xiaoming"},
        timeout=10,
    ).json()
    first, second = answer["redirects"]
    twin = again.copy()
    assert again.goes_to(first).status_code == 303
    assert twin.goes_to(second).status_code == 303
    assert twin.who()["uid"] == again.who()["uid"] == wechat.who()["uid"]
    asked = len(calls(simulator, EXCHANGE)) - before
    assert asked == (1 if double == "same" else 2)
    # "Back" to either address leads on, and asks nobody.
    assert again.goes_to(first).status_code == 303
    assert len(calls(simulator, EXCHANGE)) - before == asked


def test_the_silent_callback_twice_leads_to_the_same_question(
    wechat, xiaoming, simulator
):
    url = xiaoming.opens(begins(wechat))
    first, second = wechat.goes_to(url), wechat.goes_to(url)
    assert "snsapi_userinfo" in first.location
    assert "snsapi_userinfo" in second.location
    assert len(calls(simulator, EXCHANGE)) == 1
    assert wechat.goes_to(xiaoming.opens(follows(second))).status_code == 303


def test_the_better_answer_must_be_about_the_same_person(wechat, xiaoming, lihua, app):
    """security row 43"""
    upgrade = follows(wechat.goes_to(xiaoming.opens(begins(wechat))))
    answer = wechat.goes_to(lihua.opens(upgrade))
    assert answer.status_code == 502
    assert rows(app, User, Session) == [0, 0]


def test_mixed_apps_and_tabs_do_not_disturb_each_other(wechat, xiaoming):
    h5 = begins(wechat)
    qr = wechat.starts(app="web")
    assert wechat.returns(qr, xiaoming.confirms(qr)).status_code == 303
    assert wechat.goes_to(xiaoming.opens(h5)).status_code in (302, 303)


def test_eleven_minutes_later_the_link_is_too_old(wechat, xiaoming, clock):
    url = xiaoming.opens(begins(wechat))
    clock.shift(660)
    assert wechat.goes_to(url).status_code == 400


def test_a_refusal_that_arrives_twice_signs_in_once(wechat, xiaoming, app, simulator):
    simulator.world.switch(deny_redirect=True)
    upgrade = follows(wechat.goes_to(xiaoming.opens(begins(wechat))))
    url = xiaoming.opens(upgrade, allow=False)
    twin = wechat.copy()
    assert wechat.goes_to(url).status_code == 303
    assert twin.goes_to(url).status_code == 303
    assert twin.who()["uid"] == wechat.who()["uid"]
    assert rows(app, User, Session) == [1, 1]
    wechat.post("/logout")
    assert twin.goes_to(url).status_code == 400
