"""The login history: one line per sign-in that succeeded, for a bounded time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Conflict, LoginEvent
from wxlogin.accounts.models.columns import ADDRESS_LENGTH, BROWSER_LENGTH
from wxlogin.accounts.person import storable
from wxlogin.accounts.resolve import Resolution
from wxlogin.accounts.sessions import SessionKind
from wxlogin.db import reading
from wxlogin.db.statements import insert, remove


@dataclass(frozen=True)
class Trace:
    """By which door a sign-in comes, and from where."""

    door: str
    address: str
    browser: str
    request_id: str
    #: Secret of the session that this browser had before, which ends now.
    former_secret: str | None = None
    #: What the session is for.
    kind: SessionKind = "web"


@dataclass(frozen=True)
class Login:
    """A sign-in that was."""

    at: datetime
    appid: str
    door: str
    outcome: str
    address: str
    browser: str


def record_login(
    session: Session,
    resolution: Resolution,
    trace: Trace,
    *,
    appid: str,
    at: datetime,
) -> None:
    """Adds a line inside the caller's transaction."""
    values = {
        "user_id": resolution.user_id,
        "identity_id": resolution.identity_id,
        "at": at,
        "appid": appid,
        "door": storable(trace.door, 32),
        "outcome": resolution.outcome.value,
        "address": storable(trace.address, ADDRESS_LENGTH),
        "browser": storable(trace.browser, BROWSER_LENGTH),
        "request_id": storable(trace.request_id, 64),
    }
    insert(session, LoginEvent, values)


def recent_logins(user_id: int, *, limit: int = 10) -> list[Login]:
    """The user's last sign-ins, the latest first."""
    query = (
        sa.select(LoginEvent)
        .where(LoginEvent.user_id == user_id)
        .order_by(LoginEvent.at.desc(), LoginEvent.id.desc())
        .limit(limit)
    )
    with reading() as session:
        return [_login(row) for row in session.scalars(query)]


def logins_since(
    identities: Collection[int], since: datetime, *, doors: Collection[str]
) -> int:
    """How many sign-ins through these identities by these doors came after that."""
    query = sa.select(sa.func.count(LoginEvent.id)).where(
        LoginEvent.identity_id.in_(identities),
        LoginEvent.at > since,
        LoginEvent.door.in_(doors),
    )
    with reading() as session:
        return session.scalar(query) or 0


def forget_old_logins(before: datetime) -> int:
    """Removes sign-ins, and conflicts not seen since, from before that moment.

    Says how many rows went.
    """
    logins = remove(LoginEvent, LoginEvent.at < before)
    return logins + remove(Conflict, Conflict.last_seen_at < before)


def _login(row: LoginEvent) -> Login:
    return Login(
        at=row.at,
        appid=row.appid,
        door=row.door,
        outcome=row.outcome,
        address=row.address,
        browser=row.browser,
    )
