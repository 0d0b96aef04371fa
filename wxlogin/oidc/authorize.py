"""The authorization endpoint: what a site asks for, and what it is answered.

OpenID Connect Core 3.1.2, RFC 6749 section 4.1. There are two kinds of bad requests.
Where the site or its return address is not certain, nobody is sent anywhere: a page
for the visitor, and a log line that names what the site's developer has to mend
(security row 112). Every other fault is told to the return address.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Unpack

from authlib.oauth2 import OAuth2Error

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import transaction
from wxlogin.errors import BadSiteRequest, Facts, RegistrationClosed
from wxlogin.oidc import clients, codes, signed_tokens
from wxlogin.oidc.authorization_request import (
    PROMPTS,
    RESPONSE_MODES,
    AuthorizationRequest,
    Return,
    require_challenge,
)
from wxlogin.oidc.authorization_server import CodeGrant, server
from wxlogin.oidc.codes import Code
from wxlogin.oidc.messages import LONGEST_ECHO, Call, Reply, invalid_request, refusal
from wxlogin.service import running
from wxlogin.sites import members, terms
from wxlogin.sites.terms import Entry

_NAMES = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
    "max_age",
    "id_token_hint",
    "request",
    "request_uri",
    "registration",
)
# Bytes of any other parameter; none of them is kept as it came.
_LONGEST = 4096
# What the site gets back as it was, and what waits in our store until then.
_ECHOED = ("state", "nonce")
# OpenID Connect Core 6 and 7.2.1: what we do not take, and how that is said.
_UNSUPPORTED = ("request", "request_uri", "registration")


class Detour(StrEnum):
    """Where the visitor has to go before the site gets its answer."""

    login = "login"
    terms = "terms"
    #: A page that asks to follow the site's official account.
    follow = "follow"
    #: A page that names the client and the account, and asks whether to go on.
    consent = "consent"


def consider(call: Call, *, at: datetime) -> AuthorizationRequest | Reply:
    """The request if all is well with it, or the answer for its return address.

    Raises BadSiteRequest where there is no certain return address.
    """
    back = _return(call)
    try:
        _refuse_unsupported(call)
        grant = server().get_consent_grant(call)
        challenge = call.one("code_challenge")
        method = call.one("code_challenge_method")
        require_challenge(grant.client.site, challenge, method)
        return _read(call, back, grant, at=at)
    except OAuth2Error as error:
        return back.refused(error)


def decide(
    request: AuthorizationRequest,
    visitor: Visitor | None,
    *,
    at: datetime,
    enters: Callable[[Site, Visitor], bool],
    agreed: bool = False,
) -> Reply | Detour:
    """The answer for the site, or the visitor's next page.

    OpenID Connect Core 3.1.2.1 (prompt, max_age, id_token_hint) and 3.1.2.3.

    `enters`: does the visitor follow whom the site wants followed, or need not?
    `agreed`: the visitor has just said on our page that this request may go on.
    Raises RegistrationClosed where the site takes nobody new, and BadSiteRequest
    where site or return address have been taken out of the settings meanwhile.
    """
    site = running().settings.site_of(request.client_id)
    if site is None or not request.still_fits(site):
        raise BadSiteRequest(
            "site or redirect_uri is no longer in SITES", client=request.client_id
        )
    silent = request.silent
    if visitor is None or request.wants_login(visitor, at=at):
        if not silent:
            return Detour.login
        return refuse(request, "login_required", "The visitor is not signed in.")
    if request.wants_another(visitor):
        if silent or visitor.session_started_at > request.created:
            return refuse(request, "login_required", "Somebody else is signed in.")
        return Detour.login
    match terms.entry(site, visitor.user_id):
        case Entry.terms if silent:
            return refuse(request, "interaction_required", "The visitor has to agree.")
        case Entry.terms:
            return Detour.terms
        case Entry.closed if silent:
            return refuse(request, "access_denied", "The site takes nobody new.")
        case Entry.closed:
            raise RegistrationClosed("the site takes nobody new", client=site.client_id)
        case Entry.ok if not enters(site, visitor):
            said = "The visitor has to follow the site's official account."
            return (
                refuse(request, "interaction_required", said)
                if silent
                else Detour.follow
            )
        case Entry.ok if agreed or not request.asks_for_word(site):
            return _grant(request, site, visitor, at=at)
        case Entry.ok if silent:
            return refuse(request, "consent_required", "The visitor has to go on.")
        case Entry.ok:
            return Detour.consent


def refuse(request: AuthorizationRequest, error: str, description: str) -> Reply:
    """An error for the request's return address.

    Raises BadSiteRequest where that has been taken out of the settings meanwhile.
    """
    _require_listed(request.client_id, request.redirect_uri)
    return request.refused(refusal(error, description))


def _grant(
    request: AuthorizationRequest, site: Site, visitor: Visitor, *, at: datetime
) -> Reply:
    """The site knows the user from here on, and gets a code."""
    client_id, user_id = request.client_id, visitor.user_id
    if members.member(client_id, user_id) is None:
        transaction(lambda session: members.join(session, client_id, user_id, at=at))
    challenge = request.code_challenge
    try:
        # The site may have lost its secret since it asked.
        require_challenge(site, challenge, "S256" if challenge else None)
    except OAuth2Error as error:
        return request.refused(error)
    code = Code(
        client_id=client_id,
        redirect_uri=request.redirect_uri,
        code_challenge=challenge,
        user_id=user_id,
        session_id=visitor.session_id,
        scope=" ".join(request.scope),
        nonce=request.nonce,
        auth_time=visitor.session_started_at,
        issued_at=at,
    )
    return request.told(code=codes.issue(code))


def _return(call: Call) -> Return:
    """Where errors may be told to. Raises BadSiteRequest."""
    if doubled := call.doubled(_NAMES):
        raise _bad(f"the parameter {doubled[0]} is doubled")
    others = [name for name in _NAMES if name not in _ECHOED]
    if long := call.longer(others, _LONGEST):
        raise _bad(f"the parameter {long[0]} is longer than {_LONGEST} bytes")
    client_id = call.one("client_id")
    if client_id is None:
        raise _bad("client_id is missing")
    return Return(
        client_id=client_id,
        redirect_uri=_require_listed(client_id, call.one("redirect_uri")),
        # A state that is itself the fault is not sent on.
        state=None if call.no_echo(["state"]) else call.one("state"),
        response_mode=_mode(call),
    )


def _require_listed(client_id: str, uri: str | None) -> str:
    """The return address, one that SITES lists for this site. Raises BadSiteRequest."""
    site = running().settings.site_of(client_id)
    if site is None:
        raise _bad("no site in SITES has this client_id", client=client_id[:64])
    if uri is None:
        raise _bad("redirect_uri is missing", client=client_id)
    if not clients.is_registered(site, uri):
        raise _foreign_address(site, uri)
    return uri


def _bad(why: str, **facts: Unpack[Facts]) -> BadSiteRequest:
    return BadSiteRequest(f"a site's link to us is wrong: {why}", **facts)


def _foreign_address(site: Site, uri: str) -> BadSiteRequest:
    nearest = clients.closest(uri, site.redirect_uris)
    if nearest is None:
        return _bad("SITES lists no redirect_uris for it", client=site.client_id)
    return _bad(
        "redirect_uri is not one that SITES lists for it",
        client=site.client_id,
        given=clients.shown(uri),
        nearest=clients.shown(nearest),
        differs_in=clients.difference(uri, nearest),
    )


def _refuse_unsupported(call: Call) -> None:
    """Raises for what Authlib would not look at, or would answer with a fault."""
    if unfit := call.no_echo(_ECHOED):
        text = f"{unfit[0]} is printable ASCII, {LONGEST_ECHO} characters at most."
        raise invalid_request(text)
    for name in _UNSUPPORTED:
        if call.one(name):
            raise refusal(f"{name}_not_supported", f"{name} is not supported.")
    if call.one("response_type") is None:
        raise invalid_request("response_type is missing.")
    if call.one("response_type") != "code":
        text = "Only response_type=code is supported."
        raise refusal("unsupported_response_type", text)
    if call.one("response_mode") not in (None, *RESPONSE_MODES):
        raise invalid_request("response_mode is query, fragment or form_post.")
    if not (call.one("max_age") or "0").isdecimal():
        raise invalid_request("max_age is a number of seconds.")
    prompt = (call.one("prompt") or "").split()
    if "none" in prompt and len(prompt) > 1:
        raise invalid_request("prompt=none stands alone.")


def _read(
    call: Call, back: Return, grant: CodeGrant, *, at: datetime
) -> AuthorizationRequest:
    max_age = call.one("max_age")
    prompt = (call.one("prompt") or "").split()
    return AuthorizationRequest(
        **asdict(back),
        scope=tuple(grant.request.scope.split()),
        nonce=call.one("nonce"),
        code_challenge=call.one("code_challenge"),
        prompt=tuple(one for one in PROMPTS if one in prompt),
        max_age=int(max_age[:9]) if max_age else None,
        expected_uid=_expected(call, grant.client.site),
        created=at,
    )


def _expected(call: Call, site: Site) -> str | None:
    """`sub` of the hint, an ID token that we gave this site at some time."""
    hint = call.one("id_token_hint")
    if hint is None:
        return None
    try:
        claims = signed_tokens.read(hint, typ=signed_tokens.ID_TOKEN)
    except signed_tokens.NotOurs:
        raise invalid_request("id_token_hint is no ID token of ours.") from None
    if claims.get("aud") != site.client_id:
        raise invalid_request("id_token_hint was given to another client.")
    return str(claims.get("sub"))


def _mode(call: Call) -> str:
    asked = call.one("response_mode")
    return asked if asked in RESPONSE_MODES else "query"
