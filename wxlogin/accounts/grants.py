"""Grants: the WeChat tokens a person gave us through one identity, sealed.

Each token is bound to its table, column and identity, so that a value copied to
another row does not open there (security row 35). `version` counts the changes of
the tokens. A refresh goes: `claim_refresh`, ask WeChat with no transaction open,
then `replace`, `mark_dead` or `release`. While a claim holds nobody else asks; it
runs out by itself, so a worker that was killed blocks nobody for longer.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Grant as GrantRow
from wxlogin.accounts.resealing import Resealed, reseal_rows
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import insert_or_change, run
from wxlogin.security.sealing import Sealer

#: How long one process has a refresh to itself, if it asks for no longer.
LEASE = timedelta(seconds=10)
_TOKENS = ("access_token", "refresh_token")


@dataclass(frozen=True)
class NewGrant:
    """Tokens from WeChat. `expires_in` are seconds from now.

    `authorized_at` is when the person agreed; a refresh keeps it.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    expires_in: int
    authorized_at: datetime


@dataclass(frozen=True)
class Grant:
    """A grant that is not dead. `expires_at` is the end of the access token."""

    identity_id: int
    version: int
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    expires_at: datetime
    authorized_at: datetime


def load(identity_id: int, sealer: Sealer) -> Grant | None:
    """The identity's grant; None where there is none or it is dead.

    Raises SealBroken if the stored tokens do not open.
    """
    alive = (GrantRow.identity_id == identity_id, GrantRow.dead_at.is_(None))
    with reading() as session:
        row = session.scalar(sa.select(GrantRow).where(*alive))
    if row is None:
        return None
    return Grant(
        identity_id=identity_id,
        version=row.version,
        access_token=_open(sealer, "access_token", row),
        refresh_token=_open(sealer, "refresh_token", row),
        scope=row.scope,
        expires_at=row.expires_at,
        authorized_at=row.authorized_at,
    )


def store(
    session: Session, identity_id: int, new: NewGrant, *, sealer: Sealer, at: datetime
) -> None:
    """Puts `new`, the grant of a login by this identity, in place of any other.

    One statement. `at` is when WeChat gave the tokens.
    """
    fresh = _values(identity_id, new, sealer=sealer, at=at)
    first = {"identity_id": identity_id, "version": 1, **fresh}
    session.execute(_upsert(session.get_bind().dialect.name), first)


def replace(
    identity_id: int,
    version: int,
    new: NewGrant,
    *,
    sealer: Sealer,
    at: datetime | None = None,
) -> bool:
    """Stores `new`, the refreshed tokens of this identity, and ends the claim.

    `at` is when WeChat gave them. False, with nothing written, if the grant has changed
    since `version`: then the tokens that are there are the newer ones.
    """
    fresh = _values(identity_id, new, sealer=sealer, at=at or now())
    return _change(identity_id, version, {**fresh, "version": version + 1})


def claim_refresh(
    identity_id: int,
    version: int,
    *,
    at: datetime | None = None,
    lease: timedelta = LEASE,
) -> bool:
    """May this process ask WeChat to refresh the grant? For `lease`, nobody else may.

    False if another one has the claim, or the grant has changed since `version`:
    load it again, and if it is still the same try again a little later.
    """
    moment = at or now()
    free = sa.or_(GrantRow.lease_until.is_(None), GrantRow.lease_until <= moment)
    alive = GrantRow.dead_at.is_(None)
    return _change(identity_id, version, {"lease_until": moment + lease}, free, alive)


def release(identity_id: int, version: int) -> None:
    """Gives a claim back when WeChat could not be asked."""
    _change(identity_id, version, {"lease_until": None})


def mark_dead(
    identity_id: int, version: int, *, sealer: Sealer, at: datetime | None = None
) -> None:
    """WeChat refused the refresh token for good: the tokens go.

    Nothing happens if a newer login has brought other tokens since `version`.
    """
    moment = at or now()
    empty = {name: _seal(sealer, name, identity_id, "") for name in _TOKENS}
    dead = {"dead_at": moment, "lease_until": None, "version": version + 1}
    _change(identity_id, version, {**empty, **dead})


def _change(
    identity_id: int,
    version: int,
    values: dict[str, Any],
    *where: sa.ColumnElement[bool],
) -> bool:
    same = (GrantRow.identity_id == identity_id, GrantRow.version == version)
    update = sa.update(GrantRow).where(*same, *where).values(values)
    return transaction(lambda session: run(session, update)) == 1


def _values(
    identity_id: int, new: NewGrant, *, sealer: Sealer, at: datetime
) -> dict[str, Any]:
    return {
        "access_token": _seal(sealer, "access_token", identity_id, new.access_token),
        "refresh_token": _seal(sealer, "refresh_token", identity_id, new.refresh_token),
        "scope": new.scope[:255],
        "expires_at": at + timedelta(seconds=new.expires_in),
        "authorized_at": new.authorized_at,
        "lease_until": None,
        "dead_at": None,
    }


@cache
def _upsert(dialect: str) -> Any:
    return insert_or_change(dialect, GrantRow, key=("identity_id",), news=_news)


def _news(new: Any) -> dict[str, Any]:
    names = ("scope", "expires_at", "authorized_at", "lease_until", "dead_at")
    later = {name: new[name] for name in (*_TOKENS, *names)}
    return {"version": GrantRow.version + 1, **later}


def _seal(sealer: Sealer, column: str, identity_id: int, plain: str) -> bytes:
    return sealer.seal(plain, **_place(column, identity_id))


def _open(sealer: Sealer, column: str, row: GrantRow) -> str:
    return sealer.unseal(getattr(row, column), **_place(column, row.identity_id))


def _place(column: str, identity_id: int) -> dict[str, str]:
    return {"table": "grants", "column": column, "row": str(identity_id)}


def reseal_all(sealer: Sealer, *, batch: int = 200) -> Resealed:
    """Seals all grants with the first of ENCRYPTION_KEYS; see `resealing`."""
    return reseal_rows(
        GrantRow, _TOKENS, lambda row: str(row.identity_id), sealer, batch=batch
    )
