"""What stands between a user and a site: known there, agreed, signed in, told.

Rows name the site by its client id. In a merge they stay with the user they came
with: what a site knows of a user is looked up over that user and everybody who was
merged into it, so an undo has nothing to give back.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.accounts.models.columns import OPTIONS, Digest, owned_by
from wxlogin.db import Base, BigId, UtcDateTime, id_text

ClientId = id_text(64)
# OpenID Connect Core 5.1 and 2: a subject is at most 255 ASCII characters; a site's
# own id of a customer is its own text.
EXTERNAL_ID_LENGTH = 128
Version = sa.String(64)
Uid = id_text(22)


class SiteUser(Base):
    """A user whom a site knows, with the site's own id of that customer."""

    __tablename__ = "site_users"
    __table_args__ = (
        sa.UniqueConstraint("client_id", "user_id"),
        sa.UniqueConstraint("client_id", "external_id"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(ClientId)
    user_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    external_id: Mapped[str | None] = mapped_column(id_text(EXTERNAL_ID_LENGTH))
    #: The version of the site's terms that this user has settled; None: of none.
    terms_version: Mapped[str | None] = mapped_column(Version)
    #: The groups that the site says this user is in; None: it has said nothing.
    groups: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """A version of the terms that a person agreed to by ticking the box."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "client_id", "version"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"))
    #: The site whose terms they are; empty: our own.
    client_id: Mapped[str] = mapped_column(ClientId)
    version: Mapped[str] = mapped_column(Version)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    door: Mapped[str] = mapped_column(sa.String(32))


class Authorization(Base):
    """One sign-in of a user at a site: what its tokens hang on.

    It ends with the session it was given in, whatever ends that.
    """

    __tablename__ = "authorizations"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(ClientId)
    user_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    session_id: Mapped[int] = mapped_column(owned_by("sessions"), index=True)
    #: The session as this site knows it (`sid` of ID and logout tokens).
    sid: Mapped[str] = mapped_column(id_text(22))
    scope: Mapped[str] = mapped_column(sa.String(255))
    #: When the person signed in at WeChat; what `auth_time` says.
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The absolute end of its refresh tokens.
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    #: SHA-256 of what all its refresh tokens begin with: by it one that was used
    #: before is known, however old.
    family_hash: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    #: SHA-256 of the refresh token that is good.
    refresh_hash: Mapped[bytes | None] = mapped_column(Digest)
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Base):
    """An access token of ours, by its SHA-256."""

    __tablename__ = "access_tokens"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    authorization_id: Mapped[int] = mapped_column(
        owned_by("authorizations"), index=True
    )
    #: The authorization's, or less where a refresh asked for less.
    scope: Mapped[str] = mapped_column(sa.String(255))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Event(Base):
    """Something that happened to a user, for one site that knows the user.

    Written in the transaction of the change itself. It outlives the user, so it
    holds our ids and the site's own, and nothing of WeChat's.
    """

    __tablename__ = "events"
    __table_args__ = (
        sa.Index(None, "client_id", "position"),
        sa.Index(None, "client_id", "settled_at", "id"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[str] = mapped_column(id_text(32), unique=True)
    client_id: Mapped[str] = mapped_column(ClientId)
    type: Mapped[str] = mapped_column(sa.String(32))
    uid: Mapped[str] = mapped_column(Uid)
    #: The second user of a merge or split.
    other_uid: Mapped[str | None] = mapped_column(Uid)
    data: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    #: The place in the feed; given after the commit, so that no reader skips one.
    position: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    #: When the site took it, or we gave up; None: the site must still hear of it.
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EventCount(Base):
    """The last position given in the feed; one row, which is also the lock."""

    __tablename__ = "event_count"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    last: Mapped[int] = mapped_column(sa.BigInteger)


class LogoutNotice(Base):
    """A site that must still hear that a session has ended."""

    __tablename__ = "logout_notices"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(ClientId)
    uid: Mapped[str] = mapped_column(Uid)
    sid: Mapped[str] = mapped_column(id_text(22))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
