"""The account page, and deleting the account."""

import pytest

from tests.support.journey import ENGLISH, EXCHANGE, Browser, calls
from wxlogin.accounts.models import Grant, Identity, LoginEvent, Session, UnionId, User
from wxlogin.db import db

EVERYTHING = (User, Identity, UnionId, Grant, Session, LoginEvent)


def counts(app) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in EVERYTHING]


def test_a_stranger_is_led_to_sign_in_and_back(browser, xiaoming):
    answer = browser.get("/me")
    assert (answer.status_code, answer.location) == (303, "/login?next=/me")
    started = browser.starts(next_url="/me")
    assert browser.returns(started, xiaoming.confirms(started)).location == "/me"


def test_the_page_shows_what_is_known(signed_in):
    page = signed_in.get("/me", headers=ENGLISH).text
    uid = signed_in.who()["uid"]
    for text in ("小明😀", uid, "Website, QR code", "Chrome · Linux", "127.0.0.1"):
        assert text in page
    assert "this browser" in page


@pytest.mark.parametrize(
    "path", ["/me/profile", "/me/sessions/1/end", "/me/sessions/end", "/me/delete"]
)
def test_without_a_session_every_act_leads_to_sign_in(browser, path, simulator):
    answer = browser.post(path, data={"sure": "yes"})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert calls(simulator) == []


def test_deleting_leaves_nothing_and_a_new_account_begins(
    signed_in, app, xiaoming, simulator
):
    """security row 39"""
    uid = signed_in.who()["uid"]
    answer = signed_in.post("/me/delete", data={"sure": "yes"})
    assert (answer.status_code, answer.location) == (303, "/me/deleted")
    assert signed_in.get("/me/deleted").status_code == 200
    assert counts(app) == [0] * len(EVERYTHING)
    assert signed_in.who() is None
    started = signed_in.starts()
    signed_in.returns(started, xiaoming.confirms(started))
    assert signed_in.who()["uid"] != uid
    assert len(calls(simulator, EXCHANGE)) == 2


def test_deleting_needs_the_box(signed_in, app):
    before = counts(app)
    answer = signed_in.post("/me/delete", headers=ENGLISH)
    assert (answer.status_code, answer.location) == (303, "/me")
    assert "Nothing was deleted" in signed_in.get("/me").text
    assert counts(app) == before


def test_deleting_needs_a_sign_in_of_the_last_five_minutes(
    signed_in, app, clock, xiaoming
):
    clock.shift(301)
    before = counts(app)
    answer = signed_in.post("/me/delete", data={"sure": "yes"}, headers=ENGLISH)
    assert answer.status_code == 403
    assert "Please sign in once more" in answer.text
    assert "Nothing was changed" in answer.text
    assert 'href="/login' in answer.text
    assert counts(app) == before
    # What the page asks for, and then it works.
    started = signed_in.starts()
    signed_in.returns(started, xiaoming.confirms(started))
    answer = signed_in.post("/me/delete", data={"sure": "yes"})
    assert answer.location == "/me/deleted"


def test_another_session_of_a_deleted_account_is_over(
    signed_in, other_browser, xiaoming
):
    started = other_browser.starts()
    other_browser.returns(started, xiaoming.confirms(started))
    signed_in.post("/me/delete", data={"sure": "yes"})
    assert other_browser.who() is None
    assert other_browser.get("/me").status_code == 303


def test_a_form_cannot_say_whose_account_it_is(signed_in, app, lihua):
    """security row 55"""
    victim = Browser(app)
    started = victim.starts()
    victim.returns(started, lihua.confirms(started))
    uid = victim.who()["uid"]
    form = {"sure": "yes", "uid": uid, "user_id": "2", "is_admin": "1"}
    signed_in.post("/me/delete", data=form)
    assert victim.who()["uid"] == uid
    assert signed_in.who() is None


def test_sign_in_page_knows_who_is_signed_in(signed_in):
    page = signed_in.get("/login?next=/orders", headers=ENGLISH).text
    assert "You are signed in as <bdi>小明😀</bdi>" in page
    assert 'href="/orders"' in page
    # Behind a colon of Chinese stands no blank.
    assert "当前登录：<bdi>小明😀</bdi>" in signed_in.get("/login").text
