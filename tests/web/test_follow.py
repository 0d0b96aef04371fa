"""Follow to sign in: a code of the account, its chat that asks, a page behind it."""

from collections.abc import Iterator

import pytest

from tests.support.journey import Browser, Phone, calls
from tests.web.following_door import Follower, FollowPage
from tests.web.pushes import Post, rows, settle
from tests.web.scanning import ELSEWHERE, refusal
from wxlogin.accounts.models import Session, User
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.config.demo import demo_apps
from wxlogin.flows import follow, push_inbox
from wxlogin.simulator.world import happenings, ids
from wxlogin.simulator.world.push_crypto import unseal
from wxlogin.wechat.pushes import Push

OA = "wx0000000000000a02"
OPENID = ids.openid(OA, "xiaoming")
CREATE = "/cgi-bin/qrcode/create"


@pytest.fixture
def wechat(app, simulator) -> Iterator[Post]:
    with Post(app, simulator) as post:
        yield post


@pytest.fixture
def page(browser) -> FollowPage:
    page = FollowPage(browser)
    assert page.opens().status_code == 200
    return page


@pytest.fixture
def xiaoming(wechat, app) -> Follower:
    return Follower(wechat, app)


@pytest.fixture
def lihua(wechat, app) -> Follower:
    return Follower(wechat, app, "lihua")


# -- the way --


@pytest.mark.parametrize("event", ["SCAN", "subscribe"])
def test_who_scans_and_confirms_signs_the_browser_in(app, page, xiaoming, event):
    """security row 79: an event of a follower, and one of who follows by the code."""
    assert page.state == "waiting"
    assert xiaoming.scans(page, event).status_code == 200
    assert page.state == "scanned"
    asked = xiaoming.taps()
    assert "Chrome · Linux" in asked.text and "203.0.113.x" in asked.text
    assert page.state == "scanned"
    assert page.browser.who() is None
    assert xiaoming.answers("confirm", page).status_code == 303
    assert page.state == "confirmed"
    assert "Confirmed" in xiaoming.taps().text
    assert page.claims().get_json() == {"next": "/orders"}
    me = page.browser.who()
    assert [one["openid"] for one in me["identities"]] == [OPENID]
    with app.app_context():
        [login] = recent_logins(rows(app, User)[0].id)
    assert (login.door, login.address) == ("follow", page.address)
    # The phone's browser is signed in nowhere.
    assert xiaoming.browser.who() is None
    assert len(rows(app, Session)) == 1


def test_the_whole_way_through_a_code_that_wechat_made(simulator, page, xiaoming):
    image = page.looks("image")
    assert (image.status_code, image.mimetype) == (200, "image/svg+xml")
    assert page.looks("image").data == image.data
    assert len(calls(simulator, CREATE)) == 1
    world = simulator.world
    [code] = world.account_codes.on_show()
    assert code.scene == page.ticket
    assert 290 < code.ends - world.clock.now() <= 300
    assert happenings.scan_account(world, code, "xiaoming") == happenings.ASKS
    assert page.state == "waiting"
    happenings.follow(world, world.registry.app("oa"), "xiaoming", code)
    assert page.state == "scanned"
    xiaoming.taps()
    xiaoming.answers("confirm", page)
    assert page.claims().status_code == 200


def test_it_is_the_person_of_the_qr_code(app, simulator, page, xiaoming):
    web, me = Browser(app), Phone(simulator, "xiaoming")
    started = web.starts()
    web.returns(started, me.confirms(started))
    xiaoming.signs_in(page)
    assert page.browser.who()["uid"] == web.who()["uid"]


def test_two_followers_without_a_unionid_are_two_users(app, simulator, browser):
    """case 22: of an account on no open platform."""
    with Post(app, simulator, "lone") as wechat:
        for person, each in (("xiaoming", browser), ("lihua", Browser(app))):
            page = FollowPage(each)
            page.opens(app="lone")
            Follower(wechat, app, person).signs_in(page, "subscribe")
    assert len(rows(app, User)) == 2


def test_on_a_desktop_it_is_a_side_door(browser, app_for, settings_for):
    link = '<a href="/login/follow?app=oa&amp;next=/orders">'
    assert link in browser.get("/login?next=/orders").text
    accounts = tuple(app for app in settings_for().apps if app.name == "oa")
    alone = Browser(app_for(apps=accounts, simulator="on"))
    page = alone.get("/login?next=/orders", follow_redirects=True)
    assert link in page.text


# -- what the chat says --


def test_the_chat_names_site_place_and_time(page, xiaoming):
    xiaoming.scans(page)
    [text] = xiaoming.chat
    assert "Chrome · Linux" in text
    assert "203.0.113.x" in text and "203.0.113.7" not in text
    assert f"http://127.0.0.1:5000/login/follow/{page.ticket}/phone" in text
    assert OPENID not in text


