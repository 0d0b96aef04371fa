"""Tickets in the database: one table, short transactions, no waiting on locks.

Who won is never guessed: `swap` and `take` look at the number of rows they
changed; `add` looks whether the row it wanted is its own. MariaDB counts a row
for an insert that found one, so there the row is read again under its lock; a
sealed value is never the same twice and says whose it is.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from wxlogin import db
from wxlogin.errors import Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.clock import moment
from wxlogin.tickets.gauge import Gauge
from wxlogin.tickets.models import TicketRow
from wxlogin.tickets.store import REMEMBERED, Envelope, Ticket, crowded, digest
from wxlogin.tickets.waiting import WaitingRoom

# One `add` of so many removes old rows, and at most SWEEP_ROWS of them, which is
# more than were added since: the table cannot grow without end.
SWEEP_EVERY = 128
SWEEP_ROWS = 512

_table = cast(sa.Table, TicketRow.__table__)


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

    def add(
        self, kind: str, key: str, value: str, *, ttl: float, most: int | None = None
    ) -> bool:
        if most is not None and self._gauge.is_full(kind, most):
            raise crowded(kind)
        name = digest(kind, key)
        sealed = self._envelope.seal(kind, name, value)
        row = {"kind": kind, "key": name, "version": 1, "value": sealed}
        until = self._in(ttl)
        won = db.transaction(lambda session: _add(session, row, until, self._in(0)))
        if next(self._adds) % SWEEP_EVERY == 0:
            # The ticket is there; housekeeping can wait for a better moment.
            with suppress(Unready):
                self.sweep()
        return won

    def get(self, kind: str, key: str) -> Ticket | None:
        name = digest(kind, key)
        query = sa.select(_table.c.version, _table.c.value).where(
            *_at(kind, name), _table.c.expires_at > self._in(0)
        )
        with db.reading() as session:
            row = session.execute(query).first()
        if row is None:
            return None
        return Ticket(row.version, self._envelope.open(kind, name, row.value))

    def swap(
        self, kind: str, key: str, version: int, value: str, *, ttl: float
    ) -> bool:
        name = digest(kind, key)
        change = (
            sa.update(_table)
            .where(
                *_at(kind, name),
                _table.c.version == version,
                _table.c.expires_at > self._in(0),
            )
            .values(
                version=version + 1,
                value=self._envelope.seal(kind, name, value),
                expires_at=self._in(ttl),
            )
        )
        return db.transaction(lambda session: _rows(session, change)) == 1

    def take(self, kind: str, key: str) -> str | None:
        name = digest(kind, key)
        found = (
            sa.select(_table.c.id, _table.c.value)
            .where(*_at(kind, name), _table.c.expires_at > self._in(0))
            .with_for_update()
        )
        sealed = db.transaction(lambda session: _take(session, found))
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

    def sweep(self) -> int:
        old = _table.c.expires_at < self._in(-REMEMBERED)
        with db.reading() as session:
            query = sa.select(_table.c.id).where(old).limit(SWEEP_ROWS)
            ids = session.scalars(query).all()
        if not ids:
            return 0
        # Asked again: a ticket may have been added on the old row meanwhile.
        gone = sa.delete(_table).where(_table.c.id.in_(ids), old)
        return db.transaction(lambda session: _rows(session, gone))

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

    def _in(self, seconds: float) -> moment:
        return moment(self._ahead() + seconds)


def _at(kind: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _table.c.kind == kind, _table.c.key == name


def _rows(session: Session, statement: sa.Update | sa.Delete) -> int:
    return cast(CursorResult[Any], session.execute(statement)).rowcount


def _take(session: Session, found: sa.Select[Any]) -> bytes | None:
    row = session.execute(found).first()
    if row is None:
        return None
    gone = _rows(session, sa.delete(_table).where(_table.c.id == row.id))
    return bytes(row.value) if gone == 1 else None


def _add(session: Session, row: dict[str, Any], until: moment, now: moment) -> bool:
    """Writes the row if the place is free or its ticket expired. Did it?"""
    values = {**row, "expires_at": until}
    match session.get_bind().dialect.name:
        case "mysql" | "mariadb":
            return _add_mariadb(session, values, now)
        case "postgresql":
            insert: Any = postgresql.insert(_table).values(values)
        case _:
            insert = sqlite.insert(_table).values(values)
    new = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={
            "version": _table.c.version + 1,
            "value": new.value,
            "expires_at": new.expires_at,
        },
        where=_table.c.expires_at <= now,
    ).returning(_table.c.id)
    return session.execute(statement).first() is not None


def _add_mariadb(session: Session, values: dict[str, Any], now: moment) -> bool:
    insert = mysql.insert(_table).values(values)
    free = _table.c.expires_at <= now
    # Assigned from left to right, so expires_at, which `free` reads, comes last.
    statement = insert.on_duplicate_key_update(
        [
            (name, sa.func.if_(free, new, _table.c[name]))
            for name, new in (
                ("version", _table.c.version + 1),
                ("value", insert.inserted.value),
                ("expires_at", insert.inserted.expires_at),
            )
        ]
    )
    session.execute(statement)
    there = sa.select(_table.c.value).where(*_at(values["kind"], values["key"]))
    stored = session.execute(there.with_for_update()).scalar_one()
    return bool(stored == values["value"])
