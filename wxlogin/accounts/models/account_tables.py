"""A user of ours, WeChat's names for that person, and what is on record about two."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, composite, mapped_column

from wxlogin.accounts.models.columns import (
    OPTIONS,
    AppId,
    Digest,
    Kind,
    OpenId,
    PlatformName,
    UnionIdText,
    owned_by,
)
from wxlogin.accounts.person import (
    AVATAR_LENGTH,
    LANGUAGE_LENGTH,
    NICKNAME_LENGTH,
    PROFILE,
    Profile,
)
from wxlogin.db import Base, BigId, UtcDateTime, id_text


class User(Base):
    """Our account.

    A user that was merged away stays as a row with `merged_into_id`, which always
    names the final survivor, never one that was merged away itself.
    """

    __tablename__ = "users"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(id_text(22), unique=True)
    nickname: Mapped[str] = mapped_column(sa.String(NICKNAME_LENGTH), default="")
    avatar: Mapped[str | None] = mapped_column(sa.String(AVATAR_LENGTH))
    language: Mapped[str | None] = mapped_column(sa.String(LANGUAGE_LENGTH))
    profile: Mapped[Profile] = composite(Profile, *PROFILE)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When WeChat last gave name and avatar; None if it never did.
    profile_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into_id: Mapped[int | None] = mapped_column(owned_by("users"), index=True)


class Identity(Base):
    """One (appid, openid), with the unionid WeChat named for it."""

    __tablename__ = "identities"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid"),
        sa.UniqueConstraint("appid", "open_platform", "unionid"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    appid: Mapped[str] = mapped_column(AppId)
    kind: Mapped[str] = mapped_column(Kind)
    openid: Mapped[str] = mapped_column(OpenId)
    open_platform: Mapped[str | None] = mapped_column(PlatformName)
    unionid: Mapped[str | None] = mapped_column(UnionIdText)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Name and picture's address as WeChat gave them here last: by them a person tells
    #: apart two WeChats of one account, which shows only one of their names.
    nickname: Mapped[str | None] = mapped_column(sa.String(NICKNAME_LENGTH))
    avatar: Mapped[str | None] = mapped_column(sa.String(AVATAR_LENGTH))


class MovedIdentity(Base):
    """One openid that became another, because an official account moved: WeChat says
    that both are one person. Both are the same user's."""

    __tablename__ = "moved_identities"
    __table_args__ = (sa.UniqueConstraint("old_id", "new_id"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    old_id: Mapped[int] = mapped_column(owned_by("identities"))
    new_id: Mapped[int] = mapped_column(owned_by("identities"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnionId(Base):
    """One (open platform, unionid) and the user whose it is."""

    __tablename__ = "union_ids"
    __table_args__ = (sa.UniqueConstraint("open_platform", "unionid"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    open_platform: Mapped[str] = mapped_column(PlatformName)
    unionid: Mapped[str] = mapped_column(UnionIdText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeletedUid(Base):
    """That a uid was given out and is nobody's for good; nothing of whose it was."""

    __tablename__ = "deleted_uids"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: See `accounts.person.digest_of`.
    digest: Mapped[bytes] = mapped_column(Digest, unique=True)


@dataclass(frozen=True)
class Moved:
    """The rows a merge touched, by id; what an undo goes by."""

    #: The loser's identities and unionids, which the survivor has now.
    identities: tuple[int, ...]
    union_ids: tuple[int, ...]
    #: Users that had been merged into the loser before.
    formers: tuple[int, ...]
    #: The identities that were the survivor's own.
    stayed: tuple[int, ...]


class MovedRows(sa.types.TypeDecorator[Moved]):
    """`Moved` as JSON."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Moved | None, dialect: Dialect) -> Any:
        return value and asdict(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Moved | None:
        return value and Moved(**{name: tuple(ids) for name, ids in value.items()})


class Merge(Base):
    """Two users that proved to be one person. The row outlives an undo."""

    __tablename__ = "merges"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    survivor_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    loser_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: `unionid`: WeChat named one unionid for both. `choice`: the person did it.
    #: `moved`: an account moved, and both openids are one person.
    cause: Mapped[str] = mapped_column(sa.String(16))
    moved: Mapped[Moved] = mapped_column(MovedRows)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KeptApart(Base):
    """Two users that a unionid must not merge (again); the smaller id first."""

    __tablename__ = "kept_apart"
    __table_args__ = (
        sa.UniqueConstraint("first_id", "second_id"),
        sa.CheckConstraint("first_id < second_id", name="order"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    first_id: Mapped[int] = mapped_column(owned_by("users"))
    second_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Conflict(Base):
    """A breach of what WeChat promises about unionids, for the operator to judge."""

    __tablename__ = "conflicts"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid", "open_platform", "unionid"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(20))
    appid: Mapped[str] = mapped_column(AppId)
    openid: Mapped[str] = mapped_column(OpenId)
    open_platform: Mapped[str] = mapped_column(PlatformName)
    unionid: Mapped[str] = mapped_column(UnionIdText)
    #: Who has the openid, if anybody.
    user_id: Mapped[int | None] = mapped_column(owned_by("users"), index=True)
    #: Who has the unionid, if anybody.
    owner_id: Mapped[int | None] = mapped_column(owned_by("users"), index=True)
    count: Mapped[int] = mapped_column(default=1)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


# 128 bits as unpadded base64url.
VERSION_LENGTH = 22


class Avatar(Base):
    """What was at the address WeChat gave, or that nothing was.

    In a merge the row stays with the user it came with; see `accounts.avatars`.
    """

    __tablename__ = "avatars"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"), unique=True)
    #: SHA-256 of the address it was fetched from.
    source: Mapped[bytes] = mapped_column(Digest)
    #: What nobody guesses in our own address of the picture; new with each picture.
    version: Mapped[str] = mapped_column(id_text(VERSION_LENGTH))
    #: A JPEG of our own making; None where WeChat has no picture.
    picture: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
