"""What becomes of a token later: a site asks about it, or gives it back.

Introspection (RFC 7662) is for clients with a secret and for their own tokens only: to
another client's question the answer is "not active". Revocation (RFC 7009): an access
token ends by itself, a refresh token with everything that hangs on it; for another
client's token the answer is the same and nothing happens (security row 119).
"""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from wxlogin.db import now
from wxlogin.oidc import access, refreshing
from wxlogin.oidc.access import Access
from wxlogin.oidc.callers import CONFIDENTIAL, EVERY
from wxlogin.oidc.refreshing import Family
from wxlogin.oidc.refusals import invalid_request
from wxlogin.service import running

Found = Access | Family | None


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
                access.revoke(request.call.one("token"), client_id=client.client_id)
            else:
                access.end_tokens(found.authorization_id)
        return 200, {}, default_json_headers


def _look(request: Any) -> Found:
    token = request.call.one("token")
    if token is None:
        raise invalid_request("token is missing.")
    at = now()
    return access.find(token, at=at) or refreshing.find(token, at=at)


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
