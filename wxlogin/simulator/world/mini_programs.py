"""What a phone and a mini program share: two kinds of codes, and session keys.

- A code of wx.login lives five minutes, works once and for one appid (developers.
  weixin.qq.com/miniprogram/dev/api/open-api/login/wx.login.html). A used one is 40163
  while it would still live, 40029 afterwards, as with the codes of a web login.
- So does a code of the phone number button; the two are not interchangeable.
- There is one live session_key for a person and a program. Whatever obtains a code may
  make a new one and end the old; use prolongs it, disuse ends it (developers.weixin.qq.
  com/miniprogram/dev/api/open-api/login/wx.checkSession). How long it lives is not
  published; three days were named once (developers.weixin.qq.com/community/develop/doc/
  000ce87adbcdf0e9d507be5d156c00).
- A code answers with the key of the moment of its exchange, never with a dead one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import protocol
from ..refusals import ApiError
from . import ids
from .part import Part
from .parties import App

#: What wx.login gives in the developer tools when a project has no AppID.
MOCK_CODE = "the code is a mock one"


@dataclass(frozen=True)
class DynamicCode:
    """A code that a phone got for one person and one program."""

    value: str
    appid: str
    person: str
    ends: float
    used: bool = False


@dataclass(frozen=True)
class SessionKey:
    """`value` is the base64 text, as a server gets it and signs with it."""

    value: str
    ends: float


class DynamicCodes:
    """Codes of one purpose; those of another are unknown here."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._codes: dict[str, DynamicCode] = {}

    def issue(self, value: str, app: App, person: str) -> str:
        """Keep `value` as a fresh code; returns it."""
        now = self._now()
        if len(self._codes) > 10_000:
            self._codes = {v: c for v, c in self._codes.items() if now < c.ends}
        ends = now + protocol.DYNAMIC_CODE_SECONDS
        self._codes[value] = DynamicCode(value, app.appid, person, ends)
        return value

    def peek(self, value: str) -> DynamicCode | None:
        """What is known of a code, used or not."""
        return self._codes.get(value)

    def check(self, value: str, app: App) -> DynamicCode:
        """The code, good for `app` now. Raises ApiError 40029 or 40163."""
        code = self._codes.get(value)
        if code is None or code.appid != app.appid or self._now() >= code.ends:
            raise ApiError(40029)
        if code.used:
            raise ApiError(40163)
        return code

    def spend(self, value: str, app: App) -> DynamicCode:
        """The same, and it is used now."""
        code = self.check(value, app)
        self._codes[value] = replace(code, used=True)
        return code


class MiniPrograms(Part):
    """Codes and session keys of all mini programs."""

    def reset(self) -> None:
        with self._changed:
            self._logins = DynamicCodes(self._now)
            self._phones = DynamicCodes(self._now)
            self._keys: dict[tuple[str, str], SessionKey] = {}
            self._visits: dict[tuple[str, str], float] = {}

    def login(self, app: App, person: str, *, renew: bool) -> str:
        """A code, as wx.login gives it. With `renew` the session_key is a new one."""
        with self._changed:
            self.open_key(app, person, renew=renew)
            self._visits[app.appid, person] = self._now()
            return self._logins.issue(ids.new_code(), app, person)

    def peek(self, code: str) -> DynamicCode | None:
        """What is known of a login code, used or not."""
        with self._changed:
            return self._logins.peek(code)

    def check(self, code: str, app: App) -> str:
        """Whose login code this is. Raises ApiError 40029 or 40163."""
        with self._changed:
            return self._logins.check(code, app).person

    def redeem(self, code: str, app: App) -> SessionKey:
        """Use a login code up. Raises ApiError 40029 or 40163."""
        with self._changed:
            return self.open_key(app, self._logins.spend(code, app).person)

    def phone_code(self, app: App, person: str) -> str:
        """A code for the person's number, as the button gives it."""
        with self._changed:
            self._visits[app.appid, person] = self._now()
            return self._phones.issue(ids.new_phone_code(), app, person)

    def peek_phone(self, code: str) -> DynamicCode | None:
        """What is known of a phone's code, used or not."""
        with self._changed:
            return self._phones.peek(code)

    def redeem_phone(self, code: str, app: App, person: str = "") -> str:
        """Use a phone's code up; whose it is. Raises ApiError 40029 or 40003.

        With a `person` it must be that one's. A used code is as unknown as any.
        """
        with self._changed:
            try:
                owner = self._phones.check(code, app).person
            except ApiError:
                raise ApiError(40029) from None
            if person and person != owner:
                raise ApiError(40003)
            return self._phones.spend(code, app).person

    def was_here(self, app: App, person: str) -> bool:
        """Whether the person used the program within two hours."""
        with self._changed:
            last = self._visits.get((app.appid, person))
            return last is not None and self._now() < last + protocol.VISIT_SECONDS

    def open_key(self, app: App, person: str, *, renew: bool = False) -> SessionKey:
        """The live key, prolonged by this use, or a new one."""
        with self._changed:
            old = None if renew else self.key(app, person)
            value = old.value if old else ids.new_session_key()
            key = SessionKey(value, self._now() + protocol.SESSION_KEY_SECONDS)
            self._keys[app.appid, person] = key
            return key

    def replace_key(self, app: App, person: str, old: SessionKey) -> SessionKey:
        """A new key in the place of the live `old`; it ends when that would have."""
        with self._changed:
            key = replace(old, value=ids.new_session_key())
            self._keys[app.appid, person] = key
            return key

    def key(self, app: App, person: str) -> SessionKey | None:
        """The live key, if there is one."""
        with self._changed:
            key = self._keys.get((app.appid, person))
        return key if key and self._now() < key.ends else None
