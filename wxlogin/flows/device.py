"""A computer waits and a phone confirms: a code that opens a page of ours in WeChat.

For who has an official account and nothing else, as with each of WeChat's test
accounts. The code is the page's address, so WeChat draws none and pushes nothing. The
rules of the ticket are flows/pairing.py's; how the browser claims its session is
flows/pairing_claim.py's. It is the cross-device sign-in of RFC 8628, whose section 5.4
names the danger: a code that somebody else has shown. So (docs/threats.md, security
rows 67 to 74):

- WeChat says who opened the page, silently (flows/redirect/proof.py). Opening it marks
  the code as scanned, and confirms nothing: only the button does, of who was first.
- A stranger is asked by WeChat's sheet before the question: a silent answer names no
  unionid, and a second account would be the price. Once: what the sheet does not tell
  either, WeChat does not know.
"""

from wxlogin.accounts import people
from wxlogin.accounts.person import Person
from wxlogin.config import App
from wxlogin.errors import NotFound, NotTheScanner
from wxlogin.flows import doors, pairing
from wxlogin.flows.doors import Flow
from wxlogin.flows.pairing import Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner, Stage
from wxlogin.flows.redirect.proof import Proof
from wxlogin.flows.signing_in import Answer
from wxlogin.observability import get_logger
from wxlogin.service import running

DOOR = doors.DEVICE.name


def account(name: str) -> App:
    """The official account of this name; of no name, the first. Raises NotFound."""
    settings = running().settings
    named = settings.app_named(name) if name else None
    app = doors.app_of(doors.DEVICE, settings, named)
    if app is None or (name and named is None):
        raise NotFound("no official account of this name opens pages inside WeChat")
    return app


def of_phone(scene: str) -> Pairing:
    """The ticket, for a page of the phone. Raises ScanUnknown."""
    return pairing.of_phone(scene, door=DOOR)


def may_answer(found: Pairing, person: Person) -> bool:
    """Is this who opened the page first, or may be?"""
    if person.appid != account(found.app).appid:
        return False
    return found.scanner is None or found.scanner.is_same(_scanner(person))


def asks_first(found: Pairing, proof: Proof) -> Flow | None:
    """What WeChat is to be asked about the person before we ask; None for nothing."""
    return Flow.proof_named if _lacks(account(found.app), proof) else None


def approach(found: Pairing, person: Person, *, address: str) -> Pairing:
    """The page is open on the phone, and the browser shows so. Raises ScanTaken where
    another one was faster, NotTheScanner for whom another account has named, and as
    `pairing.approach`."""
    if not may_answer(found, person):
        raise NotTheScanner("another person, or the word of another account")
    if found.stage is Stage.waiting:
        found = pairing.scan(found, Report(_scanner(person, named=True), address))
    return pairing.approach(found, Report(_scanner(person), address))


def confirm(found: Pairing, proof: Proof, *, address: str, number: str) -> None:
    """The person says yes. Raises as `pairing.confirm`."""
    report = Report(_scanner(proof.person), address, number)
    pairing.confirm(found, report, lambda: _yes_of(account(found.app), proof))
    get_logger().info("code confirmed on a page", app=found.app)


def refuse(found: Pairing, person: Person) -> None:
    """The person says no. Raises as `pairing.refuse`."""
    pairing.refuse(found, _scanner(person))
    get_logger().info("code refused on a page", app=found.app)


def _yes_of(app: App, proof: Proof) -> Confirmed:
    if _lacks(app, proof):
        raise NotTheScanner("a stranger whom WeChat has named silently", app=app.name)
    return Confirmed(Answer(proof.person, known=None, grant=None))


def _lacks(app: App, proof: Proof) -> bool:
    """Would an account be made of this answer, with less than WeChat tells?"""
    person = proof.person
    if proof.is_asked or person.unionid or people.known(person.appid, person.openid):
        return False
    return bool(app.open_platform) or running().settings.profile != "never"


def _scanner(person: Person, *, named: bool = False) -> Scanner:
    """Who this is; `named` as the browser's page shows it."""
    if not named:
        return Scanner(person.appid, person.openid)
    known = people.known(person.appid, person.openid)
    told = person.profile.nickname if person.profile else ""
    return Scanner(person.appid, person.openid, known.nickname if known else told)
