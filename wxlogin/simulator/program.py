"""The little mini program that the phone plays: open a code's page, say yes or no.

A mini program is somebody's, and WeChat only runs it. Where an app has a
`request_domain`, this one runs in its place, so that a code on a login page can be
tried without the developer tools. It speaks to its own server as docs/miniprogram.md
says, and does what every program has to do:

- Opened without a code it says whether the person follows the official account.
- One wx.login for all calls, and after a 401 one more; then it gives up.
- wx.request has no cookie jar and calls every answer a success: the status *and* the
  body are looked at, as a proxy's error page comes with 200, too.
- The token is kept in the program's storage, and is on no page and in no address.
- What the server refuses is said in the server's words.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from .world import wx

Body = Mapping[str, Any]

# Seconds that wx.request waits is 60; nobody at a desk does. Bytes of an answer.
_TIMEOUT, _MOST = 15, 200_000
_TOKEN, _ASKED = "token", "asked"


@dataclass(frozen=True)
class Asked:
    """What the person is asked: which site, from which browser, seen since when."""

    site: str = ""
    system: str = ""
    address: str = ""
    since: str = ""
    number_wanted: bool = False

    @classmethod
    def of(cls, body: Body) -> Self:
        site, browser = _object(body, "site"), _object(body, "browser")
        asked = cls(
            site=_text(site, "name"),
            system=_text(browser, "system"),
            address=_text(browser, "address"),
            since=_text(browser, "since"),
        )
        return asked.now(body)

    def now(self, body: Body) -> Self:
        """The same, with what this answer says of the number."""
        wanted = body.get("number_wanted")
        return replace(self, number_wanted=wanted) if isinstance(wanted, bool) else self


@dataclass(frozen=True)
class Told:
    """The program's screen. `state` is what it shows:

    `ask` the question · `confirmed`, `refused` how it ended · `expired`, `taken`,
    `unknown`, `wait` why it cannot go on · `word` the terms, which come first ·
    `silent` no answer, `odd` none of ours, `failed` any other refusal · `home` no code
    but whether the person `follows` the official account, None for not known.
    `detail` is the server's sentence, and empty where there is none.
    """

    state: str
    detail: str = ""
    asked: Asked = Asked()
    terms: Body = field(default_factory=dict)
    follows: bool | None = None


@dataclass(frozen=True)
class _Answer:
    status: int
    body: Body


class _Silent(Exception):
    """No answer at all."""


_REFUSALS = {404: "unknown", 409: "taken", 410: "expired", 429: "wait"}


class Program:
    """The program `phone.app` on one phone; `language` is what its server hears."""

    def __init__(self, phone: wx.Phone, language: str) -> None:
        self._phone = phone
        self._language = language

    def open(self, scene: str) -> Told:
        """The page that the code opened: the server hears of the scan, and what it
        says is what the person is asked."""
        told = self._tell(scene, "scanned")
        if isinstance(told, Told):
            return told
        self._put(_ASKED, json.dumps([scene, told.body]))
        return Told("ask", asked=Asked.of(told.body))

    def confirm(self, scene: str, number: str = "") -> Told:
        """The person says yes, where it is wanted with the number of the browser."""
        told = self._tell(scene, "confirm", {"number": number} if number else {})
        return told if isinstance(told, Told) else Told("confirmed")

    def cancel(self, scene: str) -> Told:
        """The person says no."""
        told = self._tell(scene, "cancel")
        return told if isinstance(told, Told) else Told("refused")

    def agree(self, scene: str, terms_version: str, number: str = "") -> Told:
        """A stranger agrees to the terms, which makes the account, and says yes."""
        given = {
            "registration": self._get(_TOKEN),
            "agree": "yes",
            "terms_version": terms_version,
        }
        try:
            answer = self._post("/api/registrations", given)
        except _Silent:
            return Told("silent")
        if not self._take_token(answer):
            return self._refused(scene, answer)
        return self.confirm(scene, number)

    def home(self) -> Told | None:
        """The program's first page, which says whether the person follows the official
        account; None where its server has no such word."""
        try:
            answer = self._call("GET", f"{self._path}/following")
        except _Silent:
            return None
        if answer.status != 200 or "following" not in answer.body:
            return None
        follows = answer.body["following"]
        return Told("home", follows=follows if isinstance(follows, bool) else None)

    def visit(self) -> str | Told:
        """The address of a web-view that opens the site signed in, once."""
        try:
            answer = self._call("POST", "/api/handover", {})
        except _Silent:
            return Told("silent")
        url = _text(answer.body, "url") if answer.status == 200 else ""
        good = url.startswith(("http://", "https://"))
        return url if good else self._refused("", answer)

    def _tell(self, scene: str, what: str, given: Body | None = None) -> _Answer | Told:
        path = f"{self._path}/scan/{quote(scene, safe='')}/{what}"
        try:
            answer = self._call("POST", path, given or {})
        except _Silent:
            return Told("silent")
        good = answer.status == 200 and isinstance(answer.body.get("state"), str)
        return answer if good else self._refused(scene, answer)

    def _refused(self, scene: str, answer: _Answer) -> Told:
        detail = _text(answer.body, "detail")
        if not detail:
            return Told("odd")
        terms = _object(answer.body, "registration")
        if terms:
            return Told("word", detail, self._asked(scene), terms)
        asked = self._asked(scene).now(answer.body)
        if answer.status == 403 and asked.number_wanted:
            # None, or a wrong one: there is another try.
            return Told("ask", detail, asked)
        return Told(_REFUSALS.get(answer.status, "failed"), detail)

    def _asked(self, scene: str) -> Asked:
        kept = self._get(_ASKED)
        of, body = json.loads(kept) if kept else ("", {})
        return Asked.of(body) if of == scene else Asked()

    def _call(self, method: str, path: str, given: Body | None = None) -> _Answer:
        """With the token there is, or with a new one; with a new one once more."""
        fresh = not self._get(_TOKEN)
        if fresh and (refusal := self._log_in()):
            return refusal
        answer = self._request(method, path, given)
        if answer.status != 401 or fresh:
            return answer
        return self._log_in() or self._request(method, path, given)

    def _log_in(self) -> _Answer | None:
        """wx.login, and the server's token for it; the answer where there is none."""
        self._put(_TOKEN, "")
        given = {
            "code": wx.login(self._phone)["code"],
            "attempt": secrets.token_urlsafe(24),
        }
        answer = self._post(f"{self._path}/login", given)
        return None if self._take_token(answer) else answer

    def _take_token(self, answer: _Answer) -> bool:
        token = _text(answer.body, "token") if answer.status == 200 else ""
        self._put(_TOKEN, token or self._get(_TOKEN))
        return bool(token)

    @property
    def _path(self) -> str:
        return f"/api/mp/{quote(self._phone.app.name)}"

    def _post(self, path: str, given: Body) -> _Answer:
        return self._request("POST", path, given)

    def _request(self, method: str, path: str, given: Body | None) -> _Answer:
        """wx.request. Raises _Silent."""
        token = self._get(_TOKEN)
        headers = {"Accept-Language": self._language}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if address := self._phone.switch("phone_address"):
            headers["X-Forwarded-For"] = address
        with requests.Session() as client:
            client.trust_env = False
            try:
                response = client.request(
                    method,
                    self._phone.app.request_domain + path,
                    json=given,
                    headers=headers,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                )
                raw = response.raw.read(_MOST, decode_content=True)
            except (requests.RequestException, HTTPError):
                raise _Silent from None
        return _Answer(response.status_code, _json(raw))

    def _put(self, name: str, value: str) -> None:
        self._phone.world.storage.put(self._phone.app, self._phone.person, name, value)

    def _get(self, name: str) -> str:
        return self._phone.world.storage.get(self._phone.app, self._phone.person, name)


def _json(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _object(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
