"""A WeChat that has just come to an account pushes nobody out of it (finding M4).

Somebody confirms a code in WeChat and takes it for a login, or leaves a browser open
for a minute. Whatever is tried then, who was there before has the account back with
the next sign-in, and hears of it.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, Phone, Started
from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.accounts.models import Identity, Merge, User
from wxlogin.db import db
from wxlogin.service import service_of
from wxlogin.simulator.world import ids

DAY = 24 * 3600
WEEK = 7 * DAY


def signs_in(browser: Browser, phone: Phone, next_url: str = "/orders"):
    started = browser.starts(next_url)
    return browser.returns(started, phone.confirms(started))


def adds(browser: Browser, phone: Phone):
    """The browser's user asks for another WeChat; the phone's person confirms."""
    answer = browser.post("/me/identities")
    assert answer.status_code == 303, answer.text
    started = Started.at(answer.location)
    return browser.returns(started, phone.confirms(started))


def makes_one(browser: Browser, phone: Phone) -> None:
    """The same where the phone's person has an account: yes to the question."""
    assert adds(browser, phone).location == "/me/identities/merge"
    page = browser.get("/me/identities/merge").text
    other = re.search(r'name="other" value="(\w+)"', page)[1]
    form = {"answer": "yes", "other": other}
    assert browser.post("/me/identities/merge", data=form).status_code == 303


def identity(app, phone: Phone) -> int:
    """The id of the person's identity at the website's app."""
    (web,) = (one for one in service_of(app).settings.apps if one.name == "web")
    openid = ids.openid(web.appid, phone.person)
    with app.app_context():
        return db.session.query(Identity.id).filter_by(openid=openid).scalar()


def takes_off(browser: Browser, phone: Phone) -> int:
    number = identity(browser.app, phone)
    return browser.post(f"/me/identities/{number}/remove").status_code


def takes_back(browser: Browser) -> int:
    with browser.app.app_context():
        number = db.session.query(Merge.id).order_by(Merge.id.desc()).first()[0]
    return browser.post(f"/me/identities/merges/{number}/undo").status_code


def deletes(browser: Browser) -> int:
    return browser.post("/me/delete", data={"sure": "yes"}).status_code


