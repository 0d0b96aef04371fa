"""Which site is calling: client id and secret (security row 116).

RFC 6749 section 2.3.1. A secret is kept in the settings as it is or as its SHA-256;
what is given is compared in constant time, and for a client nobody knows the same
work is done, so that time tells neither.

At the token endpoint and its sisters a client proves itself one way at a time (RFC 6749
section 2.3): a Basic header, id and secret in the form, or for a public client its id
alone. Authlib would take the first that fits; here a second one beside it is refused
(security row 116).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import ClientMixin

from wxlogin.config import Settings, Site
from wxlogin.errors import InvalidClient
from wxlogin.observability import get_logger
from wxlogin.oidc import return_addresses
from wxlogin.oidc.authorization_request import known_scope
from wxlogin.oidc.errors import ClientRefused, invalid_request
from wxlogin.oidc.wire import Call

_HASHED = "sha256:"
# What a client that nobody knows is compared with; nothing has this digest.
_NOBODY = bytes(32)
BASIC = "client_secret_basic"
POST = "client_secret_post"
NONE = "none"
#: With a secret, and for every client.
CONFIDENTIAL = (BASIC, POST)
EVERY = (BASIC, POST, NONE)


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


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A site as Authlib asks about it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client_id = site.client_id or ""

    def __repr__(self) -> str:
        return f"<Client {self.client_id}>"

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: the site always says where people go back to."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return known_scope(scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return return_addresses.is_registered(self.site, redirect_uri)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


def identify(settings: Settings, call: Call, methods: Collection[str]) -> Client:
    """The client that calls, by one of these methods. Raises OAuth2Error."""
    method, found = _identify(settings, call)
    if method not in methods:
        raise _refused("this endpoint is for clients with a secret", found.client_id)
    return Client(found)


def _identify(settings: Settings, call: Call) -> tuple[str, Site]:
    client_id, secret = call.one("client_id"), call.one("client_secret")
    if call.one("client_assertion") or call.one("client_assertion_type"):
        raise _refused("client assertions are not supported", None)
    if call.authorization:
        if secret:
            raise invalid_request("Two ways of client authentication at once.")
        return BASIC, _by_basic(settings, call.authorization, client_id)
    if client_id and secret:
        try:
            site = authenticate(settings, client_id=client_id, secret=secret)
        except InvalidClient as error:
            raise _wrong(error) from None
        return POST, site
    return NONE, _public(settings, client_id)


def _by_basic(settings: Settings, authorization: str, client_id: str | None) -> Site:
    given = basic_credentials(authorization)
    if given is None:
        raise _refused("the Authorization header is not Basic, or unreadable", None)
    if client_id and client_id != given.client_id:
        raise invalid_request("client_id and the Authorization header disagree.")
    try:
        return authenticate_basic(settings, given)
    except InvalidClient as error:
        raise _wrong(error) from None


def _public(settings: Settings, client_id: str | None) -> Site:
    site = settings.site_of(client_id or "")
    if site is None:
        raise _refused("no client id, or one that nobody has", None)
    if not site.is_public:
        raise _refused("this client has a secret and did not send it", client_id)
    return site


def _wrong(error: InvalidClient) -> ClientRefused:
    return _refused(error.operator, error.facts.get("client"))


def _refused(why: str, client_id: object) -> ClientRefused:
    get_logger().warning("client refused", client=client_id, why=why, security=True)
    return ClientRefused("Client authentication failed.")
