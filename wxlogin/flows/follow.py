"""Follow to sign in: an official account's code on a page, and its chat that asks.

The rules of the ticket are flows/pairing.py's; how the browser claims its session is
flows/pairing_claim.py's. WeChat's app asks nobody about such a scan, so the question is
ours (docs/threats.md, security row 79):

- Who scans is told by a sealed push: SCAN of who follows, `subscribe` of who follows by
  it. That alone leads to nothing but an answer in the chat, with a link.
- The link leads to a page of ours that lets WeChat say who opened it, silently
  (flows/redirect/proof.py), and asks by a button. Who scanned says yes, nobody else.
  A stranger's unionid is asked for then, so that no second account is made.
- A scene that is unknown, of another account, or over is none of our business.

WeChat delivers a push three times, and each delivery has the same answer: it is kept by
the push's digest.
"""

import time
from dataclasses import dataclass
from enum import StrEnum

from wxlogin import service
from wxlogin.accounts import people
from wxlogin.accounts.person import Person
from wxlogin.config import App
from wxlogin.errors import NotFound, ScanOutOfTurn, ScanOver, ScanTaken, ScanUnknown
from wxlogin.flows import doors, pairing
from wxlogin.flows.credentials import with_token
from wxlogin.flows.doors import Flow
from wxlogin.flows.pairing import Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner
from wxlogin.flows.redirect.proof import Proof
from wxlogin.flows.signing_in import Answer, person_of
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat.errors import Call
from wxlogin.wechat.follower_calls import follower
from wxlogin.wechat.pushes import Push

DOOR = doors.FOLLOW.name
#: Longer than WeChat's last delivery of a push may take.
_ANSWERED_SECONDS = 120


class Says(StrEnum):
    """What the chat says; from `number` on to who sends numbers
    (flows/follow_number.py)."""

    #: The question, to be answered behind a link.
    link = "link"
    #: The code that was scanned, the number that was sent is used.
    used = "used"
    used_number = "used_number"
    #: The question, to be answered by the two digits that the browser shows.
    number = "number"
    expired = "expired"
    confirmed = "confirmed"
    refused = "refused"
    #: Other digits than the browser's, and the third of them.
    wrong = "wrong"
    dead = "dead"
    #: WeChat does not say who a stranger is.
    later = "later"
    #: Too many numbers that are nowhere on show.
    rests = "rests"


@dataclass(frozen=True)
class Heard:
    """What the chat says to who scanned or sent a number; `scene` is the ticket's,
    empty where the words are of none."""

    scene: str
    #: Seconds since 1970.
    at: int
    says: Says = Says.link


_heard = service.shelf("follow_heard", Heard, seconds=_ANSWERED_SECONDS)


def account(name: str) -> App:
    """The official account of this name; of no name, the first whose pushes are sealed.
    Raises NotFound."""
    settings = running().settings
    named = settings.app_named(name) if name else None
    app = doors.app_of(doors.FOLLOW, settings, named)
    if app is None or (name and named is None):
        raise NotFound("no official account of this name has an aes_key")
    return app


# -- the push --


def heard(app: App, push: Push) -> Heard | None:
    """Marks the code of this push as scanned; what the chat answers, None for nothing.

    The same again for the same push. Raises Unready.
    """
    if not push.scene or app.kind is not doors.FOLLOW.kind or app.aes_key is None:
        return None
    key = f"{app.appid}\x1f{push.digest.hex()}"
    before = _heard.get(key)
    if before is not None:
        return before
    said = _scanned(app, push)
    if said is None or _heard.add(key, said):
        return said
    return _heard.get(key)


def _scanned(app: App, push: Push) -> Heard | None:
    at = int(time.time())
    try:
        found = pairing.of_phone(push.scene, door=DOOR, app=app.name)
        # Where the phone is, a push does not say; its page will.
        pairing.scan(found, Report(named(app, push.openid), found.seen.address))
    except (ScanUnknown, ScanOver):
        return None
    except (ScanTaken, ScanOutOfTurn):
        return Heard(push.scene, at, Says.used)
    get_logger().info("code scanned in the account", app=app.name)
    return Heard(push.scene, at)


def named(app: App, openid: str) -> Scanner:
    """Who scanned, as the browser's page shows it."""
    known = people.known(app.appid, openid)
    return Scanner(app.appid, openid, known.nickname if known else "")


# -- the phone's page --


def of_phone(scene: str) -> Pairing:
    """The ticket, for a page of the phone. Raises ScanUnknown."""
    return pairing.of_phone(scene, door=DOOR)


def may_answer(found: Pairing, person: Person) -> bool:
    """Did this person scan the code?"""
    return found.scanner is not None and found.scanner.is_same(_scanner(person))


def asks_first(_found: Pairing, _proof: Proof) -> Flow | None:
    """Nothing more than who it is: a stranger's unionid is asked for at the yes."""
    return None


def approach(found: Pairing, person: Person, *, address: str) -> Pairing:
    """The page is open on the phone; it changes nothing but that a number may be
    wanted. Raises as `pairing.approach`."""
    return pairing.approach(found, Report(_scanner(person), address))


def confirm(found: Pairing, proof: Proof, *, address: str, number: str) -> None:
    """The person says yes. Raises as `pairing.confirm`, and where WeChat does not say
    who a stranger is."""
    person = proof.person
    report = Report(_scanner(person), address, number)
    pairing.confirm(found, report, lambda: _yes_of(account(found.app), person))
    get_logger().info("code confirmed in the account", app=found.app)


def _yes_of(app: App, person: Person) -> Confirmed:
    """A silent answer names no unionid. A stranger's is asked for, as a second account
    would be the price; raises what WeChat's refusal is, and ScanOver."""
    stranger = people.known(person.appid, person.openid) is None
    if stranger and app.open_platform and not person.unionid:
        told = unionid_of(app, person.openid, deadline=running().wechat.deadline())
        person = person_of(app, person.openid, told, None)
    return Confirmed(Answer(person, known=None, grant=None))


def unionid_of(app: App, openid: str, *, deadline: Deadline) -> str | None:
    """The follower's unionid, as WeChat says it; None where it names none.

    Raises ScanOver for who follows no more, and what WeChat's refusal is.
    """
    wechat = running().wechat
    told = with_token(
        app,
        lambda token: follower(wechat, app, token, openid, deadline=deadline),
        deadline=deadline,
        asks=Call.FOLLOWER,
    )
    if not told.follows and not told.unionid:
        raise ScanOver("who scanned follows the account no more", app=app.name)
    return told.unionid


def refuse(found: Pairing, person: Person) -> None:
    """The person says no. Raises as `pairing.refuse`."""
    pairing.refuse(found, _scanner(person))
    get_logger().info("code refused in the account", app=found.app)


def _scanner(person: Person) -> Scanner:
    return Scanner(person.appid, person.openid)
