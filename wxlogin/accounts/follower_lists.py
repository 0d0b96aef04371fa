"""How far the list of an account's followers is read, so that it goes on from there.

One run reads a list at a time: it holds a lease, which it renews with everything that
it writes. One that was killed is followed by another when its lease is over, and what
it has written stays. A place older than a day is no use: people have come and gone.

Whoever stood in the list carries the moment at which it began to be read, and who does
not when it is through is in it no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Follower, FollowerList
from wxlogin.db import as_value, read, transaction
from wxlogin.db.statements import insert_or_ignore, run

#: How long a place is good.
FRESH = timedelta(days=1)
# Openids that one statement names.
_MANY = 1000
_TICK = timedelta(microseconds=1)


class Overtaken(Exception):
    """Another run reads the list, because our lease was over."""


@dataclass(frozen=True)
class Place:
    """Behind whom the list goes on, for the run that holds it; "" for its beginning."""

    appid: str
    began_at: datetime
    next_openid: str
    holder: str


@dataclass(frozen=True)
class Absent:
    """Somebody who follows as far as we know, and is not in the list."""

    id: int
    openid: str


def claim(
    appid: str, holder: str, *, at: datetime, until: datetime, anew: bool = False
) -> Place | None:
    """The place from which this run goes on; None while another one reads the list.

    `anew` begins the list again, which is done as well where it was read to its end or
    began longer ago than FRESH.
    """

    def work(session: Session) -> Place | None:
        insert_or_ignore(session, FollowerList, _blank(appid, at))
        free = sa.or_(
            FollowerList.lease_until.is_(None), FollowerList.lease_until <= at
        )
        own = sa.update(FollowerList).where(FollowerList.appid == appid, free)
        if not run(session, own.values(holder=holder, lease_until=until)):
            return None
        query = sa.select(FollowerList).where(FollowerList.appid == appid)
        row = session.scalars(query).one()
        if anew or row.ended_at is not None or row.began_at <= at - FRESH:
            # Later than the last time, whatever the clock says.
            row.began_at = max(at, row.began_at + _TICK)
            row.next_openid, row.ended_at = "", None
        return as_value(Place, row)

    return transaction(work)


def _blank(appid: str, at: datetime) -> dict[str, Any]:
    return {"appid": appid, "began_at": at, "next_openid": "", "holder": ""}


def held_until(appid: str) -> datetime | None:
    """Until when nobody else may read the list; it moves while somebody does."""
    query = sa.select(FollowerList.lease_until).where(FollowerList.appid == appid)
    return read(lambda session: session.scalar(query))


def hold(session: Session, place: Place, until: datetime) -> None:
    """The run goes on. Raises Overtaken."""
    _write(session, place, lease_until=until)


def move(place: Place, next_openid: str, until: datetime) -> Place:
    """The place behind this person. Raises Overtaken."""
    news = {"next_openid": next_openid, "lease_until": until}
    transaction(lambda session: _write(session, place, **news))
    return replace(place, next_openid=next_openid)


def end(place: Place, at: datetime) -> None:
    """The list is read to its end. Raises Overtaken."""
    transaction(lambda session: _write(session, place, ended_at=at, next_openid=""))


def release(place: Place) -> None:
    """Another run may go on from here at once."""
    own = _own(place).values(lease_until=None)
    transaction(lambda session: run(session, own))


def listed(place: Place, openids: Sequence[str]) -> set[str]:
    """Which of these people were met in this list already."""
    found: set[str] = set()
    for start in range(0, len(openids), _MANY):
        part = openids[start : start + _MANY]
        query = sa.select(Follower.openid).where(*_in(place), Follower.openid.in_(part))
        found |= read(lambda session, query=query: set(session.scalars(query)))  # type: ignore[misc]
    return found


def count(place: Place) -> int:
    """How many people were met in this list so far."""
    query = sa.select(sa.func.count()).select_from(Follower).where(*_in(place))
    return read(lambda session: session.scalar(query)) or 0


def absent(place: Place, *, behind: int, most: int) -> list[Absent]:
    """People who followed before the list began to be read, and were not met in it;
    those with an id above `behind`, in the order of the ids."""
    # Pushes know seconds only: who followed in this one may have come after it.
    began = place.began_at.replace(microsecond=0)
    query = (
        sa.select(Follower.id, Follower.openid)
        .where(
            Follower.appid == place.appid,
            Follower.followed,
            Follower.changed_at < began,
            Follower.listed_at.is_distinct_from(place.began_at),
            Follower.id > behind,
        )
        .order_by(Follower.id)
        .limit(most)
    )
    return read(lambda session: [Absent(*row) for row in session.execute(query)])


def forget_places(at: datetime) -> int:
    """Removes whom a place names that is no use any more; says of how many."""
    old = sa.update(FollowerList).where(
        FollowerList.began_at <= at - FRESH, FollowerList.next_openid != ""
    )
    return transaction(lambda session: run(session, old.values(next_openid="")))


def _write(session: Session, place: Place, **news: Any) -> None:
    if not run(session, _own(place).values(**news)):
        raise Overtaken


def _own(place: Place) -> sa.Update:
    return sa.update(FollowerList).where(
        FollowerList.appid == place.appid, FollowerList.holder == place.holder
    )


def _in(place: Place) -> tuple[sa.ColumnElement[bool], ...]:
    return (Follower.appid == place.appid, Follower.listed_at == place.began_at)
