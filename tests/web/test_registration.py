"""First visits where terms are set: nothing is written before the person's word.

QR code, embedded frame, page inside WeChat and native app; the page, the tick, and
what happens when it is posted twice, by many, late, or not at all.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.journey import (
    CHINESE,
    ENGLISH,
    EXCHANGE,
    Browser,
    Phone,
    Started,
    calls,
)
from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.accounts.models import (
    Consent,
    Grant,
    Identity,
    LoginEvent,
    Session,
    UnionId,
    User,
)
from wxlogin.db import db
from wxlogin.service import service_of
from wxlogin.wechat.endpoints import SCOPE_USERINFO

TERMS = {
    "registration": "ask",
    "terms_url": "https://shop.example/terms",
    "privacy_url": "https://shop.example/privacy",
    "terms_version": "2026-11",
}
ATTEMPT = "attempt-of-this-installation-1"
EVERYTHING = (User, Identity, UnionId, Session, Grant, LoginEvent, Consent)


@pytest.fixture
def app(app_for):
    return app_for(**TERMS)


def rows(app, *models) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in models]


def nothing_is_written(app) -> bool:
    return rows(app, *EVERYTHING) == [0] * len(EVERYTHING)


def form(page) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return dict(found)


def comes(browser: Browser, phone: Phone, next_url: str = "/orders"):
    """By QR code as far as the page of the first visit."""
    started = browser.starts(next_url)
    answer = browser.returns(started, phone.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/register")
    return browser.get("/register")


def agrees(browser: Browser, page, **changes: str):
    fields = {**form(page), "agree": "yes", **changes}
    return browser.post("/register", data=fields)


def by_qr(browser: Browser, phone: Phone):
    return comes(browser, phone)


def by_embed(browser: Browser, phone: Phone):
    page = browser.get("/login/embed?self_redirect=true&next=/orders")
    frame = re.search(r'<iframe[^>]* src="([^"]+)"', page.text).group(1)
    started = Started.at(frame.replace("&amp;", "&"))
    framed = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
    answer = browser.get(started.with_code(phone.confirms(started)), headers=framed)
    assert answer.status_code == 200
    assert "/register" in answer.text
    return browser.get("/register")


def by_h5(browser: Browser, phone: Phone):
    browser.headers = {**browser.headers, "User-Agent": WECHAT_IPHONE}
    silent = Started.at(browser.get("/login?next=/orders").location)
    answer = browser.goes_to(phone.opens(silent))
    explicit = Started.at(answer.location)
    answer = browser.goes_to(phone.opens(explicit))
    assert answer.location == "/register"
    return browser.get("/register")


def by_h5_refused(browser: Browser, phone: Phone):
    """Recognised silently, not known, and no name given: still asked first."""
    browser.headers = {**browser.headers, "User-Agent": WECHAT_IPHONE}
    silent = Started.at(browser.get("/login?next=/orders").location)
    explicit = Started.at(browser.goes_to(phone.opens(silent)).location)
    answer = browser.get(explicit.with_code(None))
    assert answer.location == "/register"
    return browser.get("/register")


DOORS = [by_qr, by_embed, by_h5, by_h5_refused]


@pytest.mark.parametrize("door", DOORS)
def test_no_row_before_the_box_is_ticked_and_posted(app, browser, xiaoming, door):
    page = door(browser, xiaoming)
    assert page.status_code == 200
    assert nothing_is_written(app)
    assert "checked" not in page.text
    done = agrees(browser, page)
    assert (done.status_code, done.location) == (303, "/orders")
    assert rows(app, User, Identity, Consent) == [1, 1, 1]
    assert browser.who()["uid"]


@pytest.mark.parametrize("door", DOORS)
def test_cancelling_and_a_closed_tab_leave_nothing(app, browser, xiaoming, door):
    door(browser, xiaoming)
    answer = browser.post("/register/cancel")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert nothing_is_written(app)
    again = door(Browser(app), xiaoming)
    assert again.status_code == 200
    assert nothing_is_written(app)


def test_the_page_says_who_and_asks_in_the_visitors_language(browser, xiaoming):
    comes(browser, xiaoming)
    chinese = browser.get("/register", headers=CHINESE)
    assert "小明😀" in chinese.text
    assert "我已阅读并同意" in chinese.text
    assert "《用户协议》" in chinese.text and "《隐私政策》" in chinese.text
    assert "同意并创建账号" in chinese.text and "取消" in chinese.text
    english = browser.get("/register", headers=ENGLISH)
    assert "I have read and agree to the" in english.text
    assert TERMS["terms_url"] in english.text
    assert browser.get("/register/picture").mimetype == "image/jpeg"


def test_changing_the_language_comes_back_to_the_page(browser, xiaoming):
    page = comes(browser, xiaoming)
    switch = re.search(r'href="(/language/en\?[^"]+)"', page.text).group(1)
    assert browser.get(switch).location == "/register"
    assert "Agree and create the account" in browser.get("/register").text


def test_the_tick_is_required_at_the_server(app, browser, xiaoming):
    page = comes(browser, xiaoming)
    for fields in ({}, {"agree": "no"}, {"agree": "on"}):
        answer = browser.post("/register", data={**form(page), **fields})
        assert answer.status_code == 400
        assert nothing_is_written(app)
    assert agrees(browser, page, version="2025-01").status_code == 409
    assert agrees(browser, page, tag="0" * 16).location == "/register"
    assert nothing_is_written(app)
    assert agrees(browser, page).status_code == 303


def test_a_post_from_elsewhere_is_refused(app, browser, xiaoming):
    """Security row 25."""
    page = comes(browser, xiaoming)
    fields = {**form(page), "agree": "yes"}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/register", data=fields, headers=foreign).status_code == 403
    stranger = Browser(app)
    assert stranger.post("/register", data=fields).status_code == 410
    assert nothing_is_written(app)


def test_the_consent_is_on_record(app, browser, xiaoming):
    agrees(browser, comes(browser, xiaoming))
    with app.app_context():
        (row,) = db.session.query(Consent)
        assert (row.client_id, row.version, row.door) == ("", "2026-11", "qr")
        assert row.at is not None


def test_posting_twice_is_one_session_and_signing_out_ends_it(app, browser, xiaoming):
    page = comes(browser, xiaoming)
    assert agrees(browser, page).location == "/orders"
    assert agrees(browser, page).location == "/orders"
    assert rows(app, User, Session) == [1, 1]
    assert browser.get("/register").location == "/orders"
    copied = browser.copy()
    browser.post("/logout")
    assert agrees(copied, page).status_code == 400
    assert rows(app, Session) == [0]


def test_after_fifteen_minutes_nothing_is_left(app, browser, xiaoming, monkeypatch):
    page = comes(browser, xiaoming)
    monkeypatch.setattr(service_of(app).tickets, "_ahead", lambda: 901.0)
    assert agrees(browser, page).status_code == 410
    assert nothing_is_written(app)


def test_a_callback_that_comes_twice_shows_the_same_page(
    app, browser, xiaoming, simulator
):
    started = browser.starts("/orders")
    code = xiaoming.confirms(started)
    before = browser.copy()
    first = browser.returns(started, code)
    asked = len(calls(simulator, EXCHANGE))
    # The browser that was asked, whatever it brings; and one that lost the answer.
    for one, again in ((browser, code), (browser, "another-code-01"), (before, code)):
        answer = one.returns(started, again)
        assert (answer.status_code, answer.location) == (303, first.location)
    assert len(calls(simulator, EXCHANGE)) == asked
    agrees(browser, browser.get("/register"))
    assert browser.returns(started, code).location == "/orders"
    assert rows(app, User, Session) == [1, 1]


def test_a_second_code_of_the_same_person_shows_the_page_too(app, browser, xiaoming):
    """Android's second pattern: two codes for one state, and one answer got lost."""
    started = browser.starts("/orders")
    twin = browser.copy()
    browser.returns(started, xiaoming.confirms(started))
    answer = twin.returns(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/register")
    assert agrees(twin, twin.get("/register")).location == "/orders"
    assert twin.who()["nickname"] == "小明😀"


FOREIGN_CODES = {
    "made up": lambda code: "made-up",
    "nearly": lambda code: code[:-1] + ("0" if code[-1] != "0" else "1"),
    "longer": lambda code: code + "0",
    "shorter": lambda code: code[:-1],
    "other case": str.swapcase,
    "a blank": lambda code: code + "%20",
    "a line": lambda code: code + "%0A",
    "a zero byte": lambda code: code + "%00",
    "full width": lambda code: "".join(f"%EF%BC%{0x90:02X}" for _ in code[:8]),
    "too long": lambda code: "x" * 600,
    "said no": lambda code: "authdeny",
    "none": lambda code: None,
}


@pytest.mark.parametrize("spelling", FOREIGN_CODES)
def test_who_planted_the_attempt_never_gets_the_first_visit(
    app, browser, xiaoming, spelling
):
    """security row 10a, finding M1: cookie and state are his own, the code is not"""
    planted = browser.starts("/orders")
    attacker = browser.copy()
    code = xiaoming.confirms(planted)
    browser.returns(planted, code)
    answer = attacker.returns(planted, FOREIGN_CODES[spelling](code))
    assert answer.status_code == 400
    assert attacker.get("/register").status_code == 410
    assert attacker.post("/register/bind").status_code == 410
    agrees(browser, browser.get("/register"))
    assert attacker.returns(planted, "made-up-later").status_code == 400
    assert attacker.who() is None
    assert browser.who()["nickname"] == "小明😀"
    assert rows(app, User, Session) == [1, 1]


def test_a_planted_attempt_gives_the_first_visit_to_no_other_wechat(
    app, browser, xiaoming, lihua
):
    """security row 10a: the attacker's own WeChat does not open it either"""
    planted = browser.starts("/orders")
    attacker = browser.copy()
    browser.returns(planted, xiaoming.confirms(planted))
    answer = attacker.returns(planted, lihua.confirms(planted))
    assert answer.status_code == 502
    assert attacker.get("/register").status_code == 410
    assert nothing_is_written(app)


def test_another_first_visits_key_opens_nothing(app, browser, xiaoming, lihua):
    """security row 10a: it must be that very key, not any"""
    planted = browser.starts("/orders")
    attacker = browser.copy()
    browser.returns(planted, xiaoming.confirms(planted))
    comes(attacker, lihua)
    assert attacker.returns(planted, "made-up").status_code == 400
    assert "李华" in attacker.get("/register").text


def test_known_people_never_see_the_page(app, browser, other_browser, xiaoming):
    agrees(browser, comes(browser, xiaoming))
    started = other_browser.starts("/orders")
    answer = other_browser.returns(started, xiaoming.confirms(started))
    assert answer.location == "/orders"


def test_a_new_version_is_asked_once(app, app_for, browser, xiaoming, browser_of):
    agrees(browser, comes(browser, xiaoming))
    later = app_for(**{**TERMS, "terms_version": "2027-01"})
    again = browser_of(later)
    started = again.starts("/orders")
    asked = again.returns(started, xiaoming.confirms(started))
    assert asked.location == "/terms?next=/orders"
    page = again.get(asked.location)
    assert page.status_code == 200 and "2027-01" in page.text
    assert again.post(asked.location, data=form(page)).status_code == 400
    done = again.post(asked.location, data={**form(page), "agree": "yes"})
    assert done.location == "/orders"
    assert rows(later, Consent) == [2]
    third = browser_of(later)
    started = third.starts("/orders")
    assert third.returns(started, xiaoming.confirms(started)).location == "/orders"


def test_closed_takes_nobody_new(app_for, browser_of, xiaoming, simulator):
    closed = app_for(registration="closed")
    browser = browser_of(closed)
    started = browser.starts("/orders")
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 403
    assert nothing_is_written(closed)


def test_two_hundred_agree_at_once_and_are_one_user(app, xiaoming):
    """Security row 46, on the page of the first visit."""
    browsers = [Browser(app) for _ in range(200)]
    pages = [comes(browser, xiaoming) for browser in browsers]
    assert nothing_is_written(app)
    gate = Barrier(20)

    def press(number: int) -> int:
        gate.wait(30)
        return agrees(browsers[number], pages[number]).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(press, range(200))) == {303}
    assert rows(app, User, Identity, Consent, Session) == [1, 1, 1, 200]


