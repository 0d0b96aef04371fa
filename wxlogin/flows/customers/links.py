"""A customer who is signed in at a site connects a WeChat with that account.

The site's server asks for a link for its customer and sends the browser there. The
person signs in with WeChat, and our page names the WeChat and the account. What a
yes leads to is told in acceptance.py; here is the link itself.

- The login at WeChat is younger than the link, so a session that somebody left
  open connects nothing.
- Only the person's click changes something: fetching the address ahead does not.
- The ids are unique both ways. A WeChat that belongs to another customer, and a
  customer who has another WeChat, end with a code of the refusal and no change.

A link is good for five minutes. Of two persons' clicks the first one counts; the
same person may click again, as long as nothing came of it. For anybody else the
link is over. It is remembered for some minutes more, so that who comes late is led
back to the site and not left on an error page.
"""

import time
from dataclasses import dataclass, replace
from enum import StrEnum

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import now
from wxlogin.errors import BadRequest, ExternalIdFixed, LinkExpired
from wxlogin.flows.customers.site_codes import Looks, count_look, require_label
from wxlogin.flows.first_visit import Waiting
from wxlogin.observability import get_logger
from wxlogin.security.origins import web_origins
from wxlogin.security.returning import safe_return, with_query
from wxlogin.service import shelf
from wxlogin.sites import members
from wxlogin.tickets.shelf import Kept

#: Seconds a link is good for.
SECONDS = 300
# How much longer it is remembered: as long as it can take to finish it.
_AFTERWARDS = 600


class Answer(StrEnum):
    """How a link ended, as the site reads it: `wxlogin` or `wxlogin_error`."""

    linked = "linked"
    #: The person said no.
    declined = "declined"
    #: Too late, or used by somebody else.
    link_expired = "link_expired"
    #: The customer has another WeChat.
    external_id_taken = "external_id_taken"
    #: The WeChat belongs to another customer.
    wechat_taken = "wechat_taken"


@dataclass(frozen=True)
class Opener:
    """Who has signed in at WeChat for a link: a user, or a person who has no account
    yet, whose first visit waits; or neither."""

    visitor: Visitor | None = None
    waiting: Waiting | None = None

    @property
    def user_id(self) -> int:
        """Of the user; 0 for nobody."""
        return self.visitor.user_id if self.visitor else 0

    @property
    def tag(self) -> str:
        """Of the first visit; empty for none."""
        return self.waiting.tag if self.waiting else ""


@dataclass(frozen=True)
class Link(Kept):
    """A link as it stands. Times are seconds since 1970; `taken_by` is the user who
    said yes, 0 for nobody; `first_visit` the tag of the first visit that did; `done`
    says that the two are connected."""

    client_id: str
    external_id: str
    label: str
    return_to: str
    made: float
    ends: float
    taken_by: int = 0
    first_visit: str = ""
    declined: bool = False
    done: bool = False

    @property
    def lasts(self) -> bool:
        """Can something still come of it?"""
        return not self.declined and not self.done and time.time() < self.ends

    @property
    def is_open(self) -> bool:
        """May anybody answer?"""
        return not self.taken_by and not self.first_visit and self.lasts

    def may_answer(self, who: Opener) -> bool:
        """May this one answer: the first time, or again while nothing came of it?"""
        return self.is_open or (self.lasts and self.is_by(who))

    def is_by(self, who: Opener) -> bool:
        """Did this one say yes: a first visit by its tag, or else a user?"""
        if who.tag:
            return self.first_visit == who.tag
        return who.user_id != 0 and self.taken_by == who.user_id

    def is_proven_by(self, visitor: Visitor) -> bool:
        """Did this visitor sign in after the link was made?"""
        return visitor.session_started_at.timestamp() >= self.made

    def back(self, answer: Answer) -> str:
        """The site's address with what came of it."""
        if answer is Answer.linked:
            return with_query(self.return_to, wxlogin=answer.value)
        return with_query(self.return_to, wxlogin_error=answer.value)


_links = shelf("site_link", Link, seconds=SECONDS + _AFTERWARDS)
_looks = shelf("site_link_looks", Looks, seconds=SECONDS + _AFTERWARDS)


def make(site: Site, *, external_id: str, label: str, return_to: str = "") -> str:
    """A link for this customer; returns its key. Raises BadRequest.

    `label` is what the customer knows the account by; `return_to` an address of the
    site's, by default its start page.
    """
    members.require_external_id(external_id)
    made = now().timestamp()
    link = Link(
        client_id=site.client_id or "",
        external_id=external_id,
        label=require_label(label),
        return_to=_return_address(site, return_to),
        made=made,
        ends=made + SECONDS,
    )
    key = _links.put(link)
    get_logger().info("link made", client=link.client_id)
    return key


def _return_address(site: Site, wish: str) -> str:
    """Where the site wants its customer back. Raises BadRequest."""
    own = web_origins(site.redirect_uris)
    if not wish:
        wish = f"{own[0]}/" if own else ""
    if found := safe_return(wish, [*site.origins, *own]):
        return found
    raise BadRequest("return_to is no address of the site's origins or redirect_uris")


def find(key: str) -> Link | None:
    """The link with this key, also one that is over."""
    return _links.get(key)


def require(key: str) -> Link:
    """The same. Raises LinkExpired."""
    link = find(key)
    if link is None:
        raise LinkExpired("no link has this key (any more)")
    return link


def look(link: Link) -> None:
    """The page of the link is shown: counted for the site (finding L14)."""
    count_look(_looks, link.key)


def looks_at(link: Link) -> Looks:
    """The looks there were."""
    return _looks.get(link.key) or Looks()


def outcome(link: Link, visitor: Visitor | None) -> Answer:
    """What a link that is over says to whoever opens it now."""
    if link.done and visitor is not None and link.taken_by == visitor.user_id:
        return obstacle(link, visitor) or Answer.linked
    return Answer.declined if link.declined else Answer.link_expired


def obstacle(link: Link, visitor: Visitor | None) -> Answer | None:
    """Why this WeChat and this customer cannot be connected; None: they can.

    `visitor` is None for a person who has no account yet.
    """
    user_id = visitor.user_id if visitor else None
    found = members.obstacle(link.client_id, user_id, link.external_id)
    if found == ExternalIdFixed.code:
        return Answer.wechat_taken
    return Answer(found) if found else None


def decline(link: Link) -> Answer:
    """The person does not want to; the link is over, also for who said yes before."""
    if link.lasts and change(replace(link, declined=True)):
        return Answer.declined
    return Answer.link_expired


def change(new: Link) -> bool:
    """Writes the link; False where it was changed meanwhile."""
    left = max(1, new.ends + _AFTERWARDS - time.time())
    return _links.swap(new, seconds=left) is not None
