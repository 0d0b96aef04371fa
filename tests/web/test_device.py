"""A computer waits and a phone confirms, where there is an official account only."""

import re

import pytest

from tests.support.journey import CHINESE, Browser, Started, calls
from tests.support.user_agents import WECHAT_ANDROID
from tests.web.following_door import FollowPage, PhoneInHand
from tests.web.pushes import rows
from tests.web.scanning import ELSEWHERE, refusal
from wxlogin.accounts.models import Session, User
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.config.demo import demo_apps
from wxlogin.simulator.world import ids

OA = "wx0000000000000a02"
ACCOUNTS = tuple(one for one in demo_apps() if one.name in ("oa", "lone"))
# As a test account of WeChat's: no address for pushes.
BARE = ACCOUNTS[0].model_copy(update={"aes_key": None, "token": None})


@pytest.fixture
def app(app_for):
    return app_for(apps=ACCOUNTS, simulator="on")


@pytest.fixture
def page(browser) -> FollowPage:
    page = FollowPage(browser, door="device")
    assert page.opens().status_code == 200
    return page


@pytest.fixture
def xiaoming(app, simulator) -> PhoneInHand:
    return PhoneInHand(simulator, app)


@pytest.fixture
def lihua(app, simulator) -> PhoneInHand:
    return PhoneInHand(simulator, app, "lihua")


def link_of(page: FollowPage) -> str:
    return f"http://127.0.0.1:5000/login/device/{page.ticket}/phone"


# -- the way --


def test_a_desktop_without_a_website_app_gets_such_a_code(browser):
    answer = browser.get("/login?next=/orders")
    assert answer.location == "/login/device?app=oa&next=/orders"
    page = browser.goes_to(answer.location)
    assert "用微信扫描二维码，在打开的页面上确认" in page.text


def test_who_confirms_signs_the_computer_in(app, page, xiaoming):
    assert page.state == "waiting"
    asked = xiaoming.opens(link_of(page))
    assert "Sign in to 127.0.0.1:5000 on the computer?" in asked.text
    assert "Chrome · Linux" in asked.text and "203.0.113.x" in asked.text
    assert page.told["state"] == "scanned" and page.told["nickname"] == "小明😀"
    assert page.browser.who() is None
    assert xiaoming.answers("confirm", page).status_code == 303
    assert "Confirmed" in xiaoming.opens(link_of(page)).text
    assert page.claims().get_json() == {"next": "/orders"}
    me = page.browser.who()
    assert me["nickname"] == "小明😀" and me["unionid"]
    assert [one["openid"] for one in me["identities"]] == [ids.openid(OA, "xiaoming")]
    with app.app_context():
        [login] = recent_logins(rows(app, User)[0].id)
    assert (login.door, login.address) == ("device", page.address)
    # The phone's browser is signed in nowhere.
    assert xiaoming.browser.who() is None
    assert len(rows(app, Session)) == 1


def test_wechat_is_asked_for_no_code_and_no_access_token(simulator, page, xiaoming):
    image = page.looks("image")
    assert (image.status_code, image.mimetype) == (200, "image/svg+xml")
    xiaoming.opens(link_of(page))
    xiaoming.answers("confirm", page)
    assert page.claims().status_code == 200
    asked = {call["path"] for call in calls(simulator, None)}
    assert asked == {"/sns/oauth2/access_token", "/sns/userinfo"}
    assert calls(simulator, "/cgi-bin/stable_token") == []


def test_it_works_without_pushes(app_for, simulator):
    """As with each test account of WeChat's."""
    app = app_for(apps=[BARE], simulator="on")
    page = FollowPage(Browser(app), door="device")
    page.opens()
    phone = PhoneInHand(simulator, app)
    phone.opens(link_of(page))
    phone.answers("confirm", page)
    assert page.claims().status_code == 200


