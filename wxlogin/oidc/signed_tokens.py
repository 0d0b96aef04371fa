"""What we sign for sites, and how we know it again (JWS by joserfc).

Every text says what it is in `typ` and is read as that only, so a logout token is
no ID token and the other way round (RFC 8725 section 3.11, security row 117). The
algorithm is the key's, not the text's: `none` and other families never verify.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol

from wxlogin.accounts.sessions import Visitor
from wxlogin.observability import get_logger
from wxlogin.oidc.signing_keys import ALGS, Alg, Jwk, public_key, signing_key
from wxlogin.security.sealing import SealBroken
from wxlogin.service import running

ID_TOKEN = "JWT"  # noqa: S105  a type
#: OpenID Connect Back-Channel Logout 1.0, section 2.4.
LOGOUT_TOKEN = "logout+jwt"  # noqa: S105  a type
#: What `/auth` says of a visitor (`visitor_token`).
VISITOR_TOKEN = "wxlogin-visitor+jwt"  # noqa: S105  a type
#: What a site's server reads of a program's user (oidc/program_tokens.py).
PROGRAM_TOKEN = "wxlogin-program+jwt"  # noqa: S105  a type
VISITOR_LIFETIME = timedelta(seconds=60)
#: Every site understands it; it costs a quarter of a millisecond.
VISITOR_ALG: Alg = "RS256"
# An ID token of ours has one to two thousand characters.
_LONGEST = 8192
_KID = re.compile(r"[A-Za-z0-9_-]{43}")


class NotOurs(ValueError):
    """Not a text of this type that we signed; says in a few words what is wrong."""


def sign(claims: dict[str, Any], *, alg: Alg, typ: str) -> str:
    """The claims as a signed JWT in the compact form."""
    key = signing_key(alg)
    if key.private is None:
        raise AssertionError("a key that signs is open")
    header = {"alg": alg, "typ": typ, "kid": key.kid}
    return jwt.encode(header, claims, key.private, algorithms=[alg])


def read(text: str, *, typ: str) -> dict[str, Any]:
    """The claims of a text we signed, however long ago. Raises NotOurs.

    `exp` is not looked at: an `id_token_hint` may be over (OpenID Connect
    RP-Initiated Logout 1.0, section 2). The issuer is us.
    """
    if len(text) > _LONGEST or not text.isascii():
        raise NotOurs("no text of ours")
    try:
        token = jwt.decode(text, _key_of, algorithms=list(ALGS))
    # TypeError: a header whose `crit` is no list (joserfc 1.8).
    except (JoseError, ValueError, TypeError) as error:
        raise NotOurs(f"does not verify ({type(error).__name__})") from None
    if token.header.get("typ") != typ:
        raise NotOurs("of another type")
    if token.claims.get("iss") != running().settings.public_url:
        raise NotOurs("of another issuer")
    return token.claims


def visitor_token(visitor: Visitor, *, external_id: str | None, at: datetime) -> str:
    """What `/auth` says of a visitor, signed; empty where no signing key opens.

    A header can be forged where a proxy lets another spelling of its name through; a
    signature cannot. The token is a JWT (RFC 7519) with a type of its own, so that it
    passes for no ID token, logout token or access token and none of them for it (RFC
    8725 section 3.11); its audience is the host of the pages, which no site has as its
    `client_id` (start-up sees to it). It is over after a minute: a proxy asks anew for
    each request, so nobody has to keep one.

    `external_id` is the site's own id of the person, left out where there is none,
    as is a name. The pages stay open without a token: who checks it closes them.
    """
    settings = running().settings
    claims: dict[str, Any] = {
        "iss": settings.public_url,
        "aud": settings.visitor_audience,
        "iat": int(at.timestamp()),
        "exp": int((at + VISITOR_LIFETIME).timestamp()),
        "sub": visitor.uid,
    }
    if visitor.profile.nickname:
        claims["name"] = visitor.profile.nickname
    if external_id is not None:
        claims["external_id"] = external_id
    try:
        return sign(claims, alg=VISITOR_ALG, typ=VISITOR_TOKEN)
    except SealBroken as error:
        get_logger().error("no token about a visitor", why=str(error))
        return ""


def _key_of(signed: GuestProtocol) -> Jwk:
    kid = signed.headers().get("kid")
    # A thumbprint; a database may refuse to compare with what it could not hold.
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise NotOurs("no key of ours")
    found = public_key(kid)
    if found is None:
        raise NotOurs("no key of ours")
    return found
