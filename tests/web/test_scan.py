"""Scan to sign in: a code on a page, a phone that says yes, a browser that claims."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from tests.support.journey import SAME_ORIGIN, Browser, Phone, calls
from tests.web.mini_program import MiniProgram
from tests.web.scanning import AS_A_SCRIPT, ELSEWHERE, Page, Scanner, refusal
from wxlogin.accounts import people, sessions
from wxlogin.accounts.models import Session, User
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.db import db
from wxlogin.flows import pairing
from wxlogin.service import service_of

#: The members of a refusal for its number.
REFUSED = {"type", "title", "status", "detail", "code", "number_wanted"}
RID = "request_id"


@pytest.fixture
def page(browser) -> Page:
    page = Page(browser)
    assert page.opens("/orders").status_code == 200
    return page


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, logged in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


@pytest.fixture
def phone(program, page) -> Scanner:
    return Scanner(program, page)


@pytest.fixture
def other_phone(app, simulator, page) -> Scanner:
    """李华's."""
    program = MiniProgram(app, simulator, "lihua")
    assert program.logs_in().status_code == 200
    return Scanner(program, page)


def rows(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


def test_a_phone_signs_a_browser_in(app, page, phone):
    assert page.state == "waiting"
    assert phone.scans().status_code == 200
    assert page.state == "scanned"
    assert phone.confirms().get_json() == {"state": "confirmed"}
    assert page.state == "confirmed"
    assert page.browser.who() is None
    assert page.claims().get_json() == {"next": "/orders"}
    assert page.state == "claimed"
    assert page.browser.who()["uid"] == phone.program.who()["uid"]
    assert phone.program.who()["uid"]
    with app.app_context():
        user = people.find_user(page.browser.who()["uid"])
        login, _program = recent_logins(user.user_id)
        kinds = {one.kind for one in sessions.list_for(user.user_id)}
    assert (login.door, login.outcome, login.address) == ("scan", "known", page.address)
    assert login.browser == "Chrome · Linux"
    assert kinds == {"web", "mini_program"}


def test_it_is_the_person_of_the_qr_code(app, simulator, phone, page):
    web, me = Browser(app), Phone(simulator, "xiaoming")
    started = web.starts()
    web.returns(started, me.confirms(started))
    phone.signs_the_browser_in()
    assert page.browser.who()["uid"] == web.who()["uid"]
    assert rows(app, User) == 1


def test_a_form_is_led_on(phone, page):
    phone.scans()
    phone.confirms()
    answer = page.claims(Accept="text/html", **{"Sec-Fetch-Mode": "navigate"})
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert page.browser.who()


def test_json_is_answered_by_json(page, phone):
    """Whatever else a script says of itself."""
    phone.scans(), phone.confirms()
    path = f"/login/scan/{page.ticket}"
    assert page.browser.post("/login/scan", json={}).get_json()["state"] == "waiting"
    assert page.browser.post(f"{path}/claim", json={}).get_json() == {"next": "/orders"}
    again = page.browser.post(f"{path}/claim", json={})
    assert refusal(again) == (409, "scan_order")


def test_who_was_signed_in_here_before_is_not_any_more(
    app, signed_in, other_phone, page
):
    """The same browser, another person."""
    before = signed_in.who()["uid"]
    other_phone.signs_the_browser_in()
    assert page.browser.who()["uid"] != before
    assert rows(app, Session) == 2


# -- the code, and the browser that holds it --


def test_a_browser_with_a_live_code_gets_it_again(page):
    """security row 78"""
    before = page.ticket
    page.opens("/orders")
    page.renews("/orders")
    assert page.ticket == before


def test_another_wish_is_another_code(page):
    before = page.ticket
    page.opens("/tea")
    assert page.ticket != before
    page.opens("/orders", app="mp2")
    assert page.ticket != before
    page.opens("/orders")
    assert page.ticket == before


def test_a_code_that_was_scanned_is_shown_again_but_not_as_a_new_one(page, phone):
    phone.scans()
    before = page.ticket
    page.opens("/orders")
    assert page.ticket == before
    assert page.renews("/orders").get_json()["state"] == "waiting"
    assert page.ticket != before
    page.ticket = before
    assert page.state == "expired"
    assert refusal(phone.confirms()) == (410, "scan_over")


def test_a_new_code_by_a_form(page, phone):
    phone.scans()
    answer = page.browser.post("/login/scan", data={"next": "/orders", "app": "mp"})
    assert answer.status_code == 303
    assert answer.location == "/login/scan?app=mp&next=/orders"


def test_the_page_that_looks_again_shows_what_became_of_its_code(page, phone):
    """Without scripts, that is: it makes no codes while nobody looks."""
    phone.scans()
    phone.refuses()
    before = page.ticket
    assert 'data-state="refused"' in page.opens("/orders", held="1").text
    assert page.ticket == before
    page.opens("/orders")
    assert page.ticket != before


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Fetch-Dest": "image"}]
)
def test_what_is_no_page_gets_no_code(browser, headers):
    assert browser.get("/login/scan", headers=headers).status_code == 403
    assert browser.cookies() == {}


