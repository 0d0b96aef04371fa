"""A program's bearer token, as the site's own server asks about it.

A mini program or a native app sends our token to the site's server, which has to know
whose it is. The operator says in APPS which site a program is of (`site`); of its
tokens that site hears alone, by its client id and secret (RFC 7662 section 4), and only
while the person may enter the site (`sites/terms.py`).

It is the session's own token: signed out, disabled or deleted, it is over at once. To
be asked about counts as being used.

A server that would rather ask nobody reads a signed word instead, which the program
fetches for it: a JWT for this site alone, with a type of its own (RFC 8725 sections 3.9
and 3.11), that nothing takes back for the five minutes it lives.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wxlogin.accounts import sessions
from wxlogin.config import App
from wxlogin.oidc import claims, signed_tokens
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.sites.terms import Entry

#: How long a signed word is good, where its session is.
LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True)
class ProgramToken:
    """What a program's live token says: who, in which app, of which site."""

    client_id: str
    app: str
    user_id: int
    uid: str
    session_id: int
    issued_at: datetime
    expires_at: datetime


def find(token: str, *, at: datetime) -> ProgramToken | None:
    """None for what is no token of a program that is of a site, and for one that is
    over."""
    idle = timedelta(days=running().settings.session_idle_days)
    visitor = sessions.find(token, at=at, idle=idle)
    app = _program(visitor) if visitor else None
    site = running().settings.site_of(app.site) if app and app.site else None
    if visitor is None or app is None or site is None:
        return None
    if terms.entry(site, visitor.user_id) is not Entry.ok:
        return None
    return ProgramToken(
        client_id=site.client_id or "",
        app=app.name,
        user_id=visitor.user_id,
        uid=visitor.uid,
        session_id=visitor.session_id,
        issued_at=visitor.session_started_at,
        expires_at=visitor.ends_at,
    )


def described(found: ProgramToken) -> dict[str, Any]:
    """Who it is, as in an ID token without scopes, in which app, for which site.

    Raises AccountGone.
    """
    site = running().settings.site_of(found.client_id)
    who = claims.user_claims(site, found.user_id, ()) if site else {}
    return {
        **who,
        "iss": running().settings.public_url,
        "aud": found.client_id,
        "app": found.app,
    }


def signed(found: ProgramToken, *, at: datetime) -> str:
    """The same as a JWT. Raises AccountGone."""
    said = described(found) | {
        "iat": int(at.timestamp()),
        "exp": int(min(at + LIFETIME, found.expires_at).timestamp()),
        "auth_time": int(found.issued_at.timestamp()),
    }
    site = running().settings.site_of(found.client_id)
    alg = site.id_token_alg if site else signed_tokens.VISITOR_ALG
    return signed_tokens.sign(said, alg=alg, typ=signed_tokens.PROGRAM_TOKEN)


def _program(visitor: sessions.Visitor) -> App | None:
    """The program that this session is of; None for a browser's."""
    for app in running().settings.apps:
        if (app.appid, app.kind.value) == (visitor.appid, visitor.kind):
            return app
    return None
