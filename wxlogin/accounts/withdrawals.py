"""What a person takes back from an app of ours, wiped as WeChat asks.

A WeChat person can take consent back in WeChat's settings, or close the WeChat account
(docs/official-account.md). What that app gave us goes; the account of ours and its
sessions stay, since taking name and picture back is no sign-out. Of a WeChat that was
closed everything goes: it is taken off the account, and an account with no other is
deleted.

A name has no mark of where it came from: the one that is shown goes, whichever app or
keyboard it was typed into. The login history of the account says what was taken back.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import history, identities, people, wechats
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.history import Happened
from wxlogin.accounts.models import Avatar, Grant, Identity, PhoneNumber, User
from wxlogin.accounts.owners import lock
from wxlogin.db import StartOver
from wxlogin.db.statements import run
from wxlogin.errors import AccountGone, Conflict


class Part(StrEnum):
    """What is taken back."""

    #: Name and picture.
    profile = "profile"
    #: The phone number that the person gave to this app.
    phone = "phone"
    #: WeChat's tokens of this app.
    grant = "grant"


# WeChat's tokens are nothing that a person gave knowingly.
_LINES = {Part.profile: Happened.took_profile, Part.phone: Happened.took_phone}


def take_back(
    session: Session, appid: str, openid: str, parts: frozenset[Part], *, at: datetime
) -> bool:
    """Wipes these parts; False where nobody here has this openid."""
    found = _identity(session, appid, openid)
    if found is None or not parts:
        return False
    user = _locked(session, found)
    if Part.grant in parts:
        run(session, sa.delete(Grant).where(Grant.identity_id == found.id))
    if Part.phone in parts:
        run(session, sa.delete(PhoneNumber).where(PhoneNumber.identity_id == found.id))
    if Part.profile in parts:
        _forget_profile(session, user, at)
        _forget_name(session, user.id, found.id)
    about: dict[str, Any] = {"appid": appid, "at": at, "identity_id": found.id}
    for part in sorted(parts & _LINES.keys()):
        history.note(session, user.id, _LINES[part], **about)
    data = {
        "identities": [{"appid": appid, "kind": found.kind}],
        "parts": sorted(part.value for part in parts),
    }
    announce(session, Change(Kind.revoked, user.id, at, data=data))
    return True


def has_changed(session: Session, appid: str, openid: str) -> bool:
    """WeChat says that the profile is another one: the next sign-in asks for it."""
    found = _identity(session, appid, openid)
    if found is None:
        return False
    news = sa.update(User).where(User.id == found.user_id).values(profile_at=None)
    return bool(run(session, news))


def close(session: Session, appid: str, openid: str, *, at: datetime) -> bool:
    """The WeChat account is closed for good; False where the openid is nobody's."""
    found = _identity(session, appid, openid)
    if found is None:
        return False
    user_id = found.user_id
    try:
        identities.unlink_in(session, user_id, found.id, guarded=False)
    except Conflict:
        # Nobody else is left who could sign in to it.
        people.delete_in(session, user_id)
    else:
        history.note(session, user_id, Happened.closed, appid=appid, at=at)
    return True


def _forget_profile(session: Session, user: User, at: datetime) -> None:
    shown = [name for name in ("nickname", "avatar") if getattr(user, name)]
    user.nickname, user.avatar, user.profile_at = "", None, None
    session.flush()
    run(session, sa.delete(Avatar).where(Avatar.user_id == user.id))
    if shown:
        data = {"changed": shown}
        announce(session, Change(Kind.updated, user.id, at, data=data))


def _forget_name(session: Session, user_id: int, identity_id: int) -> None:
    """All of the WeChat forgets it; another one on the account keeps its own."""
    wechat = wechats.company(session, user_id).of(identity_id)
    going = wechat.identities if wechat else {identity_id}
    forget = sa.update(Identity).where(Identity.id.in_(going))
    run(session, forget.values(nickname=None, avatar=None))


def _identity(session: Session, appid: str, openid: str) -> Identity | None:
    names = {"appid": appid, "openid": openid}
    return session.scalars(_IDENTITY, names).first()


def _locked(session: Session, found: Identity) -> User:
    """Whose it is, locked. Raises StartOver where it went to another user meanwhile, by
    a merge say, or is gone."""
    user_id = found.user_id
    try:
        user = lock(session, {user_id})[user_id]
    except AccountGone:
        raise StartOver from None
    again = session.execute(_OWNER, {"id": found.id}).scalar()
    if again != user_id:
        raise StartOver
    return user


_IDENTITY = sa.select(Identity).where(
    Identity.appid == sa.bindparam("appid"), Identity.openid == sa.bindparam("openid")
)
_OWNER = sa.select(Identity.user_id).where(Identity.id == sa.bindparam("id"))
