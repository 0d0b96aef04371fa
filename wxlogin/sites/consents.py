"""Who agreed to which version of whose terms, and when.

A row is written when a person ticks the box and posts it, and never otherwise.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Consent
from wxlogin.accounts.owners import family, lock
from wxlogin.db import insert_or_ignore, reading


def record(
    session: Session,
    user_id: int,
    client_id: str,
    version: str,
    *,
    at: datetime,
    door: str,
) -> None:
    """One row for each version, however often it is posted. `client_id` is empty
    for our own terms. Raises AccountGone."""
    lock(session, {user_id})
    values = {
        "user_id": user_id,
        "client_id": client_id,
        "version": version,
        "at": at,
        "door": door,
    }
    insert_or_ignore(session, Consent, values)


def given(user_id: int, client_id: str, version: str) -> bool:
    """Did this user, or one that was merged into it, agree to this version?"""
    query = sa.select(Consent.id).where(
        Consent.user_id.in_(family(user_id)),
        Consent.client_id == client_id,
        Consent.version == version,
    )
    with reading() as session:
        return session.execute(query.limit(1)).first() is not None
