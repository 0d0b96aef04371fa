"""Claims for an access token: OpenID Connect Core 5.3, RFC 6750 section 3.1."""

from datetime import datetime
from typing import Any

from authlib.oauth2 import OAuth2Error

from wxlogin.config import Settings
from wxlogin.errors import AccountGone
from wxlogin.oidc import access
from wxlogin.oidc.claims import user_claims
from wxlogin.oidc.refusals import refusal


def claims_for(settings: Settings, token: str, *, at: datetime) -> dict[str, Any]:
    """What the site of this token may know now of its user.

    `sub` is that of the ID token. Raises OAuth2Error: invalid_token for anything but
    a live access token, an ID token among them (security row 117);
    insufficient_scope for one that was not given for `openid`.
    """
    found = access.find(token, at=at)
    site = settings.site_of(found.client_id) if found else None
    if found is None or site is None:
        raise _invalid()
    if "openid" not in found.scope:
        description = "This token was given without the scope openid."
        raise refusal("insufficient_scope", description, 403)
    try:
        return user_claims(settings, site, found.user_id, found.scope)
    except AccountGone:
        raise _invalid() from None


def _invalid() -> OAuth2Error:
    description = "The access token is unknown, over, or was taken back."
    return refusal("invalid_token", description, 401)