@pytest.fixture
def sdk(simulator):
    """`sdk("xiaoming")`: the code that WeChat's SDK hands to the app."""
    world = simulator.world

    def code(person: str) -> str:
        app = world.registry.app("app")
        return world.grants.issue_code(app, person, SCOPE_USERINFO)

    return code


def calls_app(app, path: str, **body: object):
    return app.test_client().post(path, json=body)


def test_an_app_asks_its_user_itself(app, sdk):
    code = sdk("xiaoming")
    answer = calls_app(app, "/api/mobile/app/login", code=code, attempt=ATTEMPT)
    assert answer.status_code == 403
    problem = answer.get_json()
    assert problem["code"] == "registration_needed"
    assert problem["nickname"] == "小明😀"
    assert problem["terms_url"] == TERMS["terms_url"]
    again = calls_app(app, "/api/mobile/app/login", code=code, attempt=ATTEMPT)
    assert again.get_json()["registration"] == problem["registration"]
    assert nothing_is_written(app)
    word = {
        "registration": problem["registration"],
        "terms_version": problem["terms_version"],
    }
    assert calls_app(app, "/api/registrations", **word).status_code == 400
    refused = calls_app(app, "/api/registrations", **word, agree="no")
    assert refused.status_code == 400
    assert nothing_is_written(app)
    done = calls_app(app, "/api/registrations", **word, agree="yes")
    assert done.status_code == 200
    assert done.get_json()["user"]["nickname"] == "小明😀"
    twice = calls_app(app, "/api/registrations", **word, agree="yes")
    assert twice.get_json()["token"] == done.get_json()["token"]
    assert rows(app, User, Session, Consent) == [1, 1, 1]


def test_a_browsers_registration_does_not_end_in_a_program(app, browser, xiaoming):
    comes(browser, xiaoming)
    key = browser.cookies()["wxlogin_registration"]
    word = {"registration": key, "agree": "yes", "terms_version": "2026-11"}
    assert calls_app(app, "/api/registrations", **word).status_code == 410
    assert nothing_is_written(app)
