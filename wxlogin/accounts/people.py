"""Users for pages, the API and the operator: looked up, closed, deleted.

Disabling and deleting take the user's row lock, so a login in flight is either over
before, and loses its session here, or comes after and is refused (security rows 24,
39, 54).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin import signals
from wxlogin.accounts import conflicts, followers, sessions, wechats
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import (
    Avatar,
    DeletedUid,
    Identity,
    UnionId,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock, survivor_id
from wxlogin.accounts.person import Profile, digest_of
from wxlogin.db import StartOver, as_value, now, read, reading, transaction
from wxlogin.db.statements import run, table_of
from wxlogin.errors import AccountGone, NotFound


@dataclass(frozen=True)
class IdentityView:
    """One (appid, openid) of a user."""

    id: int
    appid: str
    kind: str
    openid: str
    open_platform: str | None
    unionid: str | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class UnionIdView:
    """One (open platform, unionid) of a user."""

    open_platform: str
    unionid: str


@dataclass(frozen=True)
class Holder:
    """A user, without WeChat's names for the person.

    `profile_at` is when WeChat last gave name and avatar.
    """

    user_id: int
    uid: str
    former_uids: list[str]
    profile: Profile
    created_at: datetime
    last_seen_at: datetime
    profile_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True)
class Account(Holder):
    """A user with everything that is known of the person but the tokens."""

    identities: list[IdentityView]
    unionids: list[UnionIdView]


@dataclass(frozen=True)
class KnownIdentity:
    """What a flow needs to decide whether WeChat must be asked for a profile.

    `avatar` is the address WeChat gave, `picture_source` names the one we fetched.
    """

    user_id: int
    nickname: str
    profile_at: datetime | None
    avatar: str | None
    picture_source: bytes | None
    #: Is another WeChat on the account, too? (accounts/wechats.py)
    is_shared: bool


def account(user_id: int) -> Account:
    """The user's account, in four statements.

    Raises AccountGone for a user that was deleted or merged away.
    """
    return read(lambda session: account_in(session, user_id))


def account_in(session: Session, user_id: int) -> Account:
    """The same inside the caller's session."""
    return _account(session, _present(session, user_id))


def holder_in(session: Session, user_id: int) -> Holder:
    """The user alone, in two statements inside the caller's session. Raises as
    `account`."""
    user = _present(session, user_id)
    formers = list(session.scalars(_FORMERS, {"user_id": user.id}))
    return as_value(Holder, user, user_id=user.id, former_uids=formers)


