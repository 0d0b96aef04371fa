"""What is kept about one person, table by table, and which columns a copy shows.

A table or column of `models` that is in none of these is named in the test with the
reason: a secret, or what names somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from wxlogin.accounts.followers import IS_USERS
from wxlogin.accounts.models import (
    Authorization,
    Consent,
    Event,
    Follower,
    Grant,
    Identity,
    LoginEvent,
    Merge,
    SessionKey,
    SiteUser,
    UnionId,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import family
from wxlogin.accounts.person import PROFILE
from wxlogin.db import BigId

_USER: sa.BindParameter[int] = sa.bindparam("user_id", type_=BigId)
#: The accounts that are one with that of the parameter `user_id`.
FAMILY = family(_USER)
_UIDS = sa.select(User.uid).where(User.id.in_(FAMILY))


@dataclass(frozen=True)
class Part:
    """The rows of one table that are about the person, and what is shown of each."""

    name: str
    model: Any
    columns: Sequence[InstrumentedAttribute[Any]]
    mine: sa.ColumnElement[bool]

    def query(self) -> sa.Select[*tuple[Any, ...]]:
        return sa.select(*self.columns).where(self.mine).order_by(self.model.id)


def _through(model: type[Grant | SessionKey]) -> sa.ColumnElement[bool]:
    """What hangs on the identities of the person."""
    mine = Identity.user_id.in_(FAMILY)
    return sa.and_(model.identity_id == Identity.id, mine)


#: In the order in which they stand in the copy.
PARTS = (
    Part(
        "accounts",
        User,
        (
            User.uid,
            *(getattr(User, name) for name in PROFILE),
            User.created_at,
            User.last_seen_at,
            User.profile_at,
            User.disabled_at,
        ),
        User.id.in_(FAMILY),
    ),
    Part(
        "identities",
        Identity,
        (
            Identity.appid,
            Identity.kind,
            Identity.openid,
            Identity.open_platform,
            Identity.unionid,
            Identity.first_seen_at,
            Identity.last_seen_at,
            Identity.nickname,
            Identity.avatar,
        ),
        Identity.user_id.in_(FAMILY),
    ),
    Part(
        "unionids",
        UnionId,
        (UnionId.open_platform, UnionId.unionid, UnionId.created_at),
        UnionId.user_id.in_(FAMILY),
    ),
    Part(
        "followed_accounts",
        Follower,
        (
            Follower.appid,
            Follower.openid,
            Follower.open_platform,
            Follower.unionid,
            Follower.followed,
            Follower.followed_at,
            Follower.unfollowed_at,
            Follower.scene,
        ),
        IS_USERS,
    ),
    Part(
        "permissions_from_wechat",
        Grant,
        (
            Identity.appid,
            Grant.scope,
            Grant.authorized_at,
            Grant.expires_at,
            Grant.dead_at,
        ),
        _through(Grant),
    ),
    Part(
        "session_keys",
        SessionKey,
        (Identity.appid, SessionKey.at),
        _through(SessionKey),
    ),
    Part(
        "sites",
        SiteUser,
        (
            SiteUser.client_id,
            SiteUser.external_id,
            SiteUser.groups,
            SiteUser.created_at,
        ),
        SiteUser.user_id.in_(FAMILY),
    ),
    Part(
        "consents",
        Consent,
        (Consent.client_id, Consent.version, Consent.at, Consent.door),
        Consent.user_id.in_(FAMILY),
    ),
    Part(
        "signed_in_at_sites",
        Authorization,
        (
            Authorization.client_id,
            Authorization.scope,
            Authorization.auth_time,
            Authorization.created_at,
            Authorization.ends_at,
        ),
        Authorization.user_id.in_(FAMILY),
    ),
    Part(
        "told_to_sites",
        Event,
        (Event.client_id, Event.type, Event.uid, Event.data, Event.at),
        Event.uid.in_(_UIDS),
    ),
    Part(
        "sessions",
        SessionRow,
        (
            SessionRow.kind,
            SessionRow.appid,
            SessionRow.address,
            SessionRow.browser,
            SessionRow.created_at,
            SessionRow.seen_at,
            SessionRow.ends_at,
        ),
        SessionRow.user_id.in_(FAMILY),
    ),
    Part(
        "history",
        LoginEvent,
        (
            LoginEvent.at,
            LoginEvent.appid,
            LoginEvent.door,
            LoginEvent.outcome,
            LoginEvent.address,
            LoginEvent.browser,
        ),
        LoginEvent.user_id.in_(FAMILY),
    ),
    Part(
        "merges",
        Merge,
        (Merge.at, Merge.cause),
        sa.and_(Merge.survivor_id.in_(FAMILY), Merge.undone_at.is_(None)),
    ),
)
