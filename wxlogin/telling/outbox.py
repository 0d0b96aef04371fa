"""The durable outbox: what a site must still hear waits in a table.

    waits → claimed, for as long as a lease → settled
                                            | put off, by pauses that grow → waits

A row is written in the transaction of what happened, so nothing is lost. It is sent by
one process at a time, which holds its lease; one that dies leaves it for the next when
the lease is over. So a site may hear of something twice, and never not at all. Where
the order counts, a row waits for the earlier ones about the same users.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from wxlogin import metrics
from wxlogin.accounts.models import Event, LogoutNotice
from wxlogin.config import Site
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import run
from wxlogin.net.outgoing import Reply
from wxlogin.service import running

#: Longer than one call may take.
LEASE = timedelta(seconds=30)
# Rows of a site that are looked at together. A server that refuses so many for days is
# down, and nothing behind them is held back by mistake.
WINDOW = 1000

Row = TypeVar("Row", Event, LogoutNotice)


@dataclass(frozen=True)
class Backlog:
    """What a site must still hear by one way: how many things, WINDOW at most, and for
    how many seconds the oldest has waited."""

    way: str
    site: str
    count: int
    oldest: float


class Outbox(ABC, Generic[Row]):
    """What waits in one table, and is sent in one way."""

    table: type[Row]
    #: The way, in one word.
    way = ""
    #: Does a row wait for the earlier ones of the same users?
    ordered = False

    @abstractmethod
    def address(self, site: Site) -> str | None:
        """Where this site wants to hear; None where it does not."""

    @abstractmethod
    def send(self, site: Site, row: Row) -> Reply:
        """Sends it once."""

    @abstractmethod
    def pause(self, site: Site, row: Row, reply: Reply) -> int | None:
        """Seconds until the next try, after one that failed; None to give up."""

    @abstractmethod
    def settle(self, row: Row) -> None:
        """The site has heard of it, or never will."""

    def waiting(self) -> sa.ColumnElement[bool]:
        """Which rows wait; all, where settled ones go."""
        return sa.true()

    def users(self, row: Row) -> set[str]:
        """Whose later rows have to wait for this one, where the order counts."""
        return set()

    def sites_due(self) -> list[Site]:
        """The sites for which something is due now."""
        sites = running().settings.sites
        listening = {
            site.client_id: site
            for site in sites
            if site.client_id and self.address(site)
        }
        found = self.clients_due(listening)
        return [site for client_id, site in listening.items() if client_id in found]

    def backlog(self) -> Iterator[Backlog]:
        """What waits for each site that listens, due or not."""
        for site in running().settings.sites:
            if not site.client_id or not self.address(site):
                continue
            own = self.table.client_id == site.client_id
            first = sa.select(self.table.at).where(own, self.waiting())
            window = first.order_by(self.table.id).limit(WINDOW).subquery()
            with reading() as session:
                count, oldest = session.execute(
                    sa.select(sa.func.count(), sa.func.min(window.c.at))
                ).one()
            seconds = (now() - oldest).total_seconds() if oldest else 0.0
            yield Backlog(self.way, site.name, count, seconds)

    def clients_due(self, listening: Collection[str]) -> set[str]:
        """The client ids for which something is due, at least the listening ones."""
        if not listening:
            return set()
        query = sa.select(self.table.client_id).where(*self.due(now())).distinct()
        with reading() as session:
            return set(
                session.scalars(query.where(self.table.client_id.in_(listening)))
            )

    def due(self, at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
        """Which rows are due at this moment."""
        table = self.table
        return (
            self.waiting(),
            sa.or_(table.next_try_at.is_(None), table.next_try_at <= at),
            sa.or_(table.lease_until.is_(None), table.lease_until <= at),
        )

    def tell(self, site: Site) -> int:
        """Sends this site what is due, until a try fails; says how many arrived."""
        count = 0
        while True:
            arrived, failed = self._go_through(site)
            count += arrived
            if failed or not arrived:
                return count

    def rows(self, site: Site) -> list[Row]:
        """The first rows that wait for this site; where the order counts, those that
        are not due as well."""
        which = (self.waiting(),) if self.ordered else self.due(now())
        query = (
            sa.select(self.table)
            .where(self.table.client_id == site.client_id, *which)
            .order_by(self.table.id)
            .limit(WINDOW)
        )
        with reading() as session:
            return list(session.scalars(query))

    def claim(self, row: Row) -> bool:
        """Is the row ours for a while? Not where it is not due, or another's."""
        at = now()
        times = (row.next_try_at, row.lease_until)
        if any(moment is not None and moment > at for moment in times):
            return False
        values = {"lease_until": at + LEASE, "tries": row.tries + 1}
        return bool(self.change(row, values, *self.due(at)))

    def change(
        self, row: Row, values: dict[str, Any], *where: sa.ColumnElement[bool]
    ) -> int:
        """Writes these values where all that holds; says how many rows there were."""
        own = sa.update(self.table).where(self.table.id == row.id, *where)
        return transaction(lambda session: run(session, own.values(values)))

    def _go_through(self, site: Site) -> tuple[int, bool]:
        """Sends what is due of the first that wait; how many, and did one fail?

        In their order: what is not for us now, because its pause goes on or another
        process has it, holds back what comes later of the same users.
        """
        held: set[str] = set()
        count = 0
        for row in self.rows(site):
            users = self.users(row)
            if held & users or not self.claim(row):
                held |= users
                continue
            reply = self.send(site, row)
            if reply.good:
                metrics.DELIVERIES.at(self.way, site.name, "delivered").inc()
            else:
                self._failed(site, row, reply)
                return count, True
            self.settle(row)
            count += 1
        return count, False

    def _failed(self, site: Site, row: Row, reply: Reply) -> None:
        pause = self.pause(site, row, reply)
        result = "given_up" if pause is None else "failed"
        metrics.DELIVERIES.at(self.way, site.name, result).inc()
        if pause is None:
            return self.settle(row)
        again = now() + timedelta(seconds=pause)
        self.change(row, {"next_try_at": again, "lease_until": None})