def test_the_cookie_is_ours_alone(browser):
    """security row 67"""
    [header] = browser.get("/login/scan").headers.getlist("Set-Cookie")
    assert header.startswith("wxlogin_scan=")
    assert "HttpOnly" in header and "SameSite=Lax" in header and "Max-Age=480" in header


def test_a_browser_holds_four_codes_at_most(page):
    for number in range(6):
        page.opens(f"/{number}")
    assert page.browser.cookies()["wxlogin_scan"].count("~") == 4
    assert page.state == "waiting"


def test_a_planted_cookie_is_no_harm(browser, page):
    browser.client.set_cookie("wxlogin_scan", "~" * 3000)
    assert page.opens("/orders").status_code == 200
    assert page.state == "waiting"


@pytest.mark.parametrize("what", ["state", "events", "image", "face"])
def test_the_scene_alone_shows_nothing(page, phone, other_browser, what):
    """security rows 67 and 75: before and after the confirmation"""
    stranger = Page(other_browser)
    stranger.opens("/orders")
    stranger.ticket = page.ticket
    for step in (phone.scans, phone.confirms):
        assert refusal(stranger.looks(what)) == (404, "scan_unknown")
        step()
    assert refusal(stranger.looks(what)) == (404, "scan_unknown")
    assert refusal(stranger.claims()) == (404, "scan_unknown")
    assert page.claims().status_code == 200


def test_a_copied_cookie_of_another_code_opens_nothing(page, phone, other_browser):
    """security row 67: each code has a secret of its own"""
    stranger = Page(other_browser)
    stranger.opens("/orders")
    held = other_browser.cookies()["wxlogin_scan"]
    other_browser.client.set_cookie(
        "wxlogin_scan", held.replace(stranger.ticket, page.ticket)
    )
    stranger.ticket = page.ticket
    phone.scans(), phone.confirms()
    assert refusal(stranger.claims()) == (404, "scan_unknown")


def test_the_page_is_told_name_and_picture_and_no_id(signed_in, other_browser, program):
    """security row 75"""
    page = Page(other_browser)
    page.opens("/orders")
    Scanner(program, page).scans()
    uid, told = signed_in.who()["uid"], page.told()
    assert told["nickname"] == "小明😀"
    assert told["avatar"] == f"/login/scan/{page.ticket}/face"
    face = page.looks("face")
    assert (face.status_code, face.mimetype) == (200, "image/jpeg")
    assert "no-store" in face.headers["Cache-Control"]
    openids = {one["openid"] for one in signed_in.who()["identities"]}
    heard = page.looks("state").text + page.opens("/orders").text
    for secret in (uid, program.token, *openids):
        assert secret not in heard
    answer = page.looks("state")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert set(told) == {
        *("state", "version", "expires_in", "again_in", "nickname", "avatar")
    }


def test_the_image_is_drawn_once_for_all_who_look(page, simulator):
    images = [page.looks("image") for _ in range(3)]
    assert {image.status_code for image in images} == {200}
    assert images[0].mimetype.startswith("image/")
    assert len(drawn(simulator)) == 1


def drawn(simulator) -> list[dict]:
    """The pictures that WeChat was asked for."""
    return calls(simulator, "/wxa/getwxacodeunlimit")


# -- steps in their order --


def test_no_step_is_skipped_or_taken_back(page, phone):
    """security row 71"""
    over = (409, "scan_order")
    assert refusal(page.claims()) == over
    assert refusal(phone.confirms()) == over
    assert refusal(phone.refuses()) == over
    phone.scans()
    assert refusal(page.claims()) == over
    phone.confirms()
    assert refusal(phone.refuses()) == over
    assert refusal(phone.scans()) == over
    assert page.claims().status_code == 200
    assert refusal(page.claims()) == over
    assert refusal(phone.confirms()) == over
    assert refusal(phone.refuses()) == over


