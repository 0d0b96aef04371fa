"""A site sends a person here to be signed out (security row 120).

OpenID Connect RP-Initiated Logout 1.0. Anybody can send a browser here, so the site
shows by an ID token of ours whom it means (`id_token_hint`). One that is over will
do, and one whose key signs no more; it must be ours and unaltered. Without it the
person is asked.

A return address is, character for character, one that SITES lists for this site;
the site is known by the hint or says its `client_id`. Whatever is wrong ends on a
page of ours and leads nowhere (section 4). Where only the address is wrong, the hint
still proves site and person: the person is signed out and not led back. Otherwise a
slip in a site's settings would end the site's session and leave ours open.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from wxlogin.accounts import people
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.errors import BadLogoutRequest
from wxlogin.observability import get_logger
from wxlogin.oidc import clients, signed_tokens
from wxlogin.oidc.messages import LONGEST_ECHO, Call
from wxlogin.oidc.signed_tokens import NotOurs
from wxlogin.security.returning import with_query
from wxlogin.service import running, shelf

KIND = "oidc_logout"
NOT_LISTED = (
    "the post_logout_redirect_uri is not among post_logout_redirect_uris of SITES"
)
#: Seconds for which the question to the person is open.
WAIT_SECONDS = 600
# Bytes of any other parameter; none of them is kept as it came.
_LONGEST = 4096
# Language tags that are looked at (BCP 47 has none longer in use), and of each.
_LANGUAGES = 8
_LONGEST_TAG = 35
# An ID token, which may be longer (see `signed_tokens`).
_HINT = "id_token_hint"
_PARAMETERS = (
    _HINT,
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)


@dataclass(frozen=True)
class Unlisted:
    """A return address that SITES does not list, in words for the log."""

    sent: str
    nearest: str | None
    differs_in: str | None


@dataclass(frozen=True)
class Farewell:
    """A request that has been checked."""

    client_id: str | None = None
    #: The site's address with its state; None to stay on a page of ours.
    return_to: str | None = field(default=None, repr=False)
    #: What was sent in its place, by a site that proved whom it means.
    unlisted: Unlisted | None = None
    #: Whom the site means; None where it did not prove it.
    uid: str | None = None
    #: The site's wishes for the language of our pages, the best first.
    languages: tuple[str, ...] = ()

    def means(self, visitor: Visitor) -> bool:
        """Did the site prove that it means this visitor?"""
        return self.uid is not None and self.uid == visitor.uid


def consider(call: Call) -> Farewell:
    """The request, checked. Raises BadLogoutRequest, which says what to mend."""
    if doubled := call.doubled(_PARAMETERS):
        raise BadLogoutRequest(f"{doubled[0]} stands there twice")
    others = [name for name in _PARAMETERS if name not in (_HINT, "state")]
    if long := call.longer(others, _LONGEST):
        raise BadLogoutRequest(f"{long[0]} is longer than {_LONGEST} bytes")
    if call.longer(["state"], LONGEST_ECHO):
        raise BadLogoutRequest(f"state is longer than {LONGEST_ECHO} bytes")
    hint = _hint(call.one(_HINT))
    site = _site(call.one("client_id"), hint)
    uri = call.one("post_logout_redirect_uri")
    unlisted = _unlisted(site, uri)
    if unlisted is not None:
        _tell(site, unlisted, proven=hint is not None)
    return Farewell(
        client_id=site.client_id if site else None,
        return_to=_return_to(site, uri, call.one("state")),
        unlisted=unlisted,
        uid=people.surviving_uid(str(hint.get("sub", ""))) if hint else None,
        languages=_languages(call.one("ui_locales") or ""),
    )


_farewells = shelf(KIND, Farewell, seconds=WAIT_SECONDS)


def hold(farewell: Farewell) -> str:
    """Keeps the request until the person has answered; the key is what `held` wants.

    Raises Crowded where as many wait as WAITING_REQUESTS allows.
    """
    return _farewells.put(farewell, most=running().settings.waiting_requests)


def held(key: str) -> Farewell:
    """The request under this key. One that is gone was a request for nothing but to
    be asked."""
    return _farewells.get(key) or Farewell()


def _tell(site: Site | None, unlisted: Unlisted, *, proven: bool) -> None:
    """A line in the log for the developer, or BadLogoutRequest, which makes one."""
    facts = {"client": site.client_id if site else None, **asdict(unlisted)}
    if not proven:
        raise BadLogoutRequest(NOT_LISTED, **facts)
    get_logger().warning("signed out, not led back", why=NOT_LISTED, **facts)


def _languages(text: str) -> tuple[str, ...]:
    fit = [tag for tag in text.split() if tag.isascii() and len(tag) <= _LONGEST_TAG]
    return tuple(fit[:_LANGUAGES])


def _hint(text: str | None) -> dict[str, Any] | None:
    """The claims of the hint; None for no hint."""
    if text is None:
        return None
    try:
        return signed_tokens.read(text, typ=signed_tokens.ID_TOKEN)
    except NotOurs as error:
        raise BadLogoutRequest(f"the id_token_hint is not ours: {error}") from None


def _site(client_id: str | None, hint: dict[str, Any] | None) -> Site | None:
    """The site that sends the person; None where it does not say who it is."""
    audience = str(hint.get("aud", "")) if hint else None
    if client_id and audience and client_id != audience:
        raise BadLogoutRequest(
            "client_id is not the site for which the id_token_hint was made",
            audience=audience,
        )
    named = client_id or audience
    if named is None:
        return None
    site = running().settings.site_of(named)
    if site is None:
        raise BadLogoutRequest("no site in SITES has this client_id")
    return site


def _return_to(site: Site | None, uri: str | None, state: str | None) -> str | None:
    """Where the person goes afterwards. An address of nobody's counts for nothing."""
    if uri is None or site is None or uri not in site.post_logout_redirect_uris:
        return None
    return with_query(uri, state=state) if state else uri


def _unlisted(site: Site | None, uri: str | None) -> Unlisted | None:
    """The address that the site should not have sent; None where it is all right."""
    if uri is None or site is None or uri in site.post_logout_redirect_uris:
        return None
    near = clients.closest(uri, site.post_logout_redirect_uris)
    differs_in = clients.difference(uri, near) if near else None
    return Unlisted(clients.shown(uri), near, differs_in)
