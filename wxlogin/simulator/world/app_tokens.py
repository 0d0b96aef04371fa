"""The access_tokens of apps, by which their servers call WeChat.

- `/cgi-bin/token` gives a new one each time; the one before lives five minutes more and
  is 40001 afterwards (developers.weixin.qq.com/doc/oplatform/developers/dev/
  AccessToken.html).
- `/cgi-bin/stable_token` gives the same one until five minutes before its end, then a
  new one, and both live side by side. A forced refresh ends the old one at once; one
  within 30 seconds of the last refreshes nothing (developers.weixin.qq.com/doc/service/
  api/base/api_getstableaccesstoken).
- The two kinds know nothing of each other. A token past its two hours is 42001, what
  has not even the form of one 40014.
"""

import re
from dataclasses import dataclass, replace

from .. import protocol
from ..refusals import ApiError
from . import ids
from .part import Part
from .parties import App

# Seconds that a token lives on beside its successor.
_OVERLAP = 300
# Seconds that must lie between two forced refreshes.
_FORCE_APART = 30

_NOT_LATEST = (
    "invalid credential, access_token is invalid or not latest, could get access_token "
    "by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
)

_FORM = re.compile(r"[0-9]{1,3}_[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True)
class AppToken:
    """`over` is the errcode of a use after the end."""

    value: str
    appid: str
    ends: float
    over: int = 42001


class AppTokens(Part):
    """All access_tokens of apps."""

    def reset(self) -> None:
        with self._changed:
            self._tokens: dict[str, AppToken] = {}
            self._latest: dict[tuple[str, str], str] = {}
            self._forced: dict[str, float] = {}

    def issue(self, app: App) -> AppToken:
        """Another token; the one before has five minutes left at most."""
        with self._changed:
            self._retire("plain", app, self._now() + _OVERLAP)
            return self._keep("plain", app)

    def stable(self, app: App) -> AppToken:
        """The token there is, unless it has less than five minutes left."""
        with self._changed:
            old = self._tokens.get(self._latest.get(("stable", app.appid), ""))
            if old and old.ends - self._now() >= _OVERLAP:
                return old
            return self._keep("stable", app)

    def may_force(self, app: App) -> bool:
        """Whether the last forced refresh is long enough ago."""
        with self._changed:
            last = self._forced.get(app.appid)
            return last is None or self._now() - last >= _FORCE_APART

    def force(self, app: App) -> AppToken:
        """A new stable token; the old one is dead at once."""
        with self._changed:
            self._forced[app.appid] = self._now()
            self._retire("stable", app, self._now())
            return self._keep("stable", app)

    def peek(self, value: str) -> AppToken | None:
        """What is known of a token, live or not."""
        with self._changed:
            return self._tokens.get(value)

    def check(self, value: str) -> AppToken:
        """A live token. Raises ApiError 40014, 40001 or 42001."""
        token = self.peek(value)
        if token is None:
            raise _refusal(40001 if _FORM.fullmatch(value) else 40014)
        if self._now() >= token.ends:
            raise _refusal(token.over)
        return token

    def _retire(self, kind: str, app: App, ends: float) -> None:
        old = self._tokens.get(self._latest.get((kind, app.appid), ""))
        if old and old.ends > ends:
            self._tokens[old.value] = replace(old, ends=ends, over=40001)

    def _keep(self, kind: str, app: App) -> AppToken:
        now = self._now()
        if len(self._tokens) > 10_000:
            self._tokens = {v: t for v, t in self._tokens.items() if now < t.ends}
        ends = now + protocol.ACCESS_TOKEN_SECONDS
        token = AppToken(ids.new_token(), app.appid, ends)
        self._tokens[token.value] = token
        self._latest[kind, app.appid] = token.value
        return token


def _refusal(errcode: int) -> ApiError:
    # These calls say more about it than `/sns/` does.
    return ApiError(errcode, _NOT_LATEST if errcode == 40001 else None)
