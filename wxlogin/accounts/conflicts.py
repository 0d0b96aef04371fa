"""Conflicts: WeChat said what cannot be true, and an operator should look.

A unionid that changes within one open platform, or that two openids of one app
share, is an alarm and never a reason to merge: snapshot visitors' made-up unionids
are shared by strangers (docs/wechat.md 4; security row 53). A conflict that was
closed goes on counting but is not listed again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import Conflict, User
from wxlogin.accounts.person import Person
from wxlogin.db import now, reading, transaction
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
    last_seen: datetime
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


def _view(conflict: Conflict, uid: str | None, owner_uid: str | None) -> ConflictView:
    return ConflictView(
        id=conflict.id,
        reason=Reason(conflict.reason),
        appid=conflict.appid,
        openid=conflict.openid,
        open_platform=conflict.open_platform,
        unionid=conflict.unionid,
        uid=uid,
        owner_uid=owner_uid,
        count=conflict.count,
        last_seen=conflict.last_seen_at,
        closed_at=conflict.closed_at,
    )
