"""Who is it? One person of WeChat becomes one user of ours.

V is the user that has the openid, W the unionid on record for it in this open
platform, U the user that has the unionid WeChat names now (docs/accounts.md):

    U      V   W             outcome
    -      -                 created, or Unknown where the caller wants no account
    U      -                 added to U; another openid of the app there: refused
    no unionid   V           known, by openid alone
    -      V   - or same     backfilled: V gains the unionid
    = V    V   - or same     known
    not V  V   -             merged, unless kept apart; refused if one is disabled
    any    V   another       conflict: V signs in, nothing changes, it is on record

One unionid has at most one openid within an app. Where a known openid would break
that, it is a conflict as in the last row; an unknown one gets no account.

How it stays true when two hundred arrive at once: look without a lock; write
under the condition that what was seen still holds, or under the owners' locks;
insert or ignore, then read whose row it is. Whoever comes second starts over and
finds the other's rows (security rows 46 to 48, 53, 54).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts import changes, conflicts, kept_apart
from wxlogin.accounts.conflicts import Reason
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.accounts.outcome import Outcome, Resolution, Unknown
from wxlogin.accounts.owners import (
    Found,
    lock_owners,
    look,
    other_openid,
    refuse_disabled,
)
from wxlogin.accounts.person import Person
from wxlogin.accounts.seen import mark_seen
from wxlogin.accounts.uid import new_uid
from wxlogin.db import StartOver, insert_or_ignore
from wxlogin.errors import IdentityConflict

__all__ = ["Outcome", "Resolution", "Unknown", "resolve"]


def resolve(
    session: Session, person: Person, *, at: datetime, create: bool = True
) -> Resolution | Unknown:
    """The user this person is; runs inside one `db.transaction`.

    With `create` off a person nobody knows is Unknown, and nothing is written.
    Raises AccountDisabled, AccountGone (deleted meanwhile) or IdentityConflict (an
    unknown openid under a unionid that has another one), with nothing written.
    """
    found = look(session, person)
    if found.identity is not None and found.user is not None:
        return _known_openid(session, person, found.identity, found, at=at)
    if found.owner_id is not None:
        return _add(session, person, found, at=at)
    return _create(session, person, at=at) if create else Unknown()


def _known_openid(
    session: Session, person: Person, identity: Identity, found: Found, *, at: datetime
) -> Resolution:
    if person.unionid is None:
        return _known(session, person, found, at=at)
    same_platform = identity.open_platform == person.open_platform
    recorded = identity.unionid if same_platform else None
    if recorded not in (None, person.unionid):
        return _conflict(session, person, found, Reason.changed_unionid, at=at)
    if found.owner_id is None:
        return _backfill(session, person, found, at=at)
    if found.owner_id != identity.user_id:
        if recorded is not None:
            # Only a database that was changed by hand gets here.
            return _conflict(session, person, found, Reason.shared_unionid, at=at)
        return _merge(session, person, found, at=at)
    if recorded is None:
        return _record_unionid(session, person, found, at=at)
    return _known(session, person, found, at=at)


def _create(session: Session, person: Person, *, at: datetime) -> Resolution:
    user = User(uid=new_uid(), nickname="", created_at=at, last_seen_at=at)
    session.add(user)
    session.flush()
    if person.unionid is not None:
        _insert_unionid(session, person, user.id, at=at)
    _insert_identity(session, person, user.id, at=at)
    found = look(session, person)
    wanted = (user.id, user.id if person.unionid else None)
    if found.owners != wanted:
        # Another request created the same person first, and it has committed.
        raise StartOver
    signals.send(session, signals.created, uid=user.uid)
    return _arrive(session, person, found, Outcome.created, at=at)


def _add(session: Session, person: Person, found: Found, *, at: datetime) -> Resolution:
    (user,) = lock_owners(session, person, found).values()
    refuse_disabled(user)
    if other_openid(session, person):
        raise IdentityConflict(
            "an unknown openid came with a unionid that has another one in this app",
            appid=person.appid,
            owner_id=user.id,
        )
    _insert_identity(session, person, user.id, at=at)
    found = look(session, person)
    if found.owners != (user.id, user.id):
        raise StartOver
    changes.linked(session, user.id, person, at=at)
    return _arrive(session, person, found, Outcome.added, at=at)


def _known(
    session: Session, person: Person, found: Found, *, at: datetime
) -> Resolution:
    return _arrive(session, person, found, Outcome.known, at=at)


def _backfill(
    session: Session, person: Person, found: Found, *, at: datetime
) -> Resolution:
    (user,) = lock_owners(session, person, found).values()
    refuse_disabled(user)
    if other_openid(session, person):
        return _conflict(session, person, found, Reason.shared_unionid, at=at)
    _insert_unionid(session, person, user.id, at=at)
    if look(session, person).owner_id != user.id:
        raise StartOver
    return _arrive(session, person, found, Outcome.backfilled, at=at)


def _record_unionid(
    session: Session, person: Person, found: Found, *, at: datetime
) -> Resolution:
    """V has the unionid by another app; this identity had not named it yet."""
    refuse_disabled(*lock_owners(session, person, found).values())
    if other_openid(session, person):
        return _conflict(session, person, found, Reason.shared_unionid, at=at)
    return _known(session, person, found, at=at)


def _merge(
    session: Session, person: Person, found: Found, *, at: datetime
) -> Resolution:
    users = lock_owners(session, person, found)
    if kept_apart.are(session, *users):
        return _arrive_apart(session, person, found, at=at)
    if other_openid(session, person):
        return _conflict(session, person, found, Reason.shared_unionid, at=at)
    refuse_disabled(*users.values())
    merged = merge(session, *users, cause=Cause.unionid, at=at)
    found = look(session, person)
    return _arrive(
        session, person, found, Outcome.merged, at=at, merged_uid=merged.loser.uid
    )


def _arrive_apart(
    session: Session, person: Person, found: Found, *, at: datetime
) -> Resolution:
    """V signs in by openid; the unionid stays with the user it was left to."""
    mark_seen(session, person, found, at=at, learn_unionid=False)
    return _resolution(found, Outcome.known)


def _conflict(
    session: Session, person: Person, found: Found, reason: Reason, *, at: datetime
) -> Resolution:
    lock_owners(session, person, found)
    mark_seen(session, person, found, at=at, learn_unionid=False, learn_profile=False)
    conflicts.record(session, person, reason=reason, owners=found.owners, at=at)
    return _resolution(found, Outcome.conflict)


def _arrive(
    session: Session,
    person: Person,
    found: Found,
    outcome: Outcome,
    *,
    at: datetime,
    merged_uid: str | None = None,
) -> Resolution:
    mark_seen(session, person, found, at=at)
    return _resolution(found, outcome, merged_uid=merged_uid)


def _resolution(
    found: Found, outcome: Outcome, *, merged_uid: str | None = None
) -> Resolution:
    if found.identity is None or found.user is None:
        raise StartOver
    return Resolution(
        user_id=found.user.id,
        uid=found.user.uid,
        identity_id=found.identity.id,
        outcome=outcome,
        merged_uid=merged_uid,
    )


def _insert_identity(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> None:
    values = {
        "user_id": user_id,
        "appid": person.appid,
        "kind": person.kind,
        "openid": person.openid,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
        "first_seen_at": at,
        "last_seen_at": at,
    }
    insert_or_ignore(session, Identity, values)


def _insert_unionid(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> None:
    values = {
        "user_id": user_id,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
        "created_at": at,
    }
    insert_or_ignore(session, UnionId, values)
