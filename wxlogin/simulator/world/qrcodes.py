"""The QR codes on show: waiting, scanned, confirmed, cancelled, expired.

The order of events is WeChat's: a code must be scanned before it is confirmed or
cancelled, a cancelled one may be scanned again, and the first scanner holds it. The
browser learns of it by a long poll whose numbers are

    408 nothing yet · 404 scanned · 405 confirmed · 403 cancelled · 402 expired

A poll that says `last=404` (or 403) has heard that and is answered only when
something else happens, or 408 when the hold is over.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition
from urllib.parse import quote

from ..protocol import append
from ..refusals import Clash, Unknown
from . import ids
from .parties import App

WAITING, SCANNED, CONFIRMED, CANCELLED = "waiting", "scanned", "confirmed", "cancelled"
EXPIRED = "expired"

KEEP, GONE, DENIED, SEEN, DONE = 408, 402, 403, 404, 405

# Seconds a code stays in the list without a browser asking for it: longer than
# the pauses of the page's script between two polls.
_ON_SHOW = 8.0
# Seconds a confirmed code can still be fetched by the page, as long as a code lives.
_KEPT = 600


@dataclass(frozen=True)
class QrCode:
    """One QR code and where its login stands. `codes` are set by the confirmation.

    `fast` is empty for a scan; after the fast login it says where the parameters
    stand: `before` a `#`, or at `both` places.
    """

    uuid: str
    app: App
    redirect_uri: str
    state: str
    shown: float
    status: str = WAITING
    person: str = ""
    codes: tuple[str, ...] = ()
    fast: str = ""

    @property
    def callback_urls(self) -> list[str]:
        """Where the browser goes after a confirmation; two when it comes twice."""
        return [self._back(f"code={code}&") for code in self.codes]

    def refused_with(self, code: str) -> str:
        """Where an older WeChat went after a refusal: the state alone, in very old
        samples with a `code` that is none."""
        return self._back(code and f"code={code}&")

    def _back(self, code: str) -> str:
        query = f"{code}state={quote(self.state, safe='')}"
        url = append(self.redirect_uri, query, before_fragment=bool(self.fast))
        if self.fast == "both" and "#" in url:
            end = append(self.redirect_uri, query).partition("#")[2]
            url = f"{url.partition('#')[0]}#{end}"
        return url


class QrCodes:
    """All QR codes of the world. `seconds` is the life of one."""

    def __init__(
        self, changed: Condition, now: Callable[[], float], seconds: float
    ) -> None:
        self._changed = changed
        self._now = now
        self.seconds = seconds
        self._codes: dict[str, QrCode] = {}
        self._polls: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        #: Grows with every change; a page asks whether it changed.
        self.version = 0
        self._wakes = 0

    def show(self, app: App, *, redirect_uri: str, state: str) -> QrCode:
        """A new code, as a freshly loaded page has it."""
        qr = QrCode(ids.new_uuid(), app, redirect_uri, state, self._now())
        with self._changed:
            self._forget_old()
            self._store(qr)
        return qr

    def get(self, uuid: str) -> QrCode:
        """The code with its present status (`expired` included), or Unknown."""
        with self._changed:
            qr = self._codes.get(uuid)
        if qr is None:
            raise Unknown(f"no QR code {uuid!r}")
        over = self._now() - qr.shown >= self.seconds
        return replace(qr, status=EXPIRED) if over and not qr.codes else qr

    def peek(self, uuid: str) -> QrCode | None:
        """The code as it was stored, if there is one."""
        with self._changed:
            return self._codes.get(uuid)

    def scan(self, uuid: str, person: str) -> QrCode:
        """The phone has read the code; the same person may do so again."""
        with self._changed:
            qr = self._open(uuid)
            if qr.status == SCANNED and qr.person != person:
                raise Clash(f"{uuid} was scanned by {qr.person!r} already")
            return self._store(replace(qr, status=SCANNED, person=person))

    def cancel(self, uuid: str, person: str) -> QrCode:
        """The person says no; the code may be scanned again."""
        with self._changed:
            qr = self.held(uuid, person)
            return self._store(replace(qr, status=CANCELLED))

    def confirm(self, uuid: str, person: str, codes: tuple[str, ...]) -> QrCode:
        """The person says yes; the page will be told the first of `codes`."""
        with self._changed:
            qr = self.held(uuid, person)
            return self._store(replace(qr, status=CONFIRMED, codes=codes))

    def confirm_fast(
        self, uuid: str, person: str, codes: tuple[str, ...], places: str
    ) -> None:
        """The desktop client has confirmed: no scan, and a callback of its own form."""
        with self._changed:
            self._store(replace(self.scan(uuid, person), fast=places))
            self.confirm(uuid, person, codes)

    def held(self, uuid: str, person: str) -> QrCode:
        """The code if this person has scanned it and may answer now, or Clash."""
        qr = self._open(uuid)
        if qr.status != SCANNED:
            raise Clash(f"{uuid} is {qr.status}: scan it first")
        if qr.person != person:
            raise Clash(f"{uuid} was scanned by {qr.person!r}")
        return qr

    def poll(self, uuid: str, *, last: str, hold: float) -> tuple[int, QrCode | None]:
        """Wait up to `hold` seconds for news; (number, the code if it is known)."""
        with self._changed:
            if uuid not in self._codes:
                return GONE, None
            self._polls[uuid] = self._polls.get(uuid, 0) + 1
            wakes = self._wakes
            try:
                self._changed.wait_for(
                    lambda: self._wakes != wakes or self._news(uuid, last) != KEEP,
                    timeout=self._until(uuid, hold),
                )
                return self._news(uuid, last), self._codes.get(uuid)
            finally:
                self._polls[uuid] = self._polls.get(uuid, 1) - 1
                self._asked[uuid] = time.monotonic()

    def on_show(self) -> list[QrCode]:
        """The codes a browser is looking at now and a phone may scan, newest first."""
        with self._changed:
            codes = [self.get(uuid) for uuid in self._codes if self._looked_at(uuid)]
        still_open = (WAITING, SCANNED, CANCELLED)
        return [qr for qr in reversed(codes) if qr.status in still_open]

    def wake(self) -> None:
        """Let every waiting poll answer now; a server that stops does this."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def reset(self) -> None:
        with self._changed:
            self._codes.clear()
            self._asked.clear()
            self._polls.clear()
            self.version += 1
            self._changed.notify_all()

    def _open(self, uuid: str) -> QrCode:
        qr = self.get(uuid)
        if qr.status in (CONFIRMED, EXPIRED):
            raise Clash(f"{uuid} is {qr.status}")
        return qr

    def _store(self, qr: QrCode) -> QrCode:
        self._codes[qr.uuid] = qr
        self._asked.setdefault(qr.uuid, time.monotonic())
        self.version += 1
        self._changed.notify_all()
        return qr

    def _news(self, uuid: str, last: str) -> int:
        if uuid not in self._codes:
            return GONE
        status = self.get(uuid).status
        numbers = {WAITING: KEEP, SCANNED: SEEN, CONFIRMED: DONE, CANCELLED: DENIED}
        number = numbers.get(status, GONE)
        heard = number in (SEEN, DENIED) and last == str(number)
        return KEEP if heard else number

    def _until(self, uuid: str, hold: float) -> float:
        qr = self._codes.get(uuid)
        left = qr.shown + self.seconds - self._now() if qr else 0.0
        return min(hold, max(0.0, left))

    def _looked_at(self, uuid: str) -> bool:
        recent = time.monotonic() - self._asked.get(uuid, 0.0) < _ON_SHOW
        return recent or self._polls.get(uuid, 0) > 0

    def _forget_old(self) -> None:
        # The oldest stand first: to look at all of them each time would cost more than
        # the rest of a login.
        oldest = self._now() - self.seconds - _KEPT
        while self._codes:
            uuid = next(iter(self._codes))
            if self._codes[uuid].shown >= oldest:
                break
            del self._codes[uuid]
            self._asked.pop(uuid, None)
            self._polls.pop(uuid, None)
