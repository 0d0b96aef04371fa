"""Which site is calling: client id and secret (security row 116).

RFC 6749 section 2.3.1. A secret is kept in the settings as it is or as its SHA-256;
what is given is compared in constant time, and for a client nobody knows the same
work is done, so that time tells neither.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from wxlogin.config import Settings, Site
from wxlogin.errors import InvalidClient

_HASHED = "sha256:"
# What a client that nobody knows is compared with; nothing has this digest.
_NOBODY = bytes(32)


@dataclass(frozen=True)
class Credentials:
    """What a Basic header says. Clients should encode id and secret as in a form
    before they join them, and many do not: `secrets` holds both readings."""

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)


def authenticate(settings: Settings, *, client_id: str, secret: str) -> Site:
    """The site with this id and this secret. Raises InvalidClient."""
    return _authenticate(settings, client_id, (secret,))


def site_of_basic(settings: Settings, authorization: str | None) -> Site:
    """The site that an Authorization header proves. Raises InvalidClient."""
    given = basic_credentials(authorization)
    if given is None:
        raise InvalidClient("a site's client id and secret are needed (Basic)")
    return _authenticate(settings, given.client_id, given.secrets)


def authenticate_basic(settings: Settings, given: Credentials) -> Site:
    """The site of these credentials. Raises InvalidClient."""
    return _authenticate(settings, given.client_id, given.secrets)


def basic_credentials(authorization: str | None) -> Credentials | None:
    """What a Basic header holds; None for another scheme or an unreadable one."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(text.strip()).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    if not colon:
        return None
    return Credentials(unquote_plus(name), (unquote_plus(secret), secret))


def _authenticate(settings: Settings, client_id: str, given: tuple[str, ...]) -> Site:
    site = settings.site_of(client_id)
    expected = _digest_of(site)
    # Every reading is compared, whatever the ones before have shown.
    good = [hmac.compare_digest(_sha256(secret), expected) for secret in given]
    if site is None:
        raise InvalidClient("no site has this client id")
    if not any(good):
        raise InvalidClient("the client secret is wrong", client=client_id)
    return site


def _digest_of(site: Site | None) -> bytes:
    secret = site.client_secret if site else None
    if secret is None:
        return _NOBODY
    if secret.startswith(_HASHED):
        return bytes.fromhex(secret.removeprefix(_HASHED))
    return _sha256(secret)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
