"""Who may send a changing request to a view, and who may read its answer.

Without a mark: our own pages (design: same origin). `for_sites`: pages of listed
sites too. `without_cookies`: programs; such a view never looks at a cookie, so
there is nothing that a foreign page could misuse. A call with a bearer token is a
program's as well.

And which pages of other origins may read the answers of our OAuth endpoints (CORS). A
public client may be a page of scripts: it fetches its tokens itself, without any
cookie of ours. Origins that SITES lists are let in, and answered with that very
origin; what is everybody's (discovery, keys) is read by all (security row 27).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request
from werkzeug.wrappers import Response

from wxlogin.config import Settings
from wxlogin.security.origins import (
    SAFE_METHODS,
    require_same_origin,
    require_site,
    site_origin,
)
from wxlogin.service import running

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "wxlogin_access"
_PREFLIGHT_SECONDS = "600"


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


def require_access(settings: Settings) -> None:
    """Raises ForeignRequest for a changing request from where none is expected."""
    mark = mark_of_view()
    if request.method in SAFE_METHODS or mark == "programs" or bearer_token():
        return
    if mark == "sites":
        require_site(request, settings)
    else:
        require_same_origin(request, settings)


def let_sites_read(response: Response) -> Response:
    """Lets pages of listed sites read this answer, never with cookies."""
    response.headers.add("Vary", "Origin")
    if origin := site_origin(request, running().settings):
        _allow(response, origin)
    return response


def let_all_read(response: Response) -> Response:
    """Lets every page read this answer, which says nothing of anybody.

    Told to all alike, since a cache may hand on to a page what others were told.
    """
    _allow(response, "*")
    return response


def _allow(response: Response, origin: str) -> None:
    response.headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
