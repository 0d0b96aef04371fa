"""A second session beside a first one: the same person, another client.

The new session is no new sign-in. It has the first one's identity, so it ends when
that WeChat is taken off the account, and its beginning and end: a step that wants a
fresh sign-in gets none by it, and nobody stays signed in for longer (security rows
23, 24 and 28).
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import sessions
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.models.columns import ADDRESS_LENGTH, BROWSER_LENGTH
from wxlogin.accounts.owners import lock, refuse_disabled
from wxlogin.accounts.person import storable
from wxlogin.accounts.sessions import Trace, hash_secret
from wxlogin.db import now, transaction
from wxlogin.errors import SignInNeeded


def open_beside(
    session_id: int, user_id: int, secret: str, trace: Trace, *, idle: timedelta
) -> None:
    """Opens a session with this secret beside the session `session_id` of this user.

    `trace` says for whom, and which session of that browser ends by it. Raises
    SignInNeeded where the first one has ended, AccountDisabled and AccountGone, with
    nothing written.
    """
    moment = now()

    def work(session: Session) -> None:
        # The user's lock: an account that is being closed ends all its sessions.
        refuse_disabled(*lock(session, {user_id}).values())
        first = session.scalar(_alive(session_id, user_id, at=moment, idle=idle))
        if first is None:
            raise SignInNeeded("the session to hand over from has ended")
        row = _beside(first, secret, trace, at=moment)
        session.add(row)
        session.flush()
        if trace.former_secret:
            former = hash_secret(trace.former_secret)
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


def _beside(
    first: SessionRow, secret: str, trace: Trace, *, at: datetime
) -> SessionRow:
    return SessionRow(
        secret_hash=hash_secret(secret),
        user_id=first.user_id,
        identity_id=first.identity_id,
        kind=trace.kind,
        appid=first.appid,
        created_at=first.created_at,
        seen_at=at,
        ends_at=first.ends_at,
        address=storable(trace.address, ADDRESS_LENGTH),
        browser=storable(trace.browser, BROWSER_LENGTH),
    )
