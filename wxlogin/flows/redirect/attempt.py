"""One pending redirect login: what the browser holds and what the store holds.

The browser holds a signed cookie per attempt; beginning a login writes nothing
anywhere else. The store hears of an attempt when WeChat's answer arrives, and
then it is

    open → claimed(code, lease) → done(code, identity, outcome) | ended

and the outcome is a session, an upgrade or a question (tickets/once.py).

- The first arrival claims it before WeChat is asked. A killed worker's lease
  runs out and the answer is "start again".
- Only success ends an attempt for every code. After any failure it is open
  again for another code; a code that may be spent is never sent again.
- What an answered attempt led to - a session, an upgrade, a question - is for the
  code that brought it. Another code has to bring the same person first.
- A code is remembered as a hash only, the attempt under its nonce.

Source: the double callback of WeChat's Android clients (one code twice, or two
codes for one state) and RFC 9700 section 4.5.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from itsdangerous import BadData

from wxlogin import service
from wxlogin.accounts.person import Person
from wxlogin.config import Settings
from wxlogin.errors import AlreadyFinished, CodeInvalid, Crowded, LoginPending
from wxlogin.flows.doors import Flow
from wxlogin.security.signing import STATE_SECONDS, attempt_serializer
from wxlogin.tickets.once import Claim, Stage, Turn

# Seconds. Longer than a state lives, so that no state outlives its record.
KEEP_SECONDS = STATE_SECONDS + 120
# Other codes that a finished attempt may still exchange, all together.
OTHER_CODES = 3
# What is remembered of spent codes; more would only serve an attacker.
_SPENT_CODES = 8
# Stands in the cookie where the ticket of a silent answer would be, and there is none.
_SIGNED_IN = "signed-in"


@dataclass(frozen=True)
class Purpose:
    """For which site a login is; `vouched` where it signs in a customer of its own."""

    client_id: str = ""
    vouched: bool = False


@dataclass(frozen=True)
class Silent:
    """A silent answer that a login is to better (redirect/upgrade.py)."""

    #: Where the answer waits; empty where the person is signed in by it already.
    ticket: str = ""


@dataclass(frozen=True)
class Wish:
    """What a login is to lead to."""

    next: str
    purpose: Purpose = Purpose()
    #: The session that wants another WeChat person added; 0 for a login.
    link: int = 0
    silent: Silent | None = None


@dataclass(frozen=True)
class Attempt:
    """What the browser's cookie says: which login this is and where it leads."""

    nonce: str
    secret: str = field(repr=False)
    app: str
    flow: Flow
    wish: Wish
    #: Nonce of the first login that this browser began, one after the other: how often
    #: it begins is counted under it. It is forgotten with the last of them.
    browser: str = ""
    #: Seconds since 1970.
    begun: int = 0

    def to_cookie(self, settings: Settings) -> str:
        wish, purpose = self.wish, self.wish.purpose
        pending = (wish.silent.ticket or _SIGNED_IN) if wish.silent else ""
        values: list[str | int] = [self.nonce, self.secret, self.app, self.flow.value]
        values += [wish.next, wish.link, pending]
        values += [purpose.client_id, int(purpose.vouched), self.browser]
        return str(attempt_serializer(settings).dumps(values))


def attempt_from_cookie(settings: Settings, text: str) -> Attempt | None:
    """The attempt, or None where the cookie is foreign, altered, too old, or of
    another version of ours."""
    try:
        values, begun = attempt_serializer(settings).loads(
            text, max_age=STATE_SECONDS, return_timestamp=True
        )
        nonce, secret, app, flow, *wishes, browser = values
        return Attempt(
            nonce,
            secret,
            app,
            Flow(flow),
            _wish(*wishes),
            browser,
            int(begun.timestamp()),
        )
    except (BadData, TypeError, ValueError):
        return None


def _wish(target: str, link: int, pending: str, site: str, vouched: int) -> Wish:
    silent = Silent("" if pending == _SIGNED_IN else pending) if pending else None
    return Wish(target, Purpose(site, bool(vouched)), link, silent)


class Outcome(StrEnum):
    """What an answered attempt led to."""

    session = "session"
    #: The silent answer waits for a better one.
    upgrade = "upgrade"
    #: The answer waits for the person's word.
    register = "register"
    #: It is known who opened a page, and nobody is signed in.
    proof = "proof"


