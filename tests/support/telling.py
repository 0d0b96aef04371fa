"""Users to whom things happen, and sites that are to hear of it."""

from datetime import timedelta

from flask import Flask, current_app

from tests.support.people import People, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Authorization, LogoutNotice, User
from wxlogin.config import Site
from wxlogin.db import now, transaction
from wxlogin.sites import members
from wxlogin.telling.delivery import deliver_once

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def site(name: str, *, webhook: str | None = None, logout: str | None = None) -> Site:
    """A site that is told of events, of logouts, or of nothing."""
    return Site(
        name=name,
        client_id=name,
        client_secret=f"the-{name}-s-own-client-secret",
        webhook_url=webhook,
        webhook_secret=WEBHOOK_SECRET if webhook else None,
        backchannel_logout_uri=logout,
    )


def delivers() -> int:
    """One look at what is due, by the application whose context is pushed."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return deliver_once(app.app_context)


def customer(people: People, openid: str, *sites: str) -> User:
    """A user whom these sites know."""
    people.signs_in("web", openid)
    user = user_of("web", openid)
    for client_id in sites:
        transaction(lambda s, site=client_id: members.join(s, site, user.id, at=now()))
    return user


def something_happens(user: User) -> None:
    """Two events more."""
    accounts.disable(user.uid)
    accounts.enable(user.uid)


def has_signed_out(user: User, client_id: str, sid: str) -> None:
    """A session ended through which the site had signed the user in."""
    row = LogoutNotice(client_id=client_id, uid=user.uid, sid=sid, at=now())
    transaction(lambda s: s.add(row))


def signed_in_at(user: User, client_id: str, session_id: int, *, sid: str) -> None:
    """The site got its tokens in this session."""
    row = Authorization(
        client_id=client_id,
        user_id=user.id,
        session_id=session_id,
        sid=sid,
        scope="openid",
        auth_time=now(),
        created_at=now(),
        ends_at=now() + timedelta(days=30),
    )
    transaction(lambda s: s.add(row))
