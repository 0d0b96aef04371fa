"""Who is visiting: Flask-Login over our own session table.

The cookie holds the session's random secret, the database its hash. Flask-Login
finds the visitor by that secret. Its own protections stay off: session
protection trusts X-Forwarded-For, and the remember cookie would outlive our
session rows (security rows 20 to 24, 28, 29).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from flask import Flask, g
from flask import session as cookie_session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings
from wxlogin.errors import SignInNeeded
from wxlogin.flows.signing_in import live_session
from wxlogin.security.cookies import cookie_name
from wxlogin.service import running
from wxlogin.web.access import bearer_token

_SECRET_KEY = "_user_id"  # noqa: S105  where Flask-Login keeps what get_id gives


class SignedInUser(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """Flask-Login's view of a visitor; its id is the session's secret."""

    def __init__(self, secret: str, visitor: Visitor | None) -> None:
        self._secret = secret
        self.visitor = visitor

    def get_id(self) -> str:
        return self._secret


def init_visitors(app: Flask, settings: Settings) -> None:
    """Sets up Flask's cookie and Flask-Login."""
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name(settings, "session"),
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH=settings.cookie_path,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.session_days),
    )
    manager = LoginManager()
    manager.session_protection = None
    # No template asks who it is for: the page that says "we are not ready" must not
    # wait for the same database once more.
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)


def _load(secret: str) -> SignedInUser | None:
    visitor = live_session(running().settings, secret)
    return SignedInUser(secret, visitor) if visitor else None


def current_visitor() -> Visitor | None:
    """The visitor whose session is good, or None.

    Where the request carries a bearer token, that decides and no cookie is read.
    """
    if token := bearer_token():
        if "bearer" not in g:
            g.bearer = live_session(running().settings, token)
        return cast(Visitor | None, g.bearer)
    return cast(Visitor | None, getattr(current_user, "visitor", None))


def require_visitor() -> Visitor:
    """The visitor. Raises SignInNeeded where there is none."""
    if visitor := current_visitor():
        return visitor
    raise SignInNeeded("no session")


def former_secret() -> str | None:
    """The secret of the session this browser holds, good or not."""
    return secret_in(cookie_session)


def secret_in(cookie: Mapping[str, Any]) -> str | None:
    """The secret of a session that our signed cookie holds, good or not."""
    found = cookie.get(_SECRET_KEY)
    return found if isinstance(found, str) else None


def hold_session(secret: str) -> None:
    """Gives the browser this session in place of whatever it had."""
    cookie_session.clear()
    cookie_session.permanent = True
    login_user(SignedInUser(secret, None))
    g.pop("_login_user", None)


def drop_session() -> None:
    """Takes the session from the browser."""
    logout_user()
    cookie_session.clear()
