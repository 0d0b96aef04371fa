"""What holds for every request: address, proxies, headers, same origin."""

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from wxlogin.config import Settings
from wxlogin.errors import NotFound
from wxlogin.security.headers import Needs, add_headers, csp_nonce
from wxlogin.security.origins import add_site_headers, site_origins
from wxlogin.service import hosts_of, running
from wxlogin.web.access import mark_of_view, require_access
from wxlogin.web.hosts import init_hosts

# The one script that other sites include.
_WIDGET = "/static/wxlogin-widget.js"
# A body larger than this is refused before it is read.
BODY_BYTES = 64 * 1024


def init_edge(app: Flask, settings: Settings) -> None:
    """Puts the edge around the application."""
    app.config.update(
        APPLICATION_ROOT=settings.prefix or "/",
        MAX_CONTENT_LENGTH=BODY_BYTES,
        PREFERRED_URL_SCHEME=settings.public.scheme,
    )
    # A doubled slash is another address, and no reason for a 308 (security row 18).
    app.url_map.merge_slashes = False
    init_hosts(app, settings)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    wechat = hosts_of(settings).open
    images = [settings.logo] if settings.logo.startswith("https://") else []

    @app.before_request
    def _check_origin() -> None:
        # What leads nowhere is answered as such: 404, 405.
        if request.routing_exception is None:
            require_access(settings)
            # No address of ours holds NUL, so nothing is there (finding L6).
            if "\0" in request.path:
                raise NotFound("the path holds NUL")

    @app.after_request
    def _headers(response: Response) -> Response:
        needs = Needs(
            hidden_referrer="secret_in_url" in g,
            frame_src=wechat if "frames_wechat" in g else None,
            images=images,
            form_targets=g.get("form_targets", ()),
            frame_ancestors=g.get("frame_ancestors", ()),
            static=_may_be_kept() and response.status_code < 400,
            embeddable="embeddable" in g or request.path == _WIDGET,
        )
        add_headers(response, settings, csp_nonce(), needs)
        if mark_of_view() == "sites":
            add_site_headers(response, request, settings)
        return response


def allow_frame_of_wechat() -> None:
    """This page shows WeChat's QR frame."""
    g.frames_wechat = True


def allow_form_to_wechat() -> None:
    """A form of this page ends at WeChat: the policy holds for redirects too."""
    allow_form_to(hosts_of(running().settings).open)


def allow_form_to(*urls: str | None) -> None:
    """A form of this page ends at one of these addresses, by way of redirects."""
    given = tuple(url for url in urls if url)
    g.form_targets = (*g.get("form_targets", ()), *given)


def allow_framing() -> None:
    """This page may be framed, by ourselves and by the listed sites."""
    g.frame_ancestors = ("'self'", *site_origins(running().settings))


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
