"""WeChat for a Flask application: this service under a path of its own.

    from wxlogin.flask import current, login_required, mount

    mount(app, "/wx")

    @app.get("/orders")
    @login_required
    def orders():
        return f"Hello {current().nickname}"

The service stays an application of its own behind `app.wsgi_app`: its routes, session
and error pages never meet the host's, whose cookies and `/login` stay as they are.
What the two share is the host, so the browser sends our cookie to the host's pages
too; it is ours alone to read, by `current`. docs/flask.md tells the rest.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, current_app, g, has_request_context, redirect, request
from werkzeug.urls import iri_to_uri

from wxlogin import create_app
from wxlogin.accounts.avatars import picture_url
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings, load_settings
from wxlogin.config.loading import read_settings
from wxlogin.db.schema import bring_up_to_date
from wxlogin.errors import ConfigurationError
from wxlogin.factory import require_database
from wxlogin.flows import must_follow
from wxlogin.flows.must_follow import Standing
from wxlogin.flows.signing_in import live_session
from wxlogin.observability import redact
from wxlogin.security.returning import written
from wxlogin.signals import created, deleted, merged, signed_in
from wxlogin.web.visitors import entered_in, opens_page, secret_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = [
    "Person",
    "created",
    "current",
    "deleted",
    "login_required",
    "login_url",
    "logout_url",
    "merged",
    "mount",
    "signed_in",
]

P = ParamSpec("P")

_EXTENSION = "wxlogin"
_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+")
# Addresses of ours that hold a key.
_TICKET = re.compile(
    r"(/(?:handover|link|register/continue|terms|follow|oauth2/(?:authorize|logout))/)[\w-]+"
)


@dataclass(frozen=True)
class Person:
    """Who is signed in. Keep `uid`: the name changes, and others have the same."""

    uid: str
    nickname: str
    #: The address of the picture, or None.
    avatar: str | None


@dataclass(frozen=True)
class _Mounted:
    service: Flask
    settings: Settings
    #: Where the application is on its host, by PUBLIC_URL: `/shop`, or empty.
    root: str

    def require_at(self, script_name: str) -> None:
        """Raises ConfigurationError where the application is asked for below another
        path than PUBLIC_URL says, so that every link of ours would lead nowhere."""
        found, proxies = script_name.rstrip("/"), self.settings.trusted_proxies
        # Where a proxy has taken the path off, nobody tells us of it.
        if found == self.root or (not found and proxies):
            return
        public = self.settings.public
        here = f"{public.scheme}://{public.netloc}{found}"
        advice = f"set PUBLIC_URL (public_url of mount) to {here}"
        if not found:
            advice += ", or TRUSTED_PROXIES where a proxy takes the path off"
        raise ConfigurationError(
            f"this application is below {found or '/'}, and by PUBLIC_URL below "
            f"{self.root or '/'}; {advice}"
        )


class _Beside:
    """The application as it was, and the service below a path of it.

    What others have put around the application stays in reach: its attributes are
    this one's, too.
    """

    def __init__(self, host: Any, path: str, mounted: _Mounted) -> None:
        self._host = host
        self._path = path
        self._mounted = mounted

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path, root = environ.get("PATH_INFO", ""), environ.get("SCRIPT_NAME", "")
        if path != self._path and not path.startswith(f"{self._path}/"):
            return cast(Iterable[bytes], self._host(environ, start_response))
        self._mounted.require_at(root)
        environ["SCRIPT_NAME"] = root + self._path
        environ["PATH_INFO"] = path.removeprefix(self._path)
        return self._mounted.service(environ, start_response)

    def __getattr__(self, name: str) -> Any:
        if name == "_host":
            raise AttributeError(name)
        return getattr(self._host, name)


def mount(app: Flask, path: str = "/wx", **settings: Any) -> Flask:
    """Puts the service under `path` of the application; returns the service.

    `settings` are those of docs/settings.md by their name in lower case, over the
    environment and `wxlogin.toml` of the application's instance folder. PUBLIC_URL
    is the application's own, with the path it is below and with or without this one;
    its default is that of `flask run`. In
    development the database is brought up to date here, elsewhere by
    `wxlogin db upgrade`. Raises ConfigurationError that says what to mend.
    """
    if not _PATH.fullmatch(path):
        raise ConfigurationError(f"{path} is no path to mount at; write one as /wx")
    if _EXTENSION in app.extensions:
        raise ConfigurationError("this application has wxlogin mounted already")
    found = _settings(app, path, settings)
    service = create_app(found)
    if found.env == "development":
        with service.app_context():
            bring_up_to_date()
        logging.getLogger("werkzeug").addFilter(_without_secrets)
    else:
        require_database(service)
    mounted = _Mounted(service, found, found.prefix.removesuffix(path))
    app.extensions[_EXTENSION] = mounted
    app.wsgi_app = _Beside(app.wsgi_app, path, mounted)  # type: ignore[method-assign]
    return service


def current() -> Person | None:
    """Who is signed in with WeChat in the browser that this request comes from.

    Asks the database once a request. Raises Unready where it does not answer.
    """
    if "wxlogin_current" not in g:
        g.wxlogin_current = _find(_mounted())
    return cast(Person | None, g.wxlogin_current)


def login_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """Lets people in who are signed in, and leads others to the login and back; those
    who must follow an official account first (MUST_FOLLOW), to its page.

    A script gets 401 instead: it could not read such a page.
    """

    @wraps(view)
    def guarded(*args: P.args, **named: P.kwargs) -> Any:
        is_known = current() is not None
        if is_known and _is_let_in(_mounted()):
            return current_app.ensure_sync(view)(*args, **named)
        if not opens_page():
            abort(401)
        page = "follow" if is_known else "login"
        return redirect(_url(page, _this_page()), 302)

    return guarded


def login_url(next_url: str | None = None) -> str:
    """The path of the login page; `next_url` is where people come back to."""
    return _url("login", next_url)


def _url(page: str, next_url: str | None) -> str:
    query = f"?{urlencode({'next': next_url})}" if next_url else ""
    return f"{_mounted().settings.prefix}/{page}{query}"


def logout_url() -> str:
    """Where a form of the host's own posts to; its field `next` says where to go."""
    return f"{_mounted().settings.prefix}/logout"


