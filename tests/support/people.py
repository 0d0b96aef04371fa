"""People of WeChat who sign in, against the accounts alone: no HTTP, no WeChat."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from flask import Flask
from pydantic import SecretStr
from sqlalchemy.orm import Session

from tests.support.tables import create_tables
from wxlogin.accounts import changes
from wxlogin.accounts.grants import NewGrant
from wxlogin.accounts.merges import Cause, Merged, list_merges, merge
from wxlogin.accounts.models import Identity, MovedIdentity, UnionId, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.people import known
from wxlogin.accounts.person import Person, Profile
from wxlogin.accounts.sessions import NewSession
from wxlogin.accounts.sign_in import SignIn, Trace, sign_in
from wxlogin.config import Settings
from wxlogin.db import Base, db, engine_options, prepare_engine, reading, transaction
from wxlogin.security.sealing import Sealer
from wxlogin.service import start
from wxlogin.sites import events

SEALER = Sealer([bytes(range(32))])
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = {
    "web": "website",
    "oa": "official_account",
    "mp": "mini_program",
    "mp2": "mini_program",
    "app": "mobile",
}


@contextmanager
def accounts_app(url: str, *, tables: bool = True, **pool: Any) -> Iterator[Flask]:
    """An application with a database and nothing else; its context is pushed."""
    app = Flask("wxlogin")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**engine_options(url), **pool}
    db.init_app(app)
    changes.listen(app, events.write)
    serves(app)
    with app.app_context():
        prepare_engine(db.engine)
        if tables:
            create_tables()
        try:
            yield app
        finally:
            db.engine.dispose()


def serves(app: Flask) -> None:
    """Gives a bare application a service of default settings."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    start(app, Settings(encryption_keys=(SecretStr(key),))).sealer = SEALER


def appid_of(app: str) -> str:
    """The appid of an app of this name: `wx` and 16 hexadecimal digits."""
    return "wx" + hashlib.md5(app.encode(), usedforsecurity=False).hexdigest()[:16]


class People:
    """Signs people in, a second after one another."""

    def __init__(self) -> None:
        self.at = START
        self._numbers = count(1)

    def person(
        self,
        app: str,
        openid: str,
        unionid: str | None = None,
        *,
        name: str | None = None,
        platform: str | None = "main",
    ) -> Person:
        profile = Profile(name, f"https://img/{name}", "zh_CN") if name else None
        kind = KINDS.get(app, "website")
        return Person(appid_of(app), kind, openid, platform, unionid, profile)

    def signs_in(
        self,
        app: str,
        openid: str,
        unionid: str | None = None,
        *,
        name: str | None = None,
        platform: str | None = "main",
        **details: Any,
    ) -> SignIn:
        person = self.person(app, openid, unionid, name=name, platform=platform)
        return self.arrives(person, **details)

    def arrives(self, person: Person, **details: Any) -> SignIn:
        self.at += timedelta(seconds=1)
        secret = details.pop("secret", f"secret {next(self._numbers)}")
        at = details.pop("at", self.at)
        new = NewSession(secret, at, login_at=at, ends_at=self.at + timedelta(days=30))
        came = {"door": "qr", "address": "192.0.2.7", "browser": "Firefox"}
        came |= {"request_id": "r1", "former_secret": None}
        trace = Trace(**{name: details.pop(name, came[name]) for name in came})
        if "known" not in details:
            details["known"] = self._known(person)
        return sign_in(person, trace, new, **{"grant": None, **details})

    def _known(self, person: Person) -> int | None:
        """As a flow has found it before."""
        found = known(person.appid, person.openid)
        return found and found.user_id

    def grant(self, word: str = "one") -> NewGrant:
        return NewGrant(
            f"access-{word}", f"refresh-{word}", "snsapi_login", 7200, START
        )


def rows(model: type[Base]) -> int:
    """How many rows this table has."""
    with reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def user_of(app: str, openid: str) -> User:
    """The user who has this openid."""
    query = sa.select(User).join(Identity, Identity.user_id == User.id)
    with reading() as session:
        return session.scalars(
            query.where(Identity.appid == appid_of(app), Identity.openid == openid)
        ).one()


def identity_of(app: str, openid: str) -> Identity:
    query = sa.select(Identity).filter_by(appid=appid_of(app), openid=openid)
    with reading() as session:
        return session.scalars(query).one()


def owner_of(unionid: str, *, platform: str = "main") -> int | None:
    """The id of the user who has this unionid."""
    query = sa.select(UnionId.user_id).filter_by(
        open_platform=platform, unionid=unionid
    )
    with reading() as session:
        return session.scalar(query)


def nothing_is_left() -> bool:
    """Whether the tables hold nothing of anybody: digests of our own uids aside."""
    found = snapshot()
    digests = found.pop("deleted_uids")
    return bool(digests) and not any(found.values())


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to compare before and after."""
    with reading() as session:
        return {
            table.name: sorted(
                (tuple(row) for row in session.execute(sa.select(table))), key=repr
            )
            for table in Base.metadata.sorted_tables
        }


def check_invariants() -> None:
    """What must hold after whatever happened."""
    with reading() as session:
        users = {user.id: user for user in session.scalars(sa.select(User))}
        identities = list(session.scalars(sa.select(Identity)))
        unionids = list(session.scalars(sa.select(UnionId)))
        sessions = list(session.scalars(sa.select(SessionRow)))
        moves = list(session.scalars(sa.select(MovedIdentity)))
    live = {user.id for user in users.values() if user.merged_into_id is None}
    owners = {(one.open_platform, one.unionid): one.user_id for one in unionids}
    for user in users.values():
        assert user.merged_into_id is None or user.merged_into_id in live
    for identity in identities:
        if identity.unionid is not None:
            owner = owners[(identity.open_platform or "", identity.unionid)]
            assert owner == identity.user_id
    belongs = {identity.id: identity.user_id for identity in identities}
    for move in moves:
        assert belongs[move.old_id] == belongs[move.new_id]
    for one in sessions:
        assert belongs[one.identity_id] == one.user_id
    # An import may know a person by unionid alone.
    assert {one.user_id for one in (*identities, *unionids)} == live


def set_by_hand(model: type[Base], row_id: int, **values: Any) -> None:
    """Changes a row behind the application's back."""

    def work(session: Session) -> None:
        for name, value in values.items():
            setattr(session.get_one(model, row_id), name, value)

    transaction(work)


def merge_id() -> int:
    """The id of the latest merge."""
    return list_merges()[0].id


def by_choice(people: People, one: User, other: User) -> Merged:
    return transaction(
        lambda s: merge(s, one.id, other.id, cause=Cause.choice, at=people.at)
    )


def two_that_merge(people: People) -> None:
    """The account of (oa, o1) is older; u1 comes from (web, o2)."""
    people.signs_in("oa", "o1", name="older", secret="older")
    people.signs_in("web", "o2", "u1", name="younger", secret="younger")
    people.signs_in("oa", "o1", "u1", name="older", secret="merging")
