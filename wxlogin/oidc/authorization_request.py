"""What a site asks for when it sends a person here, and how we keep it meanwhile.

OpenID Connect Core 3.1.2.1. A request that needs a login first waits in the ticket
store for half an hour; the login leads back to it by a short path of ours, so that
nothing of the site's travels through WeChat.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Self

from wxlogin.config import Site
from wxlogin.service import running

KIND = "oidc_request"
#: Seconds a request waits for its login, and for the person's answers after it.
WAIT_SECONDS = 1800
# Seconds for which it can be answered once more: the person loads the page anew, or
# WeChat sends the browser back twice.
_AGAIN_SECONDS = 120

# Letters of a key that nobody guesses; behind them it says whose request it is.
_RANDOM = 22

RESPONSE_MODES = ("query", "form_post")
PROMPTS = ("none", "login", "select_account", "consent")
#: Those we know. `offline_access` is granted like the others and changes nothing: who
#: signs in brings a refresh token. Many libraries ask for it, and compare the answer.
SCOPES = ("openid", "profile", "wechat", "email", "offline_access")


def known_scope(wish: str | None) -> str:
    """Those of the wishes that we know, in our order; others are no error."""
    wishes = (wish or "").split()
    return " ".join(one for one in SCOPES if one in wishes)


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that has been checked: the site is known, and the address its own."""

    client_id: str
    redirect_uri: str
    #: Those we know, in our order.
    scope: tuple[str, ...]
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    #: Of the method S256; None where the site, which has a secret, sent none.
    code_challenge: str | None = field(repr=False)
    prompt: tuple[str, ...]
    #: Seconds since the login that the site still takes.
    max_age: int | None
    response_mode: str
    #: `sub` of the ID token that the site has of whom it expects.
    expected_uid: str | None
    created: datetime
    #: Has the site had its answer?
    answered: bool = False

    def to_text(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def of(cls, text: str) -> Self:
        values = json.loads(text)
        values["scope"] = tuple(values["scope"])
        values["prompt"] = tuple(values["prompt"])
        values["created"] = datetime.fromisoformat(values["created"])
        return cls(**values)


def hold(request: AuthorizationRequest) -> str:
    """Keeps the request; the key is what `held` wants.

    Raises Crowded where as many wait as WAITING_REQUESTS allows.
    """
    key = secrets.token_urlsafe(16) + _tag(request.client_id)
    most = running().settings.waiting_requests
    text = request.to_text()
    running().tickets.add(KIND, key, text, ttl=WAIT_SECONDS, most=most)
    return key


def held(key: str) -> AuthorizationRequest | None:
    """The request that waits under this key, or None where it has waited too long."""
    found = running().tickets.get(KIND, key)
    return AuthorizationRequest.of(found.value) if found else None


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
    store = running().tickets
    found = store.get(KIND, key)
    request = AuthorizationRequest.of(found.value) if found else None
    if found is None or request is None or request.answered:
        return False
    text = replace(request, answered=True).to_text()
    return store.swap(KIND, key, found.version, text, ttl=_AGAIN_SECONDS)