def test_a_refusal_is_the_end(page, phone):
    """security rows 71 and 72"""
    phone.scans()
    assert phone.refuses().get_json() == {"state": "refused"}
    assert page.state == "refused"
    assert refusal(phone.confirms()) == (409, "scan_order")
    assert refusal(phone.scans()) == (409, "scan_order")
    assert refusal(page.claims()) == (410, "scan_over")
    assert page.browser.who() is None


def test_a_step_that_is_repeated_is_answered_alike(page, phone):
    """A phone's network layer repeats a POST whose answer was lost."""
    assert [phone.scans().status_code for _ in range(2)] == [200, 200]
    version = page.told()["version"]
    assert [phone.confirms().status_code for _ in range(2)] == [200, 200]
    assert page.told()["version"] == version + 1


def test_twenty_claims_at_once_are_one_session(app, page, phone):
    """security row 70"""
    phone.scans(), phone.confirms()
    before = rows(app, Session)
    copies = [Page(page.browser.copy()) for _ in range(20)]
    for copy in copies:
        copy.ticket = page.ticket
    with ThreadPoolExecutor(20) as pool:
        heard = list(pool.map(lambda one: one.claims().status_code, copies))
    assert sorted(heard) == [200] + [409] * 19
    assert rows(app, Session) == before + 1


def test_who_scans_first_holds_the_code(page, phone, other_phone):
    """security row 73"""
    phone.scans()
    assert refusal(other_phone.scans()) == (409, "scan_taken")
    assert refusal(other_phone.confirms()) == (403, "scan_not_yours")
    assert refusal(other_phone.refuses()) == (403, "scan_not_yours")
    phone.confirms()
    assert refusal(other_phone.confirms()) == (403, "scan_not_yours")
    page.claims()
    assert page.browser.who()["uid"] == phone.program.who()["uid"]


def test_of_phones_that_scan_at_once_one_holds_the_code(page, phone, other_phone):
    """security row 73"""
    with ThreadPoolExecutor(6) as pool:
        phones = [phone, other_phone] * 3
        heard = list(pool.map(lambda one: one.scans().status_code, phones))
    assert sorted(heard) == [200] * 3 + [409] * 3


def test_another_program_of_the_same_person_is_another_scanner(
    app, simulator, page, phone
):
    """A code opens one program."""
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    assert refusal(Scanner(other, page).scans()) == (404, "scan_unknown")


@pytest.mark.parametrize("number", [None, "00"])
def test_a_scan_alone_signs_nobody_in(page, phone, clock, number):
    """security row 72"""
    phone.scans()
    clock.shift(10)
    assert page.state == "scanned"
    assert page.claims().status_code == 409
    assert page.browser.who() is None


def test_there_is_no_call_that_does_it_all(page, phone):
    """security row 72 as amended"""
    answer = phone._reports("push")
    assert answer.status_code == 404
    phone.scans()
    assert phone._reports("push").status_code == 404
    assert page.state == "scanned"


def test_the_phone_is_shown_the_browser_as_it_was(page, phone, clock):
    """security row 72: never what the phone says"""
    clock.shift(30)
    page.address = phone.address = ELSEWHERE
    made_up = {"browser": {"address": "made up"}, "site": {"name": "made up"}}
    told = phone.scans(address="made up", **made_up).get_json()
    assert told["browser"]["address"] == "203.0.113.x"
    assert told["browser"]["system"] == "Chrome, Linux"
    assert told["site"] == {"name": "127.0.0.1:5000"}
    assert told["browser"]["since"].endswith("+00:00")
    assert (told["state"], told["number_wanted"]) == ("scanned", True)
    assert 265 <= told["expires_in"] <= 270
    assert "made up" not in str(told)


@pytest.mark.parametrize("step", ["scanned", "confirm", "cancel"])
def test_the_phones_half_takes_a_programs_token_and_no_cookie(page, program, step):
    """security row 64"""
    path = f"/api/mp/mp/scan/{page.ticket}/{step}"
    joined = {"Cookie": "wxlogin_session=x; Path=/,b=1"}
    right = program.sends("POST", path, json={}, headers=joined)
    assert right.status_code in (200, 409)
    assert "Set-Cookie" not in right.headers
    in_address = program.sends("POST", f"{path}?token={program.token}", json={})
    assert refusal(in_address) == (400, "bad_request")
    elsewhere = program.sends("POST", path.replace("/mp/mp/", "/mp/mp2/"), json={})
    assert refusal(elsewhere) == (401, "sign_in_needed")
    program.token = ""
    nobody = program.sends("POST", path, json={}, headers=joined)
    assert refusal(nobody) == (401, "sign_in_needed")


