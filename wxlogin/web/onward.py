"""The way on from a sign-in, and what a visitor owes first.

Every door ends by `onward`: our own terms where they are owed, then the page of an
official account that is to be followed, then `next`. A site's request, which waits at
`/oauth2/authorize/<key>`, asks for both by itself (oidc/authorize.py), by `enters`.

A link can be walked around. What must not be asks again, whoever comes and by whichever
door: a site's answer by `enters`, `/auth` and the pages of a Flask application by
`is_let_in`. The rule itself is flows/must_follow.py's.

A session that has come past the question is marked in its cookie, so that pages do not
ask each time: who ceases to follow is asked again at the next sign-in.
"""

from typing import Any

from flask import url_for

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App, Site
from wxlogin.flows import must_follow
from wxlogin.flows.must_follow import Standing
from wxlogin.service import running
from wxlogin.web import visitors
from wxlogin.web.purposes import purpose_of, site_behind, terms_first, visitor_for


def onward(next_url: str) -> str:
    """The way to `next_url`, by way of what the visitor owes first."""
    first = terms_first(next_url)
    return first if first != next_url else follow_first(next_url)


def follow_first(next_url: str) -> str:
    """The same without terms: by way of an account that is to be followed."""
    account = account_for(next_url)
    # Who is signed in costs a statement, so it is asked last.
    visitor = visitors.current() if account else None
    if account is None or visitor is None or passes(account, visitor):
        return next_url
    return url_for("must_follow.ours", next=next_url)


def way_on(next_url: str, *, anew: bool = False) -> dict[str, Any]:
    """For a page that offers a signed-in visitor to go on: who that is, and where to.
    Nobody where everybody is to sign in `anew`."""
    visitor = None if anew else visitor_for(next_url)
    return {"visitor": visitor, "way_on": onward(next_url) if visitor else next_url}


def enters(site: Site, visitor: Visitor) -> bool:
    """May the site have its answer, as far as following goes?"""
    account = running().settings.account_to_follow(site)
    return account is None or passes(account, visitor)


def is_let_in(site: Site | None, visitor: Visitor) -> bool:
    """May this session see the pages of the site, or, for None, our own?"""
    account = running().settings.account_to_follow(site)
    if account is None or visitors.has_entered(account.appid):
        return True
    return must_follow.standing(account, visitor.user_id) is not Standing.to_follow


def account_for(next_url: str) -> App | None:
    """The account to follow before `next`; None for a site's request, which asks by
    itself, and where nobody has to."""
    if purpose_of(next_url).client_id:
        return None
    return running().settings.account_to_follow(site_behind(next_url))


def passes(account: App, visitor: Visitor) -> bool:
    """Does the visitor follow, or need not? Marks the session then."""
    if must_follow.standing(account, visitor.user_id) is Standing.to_follow:
        return False
    visitors.mark_entered(account.appid)
    return True
