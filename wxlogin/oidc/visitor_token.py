"""The visitor's token: what `/auth` says of a visitor, signed.

A header can be forged where a proxy lets another spelling of its name through; a
signature cannot. The token is a JWT (RFC 7519) with a type of its own, so that it
passes for no ID token, logout token or access token and none of them for it (RFC 8725
section 3.11); its audience is the host of the pages, which no site has as its
`client_id` (start-up sees to it). It is over after a minute: a proxy asks anew for
each request, so nobody has to keep one.
"""

from datetime import datetime, timedelta
from typing import Any

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings
from wxlogin.observability import get_logger
from wxlogin.oidc import signing
from wxlogin.oidc.keys import Alg
from wxlogin.security.sealing import SealBroken

LIFETIME = timedelta(seconds=60)
#: Every site understands it; it costs a quarter of a millisecond.
ALG: Alg = "RS256"


def make(
    settings: Settings, visitor: Visitor, *, external_id: str | None, at: datetime
) -> str:
    """The signed token about this visitor; empty where no signing key opens.

    `external_id` is the site's own id of the person, left out where there is none,
    as is a name. The pages stay open without a token: who checks it closes them.
    """
    claims: dict[str, Any] = {
        "iss": settings.public_url,
        "aud": settings.visitor_audience,
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "sub": visitor.uid,
    }
    if visitor.nickname:
        claims["name"] = visitor.nickname
    if external_id is not None:
        claims["external_id"] = external_id
    try:
        return signing.sign(claims, alg=ALG, typ=signing.VISITOR_TOKEN)
    except SealBroken as error:
        get_logger().error("no token about a visitor", why=str(error))
        return ""
