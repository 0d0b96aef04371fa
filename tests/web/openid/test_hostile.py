"""What anybody may send to the addresses that sites use: refused, never a 500."""

import base64
import json
import random
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from tests.support.journey import Browser
from tests.web.openid_site import (
    NEWS,
    SHOP,
    answer_of,
    signs_in_at_wechat,
)
from wxlogin.oidc import signing_keys

HEADERS = [
    '{"crit": 1}',
    '{"crit": [[]]}',
    '{"crit": ["b64"], "b64": false}',
    '{"b64": []}',
    '{"alg": []}',
    '{"alg": null}',
    '{"alg": "none"}',
    '{"alg": "HS256"}',
    '{"alg": "ES256"}',
    '{"kid": []}',
    '{"kid": "\\ud800"}',
    '{"typ": []}',
    '{"zip": "DEF"}',
    '{"jwk": {"kty": "oct"}, "jku": 2, "x5c": 1}',
    "[]",
    "null",
    '"JWT"',
    "[" * 300,
    "7" * 300,
]


def hint(app, header: str) -> str:
    """A signed text with this header, in which our own key is named."""
    if header.startswith("{"):
        with app.app_context():
            kid = signing_keys.jwks()["keys"][0]["kid"]
        header = json.dumps({"alg": "RS256", "kid": kid, **json.loads(header)})
    parts = [header.encode(), b"{}", b"signature"]
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts)


@pytest.mark.parametrize("header", HEADERS)
def test_a_hint_with_a_strange_header_is_refused(app, shop, header):
    """security row 117"""
    text, browser = hint(app, header), Browser(app)
    told = answer_of(browser.get(shop.link(id_token_hint=text)))
    assert told["error"] == "invalid_request"
    answer = browser.get(f"/oauth2/logout?{urlencode({'id_token_hint': text})}")
    assert answer.status_code == 400


MOVED = SHOP.model_copy(update={"redirect_uris": ("https://shop.test/new",)})


@pytest.mark.parametrize("sites", [(MOVED,), (NEWS,)], ids=["address", "site"])
def test_an_address_that_was_taken_out_meanwhile_is_used_no_more(
    app_for, shop, browser, xiaoming, sites
):
    """security row 112: SITES changes while somebody is at WeChat"""
    asked = browser.get(shop.link())
    here = parse_qs(urlsplit(asked.location).query)["next"][0]
    browser.client = restarted(browser, app_for(sites=sites))
    back = signs_in_at_wechat(browser, xiaoming, asked)
    for answer in (back, browser.get(f"{here}/decline")):
        assert (answer.status_code, answer.location) == (400, None)


def test_a_site_that_became_public_meanwhile_is_told_to_use_pkce(
    app_for, shop, browser, xiaoming
):
    """security row 114: SITES changes while somebody is at WeChat"""
    asked = browser.get(shop.link())
    public = SHOP.model_copy(update={"client_secret": None})
    browser.client = restarted(browser, app_for(sites=(public,)))
    told = answer_of(signs_in_at_wechat(browser, xiaoming, asked))
    assert told["error"] == "invalid_request"
    assert told["state"] == shop.sent["state"]


def restarted(browser: Browser, app):
    """The browser's client at another process, with the cookies it had."""
    client = app.test_client()
    client._cookies = browser.client._cookies
    browser.app = app
    return client


# Bytes as a URL or a form may hold them.
WILD = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "😀".encode() * 300,
    b"\x01" * 3000,
    b"x" * 5000,
    b"[" * 4000,
    b"\r\nX: y",
    "２²ı\u202e".encode(),
    b"-1",
    b"1e999",
    b"9" * 5000,
    b"none login",
    b"http://127.0.0.1:99999/",
    b"http://[::1",
    b"%00%u0000",
    b"a.b.c",
    b"A" * 43,
    b"A" * 65,
]
AUTHORIZE = {
    "response_type": b"code",
    "client_id": b"shop",
    "redirect_uri": b"https://shop.test/callback",
    "scope": b"openid",
    "nonce": b"",
    "code_challenge": b"A" * 43,
    "code_challenge_method": b"S256",
    "response_mode": b"form_post",
    "prompt": b"none",
    "max_age": b"60",
    "id_token_hint": b"",
    "ui_locales": b"zh",
}
LOGOUT = {
    "client_id": b"shop",
    "post_logout_redirect_uri": b"https://shop.test/bye",
    "state": b"s",
    "id_token_hint": b"",
    "ui_locales": b"zh",
}
TOKEN = {
    "grant_type": b"refresh_token",
    "code": b"",
    "refresh_token": b"",
    "redirect_uri": b"https://shop.test/callback",
    "code_verifier": b"",
    "scope": b"openid",
    "client_id": b"shop",
    "token": b"A" * 43,
}
# Each is asked for with one wild value in its place.
ADDRESSES = [
    "/oauth2/authorize/{}",
    "/oauth2/authorize/{}/decline",
    "/oauth2/logout/{}",
    "/terms/{}",
    "/link/{}",
    "/link/continue/{}",
    "/register/continue/{}",
    "/handover/{}",
    "/auth?redirect=1&site={}",
    "/api/site/users/{}",
    "/api/site/users?external_id={}",
    "/api/site/users?app=web&openid={}",
    "/api/site/users?openid=o&app={}",
    "/api/site/users?unionid={}",
    "/api/site/bindings/{}",
    "/api/site/events?after={}",
    "/api/site/events?limit={}",
]
BODIES = [
    ("/api/site/links", ("external_id", "label", "return_to")),
    ("/api/site/links/confirm", ("code", "external_id")),
    ("/api/site/bindings", ("code", "external_id", "label")),
    ("/api/registrations", ("registration", "agree", "terms_version")),
]


def some(chance: random.Random, good: dict[str, bytes]) -> dict[str, bytes]:
    """Some of these parameters, of which one or two hold something wild."""
    kept = {name: text for name, text in good.items() if chance.random() < 0.9}
    for name in chance.sample(sorted(good), chance.randint(1, 2)):
        kept[name] = chance.choice(WILD)
    if kept.get("nonce"):
        # Searched for in every answer: it must not be what other requests hold.
        kept["nonce"] = b"a-nonce-of-a-wild-site:" + kept["nonce"]
    return kept


def wild_requests(chance: random.Random) -> Iterator[tuple[str, str, dict]]:
    """Method, address and the rest of requests that nobody should send."""
    form = {"content_type": "application/x-www-form-urlencoded"}
    for path, good in (("/oauth2/authorize", AUTHORIZE), ("/oauth2/logout", LOGOUT)):
        query = urlencode(some(chance, good))
        yield "GET", f"{path}?{query}", {}
        yield "POST", path, {"data": query, **form}
    for path in ("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"):
        yield "POST", path, {"data": urlencode(some(chance, TOKEN)), **form}
    for address in ADDRESSES:
        yield "GET", address.format(quote(chance.choice(WILD))), {}
    for path, names in BODIES:
        values = [chance.choice(WILD).decode("latin-1"), "\ud800", None, 1e300, [], {}]
        body = {name: chance.choice(values) for name in names}
        yield "POST", path, {"data": json.dumps(body), "mimetype": "application/json"}


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_is_sent_makes_us_fail(app, seed):
    """security row 112"""
    chance = random.Random(seed)  # noqa: S311  the same each time
    client = app.test_client()
    for _ in range(30):
        for method, address, rest in wild_requests(chance):
            auth = ("shop", SHOP.client_secret) if "/api/site" in address else None
            answer = client.open(address, method=method, auth=auth, **rest)
            assert answer.status_code < 500, (method, address, rest)
