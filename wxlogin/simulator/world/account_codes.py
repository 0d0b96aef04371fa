"""The codes of official accounts: temporary, permanent, and the plain one of each.

- A code with a scene has a ticket, base64 that holds the code's text in clear, the time
  and the seconds: no secret. What stands in the code is `http://weixin.qq.com/q/…`
  (developers.weixin.qq.com/doc/service/Account_Management/
  Generating_a_Parametric_QR_Code.html; the parts of a ticket as public ones have them).
- Each account has a plain code, `http://weixin.qq.com/r/…`, without a scene.
- Nobody tells WeChat where a code is shown. The phone's camera lists the newest, of
  half an hour, as a person at a desk has no other camera.
"""

import math
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from ..refusals import Unknown
from . import ids
from .part import Part
from .parties import App

#: What stands in front of a code's own letters.
WITH_SCENE, PLAIN = "http://weixin.qq.com/q/", "http://weixin.qq.com/r/"

# Seconds that a code is listed, and how many are.
_LISTED, _MOST = 1800, 6
# After so many new ones those that are over are dropped.
_KEPT = 10_000


@dataclass(frozen=True)
class AccountCode:
    """One code. `scene` is a text or, where it was made with scene_id, a number.

    The plain code has no ticket and no scene. `ends` is infinite for ever.
    """

    appid: str
    url: str
    ticket: str = ""
    scene: str | int = ""
    made: float = 0.0
    ends: float = math.inf

    @property
    def is_permanent(self) -> bool:
        return bool(self.ticket) and math.isinf(self.ends)


class AccountCodes(Part):
    """All codes that were made."""

    #: Grows with every new code; a page asks whether it changed.
    version = 0

    def reset(self) -> None:
        with self._changed:
            self._codes: dict[str, AccountCode] = {}
            self.version += 1
            self._changed.notify_all()

    def make(self, app: App, scene: str | int, seconds: int = 0) -> AccountCode:
        """A new code, good for `seconds`, or for ever."""
        now = self._now()
        url = WITH_SCENE + secrets.token_urlsafe(15)
        ends = now + seconds if seconds else math.inf
        ticket = _ticket(url, int(now), seconds)
        code = AccountCode(app.appid, url, ticket, scene, now, ends)
        with self._changed:
            if len(self._codes) % _KEPT == _KEPT - 1:
                self._codes = {t: c for t, c in self._codes.items() if now < c.ends}
            self._codes[ticket] = code
            self.version += 1
            self._changed.notify_all()
        return code

    def permanent(self, app: App) -> int:
        """How many of the account's codes are for ever."""
        with self._changed:
            mine = (c for c in self._codes.values() if c.appid == app.appid)
            return sum(code.is_permanent for code in mine)

    def by_ticket(self, ticket: str) -> AccountCode:
        """The code of this ticket, also one that is over. Raises Unknown."""
        with self._changed:
            code = self._codes.get(ticket)
        if code is None:
            raise Unknown(f"no account's code has the ticket {ticket[:100]!r}")
        return code

    def by_url(self, url: str) -> AccountCode:
        """The code with a scene that has this text in it. Raises Unknown."""
        with self._changed:
            codes = list(self._codes.values())
        for code in codes:
            if code.url == url:
                return code
        raise Unknown(f"no account's code says {url[:100]!r}")

    def is_over(self, code: AccountCode) -> bool:
        return self._now() >= code.ends

    def on_show(self) -> list[AccountCode]:
        """The newest that are good, newest first."""
        now = self._now()
        with self._changed:
            codes = list(self._codes.values())
        good = [c for c in codes if c.made > now - _LISTED and now < c.ends]
        return good[-_MOST:][::-1]


def plain(app: App) -> AccountCode:
    """The account's own code, which is always the same."""
    return AccountCode(app.appid, PLAIN + ids.plain_code(app.appid))


def _ticket(url: str, now: int, seconds: int) -> str:
    """70 bytes, which are 96 characters that end in `==`."""
    text = url.encode() + b"\0"
    raw = b"".join(
        (
            b"\x81\x01" + secrets.token_bytes(2),
            bytes((len(text) + 14,)) + bytes(7),
            bytes((1, len(text))) + text,
            b"\x02\x04" + now.to_bytes(4, "little"),
            b"\x03\x04" + seconds.to_bytes(4, "little"),
        )
    )
    return urlsafe_b64encode(raw).decode()
