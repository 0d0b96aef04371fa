"""Tickets in the database: one table, short transactions, no waiting on locks.

Who won is never guessed: `swap` and `take` look at the number of rows they
changed; `add` looks whether the row that is there is its own: a sealed value is
never the same twice and says whose it is.
"""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Mapped, Session, mapped_column

from wxlogin import db
from wxlogin.db import TABLE_OPTIONS, Base, BigId, UtcDateTime, id_text
from wxlogin.db.statements import insert_or_change, run, table_of
from wxlogin.errors import Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.clock import moment
from wxlogin.tickets.gauge import Gauge
from wxlogin.tickets.store import (
    REMEMBERED,
    Envelope,
    Ticket,
    counted,
    crowded,
    digest,
)
from wxlogin.tickets.waiting import WaitingRoom, Watch

# One `add` of so many removes old rows, and at most SWEEP_ROWS of them, which is
# more than were added since: the table cannot grow without end.
SWEEP_EVERY = 128
SWEEP_ROWS = 512
# How often those who watch look: all of a process together so often in a second, but
# each not sooner nor later than after these seconds.
LOOKS = 100
LOOK_SECONDS, LOOK_SECONDS_MOST = 0.2, 1.5


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


_table = table_of(TicketRow)
# Seconds to add to the database's clock: for its own time, and for a ticket's end.
_NOW, _UNTIL = moment("now"), moment("until")
_ALIVE = (
    _table.c.kind == sa.bindparam("its_kind"),
    _table.c.key == sa.bindparam("its_key"),
    _table.c.expires_at > _NOW,
)
_GET = sa.select(_table.c.id, _table.c.version, _table.c.value).where(*_ALIVE)
_TAKE = _GET.with_for_update()
_SWAP = (
    sa.update(_table)
    .where(*_ALIVE, _table.c.version == sa.bindparam("its_version"))
    .values(expires_at=_UNTIL)
)
_REMOVE = sa.delete(_table).where(_table.c.id == sa.bindparam("its_id"))


@cache
def _add(dialect: str) -> sa.Insert:
    """Writes the row if the place is free or its ticket expired."""
    statement = insert_or_change(
        dialect,
        TicketRow,
        key=("kind", "key"),
        news=_news,
        only=_table.c.expires_at <= _NOW,
    )
    found: sa.Insert = statement.values(expires_at=_UNTIL).returning(_table.c.value)
    return found


def _news(new: Any) -> dict[str, Any]:
    later = {"value": new.value, "expires_at": new.expires_at}
    return {"version": _table.c.version + 1, **later}


class SqlTickets:
    """A TicketStore in the application's database; needs an application context.

    `ahead` gives seconds to add to the database's clock, for tests that move time.
    """

    def __init__(
        self,
        sealer: Sealer,
        *,
        room: WaitingRoom | None = None,
        ahead: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._envelope = Envelope(sealer)
        self._room = room or WaitingRoom()
        self._ahead = ahead
        self._adds = itertools.count(1)
        self._gauge = Gauge(self._count, ahead=ahead)

    @counted("add")
    def add(
        self, kind: str, key: str, value: str, *, ttl: float, most: int | None = None
    ) -> bool:
        if most is not None and self._gauge.is_full(kind, most):
            raise crowded(kind)
        name = digest(kind, key)
        sealed = self._envelope.seal(kind, name, value)
        row = {"kind": kind, "key": name, "version": 1, "value": sealed}
        row |= {"until": self._ahead() + ttl, "now": self._ahead()}

        def work(session: Session) -> bool:
            stored = session.scalar(_add(session.get_bind().dialect.name), row)
            return stored is not None and bytes(stored) == sealed

        won = db.transaction(work)
        if next(self._adds) % SWEEP_EVERY == 0:
            # The ticket is there; housekeeping can wait for a better moment.
            with suppress(Unready):
                self.sweep()
        return won

    @counted("get")
    def get(self, kind: str, key: str) -> Ticket | None:
        with db.reading() as session:
            return read(session, self._envelope, kind, key, ahead=self._ahead())

    @counted("swap")
    def swap(
        self, kind: str, key: str, version: int, value: str, *, ttl: float
    ) -> bool:
        name = digest(kind, key)
        values = self._place(kind, name) | {
            "its_version": version,
            "version": version + 1,
            "value": self._envelope.seal(kind, name, value),
            "until": self._ahead() + ttl,
        }
        won = db.transaction(lambda session: run(session, _SWAP, values)) == 1
        if won:
            self._room.ring(name)
        return won

    @counted("take")
    def take(self, kind: str, key: str) -> str | None:
        name = digest(kind, key)
        place = self._place(kind, name)
        sealed = db.transaction(lambda session: _take(session, place))
        self._room.ring(name)
        return None if sealed is None else self._envelope.open(kind, name, sealed)

    def notify(self, kind: str, key: str) -> None:
        self._room.ring(digest(kind, key))

    def wait(
        self, kind: str, key: str, *, version: int, timeout: float
    ) -> Ticket | None:
        return self._room.wait(
            digest(kind, key),
            lambda: self.get(kind, key),
            version=version,
            timeout=timeout,
        )

    def watch(self, *places: tuple[str, str]) -> AbstractContextManager[Watch | None]:
        return self._room.watch([digest(*place) for place in places], self._pause)

    def sweep(self) -> int:
        old = _table.c.expires_at < self._in(-REMEMBERED)
        with db.reading() as session:
            query = sa.select(_table.c.id).where(old).limit(SWEEP_ROWS)
            ids = session.scalars(query).all()
        if not ids:
            return 0
        # Asked again: a ticket may have been added on the old row meanwhile.
        gone = sa.delete(_table).where(_table.c.id.in_(ids), old)
        return db.transaction(lambda session: run(session, gone))

    def ping(self) -> None:
        try:
            with db.reading() as session:
                session.execute(sa.select(_table.c.id).limit(1))
        except ProgrammingError:
            raise Unready("there is no ticket table: run wxlogin db upgrade") from None

    def _count(self, kind: str, most: int) -> int:
        """How many tickets of this kind are there; no more than `most` are counted."""
        alive = sa.select(sa.literal(1)).where(
            _table.c.kind == kind, _table.c.expires_at > self._in(0)
        )
        query = sa.select(sa.func.count()).select_from(alive.limit(most).subquery())
        with db.reading() as session:
            return session.execute(query).scalar_one()

    def _pause(self) -> float:
        return self._room.pause(LOOK_SECONDS, looks=LOOKS, most=LOOK_SECONDS_MOST)

    def _place(self, kind: str, name: str) -> dict[str, Any]:
        return {"its_kind": kind, "its_key": name, "now": self._ahead()}

    def _in(self, seconds: float) -> moment:
        return moment(self._ahead() + seconds)


def read(
    session: Session, envelope: Envelope, kind: str, key: str, *, ahead: float = 0.0
) -> Ticket | None:
    """The ticket, as `get` gives it, in a session of the caller's own."""
    name = digest(kind, key)
    place = {"its_kind": kind, "its_key": name, "now": ahead}
    row = session.execute(_GET, place).first()
    if row is None:
        return None
    return Ticket(row.version, envelope.open(kind, name, row.value))


def _take(session: Session, place: dict[str, Any]) -> bytes | None:
    row = session.execute(_TAKE, place).first()
    if row is None:
        return None
    gone = run(session, _REMOVE, {"its_id": row.id})
    return bytes(row.value) if gone == 1 else None
