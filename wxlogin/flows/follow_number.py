"""The number door of follow to sign in, for accounts without codes of their own.

Only a verified service account has codes with a scene (flows/account_code.py). Of any
other the page shows the account itself and a number. Whoever follows sends the number
in the account's chat; the chat asks, and is answered there, since such an account has
no pages inside WeChat either (docs/threats.md, security rows 74 and 79):

- The number alone leads to nothing but a question, with site, browser, place and time.
- The yes is two digits that the browser shows from then on. A push says of no phone
  where it is, so they are always wanted. Nobody who mistyped a number, or was given one
  to send, has them before the eyes. Three wrong ones, and the number is dead.
- Only who sent the number is heard, while it is good, and once. What else they write
  is none of our business.
- No two numbers are neighbours (flows/typed_numbers.py), one is on show in one browser
  only, and rests for ten minutes before it is drawn again.
- Five numbers within ten minutes that are on show nowhere, and those of this person
  rest for ten minutes.
- A number that is on show nowhere is a message as any other.

A message is delivered three times, and worked on again where a process died, and has
one effect, and one answer.
"""

import time
from dataclasses import dataclass, replace

from wxlogin import service
from wxlogin.accounts import people
from wxlogin.config import App
from wxlogin.errors import (
    Crowded,
    NumberWrong,
    ScanOutOfTurn,
    ScanOver,
    ScanTaken,
    ScanUnknown,
    WeChatDenied,
    WeChatMisconfigured,
    WeChatUnavailable,
)
from wxlogin.flows import account_code, doors, follow, following, pairing, typed_numbers
from wxlogin.flows.follow import DOOR, Heard, Says
from wxlogin.flows.pairing import CLAIM_SECONDS, GRACE_SECONDS, Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner, Stage
from wxlogin.flows.signing_in import Answer, person_of
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.tickets.once import Turn
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat.pushes import Push

#: How long a number rests before it is drawn again, and how long somebody's do.
REST_SECONDS = 600.0
#: So many numbers of one person that are on show nowhere, within REST_SECONDS.
MOST_MISSES = 5
#: So many numbers may be on show or rest, of all accounts together: of the 90,000 there
#: are, few enough that who makes one up meets none.
MOST_NUMBERS = 9000

# A stranger's unionid is asked for while WeChat waits for the answer.
_ASK_SECONDS = 2.0
# Draws of a number that is free, and tries to count beside somebody else's.
_TRIES = 60


@dataclass(frozen=True)
class _Drawn:
    """A number that is on show, or rests: whose it is."""

    scene: str


@dataclass(frozen=True)
class _Asked:
    """The last question to somebody: about which ticket."""

    scene: str


@dataclass(frozen=True)
class _Misses(Kept):
    """When somebody sent numbers that are nowhere, in seconds since 1970."""

    at: tuple[float, ...]
    rests_until: float = 0.0


@dataclass(frozen=True)
class _Said(Turn):
    """What was answered to a message."""

    heard: Heard | None = None


_drawn = service.shelf("follow_number", _Drawn, seconds=REST_SECONDS)
_asked = service.shelf("follow_asked", _Asked, seconds=REST_SECONDS)
_misses = service.shelf("follow_misses", _Misses, seconds=REST_SECONDS)
_said = service.once("follow_said", _Said, seconds=REST_SECONDS)


# -- the page --


def fits(app: App, found: Pairing) -> bool:
    """Is this ticket what a page of the account shows now, a code or a number?"""
    return bool(found.chat_number) == account_code.has_none(app)


def ready(app: App, found: Pairing) -> Pairing:
    """The new ticket, with a number where the account has no codes. Raises Crowded."""
    if not account_code.has_none(app):
        return found
    try:
        return pairing.number(found, _draw(app, found))
    except Crowded:
        pairing.end(found)
        raise


def _draw(app: App, found: Pairing) -> str:
    # Its last answer comes later than the ticket's end says now.
    kept = found.left + GRACE_SECONDS + CLAIM_SECONDS + REST_SECONDS
    for _ in range(_TRIES):
        number = typed_numbers.new_number()
        mine = _Drawn(found.key)
        if _drawn.add(_place(app, number), mine, seconds=kept, most=MOST_NUMBERS):
            return number
    raise Crowded("no number is free", app=app.name)


# -- the chat --


def heard(app: App, push: Push) -> Heard | None:
    """What the chat answers to this message, None where it is none of this door's.

    A number has its question, and a question its answer. The same again for the same
    message. Raises Unready, and LoginPending where another worker takes too long.
    """
    if not (push.text and push.openid) or not _takes(app):
        return None
    number = typed_numbers.number_in(push.text)
    answer = typed_numbers.answer_in(push.text)
    if not number and not answer:
        return None

    def work(turn: _Said) -> _Said:
        if number:
            return replace(turn, heard=_question(app, push.openid, number))
        return replace(turn, heard=_answer(app, push.openid, answer))

    return _said.made(f"{app.appid}\x1f{push.digest.hex()}", _Said(), work).heard


