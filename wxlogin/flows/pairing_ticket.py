"""What a browser that waits and a phone that reports have in common: their ticket.

The steps between its stages, and who may take them, are flows/pairing.py's.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.signing_in import Answer
from wxlogin.tickets.shelf import Kept


class Stage(StrEnum):
    """How far a ticket has come."""

    waiting = "waiting"
    scanned = "scanned"
    confirmed = "confirmed"
    claimed = "claimed"
    refused = "refused"
    #: No stage that is kept: its time is over.
    expired = "expired"

    @property
    def is_final(self) -> bool:
        return self in (Stage.claimed, Stage.refused, Stage.expired)


@dataclass(frozen=True)
class Seen:
    """The browser, as it was when it asked for the code. `since` is in seconds since
    1970."""

    address: str
    browser: str
    since: float


def seen_now(address: str, browser: str) -> Seen:
    return Seen(address, browser, time.time())


@dataclass(frozen=True)
class Scanner:
    """Who scanned: one person of one app, and how the browser's page shows them."""

    appid: str
    openid: str
    nickname: str = ""
    #: Whose picture it is, and which: never told to the page.
    uid: str = ""
    picture: str = ""

    def is_same(self, other: "Scanner") -> bool:
        return (self.appid, self.openid) == (other.appid, other.openid)


@dataclass(frozen=True)
class Confirmed:
    """Who said yes; the session that says so has to live until the claim."""

    answer: Answer
    #: 0 for a stranger, who has none yet.
    session_id: int = 0


@dataclass(frozen=True)
class Pairing(Kept):
    """The ticket; its key is the scene."""

    #: By which door, and through which app, by their names.
    door: str
    app: str
    wish: Wish
    seen: Seen
    #: When it is over, in seconds since 1970.
    ends: float
    #: The hash of the secret.
    proof: str
    #: Scene of the first code that this browser was given, one after the other.
    first: str = ""
    stage: Stage = Stage.waiting
    scanner: Scanner | None = None
    #: What the browser shows where `is_distant`, and the phone is never told.
    number: str = ""
    is_distant: bool = False
    wrong: int = 0
    #: What a person sends in an account's chat instead of scanning; empty for a code.
    chat_number: str = ""
    confirmed: Confirmed | None = None

    @property
    def state(self) -> Stage:
        """The stage, or `expired`."""
        over = self.stage not in (Stage.claimed, Stage.refused) and self.left <= 0
        return Stage.expired if over else self.stage

    @property
    def left(self) -> float:
        """Seconds until it is over; 0 and less for one that is."""
        return self.ends - time.time()

    def is_of(self, secret: str) -> bool:
        """Is this the secret of the browser that asked for the code?"""
        given = proof_of(self.key, secret)
        return bool(secret) and secrets.compare_digest(self.proof, given)


def new_number() -> str:
    """Two digits, as people are used to type them: one in ninety."""
    return str(10 + secrets.randbelow(90))


def proof_of(scene: str, secret: str) -> str:
    return hashlib.sha256(f"pairing\x1f{scene}\x1f{secret}".encode()).hexdigest()
