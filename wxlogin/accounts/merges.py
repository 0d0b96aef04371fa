"""Two users that prove to be one person become one, on record.

The older account survives (by `created_at`, then id). The other's rows move by id
and its sessions end; its row stays, so that its uid resolves for ever. Users that
had been merged into it before point at the survivor from now on. What moved stands
in the Merge row, and `undo` goes by that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin import signals
from wxlogin.accounts import conflicts, sessions
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import (
    Identity,
    LoginEvent,
    Merge,
    Moved,
    UnionId,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock, refuse_disabled
from wxlogin.accounts.undo import undo
from wxlogin.db import as_value, reading
from wxlogin.db.statements import run

__all__ = ["Cause", "MergeView", "Merged", "list_merges", "merge", "undo"]


class Cause(StrEnum):
    """Why two users became one."""

    #: WeChat named one unionid for both.
    unionid = "unionid"
    #: The person signed in as both and chose to.
    choice = "choice"
    #: An official account moved, and WeChat says that both openids are one person.
    moved = "moved"


@dataclass(frozen=True)
class Merged:
    """What a merge did. `survivor` owns everything now."""

    survivor: User
    loser: User
    merge_id: int


@dataclass(frozen=True)
class MergeView:
    """A merge, for the operator. `identities` counts those that moved."""

    id: int
    at: datetime
    cause: Cause
    survivor_uid: str
    merged_uid: str
    identities: int
    undone_at: datetime | None


def merge(
    session: Session,
    one_id: int,
    other_id: int,
    *,
    cause: Cause,
    at: datetime,
    keep_session: int | None = None,
) -> Merged:
    """Makes two users one, inside the caller's transaction.

    Whether they may be merged is the caller's question, with two exceptions: raises
    AccountDisabled if one is disabled and AccountGone if one was deleted. A mark
    that kept them apart is taken back. `keep_session` is the one session of the
    merged user that goes on, as the survivor's.
    """
    users = lock(session, {one_id, other_id}).values()
    refuse_disabled(*users)
    survivor, loser = sorted(users, key=lambda user: (user.created_at, user.id))
    conflicts.let_together(session, survivor.id, loser.id)
    announce(session, Change(Kind.merged, survivor.id, at, other_id=loser.id))
    moved = _move(session, loser, survivor, keep_session)
    _take_profile(loser, survivor)
    loser.merged_into_id = survivor.id
    row = Merge(
        survivor_id=survivor.id, loser_id=loser.id, at=at, cause=cause, moved=moved
    )
    session.add(row)
    session.flush()
    signals.send(session, signals.merged, uid=survivor.uid, other_uid=loser.uid)
    return Merged(survivor, loser, row.id)


def list_merges() -> list[MergeView]:
    """All merges, the latest first."""
    survivor, loser = aliased(User), aliased(User)
    query = (
        sa.select(Merge, survivor.uid, loser.uid)
        .join(survivor, survivor.id == Merge.survivor_id)
        .join(loser, loser.id == Merge.loser_id)
        .order_by(Merge.id.desc())
    )
    with reading() as session:
        return [_view(*row) for row in session.execute(query)]


def _move(
    session: Session, loser: User, survivor: User, keep_session: int | None
) -> Moved:
    moved = Moved(
        identities=_ids(session, Identity.id, Identity.user_id == loser.id),
        union_ids=_ids(session, UnionId.id, UnionId.user_id == loser.id),
        formers=_ids(session, User.id, User.merged_into_id == loser.id),
        stayed=_ids(session, Identity.id, Identity.user_id == survivor.id),
    )
    for table in (Identity, UnionId, LoginEvent):
        mine = sa.update(table).where(table.user_id == loser.id)
        run(session, mine.values(user_id=survivor.id))
    former = sa.update(User).where(User.merged_into_id == loser.id)
    run(session, former.values(merged_into_id=survivor.id))
    if keep_session is not None:
        kept = sa.update(SessionRow).where(SessionRow.id == keep_session)
        run(session, kept.values(user_id=survivor.id))
    sessions.end(session, SessionRow.user_id == loser.id)
    return moved


def _take_profile(loser: User, survivor: User) -> None:
    """The survivor shows the loser's name and picture only if it has none.

    `profile_at` comes with them: an undo knows by it whose they are.
    """
    if survivor.profile_at is None and loser.profile_at is not None:
        survivor.profile, survivor.profile_at = loser.profile, loser.profile_at


def _ids(
    session: Session,
    column: sa.SQLColumnExpression[int],
    where: sa.ColumnElement[bool],
) -> tuple[int, ...]:
    return tuple(session.scalars(sa.select(column).where(where).order_by(column)))


def _view(row: Merge, survivor_uid: str, merged_uid: str) -> MergeView:
    return as_value(
        MergeView,
        row,
        cause=Cause(row.cause),
        survivor_uid=survivor_uid,
        merged_uid=merged_uid,
        identities=len(row.moved.identities),
    )