def test_it_is_the_person_of_the_pages_inside_wechat(app, page, xiaoming):
    """Known by the openid: WeChat shows no sheet."""
    inside = Browser(app)
    inside.headers = {"User-Agent": WECHAT_ANDROID}
    xiaoming.browser.headers = inside.headers
    xiaoming.opens("http://127.0.0.1:5000/login?next=/me")
    uid = xiaoming.browser.who()["uid"]
    seen = []
    original = xiaoming.phone.opens
    xiaoming.phone.opens = lambda started: seen.append(started.url) or original(started)
    xiaoming.opens(link_of(page))
    assert [re.search(r"scope=(\w+)", url)[1] for url in seen] == ["snsapi_base"]
    xiaoming.answers("confirm", page)
    page.claims()
    assert page.browser.who()["uid"] == uid


def test_two_people_of_an_account_without_unionids_are_two(app, simulator, browser):
    for person, each in (("xiaoming", browser), ("lihua", Browser(app))):
        page = FollowPage(each, door="device")
        page.opens(app="lone")
        phone = PhoneInHand(simulator, app, person)
        phone.opens(link_of(page))
        phone.answers("confirm", page)
        assert page.claims().status_code == 200
    assert len(rows(app, User)) == 2


def test_a_stranger_of_whom_wechat_tells_no_more_is_asked_once(app, simulator, browser):
    """Neither name nor unionid: WeChat's sheet said all there is."""
    page = FollowPage(browser, door="device")
    page.opens(app="lone")
    phone = PhoneInHand(simulator, app, "nobody")
    answer, sheets = phone.gets(link_of(page)), 0
    while answer.status_code in (302, 303):
        place = answer.location
        if "/connect/oauth2/authorize" in place:
            sheets += "snsapi_userinfo" in place
            assert sheets <= 1, "asked again"
            place = phone.phone.opens(Started.at(place))
        answer = phone.gets(place)
    assert answer.status_code == 200 and page.state == "scanned"
    assert phone.answers("confirm", page).status_code == 303
    assert page.claims().status_code == 200
    [user] = rows(app, User)
    assert user.nickname == ""


# -- what signs nobody in --


def test_opening_the_page_signs_nobody_in(app, page, xiaoming):
    """security row 71"""
    for _ in range(3):
        assert xiaoming.opens(link_of(page)).status_code == 200
        assert refusal(page.claims()) == (409, "scan_order")
    assert rows(app, User) == []


def test_before_wechats_word_the_code_is_not_scanned(page, xiaoming):
    """A crawler that opens the link is nobody."""
    assert xiaoming.gets(link_of(page)).status_code == 302
    assert page.state == "waiting"
    assert xiaoming.answers("confirm", page).status_code == 403


def test_a_silent_word_makes_no_account(app, page, xiaoming):
    """A stranger's unionid is asked for first: a second account would be the price."""
    answer = xiaoming.gets(link_of(page))
    back = xiaoming.gets(xiaoming.phone.opens(started_at(answer)))
    asked = xiaoming.gets(back.location)
    assert "scope=snsapi_userinfo" in asked.location
    assert page.state == "waiting"
    assert xiaoming.answers("confirm", page).status_code in (403, 409)
    assert rows(app, User) == []


def test_a_silent_word_after_the_asked_one_makes_no_account(app, page, xiaoming):
    """WeChat's fuller answer has gone with the phone's cookie."""
    xiaoming.opens(link_of(page))
    assert page.state == "scanned"
    xiaoming.browser = Browser(app)
    xiaoming.browser.headers = {"User-Agent": WECHAT_ANDROID}
    answer = xiaoming.gets(link_of(page))
    assert "scope=snsapi_base" in answer.location
    xiaoming.gets(xiaoming.phone.opens(started_at(answer)))
    assert xiaoming.answers("confirm", page).status_code == 403
    assert page.state == "scanned"
    assert rows(app, User) == []


def started_at(answer) -> Started:
    return Started.at(answer.location)


def test_only_the_first_is_asked(page, xiaoming, lihua):
    xiaoming.opens(link_of(page))
    assert lihua.opens(link_of(page)).status_code == 403
    for step in ("confirm", "refuse"):
        assert lihua.answers(step, page).status_code == 403
    assert page.state == "scanned"


def test_the_question_is_a_page(page, xiaoming):
    answer = xiaoming.opens(link_of(page))
    assert answer.mimetype == "text/html"
    outside = xiaoming.browser.get(link_of(page), headers={"User-Agent": "Mozilla"})
    assert outside.mimetype == "text/html"


