"""The two ways to tokens, a code and a refresh token, and what becomes of them.

Authlib leads through them; what it leaves to two steps is one step here: a code is
looked up, used up and exchanged by compare-and-set, a refresh token is exchanged in
one transaction. Its own answers also write tokens to the debug log, ours do not.

A site asks about a token, or gives it back.

Introspection (RFC 7662) is for clients with a secret and for their own tokens only: to
another client's question the answer is "not active". Revocation (RFC 7009): an access
token ends by itself, a refresh token with everything that hangs on it; for another
client's token the answer is the same and nothing happens (security row 119).
"""

import hmac
import re
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.hooks import hooked
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import OpenIDToken

from wxlogin.db import now
from wxlogin.oidc import access_tokens, claims, codes, refresh_tokens
from wxlogin.oidc.access_tokens import Access, Issued
from wxlogin.oidc.authorization_request import PKCE_NEEDED
from wxlogin.oidc.clients import CONFIDENTIAL, EVERY
from wxlogin.oidc.codes import Code
from wxlogin.oidc.errors import invalid_grant, invalid_request
from wxlogin.oidc.refresh_tokens import Family
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.sites.terms import Entry

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]
Found = Access | Family | None

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY

    def query_authorization_code(self, code: str, client: Any) -> Code:
        found = codes.find(code, client_id=client.client_id, at=now())
        # Authlib compares them too; its words leave out what to mend.
        if self.request.payload.redirect_uri != found.redirect_uri:
            raise invalid_grant("redirect_uri is not the one the code was sent to.")
        return found

    @hooked  # type: ignore[untyped-decorator]  # Authlib has no types
    def create_token_response(self) -> Answer:
        """RFC 6749 section 4.1.4; raises `invalid_grant`."""
        claimed = codes.claim(self.request.authorization_code)
        if claimed is None:
            raise invalid_grant("This code was used before.")
        # The person may have taken the site's access back since the code was given.
        site = self.request.client.site
        if terms.entry(running().settings, site, claimed.user_id) is not Entry.ok:
            raise invalid_grant("The person has to agree to the terms again.")
        issued = codes.redeem(claimed, at=now())
        if issued is None:
            raise invalid_grant("The session in which this code was given is over.")
        if not codes.finish(claimed, issued.authorization_id):
            access_tokens.end_tokens(issued.authorization_id)
        return _answer(self, issued)


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 6, with rotation."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY

    def validate_token_request(self) -> None:
        """The client; whether the token is good shows when it is exchanged."""
        self.request.client = self._validate_request_client()
        if self.request.call.one("refresh_token") is None:
            raise invalid_request("refresh_token is missing.")

    @hooked  # type: ignore[untyped-decorator]  # Authlib has no types
    def create_token_response(self) -> Answer:
        """RFC 6749 sections 5.1 and 6; raises `invalid_grant`, `invalid_scope`."""
        issued = refresh_tokens.refresh(
            running().settings,
            self.request.call.one("refresh_token") or "",
            client_id=self.request.client.client_id,
            wish=self.request.call.one("scope"),
            at=now(),
        )
        return _answer(self, issued)


class IdTokens(OpenIDToken):  # type: ignore[misc]  # Authlib has no types
    """Adds an ID token where the scope holds `openid` (OpenID Connect Core 3.1.3.3
    and 12.2)."""

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        issued: Issued = request.credential
        return claims.id_token(
            running().settings,
            request.client.site,
            user_id=issued.user_id,
            scope=issued.scope,
            nonce=issued.nonce,
            auth_time=issued.auth_time,
            sid=issued.sid,
            access_token=issued.access_token,
            at=now(),
        )


def _answer(grant: Any, issued: Issued) -> Answer:
    # Where the extension that makes the ID token finds what it speaks of.
    grant.request.credential = issued
    body: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "scope": " ".join(issued.scope),
    }
    return 200, body, grant.TOKEN_RESPONSE_HEADER


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Proof of possession of a code: PKCE, S256 only (security row 114).

    RFC 7636, RFC 9700 section 2.1.1. A public client must use it, any other may. A
    challenge without a method would mean `plain`, which proves nothing to whoever
    reads the request, so it is refused; and a verifier for a code that had no
    challenge is an attack on a client that uses PKCE (RFC 9700 section 4.8).
    """

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.call
        challenge = asked.one("code_challenge")
        method = asked.one("code_challenge_method")
        if challenge is None:
            if method is not None:
                raise invalid_request("code_challenge_method without code_challenge.")
            if grant.client.site.is_public:
                raise invalid_request(PKCE_NEEDED)
            return
        if method != "S256":
            raise invalid_request("code_challenge_method must be S256.")
        if not _CHALLENGE.fullmatch(challenge):
            raise invalid_request("code_challenge is not a SHA-256 in base64url.")

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        verifier = grant.request.call.one("code_verifier")
        challenge = grant.request.authorization_code.code_challenge
        if challenge is None and verifier is None:
            return
        if challenge is None:
            raise invalid_grant("This code was asked for without code_challenge.")
        if verifier is None:
            raise invalid_grant("code_verifier is missing.")
        if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
            create_s256_code_challenge(verifier), challenge
        ):
            raise invalid_grant("code_verifier does not match code_challenge.")


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # no types
    """RFC 7662. `token_type_hint` is not needed: our tokens differ in shape."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def create_endpoint_response(self, request: Any) -> Any:
        client = self.authenticate_endpoint_client(request)
        found = _look(request)
        if found is None or found.client_id != client.client_id:
            return 200, {"active": False}, default_json_headers
        return 200, _described(found), default_json_headers


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """RFC 7009, also for public clients."""

    CLIENT_AUTH_METHODS = EVERY

    def create_endpoint_response(self, request: Any) -> Any:
        client = self.authenticate_endpoint_client(request)
        found = _look(request)
        if found is not None and found.client_id == client.client_id:
            if isinstance(found, Access):
                access_tokens.revoke(
                    request.call.one("token"), client_id=client.client_id
                )
            else:
                access_tokens.end_tokens(found.authorization_id)
        return 200, {}, default_json_headers


def _look(request: Any) -> Found:
    token = request.call.one("token")
    if token is None:
        raise invalid_request("token is missing.")
    at = now()
    return access_tokens.find(token, at=at) or refresh_tokens.find(token, at=at)


def _described(found: Access | Family) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "active": True,
        "client_id": found.client_id,
        "scope": " ".join(found.scope),
        "sub": found.uid,
        "iss": running().settings.public_url,
    }
    if isinstance(found, Family):
        if not found.is_good:
            return {"active": False}
        return {**facts, "exp": int(found.ends_at.timestamp())}
    return {
        **facts,
        "token_type": "Bearer",
        "aud": found.client_id,
        "sid": found.sid,
        "iat": int(found.issued_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
    }
