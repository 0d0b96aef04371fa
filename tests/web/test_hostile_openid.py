"""What anybody may send to the addresses that sites use: refused, never a 500."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.journey import Browser
from tests.web.openid_site import (
    NEWS,
    SHOP,
    SITES,
    SiteServer,
    answer_of,
    signs_in_at_wechat,
)
from wxlogin.provider import keys


@pytest.fixture
def app(app_for):
    return app_for(sites=SITES)


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, SHOP)


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
            kid = keys.jwks()["keys"][0]["kid"]
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


def restarted(browser: Browser, app):
    """The browser's client at another process, with the cookies it had."""
    client = app.test_client()
    client._cookies = browser.client._cookies
    browser.app = app
    return client
