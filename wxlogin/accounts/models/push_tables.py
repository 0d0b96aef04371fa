"""What WeChat pushed, until it is worked on, and who follows an account by it or by
its list."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.accounts.models.columns import (
    OPTIONS,
    AppId,
    Digest,
    LongText,
    OpenId,
    PlatformName,
    UnionIdText,
)
from wxlogin.db import Base, BigId, UtcDateTime, id_text

#: Characters of the scene of an account's code, by WeChat's rule.
SCENE_LENGTH = 64


class Push(Base):
    """A message or event of WeChat's that was taken, and what is left to do."""

    __tablename__ = "pushes"
    __table_args__ = (sa.UniqueConstraint("appid", "digest"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    appid: Mapped[str] = mapped_column(AppId)
    #: By which a second delivery is known (wechat/pushes.py).
    digest: Mapped[bytes] = mapped_column(Digest)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    #: Its fields, sealed; None when the work is done.
    message: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    #: Until then nobody looks: one process has it, or it waits for another try.
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int] = mapped_column(default=0)


class Follower(Base):
    """A person who follows an official account, or once did.

    No user's row: most have never signed in. Whose follower it is follows from openid
    and unionid (accounts/followers.py).
    """

    __tablename__ = "followers"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid"),
        sa.Index(None, "open_platform", "unionid"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    appid: Mapped[str] = mapped_column(AppId)
    openid: Mapped[str] = mapped_column(OpenId)
    open_platform: Mapped[str | None] = mapped_column(PlatformName)
    unionid: Mapped[str | None] = mapped_column(UnionIdText)
    followed: Mapped[bool]
    #: When WeChat says that the last change was.
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    followed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unfollowed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Of the account's code by which the person came; empty for any other way.
    scene: Mapped[str] = mapped_column(id_text(SCENE_LENGTH), default="")
    #: From when on WeChat is to be asked about the person; None for not at all.
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: When the list began to be read in which the person stood last.
    listed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FollowerList(Base):
    """How far the list of an account's followers is read, or when it was last."""

    __tablename__ = "follower_lists"
    __table_args__ = (sa.UniqueConstraint("appid"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    appid: Mapped[str] = mapped_column(AppId)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Behind whom the next page begins; empty for the first one.
    next_openid: Mapped[str] = mapped_column(OpenId)
    #: None as long as it is not through.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Who reads it, a name by chance, and until when nobody else may.
    holder: Mapped[str] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KeptReplies(Base):
    """What an official account answers by itself, as it stood in WeChat's console."""

    __tablename__ = "kept_replies"
    __table_args__ = (sa.UniqueConstraint("appid"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    appid: Mapped[str] = mapped_column(AppId)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: JSON (flows/kept_replies.py).
    replies: Mapped[str] = mapped_column(LongText)
