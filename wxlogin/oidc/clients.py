"""A site as an OAuth client: how it proves itself, where it may send people back to.

**Client id and secret** (RFC 6749 section 2.3.1, security row 116). A secret is kept in
the settings as it is or as its SHA-256; what is given is compared in constant time, and
for a client nobody knows the same work is done, so that time tells neither. At the
token endpoint and its sisters a client proves itself one way at a time (section 2.3): a
Basic header, id and secret in the form, or for a public client its id alone. Authlib
would take the first that fits; here a second one beside it is refused.

**Return addresses** (`redirect_uri`). The rule: the address is, character for
character, one that SITES lists. One exception: a native app may open any port of the
machine it runs on, so for a public client the port of `http://127.0.0.1` and
`http://[::1]` is not compared. RFC 6749 section 3.1.2, RFC 9700 section 4.1.3, RFC 8252
sections 7.3 and 8.3, security row 112.
"""

import base64
import binascii
import difflib
import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote_plus, urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from wxlogin.config import Site
from wxlogin.config.host_names import is_this_machine
from wxlogin.errors import InvalidClient
from wxlogin.observability import get_logger
from wxlogin.oidc.messages import Call, ClientRefused, invalid_request
from wxlogin.service import running

_HASHED = "sha256:"
# What a client that nobody knows is compared with; nothing has this digest.
_NOBODY = bytes(32)
BASIC = "client_secret_basic"
POST = "client_secret_post"
NONE = "none"
#: With a secret, and for every client.
CONFIDENTIAL = (BASIC, POST)
EVERY = (BASIC, POST, NONE)
#: Those we know. `offline_access` is granted like the others and changes nothing: who
#: signs in brings a refresh token. Many libraries ask for it, and compare the answer.
SCOPES = ("openid", "profile", "wechat", "email", "offline_access")
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:/.*)?)")
_SHOWN = 200
_PARTS = ("scheme", "hostname", "port", "username", "path", "query", "fragment")


@dataclass(frozen=True)
class Credentials:
    """What a Basic header says. Clients should encode id and secret as in a form
    before they join them, and many do not: `secrets` holds both readings."""

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)


def authenticate(*, client_id: str, secret: str) -> Site:
    """The site with this id and this secret. Raises InvalidClient."""
    return _authenticate(client_id, (secret,))


def site_of_basic(authorization: str | None) -> Site:
    """The site that an Authorization header proves. Raises InvalidClient."""
    given = basic_credentials(authorization)
    if given is None:
        raise InvalidClient("a site's client id and secret are needed (Basic)")
    return _authenticate(given.client_id, given.secrets)


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


def _authenticate(client_id: str, given: tuple[str, ...]) -> Site:
    site = running().settings.site_of(client_id)
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


class Client(ClientMixin):
    """A site as Authlib asks about it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client_id = site.client_id or ""

    def __repr__(self) -> str:
        return f"<Client {self.client_id}>"

    def get_allowed_scope(self, scope: str | None) -> str:
        return known_scope(scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return is_registered(self.site, redirect_uri)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


def identify(call: Call, methods: Collection[str]) -> Client:
    """The client that calls, by one of these methods. Raises OAuth2Error."""
    method, found = _identify(call)
    if method not in methods:
        raise _refused("this endpoint is for clients with a secret", found.client_id)
    return Client(found)


def _identify(call: Call) -> tuple[str, Site]:
    client_id, secret = call.one("client_id"), call.one("client_secret")
    if call.one("client_assertion") or call.one("client_assertion_type"):
        raise _refused("client assertions are not supported", None)
    if call.authorization:
        if secret:
            raise invalid_request("Two ways of client authentication at once.")
        return BASIC, _by_basic(call.authorization, client_id)
    if client_id and secret:
        try:
            site = authenticate(client_id=client_id, secret=secret)
        except InvalidClient as error:
            raise _wrong(error) from None
        return POST, site
    return NONE, _public(client_id)


def _by_basic(authorization: str, client_id: str | None) -> Site:
    given = basic_credentials(authorization)
    if given is None:
        raise _refused("the Authorization header is not Basic, or unreadable", None)
    if client_id and client_id != given.client_id:
        raise invalid_request("client_id and the Authorization header disagree.")
    try:
        return _authenticate(given.client_id, given.secrets)
    except InvalidClient as error:
        raise _wrong(error) from None


def _public(client_id: str | None) -> Site:
    site = running().settings.site_of(client_id or "")
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


def known_scope(wish: str | None) -> str:
    """Those of the wishes that we know, in our order; others are no error."""
    wishes = (wish or "").split()
    return " ".join(one for one in SCOPES if one in wishes)


def is_registered(site: Site, uri: str) -> bool:
    """May people be sent to this address for this site?"""
    if uri in site.redirect_uris:
        return True
    asked = _LOOPBACK.fullmatch(uri)
    if not site.is_public or asked is None:
        return False
    known = (_LOOPBACK.fullmatch(one) for one in site.redirect_uris)
    return any(one and one.groups() == asked.groups() for one in known)


def is_program(site: Site, uri: str) -> bool:
    """Does this address lead to a program on the person's device?

    Then nothing proves which program: another one may register the scheme or open
    the port, and bring the client's id and a verifier of its own (RFC 8252 sections
    8.1 and 8.6). A page of scripts that a developer serves on loopback cannot be told
    from one.
    """
    if not site.is_public:
        return False
    parts = urlsplit(uri)
    return parts.scheme not in ("http", "https") or is_this_machine(parts.hostname)


def closest(uri: str, registered: Sequence[str]) -> str | None:
    """The one of these addresses that is most like this one."""
    found = difflib.get_close_matches(uri, registered, n=1, cutoff=0)
    return found[0] if found else None


def difference(uri: str, registered: str) -> str:
    """In which parts two addresses differ, in words for a site's developer."""
    try:
        one, other = urlsplit(uri), urlsplit(registered)
        parts = [name for name in _PARTS if _part(one, name) != _part(other, name)]
    except ValueError:
        return "it is no address"
    if "path" in parts and one.path.strip("/") == other.path.strip("/"):
        return "a slash at the end"
    if uri.lower() == registered.lower():
        return "capital and small letters"
    return ", ".join(parts) or "the spelling"


def shown(uri: str) -> str:
    """Scheme, host, port and path: what a log line needs of an address."""
    try:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no address)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:_SHOWN]


def _part(parts: SplitResult, name: str) -> object:
    return getattr(parts, name)
