"""A site that signs people in, as small as it can be: the tests' relying party.

It knows the issuer's address and what the operator gave it, reads the rest from
discovery and checks every ID token as OpenID Connect Core section 3.1.3.7 asks.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from flask import Flask
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from tests.plans.visitor import Arrived, Visitor
from wxlogin.service import service_of

WELL_KNOWN = "/.well-known/openid-configuration"
#: What a site accepts. `none` is not among them.
ALGORITHMS = ["RS256", "ES256"]


@dataclass(frozen=True)
class Asked:
    """An authorization request: where the browser is sent, and what to remember."""

    url: str
    query: dict[str, str]

    @property
    def state(self) -> str | None:
        return self.query.get("state")

    @property
    def nonce(self) -> str | None:
        return self.query.get("nonce")


class RelyingParty:
    """One site. `auth` is how its server proves who it is at the token endpoint."""

    def __init__(
        self,
        app: Flask,
        *,
        client_id: str,
        secret: str | None,
        redirect_uri: str,
        auth: str = "client_secret_basic",
    ) -> None:
        self.app = app
        self.client_id = client_id
        self.secret = secret
        self.redirect_uri = redirect_uri
        self.auth = auth if secret else "none"
        self.issuer: str = service_of(app).settings.public_url
        self.metadata: dict[str, Any] = self.calls(self.issuer + WELL_KNOWN).get_json()
        assert self.metadata["issuer"] == self.issuer

    # The site's server.

    def calls(self, url: str, method: str = "GET", **more: Any) -> TestResponse:
        """A request of the site's server: no cookies, no browser's headers."""
        parts = urlsplit(url)
        target = urlunsplit(("", "", *parts[2:4], ""))
        # Else Flask's client puts PUBLIC_URL's path in front of that of the URL.
        more.setdefault("base_url", f"{parts.scheme}://{parts.netloc}")
        client = self.app.test_client(use_cookies=False)
        return client.open(target, method=method, **more)

    def redeems(self, code: str, **changes: str | None) -> TestResponse:
        """The token endpoint's answer to this code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            **changes,
        }
        return self.asks_for_tokens(form)

    def refreshes(self, refresh_token: str, **changes: str | None) -> TestResponse:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.asks_for_tokens({**form, **changes})

    def asks_for_tokens(self, form: dict[str, str | None]) -> TestResponse:
        return self.posts("token_endpoint", form)

    def posts(self, endpoint: str, form: dict[str, str | None]) -> TestResponse:
        """Posts a form to this endpoint, as the client that it is."""
        sent = {name: value for name, value in form.items() if value is not None}
        headers = {}
        if self.auth == "client_secret_basic":
            headers["Authorization"] = basic(self.client_id, self.secret or "")
        else:
            sent["client_id"] = self.client_id
        if self.auth == "client_secret_post":
            sent["client_secret"] = self.secret or ""
        return self.calls(self.metadata[endpoint], "POST", data=sent, headers=headers)

    def keys(self) -> dict[str, Any]:
        return self.calls(self.metadata["jwks_uri"]).get_json()

    def userinfo(self, token: str, method: str = "GET") -> TestResponse:
        return self.calls(
            self.metadata["userinfo_endpoint"],
            method,
            headers={"Authorization": f"Bearer {token}"},
        )

    def verifies(
        self,
        id_token: str,
        *,
        nonce: str | None = None,
        access_token: str | None = None,
        algorithm: str = "RS256",
    ) -> dict[str, Any]:
        """The claims of a good ID token. Core section 3.1.3.7, in its order."""
        keys = KeySet.import_key_set(self.keys())
        token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        claims, header = token.claims, token.header
        assert header["alg"] == algorithm
        assert header["kid"] in {key.kid for key in keys.keys}
        assert claims["iss"] == self.issuer
        assert claims["aud"] in (self.client_id, [self.client_id])
        assert claims.get("azp", self.client_id) == self.client_id
        now = time.time()
        assert claims["iat"] - 5 <= now < claims["exp"] <= now + 3600
        assert claims["auth_time"] <= claims["iat"]
        assert claims.get("nonce") == nonce
        assert claims["sub"].isascii() and 0 < len(claims["sub"]) <= 255
        if access_token is not None:
            assert claims["at_hash"] == left_half(access_token)
        return claims

    # The site's pages.

    def asks(self, scope: str = "openid", **changes: str | None) -> Asked:
        """A new authorization request; None takes a parameter away."""
        wishes = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            **changes,
        }
        query = {name: value for name, value in wishes.items() if value is not None}
        endpoint = self.metadata["authorization_endpoint"]
        return Asked(f"{endpoint}?{urlencode(query)}", query)

    def takes_back(self, arrived: Arrived, asked: Asked) -> str:
        """The code out of a good answer (RFC 6749 4.1.2, RFC 9207)."""
        answer = self._answer_in(arrived, asked)
        assert set(answer) == {"code"}
        return answer["code"]

    def is_refused(self, arrived: Arrived, asked: Asked) -> str:
        """The error out of a refusal that came back (RFC 6749 4.1.2.1, RFC 9207)."""
        answer = self._answer_in(arrived, asked)
        assert set(answer) <= {"error", "error_description"}
        return answer["error"]

    def _answer_in(self, arrived: Arrived, asked: Asked) -> dict[str, str]:
        """What stands in the address beside its own query, state and issuer."""
        assert arrived.location, arrived.answer.text
        before = "&" if "?" in self.redirect_uri else "?"
        assert arrived.location.startswith(self.redirect_uri + before)
        answer = dict(arrived.query)
        for name in dict(parse_qsl(urlsplit(self.redirect_uri).query)):
            del answer[name]
        assert answer.pop("state", None) == asked.state
        assert answer.pop("iss") == self.issuer
        return answer

    def signs_in(self, visitor: Visitor, asked: Asked | None = None) -> "SignedIn":
        """The whole way: to us, back, code, tokens, userinfo; all checked."""
        asked = asked or self.asks()
        arrived = visitor.goes_to(asked.url)
        return self.finishes(arrived, asked)

    def finishes(
        self, arrived: Arrived, asked: Asked, **changes: str | None
    ) -> "SignedIn":
        answer = self.redeems(self.takes_back(arrived, asked), **changes)
        tokens = good_tokens(answer)
        claims = self.verifies(
            tokens["id_token"], nonce=asked.nonce, access_token=tokens["access_token"]
        )
        known = self.userinfo(tokens["access_token"])
        assert known.status_code == 200, known.text
        assert known.mimetype == "application/json"
        assert known.get_json()["sub"] == claims["sub"]
        return SignedIn(tokens, claims, known.get_json(), arrived.logins)


