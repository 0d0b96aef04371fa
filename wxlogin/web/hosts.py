"""Under which names we answer, and under which paths.

PUBLIC_URL names us, and nothing that we write is taken from the Host header (security
row 19): behind this edge every request is one to PUBLIC_URL's host. Besides that name
those of this machine are answered, for a proxy or a program on it; any other name is
refused, since a rebound one would make our pages somebody else's (CWE-350).

- A health check comes by whatever name or number the balancer knows: it is answered
  under every one, and tells nothing. So is who reads metrics, by a right of its own.
- A person who opens `localhost` where PUBLIC_URL says 127.0.0.1 has no cookie there
  when the sign-in comes back; so pages lead to PUBLIC_URL before it begins.
- One page has one address. A path is ours below PUBLIC_URL's path; where a proxy may
  have taken that off, without it as well (PROXY_PATH). A slash too many is no page.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Flask, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from wxlogin.config import Settings
from wxlogin.config.host_names import is_loopback
from wxlogin.errors import ForeignHost, NotFound
from wxlogin.web.visitors import opens_page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Blueprints whose addresses a person opens.
PAGES = frozenset(
    {
        *("account", "callback", "customers", "first_visit", "handover", "identities"),
        *("login", "must_follow", "openid", "pages", "rp_logout", "terms"),
    }
)
_PROBES = ("ops.healthz", "ops.readyz", "ops.read_metrics")
# What the server said before us: the name that was asked for, and a path that is none.
_ASKED = "wxlogin.asked_host"
_ELSEWHERE = "wxlogin.elsewhere"


class Addressed:
    """Serves the application at PUBLIC_URL: its host, and the path of it.

    A server that took the path off before us says so by SCRIPT_NAME, as WSGI wants;
    then it is not taken off once more.
    """

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._prefix = settings.prefix
        self._host = settings.public.netloc
        self._proxy_path = settings.proxy_path

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ[_ASKED] = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        environ["HTTP_HOST"] = self._host
        taken_off = bool(environ.get("SCRIPT_NAME")) or self._proxy_path == "taken_off"
        if self._prefix and not taken_off:
            self._take_off(environ)
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)

    def _take_off(self, environ: "WSGIEnvironment") -> None:
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(self._prefix + "/"):
            environ["PATH_INFO"] = path[len(self._prefix) :]
        elif self._proxy_path == "kept":
            environ[_ELSEWHERE] = True


def init_hosts(app: Flask, settings: Settings) -> None:
    """Has every request be one to PUBLIC_URL, and the others refused or led there."""
    app.wsgi_app = Addressed(app.wsgi_app, settings)  # type: ignore[method-assign]

    @app.before_request
    def _at_our_address() -> Response | None:
        if request.endpoint in _PROBES and not _doubles_slash():
            return None
        asked = _name_and_port(request.environ.get(_ASKED, ""))
        if asked is None or not _is_ours(asked[0], settings):
            raise ForeignHost("the Host header names somebody else")
        if _ELSEWHERE in request.environ or _doubles_slash():
            raise NotFound("no such path")
        return _to_public_url(settings) if _is_neighbour(asked, settings) else None


def names_this_machine() -> bool:
    """Was this machine asked for by a name or number that leads nowhere else?"""
    asked = _name_and_port(request.environ.get(_ASKED, ""))
    return asked is not None and is_loopback(asked[0])


def _doubles_slash() -> bool:
    """A second slash in front, which the router would overlook. (Behind an issuer
    with a slash at its end clients look for the well-known documents so.)"""
    path = str(request.environ["PATH_INFO"])
    return path.startswith("//") and not path.startswith("//.well-known/")


def _name_and_port(host: str) -> tuple[str, int | None] | None:
    """The parts of a Host header; None for what is none."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None
    is_whole = parts.hostname and parts.netloc == host and "@" not in host
    return (str(parts.hostname), port) if is_whole else None


def _is_ours(name: str, settings: Settings) -> bool:
    return name == settings.public.hostname or is_loopback(name)


def _is_neighbour(asked: tuple[str, int | None], settings: Settings) -> bool:
    """Did a person ask for a page by another name of this machine, where PUBLIC_URL
    is on it, too? By the same port: at another one a proxy asks us."""
    public, (name, port) = settings.public, asked
    usual = 443 if settings.https else 80
    return (
        name != public.hostname
        and is_loopback(public.hostname)
        and (port or usual) == (public.port or usual)
        and request.method in ("GET", "HEAD")
        and request.blueprint in PAGES
        and opens_page()
    )


def _to_public_url(settings: Settings) -> Response:
    path = quote(request.script_root + request.path, safe="/:@!$&'()*+,;=~")
    query = request.query_string.decode("latin-1")
    public = f"{settings.public.scheme}://{settings.public.netloc}"
    return redirect(f"{public}{path}{'?' if query else ''}{query}")