def test_another_accounts_word_is_none(app, simulator, page):
    """The proof names the openid of one account."""
    other = FollowPage(Browser(app), door="device")
    other.opens(app="lone")
    phone = PhoneInHand(simulator, app)
    phone.opens(link_of(other))
    assert phone.answers("confirm", page).status_code == 403
    assert page.state == "waiting"


def test_another_accounts_word_does_not_take_the_code(app, simulator, page, xiaoming):
    """Else a browser that holds one would spoil a code for whom it is meant."""
    other = FollowPage(Browser(app), door="device")
    other.opens(app="lone")
    phone = PhoneInHand(simulator, app, "lihua")
    phone.opens(link_of(other))
    assert phone.gets(f"{link_of(page)}?proven=1").status_code == 403
    assert page.state == "waiting"
    xiaoming.opens(link_of(page))
    assert xiaoming.answers("confirm", page).status_code == 303


def test_another_page_cannot_press_the_button(page, xiaoming):
    xiaoming.opens(link_of(page))
    path = f"/login/device/{page.ticket}/phone/confirm"
    answer = xiaoming.browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert page.state == "scanned"


@pytest.mark.parametrize("what", ["state", "events", "image", "face"])
def test_the_scene_alone_shows_nothing(page, other_browser, what):
    stranger = FollowPage(other_browser, ticket=page.ticket, door="device")
    assert refusal(stranger.looks(what)) == (404, "scan_unknown")
    assert refusal(stranger.claims()) == (404, "scan_unknown")


def test_a_ticket_of_another_door_is_none(browser, page, xiaoming):
    follow = FollowPage(browser)
    follow.opens()
    assert follow.ticket != page.ticket
    strange = link_of(follow)
    assert xiaoming.gets(strange).status_code == 404
    there = f"/login/follow/{page.ticket}/phone"
    assert xiaoming.gets(f"http://127.0.0.1:5000{there}").status_code == 404


def test_a_phone_elsewhere_brings_the_computers_number(page, xiaoming):
    """security row 74"""
    xiaoming.address = ELSEWHERE
    asked = xiaoming.opens(link_of(page)).text
    number = page.told["number"]
    assert 'name="number"' in asked and f">{number}<" not in asked
    assert xiaoming.answers("confirm", page).status_code == 403
    wrong = next(n for n in ("10", "99") if n != number)
    assert "another number" in xiaoming.answers("confirm", page, wrong).text
    assert xiaoming.answers("confirm", page, number).status_code == 303
    assert page.state == "confirmed"


def test_a_refusal_is_the_end(page, xiaoming):
    xiaoming.opens(link_of(page))
    assert xiaoming.answers("refuse", page).status_code == 303
    assert "Refused" in xiaoming.opens(link_of(page)).text
    assert refusal(page.claims()) == (410, "scan_over")


def test_a_code_that_is_too_old(clock, page, xiaoming):
    clock.shift(301)
    assert xiaoming.opens(link_of(page)).status_code == 410
    assert page.state == "expired"


def test_outside_wechat_the_page_says_where_to_open_it(page, xiaoming):
    """Who scans with a camera, on an iPhone say."""
    safari = Browser(page.browser.app)
    safari.headers = {
        "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)",
        **CHINESE,
    }
    answer = safari.goes_to(link_of(page))
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert "请在微信中打开" in answer.text
    assert f">{link_of(page)}</textarea>" in answer.text
    assert page.state == "waiting"


def test_a_snapshot_visitor_is_nobody(app, simulator, page, xiaoming):
    simulator.world.switch(snapshot=True)
    assert xiaoming.opens(link_of(page)).status_code == 400
    assert page.state == "waiting"
    assert rows(app, User) == []


def test_who_refuses_wechats_sheet_is_not_asked_again(app, simulator, page, xiaoming):
    answer = xiaoming.gets(link_of(page))
    back = xiaoming.gets(xiaoming.phone.opens(started_at(answer)))
    sheet = started_at(xiaoming.gets(back.location))
    refused = xiaoming.phone.opens(sheet, allow=False)
    # WeChat stays where it is, or comes back without a code.
    if refused:
        assert xiaoming.gets(refused).status_code == 403
    assert page.state == "waiting"
    assert rows(app, User) == []
