"""For which site a sign-in is: read from the short address it leads to.

A site's request waits in the ticket store while its visitor signs in, and the
sign-in leads to an address that holds the request's key and nothing else.
"""

import re

from flask import g, url_for

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import now
from wxlogin.errors import LinkExpired, SiteRequestOver
from wxlogin.flows.customers import links
from wxlogin.flows.redirect.attempt import Purpose
from wxlogin.oidc import authorization_request as authorizations
from wxlogin.oidc.authorization_request import AuthorizationRequest
from wxlogin.security.returning import site_at
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.web import site_in_view, visitors

_KEY = r"([A-Za-z0-9_-]{16,64})"
_AUTHORIZE = re.compile(rf"/oauth2/authorize/{_KEY}")
_LINK = re.compile(rf"/link/{_KEY}")


def purpose_of(next_url: str) -> Purpose:
    """The site a login with this `next` is for, if it is for one."""
    path = _path(next_url)
    if found := _AUTHORIZE.fullmatch(path):
        waiting = authorizations.held(found[1])
        return Purpose(waiting.client_id) if waiting else Purpose()
    if found := _LINK.fullmatch(path):
        link = links.find(found[1])
        if link and link.is_open:
            return Purpose(link.client_id, vouched=True)
    return Purpose()


def site_behind(next_url: str) -> Site | None:
    """The site to which `next` leads at once: one of an absolute address, or of a link
    of its customer's that is done. A request that waits is not asked about: its answer
    is where it goes on (oidc/authorize.py)."""
    settings = running().settings
    if found := _LINK.fullmatch(_path(next_url)):
        link = links.find(found[1])
        return settings.site_of(link.client_id) if link else None
    return site_at(next_url, settings)


def visitor_for(next_url: str) -> Visitor | None:
    """Who is signed in, unless the site that waits at `next` wants more than that:
    "Continue" would lead back to the login."""
    visitor = visitors.current()
    found = _AUTHORIZE.fullmatch(_path(next_url))
    waiting = authorizations.held(found[1]) if found and visitor else None
    if visitor and waiting and not waiting.will_do(visitor, at=now()):
        return None
    return visitor


def site_name(purpose: Purpose, next_url: str = "") -> str:
    """What people call the site that a login is for, which is in view from here on;
    empty for none, and for one that only an address names."""
    site = running().settings.site_of(purpose.client_id)
    site_in_view.see(site)
    site_in_view.see_address(next_url)
    return site.name if site else ""


def require_open(next_url: str) -> None:
    """Raises SiteRequestOver or LinkExpired where the site that waits at `next` waits
    no more: it is told before anybody scans a code (finding I18)."""
    path = _path(next_url)
    if found := _AUTHORIZE.fullmatch(path):
        waiting_request(found[1])
    if found := _LINK.fullmatch(path):
        link = links.require(found[1])
        if not link.lasts:
            g.leave = link.back(links.Answer.link_expired)
            raise LinkExpired("the link is over")


def waiting_request(key: str) -> AuthorizationRequest:
    """The request under this key. Raises SiteRequestOver, with a way to the site where
    it is known."""
    if found := authorizations.held(key):
        return found
    site_in_view.see(authorizations.site_of(key))
    raise SiteRequestOver("no site's request waits (any more) under this key")


def pending_site(key: str) -> Site:
    """The site whose request waits under this key. Raises SiteRequestOver."""
    site = running().settings.site_of(waiting_request(key).client_id)
    if site is None:
        raise SiteRequestOver("the site of this request is no more")
    site_in_view.see(site)
    return site


def resume_url(key: str) -> str:
    """Where a pending request goes on."""
    return url_for("openid.resume", key=key)


def refused_by_person(next_url: str) -> str | None:
    """Where a site hears that the person said no; None where no site waits."""
    found = _AUTHORIZE.fullmatch(_path(next_url))
    return url_for("openid.decline", key=found[1]) if found else None


def terms_first(next_url: str) -> str:
    """The way to `next_url`, by way of our own terms where they must be agreed to."""
    if not terms.counts_ours() or purpose_of(next_url) != Purpose():
        return next_url
    visitor = visitors.current()
    if visitor is None or not terms.owed_to_us(visitor.user_id):
        return next_url
    return url_for("terms.ours", next=next_url)


def _path(next_url: str) -> str:
    return next_url.removeprefix(running().settings.prefix)
