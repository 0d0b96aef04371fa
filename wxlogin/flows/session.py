"""A visitor's session: ended, here or everywhere, or with the whole account.

Acts that cannot be taken back ask for a fresh login (`require_fresh`).
"""

from datetime import timedelta

from wxlogin.accounts import people, sessions
from wxlogin.accounts.sessions import Visitor
from wxlogin.accounts.wechats import require_at_home
from wxlogin.db import now, read
from wxlogin.errors import LoginTooOld, NotFound
from wxlogin.observability import get_logger

#: How old the login behind a session may be.
FRESH = timedelta(minutes=5)


def require_fresh(visitor: Visitor) -> None:
    """Raises LoginTooOld unless the login was in the last five minutes."""
    if now() - visitor.session_started_at > FRESH:
        raise LoginTooOld("this asks for a login of the last five minutes")


def require_own(visitor: Visitor) -> None:
    """For what hands out all of an account: raises LoginTooOld unless the login is
    fresh, and RecentlyJoined for who has just come to the account."""
    require_fresh(visitor)
    read(lambda s: require_at_home(s, visitor.user_id, visitor.identity_id))


def end_session(visitor: Visitor) -> None:
    """Ends the visitor's own session, on all workers at once."""
    sessions.end_one(visitor.session_id)
    get_logger().info("signed out", uid=visitor.uid)


def end_other_session(visitor: Visitor, session_id: int) -> None:
    """Ends one of the visitor's sessions. Raises NotFound if it is not theirs."""
    mine = {session.id for session in sessions.list_for(visitor.user_id)}
    if session_id not in mine:
        raise NotFound("no such session of this user")
    sessions.end_one(session_id)
    get_logger().info("session ended", uid=visitor.uid)


def end_everywhere(visitor: Visitor) -> int:
    """Ends all sessions of the visitor; says how many there were."""
    count = sessions.end_all(visitor.user_id)
    get_logger().info("signed out everywhere", uid=visitor.uid, sessions=count)
    return count


def delete_account(visitor: Visitor) -> None:
    """Deletes everything about the visitor.

    Raises LoginTooOld unless the login behind the session is fresh, and
    RecentlyJoined for who has just come to the account.
    """
    require_fresh(visitor)
    people.delete(visitor.user_id, through=visitor.identity_id)
    get_logger().info("account deleted", uid=visitor.uid)
