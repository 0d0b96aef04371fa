"""Which pages of other origins may read the answers of our OAuth endpoints (CORS).

A public client may be a page of scripts: it fetches its tokens itself, without any
cookie of ours. Origins that SITES lists are let in, and answered with that very
origin; what is everybody's (discovery, keys) is read by all (security row 27).
"""

from flask import request
from werkzeug.wrappers import Response

from wxlogin.security.cross_origin import site_origin
from wxlogin.service import running

_PREFLIGHT_SECONDS = "600"


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
