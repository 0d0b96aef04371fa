"""An official account moved to another one, and its people are taken along.

What becomes of each is in `move_verdicts`. Nothing else keeps the place of a move: who
has an old openid and no new one is still to be asked for, whatever ended the last try.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts import changes, conflicts, followers, history
from wxlogin.accounts.conflicts import Reason
from wxlogin.accounts.history import Happened
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Follower, Identity, MovedIdentity
from wxlogin.accounts.move_verdicts import (
    AccountMove,
    Found,
    Outcome,
    Result,
    Why,
    judge,
    look,
    unionid_of,
)
from wxlogin.accounts.owners import lock
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import insert_identity
from wxlogin.db import StartOver, reading, transaction
from wxlogin.db.statements import insert_or_ignore
from wxlogin.errors import AccountGone


def due(move: AccountMove, *, after: str = "", most: int) -> list[str]:
    """Old openids that are still to be asked for, in an order of the database's."""
    waiting = _waiting(move)
    query = sa.select(waiting.c.openid).where(waiting.c.openid > after)
    with reading() as session:
        return list(session.scalars(query.order_by(waiting.c.openid).limit(most)))


def count_due(move: AccountMove) -> int:
    """How many there are."""
    with reading() as session:
        query = sa.select(sa.func.count()).select_from(_waiting(move))
        return session.scalar(query) or 0


def _waiting(move: AccountMove) -> sa.Subquery:
    new = aliased(Identity)
    done = sa.exists().where(
        MovedIdentity.old_id == Identity.id,
        MovedIdentity.new_id == new.id,
        new.appid == move.appid,
    )
    people = sa.select(Identity.openid).where(Identity.appid == move.source, ~done)
    follow = sa.select(Follower.openid).where(
        Follower.appid == move.source, Follower.followed
    )
    return sa.union(people, follow).subquery()


def take(move: AccountMove, old: str, new: str, *, at: datetime) -> Result:
    """WeChat says that this old openid became this new one.

    Done again it changes nothing. A conflict of unionids is on record for the operator.
    """
    return transaction(lambda session: _take(session, move, old, new, at))


def _take(
    session: Session, move: AccountMove, old: str, new: str, at: datetime
) -> Result:
    found = _lock(session, move, old, new)
    result = judge(session, move, found, old, new)
    match result.outcome:
        case Outcome.conflict:
            _record(session, move, found, new, result, at)
            return result
        case Outcome.moved | Outcome.merged | Outcome.known:
            _join(session, move, found, new, at)
    to = (move.appid, new)
    followers.move(
        session, move.source, old, to=to, open_platform=move.open_platform, at=at
    )
    return result


def _lock(session: Session, move: AccountMove, old: str, new: str) -> Found:
    """What is found, with the owners locked."""
    found = look(session, move, old, new)
    owners = found.owners
    try:
        lock(session, owners)
    except AccountGone:
        raise StartOver from None
    found = look(session, move, old, new)
    if found.owners != owners:
        raise StartOver
    return found


def _join(
    session: Session, move: AccountMove, found: Found, new: str, at: datetime
) -> None:
    """Makes both openids one person's, of one user."""
    one, other = found.old, found.new
    if one is None:
        raise StartOver
    user_id = one.user_id
    if other is None:
        other_id = _gain(session, move, one, new, at)
    else:
        other_id = other.id
        if other.user_id != user_id:
            merged = merge(session, user_id, other.user_id, cause=Cause.moved, at=at)
            user_id = merged.survivor.id
    pair = {"old_id": one.id, "new_id": other_id}
    if session.scalar(sa.select(MovedIdentity.id).filter_by(**pair)) is not None:
        return
    insert_or_ignore(session, MovedIdentity, {**pair, "at": at})
    history.note(
        session,
        user_id,
        Happened.moved,
        appid=move.appid,
        at=at,
        identity_id=other_id,
    )


def _gain(
    session: Session, move: AccountMove, old: Identity, new: str, at: datetime
) -> int:
    """The user of the old openid has the new one, too; the identity's id."""
    person = _person(move, new, unionid_of(move, old))
    # Nobody has signed in through it: it was seen when the old one was.
    seen = old.last_seen_at
    identity_id = insert_identity(session, person, old.user_id, at=seen)
    changes.linked(session, old.user_id, person, at=at)
    return identity_id


def _person(move: AccountMove, openid: str, unionid: str | None) -> Person:
    return Person(move.appid, move.kind, openid, move.open_platform, unionid)


def _record(
    session: Session,
    move: AccountMove,
    found: Found,
    new: str,
    result: Result,
    at: datetime,
) -> None:
    """A breach of what WeChat promises about unionids is on record, as at a sign-in."""
    reasons: dict[str, Reason] = {
        Why.unionids: Reason.changed_unionid,
        Why.shared: Reason.shared_unionid,
    }
    reason, old = reasons.get(result.why), found.old
    if reason is None or old is None:
        return
    owners = (found.new.user_id if found.new else None, old.user_id)
    person = _person(move, new, unionid_of(move, old))
    conflicts.record(session, person, reason=reason, owners=owners, at=at)
