"""Adding another WeChat person, taking one off, merging by choice."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import EXCHANGE, Browser, Phone, Started, calls
from wxlogin.accounts.models import Identity, Merge, Session, User
from wxlogin.db import db
from wxlogin.service import service_of


def rows(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


def begins_linking(browser: Browser) -> Started:
    answer = browser.post("/me/identities")
    assert answer.status_code == 303, answer.text
    return Started.at(answer.location)


@pytest.fixture
def linked(signed_in: Browser, lihua) -> Browser:
    """小明's account, to which 李华's WeChat was added."""
    started = begins_linking(signed_in)
    answer = signed_in.returns(started, lihua.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/me")
    return signed_in


def identity_ids(app) -> list[int]:
    with app.app_context():
        return [row.id for row in db.session.query(Identity).order_by(Identity.id)]


def test_another_wechat_is_added_to_the_account(linked, app):
    assert rows(app, User) == 1
    assert rows(app, Identity) == 2
    assert linked.who()["nickname"] == "小明😀"


def test_either_wechat_signs_in_to_it(linked, other_browser, lihua):
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))
    assert other_browser.who()["uid"] == linked.who()["uid"]


def test_a_second_arrival_of_the_linking_changes_nothing(signed_in, lihua, app):
    started = begins_linking(signed_in)
    code = lihua.confirms(started)
    first, second = signed_in.returns(started, code), signed_in.returns(started, code)
    assert [first.status_code, second.status_code] == [303, 303]
    assert rows(app, Identity) == 2
    assert signed_in.who()


def test_a_linking_that_arrives_twice_at_once_keeps_the_browser_signed_in(
    signed_in, lihua, app, simulator
):
    started = begins_linking(signed_in)
    path = started.with_code(lihua.confirms(started))
    simulator.world.switch(latency_ms=200)
    copies = [signed_in.copy() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda copy: copy.get(path), copies))
    assert [answer.status_code for answer in answers] == [303, 303]
    # Whichever answer the browser took to be the last one.
    assert all(copy.who() for copy in copies)
    assert rows(app, Identity) == 2


def test_the_sessions_secret_is_a_new_one_after_linking(signed_in, lihua):
    """security row 20"""
    before = signed_in.copy()
    started = begins_linking(signed_in)
    signed_in.returns(started, lihua.confirms(started))
    assert signed_in.who()
    assert before.who() is None


def test_who_signs_out_while_wechat_is_asked_gets_nothing_added(
    signed_in, lihua, app, monkeypatch
):
    """security row 24: a session that was ended adds nobody any more"""
    started = begins_linking(signed_in)
    path = started.with_code(lihua.confirms(started))
    owner, wechat = signed_in.copy(), service_of(app).wechat
    exchange = wechat.exchange

    def answers_too_late(*args, **more):
        assert owner.post("/me/sessions/end").status_code == 303
        return exchange(*args, **more)

    monkeypatch.setattr(wechat, "exchange", answers_too_late)
    assert signed_in.get(path).status_code == 401
    assert rows(app, Identity) == 1


def test_adding_oneself_changes_nothing(signed_in, xiaoming, app):
    started = begins_linking(signed_in)
    assert signed_in.returns(started, xiaoming.confirms(started)).status_code == 303
    assert rows(app, Identity) == 1


def test_linking_asks_for_a_fresh_login(signed_in, clock, app):
    """security row 49"""
    clock.shift(301)
    answer = signed_in.post("/me/identities")
    assert answer.status_code == 403
    assert rows(app, Identity) == 1


def test_a_linking_is_worth_nothing_in_another_session(
    signed_in, other_browser, xiaoming, lihua, simulator, app
):
    """security row 11: the state of a linking belongs to the session that made it"""
    started = begins_linking(signed_in)
    copy = signed_in.copy()
    copy.post("/logout")
    before = len(calls(simulator, EXCHANGE))
    assert copy.returns(started, lihua.confirms(started)).status_code == 401
    assert other_browser.returns(started, "any").status_code == 400
    assert len(calls(simulator, EXCHANGE)) == before
    assert rows(app, Identity) == 1


def with_two_accounts(signed_in, other_browser, lihua) -> None:
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))


def asks(signed_in, lihua):
    started = begins_linking(signed_in)
    return signed_in.returns(started, lihua.confirms(started))


def says_yes(browser: Browser, page: str | None = None):
    """Sends the form of the question's page, as it is now or as it was."""
    page = page or browser.get("/me/identities/merge").text
    other = re.search(r'name="other" value="(\w+)"', page).group(1)
    form = {"answer": "yes", "other": other}
    return browser.post("/me/identities/merge", data=form)


