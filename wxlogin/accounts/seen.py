"""A person has arrived: user and identity are marked as seen and learn the news.

Both updates hold only while user and identity are what was looked up before, and
keep the user's row locked from here to the end of the transaction. That makes the
usual sign-in two statements, with no lock taken before them. Where name, picture or
language is another one now, the sites that know the user are told.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import Identity, User
from wxlogin.accounts.owners import Found, refuse_disabled
from wxlogin.accounts.person import Person, Profile
from wxlogin.db import StartOver
from wxlogin.db.statements import run, table_of
from wxlogin.errors import AccountGone

#: What sites show of a user.
SHOWN = ("nickname", "avatar", "language")


def mark_seen(
    session: Session,
    person: Person,
    found: Found,
    *,
    at: datetime,
    learn_unionid: bool = True,
    learn_profile: bool = True,
) -> None:
    """Raises AccountDisabled, AccountGone, or StartOver where things have moved."""
    user, identity = found.user, found.identity
    if user is None or identity is None:
        raise StartOver
    refuse_disabled(user)
    old = {name: getattr(user, name) for name in SHOWN}
    news: dict[str, Any] = {"last_seen_at": at}
    if learn_profile and person.profile is not None:
        news |= _profile(user, person.profile, at=at)
    _update_user(session, user, news)
    facts: dict[str, Any] = {"last_seen_at": at, "kind": person.kind}
    if learn_unionid and person.unionid is not None:
        facts |= {"open_platform": person.open_platform, "unionid": person.unionid}
    _update_identity(session, identity, facts)
    if changed := [name for name in SHOWN if news.get(name, old[name]) != old[name]]:
        data = {"changed": changed}
        announce(session, Change(Kind.updated, user.id, at, data=data))


def _profile(user: User, profile: Profile, *, at: datetime) -> dict[str, Any]:
    """A profile replaces the one there was, but what it lacks stays as it was."""
    return {
        "nickname": profile.nickname or user.nickname,
        "avatar": profile.avatar or user.avatar,
        "language": profile.language or user.language,
        "profile_at": at,
    }


_users, _identities = table_of(User), table_of(Identity)
_UPDATE_USER = sa.update(_users).where(
    _users.c.id == sa.bindparam("user"),
    _users.c.merged_into_id.is_(None),
    _users.c.disabled_at.is_(None),
)
_UPDATE_IDENTITY = sa.update(_identities).where(
    _identities.c.id == sa.bindparam("identity"),
    _identities.c.user_id == sa.bindparam("owner"),
    _identities.c.unionid.is_not_distinct_from(sa.bindparam("recorded")),
)


def _update_user(session: Session, user: User, news: dict[str, Any]) -> None:
    if run(session, _UPDATE_USER, {"user": user.id, **news}):
        return
    if session.get(User, user.id, populate_existing=True) is None:
        raise AccountGone("the account was deleted meanwhile")
    raise StartOver


def _update_identity(
    session: Session, identity: Identity, facts: dict[str, Any]
) -> None:
    same = {
        "identity": identity.id,
        "owner": identity.user_id,
        "recorded": identity.unionid,
    }
    if not run(session, _UPDATE_IDENTITY, same | facts):
        raise StartOver