@dataclass(frozen=True)
class Record(Turn):
    """What the store holds of an attempt, under its nonce; a proof is a code's hash."""

    #: Hashes of codes that WeChat may have seen and that led nowhere.
    spent: tuple[str, ...] = ()
    outcome: Outcome = Outcome.session
    #: Ticket of the answer that waits.
    pending: str = ""
    #: Who it is, and the session that each code led to; 0 where the answer waits.
    appid: str = ""
    openid: str = ""
    sessions: dict[str, int] = field(default_factory=dict)
    #: Other codes that were exchanged since the answer, or may have been.
    others: int = 0

    def is_proven_by(self, proof: str) -> bool:
        return proof in self.sessions


_records = service.once("attempt", Record, seconds=KEEP_SECONDS)


def code_hash(nonce: str, code: str) -> str:
    return hashlib.sha256(f"{nonce}\x1f{code}".encode()).hexdigest()[:32]


def look(nonce: str) -> Record | None:
    """The record of an attempt; None where no answer of WeChat's has arrived yet."""
    return _records.get(nonce)


def claim(nonce: str, code: str) -> Claim[Record] | Record:
    """The right to exchange this code, or the record of an answered attempt.

    Raises CodeInvalid for a code that was sent before, AlreadyFinished for an attempt
    that is over, LoginPending where another arrival asks WeChat for too long.
    """
    hashed = code_hash(nonce, code)
    found = _records.claim(
        nonce, Record(proof=hashed), again=lambda left: _reopened(left, hashed)
    )
    if found is None:
        raise AlreadyFinished("the attempt's record is gone")
    if isinstance(found, Record) and found.stage is Stage.ended:
        raise AlreadyFinished("the person refused this login")
    return found


def _reopened(left: Record, hashed: str) -> Record:
    """An attempt that came to nothing, for another code."""
    spent = left.spent
    if left.stage is Stage.claimed:
        # The lease ran out: whoever held it died, and its code with it.
        spent = (*spent, left.proof)[-_SPENT_CODES:]
    if hashed in spent:
        raise CodeInvalid("this code was sent to WeChat before")
    return replace(left, spent=spent)


def claim_other(nonce: str, code: str) -> Claim[Record]:
    """The right to exchange another code of an answered attempt.

    Raises AlreadyFinished after OTHER_CODES, CodeInvalid for a code that was sent
    before, LoginPending where another request was faster.
    """
    hashed, record = code_hash(nonce, code), look(nonce)
    if not record or not record.is_done or record.others >= OTHER_CODES:
        raise AlreadyFinished("no further code for this attempt")
    if hashed in record.spent:
        raise CodeInvalid("this code was sent to WeChat before")
    spent, others = (*record.spent, hashed), record.others + 1
    claimed = _records.swap(replace(record, others=others, spent=spent))
    if claimed is None:
        raise LoginPending("another request changed the attempt")
    return Claim(hashed, claimed)


def refuse(nonce: str) -> None:
    """Burns an open attempt; a claimed or finished one stays as it is.

    Whoever begins logins and refuses them all makes records by the thousand. Where
    there are WAITING_REQUESTS no more are made: the person is refused all the same.
    """
    ended, most = Record(stage=Stage.ended), service.running().settings.waiting_requests
    try:
        if _records.add(nonce, ended, most=most):
            return
    except Crowded:
        return
    if (record := look(nonce)) and record.stage is Stage.open:
        _records.swap(replace(record, stage=Stage.ended))


def answered(
    claim: Claim[Record],
    person: Person,
    outcome: Outcome = Outcome.session,
    *,
    session: int = 0,
    pending: str = "",
) -> None:
    """The claimed code named this person, and led to this outcome: the session's id,
    or the ticket under which the answer waits."""
    _records.done(
        replace(
            claim.turn,
            outcome=outcome,
            pending=pending,
            appid=person.appid,
            openid=person.openid,
            sessions={**claim.turn.sessions, claim.proof: session},
        )
    )


def fail(claim: Claim[Record], *, spent: bool) -> None:
    """Opens the attempt again, unless it was answered before. `spent`: WeChat may have
    seen the code."""
    record = claim.turn
    if record.is_done:
        return
    codes = (*record.spent, claim.proof) if spent else record.spent
    _records.open(replace(record, spent=codes[-_SPENT_CODES:]))
