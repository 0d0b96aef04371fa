"""One pending redirect login: what the browser holds and what the store holds.

The browser holds a signed cookie per attempt; beginning a login writes nothing
anywhere else. The store hears of an attempt when WeChat's answer arrives, and
then it is

    open → claimed(code, lease) → done(code, identity, session) | ended
                                | upgrade(ticket) | register(ticket)

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
import secrets
import time
from dataclasses import dataclass, field, replace

from itsdangerous import BadData

from wxlogin import service
from wxlogin.accounts.person import Person
from wxlogin.config import Settings
from wxlogin.errors import AlreadyFinished, CodeInvalid, Crowded, LoginPending
from wxlogin.security.signing import STATE_SECONDS, attempt_serializer
from wxlogin.tickets.shelf import Kept

# Seconds. Longer than a state lives, so that no state outlives its record.
KEEP_SECONDS = STATE_SECONDS + 120
# How long a second arrival waits for the first before it shows a page.
WAIT_SECONDS = 3.0
# How long the same code gives the same session again (reload, double callback).
REPEAT_SECONDS = 120
# Other codes that a finished attempt may still exchange, all together.
OTHER_CODES = 3
# What is remembered of spent codes; more would only serve an attacker.
_SPENT_CODES = 8
# WeChat has said who it is.
_ANSWERED = ("done", "upgrade", "register")


@dataclass(frozen=True)
class Purpose:
    """For which site a login is; `vouched` where it signs in a customer of its own."""

    client_id: str = ""
    vouched: bool = False


@dataclass(frozen=True)
class Attempt:
    """What the browser's cookie says: which login this is and where it leads."""

    nonce: str
    secret: str
    app: str
    flow: str
    next: str
    #: The session that wants another WeChat person added; 0 for a login.
    link: int = 0
    #: Ticket of a silent answer that this attempt is to better (redirect/upgrade.py).
    pending: str = ""
    #: Client id of the site this login is for; empty for none.
    site: str = ""
    #: 1 where the site has vouched for whoever signs in: its own customer.
    vouched: int = 0
    #: Nonce of the first login that this browser began, one after the other: how often
    #: it begins is counted under it. It is forgotten with the last of them.
    browser: str = ""
    #: Seconds since 1970.
    begun: int = 0

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.site, bool(self.vouched))

    def to_cookie(self, settings: Settings) -> str:
        values: list[str | int] = [self.nonce, self.secret, self.app, self.flow]
        values += [self.next, self.link, self.pending, self.site, self.vouched]
        values += [self.browser]
        return str(attempt_serializer(settings).dumps(values))


def new_attempt(
    *,
    nonce: str,
    app: str,
    flow: str,
    next_url: str,
    link: int,
    pending: str,
    purpose: Purpose,
) -> Attempt:
    secret = secrets.token_urlsafe(16)
    return Attempt(
        nonce,
        secret,
        app,
        flow,
        next_url,
        link,
        pending,
        purpose.client_id,
        int(purpose.vouched),
    )


def attempt_from_cookie(settings: Settings, text: str) -> Attempt | None:
    """The attempt, or None where the cookie is foreign, altered, too old, or of
    another version of ours."""
    try:
        values, begun = attempt_serializer(settings).loads(
            text, max_age=STATE_SECONDS, return_timestamp=True
        )
        return replace(Attempt(*values), begun=int(begun.timestamp()))
    except (BadData, TypeError):
        return None


@dataclass(frozen=True)
class Record(Kept):
    """What the store holds of an attempt, under its nonce. Times are since 1970."""

    status: str = "open"
    #: Hash of the code that is being exchanged, and when its lease runs out.
    code: str = ""
    until: float = 0.0
    #: Hashes of codes that WeChat may have seen and that led nowhere.
    spent: tuple[str, ...] = ()
    #: Ticket of the answer that waits: for a better one, or for the person's word.
    pending: str = ""
    #: Who it is, since when that is known, and the session that each code led to; 0
    #: where the answer waits.
    appid: str = ""
    openid: str = ""
    finished: float = 0.0
    sessions: dict[str, int] = field(default_factory=dict)
    others: int = 0

    @property
    def is_answered(self) -> bool:
        return self.status in _ANSWERED


_records = service.shelf("attempt", Record, seconds=KEEP_SECONDS)


@dataclass(frozen=True)
class Claim:
    """The right to ask WeChat about one code. Its record is an answered one where
    another code came before."""

    code: str
    record: Record


def code_hash(nonce: str, code: str) -> str:
    return hashlib.sha256(f"{nonce}\x1f{code}".encode()).hexdigest()[:32]