# -- numbers --


def far(phone: Scanner) -> None:
    """The phone scans from another network."""
    phone.address = ELSEWHERE
    assert phone.scans().get_json()["number_wanted"] is True


def test_a_phone_elsewhere_brings_the_browsers_number(page, phone):
    """security row 74"""
    far(phone)
    number = page.told()["number"]
    assert re.fullmatch("[1-9][0-9]", number)
    answer = phone.confirms()
    assert refusal(answer) == (403, "scan_number")
    assert answer.get_json()["number_wanted"] is True
    assert phone.confirms(number).status_code == 200
    assert "number" not in page.told()
    assert page.claims().status_code == 200


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_what_a_phone_hears_is_the_same_whatever_the_number(page, phone, monkeypatch):
    """security row 74: so it guesses one in ninety, and is told of no choice"""

    def heard(number: str) -> list[dict]:
        monkeypatch.setattr(pairing, "new_number", lambda: number)
        page.opens(f"/{number}")
        answers = phone.scans(), phone.confirms(), phone.confirms("55")
        assert page.told()["number"] == number
        # The number of a request is chance.
        return [
            {name: value for name, value in answer.get_json().items() if name != RID}
            for answer in answers
        ]

    phone.address = ELSEWHERE
    first = heard("10")
    assert first == heard("99")
    scanned = {"state", "site", "browser", "number_wanted", "expires_in"}
    assert [set(one) for one in first] == [scanned, REFUSED, REFUSED]


@pytest.mark.parametrize("typed", [" {} ", "\u3000{}\n", "{wide}", "{wide} "])
def test_a_number_as_people_type_it(page, phone, typed):
    far(phone)
    number = page.told()["number"]
    wide = number.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})
    assert phone.confirms(typed.format(number, wide=wide)).status_code == 200


def test_a_number_may_come_as_a_number(page, phone):
    far(phone)
    assert phone.confirms(int(page.told()["number"])).status_code == 200


@pytest.mark.parametrize("shape", ["0{}", "{}0", "+{}", "{}.0", "{}\0", "x", "²²"])
def test_any_other_text_is_a_wrong_number(page, phone, shape):
    """security row 74: no text holds several tries"""
    far(phone)
    right = page.told()["number"]
    for _ in range(3):
        answer = phone.confirms(shape.format(right))
        assert refusal(answer) == (403, "scan_number")
    assert refusal(phone.confirms(right)) == (410, "scan_over")


@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_an_empty_field_is_no_try(page, phone, blank):
    far(phone)
    for _ in range(4):
        assert refusal(phone.confirms(blank)) == (403, "scan_number")
    assert phone.confirms(page.told()["number"]).status_code == 200


@pytest.mark.parametrize("number", [True, ["12"], {"n": 1}, 1.5])
def test_what_is_no_number(page, phone, number):
    far(phone)
    assert refusal(phone.confirms(number)) == (400, "bad_request")


def test_three_wrong_numbers_and_the_code_is_dead(page, phone):
    """security row 74: three different ones, so nobody tries until one fits"""
    far(phone)
    right = page.told()["number"]
    first, second, third = [n for n in ("10", "11", "12", "13") if n != right][:3]
    # A number that is missing is no guess.
    for given in (first, None, second, None, third):
        assert refusal(phone.confirms(given)) == (403, "scan_number")
    assert refusal(phone.confirms(right)) == (410, "scan_over")
    assert page.state == "refused"
    assert page.claims().status_code == 410


def test_a_wrong_number_is_wrong_where_none_is_wanted(page, phone):
    phone.scans()
    assert refusal(phone.confirms("00")) == (403, "scan_number")
    assert phone.confirms().status_code == 200


def test_a_phone_that_goes_elsewhere_before_it_confirms(page, phone):
    """security row 74: where it is counts when it confirms, too"""
    phone.scans()
    assert "number" not in page.told()
    phone.address = ELSEWHERE
    answer = phone.confirms()
    assert refusal(answer) == (403, "scan_number")
    assert answer.get_json()["number_wanted"] is True
    phone.address = page.address
    assert phone.confirms().status_code == 403
    assert phone.confirms(page.told()["number"]).status_code == 200


