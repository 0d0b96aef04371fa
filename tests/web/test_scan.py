"""Scan to sign in: a code on a page, a phone that says yes, a browser that claims."""

import re
from dataclasses import dataclass

import pytest

from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram

AS_A_SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@dataclass
class Page:
    """The page with a code in one browser."""

    browser: Browser
    ticket: str = ""

    def opens(self, next_url: str = "", **wishes: str):
        query = {"next": next_url, **wishes} if next_url else wishes
        answer = self.browser.get("/login/scan", query_string=query)
        if answer.status_code == 200:
            self.ticket = re.search(r'data-ticket="([\w-]{22})"', answer.text)[1]
        return answer

    def state(self) -> dict:
        return self.looks("state").get_json()

    def looks(self, what: str):
        path = f"/login/scan/{self.ticket}/{what}"
        return self.browser.get(path, headers=AS_A_SCRIPT)

    def claims(self):
        path = f"/login/scan/{self.ticket}/claim"
        return self.browser.post(path, headers=AS_A_SCRIPT)


@pytest.fixture
def page(browser) -> Page:
    return Page(browser)


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, logged in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


def test_a_phone_signs_a_browser_in(page, program):
    page.opens("/orders")
    assert page.state()["state"] == "waiting"
    scanned = program.post(f"scan/{page.ticket}/scanned")
    assert scanned.status_code == 200, scanned.text
    assert page.state()["state"] == "scanned"
    confirmed = program.post(f"scan/{page.ticket}/confirm")
    assert confirmed.get_json() == {"state": "confirmed"}
    assert page.state()["state"] == "confirmed"
    claimed = page.claims()
    assert claimed.get_json() == {"next": "/orders"}
    assert page.browser.who()["uid"] == program.who()["uid"]
    assert page.claims().status_code == 409
