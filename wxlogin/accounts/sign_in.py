"""A sign-in, whole: account, session, grant and a line of history, or nothing.

All of it is one transaction, so that no failure leaves half of it behind. For a
person who has been here before it is six statements; more where a session of this
browser ends now, or where there is news for sites.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts import conflicts, grants, history, sessions
from wxlogin.accounts.conflicts import Reason
from wxlogin.accounts.grants import NewGrant
from wxlogin.accounts.history import Trace
from wxlogin.accounts.owners import lock_owners, look
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import Outcome, Resolution, Unknown, resolve
from wxlogin.accounts.sessions import NewSession
from wxlogin.db import StartOver, now, transaction
from wxlogin.errors import AccountGone, IdentityConflict
from wxlogin.service import running

#: More to do in the transaction of a sign-in.
Hook = Callable[[Session, Resolution], None]


@dataclass(frozen=True)
class SignIn:
    """Who signed in; `session_id` is None where no session was asked for."""

    resolution: Resolution
    session_id: int | None

    @property
    def is_new(self) -> bool:
        """Was the account made just now?"""
        return self.resolution.outcome is Outcome.created


def sign_in(
    person: Person,
    trace: Trace,
    *,
    new_session: NewSession | None,
    grant: NewGrant | None,
    at: datetime | None = None,
    create: bool = True,
    also: Hook | None = None,
) -> SignIn | Unknown:
    """Signs the person in and creates the account if it is new.

    With `create` off a person nobody knows is Unknown, and nothing is written.
    `grant` is None where WeChat's tokens are not kept; tokens kept before stay.
    The session that `trace` says this browser had ends. `also` runs in the same
    transaction; what it raises undoes all of it. Raises AccountDisabled, AccountGone,
    IdentityConflict (which is on record for the operator then), AlreadyFinished (the
    session is there) and Unready.
    """
    moment = at or now()
    former = sessions.hash_secret(trace.former_secret) if trace.former_secret else None

    def work(session: Session) -> SignIn | Unknown:
        resolution = resolve(session, person, at=moment, create=create)
        if isinstance(resolution, Unknown):
            return resolution
        session_id = _open(session, resolution, new_session, at=moment)
        if former is not None:
            user_id = resolution.user_id
            sessions.replace(session, former, by_id=session_id, user_id=user_id)
        if grant is not None:
            identity = resolution.identity_id
            sealer = running().sealer
            grants.store(session, identity, grant, sealer=sealer, at=moment)
        history.record_login(session, resolution, trace, appid=person.appid, at=moment)
        if also is not None:
            also(session, resolution)
        is_new = resolution.outcome is Outcome.created
        signals.send(session, signals.signed_in, uid=resolution.uid, created=is_new)
        return SignIn(resolution, session_id)

    try:
        return transaction(work)
    except IdentityConflict:
        transaction(lambda session: put_on_record(session, person, at=moment))
        raise


def _open(
    session: Session, resolution: Resolution, new: NewSession | None, *, at: datetime
) -> int | None:
    if new is None:
        return None
    return sessions.open_session(
        session,
        new,
        user_id=resolution.user_id,
        identity_id=resolution.identity_id,
        at=at,
    )


def put_on_record(session: Session, person: Person, *, at: datetime) -> None:
    """What was refused wrote nothing; the alarm is written by itself."""
    found = look(session, person)
    try:
        lock_owners(session, person, found)
    except AccountGone:
        raise StartOver from None
    reason = Reason.shared_unionid
    conflicts.record(session, person, reason=reason, owners=found.owners, at=at)
