"""The simulated world: everything there is to know, in memory, behind one class.

Its parts share one lock, which is also the condition that waiting browsers sleep
on. Nothing is kept on disk; `reset()` brings back the world as it began.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import randbits
from threading import Condition, RLock
from typing import Any, Self

from ..protocol import SCOPE_LOGIN
from ..refusals import Invalid
from . import seed
from .account_codes import AccountCode, AccountCodes, plain
from .app_tokens import AppTokens
from .components import Components
from .consoles import Consoles
from .journal import Journal
from .launches import Launch, Launches
from .migrations import Migrations
from .mini_programs import MiniPrograms
from .parties import App, Person
from .pushes import Pushes
from .qrcodes import QrCode, QrCodes
from .quotas import Quotas
from .registry import Registry, Relations
from .rids import Rids
from .storage import Storage
from .switches import EVERYONE, Scope, Switches
from .tokens import Grants

#: Seconds a QR code is good for; Tencent does not say, a few minutes were seen.
QR_SECONDS = 300.0

# Ten years; more would be a typing error.
_MOST_SECONDS = 10 * 366 * 24 * 3600


class Clock:
    """All expiries of the simulated world are judged by `now()`."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds that the world is ahead of real time."""
        return self._offset

    def now(self) -> float:
        """Seconds since 1970, as the simulated world sees them."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the world forward by `seconds`; returns the new time."""
        if not 0 <= seconds <= _MOST_SECONDS:
            raise Invalid(f"advance: 0 to {_MOST_SECONDS} seconds, not {seconds}")
        with self._changed:
            self._offset += seconds
            # Whoever waits for a scan may find the code expired now.
            self._changed.notify_all()
        return self.now()

    def reset(self) -> None:
        with self._changed:
            self._offset = 0.0
            self._changed.notify_all()


class World:
    """Apps, people, who follows whom, codes, tokens, keys, switches, clock, journal.

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
        self.components = Components(self.changed, self.clock.now)
        self.relations = Relations(self.changed, self.clock.now)
        self.mini_programs = MiniPrograms(self.changed, self.clock.now)
        self.launches = Launches(self.changed, self.clock.now)
        self.account_codes = AccountCodes(self.changed, self.clock.now)
        self.consoles = Consoles(self.changed, self.clock.now)
        self.storage = Storage(self.changed, self.clock.now)
        self.app_tokens = AppTokens(self.changed, self.clock.now)
        self.quotas = Quotas(self.changed, self.clock.now)
        self.pushes = Pushes(self.changed, self.clock.now)
        self.migrations = Migrations(self.changed, self.clock.now)
        self.rids = Rids(self.changed, self.clock.now)
        self.qrcodes = QrCodes(self.changed, self.clock.now, qr_seconds)

    @classmethod
    def demo(cls) -> Self:
        """The fixed world: apps web, oa, mp, mp2, app, lone and five people."""
        return cls(seed.apps(), seed.PEOPLE)

    def now(self) -> float:
        """Seconds since 1970 in the simulated world."""
        return self.clock.now()

    def advance(self, seconds: float) -> float:
        """Move the clock forward; returns the new time."""
        return self.clock.advance(seconds)

    def reset(self) -> None:
        """Apps, people and clock as at the start; no codes, tokens, calls, faults."""
        with self.changed:
            self.clock.reset()
            self.registry.reset()
            self.switches.reset()
            self.journal.reset()
            self.grants.reset()
            self.components.reset()
            self.relations.reset()
            self.qrcodes.reset()
            self.mini_programs.reset()
            self.launches.reset()
            self.account_codes.reset()
            self.consoles.reset()
            self.storage.reset()
            self.app_tokens.reset()
            self.quotas.reset()
            self.pushes.reset()
            self.migrations.reset()
            self.rids.reset()

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
            places = self.switches.get("fast_callback", app=app.name) or "before"
            self.qrcodes.confirm_fast(qr.uuid, who.name, codes, places)
        return self.qrcodes.get(qr.uuid)

    def read_account_code(self, url: str) -> AccountCode:
        """The account's code with this text in it, also a plain one. Raises Unknown."""
        for app in self.registry.apps():
            code = plain(app)
            if app.kind == "official_account" and code.url == url:
                return code
        return self.account_codes.by_url(url)

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

    def refusal_url(self, qr: QrCode) -> str | None:
        """Where the QR page goes after a refusal; nowhere, unless a switch says so."""
        wanted = self.switches.get("deny_redirect", app=qr.app.name, person=qr.person)
        if not wanted:
            return None
        return qr.refused_with("" if wanted is True else wanted)

    def switch(self, scope: Scope = EVERYONE, **values: Any) -> None:
        """Set switches by name: `world.switch(drop_unionid=True)`. Raises Invalid."""
        self.switches.put(values, scope)

    def issue_codes(
        self,
        app: App,
        person: str,
        scope: str,
        *,
        snapshot: bool | None = None,
        component: str = "",
    ) -> tuple[str, ...]:
        """The code or, when the browser comes back twice, the codes of its visits."""

        def issue() -> str:
            return self.grants.issue_code(
                app,
                person,
                scope,
                snapshot=snapshot,
                life=lives.get("code"),
                component=component,
            )

        lives = self.switches.get("token_lives", app=app.name, person=person) or {}
        first = issue()
        double = self.switches.get("double_callback", app=app.name, person=person)
        if double == "different":
            return first, issue()
        return (first, first) if double else (first,)

    def mini_login(self, app: App, person: str) -> str:
        """What wx.login gives a mini program: a code, and maybe a new session_key."""
        wanted = self.switches.get("rotate_session_key", app=app.name, person=person)
        renew = wanted == "always" or (wanted == "random" and bool(randbits(1)))
        return self.mini_programs.login(app, person, renew=renew)

    def opened(self, launch: Launch) -> Launch:
        """What the phone opens: the same, or the program to which this one moved."""
        while successor := self.migrations.successor(launch.app.appid):
            launch = launch.moved_to(self.registry.app(successor))
        return launch

    def _fast_person(self, app: App) -> Person | None:
        wanted = self.switches.get("fast_login", app=app.name)
        people = self.registry.people()
        if wanted is True:
            return people[0] if people else None
        return next((p for p in people if p.name == wanted), None)


def load_world(path: str | Path) -> World:
    """A World from a TOML file with `[[apps]]` and `[[people]]`.

    A part the file does not have is that of the demo world. Raises Invalid, with
    the line of a syntax error or the field of a wrong value, and OSError.
    """
    return World(*seed.read(path))
