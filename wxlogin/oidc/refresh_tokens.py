"""Refresh tokens: each works once, and its successor is made from it.

RFC 9700 section 4.14.2, security row 119. A token is 22 characters that its whole
family shares and 43 that change; the database holds the SHA-256 of the first and of
the token that is good now. So any token of the family is known, however old:

- the good one is exchanged for its successor, an HMAC of it;
- the one right before, within ten seconds of the exchange: the same successor again.
  Five refreshes at once, or a phone that never got the answer, stay one family;
- any other has been used before, so somebody else has it too: the family is dead.

A family never outlives the session it was given in, and a refresh counts as a use of
that session.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Authorization, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.sessions import ALIVE, SEEN_EVERY
from wxlogin.db import StartOver, reading, transaction
from wxlogin.db.statements import run
from wxlogin.observability import get_logger
from wxlogin.oidc import access_tokens
from wxlogin.oidc.access_tokens import Issued
from wxlogin.oidc.clients import known_scope
from wxlogin.oidc.messages import invalid_grant, refusal
from wxlogin.security.signing import refresh_successors
from wxlogin.service import running

#: How long after its exchange a token gives the same successor again.
GRACE = timedelta(seconds=10)
#: A refresh token is what its whole family begins with, and what changes each time.
FAMILY_LENGTH = 22
_SHAPE = re.compile(r"[A-Za-z0-9_-]{65}")
_LOOK = (
    sa.select(Authorization)
    .join(SessionRow, SessionRow.id == Authorization.session_id)
    .join(User, User.id == Authorization.user_id)
    .where(
        Authorization.family_hash == sa.bindparam("family_hash"),
        Authorization.ends_at > sa.bindparam("at"),
        *ALIVE,
    )
    .execution_options(populate_existing=True)
)
_LOCK = _LOOK.with_for_update(of=Authorization)


@dataclass(frozen=True)
class Family:
    """What a refresh token belongs to; `is_good` where it is the one to use now."""

    authorization_id: int
    client_id: str
    user_id: int
    uid: str
    scope: tuple[str, ...]
    ends_at: datetime
    is_good: bool


def refresh(token: str, *, client_id: str, wish: str | None, at: datetime) -> Issued:
    """New tokens for this one; `wish` is the scope that the client wants now.

    Raises `invalid_grant` and `invalid_scope` as OAuth2Error.
    """
    result = transaction(
        lambda session: _refresh(session, token, client_id=client_id, wish=wish, at=at)
    )
    if result is None:
        get_logger().warning("refresh token reused", client=client_id, security=True)
        raise invalid_grant("This refresh token was used before.")
    return result


def find(token: str, *, at: datetime) -> Family | None:
    """The family of a refresh token, or None for one that leads nowhere."""
    with reading() as session:
        row = _look(session, token, at=at)
        if row is None:
            return None
        uid = session.scalar(sa.select(User.uid).where(User.id == row.user_id))
    if uid is None:
        # Deleted since the row was read.
        return None
    return Family(
        authorization_id=row.id,
        client_id=row.client_id,
        user_id=row.user_id,
        uid=uid,
        scope=tuple(row.scope.split()),
        ends_at=row.ends_at,
        is_good=_same(row.refresh_hash, token),
    )


def _refresh(
    session: Session,
    token: str,
    *,
    client_id: str,
    wish: str | None,
    at: datetime,
) -> Issued | None:
    """None for a token that was used before: its family is dead now."""
    row = _look(session, token, at=at, lock=True)
    if row is None or row.client_id != client_id or row.refresh_hash is None:
        raise invalid_grant("This refresh token is unknown, over or revoked.")
    scope = _narrowed(row, wish)
    rests = refresh_successors(running().settings, token)
    successors = [token[:FAMILY_LENGTH] + rest for rest in rests]
    if _same(row.refresh_hash, token):
        _exchange(session, row, successors[0], at=at)
        _use(session, row, at=at)
        return _issue(session, row, scope, successors[0], at=at)
    again = [one for one in successors if _same(row.refresh_hash, one)]
    if again and row.rotated_at is not None and at - row.rotated_at <= GRACE:
        return _issue(session, row, scope, again[0], at=at)
    access_tokens.end_tokens_in(session, row.id)
    return None


def _issue(
    session: Session, row: Authorization, scope: str, token: str, *, at: datetime
) -> Issued:
    """An access token in place of those of this sign-in that are over."""
    access_tokens.forget_over(session, row, at=at)
    return access_tokens.issue(session, row, scope, token, at=at)


def _look(
    session: Session, token: str, *, at: datetime, lock: bool = False
) -> Authorization | None:
    if not _SHAPE.fullmatch(token):
        return None
    family = access_tokens.hash_token(token[:FAMILY_LENGTH])
    facts = {"family_hash": family, **access_tokens.alive_at(at)}
    return session.scalar(_LOCK if lock else _LOOK, facts)


def _exchange(
    session: Session, row: Authorization, successor: str, *, at: datetime
) -> None:
    """Compare and set: of several callers with one token one changes the row."""
    same = (Authorization.id == row.id, Authorization.refresh_hash == row.refresh_hash)
    change = sa.update(Authorization).where(*same)
    new = access_tokens.hash_token(successor)
    if not run(session, change.values(refresh_hash=new, rotated_at=at)):
        raise StartOver


def _use(session: Session, row: Authorization, *, at: datetime) -> None:
    stale = (SessionRow.id == row.session_id, SessionRow.seen_at <= at - SEEN_EVERY)
    run(session, sa.update(SessionRow).where(*stale).values(seen_at=at))


def _narrowed(row: Authorization, wish: str | None) -> str:
    """The scope of the new access token: less is fine, more is not (RFC 6749 6). What
    is unknown is dropped here as it was at the start: libraries repeat their wish."""
    granted, wanted = row.scope.split(), known_scope(wish or row.scope).split()
    if wish and not wanted:
        raise refusal("invalid_scope", "We know none of these scopes.")
    if not set(wanted) <= set(granted):
        raise refusal("invalid_scope", "More scope than was granted.")
    return " ".join(one for one in granted if one in wanted)


def _same(stored: bytes | None, token: str) -> bool:
    return stored is not None and hmac.compare_digest(
        stored, access_tokens.hash_token(token)
    )