def test_each_delivery_has_the_same_answer(wechat, page, xiaoming):
    """case 11: the same bytes once more, and encrypted anew."""
    wechat.pushes("SCAN", key=page.ticket, faults=("duplicate",))
    first, other = wechat.answers
    assert first.mimetype == "text/xml"
    assert first.data != other.data
    assert _opened(first) == _opened(other)
    again = wechat.again(wechat.letters[-1])
    assert (again.status_code, again.data) == (200, other.data)
    assert page.told["version"] == 2


def _opened(answer) -> bytes:
    encrypt = answer.data.split(b"<Encrypt><![CDATA[")[1].split(b"]]")[0].decode()
    return unseal(encrypt, demo_apps()[1].aes_key)[0]


def test_who_scans_a_code_that_is_used_is_told_so(page, xiaoming, lihua):
    xiaoming.scans(page)
    lihua.scans(page)
    assert "已使用" in lihua.chat[-1]
    assert "http" not in lihua.chat[-1]
    xiaoming.taps()
    assert xiaoming.answers("confirm", page).status_code == 303


# -- what signs nobody in --


def test_a_scan_alone_signs_nobody_in(app, page, xiaoming):
    """security row 79: nor does opening the link."""
    xiaoming.scans(page)
    for _ in range(3):
        assert xiaoming.taps().status_code == 200
        assert refusal(page.claims()) == (409, "scan_order")
    assert page.state == "scanned"
    assert rows(app, User) == []


@pytest.mark.parametrize(
    "scene", ["", "0", "login_8f_2c", "qrscene_x", "x" * 22, "a b", "茶", "x" * 900]
)
def test_a_foreign_scene_does_nothing(wechat, page, scene):
    for event in ("SCAN", "subscribe"):
        answer = wechat.pushes(event, key=scene)
        assert (answer.status_code, answer.data) == (200, b"success")
    assert page.state == "waiting"


def test_another_accounts_scene_does_nothing(app, simulator, page):
    with Post(app, simulator, "lone") as lone:
        answer = lone.pushes("SCAN", key=page.ticket)
    assert (answer.status_code, answer.data) == (200, b"success")
    assert page.state == "waiting"


def test_an_expired_code_does_nothing(clock, wechat, page, xiaoming):
    clock.shift(301)
    answer = xiaoming.scans(page)
    assert (answer.status_code, answer.data) == (200, b"success")
    assert page.state == "expired"


def test_a_mini_programs_code_is_none_of_the_account(wechat, browser, xiaoming):
    page = FollowPage(browser)
    text = browser.get("/login/scan?next=/orders").text
    page.ticket = text.split('data-ticket="')[1][:22]
    answer = xiaoming.scans(page)
    assert (answer.status_code, answer.data) == (200, b"success")
    assert refusal(page.looks("state")) == (404, "scan_unknown")


def test_an_account_without_sealed_pushes_has_no_such_door(app_for, simulator):
    """A plain push proves nobody."""
    plain = demo_apps()[1].model_copy(update={"aes_key": None})
    app = app_for(apps=[plain])
    assert Browser(app).get("/login/follow").status_code == 404
    simulator.world.switch(push_mode="plain")
    with Post(app, simulator) as wechat:
        answer = wechat.pushes("SCAN", key="x" * 22)
    assert answer.data == b"success"


def test_what_is_not_sealed_marks_nothing(app, page):
    """Were there a ticket all the same: its sender proves nobody."""
    told = {"MsgType": "event", "Event": "SCAN", "EventKey": page.ticket}
    push = Push({**told, "FromUserName": OPENID, "CreateTime": "1700000000"})
    plain = demo_apps()[1].model_copy(update={"aes_key": None})
    with app.app_context():
        assert follow.heard(plain, push) is None
        assert page.state == "waiting"
        assert follow.heard(demo_apps()[1], push).scene == page.ticket
    assert page.state == "scanned"


# -- who may look, who may confirm --


@pytest.mark.parametrize("what", ["state", "events", "image", "face"])
def test_the_scene_alone_shows_nothing(page, xiaoming, other_browser, what):
    """case 22"""
    xiaoming.scans(page)
    stranger = FollowPage(other_browser, ticket=page.ticket)
    assert refusal(stranger.looks(what)) == (404, "scan_unknown")
    assert refusal(stranger.claims()) == (404, "scan_unknown")


def test_each_browser_has_a_code_of_its_own(page, other_browser):
    """case 22"""
    before, other = page.ticket, FollowPage(other_browser)
    other.opens()
    assert other.ticket != before
    page.opens()
    assert page.ticket == before