def rows(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


@pytest.fixture
def jose(simulator) -> Phone:
    return Phone(simulator, "jose")


@pytest.fixture
def owner(browser, xiaoming) -> Browser:
    """小明 in his own browser, with an account of his own."""
    signs_in(browser, xiaoming)
    return browser


@pytest.fixture
def uid(owner) -> str:
    return owner.who()["uid"]


Attack = Callable[[Browser, Phone, Phone, Phone], object]


def through_the_newcomer(attacker, me, victim, third):
    """Signed in as the newcomer: off with the older one."""
    signs_in(attacker, me)
    return takes_off(attacker, victim)


def through_the_older_one(attacker, me, victim, third):
    """The session is still one of the owner's, left open or phished."""
    return takes_off(attacker, victim)


def by_deleting_all(attacker, me, victim, third):
    signs_in(attacker, me)
    return deletes(attacker)


def six_days_later(attacker, me, victim, third):
    attacker.clock.shift(WEEK - 60)
    signs_in(attacker, me)
    return takes_off(attacker, victim)


def with_one_more(attacker, me, victim, third):
    """A second newcomer, who is to do it."""
    adds(attacker, third)
    signs_in(attacker, third)
    return takes_off(attacker, victim)


def by_a_merge_with_my_own(attacker, me, victim, third):
    """The newcomer's session makes the account one with another of the attacker's."""
    own = Browser(attacker.app)
    signs_in(own, third)
    signs_in(attacker, me)
    makes_one(attacker, third)
    takes_off(attacker, victim)
    signs_in(own, third)
    takes_off(own, victim)
    return deletes(own)


def by_a_merge_that_is_taken_back(attacker, me, victim, third):
    own = Browser(attacker.app)
    signs_in(own, third)
    signs_in(attacker, me)
    makes_one(attacker, third)
    takes_back(attacker)
    signs_in(attacker, me)
    takes_off(attacker, victim)
    return deletes(attacker)


def by_coming_again(attacker, me, victim, third):
    """Off and on again: who came counts anew."""
    takes_off(attacker, me)
    attacker.clock.shift(WEEK)
    signs_in(attacker, victim)
    adds(attacker, me)
    signs_in(attacker, me)
    return takes_off(attacker, victim)


def by_another_door(attacker, me, victim, third):
    """The newcomer again, by the account inside WeChat: the same person, not older."""
    attacker.headers = {**attacker.headers, "User-Agent": WECHAT_IPHONE}
    attacker.goes_to(me.opens(Started.at(attacker.get("/login/h5").location)))
    return takes_off(attacker, victim)


def many_times(attacker, me, victim, third):
    signs_in(attacker, me)
    return {takes_off(attacker, victim) for _ in range(5)}


ATTACKS = [
    through_the_newcomer,
    through_the_older_one,
    by_deleting_all,
    six_days_later,
    with_one_more,
    by_a_merge_with_my_own,
    by_a_merge_that_is_taken_back,
    by_coming_again,
    by_another_door,
    many_times,
]


def named(attack: Attack) -> str:
    return attack.__name__


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_a_newcomer_pushes_nobody_out(
    app, owner, uid, xiaoming, lihua, jose, clock, attack
):
    """The attacker had the owner's browser for a minute and added his own WeChat."""
    attacker = owner.copy()
    attacker.clock = clock
    adds(attacker, lihua)
    attack(attacker, lihua, xiaoming, jose)
    again = Browser(app)
    signs_in(again, xiaoming)
    who = again.who()
    assert uid in (who["uid"], *who["former_uids"])
    alone_again(again, xiaoming, lihua, jose)
    assert again.who()["uid"] == uid


def alone_again(browser: Browser, me: Phone, *others: Phone) -> None:
    """The owner takes back and takes off whatever there is."""
    with browser.app.app_context():
        merges = [row.id for row in db.session.query(Merge).order_by(Merge.id)]
    for number in merges:
        browser.post(f"/me/identities/merges/{number}/undo")
        signs_in(browser, me)
    for other in others:
        takes_off(browser, other)
    assert [one["app"] for one in browser.who()["identities"]] == ["web"]


def off_by_who_asked(attacker, me, victim, third):
    return takes_off(attacker, victim)


def by_deleting_what_became_one(attacker, me, victim, third):
    return deletes(attacker)


def by_a_third_account(attacker, me, victim, third):
    own = Browser(attacker.app)
    signs_in(own, third)
    makes_one(attacker, third)
    takes_off(attacker, victim)
    signs_in(own, third)
    takes_off(own, victim)
    return deletes(own)


def by_taking_myself_off(attacker, me, victim, third):
    """What is left is the victim's, whatever account it lies in."""
    return takes_off(attacker, me)


def by_a_newcomer(attacker, me, victim, third):
    adds(attacker, third)
    signs_in(attacker, third)
    takes_off(attacker, victim)
    return deletes(attacker)


PHISHED = [
    off_by_who_asked,
    by_deleting_what_became_one,
    by_a_third_account,
    by_taking_myself_off,
    by_a_newcomer,
]


@pytest.mark.parametrize("older", ["victim", "attacker"])
@pytest.mark.parametrize("attack", PHISHED, ids=named)
def test_a_scan_that_was_begged_for_costs_nobody_the_account(
    app, xiaoming, lihua, jose, attack, older
):
    """The victim took the code of a linking for a login. Which of the two accounts
    is older is the attacker's choice."""
    victim, attacker = Browser(app), Browser(app)
    pair = [(victim, xiaoming), (attacker, lihua)]
    for browser, phone in pair if older == "victim" else reversed(pair):
        signs_in(browser, phone)
    uid = victim.who()["uid"]
    makes_one(attacker, xiaoming)
    attack(attacker, lihua, xiaoming, jose)
    again = Browser(app)
    signs_in(again, xiaoming)
    assert uid in (again.who()["uid"], *again.who()["former_uids"])
    alone_again(again, xiaoming, jose, lihua)
    assert again.who()["uid"] == uid


def test_after_seven_days_everybody_is_at_home(owner, uid, xiaoming, lihua, clock):
    adds(owner, lihua)
    clock.shift(WEEK + 1)
    signs_in(owner, lihua)
    assert owner.who()["uid"] == uid
    assert takes_off(owner, xiaoming) == 303
    assert owner.who()["uid"] == uid


def test_a_newcomer_takes_no_copy_of_what_was_there_before(app, owner, lihua, clock):
    adds(owner, lihua)
    newcomer = Browser(app)
    signs_in(newcomer, lihua)
    assert newcomer.get("/me/data").status_code == 409
    assert owner.get("/me/data").status_code == 200
    clock.shift(WEEK + 1)
    signs_in(newcomer, lihua)
    assert newcomer.get("/me/data").status_code == 200


def test_what_is_refused_says_why(owner, xiaoming, lihua):
    adds(owner, lihua)
    number = identity(owner.app, xiaoming)
    path = f"/me/identities/{number}/remove"
    english = owner.post(path, headers=ENGLISH)
    assert english.status_code == 409
    assert "Not in the first seven days" in english.text
    chinese = owner.post(path, headers=CHINESE)
    assert "加入未满七天" in chinese.text
    page = owner.get("/me").text
    assert f"/me/identities/{number}/remove" not in page
    assert f"/me/identities/{identity(owner.app, lihua)}/remove" in page


def test_taking_off_asks_for_a_fresh_login(owner, xiaoming, lihua, clock):
    adds(owner, lihua)
    clock.shift(301)
    assert takes_off(owner, lihua) == 403
    signs_in(owner, xiaoming)
    assert takes_off(owner, lihua) == 303


def test_taking_a_merge_back_asks_for_a_fresh_login_and_seven_days_at_most(
    app, owner, xiaoming, lihua, clock
):
    other = Browser(app)
    signs_in(other, lihua)
    makes_one(owner, lihua)
    clock.shift(301)
    assert takes_back(owner) == 403
    clock.shift(WEEK)
    signs_in(owner, xiaoming)
    assert takes_back(owner) == 404
    assert "undo" not in owner.get("/me").text


def test_nobody_takes_back_a_merge_of_others(app, owner, lihua, jose):
    """security row 55"""
    other = Browser(app)
    signs_in(other, lihua)
    makes_one(owner, lihua)
    stranger = Browser(app)
    signs_in(stranger, jose)
    assert takes_back(stranger) == 404
    assert takes_back(Browser(app)) == 401
    assert len(owner.who()["identities"]) == 2


def news_of(answer) -> str:
    assert answer.status_code == 303
    parts = urlsplit(answer.location)
    assert parts.path.startswith("/me/identities/news/"), answer.location
    assert parts.query == "next=/orders"
    return answer.location


def test_the_older_wechat_hears_once_and_takes_the_newcomer_off(
    app, owner, uid, xiaoming, lihua
):
    adds(owner.copy(), lihua)
    again = Browser(app)
    news = news_of(signs_in(again, xiaoming))
    english, chinese = (
        again.get(news, headers=ENGLISH),
        again.get(news, headers=CHINESE),
    )
    assert "Another WeChat was added to your account" in english.text
    assert "<bdi>李华</bdi>" in english.text
    assert "你的账号添加了另一个微信" in chinese.text
    assert 'href="/orders"' in english.text
    form = re.search(r'action="(/me/identities/\d+/remove)"', english.text)[1]
    assert form == f"/me/identities/{identity(app, lihua)}/remove"
    assert signs_in(again, xiaoming).location == "/orders"
    answer = again.post(form, data={"next": "/orders"})
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert again.get(news).location == "/orders"
    assert [again.who()["uid"], len(again.who()["identities"])] == [uid, 1]
    other = Browser(app)
    signs_in(other, lihua)
    assert other.who()["uid"] != uid


def test_the_newcomer_hears_whose_account_it_is(app, owner, uid, lihua):
    adds(owner, lihua)
    again = Browser(app)
    page = again.get(news_of(signs_in(again, lihua)), headers=ENGLISH)
    assert "This WeChat was added to an account" in page.text
    assert "<bdi>小明😀</bdi>" in page.text
    form = re.search(r'action="(/me/identities/\d+/remove)"', page.text)[1]
    assert again.post(form, data={"next": "/orders"}).location == "/orders"
    assert again.who() is None
    assert signs_in(again, lihua).location == "/orders"
    assert again.who()["uid"] != uid


def test_both_sides_of_a_merge_hear_of_it(app, owner, uid, xiaoming, lihua):
    other = Browser(app)
    signs_in(other, lihua)
    theirs = other.who()["uid"]
    makes_one(owner, lihua)
    for phone, name in ((xiaoming, "李华"), (lihua, "小明😀")):
        again = Browser(app)
        page = again.get(news_of(signs_in(again, phone)), headers=ENGLISH)
        assert f"<bdi>{name}</bdi>" in page.text
        assert "Your account and another one are one now" in page.text
    form = re.search(r'action="(/me/identities/merges/\d+/undo)"', page.text)[1]
    answer = again.post(form, data={"next": "/orders"})
    assert (answer.status_code, answer.location) == (303, "/orders")
    for phone, expected in ((xiaoming, uid), (lihua, theirs)):
        signs_in(again, phone)
        assert again.who()["uid"] == expected
        assert again.who()["former_uids"] == []


def test_the_news_comes_after_the_name_inside_wechat(app, owner, xiaoming, lihua):
    """A silent sign-in with an upgrade is one sign-in to the person."""
    adds(owner, lihua)
    inside = Browser(app)
    inside.headers = {**inside.headers, "User-Agent": WECHAT_IPHONE}
    path = "/login?scope=snsapi_userinfo&next=/orders"
    service_of(app).settings.__dict__["profile_fresh"] = 0
    answer = inside.goes_to(xiaoming.opens(Started.at(inside.get(path).location)))
    assert answer.status_code == 302
    news_of(inside.goes_to(xiaoming.opens(Started.at(answer.location))))


def test_news_is_for_who_signed_in_and_for_nobody_else(app, owner, lihua, jose):
    adds(owner, lihua)
    stranger = Browser(app)
    signs_in(stranger, jose)
    for other in (stranger, Browser(app)):
        for about in (identity(app, lihua), 0, 10**18):
            answer = other.get(f"/me/identities/news/{about}?next=/orders")
            assert (answer.status_code, answer.location) == (303, "/orders")


def test_one_wechat_by_many_doors_is_no_news(app, owner, xiaoming):
    inside = Browser(app)
    inside.headers = {**inside.headers, "User-Agent": WECHAT_IPHONE}
    inside.goes_to(xiaoming.opens(Started.at(inside.get("/login/h5").location)))
    assert signs_in(Browser(app), xiaoming).location == "/orders"
    assert rows(app, User) == 1


@pytest.mark.parametrize("cookie", ["came", "was lost"])
def test_the_news_survives_a_callback_that_comes_twice(app, owner, lihua, cookie):
    """The first answer never showed."""
    adds(owner, lihua)
    again = Browser(app)
    started = again.starts("/orders")
    before, code = again.copy(), lihua.confirms(started)
    again.returns(started, code)
    news_of((again if cookie == "came" else before).returns(started, code))


def test_the_newcomer_hears_it_by_another_door_as_well(app, owner, lihua):
    """Known by the unionid alone, at the first visit to the account inside WeChat."""
    adds(owner, lihua)
    inside = Browser(app)
    inside.headers = {**inside.headers, "User-Agent": WECHAT_IPHONE}
    path = "/login/h5?scope=snsapi_userinfo&next=/orders"
    answer = inside.goes_to(lihua.opens(Started.at(inside.get(path).location)))
    news_of(answer)
    assert rows(app, User) == 1
