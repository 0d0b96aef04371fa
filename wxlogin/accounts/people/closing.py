"""Disabling a user, and deleting one so that nothing is left.

Both take the user's row lock, so a login in flight is either over before, and
loses its session here, or comes after and is refused (security rows 24, 39, 54).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts import sessions, wechats
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import Conflict, DeletedUid, Identity, UnionId, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock
from wxlogin.accounts.people.looking import survivor_of
from wxlogin.accounts.person import digest_of
from wxlogin.db import StartOver, now, transaction
from wxlogin.db.statements import run
from wxlogin.errors import AccountGone, NotFound, RecentlyJoined


def disable(uid: str, *, at: datetime | None = None) -> None:
    """Closes the account: no sign-in, and all its sessions end now.

    `uid` may be one that was merged away. Raises NotFound.
    """
    moment = at or now()

    def work(session: Session) -> None:
        user = _lock_survivor(session, uid)
        if user.disabled_at is None:
            user.disabled_at = moment
            announce(session, Change(Kind.disabled, user.id, moment))
        sessions.close(session, SessionRow.user_id == user.id)

    transaction(work)


def enable(uid: str) -> None:
    """Opens a disabled account again. Raises NotFound."""

    def work(session: Session) -> None:
        user = _lock_survivor(session, uid)
        if user.disabled_at is not None:
            user.disabled_at = None
            announce(session, Change(Kind.enabled, user.id, now()))

    transaction(work)


def delete(user_id: int, *, through: int | None = None) -> None:
    """Deletes the user and everything about the person, for good.

    Identities, unionids, grants, sessions, history, users that were merged into
    this one, and every line on record about merges and conflicts. Digests of the
    uids stay, so that nobody is ever taken for the deleted. `through` is the
    identity by which the person signed in who asks; None for the operator. Raises
    AccountGone where there is no such user (any more), or it was merged away, and
    RecentlyJoined for a person who has just come to the account.
    """
    transaction(lambda session: _delete(session, user_id, through))


def _delete(session: Session, user_id: int, through: int | None) -> None:
    user = lock(session, {user_id})[user_id]
    if through is not None:
        company = wechats.look(session, user_id)
        wechat = company.of(through)
        if wechat is not None and not company.may_delete(wechat, at=now()):
            raise RecentlyJoined("who has just come does not delete the account")
    former = sa.select(User.uid).where(User.merged_into_id == user_id)
    formers = list(session.scalars(former.order_by(User.id)))
    data = {"former_uids": formers}
    announce(session, Change(Kind.deleted, user_id, now(), data=data))
    sessions.close(session, SessionRow.user_id == user_id)
    _delete_conflicts(session, user_id)
    signals.send(session, signals.deleted, uid=user.uid)
    # Nobody inherits them, by an import say.
    session.add_all(DeletedUid(digest=digest_of(uid)) for uid in (user.uid, *formers))
    # The rest goes with the rows it refers to: see the foreign keys in `models`.
    run(session, sa.delete(User).where(User.merged_into_id == user_id))
    run(session, sa.delete(User).where(User.id == user_id))


def _delete_conflicts(session: Session, user_id: int) -> None:
    """Conflicts may also name the person's ids in a row about somebody else."""
    openids = sa.exists().where(
        Identity.user_id == user_id,
        Identity.appid == Conflict.appid,
        Identity.openid == Conflict.openid,
    )
    unionids = sa.exists().where(
        UnionId.user_id == user_id,
        UnionId.open_platform == Conflict.open_platform,
        UnionId.unionid == Conflict.unionid,
    )
    run(session, sa.delete(Conflict).where(sa.or_(openids, unionids)))


def _lock_survivor(session: Session, uid: str) -> User:
    """The user of this uid, locked; of another one if it is merged meanwhile."""
    found = session.scalar(survivor_of(uid))
    if found is None:
        raise NotFound("no user has or had this uid")
    try:
        return lock(session, {found.id})[found.id]
    except AccountGone:
        raise StartOver from None
