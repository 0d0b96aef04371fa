"""The keys that sign what we tell sites, and the halves that sites may know.

OpenID Connect Core 10.1.1, security row 118. A key has its life in this order:

    published · signs · published still · kept to read old `id_token_hint`s

A site may keep what it fetched for JWKS_SECONDS, so a key that is published an hour
before it signs is known everywhere by then; and it is published for a day longer
than it signs, while no token lives that long. The database is the one place where
that is written; a process remembers the opened keys for a minute, which is less than
any of these times.

The first key of an algorithm is made when it is needed, so there is nothing to set
up. Of two workers that make it at once one succeeds and both use its key.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy.orm import Mapped, mapped_column

from wxlogin.config import Settings
from wxlogin.db import (
    TABLE_OPTIONS,
    Base,
    BigId,
    UtcDateTime,
    id_text,
    now,
    reading,
    transaction,
)
from wxlogin.db.statements import insert_or_ignore
from wxlogin.observability import get_logger
from wxlogin.security.sealing import SealBroken, Sealer
from wxlogin.service import running

Alg: TypeAlias = Literal["RS256", "ES256"]
Jwk: TypeAlias = RSAKey | ECKey

ALGS: tuple[Alg, ...] = ("RS256", "ES256")
#: Seconds for which a site may keep the answer of /oauth2/jwks.
JWKS_SECONDS = 300
_REREAD = timedelta(seconds=60)
_RSA_BITS = 2048


class SigningKey(Base):
    """One key pair. Kept after it signs no more, to read old `id_token_hint`s."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        # Of two workers that make the first key at once, one succeeds.
        sa.UniqueConstraint("alg", "number"),
        {**TABLE_OPTIONS, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: `RS256` or `ES256`.
    alg: Mapped[str] = mapped_column(sa.String(8))
    number: Mapped[int]
    kid: Mapped[str] = mapped_column(id_text(43), unique=True)
    #: JWK as JSON, sealed; and its public half in the clear.
    private_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_key: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From when it signs; it is published before.
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Until when it is published, once another one is to sign.
    published_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When it was given up as leaked: what it signed is believed no more.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Key:
    """One key pair, opened. `private` is None where ENCRYPTION_KEYS do not open it."""

    kid: str
    alg: str
    number: int
    signs_from: datetime
    private: Jwk | None = field(repr=False)


@dataclass(frozen=True)
class _Ring:
    """What this process knows of the table, and since when."""

    keys: tuple[Key, ...]
    read_at: datetime


# By the sealer, of which each application has one.
_rings: WeakKeyDictionary[Sealer, _Ring] = WeakKeyDictionary()


def signing_key(alg: Alg) -> Key:
    """The key that signs at this moment; it is made if there is none.

    Raises SealBroken where there are keys and none of them opens.
    """
    moment = now()
    if found := _active(_known(moment), alg, moment):
        return found
    _make_first(alg, at=moment)
    if found := _active(_read(moment), alg, moment):
        return found
    raise SealBroken(
        "no signing key opens with ENCRYPTION_KEYS: put the missing one back, or make "
        "a new signing key with: wxlogin keys rotate --now"
    )


def jwks() -> dict[str, list[dict[str, Any]]]:
    """The public keys as RFC 7517 section 5 wants them, one that signs now first.

    Read from the database each time: another worker may have signed with a key
    that this one has never seen.
    """
    moment = now()
    rows = _published(moment)
    missing = offered_algs(running().settings) - {row.alg for row in rows}
    for alg in sorted(missing):
        _make_first(alg, at=moment)
    rows = _published(moment) if missing else rows
    return {"keys": [json.loads(row.public_key) for row in rows]}


def offered_algs(settings: Settings) -> set[Alg]:
    """RS256, which everybody understands, and what a site asks for besides."""
    return {"RS256", *(site.id_token_alg for site in settings.sites)}


def public_key(kid: str) -> Jwk | None:
    """The key with this id, also one of the past; none that was withdrawn."""
    query = sa.select(SigningKey).where(
        SigningKey.kid == kid, SigningKey.withdrawn_at.is_(None)
    )
    with reading() as session:
        row = session.scalar(query)
    return import_jwk(json.loads(row.public_key)) if row is not None else None


def new_key(alg: Alg) -> Jwk:
    """A key pair with an id: its thumbprint (RFC 7638)."""
    if alg == "RS256":
        return RSAKey.generate_key(_RSA_BITS, auto_kid=True)
    return ECKey.generate_key("P-256", auto_kid=True)


def columns_of(key: Jwk, alg: Alg, number: int, *, at: datetime) -> dict[str, Any]:
    """What the table holds of a new key: its private half sealed."""
    kid = key.thumbprint()
    public = key.as_dict(private=False, kid=kid, use="sig", alg=alg)
    private = json.dumps(key.as_dict(private=True))
    return {
        "alg": alg,
        "number": number,
        "kid": kid,
        "private_key": running().sealer.seal(private, **place_of(kid)),
        "public_key": json.dumps(public, sort_keys=True),
        "created_at": at,
    }


def place_of(kid: str) -> dict[str, str]:
    """Where the private half of this key is sealed to."""
    return {"table": "signing_keys", "column": "private_key", "row": kid}


def import_jwk(value: dict[str, Any]) -> Jwk:
    """The key of a JWK that we wrote."""
    return (RSAKey if value["kty"] == "RSA" else ECKey).import_key(value)


def forget_ring() -> None:
    """Reads the table again at the next signature: this process has changed it."""
    _rings.pop(running().sealer, None)


def _active(keys: Iterable[Key], alg: str, at: datetime) -> Key | None:
    """The youngest key whose time has come; on a clock that runs behind, the one
    whose time comes next."""
    usable = [key for key in keys if key.alg == alg and key.private is not None]
    ready = [key for key in usable if key.signs_from <= at]
    if ready:
        return max(ready, key=lambda key: key.number)
    return min(usable, key=lambda key: key.signs_from, default=None)


def _known(at: datetime) -> tuple[Key, ...]:
    ring = _rings.get(running().sealer)
    if ring is None or not timedelta() <= at - ring.read_at < _REREAD:
        return _read(at)
    return ring.keys


def _read(at: datetime) -> tuple[Key, ...]:
    sealer = running().sealer
    ring = _rings.get(sealer)
    opened = {key.kid: key.private for key in ring.keys} if ring else {}
    with reading() as session:
        rows = list(session.scalars(_signs_or_will(at)))
    keys = tuple(
        Key(
            kid=row.kid,
            alg=row.alg,
            number=row.number,
            signs_from=row.signs_from,
            private=opened.get(row.kid) or _open(sealer, row),
        )
        for row in rows
    )
    _rings[sealer] = _Ring(keys, at)
    return keys


def _open(sealer: Sealer, row: SigningKey) -> Jwk | None:
    try:
        text = sealer.unseal(row.private_key, **place_of(row.kid))
    except SealBroken:
        get_logger().error(
            "a signing key does not open: is a key missing in ENCRYPTION_KEYS?",
            kid=row.kid,
        )
        return None
    return import_jwk(json.loads(text))


def _signs_or_will(at: datetime) -> sa.Select[SigningKey]:
    later = SigningKey.published_until > at
    return sa.select(SigningKey).where(
        sa.or_(SigningKey.published_until.is_(None), later)
    )


def _published(at: datetime) -> list[SigningKey]:
    with reading() as session:
        rows = list(session.scalars(_signs_or_will(at)))
    return sorted(
        rows, key=lambda row: (row.signs_from > at, row.alg != "RS256", -row.number)
    )


def _make_first(alg: Alg, *, at: datetime) -> None:
    values = {**columns_of(new_key(alg), alg, 1, at=at), "signs_from": at}
    transaction(lambda session: insert_or_ignore(session, SigningKey, values))
    forget_ring()
