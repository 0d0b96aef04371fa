"""Scan to sign in: a mini program's code on a page, and a phone that says yes.

The rules of the ticket are flows/pairing.py's. Who a phone is comes from its own
session in the program (flows/mini_program.py), so from WeChat's answer to our server;
what the phone sees of the browser comes from the ticket, never from what it posted.

The browser's session begins when it claims the ticket, in one transaction, as at every
other door: the account is looked up then, so one that was closed meanwhile signs nobody
in, and one that was merged is the survivor's. The phone's session has to live until
then: who signs out everywhere takes a yes back that nobody has claimed yet.

A stranger's account is made by the yes where nobody has to be asked. Where the program
asks, the program asks first; where the browser's site does, the browser's page does.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from wxlogin.accounts import avatars, people
from wxlogin.accounts.resolve import Resolution
from wxlogin.accounts.sessions import Trace, Visitor, require_alive
from wxlogin.accounts.sign_in import Hook
from wxlogin.config import App
from wxlogin.db import now
from wxlogin.errors import (
    AccountGone,
    AlreadyFinished,
    NotFound,
    ScanOutOfTurn,
    ScanOver,
    SignInNeeded,
    UnknownPerson,
)
from wxlogin.flows import doors, first_visit, pairing
from wxlogin.flows.mini_program import Holder
from wxlogin.flows.pairing import Begun, Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner, Seen, Stage
from wxlogin.flows.program_code import ProgramSignIn, signed_in_by
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.signing_in import Answer, live_session, person_of, sign_in_as
from wxlogin.observability import get_logger
from wxlogin.security.signing import session_secrets
from wxlogin.service import running

DOOR = doors.SCAN.name
#: A code is shown again while it waits for a phone, and has so many seconds left.
FRESH_SECONDS = 15


def program(name: str) -> App:
    """The mini program of this name; of no name, the one of SCAN_APP. Raises
    NotFound."""
    settings = running().settings
    app = settings.app_named(name) if name else settings.scan_program
    if app is None or app.kind is not doors.SCAN.kind or not app.scan_page:
        raise NotFound("no mini program of this name with a scan_page is configured")
    return app


def begin(
    app: App, wish: Wish, seen: Seen, *, before: Pairing | None = None
) -> tuple[Pairing, Begun]:
    """A new code. `before` is the last one of this browser. Raises Crowded."""
    first = before.first if before else ""
    return pairing.begin(door=DOOR, app=app.name, wish=wish, seen=seen, first=first)


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


# -- the phone's half --


def scanned(scene: str, holder: Holder, *, address: str) -> Pairing:
    """The program opened at this scene. Raises as `pairing.of_phone` and `scan`."""
    found = of_phone(scene, holder)
    return pairing.scan(found, Report(_scanner(holder, named=True), address))


@dataclass(frozen=True)
class Yes:
    """A confirmation: from where, and with the number that the person typed."""

    address: str
    number: str = ""


def confirm(
    scene: str, holder: Holder, said: Yes, *, trace: Trace
) -> ProgramSignIn | None:
    """The person says yes. A stranger's new session in the program; None for who has
    one, or whom the browser's site will ask.

    Raises UnknownPerson where the program has to ask first, and what `pairing.confirm`
    and a sign-in raise.
    """
    found, waiting = of_phone(scene, holder), holder.waiting
    report = Report(_scanner(holder), said.address, said.number)
    if holder.signed_in is not None:
        visitor = holder.signed_in.visitor
        pairing.confirm(found, report, lambda: _by_session(holder, visitor))
        return None
    if waiting is None or not waiting.policy.creates:
        raise UnknownPerson("the person has to agree first")
    if not waiting.done and not first_visit.creates(found.wish.purpose):
        pairing.confirm(found, report, lambda: Confirmed(waiting.answer))
        return None

    def settled() -> ProgramSignIn:
        return signed_in_by(first_visit.settle(waiting, trace=trace, also=None))

    pairing.confirm(found, report, lambda: _by_session(holder, settled().visitor))
    # The same again for a call whose answer was lost.
    return settled()


def refuse(scene: str, holder: Holder) -> None:
    """The person says no. Raises as `pairing.refuse`."""
    pairing.refuse(of_phone(scene, holder), _scanner(holder))
    get_logger().info("scan refused", app=holder.sender.app.name)


def of_phone(scene: str, holder: Holder) -> Pairing:
    """The ticket, for this program. Raises ScanUnknown."""
    return pairing.of_phone(scene, door=DOOR, app=holder.sender.app.name)


def _scanner(holder: Holder, *, named: bool = False) -> Scanner:
    """Who this is; `named` as the browser's page shows it."""
    appid, openid = holder.sender.app.appid, holder.sender.openid
    visitor = holder.signed_in.visitor if holder.signed_in else None
    if not named or visitor is None:
        return Scanner(appid, openid)
    version = avatars.version_of(visitor.user_id) or ""
    name = visitor.profile.nickname
    return Scanner(appid, openid, name, visitor.uid, version)


def _by_session(holder: Holder, visitor: Visitor) -> Confirmed:
    """Who is signed in on the phone: by the openid, whose unionid is on record."""
    person = person_of(holder.sender.app, holder.sender.openid, None, None)
    return Confirmed(Answer(person, known=None, grant=None), visitor.session_id)


# -- the browser's half --


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


def since(found: Pairing) -> str:
    """When the browser asked for the code, as programs read it."""
    return datetime.fromtimestamp(int(found.seen.since), UTC).isoformat()
