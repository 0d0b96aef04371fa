"""The keys that sign what we tell sites."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.db import TABLE_OPTIONS, Base, BigId, UtcDateTime, id_text


class SigningKey(Base):
    """One key pair. Kept after it signs no more, to read old `id_token_hint`s."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        # Of two workers that make the first key at once, one succeeds.
        sa.UniqueConstraint("alg", "number"),
        {**TABLE_OPTIONS, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: `RS256` or `ES256`.
    alg: Mapped[str] = mapped_column(sa.String(8))
    number: Mapped[int]
    kid: Mapped[str] = mapped_column(id_text(43), unique=True)
    #: JWK as JSON, sealed; and its public half in the clear.
    private_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_key: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From when it signs; it is published before.
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Until when it is published, once another one is to sign.
    published_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When it was given up as leaked: what it signed is believed no more.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
