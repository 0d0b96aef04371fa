"""A page with a code in one browser, and a phone that scans it."""

import re
from dataclasses import dataclass, field

from werkzeug.test import TestResponse

from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram

AS_A_SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
AT_HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@dataclass
class Page:
    """`/login/scan` in a browser; `address` is where that is."""

    browser: Browser
    address: str = AT_HOME
    ticket: str = field(default="", init=False)

    def opens(self, next_url: str = "", **wishes: str) -> TestResponse:
        query = {"next": next_url, **wishes} if next_url else wishes
        answer = self._at(self.browser.get, "/login/scan", query_string=query)
        if answer.status_code == 200:
            self.ticket = re.search(r'data-ticket="([\w-]{22})"', answer.text)[1]
        return answer

    def renews(self, next_url: str = "", **more: object) -> TestResponse:
        body = {"next": next_url} if next_url else {}
        answer = self._at(
            self.browser.post, "/login/scan", json=body, headers=AS_A_SCRIPT, **more
        )
        if answer.status_code == 200:
            self.ticket = answer.get_json()["ticket"]
        return answer

    @property
    def state(self) -> str:
        return self.told()["state"]

    def told(self) -> dict:
        answer = self.looks("state")
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def looks(self, what: str) -> TestResponse:
        path = f"/login/scan/{self.ticket}/{what}"
        return self._at(self.browser.get, path, headers=AS_A_SCRIPT)

    def claims(self, **headers: str) -> TestResponse:
        path = f"/login/scan/{self.ticket}/claim"
        how = headers or AS_A_SCRIPT
        return self._at(self.browser.post, path, headers=how)

    def _at(self, send, path: str, **more: object) -> TestResponse:
        return send(path, environ_base={"REMOTE_ADDR": self.address}, **more)


@dataclass
class Scanner:
    """A phone whose program is open at the code of this page."""

    program: MiniProgram
    page: Page
    address: str = AT_HOME

    def scans(self, **body: object) -> TestResponse:
        return self._reports("scanned", **body)

    def confirms(self, number: object = None, **body: object) -> TestResponse:
        if number is not None:
            body["number"] = number
        return self._reports("confirm", **body)

    def refuses(self) -> TestResponse:
        return self._reports("cancel")

    def signs_the_browser_in(self) -> TestResponse:
        """All of it, where no number is wanted."""
        assert self.scans().status_code == 200
        assert self.confirms().status_code == 200
        return self.page.claims()

    def _reports(self, step: str, **body: object) -> TestResponse:
        path = f"/api/mp/{self.program.name}/scan/{self.page.ticket}/{step}"
        where = {"REMOTE_ADDR": self.address}
        return self.program.sends("POST", path, json=body, environ_base=where)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.mimetype == "application/problem+json", answer.text
    return answer.status_code, answer.get_json()["code"]