def test_behind_a_proxy_that_is_not_believed_nobody_is_near(browser, program):
    """security row 74: both have its address, and that says nothing"""
    page = Page(browser, "127.0.0.1")
    browser.headers = {**browser.headers, "X-Forwarded-For": "203.0.113.7"}
    page.opens("/orders")
    told = Scanner(program, page, "127.0.0.1").scans().get_json()
    assert (told["number_wanted"], told["browser"]["address"]) == (True, "")


# -- time --


def test_a_code_is_over_after_its_time(page, phone, clock):
    """security row 69"""
    phone.scans()
    clock.shift(301)
    assert refusal(phone.confirms()) == (410, "scan_over")
    assert page.state == "expired"
    assert refusal(page.claims()) == (410, "scan_over")
    before = page.ticket
    page.renews("/orders")
    assert page.ticket != before and page.state == "waiting"


def test_a_code_that_nobody_scanned_in_time(page, phone, clock):
    """security row 69"""
    clock.shift(301)
    assert refusal(phone.scans()) == (410, "scan_over")
    assert page.looks("image").status_code == 410


def test_who_scans_in_the_last_minute_has_one_more(page, phone, clock):
    clock.shift(299)
    assert phone.scans().get_json()["expires_in"] in (60, 61)
    clock.shift(55)
    assert phone.confirms().status_code == 200
    clock.shift(110)
    assert page.claims().status_code == 200


def test_what_was_confirmed_waits_two_minutes_for_its_browser(page, phone, clock):
    phone.scans(), phone.confirms()
    clock.shift(121)
    assert page.state == "expired"
    assert refusal(page.claims()) == (410, "scan_over")


def test_the_time_is_a_setting(app_for, simulator, clock):
    """security row 69"""
    app = app_for(scan_ttl=30)
    page = Page(Browser(app))
    page.opens("/orders")
    assert page.told()["expires_in"] in (30, 31)
    clock.shift(31)
    assert page.state == "expired"


@pytest.mark.parametrize("seconds", [29, 1801])
def test_a_time_that_is_none(settings_for, seconds):
    """security row 69"""
    with pytest.raises(Exception, match="SCAN_TTL"):
        settings_for(scan_ttl=seconds)


def test_what_is_long_over_is_unknown(app, page, phone, clock):
    """The store forgets it; its own clock says when."""
    with app.app_context():
        pairing._pairings.take(page.ticket)
    assert refusal(page.looks("state")) == (404, "scan_unknown")
    assert refusal(phone.scans()) == (404, "scan_unknown")


# -- which program --


def test_the_spare_program_is_one_setting(app_for, simulator):
    app = app_for(scan_app="mp2")
    page = Page(Browser(app))
    page.opens("/orders")
    program = MiniProgram(app, simulator, name="mp2")
    program.logs_in()
    assert Scanner(program, page).signs_the_browser_in().status_code == 200


@pytest.mark.parametrize("name", ["web", "nobody"])
def test_a_code_of_what_is_no_program(settings_for, browser, name):
    with pytest.raises(Exception, match="SCAN_APP"):
        settings_for(scan_app=name)
    assert browser.get(f"/login/scan?app={name}").status_code == 404


def test_where_there_is_no_program_there_is_no_page(app_for, settings_for):
    apps = tuple(app for app in settings_for().apps if app.kind == "website")
    browser = Browser(app_for(apps=apps, simulator="on"))
    assert browser.get("/login/scan").status_code == 404


def test_a_claim_comes_from_our_own_page(page, phone):
    phone.scans(), phone.confirms()
    path = f"/login/scan/{page.ticket}/claim"
    foreign = {**AS_A_SCRIPT, "Sec-Fetch-Site": "cross-site"}
    assert page.browser.post(path, headers=foreign).status_code == 403
    assert page.browser.post(path, headers=SAME_ORIGIN).status_code == 303


def test_the_ticket_store_holds_neither_value(app, page):
    """security row 67"""
    secret = page.browser.cookies()["wxlogin_scan"].partition("~")[2]
    with app.app_context():
        found = pairing._pairings.get(page.ticket)
        assert secret not in repr(found)
        stored = db.session.execute(db.text("SELECT * FROM ticket")).all()
    assert page.ticket not in str(stored) and secret not in str(stored)
    assert service_of(app).settings.scan_ttl == 300
