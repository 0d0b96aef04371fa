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

import json
import secrets
import time
from dataclasses import dataclass, replace

from wxlogin.accounts.history import Trace
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import now, transaction
from wxlogin.errors import (
    Conflict,
    ExternalIdFixed,
    ExternalIdTaken,
    LinkExpired,
    NotFound,
    OtherBrowser,
)
from wxlogin.flows import first_visit
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.signing_in import live_session
from wxlogin.flows.site_codes import Looks, looks_so_far
from wxlogin.flows.site_links import (
    KIND,
    Answer,
    Link,
    change,
    claim,
    find,
    log_answer,
    obstacle,
)
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites import members, terms

CODE = "link_code"
CONTINUE = "link_continue"
CODE_SECONDS = 300
CONTINUE_SECONDS = 300


@dataclass(frozen=True)
class Confirmed:
    """The token to finish with, and how often the link's page had been shown."""

    token: str
    looks: Looks


def accept(link: Link, *, visitor: Visitor | None, waiting: Waiting | None) -> str:
    """The person's yes; returns the site's address to go on at.

    One of the two says who it is: a user, or a person who has no account yet. The
    address brings a code for the site to confirm, or tells why there is none.
    """
    user_id, tag = visitor.user_id if visitor else 0, waiting.tag if waiting else ""
    if not link.may_answer(visitor, waiting):
        return _over(link, visitor, tag)
    if refused := obstacle(link, user_id or None):
        return link.back(log_answer(link, refused, visitor))
    if not claim(link, user_id=user_id, first_visit=tag):
        return _over(find(link.key), visitor, tag)
    code, token = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    value = json.dumps([link.key, token, time.time() + CODE_SECONDS])
    running().tickets.add(CODE, code, value, ttl=CODE_SECONDS)
    return link.back_with(code)


def confirm(site: Site, *, code: str, external_id: str) -> Confirmed:
    """The site's word: the browser that brought the code is this customer's.

    The same word again gives the same token. Raises NotFound, and Conflict where the
    link is another customer's, which makes it void.
    """
    ticket = running().tickets.get(CODE, code)
    link, token = _of(ticket.value) if ticket else (None, "")
    if link is None or link.client_id != site.client_id:
        raise NotFound("no link has this code (any more)")
    if link.external_id != external_id:
        running().tickets.take(CODE, code)
        if not link.done:
            change(link, replace(link, declined=True))
        get_logger().warning("link void", client=link.client_id, security=True)
        raise Conflict("the link is another customer's", client=link.client_id)
    # There already where the same word came before.
    value = json.dumps([link.key, time.time() + CONTINUE_SECONDS])
    running().tickets.add(CONTINUE, token, value, ttl=CONTINUE_SECONDS)
    return Confirmed(token, looks_so_far(KIND, link.key))


def confirmed(token: str) -> Link:
    """The link that this token finishes. Raises LinkExpired."""
    found = running().tickets.get(CONTINUE, token)
    key, ends = json.loads(found.value) if found else ("", 0)
    if time.time() > ends:
        raise LinkExpired("no link has this token (any more)")
    link = find(key)
    if link.declined:
        raise LinkExpired("the link is void")
    return link


@dataclass(frozen=True)
class Connected:
    """What came of a link; `secret` is that of a new session, None where there is
    none."""

    answer: Answer
    secret: str | None = None


def connect(
    link: Link,
    *,
    visitor: Visitor | None,
    waiting: Waiting | None,
    trace: Trace,
) -> Connected:
    """Connects who said yes with the customer, in one transaction; a person without
    an account gets it, and a session, in that transaction.

    `visitor` and `waiting` are this browser's. Raises OtherBrowser where neither is
    who said yes, AlreadyFinished after a sign-out, AccountDisabled, AccountGone, and
    what a sign-in raises.
    """
    settings, secret = running().settings, None
    try:
        if waiting is not None and waiting.tag == link.first_visit:
            secret = first_visit.connect(
                settings, waiting, link.external_id, trace=trace
            )
            visitor = live_session(settings, secret)
        elif visitor is not None and visitor.user_id == link.taken_by:
            _connect(link, visitor)
        else:
            raise OtherBrowser("the link was accepted in another browser")
    except ExternalIdTaken:
        return Connected(log_answer(link, Answer.external_id_taken, visitor))
    except ExternalIdFixed:
        return Connected(log_answer(link, Answer.wechat_taken, visitor))
    if visitor is not None:
        change(link, replace(link, taken_by=visitor.user_id, done=True))
    return Connected(log_answer(link, Answer.linked, visitor), secret)


def _connect(link: Link, visitor: Visitor) -> None:
    version = terms.policy_for(running().settings, link.client_id).version or None
    transaction(
        lambda session: members.connect(
            session,
            link.client_id,
            visitor.user_id,
            link.external_id,
            at=now(),
            terms_version=version,
        )
    )


def _over(link: Link, visitor: Visitor | None, tag: str) -> str:
    """Where a click leads that is no answer any more."""
    mine = link.is_by(user_id=visitor.user_id if visitor else 0, first_visit=tag)
    answer = Answer.linked if link.done and mine else Answer.link_expired
    return link.back(log_answer(link, answer, visitor))


def _of(value: str) -> tuple[Link | None, str]:
    """What a code stands for: its link, unless one of the two is over, and the
    token."""
    key, token, ends = json.loads(value)
    try:
        link = find(key)
    except LinkExpired:
        return None, token
    return (None if link.declined or time.time() > ends else link), token
