"""What becomes of a person whose official account moved, before it is done.

WeChat says what each openid became (docs/moves.md). V is the user that has the old
openid, N the one that has the new openid:

    V      N        what becomes of the person
    -      -        no user: a follower's row goes along (follower), or nobody is left
    V      -        V gains the new openid (moved), a disabled V too: who is shut out
                    stays so
    V      = V      the two are put down as one person's (known)
    V      not V    the two are merged by the rules of `resolve`: not where they are
                    kept apart or one is disabled (conflict)

And a conflict, in which nothing changes, where what WeChat says of unionids or of
another old openid makes them two persons. The old openid stays the user's, so that
whatever has kept it finds the user; MovedIdentity says that both are one WeChat.
"""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import conflicts
from wxlogin.accounts.models import Follower, Identity, MovedIdentity, User
from wxlogin.db import reading


class Outcome(StrEnum):
    """What became, or would become, of a person; in the order in which it is told."""

    moved = "moved"
    merged = "merged"
    known = "known"
    follower = "follower"
    gone = "gone"
    conflict = "conflict"
    #: WeChat names no new openid.
    failed = "failed"

    @property
    def is_done(self) -> bool:
        return self not in (Outcome.conflict, Outcome.failed)


class Why(StrEnum):
    """What makes a conflict, for the operator."""

    apart = "both openids have an account here, and the two are kept apart"
    disabled = "both openids have an account here, and one is disabled"
    unionids = "the two openids have different unionids"
    shared = "its unionid has another openid in the new account"
    twice = "another old openid became the same new one"


@dataclass(frozen=True)
class AccountMove:
    """From the account with the appid `source` to the one with `appid`, which is bound
    to this open platform."""

    source: str
    appid: str
    kind: str
    open_platform: str | None


@dataclass(frozen=True)
class Result:
    """What became of an old openid. `uid` is the user's, of a merge the older one's,
    `other_uid` the other one's."""

    openid: str
    outcome: Outcome
    why: str = ""
    uid: str | None = None
    other_uid: str | None = None


@dataclass(frozen=True)
class Found:
    """Both openids, as they are in the database."""

    old: Identity | None
    new: Identity | None

    @property
    def owners(self) -> set[int]:
        return {one.user_id for one in (self.old, self.new) if one is not None}


def foresee(move: AccountMove, old: str, new: str) -> Result:
    """What `take` would do; changes nothing."""
    with reading() as session:
        found = look(session, move, old, new)
        return judge(session, move, found, old, new)


def look(session: Session, move: AccountMove, old: str, new: str) -> Found:
    """Both openids as they are now; nothing is locked."""
    pairs = ((move.source, old), (move.appid, new))
    return Found(*(_identity(session, appid, openid) for appid, openid in pairs))


def _identity(session: Session, appid: str, openid: str) -> Identity | None:
    query = sa.select(Identity).filter_by(appid=appid, openid=openid)
    fresh = query.execution_options(populate_existing=True)
    return session.scalars(fresh).first()


def judge(
    session: Session, move: AccountMove, found: Found, old: str, new: str
) -> Result:
    """The row of the table above that this is."""
    one, other = found.old, found.new
    if one is None:
        follows = _has_follower(session, move, old)
        return Result(old, Outcome.follower if follows else Outcome.gone)
    users = _users(session, found)
    uids = [user.uid for user in users]
    if why := _contradiction(session, move, found, new):
        return Result(old, Outcome.conflict, why, *uids)
    if other is None:
        return Result(old, Outcome.moved, "", *uids)
    if len(users) == 1:
        return Result(old, Outcome.known, "", *uids)
    if conflicts.are_apart(session, one.user_id, other.user_id):
        return Result(old, Outcome.conflict, Why.apart, *uids)
    if any(user.disabled_at is not None for user in users):
        return Result(old, Outcome.conflict, Why.disabled, *uids)
    return Result(old, Outcome.merged, "", *uids)


def _users(session: Session, found: Found) -> list[User]:
    """The owners, the older first, which survives a merge."""
    query = sa.select(User).where(User.id.in_(found.owners))
    return list(session.scalars(query.order_by(User.created_at, User.id)))


def _has_follower(session: Session, move: AccountMove, openid: str) -> bool:
    query = sa.select(Follower.id).filter_by(appid=move.source, openid=openid)
    return session.execute(query).first() is not None


def _contradiction(
    session: Session, move: AccountMove, found: Found, new: str
) -> Why | None:
    """What else WeChat has said that makes the two openids two persons."""
    if found.new is not None and _has_other_past(session, move, found):
        return Why.twice
    mine = unionid_of(move, found.old)
    if mine is None:
        return None
    if (theirs := unionid_of(move, found.new)) is not None:
        return Why.unionids if theirs != mine else None
    same = sa.select(Identity.id).where(
        Identity.appid == move.appid,
        Identity.open_platform == move.open_platform,
        Identity.unionid == mine,
        Identity.openid != new,
    )
    return Why.shared if session.execute(same).first() is not None else None


def unionid_of(move: AccountMove, identity: Identity | None) -> str | None:
    """The identity's unionid where the new account is bound; it is the person's, in
    whichever app."""
    if identity is None or identity.open_platform != move.open_platform:
        return None
    return identity.unionid


def _has_other_past(session: Session, move: AccountMove, found: Found) -> bool:
    old, new = found.old, found.new
    query = (
        sa.select(MovedIdentity.id)
        .join(Identity, Identity.id == MovedIdentity.old_id)
        .where(
            Identity.appid == move.source,
            Identity.id != (old.id if old else None),
            MovedIdentity.new_id == (new.id if new else None),
        )
    )
    return session.execute(query).first() is not None
