"""What a request tells of its visitor: where from, where to, in which browser."""

from flask import request, url_for

from wxlogin.errors import ForeignRequest
from wxlogin.flows.signing_in import Trace
from wxlogin.observability import request_id
from wxlogin.security.headers import site_origins
from wxlogin.security.origins import origin_of
from wxlogin.security.returning import safe_next
from wxlogin.service import running
from wxlogin.web.browsers import browser_name, client_address
from wxlogin.web.visitors import former_secret
from wxlogin.wechat.user_agents import Surroundings, surroundings


def where() -> Surroundings:
    """Where the visitor's page is open."""
    return surroundings(request.headers.get("User-Agent", "")[:1024])


def trace(door: str) -> Trace:
    """Where this sign-in comes from."""
    return Trace(
        door=door,
        address=client_address(),
        browser=browser_name(),
        request_id=request_id(),
        former_secret=former_secret(),
    )


def return_url(wish: str | None, default: str | None = None) -> str:
    """Where to go: the wish if it is one of ours, checked at each use."""
    return safe_next(wish, running().settings) or default or url_for("account.me")


def require_page() -> None:
    """Raises ForeignRequest where no person opens a page: an image or a frame of
    another site, or a browser that fetches ahead (security row 12)."""
    headers = request.headers
    ahead = headers.get("Sec-Purpose") or headers.get("Purpose") or ""
    if headers.get("Sec-Fetch-Dest", "document") != "document" or "prefetch" in ahead:
        raise ForeignRequest("a login begins in a window only")


def opens_page() -> bool:
    """Does a browser open a page with this request, and not a script of one?

    A script cannot read a page that it is led to. It says so itself (Fetch Metadata
    section 2.3; jQuery and its heirs), or it asks for something else than HTML.
    """
    headers = request.headers
    if headers.get("X-Requested-With", "").lower() == "xmlhttprequest":
        return False
    if headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    wanted = request.accept_mimetypes
    best = wanted.best_match(["text/html", "application/json"])
    return not wanted or best == "text/html"


def page_origins() -> list[str]:
    """Our origin and those of listed sites: whom a framed page may talk to. An
    origin with a wildcard is left out, a message needs an exact address."""
    settings = running().settings
    listed = [one for one in site_origins(settings) if "*" not in one]
    return [str(origin_of(settings.public_url)), *listed]
