"""A checked request meets a visitor: sign in first, agree first, or go on.

OpenID Connect Core 3.1.2.1 (prompt, max_age, id_token_hint) and 3.1.2.3. A login that
was made after the request began satisfies every wish for a fresh one, so nobody is
sent round in circles.

A program on the person's device gets its code only by the person's word, and so does
a site that asks for one (RFC 8252 section 8.6, finding L1). The word is for one
request; nothing is remembered of it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from authlib.oauth2 import OAuth2Error

from wxlogin.accounts import people
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings, Site
from wxlogin.db import transaction
from wxlogin.errors import BadSiteRequest, RegistrationClosed
from wxlogin.oidc.authorization_request import AuthorizationRequest
from wxlogin.oidc.authorize import call_of, refuse
from wxlogin.oidc.codes import Code
from wxlogin.oidc.return_addresses import is_program, is_registered
from wxlogin.oidc.server import server
from wxlogin.oidc.wire import Reply
from wxlogin.sites import members, terms
from wxlogin.sites.terms import Entry


class Detour(StrEnum):
    """Where the visitor has to go before the site gets its answer."""

    login = "login"
    terms = "terms"
    #: A page that names the client and the account, and asks whether to go on.
    consent = "consent"


def decide(
    settings: Settings,
    request: AuthorizationRequest,
    visitor: Visitor | None,
    *,
    at: datetime,
    agreed: bool = False,
) -> Reply | Detour:
    """The answer for the site, or the visitor's next page.

    `agreed`: the visitor has just said on our page that this request may go on.
    Raises RegistrationClosed where the site takes nobody new, and BadSiteRequest
    where site or return address have been taken out of the settings meanwhile.
    """
    site = settings.site_of(request.client_id)
    if site is None or not is_registered(site, request.redirect_uri):
        raise BadSiteRequest(
            "site or redirect_uri is no longer in SITES", client=request.client_id
        )
    silent = "none" in request.prompt
    if visitor is None or _must_sign_in(request, visitor, at=at):
        if not silent:
            return Detour.login
        return refuse(request, "login_required", "The visitor is not signed in.")
    if _is_somebody_else(request, visitor):
        if silent or visitor.session_started_at > request.created:
            return refuse(request, "login_required", "Somebody else is signed in.")
        return Detour.login
    match terms.entry(settings, site, visitor.user_id):
        case Entry.terms if silent:
            return refuse(request, "interaction_required", "The visitor has to agree.")
        case Entry.terms:
            return Detour.terms
        case Entry.closed if silent:
            return refuse(request, "access_denied", "The site takes nobody new.")
        case Entry.closed:
            raise RegistrationClosed("the site takes nobody new", client=site.client_id)
        case Entry.ok if agreed or not _asks_for_word(request, site):
            return _grant(request, visitor, at=at)
        case Entry.ok if silent:
            return refuse(request, "consent_required", "The visitor has to go on.")
        case Entry.ok:
            return Detour.consent


def will_do(request: AuthorizationRequest, visitor: Visitor, *, at: datetime) -> bool:
    """Is this the person, and the sign-in fresh enough, that the site asked for?"""
    if _must_sign_in(request, visitor, at=at):
        return False
    return not _is_somebody_else(request, visitor)


def _asks_for_word(request: AuthorizationRequest, site: Site) -> bool:
    return "consent" in request.prompt or is_program(site, request.redirect_uri)


def _must_sign_in(
    request: AuthorizationRequest, visitor: Visitor, *, at: datetime
) -> bool:
    started = visitor.session_started_at
    if started > request.created:
        return False
    if "login" in request.prompt or "select_account" in request.prompt:
        return True
    if request.max_age is None:
        return False
    return at - started >= timedelta(seconds=request.max_age)


def _is_somebody_else(request: AuthorizationRequest, visitor: Visitor) -> bool:
    if request.expected_uid is None:
        return False
    return people.surviving_uid(request.expected_uid) != visitor.uid


def _grant(
    request: AuthorizationRequest,
    visitor: Visitor,
    *,
    at: datetime,
) -> Reply:
    """The site knows the user from here on, and gets a code."""
    client_id, user_id = request.client_id, visitor.user_id
    if members.member(client_id, user_id) is None:
        transaction(lambda session: members.join(session, client_id, user_id, at=at))
    code = Code(
        client_id=client_id,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        user_id=user_id,
        session_id=visitor.session_id,
        scope=" ".join(request.scope),
        nonce=request.nonce,
        auth_time=visitor.session_started_at,
        issued_at=at,
    )
    try:
        grant = server().get_consent_grant(call_of(request))
    except OAuth2Error as error:
        # The site's settings have changed since it asked.
        return refuse(request, error.error, error.description)
    reply: Reply = server().create_authorization_response(
        grant.request, grant_user=code, grant=grant
    )
    return replace(reply, mode=request.response_mode)
