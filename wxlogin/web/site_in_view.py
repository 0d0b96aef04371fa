"""The site that a visitor came from, and the way back to it, on every page.

A site is *in view* on the pages of its own sign-ins: there its name, logo and accent
are shown. The browser keeps its client id for a day, so that a page that is nobody's
sign-in (the account, a refusal, a goodbye) leads back, too. The cookie chooses among
SITES and does nothing else: who forges it changes their own page's link.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask, g, request
from werkzeug.wrappers import Response

from wxlogin.config import Site
from wxlogin.oidc.clients import is_program
from wxlogin.security.cookies import read_cookie, set_cookie
from wxlogin.security.origins import is_among, origin_of, web_origins
from wxlogin.service import running

_COOKIE = "site"
_DAY = 24 * 3600


@dataclass(frozen=True)
class WayBack:
    """A link that a visitor can follow, and what people call the site."""

    name: str
    url: str


@dataclass(frozen=True)
class Look:
    """How a page looks: the site's own where it has that, the operator's otherwise."""

    name: str
    logo: str
    accent: str


def init_site_in_view(app: Flask) -> None:
    app.jinja_env.globals.update(way_back=way_back, look=look)
    app.after_request(_keep)


def see(site: Site | None) -> None:
    """This request is for that site's sake; None changes nothing."""
    if site is not None:
        g.site_in_view = site


def see_address(next_url: str) -> None:
    """This request leads to that address, of a site that lists its origin."""
    if "site_in_view" in g or not next_url.startswith(("https://", "http://")):
        return
    target = origin_of(next_url)
    sites = running().settings.sites
    see(next((one for one in sites if is_among(target, one.origins)), None))


def way_back() -> WayBack | None:
    """To the site in view, or the one that this browser came from last; None where
    there is none, or none that a browser opens."""
    site = g.get("site_in_view") or _kept()
    url = home_of(site) if site else ""
    return WayBack(site.name, url) if site and url else None


def home_of(site: Site) -> str:
    """Where the site begins: its `home`, or the root of the first origin it names."""
    if site.home:
        return site.home
    plain = [one for one in site.origins if "*" not in one]
    # A program listens on its machine for one answer; no page is there.
    back = [one for one in site.redirect_uris if not is_program(site, one)]
    roots = web_origins((*back, *plain))
    return f"{roots[0]}/" if roots else ""


def start_link() -> str:
    """Where a sign-in at the site in view begins in any browser, as OpenID Connect Core
    4 has it; empty where the site does not say."""
    site = g.get("site_in_view")
    if site is None or not site.start_url:
        return ""
    address, mark, fragment = site.start_url.partition("#")
    joint = "&" if "?" in address else "?"
    wish = urlencode({"iss": running().settings.public_url})
    return f"{_whole(address)}{joint}{wish}{mark}{fragment}"


def look() -> Look:
    """How this page looks."""
    settings, site = running().settings, g.get("site_in_view")
    if site is None:
        return Look(settings.site_name, settings.logo, settings.accent)
    return Look(
        settings.site_name or site.name,
        site.logo or settings.logo,
        site.accent or settings.accent,
    )


def _whole(address: str) -> str:
    """With our host where the site is a path on it."""
    if not address.startswith("/"):
        return address
    return f"{origin_of(running().settings.public_url)}{address}"


def _kept() -> Site | None:
    settings = running().settings
    return settings.site_of(read_cookie(request, settings, _COOKIE) or "")


def _keep(response: Response) -> Response:
    site, settings = g.get("site_in_view"), running().settings
    if site and site.client_id and _kept() != site and _is_page(response):
        set_cookie(response, settings, _COOKIE, site.client_id, max_age=_DAY)
    return response


def _is_page(response: Response) -> bool:
    return response.mimetype == "text/html" and not response.is_streamed
