"""Who follows an official account, as WeChat's pushes and its answers say.

A follower is not a user: most people who follow never sign in. Which user it is follows
from what WeChat's server said of both: the openid of the account, or the unionid within
one open platform (docs/official-account.md).

Pushes come late, twice and in any order (security rows 85 and 86). What happened last
counts, by WeChat's clock, which knows seconds; of a follow and an unfollow in the same
second the unfollow counts, until WeChat is asked.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import Follower, Identity, UnionId
from wxlogin.accounts.owners import lock
from wxlogin.db import read
from wxlogin.db.statements import insert_or_ignore
from wxlogin.errors import AccountGone

# Nobody follows an app of another kind.
_ACCOUNT = "official_account"


@dataclass(frozen=True)
class Follow:
    """That a person began or ceased to follow; `at` is when, by WeChat's clock."""

    appid: str
    openid: str
    follows: bool
    at: datetime
    scene: str = ""


def note(session: Session, follow: Follow, *, now: datetime) -> bool:
    """Takes what a push says; True where it is news. WeChat is to be asked about the
    person then, for the unionid, and whether it is still so."""
    names = {"appid": follow.appid, "openid": follow.openid}
    blank = {"followed": False, "changed_at": follow.at, "scene": ""}
    insert_or_ignore(session, Follower, names | blank)
    row = session.scalars(_LOCKED, names).one()
    known = row.followed_at is not None or row.unfollowed_at is not None
    if known and not _is_later(row, follow):
        return False
    _change(session, row, follow.follows, follow.at)
    row.scene = follow.scene if follow.follows else row.scene
    row.ask_at = now
    return True


def learn(
    session: Session,
    follower_id: int,
    *,
    follows: bool,
    unionid: tuple[str, str] | None,
    at: datetime,
) -> None:
    """Takes what WeChat answered about a person; `unionid` is a pair of open platform
    and unionid."""
    row = session.get(Follower, follower_id, with_for_update=True)
    if row is None:
        return
    if unionid is not None:
        row.open_platform, row.unionid = unionid
    row.ask_at = None
    if row.followed != follows:
        _change(session, row, follows, at)


def is_following(user_id: int, appid: str) -> bool | None:
    """Does the user follow this account? None where WeChat has not said."""
    names = {"user_id": user_id, "appid": appid}
    told = read(lambda session: list(session.scalars(_FOLLOWS, names)))
    return any(told) if told else None


def _change(session: Session, row: Follower, follows: bool, at: datetime) -> None:
    changed = row.followed != follows
    row.followed, row.changed_at = follows, at
    if follows:
        row.followed_at = at
    else:
        row.unfollowed_at = at
    session.flush()
    if not changed:
        return
    kind = Kind.followed if follows else Kind.unfollowed
    data = {"identities": [{"appid": row.appid, "kind": _ACCOUNT}]}
    for user_id in list(session.scalars(_USERS, {"follower_id": row.id})):
        try:
            lock(session, {user_id})
        except AccountGone:
            continue
        announce(session, Change(kind, user_id, at, data=data))


def _is_later(row: Follower, follow: Follow) -> bool:
    if follow.at == row.changed_at:
        return row.followed and not follow.follows
    return follow.at > row.changed_at


def _owners(row: type[Follower]) -> tuple[sa.Select[int], sa.Select[int]]:
    """The users whom this follower is, by its openid and by its unionid."""
    return (
        sa.select(Identity.user_id).where(
            Identity.appid == row.appid, Identity.openid == row.openid
        ),
        sa.select(UnionId.user_id).where(
            UnionId.open_platform == row.open_platform, UnionId.unionid == row.unionid
        ),
    )


_LOCKED = (
    sa.select(Follower)
    .where(
        Follower.appid == sa.bindparam("appid"),
        Follower.openid == sa.bindparam("openid"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)
_BY_OPENID, _BY_UNIONID = _owners(Follower)
_OF_FOLLOWER = Follower.id == sa.bindparam("follower_id")
_USERS = sa.union(_BY_OPENID.where(_OF_FOLLOWER), _BY_UNIONID.where(_OF_FOLLOWER))
_USER: sa.BindParameter[int] = sa.bindparam("user_id")
_FOLLOWS = sa.select(Follower.followed).where(
    Follower.appid == sa.bindparam("appid"),
    sa.or_(
        _BY_OPENID.where(Identity.user_id == _USER).correlate(Follower).exists(),
        _BY_UNIONID.where(UnionId.user_id == _USER).correlate(Follower).exists(),
    ),
)
