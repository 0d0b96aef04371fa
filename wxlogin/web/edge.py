"""What holds for every request: prefix, proxies, host, headers, same origin."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from wxlogin.config import Settings, current_settings
from wxlogin.flows.upstream import hosts_of
from wxlogin.security.cross_origin import add_site_headers
from wxlogin.security.headers import add_headers, csp_nonce, site_origins
from wxlogin.web.access import mark_of_view, require_access

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The one script that other sites include.
_WIDGET = "/static/wxlogin-widget.js"
# A body larger than this is refused before it is read.
BODY_BYTES = 64 * 1024


class Prefix:
    """Serves the application under the path of PUBLIC_URL.

    A proxy may have taken the path off already; both spellings arrive at the
    same place, and every link carries the path.
    """

    def __init__(self, app: "WSGIApplication", prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(self._prefix + "/"):
            path = path[len(self._prefix) :]
        environ["PATH_INFO"] = path or "/"
        environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)


def init_edge(app: Flask, settings: Settings) -> None:
    """Puts the edge around the application."""
    app.config.update(
        APPLICATION_ROOT=settings.prefix or "/",
        MAX_CONTENT_LENGTH=BODY_BYTES,
        PREFERRED_URL_SCHEME=settings.public.scheme,
        # PUBLIC_URL names us; loopback names are for health checks.
        TRUSTED_HOSTS=[settings.public.hostname or "", "localhost", "127.0.0.1"],
    )
    # A doubled slash is another address, and no reason for a 308 (security row 18).
    app.url_map.merge_slashes = False
    if settings.prefix:
        app.wsgi_app = Prefix(app.wsgi_app, settings.prefix)  # type: ignore[method-assign]
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    wechat = hosts_of(settings).open
    images = [settings.logo] if settings.logo.startswith("https://") else []

    @app.before_request
    def _check_origin() -> None:
        # What leads nowhere is answered as such: 404, 405, 400 for a foreign Host.
        if request.routing_exception is None:
            require_access(settings)

    @app.after_request
    def _headers(response: Response) -> Response:
        add_headers(
            response,
            settings,
            csp_nonce(),
            hide_referrer="secret_in_url" in g,
            frame_src=wechat if "frames_wechat" in g else None,
            images=images,
            form_targets=g.get("form_targets", ()),
            frame_ancestors=g.get("frame_ancestors", ()),
            static=_may_be_kept() and response.status_code < 400,
            embeddable="embeddable" in g or request.path == _WIDGET,
        )
        if mark_of_view() == "sites":
            add_site_headers(response, request, settings)
        return response


def allow_frame_of_wechat() -> None:
    """This page shows WeChat's QR frame."""
    g.frames_wechat = True


def allow_form_to_wechat() -> None:
    """A form of this page ends at WeChat: the policy holds for redirects too."""
    allow_form_to(hosts_of(current_settings()).open)


def allow_form_to(*urls: str | None) -> None:
    """A form of this page ends at one of these addresses, by way of redirects."""
    given = tuple(url for url in urls if url)
    g.form_targets = (*g.get("form_targets", ()), *given)


def allow_framing() -> None:
    """This page may be framed, by ourselves and by the listed sites."""
    g.frame_ancestors = ("'self'", *site_origins(current_settings()))


def hide_referrer() -> None:
    """This URL holds a secret, which no other page may learn."""
    g.secret_in_url = True


def allow_keeping() -> None:
    """This answer is everybody's, and caches may keep it for as long as it says."""
    g.may_be_kept = True


def _may_be_kept() -> bool:
    return request.endpoint == "static" or "may_be_kept" in g


def allow_embedding() -> None:
    """This answer is a picture that any site may show, and caches may keep."""
    g.embeddable = True
