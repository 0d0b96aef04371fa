"""Access tokens: 32 random bytes, of which the database holds the SHA-256.

One is good while it is not over, the session it was given in goes on, and its user
is neither disabled, deleted nor merged away. It is looked up each time, so it is
dead everywhere at once (security row 24). Being used does not keep a session alive.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import sessions
from wxlogin.accounts.models import AccessToken, Authorization, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.db import read, transaction
from wxlogin.db.statements import run
from wxlogin.service import running

#: How long an access token is good.
LIFETIME = timedelta(hours=1)
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
_FIND = (
    sa.select(AccessToken, Authorization, User.uid)
    .join(Authorization, Authorization.id == AccessToken.authorization_id)
    .join(SessionRow, SessionRow.id == Authorization.session_id)
    .join(User, User.id == Authorization.user_id)
    .where(
        AccessToken.token_hash == sa.bindparam("token_hash"),
        AccessToken.expires_at > sa.bindparam("at"),
        *sessions.ALIVE,
    )
)


@dataclass(frozen=True)
class Access:
    """What a live access token opens."""

    authorization_id: int
    client_id: str
    user_id: int
    uid: str
    scope: tuple[str, ...]
    sid: str
    issued_at: datetime
    expires_at: datetime
    token_hash: bytes = field(repr=False)


@dataclass(frozen=True)
class Issued:
    """The tokens of one answer, and what its ID token says."""

    authorization_id: int
    client_id: str
    user_id: int
    sid: str
    scope: tuple[str, ...]
    auth_time: datetime
    expires_in: int
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    nonce: str | None = field(default=None, repr=False)


def find(token: str, *, at: datetime) -> Access | None:
    """What this token opens now, or None: unknown, over, or its session ended."""
    if not _SHAPE.fullmatch(token):
        return None
    facts = {"token_hash": hash_token(token), **alive_at(at)}
    found = read(lambda session: session.execute(_FIND, facts).first())
    if found is None:
        return None
    row, authorization, uid = found
    return Access(
        authorization_id=authorization.id,
        client_id=authorization.client_id,
        user_id=authorization.user_id,
        uid=uid,
        scope=tuple(row.scope.split()),
        sid=authorization.sid,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        token_hash=row.token_hash,
    )


def alive_at(at: datetime) -> dict[str, Any]:
    """What `sessions.ALIVE` asks for at this moment, by the settings."""
    idle = timedelta(days=running().settings.session_idle_days)
    return sessions.alive_at(at, idle)


def issue(
    session: Session,
    row: Authorization,
    scope: str,
    refresh_token: str,
    *,
    nonce: str | None = None,
    at: datetime,
) -> Issued:
    """A new access token of this sign-in, inside the caller's transaction.

    `scope` is the token's own, `refresh_token` what is given out beside it, `nonce`
    what the site sent with its request. Tokens of this sign-in that are over go.
    """
    mine = AccessToken.authorization_id == row.id
    run(session, sa.delete(AccessToken).where(mine, AccessToken.expires_at <= at))
    token, ends = secrets.token_urlsafe(32), min(at + LIFETIME, row.ends_at)
    new = AccessToken(
        token_hash=hash_token(token),
        authorization_id=row.id,
        scope=scope,
        issued_at=at,
        expires_at=ends,
    )
    session.add(new)
    return Issued(
        authorization_id=row.id,
        client_id=row.client_id,
        user_id=row.user_id,
        sid=row.sid,
        scope=tuple(scope.split()),
        auth_time=row.auth_time,
        expires_in=int((ends - at).total_seconds()),
        access_token=token,
        refresh_token=refresh_token,
        nonce=nonce,
    )


def revoke(access: Access) -> None:
    """Ends this token; no harm if it has ended."""
    gone = sa.delete(AccessToken).where(AccessToken.token_hash == access.token_hash)
    transaction(lambda session: run(session, gone))


def end_tokens(authorization_id: int) -> None:
    """Every token of this sign-in is dead; no harm if they are already.

    The row stays: the site still has a session of its own, and hears when ours ends.
    """
    transaction(lambda session: end_tokens_in(session, authorization_id))


def end_tokens_in(session: Session, authorization_id: int) -> None:
    """The same inside the caller's transaction."""
    mine = sa.update(Authorization).where(Authorization.id == authorization_id)
    run(session, mine.values(refresh_hash=None))
    tokens = AccessToken.authorization_id == authorization_id
    run(session, sa.delete(AccessToken).where(tokens))


def hash_token(token: str) -> bytes:
    """What the database keeps of a token of ours: 32 bytes."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