def _present(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None or user.merged_into_id is not None:
        raise AccountGone("no account has this id")
    return user


def find_user(text: str) -> Account | None:
    """The account of a uid, also of one that was merged away; None if none is."""
    with reading() as session:
        user = session.scalar(survivor_of(text))
        return _account(session, user) if user is not None else None


def surviving_uid(uid: str) -> str | None:
    """The uid that stands today for any uid ever given out, through all merges."""
    with reading() as session:
        user = session.scalar(survivor_of(uid))
        return user.uid if user is not None else None


def known(appid: str, openid: str) -> KnownIdentity | None:
    """What is known of the person behind an openid; None for a stranger."""
    names = {"appid": appid, "openid": openid}
    found = read(lambda session: session.execute(_KNOWN, names).first())
    return KnownIdentity(*found) if found is not None else None


def _known() -> sa.Select[*tuple[Any, ...]]:
    user, own, avatar = table_of(User), table_of(Identity), table_of(Avatar)
    other = own.alias()
    same = sa.and_(
        other.c.open_platform == own.c.open_platform,
        other.c.unionid == own.c.unionid,
    )
    shared = sa.exists().where(
        other.c.user_id == user.c.id,
        other.c.id != own.c.id,
        sa.not_(sa.func.coalesce(same, sa.false())),
    )
    shown = (user.c.nickname, user.c.profile_at, user.c.avatar, avatar.c.source)
    return (
        sa.select(user.c.id, *shown, shared)
        .join(own, own.c.user_id == user.c.id)
        .outerjoin(avatar, avatar.c.user_id == user.c.id)
        .where(
            own.c.appid == sa.bindparam("appid"),
            own.c.openid == sa.bindparam("openid"),
        )
    )


_KNOWN = _known()


def survivor_of(uid: str) -> sa.Select[User]:
    """The query for the user that a uid stands for today.

    A user that was merged away names the final survivor, so one step is enough.
    """
    named = aliased(User)
    # A database may refuse to compare with what it could not hold.
    wanted = uid if uid.isascii() and uid.isalnum() else ""
    return (
        sa.select(User)
        .join(named, survivor_id(named) == User.id)
        .where(named.uid == wanted)
    )


_USER: sa.BindParameter[int] = sa.bindparam("user_id")
_FORMERS = sa.select(User.uid).where(User.merged_into_id == _USER).order_by(User.id)
_IDENTITIES = sa.select(Identity).where(Identity.user_id == _USER).order_by(Identity.id)
_UNIONIDS = sa.select(UnionId).where(UnionId.user_id == _USER).order_by(UnionId.id)


def _account(session: Session, user: User) -> Account:
    own = {"user_id": user.id}
    return as_value(
        Account,
        user,
        user_id=user.id,
        former_uids=list(session.scalars(_FORMERS, own)),
        identities=[
            as_value(IdentityView, row) for row in session.scalars(_IDENTITIES, own)
        ],
        unionids=[
            as_value(UnionIdView, row) for row in session.scalars(_UNIONIDS, own)
        ],
    )


# What a database may hold and compare; no id of WeChat's is anything else.
_LONGEST = 128


def by_openid(appid: str, openid: str) -> int | None:
    """The id of the user who has this openid."""
    query = sa.select(Identity.user_id).where(
        Identity.appid == appid, Identity.openid == openid
    )
    return _one(query, openid)


def openid_of(identity_id: int) -> str:
    """The openid of this identity. Raises AccountGone where it is gone."""
    query = sa.select(Identity.openid).where(Identity.id == identity_id)
    with reading() as session:
        found = session.scalar(query)
    if found is None:
        raise AccountGone("no identity has this id")
    return found


def by_unionid(unionid: str) -> int | None:
    """The id of the user who has this unionid, on whichever open platform.

    None where two platforms give it to different users: WeChat's unionids are
    unique within one only.
    """
    query = sa.select(UnionId.user_id).where(UnionId.unionid == unionid)
    return _one(query.distinct(), unionid)


def _one(query: sa.Select[int], text: str) -> int | None:
    if not text.isascii() or not text.isprintable() or len(text) > _LONGEST:
        return None
    with reading() as session:
        found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None


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
        sessions.end(session, SessionRow.user_id == user.id)

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
    transaction(lambda session: delete_in(session, user_id, through=through))


def delete_in(session: Session, user_id: int, *, through: int | None = None) -> None:
    """The same inside the caller's transaction."""
    user = lock(session, {user_id})[user_id]
    if through is not None:
        wechats.require_at_home(session, user_id, through)
    former = sa.select(User.uid).where(User.merged_into_id == user_id)
    formers = list(session.scalars(former.order_by(User.id)))
    data = {"former_uids": formers}
    announce(session, Change(Kind.deleted, user_id, now(), data=data))
    sessions.end(session, SessionRow.user_id == user_id)
    conflicts.forget(session, user_id)
    followers.forget(session, user_id)
    signals.send(session, signals.deleted, uid=user.uid)
    # Nobody inherits them, by an import say.
    session.add_all(DeletedUid(digest=digest_of(uid)) for uid in (user.uid, *formers))
    # The rest goes with the rows it refers to: see the foreign keys in `models`.
    run(session, sa.delete(User).where(User.merged_into_id == user_id))
    run(session, sa.delete(User).where(User.id == user_id))


def _lock_survivor(session: Session, uid: str) -> User:
    """The user of this uid, locked; of another one if it is merged meanwhile."""
    found = session.scalar(survivor_of(uid))
    if found is None:
        raise NotFound("no user has or had this uid")
    try:
        return lock(session, {found.id})[found.id]
    except AccountGone:
        raise StartOver from None
