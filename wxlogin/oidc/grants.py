"""The two ways to tokens: a code, and a refresh token.

Authlib leads through them; what it leaves to two steps is one step here: a code is
looked up, used up and exchanged by compare-and-set, a refresh token is exchanged in
one transaction. Its own answers also write tokens to the debug log, ours do not.
"""

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.hooks import hooked
from authlib.oidc.core import OpenIDToken

from wxlogin.db import now
from wxlogin.oidc import access, codes, id_token, issuing, refreshing
from wxlogin.oidc.callers import EVERY
from wxlogin.oidc.codes import Code
from wxlogin.oidc.issuing import Issued
from wxlogin.oidc.refusals import invalid_grant, invalid_request
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.sites.terms import Entry

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 4.1. `request.user` is what the code is to stand for."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY

    def create_authorization_response(self, redirect_uri: str, grant_user: Code) -> Any:
        """The fields that the return address is given."""
        fields = {"code": codes.issue(grant_user)}
        if state := self.request.payload.state:
            fields["state"] = state
        return 302, fields, [("Location", redirect_uri)]

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
        issued = issuing.redeem(claimed, at=now())
        if issued is None:
            raise invalid_grant("The session in which this code was given is over.")
        if not codes.finish(claimed, issued.authorization_id):
            access.end_tokens(issued.authorization_id)
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
        issued = refreshing.refresh(
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
        return id_token.make(
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
