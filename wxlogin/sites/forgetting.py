"""What was for sites, and has run out."""

from datetime import datetime, timedelta

from wxlogin.accounts.models import AccessToken, Authorization, LogoutNotice
from wxlogin.accounts.statements import remove
from wxlogin.sites import feed

#: A site that reads the feed less often than this misses events.
EVENTS_KEPT = timedelta(days=30)
# Notices are tried for an hour; older ones wait where nobody delivers.
NOTICES_KEPT = timedelta(days=1)


def forget_tokens(at: datetime) -> int:
    """Removes access tokens and sign-ins at sites that ran out; says how many."""
    tokens = remove(AccessToken, AccessToken.expires_at <= at)
    return tokens + remove(Authorization, Authorization.ends_at <= at)


def forget_events(at: datetime) -> int:
    """Removes old events and notices, told or not; says how many."""
    notices = remove(LogoutNotice, LogoutNotice.at <= at - NOTICES_KEPT)
    return notices + feed.forget(at - EVENTS_KEPT)
