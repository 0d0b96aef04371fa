"""Conflicts: WeChat said what cannot be true, and an operator should look.

A unionid that changes within one open platform, or that two openids of one app
share, is an alarm and never a reason to merge: snapshot visitors' made-up unionids
are shared by strangers (docs/wechat.md 4; security row 53). A conflict that was
closed goes on counting but is not listed again.

A pair of users that a unionid must not merge is written for the users as they were. It
holds for everything that was merged into them since: what matters is whether any
ancestor of one was kept apart from any ancestor of the other.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from wxlogin import metrics
from wxlogin.accounts.models import Conflict, Identity, KeptApart, UnionId, User
from wxlogin.accounts.owners import family
from wxlogin.accounts.person import Person
from wxlogin.db import StartOver, after_commit, as_value, now, reading, transaction
from wxlogin.db.statements import insert_or_ignore, run
from wxlogin.errors import NotFound


class Reason(StrEnum):
    """What WeChat's answer contradicts."""

    #: A known openid came with another unionid of the same open platform.
    changed_unionid = "changed_unionid"
    #: Two openids of one app came with the same unionid.
    shared_unionid = "shared_unionid"


@dataclass(frozen=True)
class ConflictView:
    """A conflict, for the operator. `uid` has the openid, `owner_uid` the unionid."""

    id: int
    reason: Reason
    appid: str
    openid: str
    open_platform: str
    unionid: str
    uid: str | None
    owner_uid: str | None
    count: int
    last_seen_at: datetime
    closed_at: datetime | None


def record(
    session: Session,
    person: Person,
    *,
    reason: Reason,
    owners: tuple[int | None, int | None],
    at: datetime,
) -> None:
    """Writes the conflict down, or counts it once more.

    `owners` are the users that have the openid and the unionid; the caller has
    locked them.
    """
    facts = {
        "appid": person.appid,
        "openid": person.openid,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
    }
    first = {"reason": reason.value, "count": 0, "first_seen_at": at}
    insert_or_ignore(session, Conflict, {**facts, **first, "last_seen_at": at})
    news = {"last_seen_at": at, "user_id": owners[0], "owner_id": owners[1]}
    same = sa.update(Conflict).filter_by(**facts)
    run(session, same.values(count=Conflict.count + 1, **news))
    after_commit(session, metrics.CONFLICTS.at(reason.value).inc)


def list_conflicts(*, closed: bool = False) -> list[ConflictView]:
    """The open conflicts, the latest first; with `closed` the closed ones too."""
    has_openid, has_unionid = aliased(User), aliased(User)
    query = (
        sa.select(Conflict, has_openid.uid, has_unionid.uid)
        .outerjoin(has_openid, has_openid.id == Conflict.user_id)
        .outerjoin(has_unionid, has_unionid.id == Conflict.owner_id)
        .order_by(Conflict.last_seen_at.desc(), Conflict.id.desc())
    )
    if not closed:
        query = query.where(Conflict.closed_at.is_(None))
    with reading() as session:
        return [_view(*row) for row in session.execute(query)]


def close(conflict_id: int, *, at: datetime | None = None) -> None:
    """The operator has looked. Raises NotFound."""

    def work(session: Session) -> None:
        conflict = session.get(Conflict, conflict_id)
        if conflict is None:
            raise NotFound(f"there is no conflict {conflict_id}")
        conflict.closed_at = conflict.closed_at or at or now()

    transaction(work)


def forget(session: Session, user_id: int) -> None:
    """Deletes what names the ids of this user, in rows about somebody else, too."""
    openids = sa.exists().where(
        Identity.user_id == user_id,
        Identity.appid == Conflict.appid,
        Identity.openid == Conflict.openid,
    )
    unionids = sa.exists().where(
        UnionId.user_id == user_id,
        UnionId.open_platform == Conflict.open_platform,
        UnionId.unionid == Conflict.unionid,
    )
    run(session, sa.delete(Conflict).where(sa.or_(openids, unionids)))


def _view(conflict: Conflict, uid: str | None, owner_uid: str | None) -> ConflictView:
    reason = Reason(conflict.reason)
    return as_value(ConflictView, conflict, reason=reason, uid=uid, owner_uid=owner_uid)


def are_apart(session: Session, one_id: int, other_id: int) -> bool:
    """Are the two, or users merged into them, marked as two persons?"""
    query = sa.select(KeptApart.id).where(_between(one_id, other_id)).limit(1)
    return session.execute(query).first() is not None


def keep_apart(session: Session, one_id: int, other_id: int, *, at: datetime) -> None:
    """Marks two users as two persons; once is enough.

    Raises StartOver where one of them was deleted meanwhile.
    """
    first, second = sorted((one_id, other_id))
    pair = {"first_id": first, "second_id": second, "at": at}
    try:
        insert_or_ignore(session, KeptApart, pair)
    except IntegrityError:
        # Nothing but a reference to a user can be in the way.
        raise StartOver from None


def keep_heir_apart(
    session: Session, heir_id: int, holder_id: int, *, at: datetime
) -> None:
    """Keeps `heir_id` apart from everyone that `holder_id` is kept apart from.

    For a user who is about to leave the holder: whoever was told apart from both
    together stays so from each.
    """
    lineage = set(session.scalars(family(holder_id)))
    involved = sa.or_(KeptApart.first_id.in_(lineage), KeptApart.second_id.in_(lineage))
    pairs = session.scalars(sa.select(KeptApart).where(involved)).all()
    for other in {one for pair in pairs for one in (pair.first_id, pair.second_id)}:
        if other not in lineage:
            keep_apart(session, heir_id, other, at=at)


def let_together(session: Session, one_id: int, other_id: int) -> None:
    """Takes the mark back, for a person who chose to be one."""
    run(session, sa.delete(KeptApart).where(_between(one_id, other_id)))


def _between(one_id: int, other_id: int) -> sa.ColumnElement[bool]:
    one, other = family(one_id), family(other_id)
    return sa.or_(
        sa.and_(KeptApart.first_id.in_(one), KeptApart.second_id.in_(other)),
        sa.and_(KeptApart.first_id.in_(other), KeptApart.second_id.in_(one)),
    )
