"""The WeChats of an account: which identities are one, and since when they share it.

A WeChat is all identities under one unionid, and what their openids became where an
account moved; an identity without either stands for itself. Several come to share an
account because one was added to it, or because two accounts became one.

Nobody who has just come pushes out who was there before: a scan that was begged for,
or a browser left open for a minute, would cost somebody the account for good
(finding M4). So for seven days (`NEW`)

- who was there before a newcomer stays, whoever asks: a session of theirs may be in
  the newcomer's hands. The newcomer can go at any time, by its own wish or that of
  who was there before;
- where two accounts became one, neither is the newcomer: the merge can be taken
  back, which leaves each with what was its own, and nobody is taken off;
- a newcomer, and either side of a merge, does not delete the account, and takes no
  copy of its data.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import Identity, Merge, MovedIdentity, User
from wxlogin.accounts.owners import family
from wxlogin.db import now
from wxlogin.errors import RecentlyJoined

#: So long somebody is new to an account.
NEW = timedelta(days=7)


@dataclass(frozen=True)
class WeChat:
    """One WeChat on an account: ids of its identities, when the first came, and the
    name and address of a picture that WeChat gave last; empty where it has not yet."""

    identities: frozenset[int]
    since: datetime
    nickname: str = ""
    avatar: str | None = None


@dataclass(frozen=True)
class Joining:
    """How two WeChats of an account came to share it.

    Where two accounts became one, `merge_id` names the record, `elder` is of the one
    that survived, and the names are those of the two accounts.
    """

    elder: WeChat
    newcomer: WeChat
    at: datetime
    merge_id: int | None = None
    elder_name: str = ""
    newcomer_name: str = ""

    @property
    def is_merge(self) -> bool:
        return self.merge_id is not None

    def concerns(self, wechat: WeChat) -> bool:
        return wechat in (self.elder, self.newcomer)

    def keeps(self, wechat: WeChat) -> bool:
        """Must this one stay while the joining is new?"""
        return self.concerns(wechat) if self.is_merge else wechat == self.elder

    def makes_new(self, wechat: WeChat) -> bool:
        """Is this one new to the account while the joining is new?"""
        return not self.is_merge and wechat == self.newcomer


@dataclass(frozen=True)
class Company:
    """All WeChats of an account, the first first, and how they came together."""

    wechats: tuple[WeChat, ...]
    joinings: tuple[Joining, ...]

    def of(self, identity_id: int) -> WeChat | None:
        """The WeChat that this identity belongs to."""
        return next(
            (one for one in self.wechats if identity_id in one.identities), None
        )

    def may_go(self, wechat: WeChat, *, by: WeChat | None, at: datetime) -> bool:
        """May it be taken off by a session that was opened through `by`?

        Not the last one, and nobody for a newcomer's sake.
        """
        if len(self.wechats) < 2:
            return False
        coming = [one for one in self._new(at) if one.makes_new(wechat)]
        if coming and (by == wechat or any(one.elder == by for one in coming)):
            return True
        return not any(one.keeps(wechat) for one in self._new(at))

    def is_at_home(self, wechat: WeChat, *, at: datetime) -> bool:
        """May a session that was opened through it delete the account, or take a copy
        of all that is kept about it?"""
        return not any(
            one.makes_new(wechat) or (one.is_merge and one.concerns(wechat))
            for one in self._new(at)
        )

    def merges(self, *, at: datetime) -> tuple[Joining, ...]:
        """One joining for each merge that can still be taken back."""
        new = {one.merge_id: one for one in self._new(at) if one.is_merge}
        return tuple(new.values())

    def _new(self, at: datetime) -> list[Joining]:
        return [one for one in self.joinings if at - one.at < NEW]


def company(session: Session, user_id: int) -> Company:
    """The WeChats of this user, in one statement where there is but one."""
    query = sa.select(Identity).where(Identity.user_id == user_id)
    identities = session.scalars(query.order_by(Identity.id)).all()
    wechats = _wechats(identities)
    if len(wechats) > 1:
        wechats = _wechats(identities, moves_of(session, [i.id for i in identities]))
    if len(wechats) < 2:
        return Company(wechats, ())
    merges = _merges(session, user_id)
    found = [_joining(*pair, merges) for pair in combinations(wechats, 2)]
    # Who came at once, in an import, is nobody's newcomer.
    apart = [one for one in found if one.is_merge or one.elder.since < one.at]
    return Company(wechats, tuple(apart))


def require_at_home(session: Session, user_id: int, identity_id: int) -> None:
    """Raises RecentlyJoined for who has just come to the account by this identity."""
    found = company(session, user_id)
    wechat = found.of(identity_id)
    if wechat is not None and not found.is_at_home(wechat, at=now()):
        raise RecentlyJoined("who has just come neither deletes nor copies the account")


def moves_of(session: Session, identities: Collection[int]) -> list[tuple[int, int]]:
    """Pairs of an identity and what it became, where one of these became another."""
    moved = MovedIdentity
    query = sa.select(moved.old_id, moved.new_id).where(moved.old_id.in_(identities))
    return [(old, new) for old, new in session.execute(query.order_by(moved.id))]


def _wechats(
    identities: Sequence[Identity], moves: Sequence[tuple[int, int]] = ()
) -> tuple[WeChat, ...]:
    found = [
        WeChat(
            frozenset(one.id for one in group),
            min(one.first_seen_at for one in group),
            *_latest(group),
        )
        for group in _groups(identities, moves)
    ]
    return tuple(sorted(found, key=lambda one: (one.since, min(one.identities))))


def _latest(group: Sequence[Identity]) -> tuple[str, str | None]:
    """Name and picture as the identity knows them that was seen last, and knows any."""
    latest = sorted(group, key=lambda one: one.last_seen_at, reverse=True)
    name = next((one.nickname for one in latest if one.nickname), "")
    return name, next((one.avatar for one in latest if one.avatar), None)


def _groups(
    identities: Sequence[Identity], moves: Sequence[tuple[int, int]]
) -> list[list[Identity]]:
    groups: dict[object, list[Identity]] = {}
    place: dict[int, object] = {}
    for one in identities:
        key = (one.open_platform, one.unionid) if one.unionid else one.id
        groups.setdefault(key, []).append(one)
        place[one.id] = key
    for old, new in moves:
        here, there = place[old], place.get(new)
        if there is None or here == there:
            continue
        joined = groups.pop(there)
        groups[here] += joined
        place |= {one.id: here for one in joined}
    return list(groups.values())


def _merges(session: Session, user_id: int) -> Sequence[sa.Row[Merge, str, str]]:
    """The merges that made this account, the latest first, with both names."""
    survivor, loser = aliased(User), aliased(User)
    query = (
        sa.select(Merge, survivor.nickname, loser.nickname)
        .join(survivor, survivor.id == Merge.survivor_id)
        .join(loser, loser.id == Merge.loser_id)
        .where(Merge.survivor_id.in_(family(user_id)), Merge.undone_at.is_(None))
        .order_by(Merge.id.desc())
    )
    return session.execute(query).all()


def _joining(
    one: WeChat, other: WeChat, merges: Sequence[sa.Row[Merge, str, str]]
) -> Joining:
    """The first of the two came first, unless a merge brought them together."""
    for merge, survivor, loser in merges:
        moved, stayed = set(merge.moved.identities), set(merge.moved.stayed)
        for elder, newcomer in ((one, other), (other, one)):
            if elder.identities & stayed and newcomer.identities & moved:
                return Joining(elder, newcomer, merge.at, merge.id, survivor, loser)
    return Joining(one, other, other.since)
