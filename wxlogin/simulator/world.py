"""The simulated world: everything there is to know, in memory, behind one class.

Its parts share one lock, which is also the condition that waiting browsers sleep
on. Nothing is kept on disk; `reset()` brings back the world as it began.
"""

from collections.abc import Callable, Iterable
from threading import Condition, RLock
from typing import Any, Self

from wxlogin.wechat.endpoints import SCOPE_LOGIN

from . import demo
from .apps import App
from .clock import Clock
from .grants import Grants
from .journal import Journal
from .people import Person
from .qrcodes import QrCode, QrCodes
from .registry import Registry
from .relations import Relations
from .switches import EVERYONE, Scope, Switches

#: Seconds a QR code is good for; Tencent does not say, a few minutes were seen.
QR_SECONDS = 300.0


class World:
    """Apps, people, who follows whom, QR codes, tokens, switches, clock, journal.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        apps: Iterable[App] = (),
        people: Iterable[Person] = (),
        *,
        qr_seconds: float = QR_SECONDS,
    ) -> None:
        self.changed = Condition(RLock())
        self.clock = Clock(self.changed)
        self.registry = Registry(self.changed, apps, people)
        self.switches = Switches(self.changed)
        self.journal = Journal(self.changed)
        self.grants = Grants(self.changed, self.clock.now)
        self.relations = Relations(self.changed, self.clock.now)
        self.qrcodes = QrCodes(self.changed, self.clock.now, qr_seconds)

    @classmethod
    def demo(cls) -> Self:
        """The fixed world: apps web, oa, mp, mp2, app, lone and five people."""
        return cls(demo.apps(), demo.PEOPLE)

    def now(self) -> float:
        """Seconds since 1970 in the simulated world."""
        return self.clock.now()

    def advance(self, seconds: float) -> float:
        """Move the clock forward; returns the new time."""
        return self.clock.advance(seconds)

    def reset(self) -> None:
        """Apps, people and clock as at the start; no codes, tokens, calls, faults."""
        with self.changed:
            for part in (self.clock, self.registry, self.switches, self.journal):
                part.reset()
            self.grants.reset()
            self.relations.reset()
            self.qrcodes.reset()

    def wait(self, news: Callable[[], bool], seconds: float) -> None:
        """Sleep until `news()` is true, at most `seconds`; costs no CPU meanwhile."""
        with self.changed:
            self.changed.wait_for(news, timeout=seconds)

    def show_qr(self, app: App, *, redirect_uri: str, state: str, fast: bool) -> QrCode:
        """A new QR code; with the switch and the page's leave it is confirmed at once.

        `fast` is whether the page allows the desktop client to sign in.
        """
        qr = self.qrcodes.show(app, redirect_uri=redirect_uri, state=state)
        who = self._fast_person(app) if fast else None
        if who:
            codes = self.issue_codes(qr.app, who.name, SCOPE_LOGIN)
            self.qrcodes.confirm_fast(qr.uuid, who.name, codes)
        return self.qrcodes.get(qr.uuid)

    def scan(self, uuid: str, person: str) -> QrCode:
        """The person's phone reads a QR code. Raises Unknown or Clash."""
        return self.qrcodes.scan(uuid, self.registry.person(person).name)

    def confirm(self, uuid: str, person: str) -> QrCode:
        """The person says yes; the code is on its way. Raises Unknown or Clash."""
        with self.changed:
            qr = self.qrcodes.held(uuid, self.registry.person(person).name)
            codes = self.issue_codes(qr.app, person, SCOPE_LOGIN)
            return self.qrcodes.confirm(uuid, person, codes)

    def cancel(self, uuid: str, person: str) -> QrCode:
        """The person says no. Raises Unknown or Clash."""
        return self.qrcodes.cancel(uuid, self.registry.person(person).name)

    def switch(self, scope: Scope = EVERYONE, **values: Any) -> None:
        """Set switches by name: `world.switch(drop_unionid=True)`. Raises Invalid."""
        self.switches.put(values, scope)

    def issue_codes(
        self, app: App, person: str, scope: str, *, snapshot: bool | None = None
    ) -> tuple[str, ...]:
        """The code or, when the browser comes back twice, the codes of its visits."""

        def issue() -> str:
            return self.grants.issue_code(app, person, scope, snapshot=snapshot)

        first = issue()
        double = self.switches.get("double_callback", app=app.name, person=person)
        if double == "different":
            return first, issue()
        return (first, first) if double else (first,)

    def _fast_person(self, app: App) -> Person | None:
        wanted = self.switches.get("fast_login", app=app.name)
        people = self.registry.people()
        if wanted is True:
            return people[0] if people else None
        return next((p for p in people if p.name == wanted), None)
