"""One person through every door is one account."""

from tests.support.journey import Browser, Started
from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.accounts.models import Identity, User
from wxlogin.db import db
from wxlogin.wechat.endpoints import SCOPE_USERINFO


def by_qr(app, phone) -> str:
    browser = Browser(app)
    started = browser.starts()
    browser.returns(started, phone.confirms(started))
    return browser.who()["uid"]


def by_embedded_code(app, phone) -> str:
    browser = Browser(app)
    page = browser.get("/login/embed").text
    url = page.partition('id="frame" src="')[2].partition('"')[0]
    started = Started.at(url.replace("&amp;", "&"))
    browser.returns(started, phone.confirms(started))
    return browser.who()["uid"]


def inside_wechat(app, phone) -> str:
    browser = Browser(app)
    browser.headers["User-Agent"] = WECHAT_IPHONE
    answer = browser.get("/login")
    while answer.status_code == 302:
        answer = browser.goes_to(phone.opens(Started.at(answer.location)))
    return browser.who()["uid"]


def by_native_app(app, phone) -> str:
    world = phone.simulator.world
    code = world.grants.issue_code(
        world.registry.app("app"), phone.person, SCOPE_USERINFO
    )
    body = {"code": code, "attempt": "one-installation-0123"}
    answer = app.test_client().post("/api/mobile/app/login", json=body)
    return answer.get_json()["user"]["uid"]


def test_every_door_leads_to_the_same_account(app, xiaoming, lihua):
    doors = (by_qr, by_embedded_code, inside_wechat, by_native_app)
    assert len({door(app, xiaoming) for door in doors}) == 1
    assert len({door(app, lihua) for door in reversed(doors)}) == 1
    with app.app_context():
        assert db.session.query(User).count() == 2
        # One openid per app; the two QR doors share one.
        assert db.session.query(Identity).count() == 6
