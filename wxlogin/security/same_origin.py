"""Unsafe methods come from our own pages, or they are refused (CSRF).

Browsers say with `Sec-Fetch-Site` where a request comes from, and no page can
change that (W3C Fetch Metadata, §2.4). Only `same-origin` will do: `same-site` may
be a neighbour's subdomain, `none` is typed and never a form. An older browser
that does not send it sends `Origin` with a POST (RFC 6454 §7.3), which must be
PUBLIC_URL's. The Host header proves nothing and is not looked at. OWASP ASVS 3.5.1
and 3.5.3, CWE-352.

Calls with a bearer token and WeChat's own pushes carry no cookie and need no such
proof; their views do not ask for it.
"""

from werkzeug.wrappers import Request

from wxlogin.config import Settings
from wxlogin.errors import ForeignRequest
from wxlogin.security.origins import origin_of

# Methods that change nothing (RFC 9110 §9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_KNOWN_SITES = frozenset({"cross-site", "same-site", "none"})


def require_same_origin(request: Request, settings: Settings) -> None:
    """Returns for a safe method, and for one that our own page sent.

    Raises ForeignRequest (403) otherwise. On http a browser sends Sec-Fetch-Site
    to loopback addresses too; elsewhere it leaves the decision to Origin.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise _foreign(site if site in _KNOWN_SITES else "unknown")
        return
    sent = request.headers.get("Origin")
    if sent is None:
        raise _foreign("not told")
    if sent != str(origin_of(settings.public_url)):
        raise _foreign("null" if sent == "null" else "another origin")


def _foreign(sender: str) -> ForeignRequest:
    # What the request says of itself is not repeated: the log is no notice board.
    return ForeignRequest(
        "a changing request that did not come from our own pages", sender=sender
    )
