"""The events of a site in an order that no reader can fall behind.

A reader asks for what comes after the last event it has seen. The ids of rows would
not do for that: they are given at the insert, and a transaction that inserted first
may commit last; a reader that was past its id by then would never see its event.

So each event gets its position after its commit, under a lock that all who number
share (the one row of `EventCount`), and positions are committed in their order:
whoever sees one sees all before it. Numbering is done by whoever reads. Events of
one user come in the order of the changes, as their ids do (see `events`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import WithJsonSchema
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from wxlogin.accounts.changes import Kind
from wxlogin.accounts.models import Event, EventCount, LogoutNotice
from wxlogin.db import reading, transaction
from wxlogin.db.statements import insert_or_ignore, remove
from wxlogin.service import running

# Events numbered in one transaction.
BATCH = 1000
_ONLY_ROW = 1
#: A site that reads the feed less often than this misses events.
EVENTS_KEPT = timedelta(days=30)
# Notices are tried for an hour; older ones wait where nobody delivers.
NOTICES_KEPT = timedelta(days=1)


class PublicEvent(TypedDict):
    """An event as JSON. docs/events.md says what `data` holds for each type."""

    type: Annotated[str, WithJsonSchema({"enum": [kind.value for kind in Kind]})]
    timestamp: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
    data: dict[str, Any]


@dataclass(frozen=True)
class Told:
    """An event as it is told to a site, by feed or webhook."""

    id: str
    type: str
    at: datetime
    data: dict[str, Any]

    def public_form(self) -> PublicEvent:
        """As JSON for its site: `type`, `timestamp` and `data`. Apps have names."""
        names = running().settings.app_names
        data = dict(self.data)
        if identities := data.get("identities"):
            data["identities"] = [
                {"app": names.get(one["appid"]), "kind": one["kind"]}
                for one in identities
            ]
        moment = self.at.astimezone(UTC).isoformat(timespec="milliseconds")
        timestamp = moment.replace("+00:00", "Z")
        return {"type": self.type, "timestamp": timestamp, "data": data}


@dataclass(frozen=True)
class Page:
    """Some events. `next` is where to go on; with `more` there is some already."""

    events: tuple[Told, ...]
    next: int
    more: bool


def read(client_id: str, *, after: int, limit: int) -> Page:
    """The site's events behind the position `after`, at most `limit`."""
    number_all()
    query = (
        sa.select(Event)
        .where(Event.client_id == client_id, Event.position > after)
        .order_by(Event.position)
        .limit(limit + 1)
    )
    with reading() as session:
        rows = list(session.scalars(query))
    shown = rows[:limit]
    last = shown[-1].position if shown else None
    return Page(
        tuple(told(row) for row in shown), last or after, more=len(rows) > limit
    )


def told(row: Event) -> Told:
    return Told(row.event_id, row.type, row.at, row.data)


def number_all() -> None:
    """Gives positions to all events that are committed and have none."""
    without = sa.select(Event.id).where(Event.position.is_(None)).limit(1)
    while True:
        with reading() as session:
            if session.scalar(without) is None:
                return
        transaction(_number)


def forget_events(at: datetime) -> int:
    """Removes old events and notices, told or not; says how many."""
    notices = remove(LogoutNotice, LogoutNotice.at <= at - NOTICES_KEPT)
    return notices + remove(Event, Event.at < at - EVENTS_KEPT)


def _number(session: Session) -> None:
    count = _locked_count(session)
    # Read after the lock was taken: what others have numbered is not here.
    query = sa.select(Event.id).where(Event.position.is_(None))
    ids: Sequence[int] = session.scalars(query.order_by(Event.id).limit(BATCH)).all()
    if not ids:
        return
    places = enumerate(ids, start=count.last + 1)
    session.execute(
        sa.update(Event), [{"id": one, "position": place} for place, one in places]
    )
    count.last += len(ids)


def _locked_count(session: Session) -> EventCount:
    query = sa.select(EventCount).where(EventCount.id == _ONLY_ROW).with_for_update()
    found = session.scalar(query)
    if found is None:
        insert_or_ignore(session, EventCount, {"id": _ONLY_ROW, "last": 0})
        found = session.scalars(query).one()
    return found
