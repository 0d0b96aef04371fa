"""What pages, the API and the flows want to know of a user."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import Avatar, Identity, UnionId, User
from wxlogin.accounts.owners import survivor_id
from wxlogin.db import reading
from wxlogin.errors import AccountGone


@dataclass(frozen=True)
class IdentityView:
    """One (appid, openid) of a user."""

    id: int
    appid: str
    kind: str
    openid: str
    open_platform: str | None
    unionid: str | None
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class UnionIdView:
    """One (open platform, unionid) of a user."""

    open_platform: str
    unionid: str


@dataclass(frozen=True)
class Account:
    """A user with everything that is known of the person but the tokens.

    `profile_at` is when WeChat last gave name and avatar.
    """

    user_id: int
    uid: str
    former_uids: list[str]
    nickname: str
    avatar: str | None
    language: str | None
    created_at: datetime
    last_seen_at: datetime
    profile_at: datetime | None
    disabled_at: datetime | None
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

    @property
    def has_nickname(self) -> bool:
        return bool(self.nickname)


def account(user_id: int) -> Account:
    """The user's account, in four statements.

    Raises AccountGone for a user that was deleted or merged away.
    """
    with reading() as session:
        user = session.get(User, user_id)
        if user is None or user.merged_into_id is not None:
            raise AccountGone("no account has this id")
        return _account(session, user)


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
    with reading() as session:
        found = session.execute(_KNOWN, {"appid": appid, "openid": openid}).first()
    return KnownIdentity(*found) if found is not None else None


def _known() -> sa.Select[*tuple[Any, ...]]:
    other = aliased(Identity)
    same = sa.and_(
        other.open_platform == Identity.open_platform,
        other.unionid == Identity.unionid,
    )
    shared = sa.exists().where(
        other.user_id == User.id,
        other.id != Identity.id,
        sa.not_(sa.func.coalesce(same, sa.false())),
    )
    return (
        sa.select(
            User.id, User.nickname, User.profile_at, User.avatar, Avatar.source, shared
        )
        .join(Identity, Identity.user_id == User.id)
        .outerjoin(Avatar, Avatar.user_id == User.id)
        .where(
            Identity.appid == sa.bindparam("appid"),
            Identity.openid == sa.bindparam("openid"),
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


def _account(session: Session, user: User) -> Account:
    own = sa.select(Identity).where(Identity.user_id == user.id)
    unionids = sa.select(UnionId).where(UnionId.user_id == user.id)
    formers = sa.select(User.uid).where(User.merged_into_id == user.id)
    return Account(
        user_id=user.id,
        uid=user.uid,
        former_uids=list(session.scalars(formers.order_by(User.id))),
        nickname=user.nickname,
        avatar=user.avatar,
        language=user.language,
        created_at=user.created_at,
        last_seen_at=user.last_seen_at,
        profile_at=user.profile_at,
        disabled_at=user.disabled_at,
        identities=[
            _identity(row) for row in session.scalars(own.order_by(Identity.id))
        ],
        unionids=[
            UnionIdView(row.open_platform, row.unionid)
            for row in session.scalars(unionids.order_by(UnionId.id))
        ],
    )


def _identity(row: Identity) -> IdentityView:
    return IdentityView(
        id=row.id,
        appid=row.appid,
        kind=row.kind,
        openid=row.openid,
        open_platform=row.open_platform,
        unionid=row.unionid,
        first_seen=row.first_seen_at,
        last_seen=row.last_seen_at,
    )
