"""The authorization endpoint: what a site asks for, and what it is answered.

OpenID Connect Core 3.1.2, RFC 6749 section 4.1. There are two kinds of bad requests.
Where the site or its return address is not certain, nobody is sent anywhere: a page
for the visitor, and a log line that names what the site's developer has to mend
(security row 112). Every other fault is told to the return address.
"""

from dataclasses import replace
from datetime import datetime

from authlib.oauth2 import OAuth2Error

from wxlogin.config import Site
from wxlogin.errors import BadSiteRequest
from wxlogin.oidc import return_addresses, signing
from wxlogin.oidc.authorization_request import (
    PROMPTS,
    RESPONSE_MODES,
    AuthorizationRequest,
)
from wxlogin.oidc.errors import invalid_request, refusal
from wxlogin.oidc.server import server
from wxlogin.oidc.wire import LONGEST_ECHO, Call, Reply, Request
from wxlogin.service import running

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


def consider(call: Call, *, at: datetime) -> AuthorizationRequest | Reply:
    """The request if all is well with it, or the answer for its return address.

    Raises BadSiteRequest where there is no certain return address.
    """
    redirect_uri = _return_address(call)
    try:
        _refuse_unsupported(call)
        grant = server().get_consent_grant(call)
        return _read(call, grant.client.site, grant.request.scope, at=at)
    except OAuth2Error as error:
        return _back(call, redirect_uri, error, mode=_mode(call))


def refuse(request: AuthorizationRequest, error: str, description: str) -> Reply:
    """An error for the request's return address.

    Raises BadSiteRequest where that has been taken out of the settings meanwhile.
    """
    found, call = refusal(error, description), call_of(request)
    to = _return_address(call)
    return _back(call, to, found, mode=request.response_mode)


def call_of(request: AuthorizationRequest) -> Call:
    """The request as it could have come, to be looked at once more."""
    values = {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(request.scope),
        "state": request.state,
        "code_challenge": request.code_challenge,
        "code_challenge_method": "S256" if request.code_challenge else None,
    }
    return Call("GET", {name: (text,) for name, text in values.items() if text})


def _return_address(call: Call) -> str:
    """The address that errors may be told to. Raises BadSiteRequest."""
    client_id = call.one("client_id")
    if doubled := call.doubled(_NAMES):
        raise _bad(f"the parameter {doubled[0]} is doubled")
    others = [name for name in _NAMES if name not in _ECHOED]
    if long := call.longer(others, _LONGEST):
        raise _bad(f"the parameter {long[0]} is longer than {_LONGEST} bytes")
    if client_id is None:
        raise _bad("client_id is missing")
    site = running().settings.site_of(client_id)
    if site is None:
        raise _bad("no site in SITES has this client_id", client=client_id[:64])
    uri = call.one("redirect_uri")
    if uri is None:
        raise _bad("redirect_uri is missing", client=client_id)
    if not return_addresses.is_registered(site, uri):
        raise _foreign_address(site, uri)
    return uri


def _bad(why: str, **facts: str | None) -> BadSiteRequest:
    return BadSiteRequest(f"a site's link to us is wrong: {why}", **facts)


def _foreign_address(site: Site, uri: str) -> BadSiteRequest:
    nearest = return_addresses.nearest(site, uri)
    if nearest is None:
        return _bad("SITES lists no redirect_uris for it", client=site.client_id)
    return _bad(
        "redirect_uri is not one that SITES lists for it",
        client=site.client_id,
        given=return_addresses.shown(uri),
        nearest=return_addresses.shown(nearest),
        differs_in=return_addresses.difference(uri, nearest),
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
        raise invalid_request("response_mode is query or form_post.")
    if not (call.one("max_age") or "0").isdecimal():
        raise invalid_request("max_age is a number of seconds.")
    prompt = (call.one("prompt") or "").split()
    if "none" in prompt and len(prompt) > 1:
        raise invalid_request("prompt=none stands alone.")


def _read(call: Call, site: Site, scope: str, *, at: datetime) -> AuthorizationRequest:
    max_age = call.one("max_age")
    prompt = (call.one("prompt") or "").split()
    return AuthorizationRequest(
        client_id=site.client_id or "",
        redirect_uri=call.one("redirect_uri") or "",
        scope=tuple(scope.split()),
        state=call.one("state"),
        nonce=call.one("nonce"),
        code_challenge=call.one("code_challenge"),
        prompt=tuple(one for one in PROMPTS if one in prompt),
        max_age=int(max_age[:9]) if max_age else None,
        response_mode=_mode(call),
        expected_uid=_expected(call, site),
        created=at,
    )


def _expected(call: Call, site: Site) -> str | None:
    """`sub` of the hint, an ID token that we gave this site at some time."""
    hint = call.one("id_token_hint")
    if hint is None:
        return None
    try:
        claims = signing.read(hint, typ=signing.ID_TOKEN)
    except signing.NotOurs:
        raise invalid_request("id_token_hint is no ID token of ours.") from None
    if claims.get("aud") != site.client_id:
        raise invalid_request("id_token_hint was given to another client.")
    return str(claims.get("sub"))


def _mode(call: Call) -> str:
    asked = call.one("response_mode")
    return asked if asked in RESPONSE_MODES else "query"


def _back(call: Call, redirect_uri: str, error: OAuth2Error, *, mode: str) -> Reply:
    error.redirect_uri = redirect_uri
    # A state that is itself the fault is not sent on.
    error.state = None if call.no_echo(["state"]) else call.one("state")
    asked = Request(call)
    asked.client = server().query_client(call.one("client_id") or "")
    return replace(server().handle_error_response(asked, error), mode=mode)
