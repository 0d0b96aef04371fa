"""Who is visiting, in which browser, from where and to where.

The visitor is found by Flask-Login over our own session table.

The cookie holds the session's random secret, the database its hash. Flask-Login
finds the visitor by that secret. Its own protections stay off: session
protection trusts X-Forwarded-For, and the remember cookie would outlive our
session rows (security rows 20 to 24, 28, 29).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from flask import Flask, g, request, url_for
from flask import session as cookie_session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import Settings
from wxlogin.errors import ForeignRequest, SignInNeeded
from wxlogin.flows.signing_in import live_session
from wxlogin.observability import request_id
from wxlogin.security.cookies import cookie_name
from wxlogin.security.origins import origin_of, site_origins
from wxlogin.security.returning import safe_next
from wxlogin.service import running
from wxlogin.web.edge import bearer_token
from wxlogin.wechat.user_agents import Surroundings, surroundings

_ENTERED = "follows"
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
    visitor = live_session(secret)
    return SignedInUser(secret, visitor) if visitor else None


def current() -> Visitor | None:
    """The visitor whose session is good, or None.

    Where the request carries a bearer token, that decides and no cookie is read.
    """
    if token := bearer_token():
        if "bearer" not in g:
            g.bearer = live_session(token)
        return cast(Visitor | None, g.bearer)
    return cast(Visitor | None, getattr(current_user, "visitor", None))


def require() -> Visitor:
    """The visitor. Raises SignInNeeded where there is none."""
    if visitor := current():
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


def mark_entered(account: str) -> None:
    """The browser's session has come past the question whether its person follows this
    account, named by its appid; it is a question of each sign-in, not of each page."""
    if not bearer_token() and not has_entered(account):
        cookie_session[_ENTERED] = sorted({*entered_in(cookie_session), account})


def has_entered(account: str) -> bool:
    """Has this browser's session come past it? A program's has no cookie."""
    return not bearer_token() and account in entered_in(cookie_session)


def entered_in(cookie: Mapping[str, Any]) -> list[str]:
    """The accounts in our signed cookie, by their appids."""
    found = cookie.get(_ENTERED)
    return found if isinstance(found, list) else []


_SYSTEMS = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("macOS", r"Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)
# Order matters: most browsers also name the one they descend from.
_BROWSERS = (
    ("WeCom", r"wxwork"),
    ("WeChat", r"MicroMessenger"),
    ("Edge", r"Edg[A-Z]?\w*/"),
    ("Opera", r"OPR/|Opera"),
    ("QQ", r"QQBrowser"),
    ("UC", r"UCBrowser"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)


def client_address() -> str:
    """The visitor's address, behind as many proxies as are believed."""
    return (request.remote_addr or "")[:45]


def browser_name() -> str:
    """Such as `Chrome · Windows`; empty for a stranger."""
    agent = request.headers.get("User-Agent", "")[:400]
    found = (_first(_BROWSERS, agent), _first(_SYSTEMS, agent))
    return " · ".join(name for name in found if name)


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for name, sign in table if re.search(sign, agent)), "")


def where() -> Surroundings:
    """Where the visitor's page is open."""
    return surroundings(request.headers.get("User-Agent", "")[:1024])


def trace(door: str) -> Trace:
    """Where this sign-in comes from."""
    return Trace(
        door=door,
        address=client_address(),
        browser=browser_name(),
        request_id=request_id(),
        former_secret=former_secret(),
    )


def return_url(wish: str | None, default: str | None = None) -> str:
    """Where to go: the wish if it is one of ours, checked at each use."""
    return safe_next(wish, running().settings) or default or url_for("account.me")


def require_page() -> None:
    """Raises ForeignRequest where no person opens a page: an image or a frame of
    another site, or a browser that fetches ahead (security row 12)."""
    headers = request.headers
    ahead = headers.get("Sec-Purpose") or headers.get("Purpose") or ""
    if headers.get("Sec-Fetch-Dest", "document") != "document" or "prefetch" in ahead:
        raise ForeignRequest("a login begins in a window only")


def opens_page() -> bool:
    """Does a browser open a page with this request, and not a script of one?

    A script cannot read a page that it is led to. It says so itself (Fetch Metadata
    section 2.3; jQuery and its heirs), or it asks for something else than HTML.
    """
    headers = request.headers
    if headers.get("X-Requested-With", "").lower() == "xmlhttprequest":
        return False
    if headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    wanted = request.accept_mimetypes
    best = wanted.best_match(["text/html", "application/json"])
    return not wanted or best == "text/html"


def page_origins() -> list[str]:
    """Our origin and those of listed sites: whom a framed page may talk to. An
    origin with a wildcard is left out, a message needs an exact address."""
    settings = running().settings
    listed = [one for one in site_origins(settings) if "*" not in one]
    return [str(origin_of(settings.public_url)), *listed]
