"""A user of ours, and WeChat's names for that person."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.accounts.models.columns import (
    AVATAR_LENGTH,
    LANGUAGE_LENGTH,
    NICKNAME_LENGTH,
    OPTIONS,
    AppId,
    Digest,
    Kind,
    OpenId,
    PlatformName,
    UnionIdText,
    owned_by,
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
    #: See `accounts.uid.digest_of`.
    digest: Mapped[bytes] = mapped_column(Digest, unique=True)
