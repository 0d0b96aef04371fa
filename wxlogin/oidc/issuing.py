"""What a redeemed code becomes: a sign-in at a site, with its tokens.

The row `Authorization` hangs on the session it was given in. It ends with it, and
then no token of it opens anything; the session's row is locked while it is written,
so a sign-out at the same moment comes before or after it, never between.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Authorization, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.db import transaction
from wxlogin.db.statements import run
from wxlogin.oidc import access
from wxlogin.oidc.codes import Code

# A refresh token is what its whole family begins with, and what changes each time.
FAMILY_LENGTH = 22
#: Sign-ins at one site that a session keeps; the oldest goes first.
MOST_AT_ONCE = 20


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


def redeem(code: Code, *, at: datetime) -> Issued | None:
    """Signs the code's user in at its site; None where the session has ended."""
    refresh = secrets.token_urlsafe(16) + secrets.token_urlsafe(32)

    def work(session: Session) -> Issued | None:
        ends_at = _lock_session(session, code, at=at)
        if ends_at is None:
            return None
        row = Authorization(
            client_id=code.client_id,
            user_id=code.user_id,
            session_id=code.session_id,
            sid=_sid(session, code),
            scope=code.scope,
            auth_time=code.auth_time,
            created_at=at,
            ends_at=ends_at,
            family_hash=access.hash_token(refresh[:FAMILY_LENGTH]),
            refresh_hash=access.hash_token(refresh),
        )
        session.add(row)
        session.flush()
        return issue(session, row, code.scope, refresh, nonce=code.nonce, at=at)

    return transaction(work)


def issue(
    session: Session,
    row: Authorization,
    scope: str,
    refresh_token: str,
    *,
    nonce: str | None = None,
    at: datetime,
) -> Issued:
    """A new access token of this sign-in, inside the caller's transaction."""
    token, expires_in = access.give(session, row, scope, at=at)
    return Issued(
        authorization_id=row.id,
        client_id=row.client_id,
        user_id=row.user_id,
        sid=row.sid,
        scope=tuple(scope.split()),
        auth_time=row.auth_time,
        expires_in=expires_in,
        access_token=token,
        refresh_token=refresh_token,
        nonce=nonce,
    )


def _lock_session(session: Session, code: Code, *, at: datetime) -> datetime | None:
    """When the session ends that the code was given in; None if it has."""
    query = (
        sa.select(SessionRow.ends_at)
        .join(User, User.id == SessionRow.user_id)
        .where(
            SessionRow.id == code.session_id,
            SessionRow.user_id == code.user_id,
            *access.living(at),
        )
        .with_for_update(read=True, of=SessionRow)
    )
    return session.scalar(query)


def _sid(session: Session, code: Code) -> str:
    """The session as this site knows it: the same at each of its sign-ins.

    Of these only the newest stay; a page that renews itself by signing in again and
    again would pile them up.
    """
    query = sa.select(Authorization.id, Authorization.sid).where(
        Authorization.session_id == code.session_id,
        Authorization.client_id == code.client_id,
    )
    known = session.execute(query.order_by(Authorization.id.desc())).all()
    if old := [row.id for row in known[MOST_AT_ONCE - 1 :]]:
        run(session, sa.delete(Authorization).where(Authorization.id.in_(old)))
    return known[0].sid if known else secrets.token_urlsafe(16)
