"""The ID token: OpenID Connect Core 2 and 3.1.3.6 say what is in it (row 117)."""

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from wxlogin.config import Settings, Site
from wxlogin.oidc import signing
from wxlogin.oidc.claims import user_claims

#: It says who signed in and is read at once; the site's own session comes after it.
LIFETIME = timedelta(minutes=10)
#: What stands in it besides the claims about the person.
CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid")


def make(
    settings: Settings,
    site: Site,
    *,
    user_id: int,
    scope: Collection[str],
    nonce: str | None,
    auth_time: datetime,
    sid: str,
    access_token: str,
    at: datetime,
) -> str:
    """The signed ID token of this sign-in. Raises AccountGone.

    `auth_time` is when the person signed in at WeChat, `sid` the session as this
    site knows it, `nonce` what the site sent with its request.
    """
    claims: dict[str, Any] = {
        "iss": settings.public_url,
        "aud": site.client_id,
        "exp": int((at + LIFETIME).timestamp()),
        "iat": int(at.timestamp()),
        "auth_time": int(auth_time.timestamp()),
        "at_hash": _half_hash(access_token),
        "sid": sid,
        **user_claims(settings, site, user_id, scope),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return signing.sign(claims, alg=site.id_token_alg, typ=signing.ID_TOKEN)


def _half_hash(token: str) -> str:
    """The left half of the SHA-256 (both of our algorithms hash with it)."""
    half = hashlib.sha256(token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).decode().rstrip("=")
