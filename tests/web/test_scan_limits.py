"""How many codes a browser gets, and how often somebody may guess one."""

import pytest

from tests.support.journey import Browser, calls
from tests.web.mini_program import MiniProgram
from tests.web.scanning import ELSEWHERE, Page, Scanner
from wxlogin.config.limits import Limits

DRAW = "/wxa/getwxacodeunlimit"
# As they are, but that tests would take long.
LIMITS = {"scan_codes": 6, "scan_codes_of_browser": 3, "failed_scans": 4}


@pytest.fixture
def app(app_for):
    return app_for(limits=LIMITS)


@pytest.fixture
def page(browser) -> Page:
    page = Page(browser)
    assert page.opens("/orders").status_code == 200
    return page


def test_the_numbers():
    """security rows 68 and 78"""
    limits = Limits()
    assert (limits.scan_codes, limits.failed_scans) == (30, 20)


def test_new_codes_of_one_address(app, simulator):
    """security row 78: each is a picture that WeChat draws"""
    heard = []
    for _ in range(9):
        page = Page(Browser(app))
        heard.append(page.opens("/orders").status_code)
        page.looks("image")
    assert heard == [200] * 6 + [429] * 3
    assert len(calls(simulator, DRAW)) == 6
    assert Page(Browser(app), ELSEWHERE).opens("/orders").status_code == 200


def test_a_picture_that_does_not_come_is_not_asked_for_without_end(page, simulator):
    """security row 78"""
    simulator.world.switch(body={"path": DRAW, "mode": "html"})
    heard = [page.looks("image").status_code for _ in range(8)]
    assert heard == [503] * 6 + [429] * 2
    assert len(calls(simulator, DRAW)) == 6


def test_new_codes_of_one_browser(page):
    """security row 78: whatever it wishes for, and by whichever call"""
    heard = [page.opens(f"/{number}").status_code for number in range(4)]
    assert heard == [200] * 3 + [429]
    assert page.renews("/more").status_code == 429
    assert page.opens("/2").status_code == 200


def test_who_is_known_here_does_not_count_for_the_address(app, signed_in):
    for _ in range(7):
        last = Page(Browser(app)).opens("/orders")
    assert last.status_code == 429
    assert Page(signed_in).opens("/orders").status_code == 200


def test_a_phone_that_guesses_has_to_wait(app, simulator, page):
    """security row 68"""
    program = MiniProgram(app, simulator)
    program.logs_in()
    phone, right, heard = Scanner(program, page), page.ticket, []
    for number in range(6):
        page.ticket = f"guess-{number:016d}"
        heard.append(phone.scans().status_code)
    assert heard == [404] * 4 + [429] * 2
    assert phone.confirms().status_code == 429
    page.ticket = right
    assert phone.scans().status_code == 200


@pytest.mark.parametrize("what", ["state", "events", "image", "face"])
def test_a_browser_that_guesses_has_to_wait(page, what):
    """security row 68"""
    right, heard = page.ticket, []
    for number in range(6):
        page.ticket = f"guess-{number:016d}"
        heard.append(page.looks(what).status_code)
    assert heard == [404] * 4 + [429] * 2
    assert page.claims().status_code == 429
    page.ticket = right
    assert page.state == "waiting"
