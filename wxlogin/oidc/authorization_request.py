"""What a site asks for when it sends a person here, and how we keep it meanwhile.

OpenID Connect Core 3.1.2.1. A request that needs a login first waits in the ticket
store for half an hour; the login leads back to it by a short path of ours, so that
nothing of the site's travels through WeChat. It is kept as it was read, and asked
itself whether it still fits the settings when it comes out again.

A login that was made after the request began satisfies every wish for a fresh one
(`prompt`, `max_age`), so nobody is sent round in circles.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from authlib.oauth2 import OAuth2Error

from wxlogin.accounts import people
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.oidc.clients import is_program, is_registered
from wxlogin.oidc.messages import Reply, invalid_request, put_on_record
from wxlogin.service import running, shelf
from wxlogin.tickets.shelf import Kept

KIND = "oidc_request"
#: Seconds a request waits for its login, and for the person's answers after it.
WAIT_SECONDS = 1800
# Seconds for which it can be answered once more: the person loads the page anew, or
# WeChat sends the browser back twice.
_AGAIN_SECONDS = 120

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
# Letters of a key that nobody guesses; behind them it says whose request it is.
_RANDOM = 22

RESPONSE_MODES = ("query", "fragment", "form_post")
PROMPTS = ("none", "login", "select_account", "consent")
#: Those we know. `offline_access` is granted like the others and changes nothing: who
#: signs in brings a refresh token. Many libraries ask for it, and compare the answer.
SCOPES = ("openid", "profile", "wechat", "email", "offline_access")


def require_challenge(site: Site, challenge: str | None, method: str | None) -> None:
    """Proof of possession of a code: PKCE, S256 only (security row 114).

    RFC 7636, RFC 9700 section 2.1.1. A public client must use it, any other may. A
    challenge without a method would mean `plain`, which proves nothing to whoever
    reads the request, so it is refused. Raises OAuth2Error.
    """
    if challenge is None:
        if method is not None:
            raise invalid_request("code_challenge_method without code_challenge.")
        if site.is_public:
            raise invalid_request("A public client needs PKCE: code_challenge.")
        return
    if method != "S256":
        raise invalid_request("code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise invalid_request("code_challenge is not a SHA-256 in base64url.")


@dataclass(frozen=True, kw_only=True)
class Return:
    """Where a site is answered. Site and address are certain."""

    client_id: str
    redirect_uri: str
    state: str | None = field(repr=False)
    response_mode: str

    def told(self, **fields: str) -> Reply:
        """These fields for the return address, which learns from whom they are (RFC
        9207)."""
        state = {"state": self.state} if self.state else {}
        body = {**fields, **state, "iss": running().settings.public_url}
        return Reply(302, body, to=self.redirect_uri, mode=self.response_mode)

    def refused(self, error: OAuth2Error) -> Reply:
        """An error for the return address, and for the log."""
        put_on_record(error, self.client_id)
        error.state = None
        return self.told(**dict(error.get_body()))


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest(Return, Kept):
    """A request that has been checked."""

    #: Those we know, in our order.
    scope: tuple[str, ...]
    nonce: str | None = field(repr=False)
    #: Of the method S256; None where the site, which has a secret, sent none.
    code_challenge: str | None = field(repr=False)
    prompt: tuple[str, ...]
    #: Seconds since the login that the site still takes.
    max_age: int | None
    #: `sub` of the ID token that the site has of whom it expects.
    expected_uid: str | None
    created: datetime
    #: Has the site had its answer?
    answered: bool = False

    @property
    def silent(self) -> bool:
        """Does the site want an answer without a page of ours?"""
        return "none" in self.prompt

    def still_fits(self, site: Site) -> bool:
        """Does the site, as the settings have it now, list the return address?"""
        return is_registered(site, self.redirect_uri)

    def asks_for_word(self, site: Site) -> bool:
        """Does the person say on a page of ours whether to go on?

        A program on the person's device gets its code only so, and so does a site that
        asks for it (RFC 8252 section 8.6, finding L1). The word is for one request;
        nothing is remembered of it.
        """
        return "consent" in self.prompt or is_program(site, self.redirect_uri)

    def wants_login(self, visitor: Visitor, *, at: datetime) -> bool:
        """Is this visitor's sign-in not as fresh as the site asked for?"""
        started = visitor.session_started_at
        if started > self.created:
            return False
        if "login" in self.prompt or "select_account" in self.prompt:
            return True
        if self.max_age is None:
            return False
        return at - started >= timedelta(seconds=self.max_age)

    def wants_another(self, visitor: Visitor) -> bool:
        """Does the site expect somebody else?"""
        if self.expected_uid is None:
            return False
        return people.surviving_uid(self.expected_uid) != visitor.uid

    def will_do(self, visitor: Visitor, *, at: datetime) -> bool:
        """Is this the person, and the sign-in fresh enough, that the site asked for?"""
        return not (self.wants_login(visitor, at=at) or self.wants_another(visitor))


_requests = shelf(KIND, AuthorizationRequest, seconds=WAIT_SECONDS)


def hold(request: AuthorizationRequest) -> str:
    """Keeps the request; the key is what `held` wants.

    Raises Crowded where as many wait as WAITING_REQUESTS allows.
    """
    key = secrets.token_urlsafe(16) + _tag(request.client_id)
    _requests.add(key, request, most=running().settings.waiting_requests)
    return key


def held(key: str) -> AuthorizationRequest | None:
    """The request that waits under this key, or None where it has waited too long."""
    return _requests.get(key)


def site_of(key: str) -> Site | None:
    """The site whose request has this key, also long after it has gone."""
    tag = key[_RANDOM:]
    sites = (one for one in running().settings.sites if one.client_id)
    return next((one for one in sites if _tag(one.client_id or "") == tag), None)


def _tag(client_id: str) -> str:
    """Eight letters that tell whose request it is, and need no memory."""
    digest = hashlib.sha256(f"request\x1f{client_id}".encode()).digest()[:6]
    return base64.urlsafe_b64encode(digest).decode()


def answered(key: str) -> bool:
    """The request has had its answer and makes room soon. True for the first answer."""
    request = _requests.get(key)
    if request is None or request.answered:
        return False
    again = replace(request, answered=True)
    return _requests.swap(again, seconds=_AGAIN_SECONDS) is not None
