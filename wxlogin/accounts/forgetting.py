"""What was for sites, and has run out."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from wxlogin.accounts import feed
from wxlogin.accounts.models import AccessToken, Authorization, LogoutNotice
from wxlogin.accounts.statements import run
from wxlogin.db import transaction

#: A site that reads the feed less often than this misses events.
EVENTS_KEPT = timedelta(days=30)
# Notices are tried for an hour; older ones wait where nobody delivers.
NOTICES_KEPT = timedelta(days=1)


def forget_tokens(at: datetime) -> int:
    """Removes access tokens and sign-ins at sites that ran out; says how many."""
    tokens = sa.delete(AccessToken).where(AccessToken.expires_at <= at)
    ended = sa.delete(Authorization).where(Authorization.ends_at <= at)
    return transaction(lambda session: run(session, tokens) + run(session, ended))


def forget_events(at: datetime) -> int:
    """Removes old events and notices, told or not; says how many."""
    old = sa.delete(LogoutNotice).where(LogoutNotice.at <= at - NOTICES_KEPT)
    notices = transaction(lambda session: run(session, old))
    return notices + feed.forget(at - EVENTS_KEPT)
