"""A program hands its person over to a web-view: a one-time URL, and its POST.

A native app or mini program has a bearer token; the page it opens in a web-view has
a cookie jar of its own. The app asks for a URL and opens it there. The URL's ticket
is good for 60 seconds and for one POST; a GET shows who would be signed in and
changes nothing, so neither a link preview nor a prefetch spends it. What comes of
the POST is a session of the browser's own; the bearer itself never gets there.

The danger is that of any sign-in by link: whoever has the app can send a stranger
such a URL, and the stranger would do things in the sender's account (login CSRF,
CWE-352, RFC 9700 §4.7). No secret in the URL helps, for the sender knows it. So the
page names the account and asks for one tap. It goes on by itself only where no link
can have led: the request for the page carried the header `X-Wxlogin-Webview`, which
an app sets on the request it gives to its web-view, and which no page and no link
can add to a navigation. Even then not where somebody else is signed in.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from wxlogin import service
from wxlogin.accounts.sessions import Trace, Visitor, open_beside
from wxlogin.errors import (
    AccountGone,
    AlreadyFinished,
    BadNext,
    SignInNeeded,
)
from wxlogin.observability import get_logger
from wxlogin.security.returning import safe_next
from wxlogin.service import running

#: Seconds between the app's call and the tap.
HANDOVER_SECONDS = 60


@dataclass(frozen=True)
class Handover:
    """Who would be signed in, and where the browser goes then."""

    user_id: int
    session_id: int
    next: str


_handovers = service.shelf("handover", Handover, seconds=HANDOVER_SECONDS)


def offer(visitor: Visitor, *, next_url: str) -> str:
    """A ticket with which a browser may become the visitor's, once.

    `next_url` may be empty: the account page. Raises BadNext for an address that is
    neither ours nor a listed site's.
    """
    if next_url and safe_next(next_url, running().settings) is None:
        raise BadNext("next is not an address of ours or of a listed site")
    ticket = new_ticket()
    _handovers.add(ticket, Handover(visitor.user_id, visitor.session_id, next_url))
    get_logger().info("handover offered", uid=visitor.uid)
    return ticket


def new_ticket() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def look(ticket: str) -> Handover:
    """What the ticket is for; nothing changes. Raises AlreadyFinished."""
    if found := _handovers.get(ticket):
        return found
    raise _over()


def accept(ticket: str, *, trace: Trace) -> tuple[Handover, str]:
    """Spends the ticket; the handover, and the secret of the session it opened.

    Of any number of callers one succeeds. Raises AlreadyFinished for the others, and
    where the app's own session has ended meanwhile; AccountDisabled.
    """
    found = _handovers.take(ticket)
    if found is None:
        raise _over()
    secret = secrets.token_urlsafe(32)
    idle = timedelta(days=running().settings.session_idle_days)
    try:
        open_beside(found.session_id, found.user_id, secret, trace, idle=idle)
    except (SignInNeeded, AccountGone):
        raise AlreadyFinished("the app's own session has ended") from None
    get_logger().info("handed over", user=found.user_id)
    return found, secret


def _over() -> AlreadyFinished:
    return AlreadyFinished("the handover was spent, or is older than a minute")
