"""What holds for every request: proxies, headers, and who may send and read.

Who may send a changing request to a view? Without a mark: our own pages (same
origin). `for_sites`: pages of listed sites too. `without_cookies`: programs; such a
view never looks at a cookie, so there is nothing that a foreign page could misuse. A
call with a bearer token is a program's as well.

And which pages of other origins may read the answers of our OAuth endpoints (CORS). A
public client may be a page of scripts: it fetches its tokens itself, without any
cookie of ours. Origins that SITES lists are let in, and answered with that very
origin; what is everybody's (discovery, keys) is read by all (security row 27).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.config import Settings
from wxlogin.errors import NotFound
from wxlogin.security.headers import Needs, add_headers, csp_nonce
from wxlogin.security.origins import (
    SAFE_METHODS,
    add_site_headers,
    require_same_origin,
    require_site,
    site_origin,
    site_origins,
)
from wxlogin.service import hosts_of, running

# The scripts that other sites include, or that those include.
_OF_SITES = ("arrival", "button", "qr", "widget")
_FOR_SITES = tuple(f"/static/wxlogin-{name}.js" for name in _OF_SITES)
# A body larger than this is refused before it is read.
BODY_BYTES = 64 * 1024
View = TypeVar("View", bound=Callable[..., Any])
_MARK = "wxlogin_access"
_PREFLIGHT_SECONDS = "600"


def init_edge(app: Flask, settings: Settings) -> None:
    """Puts the edge around the application."""
    app.config.update(
        APPLICATION_ROOT=settings.prefix or "/",
        MAX_CONTENT_LENGTH=BODY_BYTES,
        PREFERRED_URL_SCHEME=settings.public.scheme,
    )
    # A doubled slash is another address, and no reason for a 308 (security row 18).
    app.url_map.merge_slashes = False
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    wechat = hosts_of(settings).open
    logos = [settings.logo, *(site.logo for site in settings.sites)]
    images = [logo for logo in logos if logo.startswith("https://")]

    @app.before_request
    def _check_origin() -> None:
        # What leads nowhere is answered as such: 404, 405.
        if request.routing_exception is None:
            _require_access(settings)
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
            embeddable="embeddable" in g or request.path in _FOR_SITES,
        )
        add_headers(response, settings, csp_nonce(), needs)
        if mark_of_view() == "sites":
            add_site_headers(response, request, settings)
        return response


def allow_frame_of_wechat() -> None:
    """This page shows WeChat's QR frame, and asks whether WeChat answers."""
    g.frames_wechat = True


def allow_form_to_wechat() -> None:
    """A form of this page ends at WeChat: the policy holds for redirects too."""
    allow_form_to(hosts_of(running().settings).open)


def allow_form_to(*urls: str | None) -> None:
    """A form of this page ends at one of these addresses, by way of redirects.

    A path is a place of ours, where every form may end.
    """
    given = tuple(url for url in urls if url and not url.startswith("/"))
    g.form_targets = (*g.get("form_targets", ()), *given)


def allow_framing() -> None:
    """This page may be framed, by ourselves and by the listed sites."""
    g.frame_ancestors = ("'self'", *site_origins(running().settings))


def hide_referrer() -> None:
    """This URL holds a secret, which no other page may learn."""
    g.secret_in_url = True


def allow_keeping() -> None:
    """Caches may keep this answer, those and as long as it says."""
    g.may_be_kept = True


def _may_be_kept() -> bool:
    return request.endpoint == "static" or "may_be_kept" in g


def allow_embedding() -> None:
    """This answer is a picture that any site may show, and caches may keep."""
    g.embeddable = True


def answer_script() -> None:
    """A script of a page asks; what it is refused is a problem document."""
    g.answers_script = True


def for_sites(view: View) -> View:
    """Marks a view that pages of listed sites may call, with their cookies."""
    setattr(view, _MARK, "sites")
    return view


def without_cookies(view: View) -> View:
    """Marks a view for programs, which is called without any cookie."""
    setattr(view, _MARK, "programs")
    return view


def mark_of_view() -> str | None:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, _MARK, None)


def bearer_token() -> str | None:
    """The bearer token of this request, if it carries one."""
    given = request.authorization
    return given.token if given and given.type == "bearer" else None


def _require_access(settings: Settings) -> None:
    """Raises ForeignRequest for a changing request from where none is expected."""
    mark = mark_of_view()
    if request.method in SAFE_METHODS or mark == "programs" or bearer_token():
        return
    if mark == "sites":
        require_site(request, settings)
    else:
        require_same_origin(request, settings)


def let_sites_read(response: AnyResponse) -> AnyResponse:
    """Lets pages of listed sites read this answer, never with cookies."""
    response.headers.add("Vary", "Origin")
    if origin := site_origin(request, running().settings):
        _allow(response, origin)
    return response


def let_all_read(response: AnyResponse) -> AnyResponse:
    """Lets every page read this answer, which says nothing of anybody.

    Told to all alike, since a cache may hand on to a page what others were told.
    """
    _allow(response, "*")
    return response


def _allow(response: AnyResponse, origin: str) -> None:
    response.headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