def _takes(app: App) -> bool:
    """What is not sealed proves nobody."""
    return app.kind is doors.FOLLOW.kind and app.aes_key is not None


def _question(app: App, openid: str, number: str) -> Heard | None:
    who, at = _place(app, openid), int(time.time())
    if _rests(who):
        # Whether it is on show is not said: who makes numbers up learns nothing.
        known = typed_numbers.is_number(number)
        return Heard("", at, Says.rests) if known else None
    found = _on_show(app, number)
    if found is None:
        _miss(who)
        return None
    try:
        # Where the phone is, nobody says: so it is in another network.
        pairing.scan(found, Report(follow.named(app, openid), ""))
    except ScanOver:
        return Heard("", at, Says.expired)
    except ScanOutOfTurn:
        return Heard("", at, Says.used_number)
    except ScanTaken:
        _miss(who)
        return Heard("", at, Says.used_number)
    _asked.take(who)
    _asked.add(who, _Asked(found.key), seconds=max(0.0, found.left) + REST_SECONDS)
    get_logger().info("number sent to the account", app=app.name)
    return Heard(found.key, at, Says.number)


def _on_show(app: App, number: str) -> Pairing | None:
    """The ticket whose number this is, or was lately."""
    drawn = _drawn.get(_place(app, number))
    if drawn is None:
        return None
    try:
        found = pairing.of_phone(drawn.scene, door=DOOR, app=app.name)
    except ScanUnknown:
        return None
    return found if found.chat_number == number else None


def _answer(app: App, openid: str, digits: str) -> Heard | None:
    who, at = _place(app, openid), int(time.time())
    asked = _asked.get(who)
    if asked is None:
        return None
    try:
        found = pairing.of_phone(asked.scene, door=DOOR, app=app.name)
        says = _settled(app, found, openid, digits)
    except ScanOver:
        says = Says.expired
    except (ScanUnknown, ScanOutOfTurn):
        _asked.take(who)
        return None
    except (WeChatUnavailable, WeChatMisconfigured, WeChatDenied) as error:
        get_logger().warning("no yes yet", why=error.operator, **error.facts)
        return Heard(asked.scene, at, Says.later)
    if says is not Says.wrong:
        _asked.take(who)
    return Heard(asked.scene, at, says)


def _settled(app: App, found: Pairing, openid: str, digits: str) -> Says:
    """What this answer to the question led to. Raises as `pairing.confirm`."""
    scanner = Scanner(app.appid, openid)
    if digits == typed_numbers.NO:
        pairing.refuse(found, scanner)
        get_logger().info("number refused in the account", app=app.name)
        return Says.refused
    try:
        pairing.confirm(
            found, Report(scanner, "", digits), lambda: _yes_of(app, openid)
        )
    except NumberWrong:
        now = pairing.of_phone(found.key, door=DOOR, app=app.name)
        return Says.dead if now.stage is Stage.refused else Says.wrong
    get_logger().info("number confirmed in the account", app=app.name)
    return Says.confirmed


def _yes_of(app: App, openid: str) -> Confirmed:
    """The person, with a stranger's unionid where the account may ask for it: few that
    have no codes may. Raises what WeChat's other refusals are, and ScanOver."""
    stranger = people.known(app.appid, openid) is None
    asks = stranger and app.open_platform and not following.may_not_ask(app)
    unionid = _unionid(app, openid) if asks else None
    person = person_of(app, openid, unionid, None)
    return Confirmed(Answer(person, known=None, grant=None))


def _unionid(app: App, openid: str) -> str | None:
    try:
        return follow.unionid_of(app, openid, deadline=Deadline(_ASK_SECONDS))
    except WeChatMisconfigured as error:
        if following.learn_of(app, error):
            return None
        raise


# -- numbers that are nowhere --


def _rests(who: str) -> bool:
    found = _misses.get(who)
    return found is not None and found.rests_until > time.time()


def _miss(who: str) -> None:
    """One number more of somebody's that is on show nowhere."""
    for _ in range(_TRIES):
        at, before = time.time(), _misses.get(who)
        if before is None:
            if _misses.add(who, _Misses((at,))):
                return
            continue
        lately = tuple(one for one in before.at if one > at - REST_SECONDS)
        now = replace(before, at=(*lately, at))
        if len(now.at) >= MOST_MISSES:
            get_logger().warning("many numbers that are nowhere", count=len(now.at))
            now = replace(now, at=(), rests_until=at + REST_SECONDS)
        if _misses.swap(now):
            return


def _place(app: App, text: str) -> str:
    """The name under which something of this account's is kept."""
    return f"{app.appid}\x1f{text}"