def _settings(app: Flask, path: str, given: dict[str, Any]) -> Settings:
    folder = None if "WXLOGIN_INSTANCE" in os.environ else Path(app.instance_path)
    found = read_settings(folder, **given)
    public, root = found.public, found.prefix.removesuffix(path)
    public_url = f"{public.scheme}://{public.netloc}{root}{path}"
    # The host's pages, which ask `current`, are outside of the service's path.
    fixed = {"public_url": public_url, "whole_host": True}
    return load_settings(folder, **{**given, **fixed})


def _mounted() -> _Mounted:
    found = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise ConfigurationError("call wxlogin.flask.mount(app) first")
    mounted = cast(_Mounted, found)
    if has_request_context():
        mounted.require_at(request.root_path)
    return mounted


def _find(mounted: _Mounted) -> Person | None:
    with mounted.service.app_context():
        visitor = _visitor(mounted)
        if visitor is None:
            return None
        picture = picture_url(mounted.settings, visitor.user_id, visitor.uid)
        return Person(visitor.uid, visitor.profile.nickname, picture)


def _visitor(mounted: _Mounted) -> Visitor | None:
    """Needs the service's context."""
    secret = secret_in(_cookie(mounted))
    return live_session(secret) if secret else None


def _is_let_in(mounted: _Mounted) -> bool:
    """Does who is signed in follow whom MUST_FOLLOW names, or need not?"""
    account = mounted.settings.account_to_follow(None)
    if account is None or account.appid in entered_in(_cookie(mounted)):
        return True
    with mounted.service.app_context():
        visitor = _visitor(mounted)
        if visitor is None:
            return False
        return must_follow.standing(account, visitor.user_id) is not Standing.to_follow


def _cookie(mounted: _Mounted) -> Mapping[str, Any]:
    """Reads our own; `flask.session` here is the host's and stays untouched."""
    service = mounted.service
    return service.session_interface.open_session(service, request) or {}


def _this_page() -> str | None:
    """Path and query of this page; None for a form, which is lost on the way."""
    if request.method not in ("GET", "HEAD"):
        return None
    parts = urlsplit(iri_to_uri(request.url))
    # A proxy that took the application's path off may not have told it.
    root = "" if request.root_path.strip("/") else _mounted().root
    return written(root + parts.path + (f"?{parts.query}" if parts.query else ""))


def _without_secrets(record: logging.LogRecord) -> bool:
    """The development server's lines without codes, states and tickets."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    record.args = tuple(
        _TICKET.sub(r"\1•••", redact(one)) if isinstance(one, str) else one
        for one in arguments
    )
    return True
