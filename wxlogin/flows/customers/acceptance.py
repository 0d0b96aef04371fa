"""From the click at a site's link to the connection, by way of the site.

A click connects nothing yet, because whoever found the link could have clicked
(finding L13). It leads back to the site with a one-time code; the site's server
confirms it for the customer whose session that browser has there; and only then the
browser finishes at an address of ours. So the two that are connected are the
customer of the site's own session and the person who clicked here, in one browser:

- a thief with the link ends with his own session at the site, which is confirmed for
  another customer, or with none. Another customer's word makes the link void;
- a thief who leads the customer's browser to the site with his code gets it
  confirmed, but that browser has not clicked, and the address that finishes never
  reaches the thief's own;
- who has no account yet, where the site does not make one for everybody, has none
  until the end: a link that got about lets nobody in.

The code is good for five minutes, and so is the address that finishes. It may be
opened twice (a lost answer) with one end.
"""

from dataclasses import dataclass, replace

from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import Site
from wxlogin.db import transaction
from wxlogin.errors import (
    Conflict,
    ExternalIdFixed,
    ExternalIdTaken,
    LinkExpired,
    NotFound,
    OtherBrowser,
)
from wxlogin.flows import first_visit
from wxlogin.flows.customers import links
from wxlogin.flows.customers.links import Answer, Link, Opener
from wxlogin.flows.customers.site_codes import Codes, Looks, Onward
from wxlogin.flows.signing_in import live_session
from wxlogin.observability import get_logger
from wxlogin.security.returning import with_query
from wxlogin.sites import terms

CODE_SECONDS = 300

_codes = Codes("link", seconds=CODE_SECONDS)


def accept(link: Link, who: Opener) -> str:
    """The person's yes; returns the site's address to go on at.

    The address brings a code for the site to confirm, or tells why there is none.
    """
    if not link.may_answer(who):
        return _over(link, who)
    if refused := links.obstacle(link, who.visitor):
        return _back(link, refused, who.visitor)
    if not _claim(link, who):
        return _over(links.require(link.key), who)
    code = _codes.new(link.key, link.client_id)
    return with_query(link.return_to, wxlogin="confirm", wxlogin_code=code)


def _claim(link: Link, who: Opener) -> bool:
    """Is the link this one's now, or was it before, and nothing came of it yet?"""
    mine = replace(link, taken_by=who.user_id, first_visit=who.tag)
    if link.is_open and links.change(mine):
        return True
    there = links.require(link.key)
    return there.lasts and there.is_by(who)


def _over(link: Link, who: Opener) -> str:
    """Where a click leads that is no answer any more."""
    mine = link.done and link.is_by(who)
    answer = Answer.linked if mine else Answer.link_expired
    return _back(link, answer, who.visitor)


@dataclass(frozen=True)
class Confirmed:
    """The token to finish with, and how often the link's page had been shown."""

    token: str
    looks: Looks


def confirm(site: Site, *, code: str, external_id: str) -> Confirmed:
    """The site's word: the browser that brought the code is this customer's.

    The same word again gives the same token. Raises NotFound, and Conflict where the
    link is another customer's, which makes it void.
    """
    found = _codes.find(site, code)
    link = links.find(found.about) if found else None
    if found is None or link is None or link.declined:
        raise NotFound("no link has this code (any more)")
    if link.external_id != external_id:
        _codes.void(code)
        if not link.done:
            links.change(replace(link, declined=True))
        get_logger().warning("link void", client=link.client_id, security=True)
        raise Conflict("the link is another customer's", client=link.client_id)
    return Confirmed(_codes.confirm(found), links.looks_at(link))


def confirmed(token: str) -> Link:
    """The link that this token finishes. Raises LinkExpired."""
    word = _codes.said(token)
    if word is None:
        raise LinkExpired("no link has this token (any more)")
    link = links.require(word.about)
    if link.declined:
        raise LinkExpired("the link is void")
    return link


def connect(link: Link, who: Opener, *, trace: Trace) -> Onward:
    """Connects who said yes with the customer, in one transaction; a person without
    an account gets it, and a session, in that transaction.

    `who` is this browser's user and first visit. Raises OtherBrowser where neither is
    who said yes, AlreadyFinished after a sign-out, AccountDisabled, AccountGone, and
    what a sign-in raises.
    """
    secret, visitor = None, who.visitor
    try:
        if who.waiting is not None and who.tag == link.first_visit:
            secret = first_visit.connect(who.waiting, link.external_id, trace=trace)
            visitor = live_session(secret)
        elif visitor is not None and visitor.user_id == link.taken_by:
            _connect(link, visitor.user_id)
        else:
            raise OtherBrowser("the link was accepted in another browser")
    except ExternalIdTaken:
        return Onward(_back(link, Answer.external_id_taken, visitor))
    except ExternalIdFixed:
        return Onward(_back(link, Answer.wechat_taken, visitor))
    if visitor is not None:
        links.change(replace(link, taken_by=visitor.user_id, done=True))
    return Onward(_back(link, Answer.linked, visitor), secret)


def _connect(link: Link, user_id: int) -> None:
    client_id, external_id = link.client_id, link.external_id
    transaction(lambda session: terms.connect(session, client_id, user_id, external_id))


def _back(link: Link, answer: Answer, visitor: Visitor | None) -> str:
    """The site's address with the answer, after a line in the log about it."""
    uid = visitor.uid if visitor else None
    get_logger().info(
        "link answered", client=link.client_id, uid=uid, answer=answer.value
    )
    return link.back(answer)
