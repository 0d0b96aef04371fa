"""What WeChat answers about followers, written down a hundred at a time.

An answer is older than a push that came while WeChat was asked, whatever the clocks of
both say: so what was on record before the question goes with the answer, and where it
is not on record any more the answer changes nothing about who follows. The push has
seen to it that WeChat is asked again.

Each table is written with one statement for all of them, in one transaction; users are
told in the order of their ids, as whoever locks several of them does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import followers
from wxlogin.accounts.models import Follower
from wxlogin.db import read
from wxlogin.db.statements import insert_many_or_ignore, run


@dataclass(frozen=True)
class Said:
    """What WeChat says of a person, at `at` of the Answers.

    `unionid` is a pair of open platform and unionid; `since` when the person began to
    follow, by WeChat's clock, and `scene` that of the account's code by which. With
    `ask_at` WeChat did not say, and is to be asked again then.
    """

    openid: str
    follows: bool
    unionid: tuple[str, str] | None = None
    since: datetime | None = None
    scene: str = ""
    ask_at: datetime | None = None


@dataclass(frozen=True)
class State:
    """What is on record of a person: who follows or not, and since when it is so."""

    followed: bool
    changed_at: datetime


@dataclass(frozen=True)
class Answers:
    """Of one account's followers; `before` is what was on record when WeChat was asked,
    at `at`, by openid."""

    appid: str
    said: Sequence[Said]
    before: Mapping[str, State]
    at: datetime


def states(appid: str, openids: Iterable[str]) -> dict[str, State]:
    """What is on record of these people now; who is unknown is missing."""
    query = _STATES.params(appid=appid, openids=list(openids))
    found = read(lambda session: list(session.execute(query)))
    return {row.openid: State(row.followed, row.changed_at) for row in found}


def learn(
    session: Session, answers: Answers, *, listed_at: datetime | None = None
) -> None:
    """Takes what WeChat says, also of people who are not on record yet. `listed_at`:
    they all stand in the list that began to be read then."""
    said = {one.openid: one for one in answers.said}
    _add(session, answers)
    query = _LOCKED.params(appid=answers.appid, openids=list(said))
    rows = list(session.scalars(query))
    if not rows:
        return
    ids = [row.id for row in rows]
    earlier = followers.users_of(session, ids)
    changed = {row.id for row in rows if _takes(row, said[row.openid], answers)}
    session.flush()
    if listed_at is not None:
        own = sa.update(Follower).where(Follower.id.in_(ids))
        run(session, own.values(listed_at=listed_at))
    later = followers.users_of(session, ids)
    news = [
        (user_id, row)
        for row in rows
        for user_id in _who_hears(row, changed, earlier, later)
    ]
    for user_id, row in sorted(news, key=lambda pair: (pair[0], pair[1].id)):
        followers.tell(session, row, [user_id], answers.at)


def _who_hears(
    row: Follower,
    changed: set[int],
    earlier: Mapping[int, set[int]],
    later: Mapping[int, set[int]],
) -> set[int]:
    """Whoever it is where it changed; else of whom we did not know which user it is."""
    users = later.get(row.id, set())
    if row.id in changed:
        return users
    return users - earlier.get(row.id, set()) if row.followed else set()


def _add(session: Session, answers: Answers) -> None:
    """A row for each who has none, of which nothing is known yet."""
    new = [one.openid for one in answers.said if one.openid not in answers.before]
    blank = {"appid": answers.appid, "followed": False, "scene": ""}
    blank |= {"changed_at": answers.at}
    if new:
        rows = [blank | {"openid": openid} for openid in new]
        insert_many_or_ignore(session, Follower, rows)


def _takes(row: Follower, one: Said, answers: Answers) -> bool:
    """Brings the row up to date; whether it is news that somebody follows, or not."""
    if one.unionid is not None:
        row.open_platform, row.unionid = one.unionid
    blank = row.followed_at is None and row.unfollowed_at is None
    before = answers.before.get(row.openid)
    now = None if blank else State(row.followed, row.changed_at)
    if now != before:
        # A push was faster.
        return False
    row.ask_at = one.ask_at
    was, row.followed = row.followed, one.follows
    when = min(one.since or answers.at, answers.at)
    again = one.since is not None and when > row.changed_at
    if one.follows and (not was or again):
        row.followed_at, row.scene = when, one.scene
        row.changed_at = when if blank else max(when, row.changed_at)
    elif not one.follows and (was or blank):
        row.unfollowed_at = row.changed_at = answers.at
    return was != one.follows


_THESE = (
    Follower.appid == sa.bindparam("appid"),
    Follower.openid.in_(sa.bindparam("openids", expanding=True)),
)
_STATES = sa.select(Follower.openid, Follower.followed, Follower.changed_at).where(
    *_THESE
)
_LOCKED = (
    sa.select(Follower)
    .where(*_THESE)
    .order_by(Follower.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
