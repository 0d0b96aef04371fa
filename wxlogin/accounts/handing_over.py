"""A second session beside a first one: the same person, another client.

The new session is no new sign-in. It has the first one's identity, so it ends when
that WeChat is taken off the account, and its beginning and end: a step that wants a
fresh sign-in gets none by it, and nobody stays signed in for longer (security rows
23, 24 and 28).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import sessions
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.models.columns import ADDRESS_LENGTH, BROWSER_LENGTH
from wxlogin.accounts.owners import lock, refuse_disabled
from wxlogin.accounts.person import storable
from wxlogin.accounts.sessions import SessionKind, hash_secret
from wxlogin.db import now, transaction
from wxlogin.errors import SignInNeeded


@dataclass(frozen=True)
class Client:
    """Who gets the session: its secret, what it is for, and where that is.

    `former_secret` is that of the session which this browser had, and which ends.
    """

    secret: str = field(repr=False)
    kind: SessionKind
    address: str
    browser: str
    former_secret: str | None = field(default=None, repr=False)


def open_beside(
    session_id: int, user_id: int, client: Client, *, idle: timedelta
) -> None:
    """Opens a session for `client` beside the session `session_id` of this user.

    Raises SignInNeeded where that one has ended, AccountDisabled and AccountGone,
    with nothing written.
    """
    moment = now()

    def work(session: Session) -> None:
        # The user's lock: an account that is being closed ends all its sessions.
        refuse_disabled(*lock(session, {user_id}).values())
        first = session.scalar(_alive(session_id, user_id, at=moment, idle=idle))
        if first is None:
            raise SignInNeeded("the session to hand over from has ended")
        row = _beside(first, client, at=moment)
        session.add(row)
        session.flush()
        if client.former_secret:
            former = hash_secret(client.former_secret)
            sessions.replace(session, former, by_id=row.id, user_id=user_id)

    transaction(work)


def _alive(
    session_id: int, user_id: int, *, at: datetime, idle: timedelta
) -> sa.Select[SessionRow]:
    return sa.select(SessionRow).where(
        SessionRow.id == session_id,
        SessionRow.user_id == user_id,
        SessionRow.ends_at > at,
        SessionRow.seen_at > at - idle,
    )


def _beside(first: SessionRow, client: Client, *, at: datetime) -> SessionRow:
    return SessionRow(
        secret_hash=hash_secret(client.secret),
        user_id=first.user_id,
        identity_id=first.identity_id,
        kind=client.kind,
        appid=first.appid,
        created_at=first.created_at,
        seen_at=at,
        ends_at=first.ends_at,
        address=storable(client.address, ADDRESS_LENGTH),
        browser=storable(client.browser, BROWSER_LENGTH),
    )
