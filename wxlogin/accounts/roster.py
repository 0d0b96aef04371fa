"""Users for the operator who knows a name or a number: page by page, and found.

Whatever a person may tell of themself is looked for: a part of the name, a uid of any
time, an openid, a unionid, a site's own id of its customer, a phone number. Only the
operator asks here, seldom, so a look may read a table from end to end. What is found
is never a proof of who somebody is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts import phones
from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.accounts.owners import survivor_id
from wxlogin.accounts.people import survivor_of
from wxlogin.db import as_value, reading
from wxlogin.errors import NotFound
from wxlogin.security.sealing import Sealer

# Fewer digits are in too many numbers, and in other ids.
_PHONE = range(7, 21)


@dataclass(frozen=True)
class Entry:
    """A user as one line of a list; `appids` are those the person came by."""

    uid: str
    nickname: str
    created_at: datetime
    last_seen_at: datetime
    disabled_at: datetime | None
    appids: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Users in the order in which they came; `after` continues behind the last, and
    is None where nobody is."""

    users: tuple[Entry, ...]
    after: str | None


@dataclass(frozen=True)
class Wanted:
    """Whom to list: whom the text fits, and whom the site (a client id) knows. None:
    everybody."""

    text: str | None = None
    client_id: str | None = None


def page(
    wanted: Wanted, sealer: Sealer, *, limit: int, after: str | None = None
) -> Page:
    """At most `limit` users, those who came after the uid `after`.

    Raises NotFound where that is nobody's.
    """
    with reading() as session:
        query = sa.select(User).where(User.merged_into_id.is_(None))
        if wanted.client_id is not None:
            query = query.where(User.id.in_(_known_at(wanted.client_id)))
        if wanted.text is not None:
            query = query.where(User.id.in_(_fitting(session, wanted, sealer)))
        if after is not None:
            query = query.where(User.id > _place(session, after))
        found = session.scalars(query.order_by(User.id).limit(limit + 1)).all()
        users, more = found[:limit], len(found) > limit
        appids = _appids(session, [user.id for user in users])
        entries = [as_value(Entry, one, appids=tuple(appids[one.id])) for one in users]
    return Page(tuple(entries), entries[-1].uid if more else None)


def _place(session: Session, uid: str) -> int:
    user = session.scalar(survivor_of(uid))
    if user is None:
        raise NotFound(f"no user has or had the uid {uid}")
    return user.id


def _known_at(client_id: str) -> sa.Select[int]:
    named = aliased(User)
    return (
        sa.select(survivor_id(named))
        .join(SiteUser, SiteUser.user_id == named.id)
        .where(SiteUser.client_id == client_id)
    )


def _fitting(session: Session, wanted: Wanted, sealer: Sealer) -> sa.Select[int]:
    """Who they are today, also by what they brought into a merge."""
    text, named = wanted.text or "", aliased(User)
    rows: list[sa.ColumnElement[bool]] = [
        named.nickname.icontains(text, autoescape=True)
    ]
    if text.isascii():
        rows += [named.uid == text, *(named.id.in_(one) for one in _by_ids(text))]
    customer = SiteUser.external_id == text
    if wanted.client_id is not None:
        customer = sa.and_(customer, SiteUser.client_id == wanted.client_id)
    rows.append(named.id.in_(sa.select(SiteUser.user_id).where(customer)))
    if owners := _by_phone(session, text, sealer):
        rows.append(named.id.in_(owners))
    return sa.select(survivor_id(named)).where(sa.or_(*rows))


def _by_ids(text: str) -> Iterator[sa.Select[int]]:
    yield sa.select(Identity.user_id).where(Identity.openid == text)
    # One of a platform that the app has left stands only here.
    yield sa.select(Identity.user_id).where(Identity.unionid == text)
    yield sa.select(UnionId.user_id).where(UnionId.unionid == text)


def _by_phone(session: Session, text: str, sealer: Sealer) -> set[int]:
    digits = "".join(filter(str.isdecimal, text))
    is_number = not text.strip("+-() 0123456789") and len(digits) in _PHONE
    return phones.whose(session, digits, sealer) if is_number else set()


def _appids(session: Session, user_ids: Collection[int]) -> dict[int, list[str]]:
    query = (
        sa.select(Identity.user_id, Identity.appid)
        .where(Identity.user_id.in_(user_ids))
        .order_by(Identity.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for user_id, appid in session.execute(query):
        if appid not in found[user_id]:
            found[user_id].append(appid)
    return found
