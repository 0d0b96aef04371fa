"""Which people of an app have a unionid of one open platform by now.

Where an app is bound to another open platform the openids stay and the unionids are new
ones. Nothing converts them: each person's comes with the next sign-in, by the table of
`resolve`, in which the old unionid is none there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.db import as_value, reading

_PAGE = 1000


@dataclass(frozen=True)
class Counts:
    """Of all people of an app, those whom it has named a unionid of the platform, and
    those who have one there by another app only."""

    people: int
    named: int
    elsewhere: int


@dataclass(frozen=True)
class Unnamed:
    """Somebody without; `open_platform` is where the unionid counts that there is."""

    id: int
    openid: str
    uid: str
    open_platform: str | None
    last_seen_at: datetime


def count(appid: str, platform: str) -> Counts:
    """How many of the app's people have a unionid of this open platform."""
    mine, named = Identity.appid == appid, _is_named(platform)
    wholes = sa.select(
        sa.func.count(),
        sa.func.count(sa.case((named, 1))),
        sa.func.count(sa.case((~named & _has_one(platform), 1))),
    )
    with reading() as session:
        return Counts(*session.execute(wholes.select_from(Identity).where(mine)).one())


def unnamed(appid: str, platform: str) -> Iterator[Unnamed]:
    """Everybody else, in the order in which we met them."""
    missing = ~_is_named(platform) & ~_has_one(platform)
    query = (
        sa.select(
            Identity.id,
            Identity.openid,
            User.uid,
            Identity.open_platform,
            Identity.last_seen_at,
        )
        .join(User, User.id == Identity.user_id)
        .where(Identity.appid == appid, missing)
        .order_by(Identity.id)
        .limit(_PAGE)
    )
    last = 0
    with reading() as session:
        while page := session.execute(query.where(Identity.id > last)).all():
            yield from (as_value(Unnamed, row) for row in page)
            last = page[-1].id


def _is_named(platform: str) -> sa.ColumnElement[bool]:
    # Not where it has none at all, which a comparison alone would not say.
    own = sa.func.coalesce(Identity.open_platform, "") == platform
    return own & Identity.unionid.is_not(None)


def _has_one(platform: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        UnionId.user_id == Identity.user_id, UnionId.open_platform == platform
    )
