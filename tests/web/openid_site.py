"""A site that signs people in through us: what its pages and its server do."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.journey import Browser, Phone
from wxlogin.config import Site

CALLBACK = "https://shop.test/callback"
NATIVE = "com.shop.app:/back"
NEWS_SECRET = "n3ws-secret-of-24-characters"
SHOP = Site(
    name="shop",
    origins=("https://shop.test",),
    client_id="shop",
    client_secret="sh0p-secret-of-24-characters",
    redirect_uris=(CALLBACK, "https://shop.test/other?from=wechat"),
)
NEWS = Site(
    name="news",
    origins=("https://news.test",),
    client_id="news",
    client_secret="sha256:"
    + hashlib.sha256(b"n3ws-secret-of-24-characters").hexdigest(),
    redirect_uris=("https://news.test/callback",),
)
PUBLIC = Site(
    name="app",
    origins=("https://app.test",),
    client_id="app",
    redirect_uris=(NATIVE, "https://app.test/back", "http://127.0.0.1/back"),
)
SITES = (SHOP, NEWS, PUBLIC)
SECRETS = {"shop": SHOP.client_secret, "news": NEWS_SECRET}


def pkce() -> tuple[str, str]:
    """A verifier and its challenge."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")


def answer_of(reply: TestResponse) -> dict[str, str]:
    """What a return address was told; the address itself as `to`."""
    assert reply.status_code in (302, 303), reply.text
    address, _, query = reply.location.partition("?")
    return {"to": address, **dict(parse_qsl(query))}


def claims(tokens: dict[str, Any]) -> dict[str, Any]:
    """What the ID token of an answer says; its signature is tested elsewhere."""
    body = tokens["id_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def goes_on(browser: Browser, reply: TestResponse) -> TestResponse:
    """Clicks "Continue" where the person is asked first, as for a program."""
    path = reply.location or ""
    if not re.fullmatch(r"(/wx)?/oauth2/authorize/[A-Za-z0-9_-]{30}", path):
        return reply
    page = browser.get(path)
    if page.status_code != 200:
        return page
    uid = re.search(r'name="uid" value="(\w+)"', page.text)[1]
    return browser.post(path, data={"uid": uid})


@dataclass
class SiteServer:
    """The server of one site. Its calls carry no cookie."""

    app: Flask
    site: Site
    redirect_uri: str = ""
    verifier: str | None = None
    sent: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.redirect_uri = self.redirect_uri or self.site.redirect_uris[0]

    def link(self, **changes: str | None) -> str:
        """Where its button leads."""
        wishes: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.site.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": f"st-{secrets.token_urlsafe(6)}",
            "nonce": f"no-{secrets.token_urlsafe(6)}",
        }
        if self.site.is_public and "code_challenge" not in changes:
            self.verifier, challenge = pkce()
            wishes |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        wishes |= changes
        self.sent = {name: text for name, text in wishes.items() if text is not None}
        return f"/oauth2/authorize?{urlencode(self.sent)}"

    def post(self, path: str, **more: Any) -> TestResponse:
        """A call from server to server."""
        server = Browser(self.app)
        server.headers = {}
        return server._send("POST", path, **more)

    def auth(self) -> dict[str, Any]:
        if self.site.is_public:
            return {}
        return {"auth": (self.site.client_id, SECRETS[self.site.client_id])}

    def asks(self, path: str, **form: str | None) -> TestResponse:
        """A call by which the site proves itself."""
        data = {name: text for name, text in form.items() if text is not None}
        if self.site.is_public:
            data["client_id"] = self.site.client_id
        return self.post(path, data=data, **self.auth())

    def redeems(self, code: str, **changes: str | None) -> TestResponse:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.asks("/oauth2/token", **{**form, **changes})

    def refreshes(self, token: str, **more: str) -> TestResponse:
        return self.asks(
            "/oauth2/token", grant_type="refresh_token", refresh_token=token, **more
        )

    def introspects(self, token: str) -> dict[str, Any]:
        answer = self.asks("/oauth2/introspect", token=token)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def userinfo(self, token: str) -> TestResponse:
        server = Browser(self.app)
        headers = {"Authorization": f"Bearer {token}"}
        return server.get("/oauth2/userinfo", headers=headers)

    def code_for(self, browser: Browser, **changes: str | None) -> str:
        """The code that a browser, in which somebody is signed in, comes back with."""
        told = answer_of(goes_on(browser, browser.get(self.link(**changes))))
        assert told["to"] == self.redirect_uri.partition("?")[0], told
        assert told.get("state") == self.sent.get("state")
        return told["code"]

    def signs_in(self, browser: Browser, **changes: str | None) -> dict[str, Any]:
        """The tokens of a sign-in, from the button to the answer."""
        answer = self.redeems(self.code_for(browser, **changes))
        assert answer.status_code == 200, answer.text
        return answer.get_json()


def signs_in_at_wechat(
    browser: Browser, phone: Phone, reply: TestResponse
) -> TestResponse:
    """From the redirect to our login page, through the scan, to where it leads."""
    assert reply.status_code in (302, 303), reply.text
    parts = urlsplit(reply.location)
    assert parts.path == "/login", reply.location
    started = browser.starts(parse_qs(parts.query)["next"][0])
    back = browser.returns(started, phone.confirms(started))
    assert back.status_code == 303, back.text
    return browser.goes_to(back.location)
