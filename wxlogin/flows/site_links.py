"""A customer who is signed in at a site connects a WeChat with that account.

The site's server asks for a link for its customer and sends the browser there. The
link is a capability: who opens it may connect a WeChat of theirs with the
customer's account, so it is good for five minutes and one use, and four things
stand between it and a mistake:

- the login at WeChat is younger than the link, so a session that somebody left
  open connects nothing;
- who has no account yet, where the site does not make one for everybody, has none
  until the click: a link that got about lets nobody in;
- the page names the WeChat and the customer's account, and only the person's click
  changes something: fetching the address ahead does not;
- the ids are unique both ways. A WeChat that belongs to another customer, and a
  customer who has another WeChat, end with a code of the refusal and no change.

Of two answers to one link the first one counts. The same person may give it again
(a click too many, a lost answer) and hears the same; for anybody else the link is
over. It is remembered for some minutes more, so that who comes late is led back to
the site and not left on an error page.
"""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from wxlogin.accounts import customers, site_users
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings, Site
from wxlogin.db import now, transaction
from wxlogin.errors import (
    BadRequest,
    ExternalIdFixed,
    ExternalIdTaken,
    LinkExpired,
)
from wxlogin.flows import registering, terms
from wxlogin.flows.registering import Waiting
from wxlogin.flows.signing_in import Trace, live_session
from wxlogin.observability import get_logger
from wxlogin.security.origins import origin_of
from wxlogin.security.returning import safe_return, with_query
from wxlogin.tickets import current_tickets

KIND = "site_link"
#: Seconds a link is good for.
SECONDS = 300
# How much longer it is remembered.
_AFTERWARDS = 600
LABEL_LENGTH = 64


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
    said yes, 0 for nobody; `first_visit` the tag of the first visit that did."""

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

    @property
    def is_open(self) -> bool:
        answered = self.taken_by or self.first_visit or self.declined
        return not answered and time.time() < self.ends

    def is_proven_by(self, visitor: Visitor | None) -> bool:
        """Did this visitor sign in after the link was made?"""
        started = visitor.session_started_at.timestamp() if visitor else 0.0
        return started >= self.made

    def back(self, answer: Answer) -> str:
        """The site's address with what came of it."""
        if answer is Answer.linked:
            return with_query(self.return_to, wxlogin=answer.value)
        return with_query(self.return_to, wxlogin_error=answer.value)

    def to_text(self) -> str:
        values = asdict(self)
        del values["key"], values["version"]
        return json.dumps(values)


def make(site: Site, *, external_id: str, label: str = "", return_to: str = "") -> str:
    """A link for this customer; returns its key. Raises BadRequest.

    `label` is what the customer knows the account by; `return_to` an address of the
    site's, by default its start page.
    """
    site_users.require_external_id(external_id)
    if len(label) > LABEL_LENGTH or not label.isprintable():
        raise BadRequest(f"a label is at most {LABEL_LENGTH} printable characters")
    key, made = secrets.token_urlsafe(16), now().timestamp()
    link = Link(
        key=key,
        version=1,
        client_id=site.client_id or "",
        external_id=external_id,
        label=label.strip(),
        return_to=_return_address(site, return_to),
        made=made,
        ends=made + SECONDS,
    )
    store = current_tickets()
    store.add(KIND, key, link.to_text(), ttl=SECONDS + _AFTERWARDS)
    get_logger().info("link made", client=link.client_id)
    return key


def find(key: str) -> Link:
    """The link with this key, also one that is over. Raises LinkExpired."""
    found = current_tickets().get(KIND, key)
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
    if visitor is not None and link.taken_by == visitor.user_id:
        return obstacle(link, visitor.user_id) or Answer.linked
    return Answer.declined if link.declined else Answer.link_expired


def obstacle(link: Link, user_id: int | None) -> Answer | None:
    """Why this WeChat and this customer cannot be connected; None: they can.

    `user_id` is None for a person who has no account yet.
    """
    found = customers.obstacle(link.client_id, user_id, link.external_id)
    return Answer.wechat_taken if found == ExternalIdFixed.code else _known(found)


def connect(settings: Settings, link: Link, visitor: Visitor) -> Answer:
    """Connects the visitor's WeChat with the customer, in one transaction.

    Raises AccountDisabled and AccountGone.
    """
    if _claim(link, user_id=visitor.user_id) is None:
        return Answer.link_expired
    version = terms.policy_for(settings, link.client_id).version or None
    try:
        transaction(
            lambda session: customers.connect(
                session,
                link.client_id,
                visitor.user_id,
                link.external_id,
                at=now(),
                terms_version=version,
            )
        )
    except ExternalIdTaken:
        return _log(link, visitor.uid, Answer.external_id_taken)
    except ExternalIdFixed:
        return _log(link, visitor.uid, Answer.wechat_taken)
    return _log(link, visitor.uid, Answer.linked)


@dataclass(frozen=True)
class Connected:
    """What came of a first visit at a link; `secret` is the new session's, None
    where there is none."""

    answer: Answer
    secret: str | None


def connect_first_visit(
    settings: Settings, link: Link, waiting: Waiting, *, trace: Trace
) -> Connected:
    """Account, session and connection in one transaction, or none of them.

    Raises AlreadyFinished after a sign-out, and what a sign-in raises.
    """
    mine = _claim(link, first_visit=waiting.tag)
    if mine is None:
        return Connected(Answer.link_expired, None)
    try:
        secret = registering.connect(settings, waiting, link.external_id, trace=trace)
    except ExternalIdTaken:
        return Connected(_log(link, None, Answer.external_id_taken), None)
    except ExternalIdFixed:
        return Connected(_log(link, None, Answer.wechat_taken), None)
    if visitor := live_session(settings, secret):
        _swap(mine, replace(mine, taken_by=visitor.user_id))
    uid = visitor.uid if visitor else None
    return Connected(_log(link, uid, Answer.linked), secret)


def decline(link: Link) -> Answer:
    """The person does not want to; the link is over."""
    said_no = replace(link, declined=True)
    if link.is_open and _swap(link, said_no):
        return Answer.declined
    return Answer.link_expired


def _claim(link: Link, *, user_id: int = 0, first_visit: str = "") -> Link | None:
    """The link with this answer in it, also where it was given before; None where
    somebody else has answered."""
    mine = replace(link, taken_by=user_id, first_visit=first_visit)
    if link.is_open and _swap(link, mine):
        return replace(mine, version=link.version + 1)
    there = find(link.key)
    if first_visit:
        return there if there.first_visit == first_visit else None
    return there if there.taken_by == user_id else None


def _swap(link: Link, new: Link) -> bool:
    left = link.ends + _AFTERWARDS - time.time()
    store = current_tickets()
    return store.swap(KIND, link.key, link.version, new.to_text(), ttl=left)


def _known(code: str | None) -> Answer | None:
    return Answer(code) if code else None


def _log(link: Link, uid: str | None, answer: Answer) -> Answer:
    get_logger().info(
        "link answered", client=link.client_id, uid=uid, answer=answer.value
    )
    return answer


def _return_address(site: Site, wish: str) -> str:
    """Where the site wants its customer back. Raises BadRequest."""
    own = list(_web_origins(site.redirect_uris))
    if not wish:
        wish = f"{own[0]}/" if own else ""
    if found := safe_return(wish, [*site.origins, *own]):
        return found
    raise BadRequest("return_to is no address of the site's origins or redirect_uris")


def _web_origins(uris: tuple[str, ...]) -> Iterator[str]:
    for uri in uris:
        if urlsplit(uri).scheme in ("http", "https"):
            yield str(origin_of(uri))
