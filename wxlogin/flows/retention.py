"""What has run out is forgotten, once a day, whoever does it.

Sign-ins older than LOGIN_HISTORY_DAYS, sessions and tokens that are over, events that
no site reads any more, session keys of mini programs, pushes of WeChat's, who ceased to
follow an official account longer than FOLLOWER_DAYS ago and is no user, places in lists
of followers that are no use any more, tickets. Each process that serves looks now and
then whether a day has passed; a ticket decides who does it, so it is one of them, at
most once a day, and its end is written down where a restart does not lose it. One that
is killed in the middle is followed by another within the hour: what is gone stays gone.

The database's clock says how late it is, not that of a machine whose clock may be wrong
by years. Rows go some hundred at a time, so that nobody who signs in waits for it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wxlogin.accounts import session_keys
from wxlogin.accounts.follower_lists import forget_places
from wxlogin.accounts.followers import forget_gone
from wxlogin.accounts.sessions import forget_ended
from wxlogin.accounts.sign_in import forget_old_logins
from wxlogin.config import Settings
from wxlogin.db import reading
from wxlogin.flows import push_inbox
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites.feed import forget_events
from wxlogin.sites.memberships import forget_tokens
from wxlogin.tickets.clock import moment

#: Seconds from one time to the next: a little less than a day, so that it is not later
#: every day.
EVERY = 23.5 * 3600
# Seconds after which one that began and never ended is begun again.
LEASE = 3600.0
_TICKET = ("retention", "daily")


@dataclass(frozen=True)
class Forgotten:
    """How many rows of each went."""

    sessions: int
    logins: int
    tokens: int
    events: int
    tickets: int
    #: Of mini programs; named so that the log shows how many.
    program_keys: int
    pushes: int
    #: Who ceased to follow, and is no user.
    followers: int


def forget_if_due() -> Forgotten | None:
    """Forgets what has run out, if nobody has within a day; None if somebody has, or is
    about to. Raises Unready where database or ticket store do not answer."""
    tickets = running().tickets
    # Most look in vain, and should not want the right to write for it.
    if tickets.get(*_TICKET) is not None:
        return None
    if not tickets.add(*_TICKET, "begun", ttl=LEASE):
        return None
    found = forget(running().settings)
    mine = tickets.get(*_TICKET)
    if mine is not None:
        tickets.swap(*_TICKET, mine.version, "done", ttl=EVERY)
    get_logger().info("forgotten", **asdict(found))
    return found


def forget(settings: Settings) -> Forgotten:
    """Forgets what has run out, now."""
    at = _now()
    return Forgotten(
        sessions=forget_ended(at, idle=timedelta(days=settings.session_idle_days)),
        logins=forget_old_logins(at - timedelta(days=settings.login_history_days)),
        tokens=forget_tokens(at),
        events=forget_events(at),
        tickets=_sweep(),
        program_keys=session_keys.forget_old(at),
        pushes=push_inbox.forget(at),
        followers=_forget_followers(at, timedelta(days=settings.follower_days)),
    )


def _forget_followers(at: datetime, kept: timedelta) -> int:
    forget_places(at)
    return forget_gone(at - kept)


def _sweep() -> int:
    count = 0
    while found := running().tickets.sweep():
        count += found
    return count


def _now() -> datetime:
    with reading() as session:
        at: datetime = session.scalars(sa.select(moment(0))).one()
    return at
