"""The table of the SQL ticket store."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.db import TABLE_OPTIONS, Base, BigId, UtcDateTime, id_text


class TicketRow(Base):
    """One ticket. `key` is a digest and `value` sealed: a dump opens nothing."""

    __tablename__ = "ticket"
    __table_args__ = (
        sa.UniqueConstraint("kind", "key"),
        # Those of a kind that wait are counted in the index alone (tickets/gauge.py).
        sa.Index("ix_ticket_kind_expires_at", "kind", "expires_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    key: Mapped[str] = mapped_column(id_text(64))
    version: Mapped[int]
    value: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
