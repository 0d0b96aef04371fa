"""Who has which openid and unionid, the lock that keeps it so, and who has arrived.

Whoever changes the owner of an identity or unionid holds the lock of both users'
rows. So does whoever must rely on an owner; rows are locked in the order of their
ids, so that two transactions cannot wait for each other.

`mark_seen` takes no lock before: its two updates hold only while user and identity
are what was looked up, and keep the user's row locked to the end of the transaction.
Where there is no news `settle` does the same in one statement.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.accounts.person import Person, Profile
from wxlogin.db import StartOver
from wxlogin.db.statements import run, table_of
from wxlogin.errors import AccountDisabled, AccountGone

#: When a user and an identity were seen last is written when it is this much older
#: than a sign-in that brings no news.
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Found:
    """What the database knows of a person, read in one statement.

    `user` (V) owns `identity`, the row of the person's (appid, openid);
    `owner_id` (U) owns the unionid.
    """

    identity: Identity | None
    user: User | None
    owner_id: int | None

    #: Whose the openid is, and with which unionid: as read, while the objects above
    #: follow the database.
    recorded: tuple[int, str | None, str | None] | None = None

    @property
    def owners(self) -> tuple[int | None, int | None]:
        return (self.user.id if self.user else None, self.owner_id)


@dataclass(frozen=True)
class Owner:
    """The user who has an openid, and the identity that says so."""

    user_id: int
    uid: str
    identity_id: int


def _look() -> sa.Select[Identity | None, User | None, int | None]:
    identity_id = sa.select(Identity.id).where(
        Identity.appid == sa.bindparam("appid"),
        Identity.openid == sa.bindparam("openid"),
    )
    # Nobody has the unionid NULL.
    owner_id = sa.select(UnionId.user_id).where(
        UnionId.open_platform == sa.bindparam("open_platform"),
        UnionId.unionid == sa.bindparam("unionid"),
    )
    ids = sa.select(
        identity_id.scalar_subquery().label("identity_id"),
        owner_id.scalar_subquery().label("owner_id"),
    ).subquery()
    return (
        sa.select(Identity, User, ids.c.owner_id)
        .select_from(ids)
        .outerjoin(Identity, Identity.id == ids.c.identity_id)
        .outerjoin(User, User.id == Identity.user_id)
        .execution_options(populate_existing=True)
    )


_LOOK = _look()


def look(session: Session, person: Person) -> Found:
    """The owners as they are now; nothing is locked."""
    identity, user, owner_id = session.execute(_LOOK, _names(person)).one()
    return Found(identity, user, owner_id, _recorded(identity))


def lock(session: Session, user_ids: Collection[int]) -> dict[int, User]:
    """The users with their rows locked, in the order of their ids.

    Raises AccountGone where one was deleted or merged away.
    """
    users = _lock_rows(session, user_ids)
    if len(users) < len(set(user_ids)) or _any_merged(users):
        raise AccountGone("the account was deleted or merged away meanwhile")
    return users


def lock_owners(session: Session, person: Person, found: Found) -> dict[int, User]:
    """Locks the owners in `found`; none, one or two users.

    Raises AccountGone where the user this person is was deleted meanwhile, and
    StartOver where anything else changed.
    """
    wanted = [owner for owner in found.owners if owner is not None]
    users = _lock_rows(session, wanted)
    # V where there is one, otherwise U.
    if wanted and wanted[0] not in users:
        raise AccountGone("the account was deleted meanwhile")
    again = look(session, person)
    before = (found.owners, found.recorded)
    if _any_merged(users) or (again.owners, again.recorded) != before:
        raise StartOver
    return users


def _lock_rows(session: Session, user_ids: Collection[int]) -> dict[int, User]:
    query = (
        sa.select(User)
        .where(User.id.in_(sorted(set(user_ids))))
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {user.id: user for user in session.scalars(query)}


def _any_merged(users: dict[int, User]) -> bool:
    return any(user.merged_into_id is not None for user in users.values())


def refuse_disabled(*users: User) -> None:
    """Raises AccountDisabled where the operator closed one of these accounts."""
    for user in users:
        if user.disabled_at is not None:
            raise AccountDisabled("the account is disabled", uid=user.uid)


def other_openid(session: Session, person: Person) -> bool:
    """Has the unionid another openid of the same app? WeChat says it never has."""
    query = sa.select(Identity.id).where(
        Identity.appid == person.appid,
        Identity.open_platform == person.open_platform,
        Identity.unionid == person.unionid,
        Identity.openid != person.openid,
    )
    return session.execute(query.limit(1)).first() is not None


def _recorded(identity: Identity | None) -> tuple[int, str | None, str | None] | None:
    if identity is None:
        return None
    return (identity.user_id, identity.open_platform, identity.unionid)


def family(user_id: int | sa.BindParameter[int]) -> sa.Select[int]:
    """The ids of this user and of everybody who was merged into it."""
    return sa.select(User.id).where(
        sa.or_(User.id == user_id, User.merged_into_id == user_id)
    )


def survivor_id(user: type[User] = User) -> sa.ColumnElement[int]:
    """Who a user, or an alias of User, is today: itself, or the last survivor."""
    return sa.func.coalesce(user.merged_into_id, user.id)


def mark_seen(
    session: Session,
    person: Person,
    found: Found,
    *,
    at: datetime,
    learn_unionid: bool = True,
    learn_profile: bool = True,
) -> None:
    """User and identity, as `found`, are seen `at` this moment and learn the news.

    Where name, picture or language is another one now, the sites that know the user
    are told; `learn_unionid` and `learn_profile` off keep what there was. Raises
    AccountDisabled, AccountGone, or StartOver where things have moved.
    """
    user, identity = found.user, found.identity
    if user is None or identity is None:
        raise StartOver
    refuse_disabled(user)
    shown = profile = user.profile
    news: dict[str, Any] = {"last_seen_at": at}
    if learn_profile and person.profile is not None:
        profile = person.profile.over(shown)
        news |= asdict(profile) | {"profile_at": at}
    _update_user(session, user, news)
    facts: dict[str, Any] = {"last_seen_at": at, "kind": person.kind}
    if learn_profile and person.profile is not None:
        facts |= shown_by(person.profile)
    if learn_unionid and person.unionid is not None:
        facts |= {"open_platform": person.open_platform, "unionid": person.unionid}
    _update_identity(session, identity, facts)
    if changed := profile.unlike(shown):
        data = {"changed": changed}
        announce(session, Change(Kind.updated, user.id, at, data=data))


def settle(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> Owner | None:
    """This user, if it has the openid and nothing else about the person is news.

    User and identity are seen `at` this moment, and locked to the end of the
    transaction, in this order. None, with nothing written, where anything else has to
    be decided: the openid is another one's by now, the unionid was not on record, the
    account is closed or gone.
    """
    facts = {**_names(person), "kind": person.kind, "user_id": user_id}
    row = session.execute(_SETTLE, facts).first()
    if row is None:
        return None
    owner = Owner(user_id=row[0], uid=row[1], identity_id=row[2])
    if at - min(row[3], row[4]) >= SEEN_EVERY:
        run(session, _SEE_USER, {"user": owner.user_id, "last_seen_at": at})
        run(session, _SEE_IDENTITY, {"identity": owner.identity_id, "last_seen_at": at})
    return owner


def _names(person: Person) -> dict[str, str | None]:
    return {
        "appid": person.appid,
        "openid": person.openid,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
    }


def shown_by(profile: Profile) -> dict[str, str]:
    """What an identity learns of this profile: what is in it."""
    said = {"nickname": profile.nickname, "avatar": profile.avatar}
    return {name: text for name, text in said.items() if text}


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


_SEE_USER = sa.update(_users).where(_users.c.id == sa.bindparam("user"))
_SEE_IDENTITY = sa.update(_identities).where(
    _identities.c.id == sa.bindparam("identity")
)


def _settle() -> sa.Select[*tuple[Any, ...]]:
    unionid = sa.bindparam("unionid", type_=UnionId.unionid.type)
    platform = sa.bindparam("open_platform", type_=UnionId.open_platform.type)
    has_unionid = sa.exists().where(
        UnionId.open_platform == platform,
        UnionId.unionid == unionid,
        UnionId.user_id == _users.c.id,
    )
    is_recorded = sa.and_(
        _identities.c.open_platform == platform, _identities.c.unionid == unionid
    )
    return (
        sa.select(
            _users.c.id,
            _users.c.uid,
            _identities.c.id,
            _users.c.last_seen_at,
            _identities.c.last_seen_at,
        )
        .select_from(_users)
        .join(_identities, _identities.c.user_id == _users.c.id)
        .where(
            # Named, so that MariaDB locks it first.
            _users.c.id == sa.bindparam("user_id"),
            _identities.c.appid == sa.bindparam("appid"),
            _identities.c.openid == sa.bindparam("openid"),
            _identities.c.kind == sa.bindparam("kind"),
            sa.or_(unionid.is_(None), sa.and_(is_recorded, has_unionid)),
            _users.c.merged_into_id.is_(None),
            _users.c.disabled_at.is_(None),
        )
        # The lock of an update that leaves the keys as they are.
        .with_for_update(of=(_users, _identities), key_share=True)
    )


_SETTLE = _settle()


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
