"""Which other origins may call us from a page (CORS): listed ones, exactly.

Closed by default. A view that sites may call names itself so; then an Origin that
SITES lists, or ours, is let in and answered with that very origin, with cookies,
and `Vary: Origin`. `*` and `null` never are (security row 27, ASVS 3.4.2).
"""

import re

from flask import Request
from werkzeug.wrappers import Response

from wxlogin.config import Settings
from wxlogin.errors import ForeignRequest
from wxlogin.security.origins import is_ours_or_listed, origin

# What a browser writes as an origin; nothing else is looked at.
_ORIGIN = re.compile(
    r"(https?)://([a-z0-9\-]+(?:\.[a-z0-9\-]+)*|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?"
)
_PREFLIGHT_SECONDS = "600"


def site_origin(request: Request, settings: Settings) -> str | None:
    """The Origin of this request if it is ours or listed, as it was written."""
    text = request.headers.get("Origin", "")
    parts = _ORIGIN.fullmatch(text)
    if parts and is_ours_or_listed(origin(*parts.groups()), settings):
        return text
    return None


def require_site(request: Request, settings: Settings) -> None:
    """Raises ForeignRequest for a page that is neither ours nor a listed site's, and
    for one of another registrable domain: there our cookies are third-party cookies,
    and a login begun without them could not end."""
    if site_origin(request, settings) is None:
        raise ForeignRequest("the calling page's origin is not listed in SITES")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForeignRequest("the calling page is listed, but of another site")


def add_site_headers(response: Response, request: Request, settings: Settings) -> None:
    """Lets the listed page read this answer."""
    response.headers.add("Vary", "Origin")
    if allowed := site_origin(request, settings):
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Cross-Origin-Resource-Policy"] = "same-site"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = "Content-Type"
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
