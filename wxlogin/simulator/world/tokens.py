"""Codes and tokens: what a person gave to an app, and how long it lasts.

- A code is good for one exchange by the app it was made for: 10 minutes for website
  and native apps, 5 minutes for pages inside WeChat. A used code is 40163 while it
  would still be alive and 40029 afterwards, like one that never was
  (github.com/binarywang/WxJava/issues/388).
- An access_token lives two hours. A refresh prolongs a live one and replaces a dead
  one. A refresh_token lives 30 days from the authorization and is not prolonged
  (developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/
  Authorized_Interface_Calling_UnionID.html).
- A new authorization by the same person for the same app ends the older
  refresh_token, as one report says; a switch leaves it alive.
- A person who changes the password ends them all: 42007.
"""

from dataclasses import dataclass, replace

from .. import protocol
from ..refusals import ApiError
from . import ids
from .part import Part
from .parties import App

# So many codes are kept before those that are over are looked for.
_ROOM = 10_000


@dataclass(frozen=True)
class Code:
    """A code on its way from the callback to the exchange.

    `snapshot` says whether it is a virtual visitor's; None where the exchange
    decides, because a switch may be set later. `component` is the third-party platform
    that it is for, empty where the account asked itself.
    """

    value: str
    appid: str
    person: str
    scope: str
    ends: float
    used: bool = False
    snapshot: bool | None = None
    component: str = ""


@dataclass(frozen=True)
class Grant:
    """What an exchange gave: two tokens for one person and one app.

    `snapshot` holds the made-up openid of a preview visitor, otherwise nothing.
    """

    appid: str
    person: str
    scope: str
    access_token: str
    access_ends: float
    refresh_token: str
    refresh_ends: float
    snapshot: str = ""


@dataclass(frozen=True)
class Lives:
    """Seconds that tokens live; `older_stay` leaves older refresh_tokens alive."""

    access_token: int = protocol.ACCESS_TOKEN_SECONDS
    refresh_token: int = protocol.REFRESH_TOKEN_SECONDS
    older_stay: bool = False


USUAL = Lives()


class Grants(Part):
    """All codes and tokens of the world."""

    def reset(self) -> None:
        with self._changed:
            self._room = _ROOM
            self._codes: dict[str, Code] = {}
            self._by_access: dict[str, Grant] = {}
            self._by_refresh: dict[str, Grant] = {}
            self._latest: dict[tuple[str, str], str] = {}
            self._ended: set[str] = set()

    def issue_code(
        self,
        app: App,
        person: str,
        scope: str = protocol.SCOPE_LOGIN,
        *,
        snapshot: bool | None = None,
        life: int | None = None,
        component: str = "",
    ) -> str:
        """A code for `person`, to be exchanged by `app` once within `life` seconds."""
        h5 = app.kind == "official_account"
        usual = protocol.H5_CODE_SECONDS if h5 else protocol.CODE_SECONDS
        life = usual if life is None else life
        code = Code(
            value=ids.new_code(),
            appid=app.appid,
            person=person,
            scope=scope,
            ends=self._now() + life,
            snapshot=snapshot,
            component=component,
        )
        with self._changed:
            self._forget_old()
            self._codes[code.value] = code
        return code.value

    def peek(self, code: str) -> Code | None:
        """What is known of a code, used or not."""
        with self._changed:
            return self._codes.get(code)

    def spend(
        self,
        value: str,
        app: App,
        *,
        snapshot: bool = False,
        lives: Lives = USUAL,
        component: str = "",
    ) -> Grant:
        """Exchange a code. Raises ApiError 40029 or 40163.

        `snapshot` is for codes that do not say themselves whose they are.
        """
        with self._changed:
            code = self._codes.get(value)
            if code is None or code.appid != app.appid or self._now() >= code.ends:
                raise ApiError(40029)
            if code.component != component:
                raise ApiError(40029)
            if code.used:
                raise ApiError(40163)
            self._codes[value] = replace(code, used=True)
            virtual = snapshot if code.snapshot is None else code.snapshot
            return self._authorize(code, lives, snapshot=virtual)

    def by_access(self, access_token: str) -> Grant | None:
        """The grant of an access_token, live or expired."""
        with self._changed:
            return self._by_access.get(access_token)

    def by_refresh(self, refresh_token: str) -> Grant | None:
        with self._changed:
            return self._by_refresh.get(refresh_token)

    def check(self, access_token: str) -> Grant:
        """The grant of a live access_token. Raises ApiError 40001 or 42001."""
        grant = self.by_access(access_token)
        if grant is None:
            raise ApiError(40001)
        if access_token in self._ended:
            raise ApiError(42007)
        if self._now() >= grant.access_ends:
            raise ApiError(42001)
        return grant

    def change_password(self, person: str) -> int:
        """Every token of the person is 42007 from now on; how many logins that were."""
        with self._changed:
            grants = self._grants_of(person)
            for old in grants:
                self._ended |= {old.access_token, old.refresh_token}
            return len(grants)

    def _grants_of(self, person: str) -> list[Grant]:
        return [g for g in self._by_access.values() if g.person == person]

    def refresh(
        self,
        refresh_token: str,
        app: App,
        *,
        rotate: bool = False,
        lives: Lives = USUAL,
    ) -> Grant:
        """A grant good for two hours more. Raises ApiError 40030.

        `rotate` gives a new refresh_token too; its 30 days are those of the old one.
        """
        with self._changed:
            old = self._by_refresh.get(refresh_token)
            now = self._now()
            if old is None or old.appid != app.appid or now >= old.refresh_ends:
                raise ApiError(40030)
            if refresh_token in self._ended:
                raise ApiError(42007)
            alive = now < old.access_ends
            new = replace(
                old,
                access_token=old.access_token if alive else ids.new_token(),
                access_ends=now + lives.access_token,
                refresh_token=ids.new_token() if rotate else old.refresh_token,
            )
            if rotate:
                self._by_refresh.pop(refresh_token, None)
            return self._keep(new, older_stay=lives.older_stay)

    def _authorize(self, code: Code, lives: Lives, *, snapshot: bool) -> Grant:
        now = self._now()
        return self._keep(
            Grant(
                appid=code.appid,
                person=code.person,
                scope=code.scope,
                access_token=ids.new_token(),
                access_ends=now + lives.access_token,
                refresh_token=ids.new_token(),
                refresh_ends=now + lives.refresh_token,
                snapshot=ids.snapshot_openid() if snapshot else "",
            ),
            older_stay=lives.older_stay,
        )

    def _keep(self, grant: Grant, *, older_stay: bool) -> Grant:
        # One live refresh_token per app and person, the newest, unless told otherwise.
        owner = (grant.appid, grant.snapshot or grant.person)
        if not older_stay:
            self._by_refresh.pop(self._latest.get(owner, ""), None)
        self._latest[owner] = grant.refresh_token
        self._by_access[grant.access_token] = grant
        self._by_refresh[grant.refresh_token] = grant
        return grant

    def _forget_old(self) -> None:
        # Long after their end codes and expired look the same, so that a world
        # left running for weeks does not grow without end.
        if len(self._codes) < self._room:
            return
        now = self._now()
        self._codes = {v: c for v, c in self._codes.items() if now < c.ends}
        self._by_access = {
            t: g for t, g in self._by_access.items() if now < g.refresh_ends
        }
        # Where most are alive, not to look at all of them again with each code.
        self._room = max(_ROOM, 2 * len(self._codes))
