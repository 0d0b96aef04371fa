"""The browser's half of a sign-in by a code, at whichever door a phone said yes.

The browser's session begins when it claims the ticket (flows/pairing.py), in one
transaction, as at every other door: the account is looked up then, so one that was
closed meanwhile signs nobody in, and one that was merged is the survivor's. The phone's
session, where it has one, has to live until then: who signs out everywhere takes a yes
back that nobody has claimed yet.

A stranger's account is made here where nobody has to be asked. Where the browser's site
asks first, the browser's page does.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from wxlogin.accounts import avatars, people
from wxlogin.accounts.resolve import Resolution
from wxlogin.accounts.sessions import Trace, require_alive
from wxlogin.accounts.sign_in import Hook
from wxlogin.config import App
from wxlogin.db import now
from wxlogin.errors import (
    AccountGone,
    AlreadyFinished,
    ScanOutOfTurn,
    ScanOver,
    SignInNeeded,
    UnknownPerson,
)
from wxlogin.flows import first_visit, pairing
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Stage
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.signing_in import live_session, sign_in_as
from wxlogin.security.signing import session_secrets
from wxlogin.service import running

#: A code is shown again while it waits for a phone, and has so many seconds left.
FRESH_SECONDS = 15


def is_on_show(found: Pairing, app: App, wish: Wish, *, anew: bool) -> bool:
    """Is this the code of a page that wishes for that? `anew`: the page asks for
    another code, which a code does as well that no phone has scanned."""
    if (found.app, found.wish) != (app.name, wish) or found.state.is_final:
        return False
    if found.stage is Stage.waiting:
        return found.left >= FRESH_SECONDS
    return not anew


def face(found: Pairing) -> bytes | None:
    """The picture of who scanned; None for none."""
    scanner = found.scanner
    if scanner is None or not scanner.picture:
        return None
    return avatars.find(scanner.uid, scanner.picture)


@dataclass(frozen=True)
class Claimed:
    """A sign-in that a browser has claimed; see flows/redirect/finish.Finished."""

    wish: Wish
    secret: str | None = field(default=None, repr=False)
    waiting: str = ""
    shared: bool = False


def claim(found: Pairing, secret: str, *, trace: Trace) -> Claimed:
    """The browser's session, to one caller only.

    `secret` is the ticket's. Raises ScanOutOfTurn, ScanOver (the phone's session has
    ended, too), AccountGone, and what a sign-in raises.
    """
    mine = pairing.claim(found)
    try:
        return _sign_in(mine, secret, trace)
    except SignInNeeded:
        pairing.give_back(mine)
        raise ScanOver("who confirmed has signed out since") from None
    except BaseException:
        # What may pass, such as a database that does not answer, costs no login. What
        # stays is said once more to the page that its script leads to.
        pairing.give_back(mine)
        raise


def _sign_in(mine: Pairing, secret: str, trace: Trace) -> Claimed:
    if (yes := mine.confirmed) is None:
        raise ScanOutOfTurn("nobody has confirmed this code")
    person, wish = yes.answer.person, mine.wish
    known = people.known(person.appid, person.openid)
    answer = replace(yes.answer, known=known)
    # Who had a session has an account, or had one.
    creates = not yes.session_id and first_visit.creates(wish.purpose)
    cookie = session_secrets(running().settings, "scan", mine.key, secret)[0]
    try:
        signed_in = sign_in_as(
            answer, secret=cookie, trace=trace, create=creates, also=_alive(yes)
        )
    except UnknownPerson:
        if yes.session_id:
            raise AccountGone("the account of who confirmed is gone") from None
        key = first_visit.hold(answer, wish, door=trace.door)
        return Claimed(wish, waiting=key)
    except AlreadyFinished:
        # It was given back although it had succeeded: the answer was lost.
        if live_session(cookie) is None:
            raise
        return Claimed(wish, cookie)
    by_unionid = known is None and not signed_in.is_new
    shared = by_unionid or (known is not None and known.is_shared)
    return Claimed(wish, cookie, shared=shared)


def _alive(yes: Confirmed) -> Hook | None:
    """Holds the sign-in to the session by which it was confirmed."""
    if not yes.session_id:
        return None
    idle = timedelta(days=running().settings.session_idle_days)

    def hook(session: Session, resolution: Resolution) -> None:
        who = yes.session_id, resolution.user_id
        require_alive(session, *who, at=now(), idle=idle)

    return hook
