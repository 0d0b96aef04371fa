"""Calls of a site's server, by its client id and secret (HTTP Basic).

A site without a secret keeps none, so it has no server's calls either. It sees only
users whom it knows: those who signed in there, were connected with a customer of the
site's, or came with an import. No others exist for it.
"""

from typing import NoReturn

from flask import request

from wxlogin.accounts import people
from wxlogin.config import Site
from wxlogin.errors import InvalidClient, KeyNeeded, NotFound
from wxlogin.oidc import clients
from wxlogin.sites import members
from wxlogin.sites.members import Member
from wxlogin.web import limits


def calling_site() -> Site:
    """The site whose key this request carries. Raises KeyNeeded, and TooManyRequests
    for one that calls too often."""
    try:
        site = clients.site_of_basic(request.headers.get("Authorization"))
    except InvalidClient as error:
        raise KeyNeeded(error.operator, **error.facts) from None
    limits.count_site_call(site.client_id or "")
    return site


def member_of_uid(site: Site, uid: str) -> Member:
    """The user of any uid ever given out, as the site knows it. Raises NotFound."""
    found = people.find_user(uid)
    return member_of(site, found.user_id if found else None)


def member_of(site: Site, user_id: int | None) -> Member:
    """The user as the site knows it. Raises NotFound for a stranger."""
    found = None
    if user_id is not None:
        found = members.member(site.client_id or "", user_id)
    return found or refuse_stranger()


def refuse_stranger() -> NoReturn:
    """Raises NotFound: whom the site does not know does not exist for it."""
    raise NotFound("the site knows no such user")
