"""The logout token: tells a site that a session is over.

OpenID Connect Back-Channel Logout 1.0, section 2.4 (security row 120). It has a type
and an event of its own and never a nonce, so that no ID token passes for it.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from wxlogin.config import Settings, Site
from wxlogin.oidc import signing

LIFETIME = timedelta(minutes=2)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def make(settings: Settings, site: Site, *, uid: str, sid: str, at: datetime) -> str:
    """The signed logout token for this site about one session of this user."""
    claims: dict[str, Any] = {
        "iss": settings.public_url,
        "aud": site.client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sub": uid,
        "sid": sid,
    }
    return signing.sign(claims, alg=site.id_token_alg, typ=signing.LOGOUT_TOKEN)
