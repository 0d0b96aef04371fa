"""Origins: which are ours, which SITES lists, and what each of them may send us.

Two URLs are of one origin if scheme, host and port are equal, the usual port being the
same as none (RFC 6454 §4). An origin of SITES may begin with `*.`: it stands for one
or more labels, so `https://*.good.test` covers `a.good.test` and `a.b.good.test`
but neither `good.test` nor `evilgood.test` (the rule of CSP's host sources).

*Unsafe methods come from our own pages, or they are refused* (CSRF). Browsers say with
`Sec-Fetch-Site` where a request comes from, and no page can change that (W3C Fetch
Metadata, §2.4). Only `same-origin` will do: `same-site` may be a neighbour's subdomain,
`none` is typed and never a form. An older browser that does not send it sends `Origin`
with a POST (RFC 6454 §7.3), which must be PUBLIC_URL's. The Host header proves nothing
and is not looked at. OWASP ASVS 3.5.1 and 3.5.3, CWE-352. Calls with a bearer token and
WeChat's own pushes carry no cookie and need no such proof; their views do not ask for
it.

*Other origins may call us from a page* (CORS) where they are listed, exactly. Closed by
default. A view that sites may call names itself so; then an Origin that SITES lists, or
ours, is let in and answered with that very origin, with cookies, and `Vary: Origin`.
`*` and `null` never are (security row 27, ASVS 3.4.2).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from wxlogin.config import Settings
from wxlogin.errors import ForeignRequest

# Methods that change nothing (RFC 9110 §9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: How a browser writes an origin, and how it begins an address. No label is empty.
GRAMMAR = (
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9\-]+(?:\.[a-z0-9\-]+)*|\[[0-9a-f:]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_WRITTEN = re.compile(GRAMMAR)
_USUAL = {"http": 80, "https": 443}
_KNOWN_SITES = frozenset({"cross-site", "same-site", "none"})
_PREFLIGHT_SECONDS = "600"


@dataclass(frozen=True)
class Origin:
    """`host` is in lower case, an IPv6 address in brackets; `port` is a number."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """As a browser writes it in the Origin header."""
        usual = self.port == _USUAL[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if usual else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of a URL that the operator wrote; never for a visitor's input."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return Origin(parts.scheme, host, parts.port or _USUAL[parts.scheme])


def origin_in(found: re.Match[str] | None) -> Origin | None:
    """The origin in what matched the grammar; None for what did not match."""
    if found is None:
        return None
    scheme, port = found["scheme"], found["port"]
    return Origin(scheme, found["host"], int(port) if port else _USUAL[scheme])


def is_ours_or_listed(candidate: Origin | None, settings: Settings) -> bool:
    """Is it PUBLIC_URL's origin, or one that SITES lists?"""
    if candidate == origin_of(settings.public_url):
        return True
    return is_among(candidate, site_origins(settings))


def is_among(candidate: Origin | None, patterns: Iterable[str]) -> bool:
    """Is it one of these origins, some of which may begin with `*.`?"""
    return candidate is not None and any(
        _covers(origin_of(pattern), candidate) for pattern in patterns
    )


def _covers(pattern: Origin, candidate: Origin) -> bool:
    if (pattern.scheme, pattern.port) != (candidate.scheme, candidate.port):
        return False
    if not pattern.host.startswith("*."):
        return pattern.host == candidate.host
    # With its dot: the border of a label. No label of the candidate is empty.
    return candidate.host.endswith(pattern.host[1:])


def site_origins(settings: Settings) -> tuple[str, ...]:
    """Every origin that SITES lists, as it is written there."""
    return tuple(origin for site in settings.sites for origin in site.origins)


def web_origins(urls: Iterable[str]) -> list[str]:
    """The origins of those of these addresses that a browser opens, in their order;
    an address of a native program's has none."""
    return [
        str(origin_of(url)) for url in urls if urlsplit(url).scheme in ("http", "https")
    ]


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


def site_origin(request: Request, settings: Settings) -> str | None:
    """The Origin of this request if it is ours or listed, as it was written."""
    text = request.headers.get("Origin", "")
    sender = origin_in(_WRITTEN.fullmatch(text))
    return text if is_ours_or_listed(sender, settings) else None


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