def test_where_both_have_accounts_a_page_names_both(
    signed_in, other_browser, lihua, app
):
    with_two_accounts(signed_in, other_browser, lihua)
    started = begins_linking(signed_in)
    code = lihua.confirms(started)
    answer = signed_in.returns(started, code)
    assert answer.location == "/me/identities/merge"
    # The question is not lost where WeChat's browser comes back twice.
    assert signed_in.returns(started, code).location == answer.location
    page = signed_in.get(answer.location).text
    assert "小明😀" in page
    assert "李华" in page
    assert rows(app, User) == 2
    assert rows(app, Merge) == 0


def test_yes_makes_them_one(signed_in, other_browser, lihua, app):
    with_two_accounts(signed_in, other_browser, lihua)
    asks(signed_in, lihua)
    answer = says_yes(signed_in)
    assert (answer.status_code, answer.location) == (303, "/me")
    who = signed_in.who()
    assert len(who["identities"]) == 2
    assert len(who["former_uids"]) == 1
    # The other account's session ended; its WeChat signs in to the one account.
    assert other_browser.who() is None
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))
    assert other_browser.who()["uid"] == who["uid"]


def test_the_younger_account_may_ask_and_stays_signed_in(
    signed_in, other_browser, lihua, xiaoming
):
    with_two_accounts(signed_in, other_browser, lihua)
    started = begins_linking(other_browser)
    other_browser.returns(started, xiaoming.confirms(started))
    says_yes(other_browser)
    assert other_browser.who()["nickname"] == "小明😀"
    assert len(other_browser.who()["identities"]) == 2


def test_no_leaves_both(signed_in, other_browser, lihua, app):
    with_two_accounts(signed_in, other_browser, lihua)
    asks(signed_in, lihua)
    signed_in.post("/me/identities/merge", data={"answer": "no"})
    assert rows(app, Merge) == 0
    assert signed_in.get("/me/identities/merge").status_code == 404
    answer = signed_in.post("/me/identities/merge", data={"answer": "yes"})
    assert answer.status_code == 404
    assert rows(app, Merge) == 0


def test_a_yes_is_for_the_account_that_the_page_named(
    signed_in, other_browser, lihua, simulator, app
):
    """Another tab has put another question since the page was drawn."""
    jose, third_browser = Phone(simulator, "jose"), Browser(app)
    with_two_accounts(signed_in, other_browser, lihua)
    with_two_accounts(signed_in, third_browser, jose)
    asks(signed_in, lihua)
    page = signed_in.get("/me/identities/merge").text
    asks(signed_in, jose)
    assert says_yes(signed_in, page).status_code == 409
    assert rows(app, Merge) == 0
    asks(signed_in, jose)
    assert says_yes(signed_in).status_code == 303
    assert third_browser.who() is None
    assert other_browser.who()


def test_nobody_else_can_answer_the_question(signed_in, other_browser, lihua, app):
    with_two_accounts(signed_in, other_browser, lihua)
    asks(signed_in, lihua)
    answer = other_browser.post("/me/identities/merge", data={"answer": "yes"})
    assert answer.status_code == 404
    assert rows(app, Merge) == 0


def test_a_wechat_is_taken_off_and_is_a_new_user_next_time(
    linked, other_browser, lihua, app
):
    """security row 52"""
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))
    uid = linked.who()["uid"]
    lihuas = identity_ids(app)[-1]
    assert linked.post(f"/me/identities/{lihuas}/remove").status_code == 303
    # Sessions opened through it are over at once.
    assert other_browser.who() is None
    assert linked.who()["uid"] == uid
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))
    assert other_browser.who()["uid"] != uid


def test_the_last_wechat_stays(signed_in, app):
    """security row 51"""
    (only,) = identity_ids(app)
    assert signed_in.post(f"/me/identities/{only}/remove").status_code == 409
    assert rows(app, Identity) == 1


def test_the_last_wechat_stays_also_when_two_requests_race(linked, app):
    """security row 51"""
    ids = identity_ids(app)
    copies = [linked.copy() for _ in ids]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].post(f"/me/identities/{pair[1]}/remove"),
                zip(copies, ids, strict=True),
            )
        )
    assert rows(app, Identity) == 1
    assert min(answer.status_code for answer in answers) == 303


def test_another_users_wechat_cannot_be_removed(linked, other_browser, simulator, app):
    """security row 55"""
    jose = Phone(simulator, "jose")
    started = other_browser.starts()
    other_browser.returns(started, jose.confirms(started))
    theirs = identity_ids(app)[-1]
    assert linked.post(f"/me/identities/{theirs}/remove").status_code == 404
    assert rows(app, Identity) == 3


def test_an_account_prepared_by_an_attacker_is_not_the_victims(
    signed_in, other_browser, lihua, app
):
    """security row 50: the attacker's open question and session gain nothing"""
    with_two_accounts(signed_in, other_browser, lihua)
    asks(signed_in, lihua)
    # The victim signs in by her own WeChat: her own account, untouched.
    started = other_browser.starts()
    other_browser.returns(started, lihua.confirms(started))
    assert other_browser.who()["nickname"] == "李华"
    assert len(other_browser.who()["identities"]) == 1
    assert rows(app, Session) == 2
