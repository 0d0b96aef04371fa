"""A customer who is signed in at a site connects a WeChat with that account.

The site's server asks for a link for its customer and sends the browser there. The
person signs in with WeChat, and our page names the WeChat and the account. What a
yes leads to is told in flows/link_codes.py; here is the link itself.

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

import json
import secrets
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import now
from wxlogin.errors import (
    BadRequest,
    ExternalIdFixed,
    LinkExpired,
)
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.site_codes import count_look, require_label
from wxlogin.observability import get_logger
from wxlogin.security.origins import web_origins
from wxlogin.security.returning import safe_return, with_query
from wxlogin.service import running
from wxlogin.sites import members

KIND = "site_link"
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
class Link:
    """A link as it stands. Times are seconds since 1970; `taken_by` is the user who
    said yes, 0 for nobody; `first_visit` the tag of the first visit that did; `done`
    says that the two are connected."""

    key: str
    version: int
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
    def is_open(self) -> bool:
        """May anybody answer?"""
        return not self.taken_by and not self.first_visit and self.lasts

    def may_answer(self, visitor: Visitor | None, waiting: Waiting | None) -> bool:
        """May this one answer: the first time, or again while nothing came of it?"""
        user_id, tag = visitor.user_id if visitor else 0, waiting.tag if waiting else ""
        return self.is_open or (
            self.lasts and self.is_by(user_id=user_id, first_visit=tag)
        )

    def is_by(self, *, user_id: int, first_visit: str) -> bool:
        """Did this one say yes: a user, or else a first visit by its tag?"""
        if first_visit:
            return self.first_visit == first_visit
        return user_id != 0 and self.taken_by == user_id

    @property
    def lasts(self) -> bool:
        """Can something still come of it?"""
        return not self.declined and not self.done and time.time() < self.ends

    def is_proven_by(self, visitor: Visitor | None) -> bool:
        """Did this visitor sign in after the link was made?"""
        started = visitor.session_started_at.timestamp() if visitor else 0.0
        return started >= self.made

    def back(self, answer: Answer) -> str:
        """The site's address with what came of it."""
        if answer is Answer.linked:
            return with_query(self.return_to, wxlogin=answer.value)
        return with_query(self.return_to, wxlogin_error=answer.value)

    def back_with(self, code: str) -> str:
        """The site's address, for the site to confirm."""
        return with_query(self.return_to, wxlogin="confirm", wxlogin_code=code)

    def to_text(self) -> str:
        values = asdict(self)
        del values["key"], values["version"]
        return json.dumps(values)


def make(site: Site, *, external_id: str, label: str, return_to: str = "") -> str:
    """A link for this customer; returns its key. Raises BadRequest.

    `label` is what the customer knows the account by; `return_to` an address of the
    site's, by default its start page.
    """
    members.require_external_id(external_id)
    label = require_label(label)
    key, made = secrets.token_urlsafe(16), now().timestamp()
    link = Link(
        key=key,
        version=1,
        client_id=site.client_id or "",
        external_id=external_id,
        label=label,
        return_to=_return_address(site, return_to),
        made=made,
        ends=made + SECONDS,
    )
    store = running().tickets
    store.add(KIND, key, link.to_text(), ttl=SECONDS + _AFTERWARDS)
    get_logger().info("link made", client=link.client_id)
    return key


def find(key: str) -> Link:
    """The link with this key, also one that is over. Raises LinkExpired."""
    found = running().tickets.get(KIND, key)
    if found is None:
        raise LinkExpired("no link has this key (any more)")
    return Link(key, found.version, **json.loads(found.value))


def held(key: str) -> Link | None:
    """The link with this key while it is open."""
    try:
        link = find(key)
    except LinkExpired:
        return None
    return link if link.is_open else None


def outcome(link: Link, visitor: Visitor | None) -> Answer:
    """What a link that is over says to whoever opens it now."""
    if link.done and visitor is not None and link.taken_by == visitor.user_id:
        return obstacle(link, visitor.user_id) or Answer.linked
    return Answer.declined if link.declined else Answer.link_expired


def obstacle(link: Link, user_id: int | None) -> Answer | None:
    """Why this WeChat and this customer cannot be connected; None: they can.

    `user_id` is None for a person who has no account yet.
    """
    found = members.obstacle(link.client_id, user_id, link.external_id)
    return Answer.wechat_taken if found == ExternalIdFixed.code else _known(found)


def look(link: Link) -> None:
    """The page of the link is shown: counted for the site (finding L14)."""
    count_look(KIND, link.key, ttl=SECONDS + _AFTERWARDS)


def decline(link: Link) -> Answer:
    """The person does not want to; the link is over, also for who said yes before."""
    said_no = replace(link, declined=True)
    if link.lasts and change(link, said_no):
        return Answer.declined
    return Answer.link_expired


def claim(link: Link, *, user_id: int, first_visit: str) -> bool:
    """Is the link this one's now, or was it before, and nothing came of it yet?"""
    mine = replace(link, taken_by=user_id, first_visit=first_visit)
    if link.is_open and change(link, mine):
        return True
    there = find(link.key)
    return there.lasts and there.is_by(user_id=user_id, first_visit=first_visit)


def change(link: Link, new: Link) -> bool:
    """Writes the link as it is now; False where it was changed meanwhile."""
    left = max(1, link.ends + _AFTERWARDS - time.time())
    store = running().tickets
    return store.swap(KIND, link.key, link.version, new.to_text(), ttl=left)


def _known(code: str | None) -> Answer | None:
    return Answer(code) if code else None


def log_answer(link: Link, answer: Answer, visitor: Visitor | None) -> Answer:
    """The answer, after a line in the log about it."""
    uid = visitor.uid if visitor else None
    get_logger().info(
        "link answered", client=link.client_id, uid=uid, answer=answer.value
    )
    return answer


def _return_address(site: Site, wish: str) -> str:
    """Where the site wants its customer back. Raises BadRequest."""
    own = web_origins(site.redirect_uris)
    if not wish:
        wish = f"{own[0]}/" if own else ""
    if found := safe_return(wish, [*site.origins, *own]):
        return found
    raise BadRequest("return_to is no address of the site's origins or redirect_uris")
