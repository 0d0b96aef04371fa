"""A browser waits, a phone reports: the ticket that the two share.

    waiting → scanned → confirmed → claimed
                      ↘ refused

It knows no door. Whatever puts a code on a page, and lets a phone say who holds it,
goes by these rules (docs/threats.md, security rows 67 to 74):

- Two values. The *scene* is in the code that everybody may see; the *secret* is in a
  cookie of the browser that asked for the code, and nobody else can look or claim.
- The steps come in this order, and none of them twice: of any number of callers who
  scan, confirm or claim at once, one does.
- Who scanned first confirms, or refuses. A scan alone leads to nothing.
- Where browser and phone are in different networks the phone brings the number that
  the browser shows. It is typed: among few to choose from, whoever taps on finds it.
  After three wrong ones the ticket is dead.
- What the phone is shown of the browser was seen as the code was made.

A ticket that is over is remembered for a while, so that whoever holds its code hears
that it is, and not that there never was one.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from wxlogin import metrics, service
from wxlogin.errors import (
    NotTheScanner,
    NumberWrong,
    ScanOutOfTurn,
    ScanOver,
    ScanTaken,
    ScanUnknown,
    Unready,
)
from wxlogin.flows.pairing_ticket import (
    Confirmed,
    Pairing,
    Scanner,
    Seen,
    Stage,
    new_number,
    proof_of,
)
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.observability import get_logger
from wxlogin.security.networks import are_near
from wxlogin.service import running
from wxlogin.tickets.waiting import Watch

#: Who scans in the last seconds of a code gets so many more to confirm.
GRACE_SECONDS = 60
#: For how long a confirmed ticket may be claimed: the browser does it by itself.
CLAIM_SECONDS = 120
#: For how long it is known that a ticket is over.
_REMEMBERED_SECONDS = 600
#: So many wrong numbers, and the ticket is dead.
MOST_WRONG = 3
# How often a step is tried again that another one came before.
_TRIES = 8


@dataclass(frozen=True)
class Begun:
    """A new code's scene, and the secret for the browser's cookie."""

    scene: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Report:
    """What a phone says: who it is, from where, and the number that was typed."""

    scanner: Scanner
    address: str
    number: str = ""


_pairings = service.shelf("pairing", Pairing, seconds=_REMEMBERED_SECONDS)


def begin(
    *, door: str, app: str, wish: Wish, seen: Seen, first: str = ""
) -> tuple[Pairing, Begun]:
    """A ticket that waits for a phone. `first` is what its predecessor says.

    Raises Crowded.
    """
    scene, secret = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    settings = running().settings
    pairing = Pairing(
        door=door,
        app=app,
        wish=wish,
        seen=seen,
        ends=time.time() + settings.scan_ttl,
        proof=proof_of(scene, secret),
        first=first or scene,
        number=new_number(),
    )
    _pairings.add(
        scene, pairing, seconds=_kept(pairing), most=settings.waiting_requests
    )
    metrics.LOGINS_BEGUN.at(door, app).inc()
    return replace(pairing, key=scene, version=1), Begun(scene, secret)


def number(pairing: Pairing, chat_number: str) -> Pairing:
    """The ticket, with the number that somebody sends who scans no code."""
    return _change(pairing, lambda now: replace(now, chat_number=chat_number))


def watch(scene: str, *others: tuple[str, str]) -> AbstractContextManager[Watch | None]:
    """A seat for who waits for a change of this ticket; see Shelf.watch."""
    return _pairings.watch(scene, *others)


def of_browser(scene: str, secret: str) -> Pairing:
    """The ticket, for the browser with its secret. Raises ScanUnknown for anybody
    else, whatever the stage."""
    found = _pairings.get(scene)
    if found is None or not found.is_of(secret):
        raise ScanUnknown("no ticket of this browser has this scene")
    return found


def of_phone(scene: str, *, door: str, app: str = "") -> Pairing:
    """The ticket, for a phone that comes by this door, and this app where one is
    named. Raises ScanUnknown."""
    found = _pairings.get(scene)
    if found is None or found.door != door or (app and found.app != app):
        raise ScanUnknown("no ticket of this app has this scene")
    return found


def scan(pairing: Pairing, report: Report) -> Pairing:
    """The phone has scanned the code; once more changes nothing.

    Raises ScanTaken where another one was faster, ScanOver and ScanOutOfTurn.
    """

    def step(now: Pairing) -> Pairing:
        _require_time(now)
        if now.scanner is not None and not now.scanner.is_same(report.scanner):
            raise ScanTaken("another phone has scanned this code")
        if now.stage is Stage.scanned:
            return now
        _require(now, Stage.waiting)
        more = GRACE_SECONDS if now.left < GRACE_SECONDS else 0
        return replace(
            now,
            stage=Stage.scanned,
            scanner=report.scanner,
            ends=now.ends + more,
            is_distant=not are_near(now.seen.address, report.address),
        )

    after = _change(pairing, step)
    if after.version != pairing.version:
        metrics.LOGINS_SCANNED.at(pairing.door, pairing.app).inc()
    return after


def approach(pairing: Pairing, report: Report) -> Pairing:
    """The phone that has scanned is about to answer, and says from where: in another
    network it will have to bring the number, which the browser shows from now on.

    For a door whose scan tells of no address. Raises NotTheScanner, ScanOver,
    ScanOutOfTurn; what has its answer is given as it is.
    """

    def step(now: Pairing) -> Pairing:
        _require_scanner(now, report.scanner)
        if now.stage is not Stage.scanned:
            return now
        _require_time(now)
        return _placed(now, report)

    return _change(pairing, step)


def confirm(pairing: Pairing, report: Report, who: Callable[[], Confirmed]) -> Pairing:
    """The person says yes; once more changes nothing.

    `who` is asked when nothing speaks against it, perhaps twice, and may raise. Raises
    NotTheScanner, NumberWrong, ScanOver, ScanOutOfTurn.
    """

    def step(now: Pairing) -> Pairing:
        _require_scanner(now, report.scanner)
        _require_time(now)
        if now.stage is Stage.confirmed:
            return now
        _require(now, Stage.scanned)
        now = _compared(now, report)
        if now.stage is not Stage.scanned or not _may_pass(now, report):
            return now
        ends = time.time() + CLAIM_SECONDS
        return replace(now, stage=Stage.confirmed, ends=ends, confirmed=who())

    after = _change(pairing, step)
    if after.stage is not Stage.confirmed:
        if report.number:
            get_logger().warning("a wrong number was typed", wrong=after.wrong)
        raise NumberWrong("the phone has to bring the number that the browser shows")
    return after


def refuse(pairing: Pairing, scanner: Scanner) -> Pairing:
    """The person says no; once more changes nothing. Raises as `confirm`."""

    def step(now: Pairing) -> Pairing:
        _require_scanner(now, scanner)
        if now.stage is Stage.refused:
            return now
        _require_time(now)
        _require(now, Stage.scanned)
        return replace(now, stage=Stage.refused)

    return _change(pairing, step)


def claim(pairing: Pairing) -> Pairing:
    """The browser takes what was confirmed: one caller only.

    Raises ScanOutOfTurn, and ScanOver.
    """

    def step(now: Pairing) -> Pairing:
        if now.stage is Stage.refused:
            raise ScanOver("the person has refused")
        _require_time(now)
        _require(now, Stage.confirmed)
        return replace(now, stage=Stage.claimed)

    return _change(pairing, step)


def give_back(pairing: Pairing) -> None:
    """What was claimed came to nothing, and may be claimed again."""
    again = replace(pairing, stage=Stage.confirmed)
    _pairings.swap(again, seconds=_kept(again))


def end(pairing: Pairing) -> None:
    """The browser wants another code; this one is over."""
    if pairing.state in (Stage.waiting, Stage.scanned):
        _pairings.swap(replace(pairing, ends=0.0), seconds=_REMEMBERED_SECONDS)


def _change(pairing: Pairing, step: Callable[[Pairing], Pairing]) -> Pairing:
    """The ticket after this step, which is asked again where another came before."""
    now: Pairing | None = pairing
    for _ in range(_TRIES):
        if now is None:
            raise ScanUnknown("the ticket has gone")
        new = step(now)
        if new is now:
            return now
        if changed := _pairings.swap(new, seconds=_kept(new)):
            return changed
        now = _pairings.get(pairing.key)
    raise Unready("the ticket changes faster than it is read")


def _kept(pairing: Pairing) -> float:
    return max(0.0, pairing.left) + _REMEMBERED_SECONDS


def _require_scanner(now: Pairing, scanner: Scanner) -> None:
    if now.scanner is None:
        _require_time(now)
        raise ScanOutOfTurn("nobody has scanned this code yet")
    if not now.scanner.is_same(scanner):
        raise NotTheScanner("another phone has scanned this code")


def _require_time(now: Pairing) -> None:
    if now.state is Stage.expired:
        raise ScanOver("the code is too old")
    if now.wrong >= MOST_WRONG:
        raise ScanOver("too many wrong numbers")


def _require(now: Pairing, stage: Stage) -> None:
    if now.stage is not stage:
        raise ScanOutOfTurn(f"the ticket is {now.stage.value}")


def _placed(now: Pairing, report: Report) -> Pairing:
    """The ticket, with what this phone's address says."""
    if now.is_distant or are_near(now.seen.address, report.address):
        return now
    return replace(now, is_distant=True)


def _compared(now: Pairing, report: Report) -> Pairing:
    """The ticket, with what this try says of networks and numbers."""
    now = _placed(now, report)
    if not report.number or report.number == now.number:
        return now
    wrong = now.wrong + 1
    stage = Stage.refused if wrong >= MOST_WRONG else now.stage
    return replace(now, wrong=wrong, stage=stage)


def _may_pass(now: Pairing, report: Report) -> bool:
    # A wrong number is one, wanted or not: whoever sends it sees another screen.
    return report.number == now.number or not (now.is_distant or report.number)