class AttemptLog:
    """The store's half of attempts."""

    def __init__(self, *, lease: float, most_refused: int | None = None) -> None:
        self._lease = lease
        self._most_refused = most_refused

    def look(self, nonce: str) -> Record | None:
        """The record, or None for an attempt nobody has answered yet."""
        return _records.get(nonce)

    def claim(self, nonce: str, code: str) -> Claim | Record:
        """The right to exchange this code, or the record of an answered attempt.

        Waits at most WAIT_SECONDS while another arrival is asking WeChat.
        Raises CodeInvalid for a code that was sent before, AlreadyFinished for
        an attempt that is over, LoginPending where the wait was not enough.
        """
        patience = time.monotonic() + WAIT_SECONDS
        hashed = code_hash(nonce, code)
        mine = Record("claimed", hashed, time.time() + self._lease)
        if _records.add(nonce, mine):
            return Claim(hashed, replace(mine, key=nonce, version=1))
        while True:
            if not (record := self.look(nonce)):
                raise AlreadyFinished("the attempt's record is gone")
            if record.status == "claimed" and record.until > time.time():
                self._wait(record, patience - time.monotonic())
                continue
            if record.is_answered:
                return record
            if claim := self._reclaim(record, hashed):
                return claim

    def _wait(self, record: Record, seconds: float) -> None:
        """Returns when the record has changed. Raises LoginPending when the time is
        up, or at once where too many wait already."""
        now, version = None, record.version
        if seconds > 0:
            now = _records.wait(record.key, version=version, timeout=seconds)
        if now is None or now.version == version:
            raise LoginPending("another request is asking WeChat")

    def claim_other(self, nonce: str, code: str) -> Claim:
        """The right to exchange another code of an answered attempt."""
        hashed = code_hash(nonce, code)
        record = self.look(nonce)
        if not record or not record.is_answered or record.others >= OTHER_CODES:
            raise AlreadyFinished("no further code for this attempt")
        if hashed in record.spent:
            raise CodeInvalid("this code was sent to WeChat before")
        spent, others = (*record.spent, hashed), record.others + 1
        claimed = _records.swap(replace(record, others=others, spent=spent))
        if claimed is None:
            raise LoginPending("another request changed the attempt")
        return Claim(hashed, claimed)

    def refuse(self, nonce: str) -> None:
        """Burns an open attempt; a claimed or finished one stays as it is.

        Whoever begins logins and refuses them all makes records by the thousand. Where
        there are `most_refused` no more are made: the person is refused all the same.
        """
        try:
            if _records.add(nonce, Record("ended"), most=self._most_refused):
                return
        except Crowded:
            return
        if (record := self.look(nonce)) and record.status == "open":
            _records.swap(_at(record, Record("ended")))

    def succeed(self, claim: Claim, person: Person, *, session: int) -> None:
        """The attempt led to this session."""
        self._answer(claim, person, "done", session=session)

    def postpone(self, claim: Claim, person: Person, *, pending: str) -> None:
        """The answer waits under this ticket for a better one."""
        self._answer(claim, person, "upgrade", pending=pending)

    def ask_person(self, claim: Claim, person: Person, *, pending: str) -> None:
        """The answer waits under this ticket for the person's word."""
        self._answer(claim, person, "register", pending=pending)

    def _answer(
        self,
        claim: Claim,
        person: Person,
        status: str,
        *,
        session: int = 0,
        pending: str = "",
    ) -> None:
        record = replace(
            claim.record,
            status=status,
            pending=pending,
            appid=person.appid,
            openid=person.openid,
            finished=time.time(),
            sessions={**claim.record.sessions, claim.code: session},
        )
        self._settle(record)

    def fail(self, claim: Claim, *, spent: bool) -> None:
        """Opens the attempt again. `spent`: WeChat may have seen the code."""
        if claim.record.is_answered:
            return
        codes = (*claim.record.spent, claim.code) if spent else claim.record.spent
        self._settle(_at(claim.record, Record("open", spent=codes[-_SPENT_CODES:])))

    def _settle(self, record: Record) -> None:
        _records.swap(record)
        _records.notify(record.key)

    def _reclaim(self, record: Record, hashed: str) -> Claim | None:
        if record.status == "ended":
            raise AlreadyFinished("the person refused this login")
        spent = record.spent
        if record.status == "claimed":
            # The lease ran out: whoever held it died, and its code with it.
            spent = (*spent, record.code)[-_SPENT_CODES:]
        if hashed in spent:
            raise CodeInvalid("this code was sent to WeChat before")
        mine = Record("claimed", hashed, time.time() + self._lease, spent=spent)
        claimed = _records.swap(_at(record, mine))
        return Claim(hashed, claimed) if claimed else None


def _at(record: Record, new: Record) -> Record:
    """The new record, to be kept in place of this one."""
    return replace(new, key=record.key, version=record.version)
