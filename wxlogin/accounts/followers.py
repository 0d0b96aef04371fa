"""Who follows an official account, as WeChat's pushes and its answers say.

A follower is not a user: most people who follow never sign in. Which user it is follows
from what WeChat's server said of both: the openid of the account, or the unionid within
one open platform (docs/official-account.md).

Pushes come late, twice and in any order (security rows 85 and 86). What happened last
counts, by WeChat's clock, which knows seconds; of a follow and an unfollow in the same
second the unfollow counts, until WeChat is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import Follower, FollowerList, Identity, UnionId
from wxlogin.accounts.owners import lock
from wxlogin.db import read
from wxlogin.db.statements import insert_or_ignore, remove, run
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


@dataclass(frozen=True)
class Asked:
    """Somebody about whom WeChat is to be asked."""

    follower_id: int
    appid: str
    openid: str


@dataclass(frozen=True)
class Known:
    """What is known of a person at an account: the unionid, whether a user has this
    openid, and when WeChat is to be asked; None for not at all."""

    follows: bool
    unionid: str | None
    is_users: bool
    ask_at: datetime | None

    @property
    def is_named(self) -> bool:
        """Is it known who this is?"""
        return self.unionid is not None or self.is_users


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


def due(at: datetime, *, most: int) -> list[Asked]:
    """The people about whom WeChat is to be asked now, the longest waiting first."""
    query = _DUE.limit(most)
    return read(lambda s: [Asked(*row) for row in s.execute(query, {"at": at})])


def put_off(session: Session, ids: Sequence[int], until: datetime) -> None:
    """WeChat did not say of these; it is asked again from then on."""
    own = sa.update(Follower).where(Follower.id.in_(ids), Follower.ask_at.is_not(None))
    run(session, own.values(ask_at=until))


def of_user(user_id: int) -> dict[str, bool]:
    """Which accounts the user follows, by appid; those of which WeChat has not said
    anything are missing."""
    rows = read(lambda s: list(s.execute(_OF_USER, {"user_id": user_id})))
    told: dict[str, bool] = {}
    for appid, followed in rows:
        told[appid] = followed or told.get(appid, False)
    return told


def move(
    session: Session,
    source: str,
    openid: str,
    *,
    to: tuple[str, str],
    open_platform: str | None,
    at: datetime,
) -> bool:
    """The follower of an account that moved follows the new one; `to` is its appid and
    the openid there, `open_platform` the new account's. False where there is no such
    follower. WeChat is to be asked about the person then."""
    names = {"appid": source, "openid": openid}
    row = session.scalars(_LOCKED, names).first()
    if row is None:
        return False
    stays = row.open_platform == open_platform
    values = {
        "appid": to[0],
        "openid": to[1],
        "open_platform": row.open_platform if stays else None,
        "unionid": row.unionid if stays else None,
        "followed": row.followed,
        "changed_at": row.changed_at,
        "followed_at": row.followed_at,
        "unfollowed_at": row.unfollowed_at,
        "scene": row.scene,
        "ask_at": at,
    }
    # What the new account has told of the person by now is newer.
    insert_or_ignore(session, Follower, values)
    run(session, sa.delete(Follower).where(Follower.id == row.id))
    return True


def of_openid(appid: str, openid: str) -> Known:
    """What is known of this person."""
    names = {"appid": appid, "openid": openid}
    row = read(lambda s: s.execute(_OF_OPENID, names).first())
    return Known(*row) if row else Known(False, None, False, None)


def openids_of(user_id: int, appid: str) -> list[str]:
    """By which openids WeChat can be asked whether the user follows this account."""
    names = {"user_id": user_id, "appid": appid}
    return read(lambda s: sorted(s.scalars(_OPENIDS, names)))


def forget(session: Session, user_id: int) -> None:
    """Removes all that is known of whom the user follows."""
    found = list(session.execute(_IDS, {"user_id": user_id}))
    if not found:
        return
    # The place at which a list goes on names somebody, too; it begins again then.
    openids = [row.openid for row in found]
    here = sa.update(FollowerList).where(FollowerList.next_openid.in_(openids))
    run(session, here.values(next_openid=""))
    run(session, sa.delete(Follower).where(Follower.id.in_([row.id for row in found])))


def forget_gone(before: datetime) -> int:
    """Removes who ceased to follow before that and is no user; says how many."""
    return remove(Follower, ~Follower.followed, Follower.changed_at <= before, _NOBODYS)


def _change(session: Session, row: Follower, follows: bool, at: datetime) -> None:
    changed = row.followed != follows
    row.followed, row.changed_at = follows, at
    if follows:
        row.followed_at = at
    else:
        row.unfollowed_at = at
    session.flush()
    if changed:
        tell(session, row, users_of(session, [row.id]).get(row.id, ()), at)


def users_of(session: Session, ids: Sequence[int]) -> dict[int, set[int]]:
    """The users who these followers are, by the followers' ids; nobody is missing who
    is one."""
    found: dict[int, set[int]] = {}
    for user_id, follower_id in session.execute(_USERS, {"ids": list(ids)}):
        found.setdefault(follower_id, set()).add(user_id)
    return found


def tell(
    session: Session, row: Follower, user_ids: Iterable[int], at: datetime
) -> None:
    """Announces that these users follow, or follow no more, as the row says."""
    kind = Kind.followed if row.followed else Kind.unfollowed
    data = {"identities": [{"appid": row.appid, "kind": _ACCOUNT}]}
    for user_id in sorted(user_ids):
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
_THESE = Follower.id.in_(sa.bindparam("ids", expanding=True))
_USERS = sa.union(
    *(one.add_columns(Follower.id).where(_THESE) for one in (_BY_OPENID, _BY_UNIONID))
)
_USER: sa.BindParameter[int] = sa.bindparam("user_id")
#: The follower is this user, for a query that is run with `user_id`.
IS_USERS = sa.or_(
    _BY_OPENID.where(Identity.user_id == _USER).correlate(Follower).exists(),
    _BY_UNIONID.where(UnionId.user_id == _USER).correlate(Follower).exists(),
)
_OF_USER = sa.select(Follower.appid, Follower.followed).where(IS_USERS)
_IDS = sa.select(Follower.id, Follower.openid).where(IS_USERS)
_NOBODYS = sa.and_(
    ~_BY_OPENID.correlate(Follower).exists(), ~_BY_UNIONID.correlate(Follower).exists()
)
_APPID: sa.BindParameter[str] = sa.bindparam("appid")
_OPENIDS = sa.union(
    sa.select(Identity.openid).where(
        Identity.user_id == _USER, Identity.appid == _APPID
    ),
    sa.select(Follower.openid).where(IS_USERS, Follower.appid == _APPID),
)
_OF_OPENID = sa.select(
    Follower.followed,
    Follower.unionid,
    _BY_OPENID.correlate(Follower).exists(),
    Follower.ask_at,
).where(Follower.appid == _APPID, Follower.openid == sa.bindparam("openid"))
_DUE = (
    sa.select(Follower.id, Follower.appid, Follower.openid)
    .where(Follower.ask_at <= sa.bindparam("at"))
    .order_by(Follower.ask_at, Follower.id)
)
