"""A sign-in, whole: account, session, grant and a line of history, or nothing.

All of it is one transaction, so that no failure leaves half of it behind. For a
person who was here a moment ago it is four statements, with the lock of the user's row
in the first; six after SEEN_EVERY, more where WeChat's answer or a session of this
browser that ends now brings news.

The line of history is kept for a bounded time (LOGIN_HISTORY_DAYS).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts import conflicts, grants, sessions
from wxlogin.accounts.conflicts import Reason
from wxlogin.accounts.grants import NewGrant
from wxlogin.accounts.models import Conflict, LoginEvent
from wxlogin.accounts.models.columns import ADDRESS_LENGTH, BROWSER_LENGTH
from wxlogin.accounts.owners import lock_owners, look
from wxlogin.accounts.person import Person, storable
from wxlogin.accounts.resolve import (
    Outcome,
    Resolution,
    Unknown,
    resolve,
    resolve_known,
)
from wxlogin.accounts.sessions import NewSession, Trace
from wxlogin.db import StartOver, as_value, reading, transaction
from wxlogin.db.statements import insert, remove
from wxlogin.errors import AccountGone, IdentityConflict
from wxlogin.service import running

#: More to do in the transaction of a sign-in.
Hook = Callable[[Session, Resolution], None]


@dataclass(frozen=True)
class Login:
    """A sign-in that was."""

    at: datetime
    appid: str
    door: str
    outcome: str
    address: str
    browser: str


@dataclass(frozen=True)
class SignIn:
    """Who signed in, and the session."""

    resolution: Resolution
    session_id: int

    @property
    def is_new(self) -> bool:
        """Was the account made just now?"""
        return self.resolution.outcome is Outcome.created


def sign_in(
    person: Person,
    trace: Trace,
    new: NewSession,
    *,
    grant: NewGrant | None,
    known: int | None = None,
    create: bool = True,
    also: Hook | None = None,
) -> SignIn | Unknown:
    """Signs the person in, opens the session, creates the account if it is new.

    `known` is the user whose the openid was a moment ago: less is asked then.
    With `create` off a person nobody knows is Unknown, and nothing is written.
    `grant` is None where WeChat's tokens are not kept; tokens kept before stay. The
    session that `trace` says this browser had ends. `also` runs in the same
    transaction; what it raises undoes all of it. Raises AccountDisabled, AccountGone,
    IdentityConflict (which is on record for the operator then), AlreadyFinished (the
    session is there) and Unready.
    """
    at = new.at

    def work(session: Session) -> SignIn | Unknown:
        found: Resolution | Unknown | None = None
        if known is not None:
            found = resolve_known(session, person, known, at=at)
        if found is None:
            found = resolve(session, person, at=at, create=create)
        if isinstance(found, Unknown):
            return found
        owner = {"user_id": found.user_id, "identity_id": found.identity_id}
        session_id = sessions.open_session(
            session, new, trace, **owner, appid=person.appid
        )
        if grant is not None:
            sealer = running().sealer
            grants.store(session, found.identity_id, grant, sealer=sealer, at=at)
        _record(session, found, trace, appid=person.appid, at=at)
        if also is not None:
            also(session, found)
        is_new = found.outcome is Outcome.created
        signals.send(session, signals.signed_in, uid=found.uid, created=is_new)
        return SignIn(found, session_id)

    try:
        return transaction(work)
    except IdentityConflict:
        transaction(lambda session: put_on_record(session, person, at=at))
        raise


def put_on_record(session: Session, person: Person, *, at: datetime) -> None:
    """What was refused wrote nothing; the alarm is written by itself."""
    found = look(session, person)
    try:
        lock_owners(session, person, found)
    except AccountGone:
        raise StartOver from None
    reason = Reason.shared_unionid
    conflicts.record(session, person, reason=reason, owners=found.owners, at=at)


def _record(
    session: Session,
    resolution: Resolution,
    trace: Trace,
    *,
    appid: str,
    at: datetime,
) -> None:
    """A line of the login history."""
    values = {
        "user_id": resolution.user_id,
        "identity_id": resolution.identity_id,
        "at": at,
        "appid": appid,
        "door": storable(trace.door, 32),
        "outcome": resolution.outcome.value,
        "address": storable(trace.address, ADDRESS_LENGTH),
        "browser": storable(trace.browser, BROWSER_LENGTH),
        "request_id": storable(trace.request_id, 64),
    }
    insert(session, LoginEvent, values)


def recent_logins(user_id: int, *, limit: int = 10) -> list[Login]:
    """The user's last sign-ins, the latest first."""
    query = (
        sa.select(LoginEvent)
        .where(LoginEvent.user_id == user_id)
        .order_by(LoginEvent.at.desc(), LoginEvent.id.desc())
        .limit(limit)
    )
    with reading() as session:
        return [as_value(Login, row) for row in session.scalars(query)]


def logins_since(
    identities: Collection[int], since: datetime, *, doors: Collection[str]
) -> int:
    """How many sign-ins through these identities by these doors came after that."""
    query = sa.select(sa.func.count(LoginEvent.id)).where(
        LoginEvent.identity_id.in_(identities),
        LoginEvent.at > since,
        LoginEvent.door.in_(doors),
    )
    with reading() as session:
        return session.scalar(query) or 0


def forget_old_logins(before: datetime) -> int:
    """Removes sign-ins, and conflicts not seen since, from before that moment.

    Says how many rows went.
    """
    logins = remove(LoginEvent, LoginEvent.at < before)
    return logins + remove(Conflict, Conflict.last_seen_at < before)
