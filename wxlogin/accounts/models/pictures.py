"""The picture that we show of a user, as we keep it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.accounts.models.columns import OPTIONS, Digest, owned_by
from wxlogin.db import Base, BigId, UtcDateTime, id_text

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