def test_only_who_scanned_is_asked(page, xiaoming, lihua):
    xiaoming.scans(page)
    answer = lihua.taps(xiaoming.link)
    assert answer.status_code == 403
    assert lihua.answers("confirm", page).status_code == 403
    assert lihua.answers("refuse", page).status_code == 403
    assert page.state == "scanned"


def test_without_wechats_word_nobody_confirms(page, xiaoming):
    """The link and the scan are not enough."""
    xiaoming.scans(page)
    assert xiaoming.answers("confirm", page).status_code == 403
    assert page.state == "scanned"


def test_a_browser_that_loses_its_cookie_is_not_led_in_circles(page, xiaoming):
    xiaoming.scans(page)
    xiaoming.taps()
    xiaoming.browser.client.delete_cookie("wxlogin_proof", domain="127.0.0.1")
    answer = xiaoming.gets(f"{xiaoming.link}?proven=1")
    assert answer.status_code == 400


def test_another_page_cannot_press_the_button(page, xiaoming):
    xiaoming.scans(page)
    xiaoming.taps()
    path = f"/login/follow/{page.ticket}/phone/confirm"
    answer = xiaoming.browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert page.state == "scanned"


def test_who_opens_the_page_before_the_scan(page, xiaoming):
    link = f"http://127.0.0.1:5000/login/follow/{page.ticket}/phone"
    assert xiaoming.taps(link).status_code == 409
    assert page.state == "waiting"


def test_a_refusal_is_the_end(page, xiaoming):
    xiaoming.scans(page)
    xiaoming.taps()
    assert xiaoming.answers("refuse", page).status_code == 303
    assert "Refused" in xiaoming.taps().text
    assert page.state == "refused"
    assert refusal(page.claims()) == (410, "scan_over")


def test_a_phone_elsewhere_brings_the_browsers_number(page, xiaoming):
    """security row 74"""
    xiaoming.address = ELSEWHERE
    xiaoming.scans(page)
    assert "number" not in page.told
    asked = xiaoming.taps().text
    number = page.told["number"]
    assert 'name="number"' in asked and f">{number}<" not in asked
    assert xiaoming.answers("confirm", page).status_code == 403
    wrong = next(n for n in ("10", "99") if n != number)
    again = xiaoming.answers("confirm", page, wrong)
    assert again.status_code == 403 and "another number" in again.text
    wide = f" {number} ".translate({48 + n: 0xFF10 + n for n in range(10)})
    assert xiaoming.answers("confirm", page, wide).status_code == 303
    assert page.state == "confirmed"


def test_three_wrong_numbers_and_the_code_is_dead(page, xiaoming):
    """security row 74"""
    xiaoming.address = ELSEWHERE
    xiaoming.scans(page)
    xiaoming.taps()
    for _ in range(3):
        assert xiaoming.answers("confirm", page, "7").status_code == 403
    assert page.state == "refused"
    assert "Refused" in xiaoming.taps().text


# -- what goes wrong --


@pytest.mark.parametrize(("errcode", "code"), [(48001, 502), (45009, 503)])
def test_why_there_is_no_code(simulator, page, errcode, code):
    simulator.world.switch(errcode={"path": CREATE, "errcode": errcode})
    answer = page.looks("image")
    assert answer.status_code == code
    assert answer.get_json()["title"]
    page.looks("image")
    # What the account may not, or not today, is not asked for by everybody.
    assert len(calls(simulator, CREATE)) == 1


def test_a_push_that_was_left_is_marked_by_another_worker(
    app, wechat, page, xiaoming, monkeypatch
):
    """security row 85"""
    with monkeypatch.context() as away:
        away.setattr(push_inbox, "work", lambda push_id: False)
        away.setattr("wxlogin.flows.chat.follow.heard", lambda app, push: None)
        assert xiaoming.scans(page).data == b"success"
    assert page.state == "waiting"
    with app.app_context():
        assert push_inbox.work_due() == 1
    assert page.state == "scanned"


def test_a_ticket_store_that_is_away_leaves_the_chat_silent(
    page, xiaoming, monkeypatch, app
):
    def away(key):
        raise RuntimeError("away")

    with monkeypatch.context() as broken:
        broken.setattr(follow._heard, "get", away)
        assert xiaoming.scans(page).data == b"success"
        settle(app)
    assert page.state == "waiting"


def test_a_stranger_about_whom_wechat_is_silent_tries_again(
    simulator, wechat, page, xiaoming
):
    """A second account would be the price."""
    xiaoming.scans(page)
    xiaoming.taps()
    simulator.world.switch(
        errcode={"path": "/cgi-bin/user/info", "errcode": -1, "times": 9}
    )
    assert xiaoming.answers("confirm", page).status_code == 503
    assert page.state == "scanned"
    simulator.world.switch(errcode=None)
    assert xiaoming.answers("confirm", page).status_code == 303
