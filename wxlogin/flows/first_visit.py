"""A first visit where accounts are not made without a question.

WeChat has answered, nobody knows the person, and nothing is written: the answer
waits in the ticket store for fifteen minutes, ten for a mini program's, bound to the
browser (or program) that brought it by a random key which only that one holds. The
account is made by the person's own word, by a site that knows its customer, or not at
all. A site's link for its customer (flows/customers) is no word yet: whoever opens it
is a stranger until the click that connects the two (finding M5).

The same word twice gives the same session: its secret is made from the key. After
a sign-out the word is spent.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from wxlogin import service
from wxlogin.accounts.person import Profile
from wxlogin.accounts.resolve import Resolution
from wxlogin.accounts.sessions import Trace
from wxlogin.accounts.sign_in import Hook
from wxlogin.config import Registration
from wxlogin.db import now, transaction
from wxlogin.errors import AlreadyFinished, RegistrationClosed, RegistrationOver
from wxlogin.flows import avatars
from wxlogin.flows.redirect.attempt import Purpose, Wish
from wxlogin.flows.signing_in import Answer, live_session, sign_in_as
from wxlogin.observability import get_logger
from wxlogin.security.signing import session_secrets
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.sites.terms import Policy
from wxlogin.tickets.shelf import Kept

#: Seconds the answer waits.
WAIT_SECONDS = 900


@dataclass(frozen=True)
class Waiting(Kept):
    """An answer of WeChat's that waits. `client_id` is the site's, `next` where the
    sign-in leads, `tag` what a form may show of the key."""

    answer: Answer
    client_id: str
    next: str
    door: str
    #: The site has a link for its customer, which the person has yet to accept.
    vouched: bool = False
    #: Seconds since 1970.
    since: float = 0.0
    done: bool = False

    @property
    def tag(self) -> str:
        return hashlib.sha256(f"tag\x1f{self.key}".encode()).hexdigest()[:16]

    @property
    def policy(self) -> Policy:
        """What holds for this first visit."""
        return terms.policy_for(self.client_id)

    @property
    def profile(self) -> Profile | None:
        return self.answer.person.profile

    @property
    def avatar(self) -> str | None:
        """WeChat's address of the picture, which is never shown; None for none."""
        return (self.profile and self.profile.avatar) or None

    def picture(self) -> bytes | None:
        """The picture, as a JPEG of ours; None for none."""
        return avatars.held(self.key) if self.avatar else None


_visits = service.shelf("registration", Waiting, seconds=WAIT_SECONDS)


def creates(purpose: Purpose) -> bool:
    """Is an unknown person's account made without a question?"""
    return terms.policy_for(purpose.client_id).creates


def hold(answer: Answer, wish: Wish, *, door: str, seconds: int = WAIT_SECONDS) -> str:
    """Keeps the answer of a login with this wish for so many seconds; returns its key.

    Raises RegistrationClosed where the person's word would not help.
    """
    client_id, vouched = wish.purpose.client_id, wish.purpose.vouched
    policy = terms.policy_for(client_id)
    helps = vouched or policy.bind_url
    if policy.mode is Registration.closed and not helps:
        raise RegistrationClosed("the site takes no new accounts", client=client_id)
    waiting = Waiting(
        answer=replace(answer, known=None),
        client_id=client_id,
        next=wish.next,
        door=door,
        vouched=vouched,
        since=now().timestamp(),
    )
    key = _visits.put(waiting, seconds=seconds)
    if url := waiting.avatar:
        avatars.hold(key, url, seconds=seconds)
    get_logger().info("registration waits", client=client_id, door=door)
    return key


def held(key: str) -> Waiting | None:
    """The answer behind this key, if it still waits or has just led to a session."""
    return _visits.get(key) if key else None


def agree(waiting: Waiting, *, trace: Trace) -> str:
    """Makes the account of a person who ticked the box; returns the session's secret.

    Raises RegistrationClosed, AlreadyFinished after a sign-out, and what a sign-in
    raises.
    """
    policy = waiting.policy
    if policy.mode is Registration.closed:
        raise RegistrationClosed("the site takes no new accounts")

    def consent(session: Any, resolution: Resolution) -> None:
        terms.settle(session, policy, resolution.user_id, door=waiting.door)

    return settle(waiting, trace=trace, also=consent)


def connect(waiting: Waiting, external_id: str, *, trace: Trace) -> str:
    """Account, session and the site's customer in one transaction; returns the
    session's secret, the same for the same word again.

    Raises ExternalIdTaken and ExternalIdFixed, and what a sign-in raises, with
    nothing written.
    """
    client_id, bound = waiting.client_id, False

    def also(session: Session, resolution: Resolution) -> None:
        nonlocal bound
        terms.connect(session, client_id, resolution.user_id, external_id)
        bound = True

    secret = settle(waiting, trace=trace, also=also)
    visitor = live_session(secret)
    if not bound and visitor is not None:
        # The account was made in another tab meanwhile, by this browser too.
        transaction(
            lambda session: terms.connect(
                session, client_id, visitor.user_id, external_id
            )
        )
    return secret


def settle(waiting: Waiting, *, trace: Trace, also: Hook | None) -> str:
    """Signs the waiting person in, and makes the account if it is still new.

    Returns the secret of the session, the same for every call. `also` runs in the
    transaction, once; what it raises undoes everything and the answer waits on.
    """
    known = session_secrets(running().settings, waiting.key, "registration")
    if secret := _live(known):
        return secret
    if waiting.done:
        raise AlreadyFinished("this registration is over")
    try:
        sign_in_as(
            _now(waiting.answer),
            secret=known[0],
            trace=replace(trace, door=waiting.door),
            also=also,
        )
    except AlreadyFinished:
        # The same word came twice at once, and the other one was faster.
        if secret := _live(known):
            return secret
        raise
    _visits.swap(replace(waiting, done=True))
    return known[0]


def forget(key: str) -> None:
    """The person does not want an account."""
    if key and _visits.take(key) is not None:
        avatars.forget(key)
        get_logger().info("registration declined")


def require(key: str | None) -> Waiting:
    """The answer behind this key. Raises RegistrationOver."""
    waiting = held(key or "")
    if waiting is None:
        raise RegistrationOver("no answer waits (any more) under this key")
    return waiting


def _live(known: list[str]) -> str | None:
    return next((each for each in known if live_session(each)), None)


def _now(answer: Answer) -> Answer:
    """The answer, with a grant that has grown older while it waited."""
    if (grant := answer.grant) is None:
        return answer
    waited = int((now() - grant.authorized_at).total_seconds())
    left = max(0, grant.expires_in - waited)
    return replace(answer, grant=replace(grant, expires_in=left))
