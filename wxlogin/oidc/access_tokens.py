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
from wxlogin.db import as_value, read, transaction
from wxlogin.db.statements import insert, run, table_of
from wxlogin.service import running

#: How long an access token is good.
LIFETIME = timedelta(hours=1)
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
_tokens, _sign_ins = table_of(AccessToken), table_of(Authorization)
_sessions, _users = table_of(SessionRow), table_of(User)
_FIND = (
    sa.select(
        _sign_ins.c.id.label("authorization_id"),
        *(_sign_ins.c[name] for name in ("client_id", "user_id", "sid")),
        *(_tokens.c[name] for name in ("scope", "issued_at", "expires_at")),
        _tokens.c.token_hash,
        _users.c.uid,
    )
    .select_from(_tokens)
    .join(_sign_ins, _sign_ins.c.id == _tokens.c.authorization_id)
    .join(_sessions, _sessions.c.id == _sign_ins.c.session_id)
    .join(_users, _users.c.id == _sign_ins.c.user_id)
    .where(
        _tokens.c.token_hash == sa.bindparam("token_hash"),
        _tokens.c.expires_at > sa.bindparam("at"),
        *sessions.ALIVE,
    )
)
_OVER = sa.delete(AccessToken).where(
    AccessToken.authorization_id == sa.bindparam("sign_in"),
    AccessToken.expires_at <= sa.bindparam("at"),
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
    return as_value(Access, found, scope=tuple(found.scope.split()))


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
    what the site sent with its request.
    """
    token, ends = secrets.token_urlsafe(32), min(at + LIFETIME, row.ends_at)
    values = {
        "token_hash": hash_token(token),
        "authorization_id": row.id,
        "scope": scope,
        "issued_at": at,
        "expires_at": ends,
    }
    insert(session, AccessToken, values)
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


def forget_over(session: Session, row: Authorization, *, at: datetime) -> None:
    """Tokens of this sign-in that are over go, inside the caller's transaction."""
    run(session, _OVER, {"sign_in": row.id, "at": at})


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
