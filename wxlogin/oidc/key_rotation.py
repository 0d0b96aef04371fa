"""New signing keys for old ones, without a token that a site cannot check.

`rotate` adds a key of each algorithm in use. It is published at once and signs when
every site has had the time to fetch it; the one before it stays published for as
long as a token of it may be around. A leaked key is another matter: its successor
signs at once, and it is withdrawn as soon as no worker of ours can still be signing
with it (each looks at the table every minute).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.resealing import Resealed, reseal_rows
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import insert_or_ignore, run
from wxlogin.oidc.signing_keys import (
    ALGS,
    Alg,
    Jwk,
    SigningKey,
    columns_of,
    forget_ring,
    new_key,
)
from wxlogin.security.sealing import Sealer

#: From the publication of a key to its first signature.
LEAD = timedelta(hours=1)
#: For how long a key is published after its last signature.
OVERLAP = timedelta(days=1)
#: The same for a leaked key.
WITHDRAWAL = timedelta(minutes=2)


@dataclass(frozen=True)
class KeyView:
    """A key as an operator sees it. `state` is signs, waits, published, kept (for
    old hints) or withdrawn."""

    kid: str
    alg: str
    state: str
    created_at: datetime
    signs_from: datetime
    published_until: datetime | None


def rotate(*, leaked: bool = False) -> list[KeyView]:
    """Adds a key of each algorithm in use; returns all but those kept for old hints.

    `leaked`: the new one signs at once and what the old ones signed is worthless.
    """
    moment = now()
    for alg in _algs_in_use():
        work = partial(_add, alg=alg, key=new_key(alg), leaked=leaked, at=moment)
        transaction(work)
    forget_ring()
    return [key for key in list_keys() if key.state != "kept"]


def list_keys() -> list[KeyView]:
    """All keys, the youngest of each algorithm first."""
    moment = now()
    query = sa.select(SigningKey).order_by(
        SigningKey.alg.desc(), SigningKey.number.desc()
    )
    with reading() as session:
        rows = list(session.scalars(query))
    signing: set[str] = set()
    return [_view(row, signing, moment) for row in rows]


def reseal(sealer: Sealer) -> Resealed:
    """Seals the private halves again with the first of ENCRYPTION_KEYS."""
    return reseal_rows(SigningKey, ("private_key",), lambda row: row.kid, sealer)


def _algs_in_use() -> list[Alg]:
    with reading() as session:
        found = set(session.scalars(sa.select(SigningKey.alg).distinct()))
    return [alg for alg in ALGS if alg in found or alg == "RS256"]


def _add(session: Session, *, alg: Alg, key: Jwk, leaked: bool, at: datetime) -> None:
    """Of two rotations at the same moment one may find the number taken: then they
    are one."""
    same_alg = SigningKey.alg == alg
    last = session.scalar(sa.select(sa.func.max(SigningKey.number)).where(same_alg))
    signs_from = at if leaked or last is None else at + LEAD
    values = columns_of(key, alg, (last or 0) + 1, at=at)
    insert_or_ignore(session, SigningKey, {**values, "signs_from": signs_from})
    _end_older(session, alg, last or 0, leaked=leaked, signs_from=signs_from)


def _end_older(
    session: Session, alg: Alg, last: int, *, leaked: bool, signs_from: datetime
) -> None:
    older = sa.update(SigningKey).where(
        SigningKey.alg == alg, SigningKey.number <= last
    )
    until = SigningKey.published_until
    if not leaked:
        run(
            session,
            older.where(until.is_(None)).values(published_until=signs_from + OVERLAP),
        )
        return
    soon = signs_from + WITHDRAWAL
    longer = sa.or_(until.is_(None), until > soon)
    run(session, older.where(longer).values(published_until=soon))
    fresh = older.where(SigningKey.withdrawn_at.is_(None))
    run(session, fresh.values(withdrawn_at=signs_from))


def _view(row: SigningKey, signing: set[str], at: datetime) -> KeyView:
    """`signing` remembers the algorithms whose signing key was seen."""
    return KeyView(
        kid=row.kid,
        alg=row.alg,
        state=_state(row, signing, at),
        created_at=row.created_at,
        signs_from=row.signs_from,
        published_until=row.published_until,
    )


def _state(row: SigningKey, signing: set[str], at: datetime) -> str:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.published_until is not None and row.published_until <= at:
        return "kept"
    if row.signs_from > at:
        return "waits"
    if row.alg not in signing:
        signing.add(row.alg)
        return "signs"
    return "published"