@dataclass(frozen=True)
class SignedIn:
    """What a site knows after a sign-in."""

    tokens: dict[str, Any]
    claims: dict[str, Any]
    userinfo: dict[str, Any]
    logins: int

    @property
    def access_token(self) -> str:
        return self.tokens["access_token"]

    @property
    def refresh_token(self) -> str:
        return self.tokens["refresh_token"]

    @property
    def id_token(self) -> str:
        return self.tokens["id_token"]

    def nonce_after(self, tokens: dict[str, Any]) -> str | None:
        """What a refreshed ID token's nonce may be: none, or the same (Core 12.2)."""
        claims = json.loads(jws.extract_compact(tokens["id_token"].encode()).payload)
        return self.claims["nonce"] if "nonce" in claims else None


def good_tokens(answer: TestResponse) -> dict[str, Any]:
    """A token answer as RFC 6749 section 5.1 and Core section 3.1.3.3 have it."""
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    tokens = answer.get_json()
    assert tokens["token_type"] == "Bearer"
    assert 0 < tokens["expires_in"] <= 3600
    return tokens


def error_of(answer: TestResponse, status: int = 400) -> str:
    """OAuth's own error out of an answer with this status (RFC 6749 section 5.2)."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.get_json()["error"]


def basic(client_id: str, secret: str) -> str:
    """HTTP Basic as RFC 6749 section 2.3.1 has it: both parts form-encoded first."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, _base64(digest)


def left_half(token: str) -> str:
    """The at_hash of a token (Core section 3.1.3.6), for RS256 and ES256."""
    return _base64(hashlib.sha256(token.encode()).digest()[:16])


def unsigned(claims: dict[str, Any]) -> str:
    """A JWT with `alg: none`."""
    header = {"alg": "none", "typ": "JWT"}
    parts = (
        json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)
    )
    return ".".join(_base64(part) for part in parts) + "."


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
