"""Acts that cannot be taken back ask for a fresh login."""

from datetime import timedelta

from wxlogin.accounts.sessions import Visitor
from wxlogin.db import now
from wxlogin.errors import LoginTooOld

#: How old the login behind a session may be.
FRESH = timedelta(minutes=5)


def require_fresh(visitor: Visitor) -> None:
    """Raises LoginTooOld unless the login was in the last five minutes."""
    if now() - visitor.session_started_at > FRESH:
        raise LoginTooOld("this asks for a login of the last five minutes")
