"""Scan to sign in: a mini program's code on a page, and a phone that says yes.

The rules of the ticket are flows/pairing.py's; how the browser claims its session is
flows/pairing_claim.py's. Who a phone is comes from its own session in the program
(flows/mini_program.py), so from WeChat's answer to our server; what the phone sees of
the browser comes from the ticket, never from what it posted.

A stranger's account is made by the yes where nobody has to be asked. Where the program
asks, the program asks first; where the browser's site does, the browser's page does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from wxlogin.accounts import avatars
from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import App
from wxlogin.errors import NotFound, UnknownPerson
from wxlogin.flows import doors, first_visit, pairing
from wxlogin.flows.mini_program import Holder
from wxlogin.flows.pairing import Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner
from wxlogin.flows.program_code import ProgramSignIn, signed_in_by
from wxlogin.flows.signing_in import Answer, person_of
from wxlogin.observability import get_logger
from wxlogin.service import running

DOOR = doors.SCAN.name


def program(name: str) -> App:
    """The mini program of this name; of no name, the one of SCAN_APP. Raises
    NotFound."""
    settings = running().settings
    app = settings.app_named(name) if name else settings.scan_program
    if app is None or app.kind is not doors.SCAN.kind or not app.scan_page:
        raise NotFound("no mini program of this name with a scan_page is configured")
    return app


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


def since(found: Pairing) -> str:
    """When the browser asked for the code, as programs read it."""
    return datetime.fromtimestamp(int(found.seen.since), UTC).isoformat()
