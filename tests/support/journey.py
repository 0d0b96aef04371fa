"""A person's steps through a login, as fixtures and tests speak of them.

`Browser` is one browser at our service (Flask's test client with a cookie jar),
`Phone` is what a person does in the simulated WeChat.
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from wxlogin.flows import avatars
from wxlogin.security.origins import origin_of
from wxlogin.service import service_of
from wxlogin.simulator.server import SimulatorServer

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}
# How scripts of a page show that they are none who opens one, and how pages do.
AS_A_SCRIPT = (
    {"Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Mode": "websocket"},
    {"X-Requested-With": "XMLHttpRequest"},
    {"X-Requested-With": "xmlhttprequest"},
    {"Accept": "application/json"},
    {"Accept": "application/json, text/plain, */*"},
    {"Accept": "application/json;q=0.9, text/html;q=0.8"},
    {"Accept": "application/problem+json"},
    {"Accept": "text/event-stream"},
    {"Accept": "text/plain"},
    {"Accept": "image/png"},
    {"Accept": "text/html", "Sec-Fetch-Mode": "same-origin"},
)
AS_A_PAGE = (
    {},
    {"Accept": ""},
    {"Accept": "*/*"},
    {"Accept": "text/*"},
    {"Accept": "text/html"},
    {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    {"Accept": "application/xhtml+xml,text/html;q=0.9,application/json;q=0.1"},
    {"Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"},
    {"X-Requested-With": "com.tencent.mm"},
)


@dataclass(frozen=True)
class Started:
    """A login that a browser began: where WeChat's page is, and the state."""

    url: str
    state: str
    callback: str

    @classmethod
    def at(cls, url: str) -> "Started":
        """What WeChat's page at this address was told."""
        parts = parse_qs(urlsplit(url).query)
        return cls(url, parts["state"][0], parts["redirect_uri"][0])

    def with_code(self, code: str | None) -> str:
        """Path and query of the callback that carries this code."""
        path = urlsplit(self.callback).path
        return f"{path}?" + (f"code={code}&" if code else "") + f"state={self.state}"


def pictures_arrive(app: Flask) -> None:
    """Waits until the pictures are there that a sign-in has fetched beside it."""
    with app.app_context():
        avatars.jobs().drain()
        avatars.waiting_jobs().drain()


class Browser:
    """One browser with its cookies. Paths are under PUBLIC_URL's origin."""

    def __init__(self, app: Flask, *, prefix: str = "") -> None:
        self.app = app
        self.prefix = prefix
        self.client: FlaskClient = app.test_client()
        self.headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"}

    def get(self, path: str, **more: object) -> TestResponse:
        return self._send("GET", path, **more)

    def post(self, path: str, **more: object) -> TestResponse:
        headers = {**SAME_ORIGIN, **dict(more.pop("headers", {}))}
        return self._send("POST", path, headers=headers, **more)

    def _send(self, method: str, path: str, **more: object) -> TestResponse:
        headers = {**self.headers, **dict(more.pop("headers", {}))}
        settings = service_of(self.app).settings
        base = str(origin_of(settings.public_url))
        return self.client.open(
            path, method=method, headers=headers, base_url=base, **more
        )

    def starts(self, next_url: str | None = None, app: str | None = None) -> Started:
        wishes = {"next": next_url, "app": app}
        query = {name: value for name, value in wishes.items() if value is not None}
        answer = self.get(f"{self.prefix}/login/qr", query_string=query)
        assert answer.status_code == 302, answer.text
        return Started.at(answer.location)

    def returns(self, started: Started, code: str | None) -> TestResponse:
        answer = self.get(started.with_code(code))
        pictures_arrive(self.app)
        return answer

    def goes_to(self, url: str) -> TestResponse:
        """Opens an absolute address of ours."""
        parts = urlsplit(url)
        return self.get(f"{parts.path}?{parts.query}")

    def who(self) -> dict[str, object] | None:
        """What /api/me says, None for nobody."""
        answer = self.get(f"{self.prefix}/api/me")
        return answer.get_json() if answer.status_code == 200 else None

    def copy(self) -> "Browser":
        """Another browser with the same cookies (an attacker's copy)."""
        other = Browser(self.app, prefix=self.prefix)
        other.client._cookies = dict(self.client._cookies)
        return other

    def cookies(self) -> dict[str, str]:
        return {name: cookie.value for (_, _, name), cookie in self._jar()}

    def _jar(self):
        return (self.client._cookies or {}).items()


def asks_wechat(
    simulator: SimulatorServer, method: str, path: str, **more: object
) -> TestResponse:
    """What somebody's WeChat asks of the simulator, without a network between them."""
    client = simulator.app.test_client(use_cookies=False)
    url = path if "://" in path else simulator.url + path
    return client.open(url, method=method, **more)


class Phone:
    """A person's phone in the simulated WeChat."""

    def __init__(self, simulator: SimulatorServer, person: str) -> None:
        self.simulator = simulator
        self.person = person

    def confirms(self, started: Started) -> str:
        """Scans the code on WeChat's page, says yes, and gives back the code."""
        uuid = self.scans(started)
        self._do("confirm", uuid)
        poll = f"/connect/l/qrconnect?uuid={uuid}&f=json"
        return json.loads(asks_wechat(self.simulator, "GET", poll).data)["wx_code"]

    def opens(self, started: Started, **how: bool) -> str | None:
        """Opens a consent link in WeChat; the address WeChat goes to, or None where
        it stays. `allow`, `from_menu`, `full_service` say what the person does."""
        body = {"url": started.url, "person": self.person, **how}
        answer = asks_wechat(self.simulator, "POST", "/_sim/authorize", json=body)
        return answer.get_json().get("redirect")

    def scans(self, started: Started) -> str:
        page = asks_wechat(self.simulator, "GET", started.url).text
        uuid = re.search(r"/connect/qrcode/([0-9A-Za-z]{16})", page).group(1)
        self._do("scan", uuid)
        return uuid

    def _do(self, what: str, uuid: str) -> None:
        body = {"uuid": uuid, "person": self.person}
        answer = asks_wechat(self.simulator, "POST", f"/_sim/{what}", json=body)
        assert answer.status_code == 200, answer.text


def calls(simulator: SimulatorServer, path: str | None = None) -> list[dict]:
    """What the simulator was asked, of one path or of all `/sns/` paths."""
    rows = asks_wechat(simulator, "GET", "/_sim/calls").get_json()
    return [
        row
        for row in rows
        if row["path"] == path or (path is None and row["path"].startswith("/sns/"))
    ]


EXCHANGE = "/sns/oauth2/access_token"
REFRESH = "/sns/oauth2/refresh_token"
USERINFO = "/sns/userinfo"
