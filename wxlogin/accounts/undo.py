"""Telling two merged users apart again.

The user that was merged away gets back what the survivor still holds:

- the unionids and identities on the merge's record, and the former users;
- identities that came to the survivor later by one of those unionids, or are what
  one of those identities became when an account moved.

An identity that ends up with one user while the unionid on it belongs to another
forgets the unionid. The pair is kept apart from then on, so that the next sign-in
with that unionid does not merge it again. Merges may be undone in any order.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import avatars, conflicts, sessions, wechats
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import (
    Identity,
    LoginEvent,
    Merge,
    MovedIdentity,
    UnionId,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.person import Profile
from wxlogin.db import StartOver, now, transaction
from wxlogin.db.statements import run
from wxlogin.errors import Conflict, NotFound


@dataclass(frozen=True)
class Undone:
    """Two users again: `restored_uid` has its `identities` back."""

    survivor_uid: str
    restored_uid: str
    identities: int


def undo(merge_id: int, *, at: datetime | None = None) -> Undone:
    """Takes a merge back. The sessions opened through what moves end.

    A survivor that is disabled leaves the restored user disabled too. Raises
    NotFound, or Conflict if the merge was undone before or one of the two would be
    left without an identity.
    """
    return transaction(lambda session: _undo(session, merge_id, at=at or now()))


def take_back(user_id: int, merge_id: int, *, at: datetime | None = None) -> Undone:
    """`undo` by the person, while the merge is new (accounts/wechats.py).

    Raises NotFound for what is no such merge of this user's account, and what `undo`
    raises.
    """
    moment = at or now()

    def work(session: Session) -> Undone:
        new = wechats.company(session, user_id).merges(at=moment)
        if merge_id not in {one.merge_id for one in new}:
            raise NotFound("no new merge of this account has this number")
        return _undo(session, merge_id, at=moment)

    return transaction(work)


def _undo(session: Session, merge_id: int, *, at: datetime) -> Undone:
    row, loser, holder = _lock_pair(session, merge_id)
    going = _going_back(session, row, holder)
    if not going or not _held(session, holder) - going:
        raise Conflict(f"merge {merge_id}: one user would be left without an identity")
    conflicts.keep_heir_apart(session, loser.id, holder.id, at=at)
    loser.merged_into_id = None
    loser.disabled_at = holder.disabled_at
    _return_profile(loser, holder)
    avatars.drop_foreign(session, holder)
    _give_back(session, row, holder=holder, loser=loser, identities=going)
    _forget_foreign_unionids(session, holder.id, loser.id)
    for other in {row.survivor_id, holder.id}:
        conflicts.keep_apart(session, loser.id, other, at=at)
    row.undone_at = at
    announce(session, Change(Kind.split, holder.id, at, other_id=loser.id))
    return Undone(holder.uid, loser.uid, len(going))


def _lock_pair(session: Session, merge_id: int) -> tuple[Merge, User, User]:
    """The merge, the user it merged away, and the user that holds the rows now."""
    seen = session.get(Merge, merge_id)
    if seen is None:
        raise NotFound(f"there is no merge {merge_id}")
    if seen.undone_at is not None:
        raise Conflict(f"merge {merge_id} was undone before")
    loser = session.get(User, seen.loser_id)
    if loser is None:
        # Deleted since, and the merge with it.
        raise StartOver
    pair = {seen.loser_id, loser.merged_into_id}
    query = sa.select(User).where(User.id.in_(pair)).order_by(User.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    users = {user.id: user for user in session.scalars(fresh)}
    row = session.get(Merge, merge_id, populate_existing=True)
    if row is None or row.undone_at is not None or len(users) != 2:
        raise StartOver
    loser = users.pop(row.loser_id)
    (holder,) = users.values()
    if loser.merged_into_id != holder.id:
        raise StartOver
    return row, loser, holder


def _going_back(session: Session, row: Merge, holder: User) -> set[int]:
    """Ids of the holder's identities that belong to the restored user."""
    mine = sa.and_(
        UnionId.open_platform == Identity.open_platform,
        UnionId.unionid == Identity.unionid,
        UnionId.id.in_(row.moved.union_ids),
        UnionId.user_id == holder.id,
    )
    held = sa.select(Identity.id).where(Identity.user_id == holder.id)
    by_unionid = set(session.scalars(held.join(UnionId, mine)))
    by_move = _became(session, by_unionid | set(row.moved.identities))
    later = (by_unionid | by_move) - _of_others(session, row)
    return _held(session, holder) & (set(row.moved.identities) | later)


def _became(session: Session, identities: set[int]) -> set[int]:
    """What these became where an account moved, and those in turn."""
    found: set[int] = set()
    while identities:
        new = {one for _, one in wechats.moves_of(session, identities)}
        identities = new - found
        found |= new
    return found


def _of_others(session: Session, row: Merge) -> set[int]:
    """Identities that were somebody else's when the merge, or a later one, was made.

    Walks from this merge through the later ones that brought the survivor's rows to
    where they are now.
    """
    others = set(row.moved.stayed)
    holder = row.survivor_id
    later = sa.select(Merge).where(Merge.id > row.id, Merge.undone_at.is_(None))
    for merge in session.scalars(later.order_by(Merge.id)):
        if merge.survivor_id == holder:
            others |= set(merge.moved.identities)
        elif merge.loser_id == holder:
            others |= set(merge.moved.stayed)
            holder = merge.survivor_id
    return others


def _held(session: Session, holder: User) -> set[int]:
    query = sa.select(Identity.id).where(Identity.user_id == holder.id)
    return set(session.scalars(query))


def _return_profile(loser: User, holder: User) -> None:
    """Takes the loser's name and picture from a survivor that had none itself."""
    if loser.profile_at is not None and holder.profile_at == loser.profile_at:
        holder.profile, holder.profile_at = Profile(), None


def _give_back(
    session: Session, row: Merge, *, holder: User, loser: User, identities: set[int]
) -> None:
    for table, ids, owner in (
        (Identity, Identity.id.in_(identities), Identity.user_id),
        (LoginEvent, LoginEvent.identity_id.in_(identities), LoginEvent.user_id),
        (UnionId, UnionId.id.in_(row.moved.union_ids), UnionId.user_id),
        (User, User.id.in_(row.moved.formers), User.merged_into_id),
    ):
        held = sa.update(table).where(ids, owner == holder.id)
        run(session, held.values({owner: loser.id}))
    through = SessionRow.identity_id.in_(identities)
    sessions.end(session, through)
    _part(session, identities)


def _part(session: Session, identities: set[int]) -> None:
    """No openid of these became one of another user's."""
    old, new = MovedIdentity.old_id, MovedIdentity.new_id
    going = old.in_(identities) & new.not_in(identities)
    coming = new.in_(identities) & old.not_in(identities)
    run(session, sa.delete(MovedIdentity).where(going | coming))


def _forget_foreign_unionids(session: Session, *user_ids: int) -> None:
    owner = (
        sa.select(UnionId.user_id)
        .where(
            UnionId.open_platform == Identity.open_platform,
            UnionId.unionid == Identity.unionid,
        )
        .scalar_subquery()
    )
    query = sa.select(Identity.id).where(
        Identity.user_id.in_(user_ids), owner != Identity.user_id
    )
    foreign = list(session.scalars(query))
    forget = sa.update(Identity).where(Identity.id.in_(foreign))
    run(session, forget.values(open_platform=None, unionid=None))
