"""What a sign-in leaves behind: session, grant, session key, a line of history; and the
phone number that a person gave to a mini program."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.accounts.models.columns import (
    ADDRESS_LENGTH,
    BROWSER_LENGTH,
    OPTIONS,
    AppId,
    Digest,
    Kind,
    owned_by,
)
from wxlogin.db import Base, BigId, UtcDateTime


class Session(Base):
    """A browser or client that is signed in. One that ended has no row."""

    __tablename__ = "sessions"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: SHA-256 of the secret in the cookie or bearer; the secret is not here.
    secret_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"), index=True)
    identity_id: Mapped[int] = mapped_column(owned_by("identities"), index=True)
    kind: Mapped[str] = mapped_column(Kind)
    appid: Mapped[str] = mapped_column(AppId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH))
    browser: Mapped[str] = mapped_column(sa.String(BROWSER_LENGTH))


class Grant(Base):
    """The WeChat tokens a person gave us through one identity, sealed."""

    __tablename__ = "grants"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    identity_id: Mapped[int] = mapped_column(owned_by("identities"), unique=True)
    #: Counts the changes of the tokens; what compare-and-set compares.
    version: Mapped[int]
    access_token: Mapped[bytes] = mapped_column(sa.LargeBinary)
    refresh_token: Mapped[bytes] = mapped_column(sa.LargeBinary)
    scope: Mapped[str] = mapped_column(sa.String(255))
    #: When the access token ends.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When the person agreed; the refresh token's 30 days count from here.
    authorized_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Until then one process has the refresh of this grant to itself.
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When WeChat refused the refresh token for good.
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionKey(Base):
    """A session key of WeChat's for one identity in a mini program, sealed."""

    __tablename__ = "session_keys"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    identity_id: Mapped[int] = mapped_column(owned_by("identities"), index=True)
    session_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    #: When WeChat gave it last.
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PhoneNumber(Base):
    """The number that a person gave to a mini program, through one identity, sealed."""

    __tablename__ = "phone_numbers"
    __table_args__ = (OPTIONS,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    identity_id: Mapped[int] = mapped_column(owned_by("identities"), unique=True)
    number: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginEvent(Base):
    """One sign-in that succeeded; or what WeChat told us (accounts/history.py)."""

    __tablename__ = "login_events"
    __table_args__ = (sa.Index(None, "user_id", "at"), OPTIONS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by("users"))
    identity_id: Mapped[int | None] = mapped_column(
        owned_by("identities", delete="SET NULL"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    appid: Mapped[str] = mapped_column(AppId)
    door: Mapped[str] = mapped_column(sa.String(32))
    outcome: Mapped[str] = mapped_column(sa.String(16))
    address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH))
    browser: Mapped[str] = mapped_column(sa.String(BROWSER_LENGTH))
    request_id: Mapped[str] = mapped_column(sa.String(64))
